"""Exact engines against every possible active set in rational arithmetic, without any rounding."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.optimise.exact.active_set import long_only_solution
from blportfolio.optimise.exact.box import solve_box
from blportfolio.optimise.exact.conditioning import regularise
from blportfolio.optimise.exact.face import Box

SEEDS = st.integers(0, 2**32 - 1)
KINDS = ["whole numbers", "nearly copies", "correlated 0.999999", "one huge variance"]


@st.composite
def problems(draw):
    """Covariance and mean of up to four assets; one mean may be enormous, others tied."""
    rng = np.random.default_rng(draw(SEEDS))
    size, kind = draw(st.integers(1, 4)), draw(st.sampled_from(KINDS))
    loading = rng.integers(-3, 4, (size, size + 1)).astype(float)
    covariance = loading @ loading.T + np.eye(size)
    if kind == "nearly copies":
        market = rng.normal(size=(size, 1))
        covariance = market @ market.T + 10 ** -rng.uniform(1, 7) * np.eye(size)
    elif kind == "correlated 0.999999":
        sign = rng.choice([-1, 1], size)
        covariance = 0.999999 * np.outer(sign, sign) + 1e-6 * np.eye(size)
    elif kind == "one huge variance":
        covariance[0, 0] += 1e8
    mean = rng.normal(size=size) * np.sqrt(np.diagonal(covariance))
    if draw(st.booleans()):
        mean = rng.integers(-2, 3, size).astype(float)
    if draw(st.booleans()):
        mean[rng.integers(size)] *= 1e6
    mean[0] = abs(mean[0]) + 1.0
    return regularise((covariance + covariance.T) / 2)[0], mean, rng


def rational(values):
    return [Fraction(float(value)) for value in values]


def solve(matrix, right):
    """Solve by Gauss and Jordan; None where the matrix is singular."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        pivot = next((r for r in range(i, size) if rows[r][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(size):
            if r != i and rows[r][i] != 0:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def enumerate_box(covariance, linear, lower, upper, budget):
    """Return the w of min ½wᵀCw − mᵀw, l ≤ w ≤ u, and Σw = budget unless that is None."""
    size = len(linear)
    for states in itertools.product((-1, 0, 1), repeat=size):
        free = [i for i in range(size) if states[i] == 0]
        w = [upper[i] if states[i] > 0 else lower[i] for i in range(size)]
        if any(w[i] is None for i in range(size) if states[i]):
            continue
        held = [i for i in range(size) if states[i]]
        right = [linear[i] - sum(covariance[i][j] * w[j] for j in held) for i in free]
        matrix = [[covariance[i][j] for j in free] for i in free]
        if budget is not None:
            matrix = [[*row, Fraction(-1)] for row in matrix] + [[Fraction(1)] * len(free) + [0]]
            right.append(budget - sum(w[i] for i in held))
        found = solve(matrix, right) if free else []
        if found is None or (not free and budget is not None and right[0] != 0):
            continue
        for i, value in zip(free, found, strict=False):
            w[i] = value
        if any(w[i] < lower[i] or (upper[i] is not None and w[i] > upper[i]) for i in free):
            continue
        slope = [sum(covariance[i][j] * w[j] for j in range(size)) - linear[i] for i in range(size)]
        # ν lies above the slopes of what is at upper bounds and below those at lower ones.
        movable = [i for i in range(size) if lower[i] != upper[i]]
        least = max((slope[i] for i in movable if states[i] >= 0), default=None)
        most = min((slope[i] for i in movable if states[i] <= 0), default=None)
        if budget is None:
            least, most = max(least or 0, 0), min(most or 0, 0)
        if least is None or most is None or least <= most:
            return w
    raise AssertionError


@given(problems())
@settings(max_examples=80)
def test_the_largest_sharpe_ratio_is_that_of_the_best_support(problem):
    covariance, mean, _ = problem
    zeros, none = [Fraction(0)] * len(mean), [None] * len(mean)
    y = enumerate_box([rational(r) for r in covariance], rational(mean), zeros, none, None)
    expected = np.array([float(value / sum(y)) for value in y])
    found = long_only_solution(covariance, mean, None).weights
    correlation = covariance / np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    rounding = 1e-14 * np.linalg.cond(correlation)
    np.testing.assert_allclose(found, expected, atol=1e-13 + rounding, rtol=0)
    clear = (expected == 0) | (expected > 1e-10)
    np.testing.assert_array_equal((found > 0)[clear], (expected > 0)[clear])


@given(problems(), st.sampled_from(["least", "middle", "most"]))
@settings(max_examples=80)
def test_bounds_and_budget_are_met_by_the_best_active_set(problem, place):
    covariance, mean, rng = problem
    lower = rng.choice([0, 0, -0.5, 0.25], len(mean))
    upper = lower + rng.choice([0, 0.25, 0.5, 1], len(mean))
    share = {"least": 0.0, "middle": 0.5, "most": 1.0}[place]
    budget = float(lower.sum() + share * (upper - lower).sum())
    exact = [rational(row) for row in covariance]
    limits = rational(lower), rational(upper)
    w = enumerate_box(exact, rational(mean), *limits, Fraction(budget))
    found = solve_box(covariance, mean, Box(lower, upper, budget, budget))
    correlation = covariance / np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    rounding = 1e-14 * np.linalg.cond(correlation)
    np.testing.assert_allclose(found.weights, [float(v) for v in w], atol=1e-13 + rounding, rtol=0)
    assert found.residual <= 1e-12
