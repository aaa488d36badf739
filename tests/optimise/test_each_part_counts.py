"""Each part of a limit, a cost or a goal changes the answer by as much as it should."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from scipy.stats import chi2

import blportfolio as bl
from blportfolio.errors import BLPortfolioWarning
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.types import DecisionContext

ABC = DecisionContext(("a", "b", "c"))
MEAN, VARIANCES = np.array([3e-4, 5e-4, 8e-4]), np.array([1e-4, 2e-4, 4e-4])
HELD = np.array([0.5, 0.3, 0.2])


def allowed(previous=None, **parts):
    return feasible_set(bl.Constraints(**parts), previous, ABC)


def distribution(mean=MEAN, covariance=None, uncertainty=0.01):
    matrix = np.diag(VARIANCES) if covariance is None else covariance
    return bl.ReturnDistribution(mean, matrix, uncertainty * matrix, ABC.assets)


BREACHES = {
    "lower": ({"bounds": (0.35, 1)}, 0.15),
    "upper": ({"bounds": (0, 0.4)}, 0.1),
    "budget too small": ({"budget": 1.2}, 0.2),
    "budget too large": ({"budget": 0.9}, 0.1),
    "cash": ({"cash": (0.05, 0.5)}, 0.05),
    "too much cash": ({"cash": (-1.0, -0.25)}, 0.25),
    "gross": ({"gross_exposure": 0.7}, 0.3),
    "row lower": ({"groups": {"g": ["b", "c"]}, "group_bounds": {"g": (0.75, 1)}}, 0.25),
    "row upper": ({"groups": {"g": ["b", "c"]}, "group_bounds": {"g": (0, 0.4)}}, 0.1),
    "number": ({"max_assets": 1}, 0.5),
    "size": ({"min_weight": 0.25}, 0.05),
    "tracking": ({"tracking_error": 5e-3 * math.sqrt(1.5), "benchmark": {"a": 1.0}}, None),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_limit_is_broken_by_as_much_as_it_is(name):
    parts, excess = BREACHES[name]
    covariance = 1e-4 * np.eye(3)
    if excess is None:  # in units of the limit: |w − b|² is 0.38
        excess = math.sqrt(0.38e-4) / parts["tracking_error"] - 1
    assert allowed(**parts).violation(HELD, covariance) == pytest.approx(excess)


@pytest.mark.parametrize(
    ("parts", "excess"),
    [({"turnover": 0.1}, 0.2), ({"trade_bounds": 0.1}, 0.2), ({"trade_bounds": {"c": 0.1}}, 0.1)],
)
def test_a_limit_on_trades_is_broken_by_as_much_as_it_is(parts, excess):
    before = np.array([0.8, 0.2, 0.0])
    assert allowed(before, **parts).violation(HELD, np.eye(3)) == pytest.approx(excess)


def test_an_equal_benchmark_sums_to_one():
    np.testing.assert_array_equal(allowed(benchmark="equal_weight").benchmark, 1 / 3)


@pytest.mark.parametrize(
    "make",
    [bl.MeanVariance, bl.MaxSharpe, lambda **k: bl.TargetVolatility(0.5, unit="period", **k)],
)
def test_gross_exposure_limits_what_a_long_portfolio_invests(make):
    limits = bl.Constraints(cash=(0, 1), gross_exposure=0.6)
    weights = make(constraints=limits).solve(distribution())
    assert weights.sum() == pytest.approx(0.6, abs=1e-9)


def test_of_portfolios_with_the_same_ratio_the_largest_is_held():
    limits = bl.Constraints(
        cash=(0, 1), groups={"g": ["a", "b"]}, group_bounds={"g": (0, 0.9)},
        linear=[bl.LinearConstraint("c at most b", {"c": 1, "b": -1}, upper=0)],
    )  # fmt: skip
    weights = bl.MaxSharpe(constraints=limits).solve(distribution())
    assert weights.sum() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("aversion", [1.0, 4.0, 20.0])
def test_a_limit_on_volatility_that_does_not_bind_changes_nothing(aversion):
    goal = Goal(np.diag(VARIANCES), MEAN, aversion, max_volatility=1.0)
    free = bl.MeanVariance(aversion).solve(distribution())
    np.testing.assert_allclose(optimise(goal, allowed()).weights, free, atol=1e-12)


def test_a_least_return_is_reached_from_the_benchmark_and_not_from_nothing():
    rng = np.random.default_rng(3)
    covariance, benchmark, wanted = random_covariance(rng, 3), np.array([0.2, 0.9, -0.3]), 9e-4
    goal = Goal(covariance, MEAN, 2.0, centre=benchmark, min_return=wanted)
    rows = np.array([np.ones(3), MEAN])
    system = np.block([[covariance, rows.T], [rows, np.zeros((2, 2))]])
    right = np.concatenate([covariance @ benchmark, [1.0, wanted]])
    direct = np.linalg.solve(system, right)[:3]
    found = optimise(goal, allowed(bounds=(None, None)))
    np.testing.assert_allclose(found.weights, direct, rtol=1e-8)


def test_a_benchmark_counts_beside_a_limit_on_volatility():
    goal = Goal(np.diag(VARIANCES), MEAN, 4.0, centre=np.array([0.2, 0.2, 0.6]))
    free = optimise(goal, allowed()).weights
    limited = optimise(replace(goal, max_volatility=1.0), allowed()).weights
    np.testing.assert_allclose(limited, free, atol=1e-8)
    without = optimise(replace(goal, centre=None), allowed()).weights
    assert np.abs(without - free).max() > 0.05


def test_the_nearest_to_a_volatility_out_of_reach_is_minimum_variance():
    out = bl.TargetVolatility(1e-4, unit="period", fallback="nearest").solve(distribution())
    np.testing.assert_allclose(out, bl.MinVariance().solve(distribution()), atol=1e-9)


def test_the_nearest_to_a_return_out_of_reach_has_the_largest_one():
    out = bl.TargetReturn(1.0, fallback="nearest").solve(distribution())
    np.testing.assert_allclose(out, [0, 0, 1], atol=1e-12)


def test_a_target_in_reach_of_endless_bounds_is_met_although_returns_have_no_limit():
    free = bl.Constraints(bounds=(None, None))
    out = bl.TargetReturn(2e-3, fallback="nearest", constraints=free).solve(distribution())
    assert out.attrs["solution"]["status"] == "optimal"
    assert out @ MEAN == pytest.approx(2e-3)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.99])
def test_a_joint_region_has_the_radius_of_its_chi_square_quantile(confidence):
    objective = bl.RobustMeanVariance(confidence=confidence, region="joint")
    assert objective.kappa(7) ** 2 == pytest.approx(chi2.ppf(confidence, 7), rel=1e-9)


def test_a_fallback_obeys_the_limits_on_trades():
    before = pd.Series({"a": 0.1, "b": 0.1, "c": 0.8})
    limited = bl.MaxSharpe(constraints=bl.Constraints(turnover=0.1))
    weights = limited.solve(distribution(-MEAN), previous_weights=before)
    assert weights.attrs["solution"]["fallback"] == "min_variance"
    assert (weights - before).abs().sum() / 2 == pytest.approx(0.1, abs=1e-9)


def test_previous_weights_that_are_not_allowed_are_no_fallback():
    limited = bl.MaxSharpe(fallback="previous", constraints=bl.Constraints(bounds=(0, 0.5)))
    for before, held in (((0.5, 0.3, 0.2), "previous"), ((0.7, 0.2, 0.1), "min_variance")):
        weights = limited.solve(
            distribution(-MEAN), previous_weights=pd.Series(before, index=list(ABC.assets))
        )
        assert weights.attrs["solution"]["fallback"] == held
        assert weights.max() <= 0.5 + 1e-12


@pytest.mark.parametrize("row", [False, True])
def test_no_more_is_bought_or_sold_than_a_trade_bound_allows(row):
    limits = {"trade_bounds": 0.04}
    if row:  # a row that binds never, for the general engine
        limits |= {"groups": {"g": ["a", "b"]}, "group_bounds": {"g": (0, 0.99)}}
    before = pd.Series({"a": 0.6, "b": 0.3, "c": 0.1})
    weights = bl.MeanVariance(0.1, constraints=limits).solve(
        distribution(), previous_weights=before
    )
    np.testing.assert_allclose(weights - before, [-0.04, 0, 0.04], atol=1e-9)


def test_what_is_not_worth_trading_is_not_traded_to_the_last_digit():
    before = pd.Series({"a": 0.123456789, "b": 0.301010101, "c": 0.575533110})
    limits = bl.Constraints(groups={"g": ["a", "b"]}, group_bounds={"g": (0, 0.9)})
    costly = bl.MeanVariance(costs=bl.Costs(trading_bps=500), constraints=limits)
    weights = costly.solve(distribution(), previous_weights=before)
    np.testing.assert_array_equal(weights, before)


@pytest.mark.parametrize("aversion", [1.0, 8.0])
def test_risk_aversion_weighs_variance_against_costs(aversion):
    before = pd.Series({"a": 0.1, "b": 0.2, "c": 0.7})
    costs = bl.Costs(trading_bps=1.0)
    nothing = distribution(0 * MEAN)
    utility = bl.MeanVariance(aversion, costs=costs).solve(nothing, previous_weights=before)
    tracking = bl.MinTrackingError({"a": 0.5, "b": 0.5}, risk_aversion=aversion, costs=costs)
    near = tracking.solve(nothing, previous_weights=before)
    least = bl.MinVariance(aversion, costs=costs).solve(nothing, previous_weights=before)
    np.testing.assert_allclose(least, utility, atol=1e-8)
    assert np.abs(least - before).max() > 1e-3
    matrix = np.diag(VARIANCES)

    def price(weights):
        gap = weights - np.array([0.5, 0.5, 0.0])
        return aversion / 2 * gap @ matrix @ gap + 1e-4 * np.abs(weights - before).sum()

    for other in np.eye(3):
        assert price(0.99 * near.to_numpy() + 0.01 * other) >= price(near.to_numpy()) - 1e-14


def test_every_draw_of_a_known_mean_counts_as_a_fallback():
    with pytest.warns(BLPortfolioWarning, match="no spread"):
        spread = bl.weight_spread(distribution(-MEAN, uncertainty=0.0), n_draws=30)
    assert spread.attrs["spread"]["n_fallback"] == 30


def test_a_cap_of_volatility_and_a_tracking_error_that_leave_a_little_are_no_conflict():
    """Between being calm and being near the benchmark there is one way through, off the middle."""
    from blportfolio.optimise.conflicts.search import ConflictSearch

    rng = np.random.default_rng(4)
    covariance = random_covariance(rng, 3)
    for share in (0.1, 0.35, 0.8):
        calm = np.linalg.solve(covariance, np.ones(3))
        calm /= calm.sum()
        benchmark = np.array([-1.0, 0.5, 1.5])
        between = share * calm + (1 - share) * benchmark
        gap = between - benchmark
        free = bl.Constraints(
            bounds=(None, None),
            tracking_error=math.sqrt(gap @ covariance @ gap) * (1 + 1e-4),
            benchmark=dict(zip(ABC.assets, benchmark, strict=True)),
        )
        most = math.sqrt(between @ covariance @ between)
        for factor, is_met in ((1 + 1e-4, True), (0.99, False)):
            goal = Goal(covariance, np.zeros(3), max_volatility=most * factor)
            search = ConflictSearch(goal, feasible_set(free, None, ABC))
            assert (search.conflict_within(search.everything) is None) is is_met
