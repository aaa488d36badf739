"""Findings of the data doctor in words, for the command line and the dashboard alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from blportfolio.data.quality.findings import Finding
from blportfolio.data.quality.kinds import KINDS

SEVERITIES = ("serious", "warning", "note")
"""The worst first."""
_PLURAL = {"serious": "serious", "warning": "warnings", "note": "notes"}


def printable(text: str) -> str:
    """Return text with characters that would steer a terminal written as escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings have each severity, the worst first."""
    counts = Counter[str](finding.severity for finding in findings)
    return {severity: counts[severity] for severity in SEVERITIES}


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return counts in words: 1 serious, 2 warnings, 0 notes."""
    return ", ".join(f"{n} {name if n == 1 else _PLURAL[name]}" for name, n in counts.items())


def size_in_words(finding: Finding) -> str:
    """Return the size of a finding with its unit, `1 period` and `2 periods`; empty without one."""
    if finding.size is None:
        return ""
    unit = KINDS.get(finding.kind, "").rpartition("size: ")[2].rstrip(".")
    if finding.size == 1 and unit.endswith("s") and " " not in unit:
        unit = unit[:-1]
    return f"{finding.size:.4g} {unit}".rstrip()


def place_in_words(finding: Finding) -> str:
    """Return ticker and dates, those that are known and that the message does not say."""
    parts = [finding.ticker]
    parts += [None if d is None else str(d.date()) for d in (finding.date, finding.end)]
    return " ".join(printable(part) for part in parts if part and part not in finding.message)
