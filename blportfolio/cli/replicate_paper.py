"""`blportfolio replicate etf` and `blportfolio replicate dow`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import (
    DebugOption,
    JobsOption,
    JsonOption,
    OutOption,
    QuietOption,
    iso_date,
    numbers_of,
)
from blportfolio.cli.reading import (
    CalendarOption,
    DateOrderOption,
    DecimalOption,
    Sheet,
    given_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blportfolio.data import MarketData
    from blportfolio.research.replication import Paper, ReplicationSettings

QUICK_DRAWS = 199
EXAMPLE = "2004-04-13"
HELP = """{what}

Prints what survives of it; the run's folder has a page with the paper's table beside ours, the
decomposition step by step, weights against the authors', our own results net of costs with error
bars, and the errata.

Prices come from the universe {universe}: `blportfolio data fetch {universe}`.

Example: blportfolio replicate {key}

A first look on your own prices: blportfolio replicate {key} --prices prices.csv --quick
"""


def replicate_command(key: str, universe: str, what: str) -> Callable[..., None]:
    """Return the command that replicates one of the paper's studies.

    Args:
        key: `etf` or `dow`.
        universe: Packaged universe that it is on, for the help text.
        what: First sentence of the help text.
    """

    def command(
        context: typer.Context,
        prices: Annotated[
            Path | None,
            typer.Option("--prices", help="Your own file of prices instead of the universe."),
        ] = None,
        dataset: Annotated[
            str | None,
            typer.Option(
                "--dataset", help="A data set, a fetched universe, its file or tickers instead."
            ),
        ] = None,
        returns: Annotated[
            bool,
            typer.Option("--returns", help="The file of prices holds simple decimal returns."),
        ] = False,
        max_gap: Annotated[
            int,
            typer.Option("--max-gap", min=0, help="Periods over which a price is carried on."),
        ] = 0,
        calendar: CalendarOption = None,
        sheet: Sheet = None,
        date_order: DateOrderOption = None,
        decimal: DecimalOption = None,
        published_weights: Annotated[
            Path | None,
            typer.Option(
                "--published-weights",
                help="Folder with the authors' weights, paper_etf_100d_weights_mv.csv and so on.",
            ),
        ] = None,
        windows: Annotated[
            str | None,
            typer.Option("--windows", help="Training windows in returns; 50,80,100,120,150."),
        ] = None,
        start: Annotated[
            str | None,
            typer.Option(
                "--start",
                help="First date whose return counts, YYYY-MM-DD; the paper's on its universe, "
                "else as soon as the longest window allows.",
            ),
        ] = None,
        end: Annotated[
            str | None,
            typer.Option("--end", help="Last date held; the paper's, or the last there is."),
        ] = None,
        cost_bps: Annotated[
            float,
            typer.Option("--cost-bps", min=0, help="Cost of each unit bought and sold, net rows."),
        ] = 10.0,
        baseline: Annotated[
            str, typer.Option("--baseline", help="Strategy that every row is compared with.")
        ] = "equal_weight",
        trials: Annotated[
            int | None,
            typer.Option("--trials", min=1, help="Configurations tried; all that run by default."),
        ] = None,
        full: Annotated[
            bool,
            typer.Option("--full", help="One more step, OBV scaled to date; takes twice as long."),
        ] = False,
        quick: Annotated[
            bool,
            typer.Option("--quick", help="A first look: the middle window, few bootstrap draws."),
        ] = False,
        jobs: JobsOption = None,
        seed: Annotated[
            int,
            typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="Seed of bootstraps."),
        ] = 0,
        out: OutOption = Path(),
        as_json: JsonOption = False,
        quiet: QuietOption = False,
        debug: DebugOption = False,
    ) -> None:
        with reported(debug=debug):
            from blportfolio.cli.command_line import command_line
            from blportfolio.cli.output import announce
            from blportfolio.cli.study import Advance, print_records, print_study, run_study
            from blportfolio.errors import ConfigError
            from blportfolio.manifest import describe_market
            from blportfolio.report.study import Study
            from blportfolio.research.replication import (
                LOOKBACKS,
                PAPERS,
                ReplicationSettings,
                compare_with_authors,
                replicate,
                replication_study,
                weigh_evidence,
            )

            paper = PAPERS[key]
            if prices is not None and dataset is not None:
                raise ConfigError("Give --prices or --dataset, not both.")
            is_own = prices is None and dataset in (None, paper.universe)
            chosen = numbers_of(windows, int, "--windows") or LOOKBACKS
            settings = ReplicationSettings(
                lookbacks=tuple(sorted(chosen)[len(chosen) // 2 :][:1]) if quick else tuple(chosen),
                start=iso_date(start, "--start", EXAMPLE) or (paper.first_held if is_own else None),
                end=iso_date(end, "--end", EXAMPLE) or (paper.last_held if is_own else None),
                cost_bps=cost_bps,
                baseline=baseline,
                trials=trials,
                obv_to_date=full,
                seed=seed,
                **({"n_draws": QUICK_DRAWS} if quick else {}),
            )
            reading = given_options(
                returns=returns,
                max_gap=max_gap,
                calendar=calendar,
                sheet=sheet,
                date_order=date_order,
                decimal=decimal,
            )
            market = _load(paper, settings, prices, dataset, reading)

            def find(advance: Advance) -> Study:
                compared = (
                    compare_with_authors(
                        paper, market, published_weights, n_jobs=jobs, progress=advance
                    )
                    if published_weights is not None
                    else []
                )
                found = replicate(
                    paper,
                    market,
                    settings,
                    is_own_universe=is_own,
                    n_jobs=jobs,
                    progress=advance,
                )
                evidence = weigh_evidence(
                    found, n_jobs=jobs, progress=lambda *at: advance("bootstraps", *at)
                )
                return replication_study(found, evidence, compared)

            run, summary = run_study(
                find,
                name=f"replicate_{key}",
                config={
                    "paper": key,
                    "universe": paper.universe if is_own else market.name,
                    **settings.resolved(),
                    "published_weights": None
                    if published_weights is None
                    else sorted(path.name for path in published_weights.glob("*.csv")),
                },
                data=describe_market(market),
                command=command_line(context),
                out=out,
                seed=seed,
                quiet=quiet or as_json,
                unit="jobs",
            )
            if as_json:
                print_records(summary, run)
                return
            print_study(summary)
            announce(run, quiet=quiet)

    command.__doc__ = HELP.format(what=what, universe=universe, key=key)
    return command


def _load(
    paper: Paper,
    settings: ReplicationSettings,
    prices: Path | None,
    dataset: str | None,
    reading: Mapping[str, object],
) -> MarketData:
    """Load the universe of the paper, or what was given in its place.

    Raises:
        ConfigError: If it is said how to read a file, and none is given.
    """
    from blportfolio.data import is_universe, load_dataset, load_prices
    from blportfolio.errors import ConfigError, flags_of

    if prices is not None:
        return load_prices(prices, **reading)  # type: ignore[arg-type]
    if reading:
        raise ConfigError(f"{flags_of(reading)} says how to read a file; give --prices too.")
    named = dataset or paper.universe
    if is_universe(named):
        return load_dataset(named, covered_from=settings.start, end=settings.end)
    return load_dataset(named)
