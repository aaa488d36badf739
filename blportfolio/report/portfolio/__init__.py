"""What is asked of finished backtests: by period, by calendar, in falls, in trades; and charts."""

from blportfolio.report.portfolio.bars import annual_chart, cost_chart, turnover_chart
from blportfolio.report.portfolio.calendar import annual_returns, monthly_returns
from blportfolio.report.portfolio.drawdowns import worst_drawdowns
from blportfolio.report.portfolio.heatmap import monthly_chart
from blportfolio.report.portfolio.lines import (
    drawdown_chart,
    growth_chart,
    rolling_sharpe_chart,
    rolling_volatility_chart,
)
from blportfolio.report.portfolio.looks import Look, looks_of
from blportfolio.report.portfolio.period import (
    between,
    common_dates,
    on_common_dates,
    shared_returns,
)
from blportfolio.report.portfolio.rolling import rolling_sharpe, rolling_volatility, window_of
from blportfolio.report.portfolio.trading import (
    cost_drag,
    costs_by_year,
    decisions,
    gross_wealth,
    holdings,
)
from blportfolio.report.portfolio.versus import renamed, sharpe_differences, universes_of
from blportfolio.report.portfolio.weights import effective_chart, weights_chart

__all__ = [
    "Look",
    "annual_chart",
    "annual_returns",
    "between",
    "common_dates",
    "cost_chart",
    "cost_drag",
    "costs_by_year",
    "decisions",
    "drawdown_chart",
    "effective_chart",
    "gross_wealth",
    "growth_chart",
    "holdings",
    "looks_of",
    "monthly_chart",
    "monthly_returns",
    "on_common_dates",
    "renamed",
    "rolling_sharpe",
    "rolling_sharpe_chart",
    "rolling_volatility",
    "rolling_volatility_chart",
    "shared_returns",
    "sharpe_differences",
    "turnover_chart",
    "universes_of",
    "weights_chart",
    "window_of",
    "worst_drawdowns",
]
