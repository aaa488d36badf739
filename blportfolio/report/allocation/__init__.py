"""What an investor needs of a decision: weights, their spread, risk, orders, charts and tables."""

from blportfolio.report.allocation.allocation import Allocation, Figures, allocate, is_growth
from blportfolio.report.allocation.charts import plot_weight_against_risk, plot_weight_spread
from blportfolio.report.allocation.holdings import (
    checked_holdings,
    last_prices,
    read_holdings,
    weights_before,
)
from blportfolio.report.allocation.orders import Orders, orders
from blportfolio.report.allocation.risk import (
    Estimate,
    effective_number,
    expected_return,
    risk_contributions,
    volatility,
)
from blportfolio.report.allocation.snippet import snippet
from blportfolio.report.allocation.tables import combined, orders_csv, weights_csv

__all__ = [
    "Allocation",
    "Estimate",
    "Figures",
    "Orders",
    "allocate",
    "checked_holdings",
    "combined",
    "effective_number",
    "expected_return",
    "is_growth",
    "last_prices",
    "orders",
    "orders_csv",
    "plot_weight_against_risk",
    "plot_weight_spread",
    "read_holdings",
    "risk_contributions",
    "snippet",
    "volatility",
    "weights_before",
    "weights_csv",
]
