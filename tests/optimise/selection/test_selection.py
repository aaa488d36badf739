"""Limits on the number and size of positions, against brute force over every selection."""

import itertools
import math
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, InfeasibleError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.dispatch import optimise, optimise_convex
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.general.mixed_integer import allowed_selections
from blportfolio.optimise.general.solver import solve_programme
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.held_subset import held_problem
from blportfolio.optimise.selection.slopes import reduced_slopes
from blportfolio.types import DecisionContext

SEEDS = st.integers(0, 2**32 - 1)


def make_context(size):
    return DecisionContext(tuple(f"A{i}" for i in range(size)))


def make_set(size, previous=None, **constraints):
    return feasible_set(Constraints(**constraints), previous, make_context(size))


def make_moments(seed, size):
    rng = np.random.default_rng(seed)
    market = rng.uniform(0.5, 1.5, size=size)
    covariance = 1e-4 * np.outer(market, market) + random_covariance(rng, size, scale=5e-5)
    mean = rng.normal(3e-4, 4e-4, size=size)
    mean[rng.integers(size)] = 6e-4
    return mean, covariance


def best_by_brute_force(goal, allowed):
    """The least score of all selections, each solved as a convex problem with fixed zeros."""
    size, best = len(allowed.assets), math.inf
    low, high = allowed.box()
    sides = [
        [0.0, *([1.0] if high[i] > 0 else []), *([-1.0] if low[i] < 0 else [])] for i in range(size)
    ]
    if not allowed.min_weight:
        sides = [[0.0, 1.0]] * size
    for signs in itertools.product(*sides):
        held = np.array(signs)
        if not 0 < np.count_nonzero(held) <= allowed.max_assets:
            continue
        if not allowed.min_weight and np.count_nonzero(held) < allowed.max_assets:
            continue
        lower, upper = np.where(held, allowed.lower, 0.0), np.where(held, allowed.upper, 0.0)
        if allowed.min_weight:
            lower = np.where(held > 0, np.maximum(lower, allowed.min_weight), lower)
            upper = np.where(held < 0, np.minimum(upper, -allowed.min_weight), upper)
        if (lower > upper).any():
            continue
        fixed = replace(allowed, lower=lower, upper=upper, max_assets=size, min_weight=0.0)
        try:
            if fixed.is_box:
                weights = optimise_convex(goal, fixed).weights
            else:
                weights = solve_programme(goal, fixed, explains=False).weights
        except InfeasibleError:
            continue
        value = goal.value(weights)
        best = min(best, -value if goal.is_ratio else value)
    return best


def score(goal, weights):
    return -goal.value(weights) if goal.is_ratio else goal.value(weights)


GOALS = {
    "variance": {"risk_aversion": 1.0},
    "utility": {"risk_aversion": 5.0, "with_mean": True},
    "ratio": {"is_ratio": True, "with_mean": True},
}


def make_goal(kind, seed, size):
    mean, covariance = make_moments(seed, size)
    settings_ = dict(GOALS[kind])
    given_mean = mean if settings_.pop("with_mean", False) else None
    return Goal(covariance, mean=given_mean, **settings_)


@pytest.mark.parametrize("kind", GOALS)
@given(SEEDS, st.integers(2, 7), st.data())
@settings(max_examples=12)
def test_few_assets_are_within_one_percent_of_brute_force(kind, seed, size, data):
    most = data.draw(st.integers(1, size))
    goal = make_goal(kind, seed, size)
    allowed = make_set(size, max_assets=most)
    solution = optimise(goal, allowed)
    best = best_by_brute_force(goal, allowed)
    assert np.count_nonzero(solution.weights) <= most
    assert solution.primal <= 1e-9
    assert score(goal, solution.weights) >= best - 1e-9 * abs(best)
    assert score(goal, solution.weights) <= best + 0.01 * abs(best)


@given(SEEDS, st.integers(3, 4), st.floats(0.05, 0.3))
@settings(max_examples=5)
def test_least_sizes_hold_long_and_short_and_are_close_to_brute_force(seed, size, least):
    goal = make_goal("utility", seed, size)
    allowed = make_set(size, bounds=(-0.5, 1), gross_exposure=1.6, min_weight=least, max_assets=3)
    solution = optimise(goal, allowed)
    held = np.abs(solution.weights[solution.weights != 0])
    assert held.min() >= least - 1e-9
    assert len(held) <= 3
    assert solution.primal <= 1e-9
    best = best_by_brute_force(goal, allowed)
    assert score(goal, solution.weights) <= best + 0.03 * abs(best)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=15)
def test_an_optimum_that_obeys_the_limits_is_kept_and_called_optimal(seed, size):
    goal = make_goal("utility", seed, size)
    free = optimise(goal, make_set(size))
    held = np.abs(free.weights[free.weights != 0])
    allowed = make_set(size, max_assets=len(held), min_weight=float(held.min()) * 0.999)
    solution = optimise(goal, allowed)
    assert solution.status == "optimal"
    np.testing.assert_array_equal(solution.weights, free.weights)


@given(SEEDS)
@settings(max_examples=10)
def test_the_same_problem_gives_the_same_weights(seed):
    goal, allowed = make_goal("ratio", seed, 9), make_set(9, max_assets=3)
    first = optimise(goal, allowed)
    optimise(make_goal("ratio", seed + 1, 9), allowed)
    np.testing.assert_array_equal(first.weights, optimise(goal, allowed).weights)
    assert first.status in ("optimal", "heuristic")


def test_an_asset_that_must_be_held_is_among_the_few():
    goal = make_goal("variance", 5, 8)
    worst = int(np.argmax(np.diagonal(goal.covariance)))
    allowed = make_set(8, bounds={f"A{worst}": (0.1, 1)}, max_assets=2)
    weights = optimise(goal, allowed).weights
    assert weights[worst] >= 0.1 - 1e-9
    assert np.count_nonzero(weights) == 2


def test_a_group_that_the_largest_positions_leave_out_is_still_served():
    """The unlimited optimum hardly holds the group, so that dropping small positions breaks it."""
    covariance = np.diag([1.0, 1.0, 1.0, 9.0, 9.0, 9.0]) * 1e-4
    allowed = make_set(
        6,
        bounds=(0, 0.5),
        groups={"late": ["A3", "A4", "A5"], "early": ["A0", "A1", "A2"]},
        group_bounds={"late": (0.4, None), "early": (0.45, None)},
        max_assets=2,
    )
    solution = optimise(Goal(covariance, risk_aversion=1.0), allowed)
    assert np.count_nonzero(solution.weights[:3]) == np.count_nonzero(solution.weights[3:]) == 1
    assert solution.primal <= 1e-9


def test_a_selection_that_swaps_do_not_reach_is_found_by_a_mixed_integer_programme():
    """Only A0 with A5 meets the row, and each alone is the worst of all."""
    allowed = make_set(
        6,
        linear=[
            {"name": "pair", "weights": {"A0": 1, "A5": -1}, "lower": 0, "upper": 0},
            {"name": "floor", "weights": {"A0": 1, "A5": 1}, "lower": 0.9},
        ],
        max_assets=2,
    )
    goal = Goal(np.diag([50.0, 1, 1, 1, 1, 50.0]) * 1e-4, risk_aversion=1.0)
    np.testing.assert_allclose(optimise(goal, allowed).weights, [0.5, 0, 0, 0, 0, 0.5], atol=1e-9)
    signs = next(allowed_selections(goal, allowed, np.zeros(6)))
    np.testing.assert_array_equal(signs, [1, 0, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("constraints", "gives"),
    [
        ({"bounds": (0, 0.2), "max_assets": 3}, {"at most 3 assets held": 2.0}),
        ({"bounds": (0, 0.3), "min_weight": 0.4}, {"weights of at least 0.4 where held": 0.15}),
        (
            {"bounds": (0, 0.4), "max_assets": 2, "min_weight": 0.35},
            {"at most 2 assets held": None, "weights of at least 0.35 where held": None},
        ),
        (
            {"bounds": (0, 0.4), "max_assets": 3, "min_weight": 0.35},
            {"at most 3 assets held": None, "weights of at least 0.35 where held": 0.35 - 1 / 3},
        ),
    ],
)
def test_limits_on_positions_that_cannot_be_met_say_how_far_they_must_give(constraints, gives):
    with pytest.raises(InfeasibleError, match="limits on positions") as caught:
        optimise(make_goal("variance", 1, 8), make_set(8, **constraints))
    found = {conflict.name: conflict.must_give for conflict in caught.value.conflicts}
    assert found == pytest.approx(gives, abs=1e-5)


def test_constraints_that_conflict_without_the_limit_on_positions_are_named_as_such():
    with pytest.raises(InfeasibleError, match="upper bounds of 8 assets"):
        optimise(make_goal("variance", 1, 8), make_set(8, bounds=(0, 0.1), max_assets=3))


@given(SEEDS, st.booleans())
@settings(max_examples=15)
def test_leaving_assets_out_is_fixing_them_at_zero(seed, with_costs):
    """Turnover, costs and limits count the sale of what is left out."""
    rng = np.random.default_rng(seed)
    goal = make_goal("utility", seed, 6)
    previous = rng.dirichlet(np.ones(6))
    if with_costs:
        costs = Costs(trading_bps=2.0, impact_bps=5.0, holding_bps=0.1)
        goal = replace(goal, costs=costs.arrays(previous, make_context(6)))
    allowed = make_set(
        6,
        previous,
        bounds=(-0.3, 1),
        turnover=0.8,
        gross_exposure=1.5,
        groups={"G": ["A0", "A1", "A2"]},
        group_bounds={"G": (0.2, 0.7)},
        max_assets=4,
    )
    signs = np.array([1.0, 1, 0, 1, 0, 1])
    aim, narrowed, about = held_problem(goal, allowed, signs, 0.0)
    assert len(narrowed.assets) == 4
    weights = np.zeros(6)
    weights[about] = optimise_convex(aim, narrowed).weights
    fixed = replace(
        allowed,
        lower=np.where(signs, allowed.lower, 0),
        upper=np.where(signs, allowed.upper, 0),
        max_assets=6,
    )
    np.testing.assert_allclose(weights, optimise_convex(goal, fixed).weights, atol=1e-6)


def test_turnover_and_costs_are_kept_with_few_assets():
    goal = make_goal("utility", 3, 8)
    previous = np.array([0.4, 0.3, 0.3, 0, 0, 0, 0, 0])
    costs = Costs(trading_bps=3.0).arrays(previous, make_context(8))
    allowed = make_set(8, previous, turnover=0.3, max_assets=3)
    solution = optimise(replace(goal, costs=costs), allowed)
    assert np.abs(solution.weights - previous).sum() / 2 <= 0.3 + 1e-9
    assert np.count_nonzero(solution.weights) <= 3


@given(SEEDS, st.integers(2, 10), st.sampled_from(sorted(GOALS)))
@settings(max_examples=20)
def test_no_held_asset_has_a_reduced_slope_at_the_optimum(seed, size, kind):
    goal, allowed = make_goal(kind, seed, size), make_set(size)
    weights = optimise_convex(goal, allowed).weights
    slopes = reduced_slopes(goal, allowed, weights)
    scale = np.abs(goal.covariance).max() if kind == "variance" else np.abs(slopes).max() + 1e-4
    assert np.abs(slopes[weights > 1e-6]).max() <= 1e-5 * max(scale, 1e-4)
    assert slopes.min() >= -1e-5 * max(scale, 1e-4)


def test_a_linear_goal_is_proven_by_highs():
    mean, covariance = make_moments(2, 5)
    goal = Goal(covariance, mean=mean)
    allowed = make_set(5, bounds=(0, 0.4), max_assets=3, min_weight=0.25, selection="mip")
    solution = optimise(goal, allowed)
    assert solution.status == "optimal"
    assert solution.solver.startswith("HIGHS")
    assert score(goal, solution.weights) == pytest.approx(
        best_by_brute_force(goal, allowed), rel=1e-7
    )


def test_the_tail_of_few_assets_is_proven_by_highs(capfd):
    rng = np.random.default_rng(4)
    goal = Goal(np.eye(5) * 1e-4, scenarios=0.01 * rng.standard_t(4, size=(60, 5)), level=0.9)
    allowed = make_set(5, max_assets=2, selection="mip")
    solution = optimise(goal, allowed)
    assert solution.status == "optimal"
    assert goal.value(solution.weights) == pytest.approx(
        best_by_brute_force(goal, allowed), rel=1e-7
    )
    by_swaps = optimise(goal, replace(allowed, selection="heuristic"))
    assert goal.value(by_swaps.weights) <= 1.02 * goal.value(solution.weights)
    assert capfd.readouterr() == ("", "")


def test_a_mixed_integer_programme_without_a_solver_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cp, "installed_solvers", lambda: ["CLARABEL", "HIGHS"])
    allowed = make_set(8, max_assets=2, selection="mip")
    with pytest.raises(ConfigError, match=r"`selection`.*blportfolio\[mip\]"):
        optimise(make_goal("variance", 1, 8), allowed)


@pytest.mark.parametrize("kind", GOALS)
@pytest.mark.parametrize("seed", range(3))
def test_scip_finds_what_brute_force_finds(kind, seed):
    pytest.importorskip("pyscipopt")
    goal = make_goal(kind, seed, 6)
    allowed = make_set(6, max_assets=2, min_weight=0.1, selection="mip")
    solution = optimise(goal, allowed)
    assert solution.status == "optimal"
    best = best_by_brute_force(goal, allowed)
    assert score(goal, solution.weights) == pytest.approx(best, rel=1e-6)


def test_scip_says_what_limits_on_positions_would_have_to_give():
    pytest.importorskip("pyscipopt")
    allowed = make_set(8, bounds=(0, 0.2), max_assets=3, selection="mip")
    with pytest.raises(InfeasibleError, match=r"at most 3 assets held .would have to give 2"):
        optimise(make_goal("variance", 1, 8), allowed)
