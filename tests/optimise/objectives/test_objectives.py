"""Objectives: weights by asset, fallbacks and what is recorded about them."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError, SingularCovarianceWarning
from blportfolio.optimise import OBJECTIVES, long_only_max_sharpe

SEEDS = st.integers(0, 2**32 - 1)


def make_distribution(mean, covariance, assets=None):
    """A distribution with a little uncertainty of the mean, daily, and scenarios of its law."""
    names = assets or [f"A{i}" for i in range(len(mean))]
    return bl.ReturnDistribution(
        mean,
        covariance,
        0.05 * np.asarray(covariance),
        names,
        scenarios=scenarios_of(np.asarray(mean, dtype=float), covariance),
        periods_per_year=252.0,
    )


def scenarios_of(mean, covariance):
    """Equally likely returns that treat every asset alike: ± each principal direction."""
    values, directions = np.linalg.eigh(covariance)
    steps = (directions * np.sqrt(np.maximum(values, 0) * len(mean))).T
    return mean + np.vstack([steps, -steps])


def build(name):
    """The objective of a registry name, with a target that every portfolio meets."""
    if name == "target_volatility":
        return OBJECTIVES[name](target=1e6)
    return OBJECTIVES[name]()


def random_distribution(seed, size=6):
    rng = np.random.default_rng(seed)
    mean = np.abs(rng.normal(scale=1e-3, size=size))
    return make_distribution(mean, random_covariance(rng, size))


def without_positive_means(seed=0, size=4):
    rng = np.random.default_rng(seed)
    mean = -np.abs(rng.normal(scale=1e-3, size=size))
    return make_distribution(mean, random_covariance(rng, size))


@pytest.mark.parametrize("name", list(OBJECTIVES))
@given(seed=SEEDS, size=st.integers(1, 8))
@settings(max_examples=25)
def test_every_objective_is_long_only_and_fully_invested(name, seed, size):
    distribution = random_distribution(seed, size)
    weights = build(name).solve(distribution)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert tuple(weights.index) == distribution.assets
    solution = weights.attrs["solution"]
    assert solution["status"] == ("heuristic" if name == "resampled" else "optimal")
    assert solution["fallback"] is None
    assert solution["ridge"] == 0.0
    assert max(solution["residuals"].values()) <= 1e-12


@pytest.mark.parametrize("name", list(OBJECTIVES))
@given(seed=SEEDS)
@settings(max_examples=25)
def test_no_objective_depends_on_the_order_of_assets(name, seed):
    distribution = random_distribution(seed)
    order = np.random.default_rng(seed).permutation(6)
    moved = make_distribution(
        distribution.mean[order],
        distribution.covariance[np.ix_(order, order)],
        [distribution.assets[i] for i in order],
    )
    weights = build(name).solve(distribution)
    pd.testing.assert_series_equal(
        build(name).solve(moved)[list(distribution.assets)],
        weights,
        check_exact=False,
        atol=1e-10,
        rtol=0,
    )


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_one_asset_gets_all_the_weight(name):
    weights = build(name).solve(make_distribution([0.001], np.array([[1e-4]])))
    assert weights.to_list() == [1.0]


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_previous_weights_seed_the_search_and_change_no_optimum(name):
    distribution = random_distribution(3)
    cold = build(name).solve(distribution)
    previous = pd.Series({"A5": 0.5, "A1": 0.5})
    warm = build(name).solve(distribution, previous_weights=previous)
    np.testing.assert_allclose(warm, cold, atol=1e-10)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_an_unknown_previous_asset_is_named_with_the_nearest(name):
    distribution = make_distribution([0.1, 0.2], np.eye(2), ["aapl", "msft"])
    with pytest.raises(DataError, match=r"`previous_weights`.*'appl'.*Did you mean 'aapl'"):
        build(name).solve(distribution, previous_weights=pd.Series({"appl": 1.0}))


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        (np.full(6, 1 / 6), "pandas Series"),
        (pd.Series([0.5, 0.5], index=["A0", "A0"]), "more than once"),
        (pd.Series({"A0": np.inf}), "finite"),
    ],
)
def test_previous_weights_of_another_kind_are_refused(previous, message):
    with pytest.raises(DataError, match=f"`previous_weights`.*{message}"):
        bl.MaxSharpe().solve(random_distribution(1), previous_weights=previous)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_something_else_than_a_distribution_is_refused(name):
    with pytest.raises(DataError, match=r"`distribution`.*ndarray.*prior"):
        build(name).solve(np.ones(3))


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=25)
def test_min_variance_matches_cvxpy(seed, size):
    distribution = random_distribution(seed, size)
    w = cp.Variable(size, nonneg=True)
    unit = np.diagonal(distribution.covariance).mean()
    lower = np.linalg.cholesky(distribution.covariance / unit)
    cp.Problem(cp.Minimize(cp.sum_squares(lower.T @ w)), [cp.sum(w) == 1]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    weights = bl.MinVariance().solve(distribution).to_numpy()
    np.testing.assert_allclose(weights, w.value, atol=1e-4)
    variance = weights @ distribution.covariance @ weights
    assert variance <= w.value @ distribution.covariance @ w.value * (1 + 1e-8)


def test_min_variance_ignores_the_mean():
    distribution = random_distribution(1)
    other = make_distribution(-distribution.mean, distribution.covariance)
    pd.testing.assert_series_equal(
        bl.MinVariance().solve(other), bl.MinVariance().solve(distribution)
    )


def test_max_sharpe_with_equal_means_is_min_variance():
    covariance = random_covariance(np.random.default_rng(2), 7)
    distribution = make_distribution(np.full(7, 3e-4), covariance)
    np.testing.assert_allclose(
        bl.MaxSharpe().solve(distribution), bl.MinVariance().solve(distribution), atol=1e-12
    )


def test_max_sharpe_is_the_exact_kernel():
    distribution = random_distribution(4, size=20)
    np.testing.assert_array_equal(
        bl.MaxSharpe().solve(distribution),
        long_only_max_sharpe(distribution.mean, distribution.covariance),
    )


def test_equal_weight_needs_no_usable_covariance():
    weights = bl.EqualWeight().solve(make_distribution([-1.0] * 4, np.zeros((4, 4))))
    np.testing.assert_array_equal(weights, 0.25)


@pytest.mark.parametrize("objective", [bl.MaxSharpe(), bl.MinVariance()], ids=str)
@pytest.mark.parametrize("n_obs", [2, 5, 9])
def test_fewer_returns_than_assets_add_a_recorded_ridge_with_one_warning(objective, n_obs):
    rng = np.random.default_rng(n_obs)
    covariance = np.cov(rng.normal(scale=0.01, size=(n_obs, 10)), rowvar=False)
    distribution = make_distribution(np.full(10, 1e-3), covariance)
    with pytest.warns(SingularCovarianceWarning) as caught:
        weights = objective.solve(distribution)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    ridge = weights.attrs["solution"]["ridge"]
    assert ridge == pytest.approx(1e-8 * np.trace(covariance) / 10, rel=1e-12)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("objective", [bl.MaxSharpe(), bl.MinVariance()], ids=str)
def test_an_indefinite_covariance_is_refused(objective):
    distribution = make_distribution([0.1, 0.1], np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(DataError, match="`covariance` is not positive semi-definite"):
        objective.solve(distribution)


def test_the_default_fallback_is_minimum_variance_and_is_recorded():
    distribution = without_positive_means()
    weights = bl.MaxSharpe().solve(distribution)
    np.testing.assert_array_equal(weights, bl.MinVariance().solve(distribution))
    assert weights.attrs["solution"]["status"] == "fallback"
    assert weights.attrs["solution"]["fallback"] == "min_variance"


def test_the_previous_fallback_keeps_the_previous_weights():
    previous = pd.Series({"A2": 0.7, "A0": 0.3})
    weights = bl.MaxSharpe(fallback="previous").solve(
        without_positive_means(), previous_weights=previous
    )
    np.testing.assert_allclose(weights, [0.3, 0, 0.7, 0], atol=1e-15)
    assert weights.attrs["solution"]["fallback"] == "previous"


@pytest.mark.parametrize("previous", [None, pd.Series({"A0": 0.0})])
def test_the_previous_fallback_is_minimum_variance_where_nothing_was_held(previous):
    distribution = without_positive_means()
    weights = bl.MaxSharpe(fallback="previous").solve(distribution, previous_weights=previous)
    np.testing.assert_array_equal(weights, bl.MinVariance().solve(distribution))
    assert weights.attrs["solution"]["fallback"] == "min_variance"


def test_the_cash_fallback_holds_nothing():
    weights = bl.MaxSharpe(fallback="cash").solve(without_positive_means())
    np.testing.assert_array_equal(weights, 0.0)
    assert weights.attrs["solution"]["fallback"] == "cash"
    assert weights.attrs["solution"]["cash"] == 1.0


@pytest.mark.parametrize("fallback", ["min_variance", "previous", "cash"])
def test_no_fallback_is_used_while_one_mean_is_positive(fallback):
    distribution = make_distribution([-0.1, 1e-12, -0.2], np.eye(3))
    weights = bl.MaxSharpe(fallback=fallback).solve(distribution)
    np.testing.assert_allclose(weights, [0, 1, 0], atol=1e-15)
    assert weights.attrs["solution"]["fallback"] is None


def test_an_unknown_fallback_suggests_the_nearest():
    with pytest.raises(ConfigError, match=r"`fallback`.*Did you mean 'previous'"):
        bl.MaxSharpe(fallback="previus")
