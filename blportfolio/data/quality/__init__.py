"""The data doctor: finds faults in prices before they reach the engine."""

from blportfolio.data.quality.examine import CHECKS, examine
from blportfolio.data.quality.findings import Finding, QualityReport, Severity
from blportfolio.data.quality.kinds import KINDS

__all__ = ["CHECKS", "KINDS", "Finding", "QualityReport", "Severity", "examine"]
