"""The general solver against plain cvxpy models, scipy, closed forms and planted failures."""

import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programmes import (
    best_ratio,
    market,
    portfolios,
    random_costs,
    random_set,
    reference,
    sectors,
)
from scipy.optimize import LinearConstraint, linprog, minimize

from blportfolio.errors import InfeasibleError, NoPositiveReturnError, SolverError
from blportfolio.optimise.costs import CostArrays
from blportfolio.optimise.exact.active_set import long_only_max_sharpe
from blportfolio.optimise.exact.engine import exact_solution
from blportfolio.optimise.general import checked, solvers, stages
from blportfolio.optimise.general.residuals import Point
from blportfolio.optimise.general.solver import solve_programme
from blportfolio.optimise.goal import Goal

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 9)


def assert_holds(solution, goal, allowed):
    weights = solution.weights
    assert solution.status == "optimal"
    assert solution.residual <= 1e-7
    assert allowed.violation(weights, goal.covariance) <= 1e-9
    assert goal.violation(weights) <= 1e-9


def random_goal(rng, mean, covariance, allowed, inside):
    size = len(mean)
    kind = rng.integers(6)
    costs = random_costs(rng, size, allowed.previous) if rng.random() < 0.5 else None
    plain = Goal(covariance, mean, costs=costs)
    if kind == 0:
        return replace(plain, risk_aversion=float(rng.uniform(0.5, 20)))
    if kind == 1:
        centre = rng.dirichlet(np.ones(size))
        return Goal(covariance, risk_aversion=1.0, centre=centre, costs=costs)
    if kind == 2:
        spread = covariance * rng.uniform(0.01, 1)
        return replace(plain, uncertainty=spread, radius=0.5, risk_aversion=2.0)
    if kind == 3:
        draws = rng.multivariate_normal(mean, covariance, size=60)
        return replace(plain, scenarios=draws, level=0.9)
    if kind == 4:
        least = plain.net_return(inside) - 1e-4
        return replace(plain, risk_aversion=1.0, min_return=least)
    return replace(plain, max_volatility=1.05 * plain.volatility(inside))


@given(SEEDS, SIZES)
@settings(max_examples=120)
def test_every_combination_matches_a_plain_model(seed, size):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, size)
    allowed, inside = random_set(rng, size, covariance)
    goal = random_goal(rng, mean, covariance, allowed, inside)
    solution = solve_programme(goal, allowed)
    assert_holds(solution, goal, allowed)
    expected, status = reference(goal, allowed)
    assume(status == "optimal")
    ours, theirs = goal.value(solution.weights), goal.value(expected)
    scale = max(abs(theirs), 1e-5)
    assert ours <= theirs + 1e-6 * scale
    assert ours == pytest.approx(theirs, abs=1e-4 * scale)


@given(SEEDS, SIZES, st.booleans())
@settings(max_examples=15)
def test_the_ratio_is_the_one_that_dinkelbachs_method_finds(seed, size, charged):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, size)
    allowed, inside = random_set(rng, size, covariance)
    costs = random_costs(rng, size, allowed.previous) if charged else None
    goal = Goal(covariance, mean + 5e-4, is_ratio=True, costs=costs)
    assume(goal.net_return(inside) > 1e-5)
    # With cash and market impact ever smaller portfolios may have ever better ratios.
    assume(allowed.budget_lower == 1.0)
    solution = solve_programme(goal, allowed)
    assert_holds(solution, goal, allowed)
    assert goal.value(solution.weights) == pytest.approx(best_ratio(goal, allowed), rel=1e-5)


@given(SEEDS, SIZES)
@settings(max_examples=40)
def test_no_random_portfolio_of_the_set_is_better(seed, size):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, size)
    allowed, inside = random_set(rng, size, covariance)
    goal = Goal(
        covariance,
        mean,
        risk_aversion=5.0,
        costs=random_costs(rng, size, allowed.previous),
    )
    best = goal.value(solve_programme(goal, allowed).weights)
    for other in [inside, *rng.dirichlet(np.ones(size), size=50)]:
        if allowed.violation(other, covariance) <= 0:
            assert best <= goal.value(other) + 1e-12


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=30)
def test_on_a_box_it_agrees_with_the_exact_active_set(seed, size):
    mean, covariance = market(seed, size)
    mean = mean + 1e-3
    assume(mean.max() > 1e-4)
    exact = long_only_max_sharpe(mean, covariance)
    found = solve_programme(Goal(covariance, mean, is_ratio=True), portfolios(size)).weights
    np.testing.assert_allclose(found, exact, atol=1e-9)
    np.testing.assert_array_equal(found == 0, exact == 0)


@given(SEEDS, st.integers(3, 20), st.booleans())
@settings(max_examples=25)
def test_a_tiny_optimum_is_as_exact_as_a_large_one(seed, size, is_tracking):
    """Nearly riskless hedges and nearly perfect replicas have objectives far below their terms."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, 2))
    covariance = loadings @ loadings.T + np.diag(10.0 ** rng.uniform(-7, -3, size=size))
    centre = rng.dirichlet(np.ones(size)) if is_tracking else None
    lower = np.zeros(size) if is_tracking else np.full(size, -1.0)
    lower[0] += 1e-3
    allowed = portfolios(size, lower=lower, upper=np.full(size, 1.0))
    goal = Goal(covariance, risk_aversion=1.0, centre=centre)
    exact = goal.value(exact_solution(goal, allowed).weights)
    assume(exact > 1e-8 * np.diagonal(covariance).mean())
    assert goal.value(solve_programme(goal, allowed).weights) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("says", ["unbounded", "infeasible"])
def test_no_solver_can_call_a_strictly_convex_programme_unlimited(monkeypatch, says):
    mean, covariance = market(4, 5)
    free = np.full(5, np.inf)
    goal, allowed = (
        Goal(covariance, mean, risk_aversion=3.0),
        portfolios(5, lower=-free, upper=free),
    )
    expected = solve_programme(goal, allowed).weights
    planted(monkeypatch, lambda _: (says, None))
    np.testing.assert_allclose(solve_programme(goal, allowed).weights, expected, atol=1e-12)


@given(SEEDS, st.integers(2, 8))
@settings(max_examples=15)
def test_it_is_no_worse_than_sequential_quadratic_programming(seed, size):
    mean, covariance = market(seed, size)
    goal = Goal(covariance, mean, risk_aversion=8.0)
    allowed = portfolios(size, **sectors(size))
    found = solve_programme(goal, allowed).weights
    other = minimize(
        lambda w: 1e3 * goal.value(w),
        np.full(size, 1 / size),
        jac=lambda w: 1e3 * (8.0 * covariance @ w - mean),
        bounds=[(0, 1)] * size,
        method="SLSQP",
        constraints=[
            LinearConstraint(np.ones(size), 1, 1),
            LinearConstraint(allowed.rows, [0.1, 0.0], 0.7),
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert goal.value(found) <= other.fun / 1e3 + 1e-12
    assert goal.value(found) == pytest.approx(other.fun / 1e3, abs=1e-8)


@given(SEEDS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@settings(max_examples=15)
def test_the_least_cvar_is_that_of_scipys_linear_programme(seed, level):
    rng = np.random.default_rng(seed)
    size, count = 5, 73
    returns = rng.normal(scale=0.01, size=(count, size))
    cost = np.r_[np.zeros(size), 1.0, np.full(count, 1 / ((1 - level) * count))]
    rows = np.column_stack([-returns, -np.ones(count), -np.eye(count)])
    found = linprog(
        cost,
        rows,
        np.zeros(count),
        np.r_[np.ones(size), np.zeros(count + 1)][None, :],
        [1.0],
        bounds=[(0, 1)] * size + [(None, None)] + [(0, None)] * count,
    )
    goal = Goal(np.eye(size) * 1e-4, scenarios=returns, level=level)
    solution = solve_programme(goal, portfolios(size))
    assert goal.value(solution.weights) == pytest.approx(found.fun, abs=1e-12)


@given(SEEDS, st.integers(1, 10))
@settings(max_examples=20)
def test_without_limits_the_utility_is_maximised_by_a_linear_solve(seed, size):
    mean, covariance = market(seed, size)
    free = np.full(size, np.inf)
    allowed = portfolios(size, lower=-free, upper=free, budget_lower=-np.inf, budget_upper=np.inf)
    found = solve_programme(Goal(covariance, mean, risk_aversion=3.0), allowed).weights
    expected = np.linalg.solve(covariance, mean) / 3.0
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("mean", [-4e-4, -2e-4, -0.5e-4, 0.0, 0.7e-4, 1e-4, 3e-4])
def test_proportional_costs_leave_a_region_of_no_trade(mean):
    """One asset: ½δσ²w² − mw + a|w − w₀| moves w₀ only to the nearest edge (m ± a) / δσ²."""
    variance, aversion, cost, held = 1e-4, 4.0, 1e-4, 0.3
    zero = np.zeros(1)
    costs = CostArrays(np.array([cost]), zero, zero, zero, np.array([held]))
    allowed = portfolios(
        1, lower=np.array([-5.0]), upper=np.array([5.0]), budget_lower=-5.0, budget_upper=5.0
    )
    goal = Goal(np.array([[variance]]), np.array([mean]), risk_aversion=aversion, costs=costs)
    curve = aversion * variance
    expected = np.clip(held, (mean - cost) / curve, (mean + cost) / curve)
    found = solve_programme(goal, allowed).weights[0]
    assert found == pytest.approx(expected, abs=1e-12)
    if expected == held:
        assert found == held


def test_with_costs_the_ratio_meets_its_optimality_condition():
    """At the best w some λ makes ∇net − (ratio/σ) Cw constant over the traded, held assets."""
    mean, covariance = market(5, 6)
    mean = np.abs(mean) + 5e-4
    previous = np.full(6, 1 / 6)
    costs = CostArrays(np.full(6, 5e-5), np.full(6, 1e-4), np.zeros(6), np.zeros(6), previous)
    goal = Goal(covariance, mean, is_ratio=True, costs=costs)
    weights = solve_programme(goal, portfolios(6)).weights
    trade = weights - previous
    moved = (np.abs(trade) > 1e-6) & (weights > 1e-6)
    slope = mean - costs.trading * np.sign(trade) - 2 * costs.impact * trade
    steep = slope - goal.value(weights) / goal.volatility(weights) * (covariance @ weights)
    assert moved.sum() >= 2
    np.testing.assert_allclose(steep[moved], steep[moved][0], atol=1e-12)


@given(SEEDS, SIZES)
@settings(max_examples=15)
def test_a_ratio_that_is_best_at_nothing_is_that_of_the_fully_invested(seed, size):
    mean, covariance = market(seed, size)
    costs = CostArrays(*np.full((4, size), 1e-5), previous=np.zeros(size))
    goal = Goal(covariance, np.abs(mean) + 1e-3, is_ratio=True, costs=costs)
    found = solve_programme(goal, portfolios(size, budget_lower=0.0))
    assert goal.value(found.weights / 2) > goal.value(found.weights)
    full = solve_programme(goal, portfolios(size))
    np.testing.assert_allclose(found.weights, full.weights, atol=1e-9)
    assert "Cash is held at its least" in found.remarks[-1]
    assert not full.remarks


@pytest.mark.parametrize("is_ratio", [False, True])
@pytest.mark.parametrize("risk", [1e-12, 1e-4, 1e6])
@pytest.mark.parametrize("reward", [1e-12, 1.0, 1e6])
def test_units_do_not_matter(is_ratio, risk, reward):
    mean, covariance = market(3, 6)
    mean = mean + 1e-3
    allowed = portfolios(6, **sectors(6))
    plain = Goal(covariance, mean, risk_aversion=4.0, is_ratio=is_ratio)
    scaled = replace(
        plain, covariance=risk * covariance, mean=reward * mean, risk_aversion=4.0 * reward / risk
    )
    np.testing.assert_allclose(
        solve_programme(scaled, allowed).weights, solve_programme(plain, allowed).weights, atol=1e-9
    )


@given(SEEDS)
@settings(max_examples=20)
def test_the_order_of_assets_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, 6)
    order = rng.permutation(6)
    limited = sectors(6)
    allowed = portfolios(6, lower=np.full(6, -0.3), gross=1.5, **limited)
    moved = replace(allowed, rows=limited["rows"][:, order])
    goal = Goal(covariance, mean, risk_aversion=5.0)
    again = replace(goal, covariance=covariance[np.ix_(order, order)], mean=mean[order])
    np.testing.assert_allclose(
        solve_programme(again, moved).weights,
        solve_programme(goal, allowed).weights[order],
        atol=1e-9,
    )


def test_a_mean_enormous_in_one_asset_does_not_hide_the_others():
    mean, covariance = market(7, 8)
    mean[0] = 1e6
    goal = Goal(covariance, mean, risk_aversion=5.0)
    found = solve_programme(goal, portfolios(8, upper=np.full(8, 0.3))).weights
    assert found[0] == 0.3
    pinned = portfolios(8, lower=np.r_[0.3, np.zeros(7)], upper=np.full(8, 0.3))
    mean[0] = 0.0
    np.testing.assert_allclose(
        found, solve_programme(replace(goal, mean=mean), pinned).weights, atol=1e-9
    )


TIED = {
    "bounds that sum to the budget": {"upper": np.full(5, 0.2)},
    "pinned assets": {"lower": np.r_[0.4, np.zeros(4)], "upper": np.r_[0.4, np.ones(4)]},
    "no turnover": {"previous": np.full(5, 0.2), "turnover": 0.0},
    "no trade": {"previous": np.full(5, 0.2), "trade": np.zeros(5)},
    "just enough turnover": {
        "previous": np.eye(5)[0],
        "upper": np.full(5, 0.4),
        "turnover": 0.6,
    },
    "gross exposure of the budget": {"lower": -np.ones(5), "gross": 1.0},
    "no tracking error": {"benchmark": np.full(5, 0.2), "tracking_error": 0.0},
    "next to no tracking error": {"benchmark": np.full(5, 0.2), "tracking_error": 1e-300},
    "dependent equations": {
        "rows": np.array([np.ones(5), 1e3 * np.arange(5)]),
        "row_lower": np.array([1.0, 2e3]),
        "row_upper": np.array([1.0, 2e3]),
        "row_names": ("a", "b"),
    },
}


@pytest.mark.parametrize("name", list(TIED))
@pytest.mark.parametrize("kind", ["variance", "ratio", "cvar", "robust", "return"])
def test_sets_without_an_interior_are_solved(name, kind):
    mean, covariance = market(11, 5)
    mean = mean + 2e-3
    draws = np.random.default_rng(0).normal(scale=0.01, size=(40, 5))
    goal = {
        "variance": Goal(covariance, risk_aversion=1.0),
        "ratio": Goal(covariance, mean, is_ratio=True),
        "cvar": Goal(covariance, scenarios=draws),
        "robust": Goal(covariance, mean, uncertainty=covariance, radius=0.1),
        "return": Goal(covariance, mean),
    }[kind]
    allowed = portfolios(5, **TIED[name])
    assert_holds(solve_programme(goal, allowed), replace(goal, min_return=None), allowed)


def test_weights_at_a_bound_are_exactly_there():
    mean, covariance = market(2, 12)
    allowed = portfolios(12, upper=np.full(12, 0.21), **sectors(12))
    found = solve_programme(Goal(covariance, mean, risk_aversion=2.0), allowed).weights
    near = (np.abs(found) < 1e-6) | (np.abs(found - 0.21) < 1e-6)
    assert near.sum() >= 6
    assert np.isin(found[near], (0.0, 0.21)).all()


@pytest.mark.parametrize("is_ratio", [False, True])
def test_an_empty_set_is_told_by_its_constraints(is_ratio):
    mean, covariance = market(1, 4)
    goal = Goal(covariance, mean, risk_aversion=1.0, is_ratio=is_ratio)
    with pytest.raises(InfeasibleError) as caught:
        solve_programme(goal, portfolios(4, upper=np.full(4, 0.2)))
    assert caught.value.conflicts
    assert not isinstance(caught.value, NoPositiveReturnError)


def test_a_ratio_without_a_positive_net_return_says_so():
    mean, covariance = market(1, 4)
    with pytest.raises(NoPositiveReturnError, match="No allowed portfolio has a positive"):
        solve_programme(Goal(covariance, -np.abs(mean), is_ratio=True), portfolios(4))


def test_a_ratio_with_an_unreachable_return_is_a_conflict():
    mean, covariance = market(1, 4)
    goal = Goal(covariance, np.abs(mean), is_ratio=True, min_return=1.0)
    with pytest.raises(InfeasibleError) as caught:
        solve_programme(goal, portfolios(4))
    assert not isinstance(caught.value, NoPositiveReturnError)


def test_an_unlimited_portfolio_names_the_bounds_that_are_missing():
    mean, covariance = market(1, 4)
    free = portfolios(4, lower=np.full(4, -np.inf), upper=np.r_[np.inf, np.inf, 1, 1])
    with pytest.raises(InfeasibleError, match="unlimited: nothing limits A0, A1, A2, A3"):
        solve_programme(Goal(covariance, mean), free)
    # C⁻¹μ sums to less than 0 here: the best ratio of a unit sum is in the limit.
    with pytest.raises(InfeasibleError, match="unlimited"):
        solve_programme(
            Goal(np.eye(2), np.array([-1.0, 0.5]), is_ratio=True),
            portfolios(2, lower=np.full(2, -np.inf), upper=np.full(2, np.inf)),
        )


def planted(monkeypatch, wrong):
    """Let the first solver answer with `wrong(programme, stage)`, and the rest as they are."""
    first = stages.Stage("PLANTED", "PLANTED")
    monkeypatch.setattr(
        checked, "solver_stages", lambda programme: (first, *stages.solver_stages(programme))
    )

    def attempt(programme, stage):
        return wrong(programme) if stage is first else solvers.attempt(programme, stage)

    monkeypatch.setattr(checked, "attempt", attempt)


def zeros_that_claim_to_be_optimal(programme):
    x, z = np.zeros(len(programme.linear)), np.zeros(len(programme.offset))
    return "optimal", Point(x, z, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "remark"),
    [
        (lambda _: ("failed (NumericalError)", None), "PLANTED: failed"),
        (lambda _: ("infeasible", None), "PLANTED: infeasible, which the constraints are not"),
        (lambda _: ("unbounded", None), "PLANTED: unbounded, which the constraints rule out"),
        (zeros_that_claim_to_be_optimal, "PLANTED: optimal, but a limit is broken by 1.0e"),
    ],
)
def test_a_solver_that_fails_or_lies_is_named_and_the_next_one_used(monkeypatch, wrong, remark):
    mean, covariance = market(4, 5)
    goal, allowed = Goal(covariance, mean, risk_aversion=3.0), portfolios(5, **sectors(5))
    expected = solve_programme(goal, allowed)
    assert expected.remarks == ()
    planted(monkeypatch, wrong)
    monkeypatch.setattr(checked, "polished", lambda _, point: point)
    found = solve_programme(goal, allowed)
    assert found.solver == "CLARABEL"
    assert remark in found.remarks[0]
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-5)


def test_an_answer_that_is_feasible_but_not_optimal_is_caught(monkeypatch):
    mean, covariance = market(4, 5)
    goal, allowed = Goal(covariance, mean, risk_aversion=3.0), portfolios(5)

    def equal_weights(programme):
        x = np.full(5, 0.2)
        return "optimal", solvers.measured(programme, x, np.zeros(len(programme.offset)))

    planted(monkeypatch, equal_weights)
    monkeypatch.setattr(checked, "polished", lambda _, point: point)
    assert "PLANTED: optimal, but with a residual of" in solve_programme(goal, allowed).remarks[0]


def test_where_every_solver_fails_the_error_says_how(monkeypatch):
    mean, covariance = market(4, 5)
    monkeypatch.setattr(checked, "attempt", lambda *_: ("failed (NumericalError)", None))
    with pytest.raises(SolverError, match=r"CLARABEL: failed.*SCS: failed.*condition number"):
        solve_programme(Goal(covariance, mean), portfolios(5))


@pytest.mark.parametrize("stage", [stages.HIGHS, stages.OSQP, stages.SCS, stages.INTERIOR])
def test_every_solver_in_the_order_finds_the_same_portfolio(monkeypatch, stage):
    mean, covariance = market(4, 8)
    aversion = 0.0 if stage is stages.HIGHS else 3.0
    goal = Goal(covariance, mean, risk_aversion=aversion)
    allowed = portfolios(8, **sectors(8))
    expected = solve_programme(goal, allowed).weights
    monkeypatch.setattr(checked, "solver_stages", lambda _: (stage,))
    np.testing.assert_allclose(solve_programme(goal, allowed).weights, expected, atol=1e-9)


@pytest.mark.parametrize("size", [100, 210])
def test_large_programmes_are_exact_though_their_solvers_stop_early(size):
    mean, covariance = market(8, size)
    mean = mean + 1e-3
    for goal in (Goal(covariance, mean, risk_aversion=5.0), Goal(covariance, mean, is_ratio=True)):
        allowed = portfolios(size, **sectors(size))
        solution = solve_programme(goal, allowed)
        assert_holds(solution, goal, allowed)
        assert solution.residual <= 1e-10


@pytest.mark.parametrize(
    "given",
    [
        {"previous": np.full(120, 1 / 120), "turnover": 0.1},
        {"lower": np.full(120, -0.1), "gross": 1.3},
        {"lower": np.full(120, -0.1), "gross": 2.0, "previous": np.full(120, 1 / 120)}
        | {"turnover": 0.6},
    ],
    ids=["turnover", "gross exposure", "both"],
)
@pytest.mark.parametrize("has_mean", [True, False], ids=["utility", "least variance"])
def test_limits_on_sums_of_sizes_are_exact_with_many_assets(given, has_mean):
    mean, covariance = market(9, 120)
    goal = Goal(covariance, mean if has_mean else None, risk_aversion=5.0)
    allowed = portfolios(120, **given)
    solution = solve_programme(goal, allowed)
    assert_holds(solution, goal, allowed)
    assert solution.residual <= 1e-12
    assert solution.solver == "INTERIOR"
    expected, _ = reference(goal, allowed)
    np.testing.assert_allclose(solution.weights, expected, atol=1e-5)


def test_what_was_solved_before_changes_no_answer():
    mean, covariance = market(6, 7)
    allowed = portfolios(7, lower=np.full(7, -0.2), gross=1.4, **sectors(7))
    goals = [Goal(covariance, mean * k, risk_aversion=5.0) for k in (1.0, -1.0, 3.0)]

    def solved(order):
        found = {}
        for number in order:
            found[number] = solve_programme(goals[number], allowed).weights
        return found[0]

    first = solved([0])
    for order in ([1, 0], [1, 2, 0], [2, 1, 1, 0, 0]):
        np.testing.assert_array_equal(solved(order), first)


def test_threads_do_not_disturb_each_other():
    mean, covariance = market(6, 7)
    allowed = portfolios(7, **sectors(7))
    goals = [Goal(covariance, mean * k, risk_aversion=5.0) for k in range(1, 9)]
    expected = [solve_programme(goal, allowed).weights for goal in goals]
    found = {}

    def work(number):
        for _ in range(3):
            found[number] = solve_programme(goals[number], allowed).weights

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, weights in enumerate(expected):
        np.testing.assert_array_equal(found[number], weights)


def test_no_warning_of_a_solver_leaks():
    mean, covariance = market(9, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solve_programme(
            Goal(covariance, mean, uncertainty=covariance, radius=1.0, risk_aversion=1e-8),
            portfolios(5),
        )


@pytest.mark.parametrize(
    "broken",
    [
        stages.Stage("BROKEN", "NO_SUCH_SOLVER"),
        stages.Stage("BROKEN", "SCS", {"max_iters": 1}),
        stages.Stage("BROKEN", "CLARABEL", {"max_iter": 1}),
    ],
    ids=["not there", "one step of SCS", "one step of Clarabel"],
)
def test_a_solver_that_breaks_off_is_followed_by_the_next(monkeypatch, broken):
    mean, covariance = market(4, 30)
    goal = Goal(covariance, mean, uncertainty=covariance, radius=0.1)
    allowed = portfolios(30, benchmark=np.full(30, 1 / 30), tracking_error=2e-3)
    expected = solve_programme(goal, allowed)
    monkeypatch.setattr(checked, "solver_stages", lambda _: (broken, stages.CLARABEL))
    monkeypatch.setattr(checked, "polished", lambda _, point: point)
    found = solve_programme(goal, allowed)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-5)
    assert found.solver == "CLARABEL"
    assert found.remarks[0].startswith("Solved by CLARABEL after BROKEN: ")


@given(SEEDS, st.integers(2, 7))
@settings(max_examples=6)
def test_where_the_ratios_programme_fails_a_sequence_of_utilities_finds_it(seed, size):
    mean, covariance = market(seed, size)
    goal = Goal(covariance, np.abs(mean) + 1e-4, is_ratio=True)
    allowed = portfolios(size, **sectors(size))
    expected = goal.value(solve_programme(goal, allowed).weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            checked,
            "attempt",
            lambda programme, stage: (
                ("failed numerically", None)
                if programme.is_homogeneous
                else solvers.attempt(programme, stage)
            ),
        )
        found = solve_programme(goal, allowed)
    assert goal.value(found.weights) == pytest.approx(expected, rel=1e-7)
    assert "sequence of mean-variance programmes" in found.remarks[-1]
