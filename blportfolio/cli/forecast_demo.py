"""`blportfolio forecast demo`: experiments on simulated data, where the truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption, OutOption

if TYPE_CHECKING:
    from blportfolio.cli.study import Advance
    from blportfolio.report.study import Study

demo = typer.Typer(
    no_args_is_help=True, help="Experiments on simulated data, where the truth is known."
)

SeedOption = Annotated[
    int, typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="Seed of random draws.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no hints, only the table.")
]
FullOption = Annotated[
    bool, typer.Option("--full/--quick", help="Full settings, or what takes about a minute.")
]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Repetitions of each part.")
]
StepsOption = Annotated[
    int | None, typer.Option("--steps", min=1, help="Steps of training of each part.")
]


@demo.command()
def asymmetric(
    context: typer.Context,
    gamma: Annotated[
        list[float] | None,
        typer.Option("--gamma", help="Weight γ of the last value, -1 to 1; repeat it for more."),
    ] = None,
    regime: Annotated[
        list[str] | None,
        typer.Option(
            "--regime",
            help="Training steps: all, or con for sign-consistent ones; repeat it for both.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Weights of the others: sym (equal) or affine (random)."),
    ] = None,
    dimension: Annotated[
        int | None, typer.Option("--dimension", min=2, help="Values in a window.")
    ] = None,
    width: Annotated[
        list[int] | None,
        typer.Option("--width", min=2, help="Neurons, even; repeat it to compare alignment."),
    ] = None,
    scaling: Annotated[
        list[str] | None,
        typer.Option(
            "--scaling",
            help="Of the networks compared in alignment: ntk (1/√m) or mean_field (1/m).",
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", help="A variant of the model; repeat it, or give all or none."),
    ] = None,
    steps: StepsOption = None,
    seeds: SeedsOption = None,
    full: FullOption = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes at work.")] = 1,
    returns: Annotated[
        bool, typer.Option("--returns", help="Add the study of simulated daily returns.")
    ] = False,
    seed: SeedOption = 0,
    out: OutOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Does attention follow the sign of the last value? Models compared where the truth is known.

    Example: blportfolio forecast demo asymmetric --gamma 0.6 --gamma -0.6 --regime con

    The scalar two-layer attention model of arXiv 2412.06061 is trained beside linear and linear
    residual models and the controls zero, AR(1) and the oracle, then tested where signs flip.
    The page says what the paper claims, what is measured, and what does not hold as printed.

    Without options a run takes about a minute. --full takes tens of minutes; --jobs 2 halves it.
    Several heads are tried where the extra torch is installed.

    Exit codes: 0 done, 2 wrong usage, 3 data or output, 4 configuration, 130 interrupted, 1 a bug.
    """
    with reported(debug=debug):
        from blportfolio.cli.demo_settings import asymmetric_settings
        from blportfolio.forecasters.asymmetric import run_asymmetric
        from blportfolio.report.asymmetric import asymmetric_study, with_returns
        from blportfolio.report.simulated_returns import returns_study

        settings = asymmetric_settings(
            full=full,
            gammas=gamma,
            regimes=regime,
            kind=kind,
            dimension=dimension,
            widths=width,
            scalings=scaling,
            variants=variant,
            steps=steps,
            seeds=seeds,
            seed=seed,
        )
        on_returns = _returns_settings(full=full, seeds=seeds, seed=seed) if returns else None

        def find(advance: Advance) -> Study:
            study = asymmetric_study(run_asymmetric(settings, advance, jobs=jobs))
            if on_returns is None:
                return study
            from blportfolio.forecasters.asymmetric import run_returns

            return with_returns(study, returns_study(on_returns, run_returns(on_returns, advance)))

        decided = {"asymmetric": settings, "returns": on_returns}
        _run(context, find, "asymmetric", decided, out, seed, as_json=as_json, quiet=quiet)


@demo.command()
def returns(
    context: typer.Context,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario",
            help="momentum, reversal, 'no lag-1 signal' or 'white noise'; repeat it for more.",
        ),
    ] = None,
    regime: Annotated[
        list[str] | None,
        typer.Option("--regime", help="Days to train on: all, or con with --selection-trap."),
    ] = None,
    selection_trap: Annotated[
        bool,
        typer.Option(
            "--selection-trap",
            help="Train on sign-consistent days only as well, to see the momentum it invents.",
        ),
    ] = False,
    steps: StepsOption = None,
    seeds: SeedsOption = None,
    full: FullOption = False,
    seed: SeedOption = 0,
    out: OutOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Forecast simulated daily returns of which two per cent can be known.

    Example: blportfolio forecast demo returns --scenario momentum --selection-trap

    Exit codes: 0 done, 2 wrong usage, 3 data or output, 4 configuration, 130 interrupted, 1 a bug.
    """
    with reported(debug=debug):
        from blportfolio.forecasters.asymmetric import run_returns
        from blportfolio.report.simulated_returns import returns_study

        settings = _returns_settings(
            full=full,
            seeds=seeds,
            seed=seed,
            steps=steps,
            scenarios=scenario,
            regimes=regime,
            selection_trap=selection_trap,
        )

        def find(advance: Advance) -> Study:
            return returns_study(settings, run_returns(settings, advance))

        _run(
            context, find, "returns", {"returns": settings}, out, seed, as_json=as_json, quiet=quiet
        )


def _returns_settings(**options: Any) -> Any:  # noqa: ANN401, heavy types stay inside
    from blportfolio.cli.demo_settings import returns_settings

    return returns_settings(**options)


def _run(
    context: typer.Context,
    find: Callable[[Advance], Study],
    name: str,
    decided: Mapping[str, Any],
    out: Path,
    seed: int,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run a study, write its folder and print it."""
    from dataclasses import asdict

    from blportfolio.cli.command_line import command_line
    from blportfolio.cli.output import announce
    from blportfolio.cli.study import print_study, run_study

    config = {key: None if value is None else asdict(value) for key, value in decided.items()}
    run, summary = run_study(
        find,
        name=name,
        config=json.loads(json.dumps(config)),
        data={"name": "simulated", "notes": []},
        command=command_line(context),
        out=out,
        seed=seed,
        quiet=quiet or as_json,
        unit="trials",
    )
    if as_json:
        typer.echo(json.dumps({**summary, "run": str(run)}, ensure_ascii=False))
        return
    print_study(summary)
    announce(run, quiet=quiet)
