"""Performance figures by hand and by brute force."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import DataError
from blportfolio.report import metrics

SEEDS = st.integers(0, 2**32 - 1)


def random_returns(seed, n_periods=120):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2000-01-04", periods=n_periods, freq="B")
    return pd.Series(rng.normal(4e-4, 0.01, size=n_periods), index=dates)


def random_wealth(seed, n_periods=120):
    return (1 + random_returns(seed, n_periods)).cumprod()


def test_cagr_of_a_doubling_in_four_years():
    """Four years with one leap day are 1461 days, that is 4 × 365.25."""
    wealth = pd.Series(
        [1.0, 0.5, 2.0], index=pd.to_datetime(["2001-01-01", "2003-05-05", "2005-01-01"])
    )
    assert metrics.cagr(wealth) == pytest.approx(2**0.25 - 1, rel=1e-14)


def test_cagr_of_a_total_loss_is_minus_one():
    wealth = pd.Series([1.0, 0.0], index=pd.to_datetime(["2001-01-01", "2003-05-05"]))
    assert metrics.cagr(wealth) == -1.0


@given(SEEDS, st.floats(1e-3, 1e3))
@settings(max_examples=25)
def test_cagr_depends_on_the_ends_alone_and_on_no_unit(seed, unit):
    wealth = random_wealth(seed)
    ends = unit * wealth.iloc[[0, -1]]
    assert metrics.cagr(ends) == pytest.approx(metrics.cagr(wealth), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "wealth",
    [
        pd.Series([1.0], index=pd.to_datetime(["2001-01-01"])),
        pd.Series([1.0, 1.1]),
        pd.Series([0.0, 1.1], index=pd.to_datetime(["2001-01-01", "2002-01-01"])),
        pd.Series([1.0, np.nan], index=pd.to_datetime(["2001-01-01", "2002-01-01"])),
        pd.Series([1.0, -0.1], index=pd.to_datetime(["2001-01-01", "2002-01-01"])),
        pd.Series([1.0, 1.1], index=pd.to_datetime(["2002-01-01", "2001-01-01"])),
        pd.Series([1.0, 1.1], index=pd.to_datetime(["2001-01-01 09:00", "2001-01-01 17:00"])),
        pd.Series(dtype=float),
        [1.0, 1.1],
    ],
)
def test_cagr_of_no_growth_series_is_refused(wealth):
    with pytest.raises(DataError, match="`wealth`"):
        metrics.cagr(wealth)


@given(SEEDS, st.sampled_from([252.0, 52.0, 12.0]))
@settings(max_examples=25)
def test_sharpe_ratio_and_volatility_use_the_unbiased_variance(seed, periods):
    returns = random_returns(seed)
    n = len(returns)
    mean = math.fsum(returns) / n
    deviation = math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / (n - 1))
    assert metrics.annualised_volatility(returns, periods_per_year=periods) == pytest.approx(
        deviation * math.sqrt(periods), rel=1e-12
    )
    assert metrics.sharpe_ratio(returns, periods_per_year=periods) == pytest.approx(
        mean / deviation * math.sqrt(periods), rel=1e-10, abs=1e-12
    )


@given(SEEDS, st.floats(1e-2, 1e2))
@settings(max_examples=25)
def test_leverage_changes_volatility_but_no_sharpe_ratio(seed, leverage):
    returns = random_returns(seed)
    assert metrics.sharpe_ratio(leverage * returns) == pytest.approx(
        metrics.sharpe_ratio(returns), rel=1e-9, abs=1e-12
    )
    assert metrics.annualised_volatility(leverage * returns) == pytest.approx(
        leverage * metrics.annualised_volatility(returns), rel=1e-9
    )


def test_the_risk_free_rate_may_be_a_number_or_a_series():
    returns = random_returns(1)
    rates = pd.Series(1e-4, index=returns.index)
    expected = metrics.sharpe_ratio(returns - 1e-4)
    assert metrics.sharpe_ratio(returns, risk_free_rate=1e-4) == pytest.approx(expected, rel=1e-12)
    assert metrics.sharpe_ratio(returns, risk_free_rate=rates) == pytest.approx(expected, rel=1e-12)
    shuffled = rates.iloc[::-1]
    assert metrics.sharpe_ratio(returns, risk_free_rate=shuffled) == pytest.approx(
        expected, rel=1e-12
    )
    with pytest.raises(DataError, match="`risk_free_rate`"):
        metrics.sharpe_ratio(returns, risk_free_rate=rates.iloc[1:])


@pytest.mark.parametrize("level", [0.0, 0.1, -3e-5])
def test_returns_that_do_not_vary_have_no_sharpe_ratio(level):
    returns = pd.Series(level, index=random_returns(0).index)
    assert math.isnan(metrics.sharpe_ratio(returns))
    assert metrics.annualised_volatility(returns) == 0.0


def test_one_return_has_no_volatility():
    single = random_returns(0).iloc[:1]
    assert math.isnan(metrics.annualised_volatility(single))
    assert math.isnan(metrics.sharpe_ratio(single))


@given(SEEDS, st.integers(1, 60))
@settings(max_examples=40)
def test_max_drawdown_is_the_worst_fall_between_any_two_dates(seed, n_periods):
    wealth = random_wealth(seed, n_periods)
    values = wealth.to_numpy()
    worst = min(
        values[later] / values[earlier] - 1
        for earlier in range(n_periods)
        for later in range(earlier, n_periods)
    )
    assert metrics.max_drawdown(wealth) == pytest.approx(worst, abs=1e-14)
    assert metrics.max_drawdown(wealth) <= 0
    assert (metrics.drawdown(wealth) <= 0).all()


def test_rising_wealth_has_no_drawdown():
    assert metrics.max_drawdown(pd.Series([1.0, 1.5, 2.0])) == 0.0
    assert metrics.max_drawdown(pd.Series([1.0, 0.0, 2.0])) == -1.0


@given(SEEDS)
@settings(max_examples=25)
def test_turnover_is_half_of_what_is_bought_and_sold(seed):
    rng = np.random.default_rng(seed)
    new, old = (pd.DataFrame(rng.dirichlet(np.ones(4), size=6)) for _ in range(2))
    bought = (new - old).clip(lower=0).sum(axis=1)
    found = metrics.turnover(new, old)
    np.testing.assert_allclose(found, bought, atol=1e-15)
    assert ((found >= 0) & (found <= 1)).all()


def test_mean_turnover_leaves_the_first_purchase_out():
    assert metrics.mean_turnover(pd.Series([1.0, 0.2, 0.4])) == pytest.approx(0.3)
    assert math.isnan(metrics.mean_turnover(pd.Series([1.0])))


def test_returns_passed_as_wealth_are_refused_with_the_remedy():
    returns = pd.Series([0.01, -0.02, 0.03], index=pd.date_range("2020-01-01", periods=3))
    for measure in (metrics.cagr, metrics.max_drawdown):
        with pytest.raises(DataError, match="cumprod"):
            measure(returns)


def test_plain_arrays_are_measured_too():
    wealth = [1.0, 1.2, 0.9, 1.1]
    assert metrics.max_drawdown(np.array(wealth)) == pytest.approx(0.9 / 1.2 - 1)
    returns = np.diff(wealth) / wealth[:-1]
    assert metrics.sharpe_ratio(returns, 12) == metrics.sharpe_ratio(pd.Series(returns), 12)


def test_turnover_of_one_decision_is_a_number():
    assert metrics.turnover([0.5, 0.5], [1.0, 0.0]) == 0.5
    with pytest.raises(DataError, match="same shape and labels"):
        metrics.turnover([0.5, 0.5], [1.0])
