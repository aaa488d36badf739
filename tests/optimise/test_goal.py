"""The figures a goal is judged by, against definitions and linear programming."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import norm

from blportfolio.errors import DataError
from blportfolio.optimise.costs import CostArrays
from blportfolio.optimise.goal import Goal, cvar

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 60), st.floats(0.01, 0.99))
@settings(max_examples=60)
def test_the_cvar_is_the_optimum_of_rockafellar_and_uryasevs_programme(seed, count, level):
    """Min over z of z + Σ max(loss − z, 0) / ((1 − level) n), as a linear programme."""
    returns = np.random.default_rng(seed).normal(size=count)
    cost = np.r_[1.0, np.full(count, 1 / ((1 - level) * count))]
    rows = np.column_stack([-np.ones(count), -np.eye(count)])
    found = linprog(cost, rows, returns, bounds=[(None, None)] + [(0, None)] * count)
    assert cvar(returns, level) == pytest.approx(found.fun, abs=1e-9)


def test_the_cvar_of_many_normal_draws_is_the_closed_form():
    draws = np.random.default_rng(0).normal(0.01, 0.02, size=400_000)
    closed = -0.01 + 0.02 * norm.pdf(norm.ppf(0.95)) / 0.05
    assert cvar(draws, 0.95) == pytest.approx(closed, rel=0.01)


def test_a_cvar_needs_a_scenario():
    with pytest.raises(DataError, match="`scenarios` must hold at least one row"):
        cvar(np.empty(0), 0.95)


def test_the_value_is_the_sum_that_is_documented():
    covariance, mean = np.diag([4.0, 1.0]), np.array([0.1, 0.2])
    costs = CostArrays(np.full(2, 0.01), np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2))
    goal = Goal(
        covariance,
        mean,
        risk_aversion=3.0,
        centre=np.array([0.5, 0.5]),
        uncertainty=np.eye(2),
        radius=2.0,
        costs=costs,
    )
    weights = np.array([0.6, 0.4])
    gap = weights - 0.5
    by_hand = (
        1.5 * (4 * gap[0] ** 2 + gap[1] ** 2) + 2 * math.hypot(0.6, 0.4) - (0.06 + 0.08) + 0.01
    )
    assert goal.value(weights) == pytest.approx(by_hand)
    ratio = Goal(covariance, mean, is_ratio=True)
    assert ratio.value(weights) == pytest.approx(0.14 / math.sqrt(4 * 0.36 + 0.16))
    assert math.isnan(ratio.value(np.zeros(2)))


def test_a_goals_own_limits_are_part_of_its_violation():
    covariance, mean = np.eye(2), np.array([0.1, 0.2])
    weights = np.array([1.0, 0.0])
    assert Goal(covariance, mean, min_return=0.15).violation(weights) == pytest.approx(1 / 3)
    assert Goal(covariance, mean, max_volatility=0.5).violation(weights) == pytest.approx(1.0)
    assert Goal(covariance, mean, min_return=0.05, max_volatility=2).violation(weights) <= 0
