import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

from blportfolio.errors import DataError
from blportfolio.report import metrics
from blportfolio.research.paper import (
    constant_weight_returns,
    paper_cagr,
    paper_figures,
    paper_turnover,
)

DATES = pd.DatetimeIndex(["2001-01-31", "2001-02-01", "2001-02-02", "2001-02-05"])


def test_weights_earn_from_the_day_after_the_decision_and_stay_constant():
    returns = pd.DataFrame({"A": [9.0, 0.1, -0.1, 0.2], "B": [9.0, 0.0, 0.3, np.nan]}, index=DATES)
    weights = pd.DataFrame({"A": [0.5, 1.0], "B": [0.5, 0.0]}, index=DATES[[0, 2]])
    earned = constant_weight_returns(weights, returns)
    assert earned.index.equals(DATES[1:])
    np.testing.assert_allclose(earned, [0.05, 0.1, 0.2], rtol=1e-15)


def test_turnover_is_between_targets():
    weights = pd.DataFrame([[1.0, 0, 0], [0, 1.0, 0], [0, 0.5, 0.5]], columns=list("ABC"))
    assert paper_turnover(weights) == 0.75
    assert np.isnan(paper_turnover(weights.iloc[:1]))


def test_the_papers_year_has_252_calendar_days():
    dates = pd.DatetimeIndex(["2001-01-01", pd.Timestamp("2001-01-01") + pd.Timedelta(days=504)])
    assert paper_cagr(pd.Series([1.0, 1.21], index=dates)) == pytest.approx(0.1)


def test_one_asset_held_throughout_has_its_own_figures():
    prices = make_prices(3, n_assets=2)
    returns = prices.pct_change().iloc[1:]
    weights = pd.DataFrame([[1.0, 0.0], [1.0, 0.0]], index=prices.index[[20, 40]],
                           columns=prices.columns)  # fmt: skip
    figures = paper_figures(weights, returns)
    held = prices["A0"].iloc[20:]
    assert figures.cumulative_return == pytest.approx(held.iloc[-1] / held.iloc[0] - 1)
    assert figures.cagr == pytest.approx(metrics.cagr(held))
    assert figures.max_drawdown == pytest.approx(metrics.max_drawdown(held))
    assert figures.sharpe_ratio == pytest.approx(metrics.sharpe_ratio(returns["A0"].iloc[20:]))
    assert figures.turnover == 0
    assert figures.n_decisions == 2


def test_figures_without_a_decision_in_time_are_refused():
    returns = pd.DataFrame({"A": [0.1]}, index=DATES[:1])
    with pytest.raises(DataError, match="decision"):
        constant_weight_returns(pd.DataFrame({"A": [1.0]}, index=DATES[:1]), returns)
    with pytest.raises(DataError, match="lack"):
        constant_weight_returns(pd.DataFrame({"B": [1.0]}, index=DATES[:1]), returns)


@pytest.mark.parametrize("wealth", [[1.0], [1.0, 0.0], [1.0, np.nan]])
def test_a_growth_rate_needs_two_dates_and_wealth(wealth):
    with pytest.raises(DataError, match="wealth"):
        paper_cagr(pd.Series(wealth, index=DATES[: len(wealth)]))
