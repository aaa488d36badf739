"""The posterior spread of weights, against closed forms."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import blportfolio as bl
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError, InfeasibleError
from blportfolio.optimise import OBJECTIVES, Resampled, weight_spread
from blportfolio.optimise.draws import posterior_draws
from blportfolio.types import ArraySolution

SEEDS = st.integers(0, 2**32 - 1)
LABELS = tuple("ABCDE")


def make_distribution(seed=0, size=5, *, uncertainty=0.05, **more):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size)
    mean = rng.normal(3e-3, 1e-3, size=size)
    return bl.ReturnDistribution(
        mean, covariance, uncertainty * random_covariance(rng, size), LABELS[:size], **more
    )


def reordered(distribution, order):
    return bl.ReturnDistribution(
        distribution.mean[order],
        distribution.covariance[np.ix_(order, order)],
        distribution.mean_covariance[np.ix_(order, order)],
        [distribution.assets[i] for i in order],
    )


@dataclass(frozen=True)
class HoldsTheMean:
    """Weights are the expected returns: their spread is the posterior itself."""

    def solve(self, distribution, *, previous_weights=None):  # noqa: ARG002
        return distribution.mean_series

    def solve_arrays(self, mean, covariance, *, previous=None):  # noqa: ARG002
        return ArraySolution(mean.copy(), "optimal", 0.0, "none")


@dataclass(frozen=True)
class HoldsTheScenarios(HoldsTheMean):
    """Weights are the mean of the scenarios."""

    takes_context = True

    def solve_arrays(self, mean, covariance, *, previous=None, context=None):  # noqa: ARG002
        return ArraySolution(context.scenarios.mean(axis=0), "optimal", 0.0, "none")


@dataclass(frozen=True)
class OnlyLabelled:
    """An objective without an array core, that refuses a falling first asset."""

    least: float = 0.0

    def solve(self, distribution, *, previous_weights=None):  # noqa: ARG002
        if distribution.mean[0] < self.least:
            raise InfeasibleError("The first asset falls.")
        return distribution.mean_series[::-1]


@given(SEEDS, st.integers(1, 5), st.integers(1, 9))
@settings(max_examples=25)
def test_draws_are_centred_on_the_mean_in_pairs(seed, size, pairs):
    given_moments = make_distribution(seed, size)
    draws = posterior_draws(
        given_moments.mean,
        given_moments.mean_covariance,
        given_moments.assets,
        n_draws=2 * pairs,
        seed=seed,
    )
    assert draws.shape == (2 * pairs, size)
    np.testing.assert_allclose(draws.mean(axis=0), given_moments.mean, rtol=1e-12)


def test_draws_have_the_covariance_of_the_posterior():
    distribution = make_distribution(3)
    known = distribution.mean_covariance
    draws = posterior_draws(distribution.mean, known, LABELS, n_draws=40_000, seed=1)
    whitened = np.linalg.solve(np.linalg.cholesky(known), (draws - distribution.mean).T)
    np.testing.assert_allclose(np.cov(whitened), np.eye(5), atol=0.04)


def test_draws_of_a_singular_posterior_stay_in_its_range():
    loading = np.array([1.0, 2.0, -1.0])
    known = 1e-6 * np.outer(loading, loading)
    draws = posterior_draws(np.zeros(3), known, ("A", "B", "C"), n_draws=50, seed=0)
    np.testing.assert_allclose(draws, np.outer(draws[:, 0], loading), atol=1e-10)
    assert np.ptp(draws) > 0


def test_what_an_asset_is_dealt_depends_on_neither_order_nor_company():
    variances = np.array([1.0, 4.0, 9.0])
    draws = posterior_draws(np.zeros(3), np.diag(variances), ("A", "B", "C"), n_draws=7, seed=5)
    fewer = posterior_draws(np.zeros(2), np.diag([9.0, 1.0]), ("C", "A"), n_draws=7, seed=5)
    np.testing.assert_allclose(fewer, draws[:, [2, 0]], rtol=1e-14)
    other = posterior_draws(np.zeros(3), np.diag(variances), ("A", "B", "C"), n_draws=7, seed=6)
    assert np.abs(other - draws).min() > 0


@given(SEEDS)
@settings(max_examples=10)
def test_the_quantiles_are_those_of_the_posterior(seed):
    distribution = make_distribution(seed)
    found = weight_spread(distribution, HoldsTheMean(), n_draws=20_000, seed=seed)
    deviation = np.sqrt(np.diagonal(distribution.mean_covariance))
    np.testing.assert_array_equal(found["weight"], distribution.mean)
    np.testing.assert_allclose(found["mean"], distribution.mean, rtol=1e-12)
    for name, level in (("lower", 0.05), ("upper", 0.95)):
        gap = (found[name] - distribution.mean) / deviation
        np.testing.assert_allclose(gap, norm.ppf(level), atol=0.06)
    assert list(found.columns) == ["weight", "mean", "lower", "upper", "held"]
    assert tuple(found.index) == distribution.assets


def test_independent_assets_are_held_as_often_as_they_are_expected_to_rise():
    """With a diagonal C max Sharpe holds what rises, and everything where nothing does."""
    mean, deviation = np.array([1e-3, 0.0, -5e-4]), np.array([1e-3, 5e-4, 1e-3])
    distribution = bl.ReturnDistribution(
        mean, np.diag([1e-4, 2e-4, 3e-4]), np.diag(deviation**2), ("A", "B", "C")
    )
    found = weight_spread(distribution, n_draws=20_000)
    rises = norm.cdf(mean / deviation)
    nothing = np.prod(1 - rises)
    np.testing.assert_allclose(found["held"], rises + nothing, atol=0.015)
    assert found.attrs["spread"]["n_fallback"] / 20_000 == pytest.approx(nothing, abs=0.01)
    assert found.attrs["spread"]["n_unsolved"] == 0
    assert found["weight"].to_list() == [1.0, 0.0, 0.0]
    assert found.attrs["solution"]["status"] == "optimal"


@given(SEEDS)
@settings(max_examples=15)
def test_weights_at_the_mean_are_those_of_the_objective_and_the_rest_obeys_its_bounds(seed):
    distribution = make_distribution(seed)
    found = weight_spread(distribution, n_draws=40, seed=seed)
    np.testing.assert_array_equal(found["weight"], bl.MaxSharpe().solve(distribution))
    assert found["mean"].sum() == pytest.approx(1.0, abs=1e-12)
    assert (found["lower"] >= 0).all()
    assert (found["lower"] <= found["upper"]).all()
    assert (found["upper"] <= 1 + 1e-12).all()
    assert found["held"].between(0, 1).all()
    assert ((found["mean"] > 0) == (found["held"] > 0)).all()


@given(SEEDS)
@settings(max_examples=15)
def test_neither_order_nor_scale_of_the_returns_matters(seed):
    distribution = make_distribution(seed)
    found = weight_spread(distribution, n_draws=40)
    order = np.random.default_rng(seed).permutation(5)
    turned = weight_spread(reordered(distribution, order), n_draws=40)
    pd.testing.assert_frame_equal(turned.loc[list(LABELS)], found, check_exact=False, atol=1e-9)
    larger = bl.ReturnDistribution(
        1e3 * distribution.mean,
        1e6 * distribution.covariance,
        1e6 * distribution.mean_covariance,
        LABELS,
    )
    scaled = weight_spread(larger, n_draws=40)
    pd.testing.assert_frame_equal(scaled, found, check_exact=False, atol=1e-9)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_every_objective_has_a_spread_about_what_it_holds(name):
    distribution = make_distribution(6, periods_per_year=252.0)
    draws = distribution.sample(40, rng=np.random.default_rng(1))
    scenarios = draws - draws.mean(axis=0) + distribution.mean
    distribution = make_distribution(6, periods_per_year=252.0, scenarios=scenarios)
    options = {"target": 1e6} if name == "target_volatility" else {}
    objective = OBJECTIVES[name](**options)
    found = weight_spread(distribution, objective, n_draws=4)
    np.testing.assert_array_equal(found["weight"], objective.solve(distribution))
    assert found["mean"].sum() == pytest.approx(1.0, abs=1e-9)
    assert (found["lower"] <= found["upper"]).all()
    assert found.attrs["spread"]["n_unsolved"] == 0


def test_the_spread_closes_as_the_mean_becomes_certain():
    widths = [
        (found["upper"] - found["lower"]).max()
        for uncertainty in (1e-1, 1e-3, 1e-5, 1e-9)
        for found in [weight_spread(make_distribution(1, uncertainty=uncertainty), n_draws=100)]
    ]
    assert sorted(widths, reverse=True) == widths
    assert widths[-1] < 1e-3


def test_a_known_mean_has_no_spread_and_says_what_to_do():
    distribution = make_distribution(uncertainty=0.0)
    with pytest.warns(BLPortfolioWarning, match=r"no spread.*SharedLatentPrior") as caught:
        found = weight_spread(distribution)
    assert caught[0].filename == __file__
    for name in ("mean", "lower", "upper"):
        np.testing.assert_array_equal(found[name], found["weight"])
    assert set(found["held"]) <= {0.0, 1.0}


def test_a_generator_gives_a_seed_that_reproduces_the_spread():
    distribution = make_distribution()
    first, second = (
        weight_spread(distribution, n_draws=20, rng=np.random.default_rng(4)) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)
    again = weight_spread(distribution, n_draws=20, seed=first.attrs["spread"]["seed"])
    pd.testing.assert_frame_equal(again, first)
    assert not again.equals(weight_spread(distribution, n_draws=20))


def test_scenarios_move_with_the_draw():
    distribution = make_distribution(2)
    scenarios = distribution.sample(30, rng=np.random.default_rng(0))
    scenarios += distribution.mean - scenarios.mean(axis=0)
    known = make_distribution(2, scenarios=scenarios)
    found = weight_spread(known, HoldsTheScenarios(), n_draws=50)
    expected = weight_spread(distribution, HoldsTheMean(), n_draws=50)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_an_objective_without_an_array_core_is_solved_by_labels():
    distribution = make_distribution(2)
    found = weight_spread(distribution, OnlyLabelled(-np.inf), n_draws=20)
    expected = weight_spread(distribution, HoldsTheMean(), n_draws=20)
    np.testing.assert_array_equal(found, expected)


def test_draws_without_a_solution_are_left_out_and_counted():
    distribution = make_distribution(2)
    # The draws come in pairs about the mean: one half lies below it.
    found = weight_spread(distribution, OnlyLabelled(distribution.mean[0]), n_draws=100)
    assert found.attrs["spread"]["n_unsolved"] == 50
    assert found.loc["A", "lower"] > distribution.mean[0]
    with pytest.raises(InfeasibleError, match="first asset falls"):
        weight_spread(distribution, OnlyLabelled(1.0), n_draws=5)


def test_limits_that_contradict_each_other_are_not_tried_at_every_draw():
    tried = []

    class Impossible(OnlyLabelled):
        def solve(self, distribution, *, previous_weights=None):  # noqa: ARG002
            tried.append(distribution.mean)
            raise InfeasibleError("Nothing is allowed.")

    with pytest.raises(InfeasibleError, match="Nothing is allowed"):
        Resampled(Impossible(), n_draws=50).solve(make_distribution())
    assert len(tried) == 2


def test_previous_weights_reach_every_draw():
    distribution = bl.ReturnDistribution([-1.0, -1.0], np.eye(2), 1e-6 * np.eye(2), ("A", "B"))
    found = weight_spread(
        distribution,
        bl.MaxSharpe(fallback="previous"),
        n_draws=10,
        previous_weights=pd.Series({"B": 1.0}),
    )
    np.testing.assert_array_equal(found[["weight", "mean", "lower", "upper"]].loc["B"], 1.0)
    assert found.attrs["spread"]["n_fallback"] == 10


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"objective": bl.MaxSharpe}, ConfigError, r"`objective` .*such as MaxSharpe\(\)"),
        ({"objective": "max_sharpe"}, ConfigError, "`objective`"),
        ({"n_draws": 0}, ConfigError, "`n_draws` must be a whole number from 1 on, got 0"),
        ({"n_draws": 2.5}, ConfigError, "`n_draws`"),
        ({"n_draws": True}, ConfigError, "`n_draws`"),
        ({"seed": -1}, ConfigError, "`seed` must be a whole number from 0 on"),
        ({"rng": 3}, ConfigError, "`rng` must be a numpy Generator.*`seed`"),
        ({"distribution": np.ones(3)}, DataError, "`distribution`.*ndarray"),
        ({"previous_weights": pd.Series({"Z": 1.0})}, DataError, "unknown 'Z'"),
    ],
)
def test_a_bad_argument_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        weight_spread(**{"distribution": make_distribution(), **arguments})


def test_an_indefinite_posterior_is_refused():
    distribution = bl.ReturnDistribution(
        [0.1, 0.1], np.eye(2), [[1.0, 2.0], [2.0, 1.0]], ("A", "B")
    )
    with pytest.raises(DataError, match=r"`mean_covariance` is not positive semi-definite.*-1"):
        weight_spread(distribution)
