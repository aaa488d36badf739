"""What an investor needs of a decision: weights, their spread, risk, orders, charts and tables."""

from blportfolio.report.allocation.allocation import Allocation, Figures, allocate
from blportfolio.report.allocation.charts import plot_weight_against_risk, plot_weight_spread
from blportfolio.report.allocation.orders import Orders, orders
from blportfolio.report.allocation.risk import (
    Estimate,
    effective_number,
    expected_return,
    risk_contributions,
    volatility,
)
from blportfolio.report.allocation.tables import combined, orders_csv, weights_csv

__all__ = [
    "Allocation",
    "Estimate",
    "Figures",
    "Orders",
    "allocate",
    "combined",
    "effective_number",
    "expected_return",
    "orders",
    "orders_csv",
    "plot_weight_against_risk",
    "plot_weight_spread",
    "risk_contributions",
    "volatility",
    "weights_csv",
]
