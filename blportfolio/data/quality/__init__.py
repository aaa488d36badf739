"""The data doctor: finds faults in prices before they reach the engine."""

from blportfolio.data.quality.examine import CHECKS, examine
from blportfolio.data.quality.findings import Finding, QualityReport, Severity
from blportfolio.data.quality.form import growth_of_returns
from blportfolio.data.quality.kinds import KINDS
from blportfolio.data.quality.repair import repair
from blportfolio.data.quality.repaired_file import write_repaired

__all__ = [
    "CHECKS",
    "KINDS",
    "Finding",
    "QualityReport",
    "Severity",
    "examine",
    "growth_of_returns",
    "repair",
    "write_repaired",
]
