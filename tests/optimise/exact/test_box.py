"""Portfolios under bounds and a budget against cvxpy, the KKT conditions and their limits."""

import cvxpy as cp
import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import DataError, InfeasibleError, NoPositiveReturnError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.exact.active_set import long_only_solution
from blportfolio.optimise.exact.box import solve_box
from blportfolio.optimise.exact.box_problem import Problem
from blportfolio.optimise.exact.conditioning import regularise
from blportfolio.optimise.exact.critical_line import Line, trace
from blportfolio.optimise.exact.engine import box_solution, exact_solution
from blportfolio.optimise.exact.face import Box
from blportfolio.optimise.exact.parametric import for_ratio, for_return, for_volatility
from blportfolio.optimise.exact.primal import walk
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.types import DecisionContext

SEEDS = st.integers(0, 2**32 - 1)
KINDS = ["long_only", "capped", "pinned", "exact_sum", "cash", "long_short", "half_open"]


@st.composite
def boxes(draw, max_assets=30, kinds=tuple(KINDS)):
    """Covariance, mean with ties and duplicates, and a box that is not empty."""
    rng = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(1, max_assets))
    covariance = random_covariance(rng, size)
    if draw(st.booleans()):
        market = rng.uniform(0.5, 1.5, size=size)
        covariance = 1e-4 * np.outer(market, market) + 0.1 * covariance
    mean = rng.normal(scale=10 ** rng.uniform(-6, -1), size=size)
    if draw(st.booleans()):
        mean = np.round(mean, 3)
    kind = draw(st.sampled_from(kinds))
    lower, upper, least, most = np.zeros(size), np.ones(size), 1.0, 1.0
    if kind == "capped":
        upper = np.full(size, max(1 / size, rng.uniform(0.05, 0.5)))
        least = most = min(1.0, float(upper.sum()))
    elif kind in ("pinned", "exact_sum"):
        lower, upper = -rng.uniform(0, 0.5, size), rng.uniform(0, 0.5, size)
        pinned = rng.random(size) < 0.2
        lower[pinned] = upper[pinned]
        least, most = np.sort(rng.uniform(lower.sum(), upper.sum(), 2))
        if kind == "exact_sum":
            least = most = float(rng.choice([lower.sum(), upper.sum()]))
    elif kind == "cash":
        upper, least = np.full(size, 0.3), 0.0
    elif kind == "long_short":
        lower, upper = -upper, upper
    elif kind == "half_open":
        lower = np.where(rng.random(size) < 0.5, -np.inf, 0.0)
        upper = np.where(rng.random(size) < 0.5, np.inf, 0.5)
        least = most = min(1.0, float(upper.sum()))
    return covariance, mean, Box(lower, upper, float(least), float(most))


def oracle(covariance, linear, box):
    """Solve with cvxpy, called directly."""
    unit = covariance.diagonal().max()
    w = cp.Variable(len(linear))
    risk = cp.sum_squares(np.linalg.cholesky(covariance / unit).T @ w) / 2
    limits = [w >= np.maximum(box.lower, -1e6), w <= np.minimum(box.upper, 1e6)]
    limits += [cp.sum(w) >= box.least, cp.sum(w) <= box.most]
    cp.Problem(cp.Minimize(risk - (linear / unit) @ w), limits).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    return w.value


def utility(weights, covariance, linear):
    return linear @ weights - weights @ covariance @ weights / 2


def assert_inside(weights, box):
    size = np.abs(weights).sum() + 1
    assert (weights >= box.lower).all()
    assert (weights <= box.upper).all()
    assert box.least - 1e-14 * size <= weights.sum() <= box.most + 1e-14 * size


@given(boxes())
@settings(max_examples=200)
def test_the_solution_is_inside_and_meets_the_optimality_conditions(problem):
    covariance, linear, box = problem
    found = solve_box(covariance, linear, box)
    weights = found.weights
    assert_inside(weights, box)
    assert found.residual <= 1e-12
    slope = covariance @ weights - linear
    deviation = np.sqrt(covariance.diagonal())
    scale = np.abs(linear) + deviation * (deviation @ np.abs(weights)) + abs(found.multiplier)
    wrong = slope - found.multiplier
    movable = box.lower < box.upper
    assert (wrong <= 1e-12 * scale)[movable & (weights > box.lower)].all()
    assert (wrong >= -1e-12 * scale)[movable & (weights < box.upper)].all()


@given(boxes(max_assets=12, kinds=("long_only", "capped", "pinned", "cash", "long_short")))
@settings(max_examples=30)
def test_it_matches_cvxpy(problem):
    covariance, linear, _ = problem
    expected, found = oracle(*problem), solve_box(*problem)
    np.testing.assert_allclose(found.weights, expected, atol=2e-4)
    size = np.abs(linear).max() + covariance.max()
    gained = utility(found.weights, covariance, linear) - utility(expected, covariance, linear)
    assert gained >= -1e-7 * size


@given(boxes(), SEEDS)
@settings(max_examples=100)
def test_states_to_start_from_do_not_change_the_answer(problem, seed):
    cold = solve_box(*problem)
    states = np.random.default_rng(seed).integers(-1, 2, len(problem[1])).astype(np.int8)
    for start in (states, cold.states):
        warm = solve_box(*problem, states=start)
        size = np.abs(cold.weights).max() + 1
        np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-10 * size, rtol=0)


@given(boxes(), SEEDS)
@settings(max_examples=100)
def test_the_finite_fallback_alone_finds_the_same(problem, seed):
    expected = solve_box(*problem).weights
    search = Problem(*problem)
    states = np.random.default_rng(seed).integers(-1, 2, len(expected)).astype(np.int8)
    point = search.start(states)
    search.place(point)
    found = search.finish(walk(search, point), "primal active set").weights
    size = np.abs(expected).max() + 1
    np.testing.assert_allclose(found, expected, atol=1e-10 * size, rtol=0)


@pytest.mark.parametrize("size", [20, 100, 500, 1000])
def test_minimum_variance_is_that_of_the_long_only_engine(size):
    rng = np.random.default_rng(size)
    covariance = random_covariance(rng, size, n_obs=3 * size)
    box = Box(np.zeros(size), np.ones(size), 1.0, 1.0)
    found = solve_box(covariance, np.zeros(size), box)
    expected = long_only_solution(covariance, np.ones(size), None).weights
    np.testing.assert_allclose(found.weights, expected, atol=1e-12)
    assert found.residual <= 1e-12
    assert np.array_equal(found.weights == 0, expected == 0)


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e6])
@pytest.mark.parametrize("size", [20, 300])
def test_caps_hold_at_any_scale(scale, size):
    rng = np.random.default_rng(size)
    market = rng.uniform(0.5, 1.5, size)
    covariance = scale * (np.outer(market, market) + random_covariance(rng, size, scale=1.0))
    mean = scale * rng.normal(size=size)
    box = Box(np.zeros(size), np.full(size, 2.5 / size), 1.0, 1.0)
    found = solve_box(covariance, mean, box)
    assert_inside(found.weights, box)
    assert found.residual <= 1e-12


def test_one_enormous_mean_leaves_the_others_in_order():
    covariance = np.eye(4) * 1e-4
    mean = np.array([1e6, 3e-5, 1e-5, 0.0])
    found = solve_box(covariance, mean, Box(np.zeros(4), np.full(4, 0.5), 1.0, 1.0))
    rest = solve_box(covariance[1:, 1:], mean[1:], Box(np.zeros(3), np.full(3, 0.5), 0.5, 0.5))
    assert found.weights[0] == 0.5
    np.testing.assert_allclose(found.weights[1:], rest.weights, atol=1e-14)


def test_bounds_that_sum_to_the_budget_are_the_answer_to_the_bit():
    upper = np.full(10, 0.1)
    found = solve_box(np.eye(10), np.arange(10.0), Box(np.zeros(10), upper, 1.0, 1.0))
    assert np.array_equal(found.weights, upper)


@pytest.mark.parametrize(
    "budget", [(1.1, 1.1), (-0.5, -0.1), (2.0, 3.0)], ids=["above", "below", "range"]
)
def test_an_empty_box_has_no_solution(budget):
    bounds = np.zeros(2), np.full(2, 0.5)
    assert box_solution(np.eye(2), np.zeros(2), *bounds, budget) is None


def test_a_covariance_that_is_not_definite_is_refused():
    box = Box(np.zeros(2), np.ones(2), 1.0, 1.0)
    with pytest.raises(DataError, match="ill-conditioned"):
        solve_box(np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2), box)


TRACED = ("long_only", "capped", "pinned", "cash", "long_short")


@given(boxes(max_assets=20, kinds=TRACED), st.floats(0.001, 0.999))
@settings(max_examples=100)
def test_the_target_return_and_the_target_volatility_agree(problem, share):
    covariance, mean, box = problem
    line = Line(covariance, np.zeros(len(mean)), mean, box)
    least = mean @ line.at(0.0).weights
    most = mean @ line.peak().weights
    wanted = least + share * (most - least)
    calmest = for_return(line, wanted)
    assert_inside(calmest.weights, box)
    volatility = np.sqrt(calmest.weights @ covariance @ calmest.weights)
    richest = for_volatility(line, volatility)
    size = np.abs(mean).max()
    assert mean @ calmest.weights >= wanted - 1e-14 * size
    assert mean @ richest.weights == pytest.approx(mean @ calmest.weights, abs=1e-10 * size)
    again = np.sqrt(richest.weights @ covariance @ richest.weights)
    assert again == pytest.approx(volatility, rel=1e-10)


@given(boxes(max_assets=20, kinds=TRACED), SEEDS)
@settings(max_examples=100)
def test_no_allowed_portfolio_has_a_larger_ratio(problem, seed):
    covariance, mean, box = problem
    line = Line(covariance, np.zeros(len(mean)), mean, box)
    found = for_ratio(line)
    rng = np.random.default_rng(seed)
    unit = covariance.diagonal().mean() / max(np.abs(mean).max(), 1e-12)
    others = [line.at(value).weights for value in unit * 10 ** rng.uniform(-3, 3, 20)]
    ratios = [mean @ w / np.sqrt(w @ covariance @ w) for w in others if w.any()]
    if found is None:
        assert max(ratios, default=0.0) <= 1e-9
        return
    assert_inside(found.weights, box)
    best = mean @ found.weights / np.sqrt(found.weights @ covariance @ found.weights)
    assert best >= max(ratios, default=best) - 1e-10


@given(boxes(max_assets=20, kinds=("long_only",)))
@settings(max_examples=60)
def test_the_largest_ratio_without_caps_is_that_of_the_long_only_engine(problem):
    covariance, mean, box = problem
    mean[0] = np.abs(mean).max() + 1e-6
    found = for_ratio(Line(covariance, np.zeros(len(mean)), mean, box))
    expected = long_only_solution(covariance, mean, None).weights
    np.testing.assert_allclose(found.weights, expected, atol=1e-9)


def test_cash_is_left_only_as_far_as_bounds_ask_for_it():
    mean, covariance = np.array([0.02, 0.01]), np.eye(2)
    zeros = np.zeros(2)
    free = for_ratio(Line(covariance, zeros, mean, Box(zeros, np.ones(2), 0.0, 1.0)))
    np.testing.assert_allclose(free.weights, [2 / 3, 1 / 3], atol=1e-15)
    capped = for_ratio(Line(covariance, zeros, mean, Box(zeros, np.full(2, 0.4), 0.0, 1.0)))
    np.testing.assert_allclose(capped.weights, [0.4, 0.2], atol=1e-15)


def allowed_by(table, size=3):
    context = DecisionContext(tuple(f"A{i}" for i in range(size)))
    return feasible_set(Constraints.of(table), None, context)


@pytest.mark.parametrize("mean", [[-0.1, 0.02], [-0.1, 0.1]])
def test_a_ratio_that_rises_without_end_is_refused(mean):
    """Σw = 1 and no bounds: 1ᵀC⁻¹μ ≤ 0, so that larger positions are always better."""
    goal = Goal(np.array([[0.04, 0.01], [0.01, 0.04]]), np.array(mean), is_ratio=True)
    with pytest.raises(InfeasibleError, match=r"keeps rising.*`bounds`"):
        exact_solution(goal, allowed_by({"bounds": (None, None)}, size=2))


def test_all_at_bounds_with_one_enormous_mean_has_no_residual():
    covariance = np.array([[2.7e4, 0.31], [0.31, 1.5e-5]])
    upper = np.array([0.75, 0.5])
    found = solve_box(
        covariance, np.array([3e8, 5e-4]), Box(np.array([-0.25, 0]), upper, 1.25, 1.25)
    )
    assert np.array_equal(found.weights, upper)
    assert found.residual == 0


@pytest.mark.parametrize("seed", range(12))
def test_nearly_riskless_portfolios_meet_their_conditions_too(seed):
    """Two returns and pairs of copies: solutions hang on the ridge, and rounding is large."""
    rng = np.random.default_rng(seed)
    size = 10
    half = rng.normal(scale=0.01, size=(2, size // 2))
    covariance = regularise(np.cov(np.hstack([half, half]), rowvar=False))[0]
    box = Box(np.full(size, -0.2), np.full(size, 0.3), -0.5, 1.0)
    for mean in (np.full(size, 1e-3), rng.normal(scale=1e-3, size=size)):
        line = Line(covariance, np.zeros(size), mean, box)
        for tolerance in 10.0 ** np.arange(-6, 7):
            found = line.at(tolerance)
            assert_inside(found.weights, box)
            assert found.residual <= 1e-12
        trace(line)


@pytest.mark.parametrize("seed", range(8))
def test_a_tiny_volatility_is_met_however_far_it_is_from_the_first_guess(seed):
    rng = np.random.default_rng(seed)
    size = 8
    covariance = regularise(random_covariance(rng, size, n_obs=3))[0]
    mean = rng.normal(scale=1e-3, size=size)
    mean[0] = 1e-3
    line = Line(covariance, np.zeros(size), mean, Box(np.zeros(size), np.full(size, 0.3), 0.0, 1.0))
    for wanted in 10.0 ** np.arange(-12, -6):
        weights = for_volatility(line, wanted).weights
        assert np.sqrt(weights @ covariance @ weights) == pytest.approx(wanted, rel=1e-6)
        assert mean @ for_return(line, float(mean @ weights)).weights == pytest.approx(
            mean @ weights, rel=1e-12
        )


@pytest.mark.parametrize("risk_unit", [1e-300, 1e-20, 1e150])
@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e12, 1e150])
def test_units_of_return_and_risk_do_not_matter_however_extreme(unit, risk_unit):
    rng = np.random.default_rng(3)
    covariance, mean = random_covariance(rng, 8), rng.normal(scale=1e-3, size=8)
    plain = Goal(covariance, mean, is_ratio=True)
    scaled = Goal(covariance * risk_unit, mean * unit, is_ratio=True)
    for table in (
        {"bounds": (0, 0.3)},
        {"bounds": (-0.2, 0.4)},
        {"bounds": (0, 0.3), "cash": (0, 1)},
    ):
        allowed = allowed_by(table, size=8)
        expected = exact_solution(plain, allowed).weights
        np.testing.assert_allclose(exact_solution(scaled, allowed).weights, expected, atol=1e-10)


def test_a_ratio_without_a_positive_return_says_so():
    goal = Goal(np.eye(3), -np.ones(3), is_ratio=True)
    with pytest.raises(NoPositiveReturnError):
        exact_solution(goal, allowed_by({"bounds": (0, 0.5)}))


def test_goals_that_need_a_general_solver_are_passed_on():
    plain = Goal(np.eye(3), np.ones(3), 1.0)
    assert exact_solution(plain, allowed_by({"max_assets": 2})) is None
    scenarios = Goal(np.eye(3), np.ones(3), scenarios=np.ones((5, 3)))
    assert exact_solution(scenarios, allowed_by({})) is None


def test_a_centre_is_tracked_within_bounds():
    centre = np.array([0.7, 0.2, 0.1])
    goal = Goal(np.eye(3), None, 1.0, centre=centre)
    found = exact_solution(goal, allowed_by({}))
    np.testing.assert_allclose(found.weights, centre, atol=1e-15)
    capped = exact_solution(goal, allowed_by({"bounds": (0, 0.5)}))
    np.testing.assert_allclose(capped.weights, [0.5, 0.3, 0.2], atol=1e-15)


@pytest.mark.parametrize(
    "limit", [{"min_return": 0.5}, {"max_volatility": 1e-3}], ids=["return", "volatility"]
)
def test_limits_out_of_reach_are_explained(limit):
    goal = Goal(np.eye(3), np.array([0.1, 0.2, 0.3]), **limit)
    with pytest.raises(InfeasibleError):
        exact_solution(goal, allowed_by({}))
