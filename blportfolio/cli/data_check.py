"""`blportfolio data check`."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption
from blportfolio.cli.reading import (
    DateOrderOption,
    DecimalOption,
    MaxBytes,
    Sheet,
    given_options,
)
from blportfolio.errors import ConfigError, DataError

if TYPE_CHECKING:
    from blportfolio.data.bars import Bars
    from blportfolio.data.quality import Finding, QualityReport

SERIOUS_EXIT = 6
SHOWN = 3
"""Findings of one kind that are printed; the rest is counted."""
SEVERITIES = ("serious", "warning", "note")


@dataclass(frozen=True, slots=True)
class Source:
    """What is checked: its bars, and what is known about them besides."""

    name: str
    bars: Bars
    found: Sequence[Finding] = ()
    inferred: Sequence[str] = ()
    known: dict[str, Any] = field(default_factory=dict)

    def examine(self, bars: Bars, found: Sequence[Finding]) -> QualityReport:
        """Examine bars of this source."""
        from blportfolio.data.quality import examine

        return examine(bars, name=self.name, found=found, **self.known)


def check(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH|NAME",
            help="A file of prices, a packaged data set (`blportfolio list datasets`), or a "
            "universe or tickers that were fetched.",
        ),
    ],
    as_json: JsonOption = False,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Repair what is certain, in a new file with a log beside it."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New file for --fix; PATH with .fixed.csv by default."),
    ] = None,
    returns: Annotated[
        bool, typer.Option("--returns", help="The file holds simple decimal returns.")
    ] = False,
    sheet: Sheet = None,
    date_order: DateOrderOption = None,
    decimal: DecimalOption = None,
    max_bytes: MaxBytes = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the findings, no hints.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Look for faults in prices: splits, bad prints, gaps, copies, wrong units and more.

    Example: blportfolio data check prices.csv --fix

    Exit codes: 0 nothing serious, 6 something serious (with --fix: that is still there in the new
    file), 3 the file cannot be read or the new one not written, 4 configuration.
    """
    with reported(debug=debug):
        options = given_options(
            sheet=sheet, date_order=date_order, decimal=decimal, max_bytes=max_bytes
        )
        if out is not None and not fix:
            raise ConfigError("--out names the file that --fix writes; give --fix too.")
        if fix and returns:
            raise ConfigError("--fix repairs prices, not returns; leave out one of the two.")
        is_file = os.path.isfile(source) and not source.endswith(".toml")
        data = _file(source, options, returns=returns) if is_file else None
        if data is None:
            data = _named(source)
            if options or returns:
                raise ConfigError(
                    "--sheet, --date-order, --decimal, --max-bytes and --returns say how to read "
                    f"a file, and {source!r} is a name."
                )
        report = data.examine(data.bars, data.found)
        fixed = _fix(data, report, _target(source, out, is_file=is_file)) if fix else None
        remaining = report if fixed is None or fixed.report is None else fixed.report
        if as_json:
            typer.echo(json.dumps(_document(data, report, fixed), ensure_ascii=False))
        else:
            _print(data, report, fixed, quiet=quiet)
        if remaining.is_serious:
            raise typer.Exit(SERIOUS_EXIT)


def _file(source: str, options: dict[str, Any], *, returns: bool) -> Source:
    from blportfolio.data.files import read_bars
    from blportfolio.data.quality import growth_of_returns

    read = read_bars(source, **options)
    bars = growth_of_returns(read.bars) if returns else read.bars
    wrong = {"non_positive_price", "returns_not_prices"} if returns else set()
    found = tuple(finding for finding in read.findings if finding.kind not in wrong)
    return Source(Path(source).name, bars, found, read.inferred)


def _named(name: str) -> Source:
    """Return a packaged data set, or a universe or tickers from the cache.

    Raises:
        DataError: If there is no such file or name, or nothing of the universe was fetched.
    """
    from blportfolio.data import list_datasets, load_dataset, packaged_datasets
    from blportfolio.data.bars import Bars
    from blportfolio.data.cache import PriceCache
    from blportfolio.data.cached import cached_tickers
    from blportfolio.data.universe import find_universe, is_universe, list_universes
    from blportfolio.data.universes import fetched_tickers
    from blportfolio.validation import nearest_name

    cache = PriceCache()
    if is_universe(name):
        universe = find_universe(name)
        bars = cache.read(fetched_tickers(universe, cache, name))
        return Source(name, bars, known={"membership": universe.membership()})
    if name in packaged_datasets():
        market = load_dataset(name)
        bars = Bars(
            market.prices,
            open=market.open,
            high=market.high,
            low=market.low,
            volume=market.volume,
        )
        known = {"periods_per_year": market.periods_per_year, "membership": market.membership}
        return Source(name, bars, known=known)
    fetched = cached_tickers(name, cache)
    if fetched:
        return Source(name, cache.read(fetched))
    if os.path.isdir(name):
        raise DataError(f"{name!r} is a folder; name one of its files.")
    names = [*list_datasets(), *list_universes()]
    raise DataError(f"There is no file and no data set {name!r}. {nearest_name(name, names)}")


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was repaired: the new file and its log, None if nothing could be; what remains."""

    path: Path | None = None
    log: Path | None = None
    changes: int = 0
    report: QualityReport | None = None


def _target(source: str, out: Path | None, *, is_file: bool) -> Path:
    """Return where --fix writes: beside the file, or in this folder for a name."""
    if out is not None:
        return out
    from blportfolio.data.files.sources import stem_of

    path = Path(source)
    return path.with_name(f"{stem_of(path) if is_file else path.stem}.fixed.csv")


def _fix(data: Source, report: QualityReport, target: Path) -> Fixed:
    from blportfolio.data.quality import repair, write_repaired

    bars, log = repair(data.bars, report)
    if not log:
        return Fixed()
    beside = write_repaired(bars, log, target)
    rest = tuple(finding for finding in data.found if not finding.fixable)
    return Fixed(target, beside, len(log), data.examine(bars, rest))


def _counts(report: QualityReport) -> dict[str, int]:
    counts = Counter[str](finding.severity for finding in report.findings)
    return {severity: counts[severity] for severity in SEVERITIES}


def _document(data: Source, report: QualityReport, fixed: Fixed | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema_version": 1,
        "name": report.name,
        "n_dates": report.n_dates,
        "n_assets": report.n_assets,
        "counts": _counts(report),
        "inferred": list(data.inferred),
        "findings": [finding.record() for finding in report.findings],
    }
    if fixed is not None:
        document["fixed"] = {
            "path": None if fixed.path is None else str(fixed.path),
            "log": None if fixed.log is None else str(fixed.log),
            "changes": fixed.changes,
            "remaining": _counts(fixed.report or report),
        }
    return document


def _print(data: Source, report: QualityReport, fixed: Fixed | None, *, quiet: bool) -> None:
    from blportfolio.cli.findings import print_findings, printable

    size = f"{report.n_dates} dates × {report.n_assets} assets"
    if not quiet:
        for line in data.inferred:
            typer.echo(printable(line))
    if not report.findings:
        typer.echo(f"{printable(report.name)}: no faults found in {size}.")
        return
    print_findings(report.findings, most=SHOWN)
    counts = _counts(report)
    told = _told(counts)
    typer.echo(f"\n{printable(report.name)}: {told}, in {size}.")
    if fixed is not None and fixed.path is not None and fixed.report is not None:
        changes = f"{fixed.changes} change{'s' if fixed.changes > 1 else ''}"
        typer.echo(f"Made {changes}: {fixed.path}; each is in {fixed.log}.")
        typer.echo(f"Left in the new file: {_told(_counts(fixed.report))}.")
    elif fixed is not None:
        typer.echo("Nothing could be repaired with certainty; no file was written.")
    elif not quiet and any(finding.fixable for finding in report.findings):
        count = sum(finding.fixable for finding in report.findings)
        typer.echo(f"{count} can be repaired with certainty: add --fix.")
    elif not quiet and report.is_serious:
        typer.echo("Correct what is serious before you use these prices.")


def _told(counts: dict[str, int]) -> str:
    """Return counts in words: 1 serious, 2 warnings, 0 notes."""
    plural = {"serious": "serious", "warning": "warnings", "note": "notes"}
    return ", ".join(f"{n} {name if n == 1 else plural[name]}" for name, n in counts.items())
