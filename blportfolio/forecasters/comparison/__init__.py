"""The contest of forecasters: all on the same windows of one panel of series."""

from blportfolio.forecasters.comparison.contest import compare
from blportfolio.forecasters.comparison.panel import Panel
from blportfolio.forecasters.comparison.results import Comparison, Standing
from blportfolio.forecasters.comparison.settings import ComparisonSettings

__all__ = ["Comparison", "ComparisonSettings", "Panel", "Standing", "compare"]
