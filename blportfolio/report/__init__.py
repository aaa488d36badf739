"""Figures, charts and pages about results."""

from blportfolio.report.charts import plot_drawdown, plot_growth, plot_weights
from blportfolio.report.frontier import plot_frontier
from blportfolio.report.inference import (
    SharpeDifference,
    SharpeInterval,
    sharpe_difference,
    sharpe_interval,
)
from blportfolio.report.tables import summarise

__all__ = [
    "SharpeDifference",
    "SharpeInterval",
    "plot_drawdown",
    "plot_frontier",
    "plot_growth",
    "plot_weights",
    "sharpe_difference",
    "sharpe_interval",
    "summarise",
]
