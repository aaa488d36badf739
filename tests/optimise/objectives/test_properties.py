"""Laws of the objectives: what must hold whatever the data are."""

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, InfeasibleError
from blportfolio.optimise.feasible import feasible_set
from blportfolio.types import DecisionContext

SEEDS = st.integers(0, 2**32 - 1)


def distribution(rng, size, *, scale=1.0, spread=0.05):
    covariance = random_covariance(rng, size)
    mean = rng.normal(2e-4, 1e-3, size=size)
    mean[rng.integers(size)] = 1e-3
    scenarios = rng.multivariate_normal(mean, covariance, size=60)
    return bl.ReturnDistribution(
        scale * mean,
        scale**2 * covariance,
        spread * scale**2 * covariance,
        [f"A{i}" for i in range(size)],
        scenarios=scale * scenarios,
        periods_per_year=252.0,
    )


def random_constraints(rng, size):
    """Constraints that `inside` is sure to meet, and the portfolio itself."""
    inside = rng.dirichlet(np.ones(size))
    assets = [f"A{i}" for i in range(size)]
    chosen = [a for a in assets if rng.random() < 0.5] or assets[:1]
    total = float(sum(inside[assets.index(a)] for a in chosen))
    previous = rng.dirichlet(np.ones(size))
    moved = 0.5 * float(np.abs(inside - previous).sum())
    parts = {
        "bounds": {
            a: (max(0.0, w - 0.2), min(1.0, w + 0.2)) for a, w in zip(assets, inside, strict=True)
        },
        "groups": {"G": chosen},
        "group_bounds": {"G": (total - 0.05, total + 0.05)},
        "linear": [
            {
                "name": "x",
                "weights": {assets[0]: 1.0, assets[-1]: -0.5},
                "upper": float(inside[0] - 0.5 * inside[-1]) + 0.05,
            }
        ],
        "turnover": moved + 0.02,
    }
    keep = [key for key in ("bounds", "linear", "turnover") if rng.random() < 0.7]
    if rng.random() < 0.7:
        keep += ["groups", "group_bounds"]
    return bl.Constraints(**{key: parts[key] for key in keep}), pd.Series(previous, index=assets)


OBJECTIVES = {
    "max_sharpe": bl.MaxSharpe,
    "min_variance": bl.MinVariance,
    "mean_variance": lambda **k: bl.MeanVariance(5.0, **k),
    "robust": lambda **k: bl.RobustMeanVariance(5.0, **k),
    "cvar": bl.MinCVaR,
    "tracking": bl.MinTrackingError,
    "diversification": bl.MaxDiversification,
    "target_volatility": lambda **k: bl.TargetVolatility(target=0.25, fallback="nearest", **k),
    "target_return": lambda **k: bl.TargetReturn(target=3e-4, fallback="nearest", **k),
}


@pytest.mark.parametrize("name", list(OBJECTIVES))
@given(seed=SEEDS, size=st.integers(2, 10))
@settings(max_examples=12)
def test_constraints_hold_to_1e_9(name, seed, size):
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    constraints, previous = random_constraints(rng, size)
    weights = OBJECTIVES[name](constraints=constraints).solve(known, previous_weights=previous)
    allowed = feasible_set(constraints, previous.to_numpy(), DecisionContext(known.assets))
    assert allowed.violation(weights.to_numpy(), known.covariance) <= 1e-9
    solution = weights.attrs["solution"]
    assert solution["residuals"]["primal"] <= 1e-9
    assert solution["residuals"]["dual"] <= 1e-6


@pytest.mark.parametrize("name", ["max_sharpe", "min_variance", "cvar", "diversification"])
@given(seed=SEEDS, exponent=st.integers(-4, 4))
@settings(max_examples=10)
def test_the_unit_of_returns_does_not_matter(name, seed, exponent):
    size = 6
    constraints, previous = random_constraints(np.random.default_rng(seed), size)
    found = [
        OBJECTIVES[name](constraints=constraints).solve(
            distribution(np.random.default_rng(seed), size, scale=scale),
            previous_weights=previous,
        )
        for scale in (1.0, 10.0**exponent)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


@pytest.mark.parametrize("name", list(OBJECTIVES))
@given(seed=SEEDS)
@settings(max_examples=10)
def test_the_order_of_assets_does_not_matter(name, seed):
    size = 6
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    constraints, previous = random_constraints(rng, size)
    order = rng.permutation(size)
    moved = bl.ReturnDistribution(
        known.mean[order],
        known.covariance[np.ix_(order, order)],
        known.mean_covariance[np.ix_(order, order)],
        [known.assets[i] for i in order],
        scenarios=known.scenarios[:, order],
        periods_per_year=252.0,
    )
    objective = OBJECTIVES[name](constraints=constraints)
    here = objective.solve(known, previous_weights=previous)
    there = objective.solve(moved, previous_weights=previous[list(moved.assets)])
    np.testing.assert_allclose(there[list(known.assets)], here, atol=1e-6)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=25)
def test_a_copy_of_an_asset_with_a_lower_mean_changes_nothing(seed, size):
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    twin = int(rng.integers(size))
    again = np.r_[np.arange(size), twin]
    mean = known.mean[again].copy()
    mean[-1] -= 1e-4
    covariance = known.covariance[np.ix_(again, again)]
    more = bl.ReturnDistribution(mean, covariance, 0 * covariance, [*known.assets, "copy"])
    for objective in (bl.MaxSharpe(), bl.MeanVariance(5.0)):
        with pytest.warns(bl.errors.SingularCovarianceWarning):
            weights = objective.solve(more)
        np.testing.assert_allclose(weights.iloc[:-1], objective.solve(known), atol=1e-5)
        assert weights["copy"] <= 1e-9


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=25)
def test_copies_share_the_weight_of_the_original(seed, size):
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    again = np.tile(np.arange(size), 2)
    covariance = known.covariance[np.ix_(again, again)]
    twins = bl.ReturnDistribution(
        known.mean[again], covariance, 0 * covariance, [f"B{i}" for i in range(2 * size)]
    )
    for objective in (bl.MaxSharpe(), bl.MinVariance(), bl.MeanVariance(5.0)):
        with pytest.warns(bl.errors.SingularCovarianceWarning):
            weights = objective.solve(twins).to_numpy()
        single = objective.solve(known).to_numpy()
        np.testing.assert_allclose(weights.reshape(2, -1), [single / 2] * 2, atol=1e-5)


@given(SEEDS, st.integers(2, 8), st.floats(0.05, 0.95))
@settings(max_examples=25)
def test_target_return_and_target_volatility_agree(seed, size, share):
    known = distribution(np.random.default_rng(seed), size)
    least = float(known.mean @ bl.MinVariance().solve(known))
    target = least + share * (known.mean.max() - least)
    assume(known.mean.max() - least > 1e-6)
    safest = bl.TargetReturn(target=target).solve(known).to_numpy()
    risk = float(np.sqrt(safest @ known.covariance @ safest))
    best = bl.TargetVolatility(target=risk, unit="period").solve(known).to_numpy()
    assert float(known.mean @ best) == pytest.approx(target, rel=1e-8)
    np.testing.assert_allclose(best, safest, atol=1e-6)


@given(SEEDS, st.integers(2, 10))
@settings(max_examples=20)
def test_mean_variance_at_the_frontiers_own_price_of_risk_is_on_the_frontier(seed, size):
    """The least variance for the return that mean-variance reaches is its own variance."""
    known = distribution(np.random.default_rng(seed), size)
    chosen = bl.MeanVariance(8.0).solve(known).to_numpy()
    target = float(known.mean @ chosen)
    safest = bl.TargetReturn(target=target).solve(known).to_numpy()
    variance = chosen @ known.covariance @ chosen
    assert safest @ known.covariance @ safest == pytest.approx(variance, rel=1e-8)


@given(SEEDS, st.integers(2, 10))
@settings(max_examples=20)
def test_the_sharpe_ratio_is_that_of_the_best_point_of_the_frontier(seed, size):
    known = distribution(np.random.default_rng(seed), size)
    best = bl.MaxSharpe().solve(known)
    ratio = best.attrs["solution"]["objective"]
    for target in np.linspace(0.2, 0.99, 6) * known.mean.max():
        other = bl.TargetReturn(target=target).solve(known).to_numpy()
        reached = known.mean @ other / np.sqrt(other @ known.covariance @ other)
        assert reached <= ratio * (1 + 1e-9)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=10)
def test_more_uncertainty_of_the_mean_never_raises_what_robust_optimisation_promises(seed, size):
    values = []
    for spread in (0.0, 0.01, 0.1, 1.0):
        known = distribution(np.random.default_rng(seed), size, spread=spread)
        weights = bl.RobustMeanVariance(5.0).solve(known)
        values.append(weights.attrs["solution"]["objective"])
    assert (np.diff(values) <= 1e-9).all()


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=20)
def test_without_uncertainty_robust_optimisation_is_mean_variance(seed, size):
    known = distribution(np.random.default_rng(seed), size, spread=0.0)
    np.testing.assert_allclose(
        bl.RobustMeanVariance(5.0).solve(known), bl.MeanVariance(5.0).solve(known), atol=1e-12
    )


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_the_worst_case_of_robust_optimisation_is_the_quantile_of_the_posterior(seed, size):
    """κ = Φ⁻¹(95 %): 5 % of the draws of θ give the portfolio less than its promise."""
    known = distribution(np.random.default_rng(seed), size, spread=0.1)
    objective = bl.RobustMeanVariance(5.0)
    weights = objective.solve(known)
    w = weights.to_numpy()
    promise = weights.attrs["solution"]["objective"] + 2.5 * w @ known.covariance @ w
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_normal(known.mean, known.mean_covariance, size=20_000) @ w
    assert np.mean(draws < promise) == pytest.approx(0.05, abs=0.01)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_the_gaussian_cvar_is_that_of_many_draws(seed, size):
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    weights = bl.MinCVaR(level=0.9, scenarios="gaussian").solve(known)
    draws = rng.multivariate_normal(known.mean, known.covariance, size=100_000) @ weights.to_numpy()
    worst = -np.sort(draws)[:10_000].mean()
    assert weights.attrs["solution"]["objective"] == pytest.approx(worst, rel=0.03)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_no_random_portfolio_has_a_lower_cvar(seed, size):
    rng = np.random.default_rng(seed)
    known = distribution(rng, size)
    best = bl.MinCVaR(level=0.8).solve(known).attrs["solution"]["objective"]
    for weights in rng.dirichlet(np.ones(size), size=20):
        losses = np.sort(known.scenarios @ weights)[:12]
        assert -losses.mean() >= best - 1e-12


def test_diversification_of_uncorrelated_assets_is_inverse_volatility():
    deviations = np.array([0.1, 0.2, 0.4])
    known = bl.ReturnDistribution([0.0] * 3, np.diag(deviations**2), np.zeros((3, 3)), "abc")
    weights = bl.MaxDiversification().solve(known)
    np.testing.assert_allclose(weights, (1 / deviations) / (1 / deviations).sum(), atol=1e-12)
    assert weights.attrs["solution"]["objective"] == pytest.approx(np.sqrt(3))


def test_a_benchmark_that_is_allowed_is_held_exactly():
    known = distribution(np.random.default_rng(0), 4)
    benchmark = {"A0": 0.4, "A1": 0.3, "A2": 0.2, "A3": 0.1}
    weights = bl.MinTrackingError(benchmark=benchmark).solve(known)
    np.testing.assert_allclose(weights, [0.4, 0.3, 0.2, 0.1], atol=1e-12)


def test_one_enormous_mean_takes_everything_without_breaking():
    rng = np.random.default_rng(1)
    known = distribution(rng, 5)
    mean = known.mean.copy()
    mean[2] = 1e6
    huge = bl.ReturnDistribution(mean, known.covariance, known.mean_covariance, known.assets)
    for objective in (
        bl.MeanVariance(),
        bl.MeanVariance(costs=bl.Costs(trading_bps=10)),
        bl.MaxSharpe(constraints=bl.Constraints(bounds=(0, 0.6))),
    ):
        weights = objective.solve(huge)
        assert weights.sum() == pytest.approx(1, abs=1e-9)
        assert weights["A2"] > 0.1
    assert bl.MeanVariance().solve(huge)["A2"] == 1.0
    assert bl.MeanVariance(constraints={"bounds": [0, 0.6]}).solve(huge)["A2"] == 0.6


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_bounds_that_cannot_sum_to_one_are_named(name):
    known = distribution(np.random.default_rng(2), 4)
    objective = OBJECTIVES[name](constraints=bl.Constraints(bounds=(0, 0.2)))
    with pytest.raises(InfeasibleError, match="budget") as caught:
        objective.solve(known)
    assert len(caught.value.conflicts) == 2


def test_a_target_per_year_needs_the_periods_in_it():
    known = distribution(np.random.default_rng(3), 3)
    bare = bl.ReturnDistribution(known.mean, known.covariance, known.mean_covariance, known.assets)
    with pytest.raises(ConfigError, match='per period of the data, unit = "period"'):
        bl.TargetVolatility().solve(bare)


@pytest.mark.parametrize("extra", [{}, {"turnover": 0.5}, {"gross_exposure": 1.5}], ids=str)
@pytest.mark.parametrize("cap", [0.0, 1e-12])
def test_an_enormous_mean_that_cannot_be_held_hides_no_missed_target(extra, cap):
    rng = np.random.default_rng(0)
    assets = [f"A{i}" for i in range(6)]
    mean = rng.normal(5e-4, 1e-4, size=6)
    mean[0] = 1e8
    covariance = 1e-4 * np.eye(6)
    known = bl.ReturnDistribution.from_moments(mean, covariance, assets=assets)
    constraints = {"bounds": {"A0": (0, cap)}, **extra}
    previous = pd.Series({"A1": 1.0})
    within = 1e8 * cap + mean[1:].max()
    with pytest.raises(InfeasibleError, match="return at least"):
        bl.TargetReturn(within + 1e-3, constraints=constraints).solve(
            known, previous_weights=previous
        )
    target = 1e8 * cap + 4e-4
    weights = bl.TargetReturn(target, constraints=constraints).solve(
        known, previous_weights=previous
    )
    assert weights @ known.mean >= target * (1 - 1e-9)
