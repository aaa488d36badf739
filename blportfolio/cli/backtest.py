"""`blportfolio backtest`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.errors import ConfigError

if TYPE_CHECKING:
    from blportfolio.config import Experiment
    from blportfolio.data import MarketData


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
            help="Your own CSV or Parquet file of prices instead of the experiment's data.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            envvar="BLPORTFOLIO_DATASET",
            help="A packaged data set (`blportfolio list datasets`) instead of the experiment's.",
        ),
    ] = None,
    returns: Annotated[
        bool,
        typer.Option("--returns", help="With --prices: the file holds simple decimal returns."),
    ] = False,
    max_gap: Annotated[
        int,
        typer.Option(
            "--max-gap", min=0, help="With --prices: periods over which to carry a price."
        ),
    ] = 0,
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
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="One setting, for example backtest.lookback=120 or slp.prior.tau=0.1."
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="Seed of random draws."),
    ] = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", envvar="BLPORTFOLIO_OUT", help="Folder in which runs/ is made."
        ),
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no hints, only the table.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved configuration (JSON) and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Run strategies through real prices, month by month, net of costs, and write a report.

    Example: blportfolio backtest --dataset sp500_20 --strategy slp --start 2000-01-01

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
        from blportfolio.config import load_experiment

        if prices is not None and dataset is not None:
            raise ConfigError("Give --prices or --dataset, not both.")
        if prices is None and (returns or max_gap):
            raise ConfigError("--returns and --max-gap say how to read --prices; give that too.")
        resolved = load_experiment(
            experiment,
            strategies=strategy or (),
            overrides=overrides or (),
            other_data=prices is not None or dataset is not None,
            start=_date(start, "--start"),
            end=_date(end, "--end"),
            lookback=lookback,
            cost_bps=cost_bps,
        )
        if dry_run:
            universe = str(prices or dataset or resolved.config.universe)
            document = {"schema_version": 1, "universe": universe, **resolved.resolved()}
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
            return
        market = _load(resolved, prices, dataset, max_gap=max_gap, returns=returns)
        run, records = _run(context, resolved, market, out=out, seed=seed, quiet=quiet or as_json)
        if as_json:
            document = {
                "schema_version": 1,
                "experiment": resolved.config.name,
                "run": str(run),
                "strategies": records,
            }
            typer.echo(json.dumps(document, ensure_ascii=False))
            return
        _print(resolved, market, run, records, quiet=quiet)


def _date(text: str | None, flag: str) -> str | None:
    """Check an ISO date.

    Raises:
        typer.BadParameter: If it is none.
    """
    import datetime as dt

    if text is not None:
        try:
            dt.date.fromisoformat(text)
        except ValueError as error:
            message = f"expected a date like 2020-06-30, got {text!r}."
            raise typer.BadParameter(message, param_hint=flag) from error
    return text


def _load(
    resolved: Experiment,
    prices: Path | None,
    dataset: str | None,
    *,
    max_gap: int,
    returns: bool,
) -> MarketData:
    """Load the data that the flags or the experiment name."""
    from blportfolio.data import list_datasets, load_dataset, load_prices

    universe = resolved.config.universe
    if prices is None and dataset is None and universe not in list_datasets():
        beside = resolved.folder / universe
        is_beside = os.path.isfile(beside)  # unlike Path.is_file, never raises
        if is_beside or Path(universe).suffix:
            prices = beside if is_beside else Path(universe)
    if prices is not None:
        return load_prices(prices, max_gap=max_gap, returns=returns)
    return load_dataset(dataset or universe)


def _run(
    context: typer.Context,
    resolved: Experiment,
    market: MarketData,
    *,
    out: Path,
    seed: int,
    quiet: bool,
) -> tuple[Path, list[dict[str, Any]]]:
    """Run every strategy and write the run's folder; return it and the headline figures."""
    from blportfolio.backtest import run_experiment
    from blportfolio.cli.output import progress_bar
    from blportfolio.cli.provenance import command_line, git_state, utc_now
    from blportfolio.manifest import POLICIES, describe_market, describe_software, digest
    from blportfolio.report.run_folder import new_run_folder, write_run

    began = utc_now()
    config = {**resolved.resolved(), "data": dict(market.sources), "seed": seed}
    config_sha = digest(config)
    run_id = f"{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03d}Z-{config_sha[:8]}"
    target = out / "runs" / resolved.config.name / run_id
    table = resolved.config.backtest
    with new_run_folder(target) as folder:
        with progress_bar(quiet=quiet) as progress:
            results = run_experiment(
                resolved.strategies,
                market,
                start=None if table.start is None else str(table.start),
                end=None if table.end is None else str(table.end),
                seed=seed,
                progress=progress,
            )
        commit, dirty = git_state()
        manifest = {
            "schema_version": 1,
            "run_id": run_id,
            "created_utc": began.isoformat(timespec="seconds"),
            "duration_s": round((utc_now() - began).total_seconds(), 3),
            "command": command_line(context),
            "config": config,
            "config_sha256": config_sha,
            "seed": seed,
            "seed_use": "every strategy gets the same seed; none of those run draws random numbers",
            "git_commit": commit,
            "git_dirty": dirty,
            "software": describe_software(),
            "data": describe_market(market),
            "returns": results[0].manifest["returns"],
            "policies": POLICIES,
        }
        records = write_run(
            folder,
            results,
            title=resolved.config.name,
            description=resolved.config.description,
            manifest=manifest,
        )
    return target, records


def _print(
    resolved: Experiment,
    market: MarketData,
    run: Path,
    records: list[dict[str, Any]],
    *,
    quiet: bool,
) -> None:
    """Print the table, what to know about it, and what to do next."""
    from blportfolio.cli.output import print_summary
    from blportfolio.report.tables import EXPLANATION, remarks

    first, last = records[0]["first_held"], records[0]["last_held"]
    typer.echo(
        f"{resolved.config.name}: {market.name}, {len(market.assets)} assets, {first} to {last}"
    )
    print_summary(records)
    typer.echo(f"\n{EXPLANATION}")
    for note in [*remarks(records), *market.notes]:
        typer.echo(note)
    typer.echo(f"Configurations run: {len(records)}, all shown.")
    typer.echo(f"\nRun: {run}")
    if not quiet:
        typer.echo(f"Open {run / 'report.html'}, or print this again: blportfolio show {run}")
