"""Cash as part of a portfolio: none, some or all of it."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.optimise import Constraints, MeanVariance

SEEDS = st.integers(0, 2**32 - 1)
FREE = Constraints(cash=(0, 1))


def make_distribution(mean, covariance):
    names = [f"A{i}" for i in range(len(mean))]
    return bl.ReturnDistribution(mean, covariance, np.zeros_like(covariance), names)


@given(SEEDS, st.integers(1, 8), st.booleans())
@settings(max_examples=25)
def test_mean_variance_holds_nothing_but_cash_when_nothing_is_attractive(seed, size, some_zero):
    rng = np.random.default_rng(seed)
    mean = -np.abs(rng.normal(scale=1e-3, size=size))
    mean[0] = 0.0 if some_zero else mean[0]
    weights = MeanVariance(constraints=FREE).solve(
        make_distribution(mean, random_covariance(rng, size))
    )
    np.testing.assert_array_equal(weights, 0.0)
    assert weights.attrs["solution"]["cash"] == 1.0
    assert weights.attrs["solution"]["status"] == "optimal"


@given(st.floats(1e-5, 1e-2), st.floats(1e-3, 0.1), st.floats(0.1, 100))
@settings(max_examples=50)
def test_one_asset_gets_the_share_of_merton(mean, deviation, risk_aversion):
    weights = MeanVariance(risk_aversion, constraints=FREE).solve(
        make_distribution([mean], np.array([[deviation**2]]))
    )
    share = min(mean / (risk_aversion * deviation**2), 1.0)
    assert weights["A0"] == pytest.approx(share, rel=1e-9)
    assert weights.attrs["solution"]["cash"] == pytest.approx(1 - share, abs=1e-9)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=25)
def test_uncorrelated_assets_get_their_own_shares_while_these_fit(seed, size):
    rng = np.random.default_rng(seed)
    mean, variance = rng.normal(scale=1e-3, size=size), rng.uniform(1e-4, 4e-4, size=size)
    mean[0] = 1e-3
    wanted = np.maximum(mean, 0) / variance
    risk_aversion = 1.25 * wanted.sum()
    weights = MeanVariance(risk_aversion, constraints=FREE).solve(
        make_distribution(mean, np.diag(variance))
    )
    np.testing.assert_allclose(weights, wanted / risk_aversion, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(weights[mean < 0], 0.0)
    assert weights.attrs["solution"]["cash"] == pytest.approx(0.2, abs=1e-9)


@given(SEEDS, st.integers(1, 8))
@settings(max_examples=25)
def test_nothing_stays_in_cash_when_all_is_very_attractive(seed, size):
    rng = np.random.default_rng(seed)
    distribution = make_distribution(rng.uniform(0.5, 1.0, size), random_covariance(rng, size))
    weights = MeanVariance(constraints=FREE).solve(distribution)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(weights, MeanVariance().solve(distribution), atol=1e-9)


@given(SEEDS, st.floats(0.0, 0.4), st.floats(0.5, 1.0))
@settings(max_examples=25)
def test_cash_stays_within_its_bounds(seed, least, most):
    rng = np.random.default_rng(seed)
    limits = Constraints(cash=(least, most))
    for mean in (rng.uniform(0.5, 1, 4), -rng.uniform(0.5, 1, 4), rng.normal(scale=1e-3, size=4)):
        distribution = make_distribution(mean, random_covariance(rng, 4))
        for objective in (MeanVariance(constraints=limits), bl.MaxSharpe(constraints=limits)):
            cash = objective.solve(distribution).attrs["solution"]["cash"]
            assert least - 1e-9 <= cash <= most + 1e-9


def test_max_sharpe_is_fully_invested_while_something_is_expected_to_rise_and_in_cash_else():
    covariance = random_covariance(np.random.default_rng(3), 3)
    objective = bl.MaxSharpe(constraints=FREE)
    rising = make_distribution([1e-5, -1e-3, -2e-3], covariance)
    weights = objective.solve(rising)
    np.testing.assert_allclose(weights, bl.MaxSharpe().solve(rising), atol=1e-9)
    assert weights.sum() == pytest.approx(1.0, abs=1e-9)
    falling = objective.solve(make_distribution([-1e-5, -1e-3, -2e-3], covariance))
    np.testing.assert_allclose(falling, 0.0, atol=1e-12)
    assert falling.attrs["solution"]["cash"] == pytest.approx(1.0, abs=1e-12)


def test_the_cash_of_a_backtest_earns_the_risk_free_rate():
    prices = make_prices(1, n_dates=120)
    rate = pd.Series(np.linspace(1e-4, 3e-4, len(prices)), prices.index)
    market = bl.MarketData(prices, risk_free=rate, periods_per_year=252)
    config = bl.StrategyConfig(
        name="half",
        prior="historical",
        optimise={"model": "min_variance", "constraints": {"cash": [0.5, 0.5]}},
        lookback=60,
        cost_bps=0,
    )
    half = bl.run_backtest(config, market)
    everything = bl.StrategyConfig(
        name="cash",
        prior="historical",
        optimise={"model": "min_variance", "constraints": {"cash": [1, 1]}},
        lookback=60,
    )
    cash = bl.run_backtest(everything, market)
    np.testing.assert_array_equal(cash.weights, 0.0)
    np.testing.assert_allclose(cash.returns, rate[cash.returns.index], rtol=1e-12)
    np.testing.assert_allclose(half.weights.sum(axis=1), 0.5, atol=1e-9)
    # In the period after a decision half earns the rate, half what the assets earn.
    decision = half.weights.index[0]
    period = half.returns.index[0]
    earned = half.weights.loc[decision] @ (prices.loc[period] / prices.loc[decision] - 1)
    assert half.returns.iloc[0] == pytest.approx(earned + 0.5 * rate[period], rel=1e-9)
