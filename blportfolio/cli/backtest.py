"""`blportfolio backtest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption, OutOption, iso_date
from blportfolio.cli.reading import (
    CalendarOption,
    DateOrderOption,
    DecimalOption,
    MaxBytes,
    Sheet,
    given_options,
)
from blportfolio.errors import ConfigError


def backtest(
    context: typer.Context,
    experiment: Annotated[
        str,
        typer.Argument(
            help="A packaged experiment (`blportfolio list experiments`) or a TOML file."
        ),
    ] = "sample",
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices",
            envvar="BLPORTFOLIO_PRICES",
            help="Your own CSV, Parquet, Feather or Excel file of prices instead of the "
            "experiment's data.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            envvar="BLPORTFOLIO_DATASET",
            help="A data set (`blportfolio list datasets`), a universe that was fetched, or a "
            "universe file, instead of the experiment's.",
        ),
    ] = None,
    returns: Annotated[
        bool,
        typer.Option("--returns", help="The file of prices holds simple decimal returns instead."),
    ] = False,
    max_gap: Annotated[
        int,
        typer.Option(
            "--max-gap",
            min=0,
            help="Periods over which a price is carried forward where the file lacks it.",
        ),
    ] = 0,
    adjust: Annotated[
        bool,
        typer.Option(
            "--adjust",
            help="Adjust the closes of the file by the dividends and splits that it lists.",
        ),
    ] = False,
    calendar: CalendarOption = None,
    sheet: Sheet = None,
    date_order: DateOrderOption = None,
    decimal: DecimalOption = None,
    max_bytes: MaxBytes = None,
    min_coverage: Annotated[
        float | None,
        typer.Option(
            "--min-coverage",
            min=0,
            max=1,
            help="Smallest share of a universe's members that must have prices at each date.",
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="A packaged strategy or a TOML file, instead of the experiment's; repeat it for "
            "more. Equal weight and minimum variance are always added.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", envvar="BLPORTFOLIO_START", help="First date of a decision, YYYY-MM-DD."
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", envvar="BLPORTFOLIO_END", help="Last date held, YYYY-MM-DD."),
    ] = None,
    lookback: Annotated[
        int | None,
        typer.Option(
            "--lookback",
            envvar="BLPORTFOLIO_LOOKBACK",
            min=2,
            help="Returns in a training window, in periods of the data.",
        ),
    ] = None,
    cost_bps: Annotated[
        float | None,
        typer.Option(
            "--cost-bps",
            envvar="BLPORTFOLIO_COST_BPS",
            min=0,
            help="Cost of each unit bought and each unit sold, basis points.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            help="Strategy of the run that every other is compared with, by its file or name.",
            show_default="the experiment's, else min_variance",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            min=1,
            help="Configurations that you tried before you chose these, for the deflated Sharpe "
            "ratio.",
            show_default="those of the experiment",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="One setting, for example backtest.lookback=120, slp.prior.tau=0.1 or "
            "slp.optimise.constraints.bounds=[0,0.2].",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="Seed of random draws."),
    ] = 0,
    out: OutOption = Path(),
    results_only: Annotated[
        bool,
        typer.Option(
            "--results-only",
            help="Write exact results, summary and manifest; no page, charts or tables.",
        ),
    ] = False,
    as_json: JsonOption = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no hints, only the table.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved configuration (JSON) and stop.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Run strategies through real prices, month by month, net of costs, and write a report.

    Example: blportfolio backtest --dataset sp500_20 --strategy slp --start 2000-01-01

    With a limit: blportfolio backtest --set slp.optimise.constraints.turnover=0.1

    Against another baseline, owning up to 40 trials: blportfolio backtest --baseline equal_weight
    --trials 40

    Without arguments the packaged experiment `sample` runs. The run's folder holds report.html,
    charts, returns, weights, trades (CSV), exact results (Parquet) and a manifest.

    --prices and --dataset take the experiment's strategies, schedule and costs to other data. Its
    start, end and lookback belong to its own data and are left out: flags set them.

    Flags win over BLPORTFOLIO_ variables (START, END, LOOKBACK, COST_BPS, SEED, OUT, PRICES,
    DATASET), and those over the experiment's file.

    Exit codes: 0 done, 2 wrong usage, 3 data or output, 4 configuration, 5 infeasible, 130
    interrupted, 1 a bug.
    """
    with reported(debug=debug):
        from blportfolio.cli.command_line import command_line
        from blportfolio.cli.output import print_run, progress_bar
        from blportfolio.config import load_experiment
        from blportfolio.runs.running import data_choices, run_and_write

        prices, dataset = _one_source(context, prices, dataset)
        resolved = load_experiment(
            experiment,
            strategies=strategy or (),
            overrides=overrides or (),
            other_data=prices is not None or dataset is not None,
            start=iso_date(start, "--start"),
            end=iso_date(end, "--end"),
            lookback=lookback,
            cost_bps=cost_bps,
            baseline=baseline,
            trials=trials,
        )
        reading = given_options(
            returns=returns,
            max_gap=max_gap,
            adjust=adjust,
            calendar=calendar,
            sheet=sheet,
            date_order=date_order,
            decimal=decimal,
            max_bytes=max_bytes,
        )
        choices = data_choices(
            resolved, prices, dataset, reading=reading, min_coverage=min_coverage
        )
        if dry_run:
            universes = [choice.universe for choice in choices]
            named = universes if len(universes) > 1 else universes[0]
            decided = resolved.resolved(*universes)
            document = {"schema_version": 1, "universe": named, **decided}
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
            return
        markets = [(choice, choice.load()) for choice in choices]
        with progress_bar(quiet=quiet or as_json) as progress:
            run, summary = run_and_write(
                resolved,
                markets,
                command=command_line(context),
                runs=out / "runs",
                seed=seed,
                progress=progress,
                results_only=results_only,
            )
        if as_json:
            ordered = {"schema_version": 1, "experiment": resolved.config.name, "run": str(run)}
            typer.echo(json.dumps({**ordered, **summary}, ensure_ascii=False))
            return
        print_run([market for _, market in markets], run, summary, quiet=quiet)


def _one_source(
    context: typer.Context, prices: Path | None, dataset: str | None
) -> tuple[Path | None, str | None]:
    """Return the data that were asked for; a flag wins over an environment variable.

    Raises:
        ConfigError: If both were asked for in the same way.
    """
    if prices is None or dataset is None:
        return prices, dataset
    flags = {
        name
        for name in ("prices", "dataset")
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    if len(flags) != 1:
        raise ConfigError("Give --prices or --dataset, not both.")
    return (prices, None) if "prices" in flags else (None, dataset)
