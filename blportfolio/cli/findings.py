"""Findings of the data doctor as people read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from blportfolio.cli.output import PatientConsole

if TYPE_CHECKING:
    from blportfolio.data.quality import Finding

STYLES = {"serious": "bold red", "warning": "yellow", "note": "dim"}


def printable(text: str) -> str:
    """Return text with characters that would steer a terminal written as escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def print_findings(findings: Sequence[Finding], *, most: int) -> None:
    """Print findings on stdout, the first of each kind in full and the others counted.

    Args:
        findings: Findings in the order of a report.
        most: Findings of one kind and severity that are printed.
    """
    from blportfolio.data.quality import KINDS

    console = PatientConsole(width=None if sys.stdout.isatty() else 160, highlight=False)
    order = {name: number for number, name in enumerate(STYLES)}
    ranked = sorted(findings, key=lambda finding: (order[finding.severity], finding.kind))
    for (severity, kind), group in groupby(ranked, key=lambda one: (one.severity, one.kind)):
        alike = list(group)
        unit = KINDS.get(kind, "").rpartition("size: ")[2].rstrip(".")
        console.print(Text(severity, STYLES[severity]) + Text(f"  {kind}", "bold"))
        advice = ""
        for finding in alike[:most]:
            size = "" if finding.size is None else f" [{_size(finding.size, unit)}]"
            text = f"{_where(finding)}{printable(finding.message)}{size}"
            console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))
            told = printable(f"Likely: {finding.cause} Do: {finding.remedy}")
            if told != advice:
                console.print(Padding(Text(told, "dim"), (0, 0, 0, 4), expand=False))
            advice = told
        if len(alike) > most:
            console.print(Text(f"  … and {len(alike) - most} more like these (all with --json)."))


def _size(size: float, unit: str) -> str:
    """Return a size with its unit, `1 period` and `2 periods`."""
    if size == 1 and unit.endswith("s") and " " not in unit:
        unit = unit[:-1]
    return f"{size:.4g} {unit}".rstrip()


def _where(finding: Finding) -> str:
    """Return ticker and dates, those that are known and that the message does not say."""
    parts = [finding.ticker]
    parts += [None if d is None else str(d.date()) for d in (finding.date, finding.end)]
    untold = [printable(part) for part in parts if part and part not in finding.message]
    return f"{' '.join(untold)}: " if untold else ""
