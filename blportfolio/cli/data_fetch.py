"""`blportfolio data fetch`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption, QuietOption
from blportfolio.errors import DataError

if TYPE_CHECKING:
    from blportfolio.data.cache import PriceCache
    from blportfolio.data.yahoo.report import FetchReport


def fetch(
    tickers: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|TICKERS...",
            help="A universe, or tickers as Yahoo writes them: AAPL BRK-B 7203.T ^GSPC.",
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option("--start", help="First date to have; all that there is by default."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", help="Last date needed; the last finished one by default."),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask for the whole history again.")
    ] = False,
    offline_ok: Annotated[
        bool,
        typer.Option("--offline-ok", help="Without a network, be content with what is cached."),
    ] = False,
    from_files: Annotated[
        Path | None,
        typer.Option("--from-files", help="Import from this file or folder instead of Yahoo."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Download daily prices into the local cache, or bring them up to date.

    Example: blportfolio data fetch AAPL MSFT KO --start 2000-01-01

    What was fetched is a data set from then on: `blportfolio backtest --dataset "AAPL MSFT KO"`.

    Only what is missing is asked for. What is cached is never lost: the cache is in
    BLPORTFOLIO_CACHE, or else in your cache folder. Tickers that fail are named with their reason;
    the others are kept.

    Exit codes: 0 one ticker at least has prices, 2 wrong usage, 3 none has, or the cache cannot be
    written to, 130 interrupted (finished tickers are kept), 1 a bug.
    """
    with reported(debug=debug):
        from blportfolio.cli.output import progress_bar
        from blportfolio.data.cache import PriceCache
        from blportfolio.data.importing import import_files
        from blportfolio.data.universe import is_universe
        from blportfolio.data.yahoo.fetching import fetch as fetch_prices

        cache = PriceCache()
        named = tickers[0] if len(tickers) == 1 and is_universe(tickers[0]) else " ".join(tickers)
        if from_files is not None:
            asked = {"--start": start, "--end": end, "--refresh": refresh}
            if unused := ", ".join(flag for flag, value in asked.items() if value):
                typer.echo(f"warning: {unused} left out: all dates are imported.", err=True)
            report = import_files(named, from_files, cache)
        else:
            with progress_bar(quiet=quiet or as_json, unit="tickers") as progress:
                report = fetch_prices(
                    named,
                    start,
                    end,
                    refresh=refresh,
                    offline_ok=offline_ok,
                    cache=cache,
                    progress=progress,
                )
        report.check()
        if as_json:
            document = {
                "schema_version": 1,
                "cache": str(cache.folder),
                "tickers": [one.record() for one in report.tickers],
            }
            typer.echo(json.dumps(document, ensure_ascii=False))
        else:
            _print(report)
            if is_universe(named):
                _print_coverage(named, cache)
        for one in report.failed:
            typer.echo(f"warning: {one.ticker} has no prices: {one.reason}", err=True)


def _print_coverage(name: str, cache: PriceCache) -> None:
    """Say how well a universe is covered, and the next step; what was fetched is there anyway."""
    from blportfolio.data.universes import coverage_note

    try:
        note, cut = coverage_note(name, cache)
    except DataError as error:
        typer.echo(f"warning: the universe cannot be loaded yet: {error}", err=True)
    else:
        typer.echo(f"\n{note}")
        for sentence in cut:
            typer.echo(f"warning: {sentence}", err=True)
        typer.echo(f"Next: blportfolio backtest --dataset {shlex.quote(name)}")


def _print(report: FetchReport) -> None:
    """Print one row a ticker; what was kept or left out comes with its reason."""
    from blportfolio.cli.output import print_list

    rows = []
    for one in report.tickers:
        shown = one.record()
        dates = [shown["first"] or "", shown["last"] or ""]
        rows.append([one.ticker, one.status, *dates, f"{one.rows}", one.reason])
    print_list(["Ticker", "Status", "First", "Last", "Rows", "Note"], rows)
