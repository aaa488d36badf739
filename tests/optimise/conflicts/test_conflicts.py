"""Conflicting constraints, against sets made infeasible by construction and linear programming."""

import math
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from blportfolio.errors import InfeasibleError, SolverError
from blportfolio.optimise.conflicts.explain import explain, loosen
from blportfolio.optimise.conflicts.search import ConflictSearch
from blportfolio.optimise.conflicts.single_limits import restricted
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.types import DecisionContext

SEEDS = st.integers(0, 2**32 - 1)


def make_set(size, previous=None, **constraints):
    context = DecisionContext(tuple(f"A{i}" for i in range(size)))
    held = None if previous is None else np.array(previous, dtype=float)
    return feasible_set(Constraints(**constraints), held, context)


def make_goal(size, mean=None, seed=0, costs=None, previous=None, **limits):
    context = DecisionContext(tuple(f"A{i}" for i in range(size)))
    charged = None
    if costs is not None:
        charged = Costs(**costs).arrays(np.array(previous, dtype=float), context)
    covariance = random_covariance(np.random.default_rng(seed), size)
    mean = None if mean is None else np.array(mean, dtype=float)
    return Goal(covariance, mean=mean, costs=charged, **limits)


def can_be_met(goal, allowed, slack=2e-9):
    """Whether a portfolio exists: linear limits by scipy, curved ones or costs by cvxpy."""
    curved = math.isfinite(allowed.tracking_error) or goal.max_volatility is not None
    if curved or goal.costs is not None:
        return least_excess(goal, allowed) <= 1e-6
    size = len(allowed.assets)
    # w = p + b − s with purchases b and sales s; w = l − h with long l and short h
    eye, zero = np.eye(size), np.zeros((size, size))
    before = np.zeros(size) if allowed.previous is None else allowed.previous
    ones, none = np.ones(size), np.zeros(size)
    above = [(np.r_[none, ones, ones, none, none], 2 * allowed.turnover)]
    above += [(np.r_[none, none, none, ones, ones], allowed.gross)]
    wide = lambda row: np.r_[row, np.zeros(4 * size)]  # noqa: E731
    above += [(wide(ones), allowed.budget_upper), (wide(-ones), -allowed.budget_lower)]
    for row, least, most in zip(allowed.rows, allowed.row_lower, allowed.row_upper, strict=True):
        above += [(wide(row), most), (wide(-row), -least)]
    if goal.min_return is not None:
        size_of = np.abs(goal.mean).max()
        above.append((wide(-goal.mean / size_of), -goal.min_return / size_of))
    low, high = allowed.box()
    bounds = [(a - slack, b + slack) for a, b in zip(low, high, strict=True)]
    above = [(row, most + slack) for row, most in above if math.isfinite(most)]
    found = linprog(
        np.zeros(5 * size),
        A_ub=np.array([row for row, _ in above]) if above else None,
        b_ub=[most for _, most in above] if above else None,
        A_eq=np.block([[eye, -eye, eye, zero, zero], [eye, zero, zero, -eye, eye]]),
        b_eq=np.r_[before, none],
        bounds=bounds + [(0, None)] * (4 * size),
        options={"primal_feasibility_tolerance": 1e-10},
    )
    assert found.status in (0, 2)
    return found.status == 0


def least_excess(goal, allowed):
    """The least common relative excess over all limits."""
    w, excess = cp.Variable(len(allowed.assets)), cp.Variable(nonneg=True)
    factor = np.linalg.cholesky(goal.covariance).T
    low, high = allowed.box()
    limits = []
    for part, sign in ((low, -1), (high, 1)):
        finite = np.isfinite(part)
        if finite.any():
            limits.append(sign * w[finite] <= sign * part[finite] + excess)
    for value, sign in ((allowed.budget_lower, -1), (allowed.budget_upper, 1)):
        if math.isfinite(value):
            limits.append(sign * cp.sum(w) <= sign * value + excess)
    for row, least, most in zip(allowed.rows, allowed.row_lower, allowed.row_upper, strict=True):
        if math.isfinite(most):
            limits.append(row @ w <= most + excess)
        if math.isfinite(least):
            limits.append(row @ w >= least - excess)
    if math.isfinite(allowed.turnover):
        limits.append(cp.norm1(w - allowed.previous) <= 2 * allowed.turnover + excess)
    if math.isfinite(allowed.gross):
        limits.append(cp.norm1(w) <= allowed.gross + excess)
    for most, centre in (
        (goal.max_volatility, 0.0),
        (allowed.tracking_error, allowed.benchmark),
    ):
        if most is not None and math.isfinite(most):
            limits.append(cp.norm(factor / most @ (w - centre)) <= 1 + excess)
    if goal.min_return is not None:
        size = np.abs(goal.mean).max()
        net = goal.mean / size @ w
        if goal.costs is not None:
            costs = goal.costs
            trade = cp.abs(w - costs.previous)
            net -= costs.trading / size @ trade + costs.impact / size @ trade**2
            net -= costs.holding / size @ cp.abs(w) + costs.borrow / size @ cp.neg(w)
        limits.append(net >= goal.min_return / size - excess)
    problem = cp.Problem(cp.Minimize(excess), limits)
    problem.solve(solver=cp.CLARABEL)
    return problem.value


def names_of(error):
    return {conflict.name for conflict in error.conflicts}


def assert_smallest(goal, allowed, *, check_gives=True):
    """Check that the set conflicts, that no member can go, and what each must give."""
    search = ConflictSearch(goal, allowed)
    core = search.smallest()
    every = [search.limits[number] for number in core]
    assert not can_be_met(*restricted(goal, allowed, every))
    for number in core:
        others = [search.limits[other] for other in core if other != number]
        assert can_be_met(*restricted(goal, allowed, others))
    if not check_gives:
        return
    for number in core:
        give = search.must_give((number,), search.everything)
        others = [search.limits[other] for other in search.everything if other != number]
        limit = search.limits[number]
        if give is None:
            assert not can_be_met(*restricted(goal, allowed, others))
            continue
        enough = limit.widened((give + 1e-8 * limit.scale) / limit.scale)
        assert can_be_met(*restricted(goal, allowed, [*others, *enough]))
        short = limit.widened(0.9 * give / limit.scale)
        assert not can_be_met(*restricted(goal, allowed, [*others, *short]))


@given(st.integers(2, 40), st.floats(0.1, 0.95))
@settings(max_examples=15)
def test_caps_below_the_budget_are_one_member(size, total):
    error = explain(make_goal(size), make_set(size, bounds=(0, total / size)))
    assert isinstance(error, InfeasibleError)
    assert len(error.conflicts) == 2
    gives = {conflict.name.split(":")[0]: conflict.must_give for conflict in error.conflicts}
    assert gives["budget"] == pytest.approx(1 - total, abs=1e-8)
    who = ", ".join(f"A{i}" for i in range(size)) if size <= 3 else f"{size} assets"
    caps = gives[next(name for name in gives if name.startswith(f"upper bounds of {who} (at"))]
    assert caps == pytest.approx((1 - total) / size, abs=1e-8)


def test_bounds_that_were_set_one_by_one_are_members_one_by_one():
    bounds = {"A0": (0, 0.3), "A1": (0, 0.3), "A2": (0, 0.2)}
    error = explain(make_goal(3), make_set(3, bounds=bounds))
    assert names_of(error) == {
        "bounds: A0 at most 0.3",
        "bounds: A1 at most 0.3",
        "bounds: A2 at most 0.2",
        "budget: weights sum to 1",
    }
    for conflict in error.conflicts:
        assert conflict.must_give == pytest.approx(0.2, abs=1e-8)


def test_the_message_is_one_line_that_says_how_far_each_must_give():
    error = explain(make_goal(20), make_set(20, bounds=(0, 0.04)))
    assert str(error) == (
        "No portfolio meets these constraints together: upper bounds of 20 assets (at most 0.04 "
        "each, 0.8 together) (would have to give 0.01 each); budget: weights sum to 1 (would have "
        "to give 0.2). Widen one of them."
    )


@given(SEEDS, st.integers(3, 12))
@settings(max_examples=15)
def test_random_contradicting_bounds_and_groups_give_a_smallest_set(seed, size):
    rng = np.random.default_rng(seed)
    names = [f"A{i}" for i in range(size)]
    caps = rng.uniform(0.1, 0.6, size=size).round(3)
    first, second = (rng.choice(names, size=rng.integers(2, size + 1), replace=False) for _ in "ab")
    floor = float(rng.uniform(0.4, 0.9))
    allowed = make_set(
        size,
        bounds={name: (0, float(cap)) for name, cap in zip(names, caps, strict=True)},
        groups={"first": list(first), "second": list(second)},
        group_bounds={"first": (floor, None), "second": (None, float(rng.uniform(0, 0.4)))},
        linear=[{"name": "tilt", "weights": {"A0": 1.0, "A1": -2.0}, "lower": 0.3}],
    )
    goal = make_goal(size)
    if ConflictSearch(goal, allowed).smallest() is None:
        assert can_be_met(goal, allowed)
    else:
        assert_smallest(goal, allowed)


def test_an_overlapping_group_floor_and_cap_are_named_with_the_bounds_between_them():
    allowed = make_set(
        4,
        bounds={"A0": (0, 0.3), "*": (0, 1)},
        groups={"Tech": ["A0", "A1"], "US": ["A1", "A2"]},
        group_bounds={"Tech": (0.6, None), "US": (None, 0.2)},
    )
    error = explain(make_goal(4), allowed)
    assert names_of(error) == {
        "bounds: A0 at most 0.3",
        "bounds: A2 at least 0",
        "group Tech at least 0.6",
        "group US at most 0.2",
    }
    for conflict in error.conflicts:
        assert conflict.must_give == pytest.approx(0.1, abs=1e-9)


@given(SEEDS, st.integers(2, 10))
@settings(max_examples=15)
def test_turnover_against_bounds_gives_the_least_turnover(seed, size):
    rng = np.random.default_rng(seed)
    previous = np.zeros(size)
    previous[0] = 1.0
    cap = float(rng.uniform(1 / size + 0.01, 0.9)) if size > 2 else 0.6
    needed = 1 - cap
    goal = make_goal(size)
    allowed = make_set(size, previous, bounds=(0, cap), turnover=needed / 3)
    error = explain(goal, allowed)
    assert names_of(error) == {
        f"bounds: A0 at most {cap:.6g}",
        f"turnover at most {needed / 3:.6g}",
    }
    for conflict in error.conflicts:
        assert conflict.must_give == pytest.approx(2 * needed / 3, abs=1e-8)
    assert_smallest(goal, allowed)


def test_a_trade_bound_is_named_with_what_is_held():
    allowed = make_set(3, [1, 0, 0], bounds=(0, 0.5), trade_bounds={"A0": 0.02})
    error = explain(make_goal(3), allowed)
    assert names_of(error) == {"bounds: A0 at most 0.5", "trade of A0 at most 0.02 (held 1)"}


def test_a_gross_exposure_below_the_budget_is_named():
    error = explain(make_goal(3), make_set(3, bounds=(-1, 1), gross_exposure=0.9))
    assert names_of(error) == {"budget: weights sum to 1", "gross exposure at most 0.9"}


def test_more_limits_than_assets_are_named():
    rows = [{"name": f"row {i}", "weights": {"A0": 1.0}, "upper": 0.5 - i / 10} for i in range(4)]
    error = explain(make_goal(1), make_set(1, linear=rows))
    assert len(error.conflicts) == 2
    assert any(name.startswith("row ") for name in names_of(error))


def test_bounds_of_cash_are_named_as_cash():
    error = explain(make_goal(3), make_set(3, bounds={"A0": (0.8, 1)}, cash=(0.3, 1)))
    assert names_of(error) == {
        "bounds: A0 at least 0.8",
        "no short positions in A1, A2",
        "cash at least 0.3",
    }
    error = explain(make_goal(2), make_set(2, bounds=(0, 0.3), cash=(0, 0.2)))
    gives = {conflict.name: conflict.must_give for conflict in error.conflicts}
    assert gives["cash at most 0.2"] == pytest.approx(0.2)


@given(SEEDS, st.integers(1, 12), st.floats(1e-6, 1e3))
@settings(max_examples=15)
def test_an_unreachable_return_is_named_in_its_own_unit(seed, size, unit):
    mean = np.random.default_rng(seed).normal(size=size) * unit
    target = mean.max() + unit
    error = explain(make_goal(size, mean, min_return=target), make_set(size))
    found = {conflict.name: conflict.must_give for conflict in error.conflicts}
    assert found[f"return at least {target:.6g}"] == pytest.approx(unit, rel=1e-6)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_an_unreachable_return_after_costs_gives_what_cvxpy_finds(seed, size):
    rng = np.random.default_rng(seed)
    mean, previous = rng.normal(scale=1e-3, size=size), np.full(size, 1 / size)
    costs = {"trading_bps": 5.0, "impact_bps": 20.0, "holding_bps": 1.0}
    goal = make_goal(size, mean, costs=costs, previous=previous, min_return=mean.max())
    w = cp.Variable(size, nonneg=True)
    net = mean @ w - 5e-4 * cp.norm1(w - previous) - 2e-3 * cp.sum_squares(w - previous)
    best = cp.Problem(cp.Maximize(1e3 * (net - 1e-4 * cp.sum(w))), [cp.sum(w) == 1])
    best.solve(solver=cp.CLARABEL)
    error = explain(goal, make_set(size, previous))
    found = {conflict.name: conflict.must_give for conflict in error.conflicts}
    name = next(name for name in found if name.startswith("return at least"))
    assert found[name] == pytest.approx(mean.max() - best.value / 1e3, rel=1e-5)


@pytest.mark.parametrize("most", [0, 1e-15])
@pytest.mark.parametrize("enormous", [1e3, 1e8, -1e8])
def test_an_enormous_mean_of_an_asset_that_can_hardly_be_held_hides_no_conflict(enormous, most):
    target = 4e-3 + max(enormous * most, 0)
    goal = make_goal(4, [enormous, 1e-3, 2e-3, 3e-3], min_return=target)
    error = explain(goal, make_set(4, bounds={"A0": (0, most)}))
    assert isinstance(error, InfeasibleError)
    found = {conflict.name: conflict.must_give for conflict in error.conflicts}
    assert found[f"return at least {target:.6g}"] == pytest.approx(1e-3, rel=1e-6)


@given(SEEDS, st.integers(10, 40))
@settings(max_examples=8)
def test_returns_after_impact_and_limits_on_risk_give_what_cvxpy_finds(seed, size):
    rng = np.random.default_rng(seed)
    mean, previous = rng.normal(scale=1e-3, size=size), rng.dirichlet(np.ones(size))
    costs = {"trading_bps": 1.0, "impact_bps": {"A0": 30.0, "A1": 10.0}}
    goal = make_goal(size, mean, seed=seed, costs=costs, previous=previous, min_return=mean.max())
    volatility = 1.05 * goal.volatility(previous)
    goal = replace(goal, max_volatility=volatility)
    allowed = make_set(size, previous, turnover=0.2)
    w, factor = cp.Variable(size, nonneg=True), np.linalg.cholesky(goal.covariance).T
    trade = w - previous
    net = 1e3 * mean @ w - 0.1 * cp.norm1(trade) - 3 * trade[0] ** 2 - trade[1] ** 2
    most = [cp.norm1(trade) <= 0.4, cp.norm(factor @ w / volatility) <= 1]
    best = cp.Problem(cp.Maximize(net), [cp.sum(w) == 1, *most])
    best.solve(solver=cp.CLARABEL)
    search = ConflictSearch(goal, allowed)
    asked = [n for n, limit in enumerate(search.limits) if limit.kind == "return"]
    give = search.must_give(asked, search.everything)
    assert give == pytest.approx(mean.max() - best.value / 1e3, abs=1e-9)
    if give > 1e-6:
        assert isinstance(explain(goal, allowed), InfeasibleError)


def test_a_search_cut_short_does_not_claim_that_each_is_needed(monkeypatch):
    monkeypatch.setattr("blportfolio.optimise.conflicts.search.MOST_TESTS", 1)
    error = explain(make_goal(20), make_set(20, bounds=(0, 0.04)))
    assert "the search was cut short" in str(error)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=10)
def test_a_volatility_below_the_least_is_named(seed, size):
    goal = make_goal(size, seed=seed)
    w = cp.Variable(size, nonneg=True)
    factor = np.linalg.cholesky(goal.covariance / goal.covariance[0, 0]).T
    least = cp.Problem(cp.Minimize(cp.norm(factor @ w)), [cp.sum(w) == 1])
    least.solve(solver=cp.CLARABEL)
    volatility = least.value * math.sqrt(goal.covariance[0, 0])
    limited = replace(goal, max_volatility=0.8 * volatility)
    error = explain(limited, make_set(size))
    found = {conflict.name.split(" ")[0]: conflict.must_give for conflict in error.conflicts}
    assert found["volatility"] == pytest.approx(0.2 * volatility, rel=1e-5)
    assert_smallest(limited, make_set(size), check_gives=False)


@given(SEEDS, st.integers(3, 6))
@settings(max_examples=8)
def test_a_tracking_error_against_a_floor_is_named(seed, size):
    goal = make_goal(size, seed=seed)
    allowed = make_set(size, bounds={"A0": (0.7, 1)}, tracking_error=1e-4, benchmark="equal_weight")
    error = explain(goal, allowed)
    assert names_of(error) >= {"bounds: A0 at least 0.7", "tracking error at most 0.0001"}
    assert_smallest(goal, allowed)


def test_two_curved_limits_that_exclude_each_other_are_both_named():
    goal = make_goal(4, seed=3)
    high, low = goal.volatility(np.eye(4)[3]), goal.volatility(np.full(4, 0.25))
    assert low < high
    goal = replace(goal, max_volatility=(low + high) / 2)
    allowed = make_set(4, tracking_error=(high - low) / 4, benchmark={"A3": 1.0})
    error = explain(goal, allowed)
    assert {name.split(" at ")[0] for name in names_of(error)} == {"volatility", "tracking error"}
    for conflict in error.conflicts:
        assert conflict.must_give > 1e-4
    assert_smallest(goal, allowed, check_gives=False)


def test_separate_conflicts_are_mentioned_and_each_gives_within_its_own():
    allowed = make_set(
        4,
        bounds={"A0": (0.9, 1), "A1": (0.3, 1)},
        linear=[{"name": "rest", "weights": {"A2": 1, "A3": 1}, "lower": 3}],
    )
    error = explain(make_goal(4), allowed)
    assert "Other constraints contradict each other too." in str(error)
    assert all(conflict.must_give is not None for conflict in error.conflicts)


@pytest.mark.parametrize("excess", [0.0, 5e-10, -1e-3])
def test_what_holds_to_a_billionth_is_no_conflict(excess):
    error = explain(make_goal(4), make_set(4, bounds=(0, 0.25 - excess / 4)))
    assert isinstance(error, SolverError)
    assert "there are portfolios that meet all constraints" in str(error)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=20)
def test_loosened_limits_can_just_be_met(seed, size):
    rng = np.random.default_rng(seed)
    previous = rng.dirichlet(np.full(size, 0.3))
    allowed = make_set(
        size,
        previous,
        bounds=(0, float(rng.uniform(1.01 / size, 1))),
        turnover=float(rng.uniform(0, 0.3)),
        trade_bounds=float(rng.uniform(0, 0.3)),
        relax=True,
    )
    goal = make_goal(size)
    wider, remarks = loosen(goal.covariance, allowed)
    assert can_be_met(goal, wider, slack=0.0)
    if can_be_met(goal, allowed):
        assert wider is allowed
        assert remarks == ()
        return
    assert remarks
    if wider.turnover > allowed.turnover:
        assert not can_be_met(goal, replace(wider, turnover=wider.turnover - 1e-6))
    most = (wider.trade - allowed.trade).max()
    if most > 1e-6:
        narrower = replace(wider, trade=allowed.trade + most - 1e-6, turnover=math.inf)
        assert not can_be_met(goal, narrower)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_trades_and_turnover_give_way_to_a_tracking_error(seed, size):
    rng = np.random.default_rng(seed)
    goal = make_goal(size, seed=seed)
    unit = math.sqrt(float(np.diagonal(goal.covariance).mean()))
    previous = rng.dirichlet(np.full(size, 0.3))
    limited = {"turnover": 0.05, "trade_bounds": 0.1}
    limited.pop(str(rng.choice(["none", *limited])), None)
    allowed = make_set(
        size, previous, tracking_error=unit / 20, benchmark="equal_weight", relax=True, **limited
    )
    wider, remarks = loosen(goal.covariance, allowed)
    assert can_be_met(goal, wider, slack=0.0)
    assert (wider is allowed) == (not remarks) == can_be_met(goal, allowed)
    if wider.turnover > allowed.turnover + 1e-3:
        assert not can_be_met(goal, replace(wider, turnover=wider.turnover * 0.999))


def test_limits_that_are_not_to_blame_are_not_loosened():
    previous = [0.5, 0.5, 0, 0]
    allowed = make_set(4, previous, bounds={"A0": (0, 0.1)}, turnover=0.2, trade_bounds=0.45)
    wider, remarks = loosen(np.eye(4), allowed)
    assert wider.turnover == pytest.approx(0.4, abs=1e-8)
    np.testing.assert_array_equal(wider.trade, allowed.trade)
    assert remarks == (
        "A turnover of at most 0.2 contradicts the other constraints; it was widened to 0.4.",
    )


def test_contradictions_elsewhere_are_left_to_the_error():
    allowed = make_set(4, [1, 0, 0, 0], bounds=(0, 0.2), turnover=0.1, trade_bounds=0.1)
    assert loosen(np.eye(4), allowed) == (allowed, ())
    assert loosen(np.eye(4), make_set(4, bounds=(0, 0.2), turnover=0.1))[1] == ()
