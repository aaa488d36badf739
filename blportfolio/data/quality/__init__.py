"""The data doctor: finds faults in prices before they reach the engine."""

from blportfolio.data.quality.findings import Finding, QualityReport, Severity

__all__ = ["Finding", "QualityReport", "Severity"]
