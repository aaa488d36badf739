"""Historical and equilibrium priors."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError

SEEDS = st.integers(0, 2**32 - 1)


def window_of(seed, n_obs=100, n_assets=4, *, caps=False):
    returns = make_prices(seed, n_dates=n_obs + 1, n_assets=n_assets).pct_change().iloc[1:]
    weights = np.random.default_rng(seed).dirichlet(np.ones(n_assets))
    market_weights = pd.Series(weights, index=returns.columns) if caps else None
    return bl.TrainingWindow(returns, market_weights=market_weights)


@given(SEEDS)
@settings(max_examples=25)
def test_the_historical_prior_is_the_sample_mean_and_covariance(seed):
    window = window_of(seed)
    fitted = bl.HistoricalPrior().fit(window)
    np.testing.assert_allclose(fitted.mean, window.returns.mean(), rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(fitted.covariance, window.returns.cov(), rtol=1e-12)
    np.testing.assert_array_equal(fitted.mean_covariance, 0.0)
    assert fitted.views is None


def reference_by_hand(reference, window):
    variance = window.returns.var().to_numpy()
    if reference == "market_cap":
        return window.market_weights.to_numpy()
    raw = {"equal": 1 + 0 * variance, "inverse_variance": 1 / variance}
    weights = raw.get(reference, 1 / np.sqrt(variance))
    return weights / weights.sum()


@pytest.mark.parametrize(
    "reference", ["equal", "inverse_variance", "inverse_volatility", "market_cap"]
)
@given(seed=SEEDS, tau=st.floats(1e-3, 1), delta=st.floats(0.5, 10))
@settings(max_examples=20)
def test_the_reference_portfolio_is_optimal_before_any_view(reference, seed, tau, delta):
    """By the long-only maximum Sharpe ratio, and unconstrained at risk aversion δ."""
    window = window_of(seed, caps=True)
    fitted = bl.EquilibriumPrior(reference, risk_aversion=delta, tau=tau).fit(window)
    expected = reference_by_hand(reference, window)
    np.testing.assert_allclose(bl.MaxSharpe().solve(fitted), expected, atol=1e-10)
    unconstrained = np.linalg.solve(delta * fitted.covariance, fitted.mean)
    np.testing.assert_allclose(unconstrained, expected, atol=1e-10)


@given(SEEDS)
@settings(max_examples=20)
def test_the_min_variance_reference_is_the_min_variance_portfolio(seed):
    window = window_of(seed)
    fitted = bl.EquilibriumPrior("min_variance").fit(window)
    expected = bl.MinVariance().solve(bl.HistoricalPrior().fit(window))
    np.testing.assert_allclose(bl.MaxSharpe().solve(fitted), expected, atol=1e-9)


def test_moments_are_those_of_lemma_c_1():
    window = window_of(1)
    fitted = bl.EquilibriumPrior("equal", risk_aversion=3.0, tau=0.2).fit(window)
    sigma = window.returns.cov().to_numpy()
    np.testing.assert_allclose(fitted.covariance, 1.2 * sigma, rtol=1e-12)
    np.testing.assert_allclose(fitted.mean_covariance, 0.2 * sigma, rtol=1e-12)
    np.testing.assert_allclose(fitted.mean, 3.0 * 1.2 * sigma.mean(axis=1), rtol=1e-12)


def test_the_model_of_the_covariance_is_the_one_given():
    window = window_of(2)
    shrunk = bl.LedoitWolfCovariance()
    fitted = bl.HistoricalPrior(covariance=shrunk).fit(window)
    np.testing.assert_array_equal(fitted.covariance, shrunk.fit_arrays(window.returns.to_numpy()))


def test_market_cap_without_market_weights_names_the_alternatives():
    with pytest.raises(DataError, match=r"`market_cap` needs market weights.*inverse_variance"):
        bl.EquilibriumPrior("market_cap").fit(window_of(3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reference": "market_caps"}, "`reference`.*Did you mean 'market_cap'"),
        ({"risk_aversion": 0.0}, "`risk_aversion`"),
        ({"risk_aversion": np.inf}, "`risk_aversion`"),
        ({"tau": -0.1}, "`tau`"),
        ({"tau": np.nan}, "`tau`"),
        ({"tau": "small"}, "`tau`"),
        ({"tau": None}, "`tau`"),
    ],
)
def test_a_bad_parameter_is_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        bl.EquilibriumPrior(**arguments)
