"""Residuals and the polish, on programmes whose solutions are known."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programmes import market, portfolios, random_costs, sectors

from blportfolio.optimise.general.polish import polished
from blportfolio.optimise.general.presolve import tightened
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.general.residuals import measured, projected
from blportfolio.optimise.general.solvers import attempt
from blportfolio.optimise.general.stages import Stage
from blportfolio.optimise.goal import Goal

SEEDS = st.integers(0, 2**32 - 1)


def two_assets():
    """Min ½(w₁² + 3w₂²)/2 with w₁ + w₂ = 1, w ≥ 0: w = (¾, ¼), multiplier −⅜."""
    goal = Goal(np.diag([1.0, 3.0]), risk_aversion=1.0)
    upper = np.full(2, np.inf)
    return write_programme(goal, portfolios(2, upper=upper))


def test_a_solution_by_hand_has_no_residual():
    programme = two_assets()
    point = measured(programme, np.array([0.75, 0.25]), np.array([-0.375, 0.0, 0.0]))
    assert point.worst == pytest.approx(0.0, abs=1e-15)


def test_each_kind_of_error_shows_in_its_own_residual():
    programme = two_assets()
    x, z = np.array([0.75, 0.25]), np.array([-0.375, 0.0, 0.0])
    on_weight, on_budget, on_bound = np.diag([0.01] * 3)
    assert measured(programme, x + on_weight[:2], z).primal == pytest.approx(0.01)
    assert measured(programme, x, z + on_budget).dual == pytest.approx(0.01)
    # bᵀz is off by 0.01, the dual residual Δ is (0.01, 0.01), the largest weight ¾, and xᵀPx ⅜.
    assert measured(programme, x, z + on_weight).gap == pytest.approx((0.01 + 0.015) / 0.375)
    assert measured(programme, x, z - on_bound).worst == pytest.approx(0.0, abs=1e-15)
    assert measured(programme, x * np.nan, z).worst == np.inf


@given(SEEDS, st.integers(2, 6))
@settings(max_examples=15)
def test_the_projection_on_the_cone_is_the_nearest_point(seed, size):
    values = np.random.default_rng(seed).normal(size=size)
    point = cp.Variable(size)
    cp.Problem(cp.Minimize(cp.sum_squares(point - values)), [cp.norm(point[1:]) <= point[0]]).solve(
        solver=cp.CLARABEL
    )
    np.testing.assert_allclose(projected(values), point.value, atol=1e-4)


@given(SEEDS, st.integers(2, 8), st.booleans())
@settings(max_examples=25)
def test_a_polish_never_leaves_a_point_worse(seed, size, charged):
    rng = np.random.default_rng(seed)
    mean, covariance = market(seed, size)
    costs = random_costs(rng, size, None) if charged else None
    goal = Goal(covariance, mean, risk_aversion=4.0, costs=costs)
    programme = write_programme(goal, portfolios(size, lower=np.full(size, -1.0)))
    x = np.zeros(len(programme.linear))
    rough = measured(programme, x, np.zeros(len(programme.offset)))
    best = polished(programme, rough)
    assert best.worst <= rough.worst


@given(SEEDS, st.integers(2, 10))
@settings(max_examples=25)
def test_a_polish_brings_a_rough_answer_to_rounding(seed, size):
    mean, covariance = market(seed, size)
    goal = Goal(covariance, mean, risk_aversion=4.0)
    programme = write_programme(goal, portfolios(size, **sectors(size)))
    rough = dict.fromkeys(("tol_feas", "tol_gap_abs", "tol_gap_rel"), 1e-4)
    start = attempt(programme, Stage("rough", "CLARABEL", rough))[1]
    assert start.worst > 1e-12
    assert polished(programme, start).worst <= 1e-12


def test_a_start_that_is_exact_is_kept_where_no_guess_is_better():
    programme = two_assets()
    exact = measured(programme, np.array([0.75, 0.25]), np.array([-0.375, 0.0, 0.0]))
    assert polished(programme, exact).worst <= max(exact.worst, 1e-15)


def test_limits_that_leave_no_choice_become_equations():
    goal = Goal(np.eye(3), risk_aversion=1.0)
    limits = tightened(goal, portfolios(3, upper=np.full(3, 1 / 3)))
    np.testing.assert_array_equal(limits.lower, limits.upper)
    assert not limits.is_loose
    short = tightened(goal, portfolios(3, lower=-np.ones(3), gross=1.0))
    np.testing.assert_array_equal(short.lower, np.zeros(3))
    assert short.gross == np.inf


def test_pins_that_miss_the_budget_leave_it_to_be_checked():
    goal = Goal(np.eye(2), risk_aversion=1.0)
    pinned = np.array([0.4, 0.4])
    assert tightened(goal, portfolios(2, lower=pinned, upper=pinned)).is_loose


def test_zero_is_told_as_a_member_of_the_set():
    goal = Goal(np.eye(2), is_ratio=True)
    assert not tightened(goal, portfolios(2)).holds_zero
    assert tightened(goal, portfolios(2, budget_lower=0.0)).holds_zero
