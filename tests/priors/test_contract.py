"""What every prior in the registry must keep to."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.errors import DataError
from blportfolio.priors import PRIORS

NAMES = list(PRIORS)
SEEDS = st.integers(0, 2**32 - 1)
FEATURES = ["momentum", "rsi", "macd"]


def build(name):
    """Build the prior without arguments; only explicit views have no default."""
    if name == "black_litterman":
        return bl.BlackLittermanPrior(
            (bl.View({"A0": 1.0}, 2e-3), bl.View({"A0": 1, "A1": -1}, 1e-3))
        )
    return PRIORS[name]()


def window_of(prices, *, as_of=None, lookback=80):
    market = bl.MarketData(prices, periods_per_year=252)
    return bl.make_window(market, as_of, lookback, FEATURES)


def assert_same(found, expected, *, exact=False):
    rtol, atol = (0, 0) if exact else (1e-7, 1e-10)
    assert found.assets == expected.assets
    for name in ("mean", "covariance", "mean_covariance"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=rtol, atol=atol, err_msg=name
        )


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_moments_have_the_shapes_and_definiteness_of_moments(name, seed):
    window = window_of(make_prices(seed, n_dates=350))
    fitted = build(name).fit(window)
    assert fitted.assets == window.assets
    assert fitted.mean.shape == (4,)
    for matrix in (fitted.covariance, fitted.mean_covariance):
        assert matrix.shape == (4, 4)
        values = np.linalg.eigvalsh(matrix)
        assert values[0] >= -1e-12 * abs(values[-1])
    excess = fitted.covariance - fitted.mean_covariance
    assert np.linalg.eigvalsh(excess)[0] > 0


@pytest.mark.parametrize("name", NAMES)
def test_scenarios_are_the_returns_of_the_window_moved_to_the_mean(name):
    window = window_of(make_prices(5, n_dates=350))
    fitted = build(name).fit(window)
    returns = window.returns.to_numpy()
    np.testing.assert_allclose(fitted.scenarios.mean(axis=0), fitted.mean, rtol=1e-9, atol=1e-15)
    gap = fitted.scenarios - returns
    np.testing.assert_allclose(gap, np.broadcast_to(gap[0], gap.shape), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_views_explain_the_whole_step_from_prior_to_posterior(name, seed):
    """View by view, and as classic Black-Litterman at the effective view covariance."""
    fitted = build(name).fit(window_of(make_prices(seed, n_dates=350)))
    views = fitted.views
    if views is None:
        assert name in {"historical", "equilibrium"}
        return
    step = fitted.mean - views.prior_mean
    size = np.abs(fitted.mean).max()
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=0, atol=1e-11 * size)
    classic = bl_posterior(
        views.prior_mean,
        views.prior_covariance,
        views.pick,
        views.datum,
        views.effective_view_covariance,
    )
    np.testing.assert_allclose(classic.mean, fitted.mean, rtol=0, atol=1e-11 * size)
    assert views.weight.shape == views.surprise.shape == views.mean.shape == (len(views.labels),)
    assert np.isfinite(fitted.log_evidence)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_the_order_of_assets_does_not_matter(name, seed):
    prices = make_prices(seed, n_dates=350)
    order = list(np.random.default_rng(seed).permutation(prices.columns))
    here, there = build(name).fit(window_of(prices)), build(name).fit(window_of(prices[order]))
    position = [there.assets.index(asset) for asset in here.assets]
    np.testing.assert_allclose(there.mean[position], here.mean, rtol=1e-7, atol=1e-12)
    for matrix in ("covariance", "mean_covariance"):
        moved = getattr(there, matrix)[np.ix_(position, position)]
        np.testing.assert_allclose(moved, getattr(here, matrix), rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
@settings(max_examples=15)
def test_the_unit_of_a_price_does_not_matter(name, seed, scale):
    prices = make_prices(seed, n_dates=350)
    scaled = prices * np.array([scale, 1.0, 1 / scale, scale])
    assert_same(build(name).fit(window_of(scaled)), build(name).fit(window_of(prices)))


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, row=st.integers(300, 348))
@settings(max_examples=15)
def test_neither_deleting_nor_scrambling_the_future_changes_a_fit(name, seed, row):
    prices = make_prices(seed, n_dates=350)
    as_of = prices.index[row]
    fitted = build(name).fit(window_of(prices, as_of=as_of))
    deleted = build(name).fit(window_of(prices.iloc[: row + 1]))
    scrambled = prices.copy()
    scrambled.iloc[row + 1 :] *= 13.0
    assert_same(deleted, fitted, exact=True)
    assert_same(build(name).fit(window_of(scrambled, as_of=as_of)), fitted, exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_window_gives_the_same_fit(name):
    window, prior = window_of(make_prices(1, n_dates=350)), build(name)
    before = window.returns.copy()
    assert_same(prior.fit(window), prior.fit(window), exact=True)
    pd.testing.assert_frame_equal(window.returns, before)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "black_litterman"])
def test_one_asset_is_enough(name):
    window = window_of(make_prices(2, n_dates=350, n_assets=1))
    fitted = build(name).fit(window)
    assert fitted.covariance.shape == (1, 1)
    assert fitted.covariance[0, 0] >= np.var(window.returns.to_numpy(), ddof=1) * (1 - 1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_obs", [40, 2])
def test_fewer_returns_than_assets_are_enough_for_a_fit_without_features(name, n_obs):
    returns = make_prices(3, n_dates=n_obs + 1, n_assets=50).pct_change().iloc[1:]
    fitted = build(name).fit(bl.TrainingWindow(returns))
    assert np.isfinite(fitted.mean).all()
    assert np.linalg.matrix_rank(fitted.covariance, tol=1e-10) < 50


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [np.zeros((5, 2)), make_prices(1), None])
def test_something_else_than_a_window_is_refused(name, wrong):
    with pytest.raises(DataError, match=r"`window` must be a TrainingWindow.*make_window"):
        build(name).fit(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_one_return_is_too_few(name):
    returns = make_prices(4, n_dates=2).pct_change().iloc[1:]
    with pytest.raises(DataError, match="two returns at least"):
        build(name).fit(bl.TrainingWindow(returns))


@pytest.mark.parametrize("name", NAMES)
def test_a_prior_can_be_compared_and_cannot_be_changed(name):
    prior = build(name)
    assert prior == build(name)
    field = dataclasses.fields(prior)[0].name
    with pytest.raises(AttributeError):
        setattr(prior, field, None)
