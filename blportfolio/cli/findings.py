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


def print_findings(findings: Sequence[Finding], *, most: int) -> None:
    """Print findings on stdout, the first of each kind in full and the others counted.

    Args:
        findings: Findings in the order of a report.
        most: Findings of one kind and severity that are printed.
    """
    from blportfolio.data.quality.words import place_in_words, printable, size_in_words

    console = PatientConsole(width=None if sys.stdout.isatty() else 160, highlight=False)
    order = {name: number for number, name in enumerate(STYLES)}
    ranked = sorted(findings, key=lambda finding: (order[finding.severity], finding.kind))
    for (severity, kind), group in groupby(ranked, key=lambda one: (one.severity, one.kind)):
        alike = list(group)
        console.print(Text(severity, STYLES[severity]) + Text(f"  {kind}", "bold"))
        advice = ""
        for finding in alike[:most]:
            size = size_in_words(finding)
            where = place_in_words(finding)
            text = f"{where}: " if where else ""
            text += printable(finding.message) + (f" [{size}]" if size else "")
            console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))
            told = printable(f"Likely: {finding.cause} Do: {finding.remedy}")
            if told != advice:
                console.print(Padding(Text(told, "dim"), (0, 0, 0, 4), expand=False))
            advice = told
        if len(alike) > most:
            console.print(Text(f"  … and {len(alike) - most} more like these (all with --json)."))
