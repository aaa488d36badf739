"""`blportfolio data check`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
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
from blportfolio.errors import ConfigError

if TYPE_CHECKING:
    from blportfolio.data.price_source import PriceSource
    from blportfolio.data.quality import QualityReport

SERIOUS_EXIT = 6
SHOWN = 3
"""Findings of one kind that are printed; the rest is counted."""


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
        from blportfolio.data.price_source import open_file, open_named

        options: dict[str, Any] = given_options(
            sheet=sheet, date_order=date_order, decimal=decimal, max_bytes=max_bytes
        )
        if out is not None and not fix:
            raise ConfigError("--out names the file that --fix writes; give --fix too.")
        if fix and returns:
            raise ConfigError("--fix repairs prices, not returns; leave out one of the two.")
        is_file = os.path.isfile(source) and not source.endswith(".toml")
        if is_file:
            data = open_file(source, returns=returns, **options)
        else:
            data = open_named(source)
            if options or returns:
                raise ConfigError(
                    "--sheet, --date-order, --decimal, --max-bytes and --returns say how to read "
                    f"a file, and {source!r} is a name."
                )
        report = data.examine()
        fixed = _fix(data, report, _target(source, out, is_file=is_file)) if fix else None
        remaining = report if fixed is None or fixed.report is None else fixed.report
        if as_json:
            typer.echo(json.dumps(_document(data, report, fixed), ensure_ascii=False))
        else:
            _print(data, report, fixed, quiet=quiet)
        if remaining.is_serious:
            raise typer.Exit(SERIOUS_EXIT)


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


def _fix(data: PriceSource, report: QualityReport, target: Path) -> Fixed:
    from blportfolio.data.quality import repair, write_repaired

    bars, log = repair(data.bars, report)
    if not log:
        return Fixed()
    beside = write_repaired(bars, log, target)
    again = data.examine_repaired(bars, data.unrepaired)
    return Fixed(target, beside, len(log), again)


def _document(data: PriceSource, report: QualityReport, fixed: Fixed | None) -> dict[str, Any]:
    from blportfolio.data.quality.words import count_findings

    document: dict[str, Any] = {
        "schema_version": 1,
        "name": report.name,
        "n_dates": report.n_dates,
        "n_assets": report.n_assets,
        "counts": count_findings(report.findings),
        "inferred": list(data.inferred),
        "findings": [finding.record() for finding in report.findings],
    }
    if fixed is not None:
        document["fixed"] = {
            "path": None if fixed.path is None else str(fixed.path),
            "log": None if fixed.log is None else str(fixed.log),
            "changes": fixed.changes,
            "remaining": count_findings((fixed.report or report).findings),
        }
    return document


def _print(data: PriceSource, report: QualityReport, fixed: Fixed | None, *, quiet: bool) -> None:
    from blportfolio.cli.findings import print_findings
    from blportfolio.data.quality.words import count_findings, counts_in_words, printable

    size = f"{report.n_dates} dates × {report.n_assets} assets"
    if not quiet:
        for line in data.inferred:
            typer.echo(printable(line))
    if not report.findings:
        typer.echo(f"{printable(report.name)}: no faults found in {size}.")
        return
    print_findings(report.findings, most=SHOWN)
    told = counts_in_words(count_findings(report.findings))
    typer.echo(f"\n{printable(report.name)}: {told}, in {size}.")
    if fixed is not None and fixed.path is not None and fixed.report is not None:
        changes = f"{fixed.changes} change{'s' if fixed.changes > 1 else ''}"
        typer.echo(f"Made {changes}: {fixed.path}; each is in {fixed.log}.")
        typer.echo(
            f"Left in the new file: {counts_in_words(count_findings(fixed.report.findings))}."
        )
    elif fixed is not None:
        typer.echo("Nothing could be repaired with certainty; no file was written.")
    elif not quiet and any(finding.fixable for finding in report.findings):
        count = sum(finding.fixable for finding in report.findings)
        typer.echo(f"{count} can be repaired with certainty: add --fix.")
    elif not quiet and report.is_serious:
        typer.echo("Correct what is serious before you use these prices.")
