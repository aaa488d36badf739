"""Pages about forecasters: the contest on a user's series, and the published benchmark."""

from blportfolio.report.forecasts.ltsf import ltsf_study
from blportfolio.report.forecasts.study import comparison_study
from blportfolio.report.forecasts.verdicts import verdict

__all__ = ["comparison_study", "ltsf_study", "verdict"]
