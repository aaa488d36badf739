"""`blportfolio replicate breadth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blportfolio.cli.breadth_inputs import markets_of, settings_of, strategies_of
from blportfolio.cli.errors import reported
from blportfolio.cli.options import (
    DebugOption,
    JobsOption,
    JsonOption,
    OutOption,
    QuietOption,
    numbers_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blportfolio.cli.study import Advance
    from blportfolio.config import Experiment, StrategyConfig
    from blportfolio.data import MarketData
    from blportfolio.report.study import Section, Study
    from blportfolio.research.breadth import Settings


def breadth(
    context: typer.Context,
    experiment: Annotated[
        str, typer.Argument(help="A packaged experiment or a TOML file; its lists are the cells.")
    ] = "breadth",
    universe: Annotated[
        list[str] | None,
        typer.Option("--universe", help="One of the experiment's universes; repeat it for more."),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            help="A data set, a fetched universe, a universe file or tickers of your own instead "
            "of the experiment's; repeat it for more.",
        ),
    ] = None,
    prices: Annotated[
        list[Path] | None,
        typer.Option("--prices", help="A file of prices of your own; repeat it for more."),
    ] = None,
    returns: Annotated[
        bool, typer.Option("--returns", help="The files of prices hold simple decimal returns.")
    ] = False,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="A strategy (packaged name or TOML file) beside the experiment's, which the "
            "claim is then about; repeat it for more.",
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            help="What the claim compares with, instead of equal weight, inverse variance and "
            "minimum variance; repeat it for more.",
        ),
    ] = None,
    windows: Annotated[
        str | None,
        typer.Option("--windows", help="Training windows of daily data, such as 50,100,252."),
    ] = None,
    monthly_windows: Annotated[
        str | None,
        typer.Option("--monthly-windows", help="Those of monthly or other coarse data: 60,120."),
    ] = None,
    costs: Annotated[
        str | None, typer.Option("--costs", help="Costs in basis points, such as 0,10,25.")
    ] = None,
    ablation: Annotated[
        bool,
        typer.Option("--ablation", help="Run the variants of the experiment `ablation` too."),
    ] = False,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", min=1, help="Configurations tried on each universe, if more than shown."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: one window, one cost, fewer draws.")
    ] = False,
    jobs: JobsOption = None,
    seed: Annotated[
        int, typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="Seed of the bootstrap.")
    ] = 0,
    out: OutOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Run strategies over many universes, windows, costs and decades, and count who beats whom.

    Universes whose prices are not here are left out, with a sentence on how to get them; the
    packaged ones always run, without a network.

    Example: blportfolio replicate breadth --quick

    Your own strategy on your own prices: blportfolio replicate breadth --strategy mine.toml
    --prices prices.csv
    """
    with reported(debug=debug):
        from blportfolio.cli.command_line import command_line
        from blportfolio.cli.output import announce
        from blportfolio.cli.study import print_records, print_study, run_study
        from blportfolio.config import load_experiment
        from blportfolio.manifest import describe_market

        loaded = load_experiment(experiment, lookback=252, cost_bps=10.0)
        settings = settings_of(
            load_experiment(experiment),
            windows=numbers_of(windows, int, "--windows"),
            monthly=numbers_of(monthly_windows, int, "--monthly-windows"),
            costs=numbers_of(costs, float, "--costs"),
            quick=quick,
            seed=seed,
        )
        rows, candidates, baselines, floor = strategies_of(loaded, strategy or (), baseline or ())
        variants = load_experiment("ablation", lookback=252, cost_bps=10.0) if ablation else None
        markets, missing = markets_of(
            loaded, universe or (), dataset or (), prices or (), returns=returns
        )

        def find(advance: Advance) -> Study:
            return _find(
                rows,
                markets,
                settings,
                variants=variants,
                jobs=jobs,
                advance=advance,
                candidates=candidates,
                baselines=baselines,
                floor=floor,
                trials=trials,
                notes=missing,
            )

        run, summary = run_study(
            find,
            name="breadth",
            config={
                "experiment": loaded.config.name,
                "windows": settings.windows,
                "monthly_windows": settings.coarse_windows,
                "costs": settings.costs,
                "candidates": candidates,
                "baselines": baselines,
                "strategies": [row.resolved() for row in rows],
                "ablation": [row.resolved() for row in variants.strategies] if variants else [],
            },
            data={name: describe_market(market) for name, market in markets.items()},
            command=command_line(context),
            out=out,
            seed=seed,
            quiet=quiet or as_json,
            unit="runs",
        )
        if as_json:
            print_records(summary, run)
            return
        print_study(summary)
        for sentence in missing:
            typer.echo(sentence)
        announce(run, quiet=quiet)


def _find(
    rows: Sequence[StrategyConfig],
    markets: dict[str, MarketData],
    settings: Settings,
    *,
    variants: Experiment | None,
    jobs: int | None,
    advance: Advance,
    candidates: Sequence[str],
    baselines: Sequence[str],
    floor: str | None,
    trials: int | None,
    notes: Sequence[str],
) -> Study:
    """Run everything and return the page."""
    from blportfolio.research.breadth import run_breadth
    from blportfolio.research.breadth.ablation import ablation_section, run_ablation
    from blportfolio.research.breadth.study import breadth_study

    found = run_breadth(
        rows, markets, settings, n_jobs=jobs, progress=lambda *at: advance("Strategies", *at)
    )
    sections: list[Section] = []
    records: list[dict[str, Any]] = []
    if variants is not None:
        parts = run_ablation(
            variants.strategies,
            found,
            markets,
            n_jobs=jobs,
            progress=lambda *at: advance("Ablation", *at),
        )
        section, records = ablation_section(parts, variants.baseline)
        sections = [section]
    caveats = [f"{name}: {note}" for name, market in markets.items() for note in market.notes]
    return breadth_study(
        found,
        candidates=candidates,
        baselines=baselines,
        floor=floor,
        trials=trials,
        further_trials=len(variants.strategies) if variants else 0,
        notes=(*notes, *caveats),
        extra=sections,
        records=records,
        title=f"Breadth: {', '.join(candidates)} on {len(found.plans)} universes",
    )
