"""The efficient frontier against a published one, cvxpy, and what every frontier obeys."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError, InfeasibleError, SingularCovarianceWarning
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.exact.critical_line import Line, trace
from blportfolio.optimise.exact.face import Box
from blportfolio.optimise.feasible import feasible_set
from blportfolio.optimise.frontier import efficient_frontier
from blportfolio.types import DecisionContext, ReturnDistribution

# Bailey and López de Prado (2013), An Open-Source Implementation of the Critical-Line Algorithm for
# Portfolio Optimization, Algorithms 6(1): mean and upper triangle of the covariance of ten assets,
# and the corner portfolios of table 2: return, risk, λ and weights of which those not 0 are given.
MEAN = [1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08]
TRIANGLE = """
0.40755159 0.03175842 0.05183923 0.05663904 0.0330226 0.00827775 0.02165938 0.01332419 0.0343476
0.02249903 0.9063047 0.03136385 0.02687256 0.01917172 0.00934384 0.02495043 0.00761036 0.02874874
0.01336866 0.19490901 0.04408485 0.03006772 0.01322738 0.03525971 0.0115493 0.0427563 0.02057303
0.19528471 0.02777345 0.00526665 0.01375808 0.00780878 0.02914176 0.01640377 0.34059105 0.00777055
0.02067844 0.00736409 0.02542657 0.01284075 0.15983874 0.02105575 0.00518686 0.01723737 0.00723779
0.68056711 0.01377882 0.04627027 0.01926088 0.95526918 0.0106553 0.00760955 0.31681584 0.01854318
0.11079287
"""
CORNERS = [
    (0.803, 0.205, 0.0, [0.037, 0.027, 0.095, 0.126, 0.077, 0.219, 0.030, 0.036, 0.061, 0.292]),
    (0.950, 0.216, 0.031, [0.068, 0.041, 0.015, 0.188, 0.034, 0.202, 0, 0.034, 0.034, 0.383]),
    (0.973, 0.220, 0.037, [0.074, 0.044, 0, 0.199, 0.026, 0.198, 0, 0.033, 0.028, 0.398]),
    (1.015, 0.228, 0.052, [0.085, 0.049, 0, 0.220, 0, 0.180, 0, 0.031, 0.006, 0.429]),
    (1.022, 0.230, 0.056, [0.087, 0.050, 0, 0.224, 0, 0.174, 0, 0.030, 0, 0.435]),
    (1.108, 0.265, 0.147, [0.123, 0.070, 0, 0.279, 0, 0, 0, 0.006, 0, 0.521]),
    (1.111, 0.267, 0.165, [0.127, 0.072, 0, 0.281, 0, 0, 0, 0, 0, 0.520]),
    (1.160, 0.417, 1.946, [0.434, 0.231, 0, 0.335, 0, 0, 0, 0, 0, 0]),
    (1.180, 0.546, 4.174, [0.649, 0.351, 0, 0, 0, 0, 0, 0, 0, 0]),
    (1.190, 0.952, 58.303, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
]
SEEDS = st.integers(0, 2**32 - 1)


def published():
    half = np.zeros((10, 10))
    half[np.triu_indices(10)] = [float(entry) for entry in TRIANGLE.split()]
    return np.array(MEAN), half + np.triu(half, 1).T


def make_distribution(mean, covariance, **kwargs):
    labels = tuple(f"A{i}" for i in range(len(mean)))
    return ReturnDistribution(mean, covariance, np.zeros_like(covariance), labels, **kwargs)


@st.composite
def distributions(draw, max_assets=10):
    """Daily moments; some means are tied, some assets copies of each other but for noise."""
    rng = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(2, max_assets))
    mean = rng.normal(scale=1e-3, size=size)
    if draw(st.booleans()):
        mean = np.round(mean, 3)
    return make_distribution(mean, random_covariance(rng, size))


CONSTRAINTS = st.sampled_from(
    [
        {},
        {"bounds": (0, 0.6)},
        {"bounds": (-0.5, 1.0)},
        {"bounds": {"A0": (0.2, 0.2)}},
        {"bounds": (0, 0.7), "cash": (0, 1)},
        {"bounds": (-0.3, 0.8), "cash": (-0.2, 0.5)},
    ]
)


def test_corners_and_best_ratio_are_the_published_ones():
    mean, covariance = published()
    frontier = efficient_frontier(make_distribution(mean, covariance))
    corners = frontier.corners.to_numpy()
    np.testing.assert_allclose(corners, [row[3] for row in CORNERS], atol=5.1e-4)
    np.testing.assert_allclose(corners @ mean, [row[0] for row in CORNERS], atol=5.1e-4)
    risk = np.sqrt(np.einsum("ij,jk,ik->i", corners, covariance, corners))
    np.testing.assert_allclose(risk, [row[1] for row in CORNERS], atol=5.1e-4)
    box = Box(np.zeros(10), np.ones(10), 1.0, 1.0)
    traced, _ = trace(Line(covariance, np.zeros(10), mean, box))
    np.testing.assert_allclose(
        [corner.tolerance for corner in traced], [row[2] for row in CORNERS], atol=5.1e-4
    )
    best = frontier.max_sharpe.to_numpy()
    assert np.sqrt(best @ covariance @ best) == pytest.approx(0.2274, abs=5e-5)
    assert best @ mean / np.sqrt(best @ covariance @ best) == pytest.approx(4.4535, abs=5e-5)


@given(distributions(), CONSTRAINTS)
@settings(max_examples=80)
def test_it_is_convex_and_monotone_between_least_variance_and_largest_return(given_, table):
    frontier = efficient_frontier(given_, constraints=table, n_points=25)
    returns, risks = frontier.returns, frontier.volatilities
    variances = risks**2
    size = np.abs(given_.mean).max()
    assert (np.diff(returns) >= -1e-15 * size).all()
    assert (np.diff(variances) >= -1e-12 * variances.max()).all()
    assert (np.diff(variances, 2) >= -1e-10 * variances.max()).all()
    assert (np.diff(risks, 2) >= -1e-10 * risks.max()).all()
    corners = frontier.corners.to_numpy()
    assert returns[0] == pytest.approx(corners[0] @ given_.mean, abs=1e-15)
    assert returns[-1] == pytest.approx(corners[-1] @ given_.mean, abs=1e-15)
    weights = frontier.weights.to_numpy()
    np.testing.assert_allclose(weights[0], frontier.min_variance, atol=0)


@given(distributions(max_assets=8), CONSTRAINTS, st.floats(0, 1))
@settings(max_examples=30)
def test_each_point_has_the_least_variance_that_cvxpy_finds_for_its_return(given_, table, share):
    frontier = efficient_frontier(given_, constraints=table, n_points=15)
    chosen = int(share * (len(frontier.returns) - 1))
    allowed = feasible_set(Constraints.of(table), None, DecisionContext(given_.assets))
    for weights in frontier.weights.to_numpy():
        assert allowed.violation(weights, given_.covariance) <= 1e-12
    size, unit = np.abs(given_.mean).max() or 1.0, given_.covariance.diagonal().max()
    w = cp.Variable(len(given_.mean))
    limits = [
        w >= allowed.lower,
        w <= allowed.upper,
        cp.sum(w) >= allowed.budget_lower,
        cp.sum(w) <= allowed.budget_upper,
        (given_.mean / size) @ w >= frontier.returns[chosen] / size - 1e-8,
    ]
    risk = cp.sum_squares(np.linalg.cholesky(given_.covariance / unit).T @ w)
    cp.Problem(cp.Minimize(risk), limits).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9
    )
    expected = w.value @ (given_.covariance / unit) @ w.value
    assert frontier.volatilities[chosen] ** 2 / unit == pytest.approx(expected, abs=2e-7)


@given(distributions(), CONSTRAINTS)
@settings(max_examples=40)
def test_the_last_point_has_the_largest_return_that_is_allowed(given_, table):
    frontier = efficient_frontier(given_, constraints=table, n_points=5)
    size = len(given_.mean)
    bounds = table.get("bounds", (0, 1))
    default = (0, 1) if isinstance(bounds, dict) else bounds
    each = [bounds.get(a, default) if isinstance(bounds, dict) else default for a in given_.assets]
    least, most = table.get("cash", (0, 0))
    w = cp.Variable(size)
    lower, upper = np.array(each).T
    limits = [w >= lower, w <= upper, cp.sum(w) >= 1 - most, cp.sum(w) <= 1 - least]
    best = cp.Problem(cp.Maximize((1000 * given_.mean) @ w), limits).solve(solver=cp.CLARABEL)
    assert 1000 * frontier.returns[-1] == pytest.approx(best, abs=1e-6)


@given(distributions())
@settings(max_examples=40)
def test_weights_are_linear_between_corners(given_):
    frontier = efficient_frontier(given_, n_points=40)
    corners = frontier.corners.to_numpy()
    at = corners @ given_.mean
    for value, weights in zip(frontier.returns, frontier.weights.to_numpy(), strict=True):
        right = int(np.clip(np.searchsorted(at, value), 1, max(len(at) - 1, 1)))
        if len(at) == 1 or at[right] == at[right - 1]:
            continue
        share = (value - at[right - 1]) / (at[right] - at[right - 1])
        mixed = (1 - share) * corners[right - 1] + share * corners[right]
        np.testing.assert_allclose(weights, mixed, atol=1e-9)


def test_equal_means_leave_one_portfolio():
    rng = np.random.default_rng(3)
    frontier = efficient_frontier(make_distribution(np.full(5, 1e-3), random_covariance(rng, 5)))
    assert len(frontier.returns) == len(frontier.corners) == 1
    np.testing.assert_allclose(frontier.max_sharpe, frontier.min_variance, atol=1e-12)


def test_without_bounds_it_is_the_hyperbola_of_two_funds():
    rng = np.random.default_rng(4)
    mean, covariance = rng.normal(size=4), random_covariance(rng, 4, scale=1.0)
    table = {"bounds": (None, None)}
    frontier = efficient_frontier(make_distribution(mean, covariance), constraints=table)
    inverse = np.linalg.inv(covariance)
    a, b, c = inverse.sum(), (inverse @ mean).sum(), mean @ inverse @ mean
    # Merton (1972), equation (11): σ² = (aR² − 2bR + c) / (ac − b²).
    r = frontier.returns
    np.testing.assert_allclose(
        frontier.volatilities**2, (a * r**2 - 2 * b * r + c) / (a * c - b * b), rtol=1e-10
    )
    assert r[-1] >= mean.max() * (1 - 1e-12)


def test_without_bounds_it_reaches_the_best_ratio_or_none_is_the_best():
    covariance = np.array([[0.04, 0.01], [0.01, 0.04]])
    table = {"bounds": (None, None)}
    found = efficient_frontier(
        make_distribution(np.array([0.05, -0.02]), covariance), constraints=table
    )
    tangency = np.linalg.solve(covariance, [0.05, -0.02])
    np.testing.assert_allclose(found.max_sharpe, tangency / tangency.sum(), rtol=1e-12)
    assert found.returns[-1] >= found.mean @ found.max_sharpe - 1e-15
    # Where 1ᵀC⁻¹μ < 0 the ratio only nears its supremum, as positions grow without end.
    falling = make_distribution(np.array([-0.1, 0.02]), covariance)
    assert efficient_frontier(falling, constraints=table).max_sharpe is None


def test_equal_means_with_cash_go_straight_to_the_calmest_that_is_fully_invested():
    rng = np.random.default_rng(8)
    mean = np.full(12, 3e-4)
    given_ = make_distribution(mean, random_covariance(rng, 12, n_obs=3))
    table = {"bounds": (-0.2, 0.4), "cash": (0, 1.5)}
    with pytest.warns(SingularCovarianceWarning):
        frontier = efficient_frontier(given_, constraints=table)
    assert frontier.returns[0] == 0
    assert frontier.returns[-1] == pytest.approx(3e-4, rel=1e-12)
    assert (np.diff(frontier.volatilities) >= 0).all()
    with pytest.warns(SingularCovarianceWarning):
        invested = efficient_frontier(given_, constraints={"bounds": (-0.2, 0.4)})
    assert frontier.volatilities[-1] == pytest.approx(invested.volatilities[0], rel=1e-6)


def test_no_positive_return_leaves_no_best_ratio():
    rng = np.random.default_rng(5)
    frontier = efficient_frontier(make_distribution(-np.ones(3), random_covariance(rng, 3)))
    assert frontier.max_sharpe is None


def test_constraints_beyond_a_box_are_met_at_every_point():
    rng = np.random.default_rng(6)
    given_ = make_distribution(rng.normal(scale=1e-3, size=5), random_covariance(rng, 5))
    table = {"groups": {"G": ["A0", "A1"]}, "group_bounds": {"G": (0.4, 0.5)}}
    frontier = efficient_frontier(given_, constraints=table, n_points=6)
    assert frontier.corners is None
    group = frontier.weights[["A0", "A1"]].sum(axis=1)
    assert group.between(0.4 - 1e-9, 0.5 + 1e-9).all()
    assert (np.diff(frontier.returns) > 0).all()
    assert (np.diff(frontier.volatilities**2, 2) >= -1e-9 * frontier.volatilities.max()).all()


def test_a_singular_covariance_is_warned_of():
    rng = np.random.default_rng(7)
    given_ = make_distribution(rng.normal(size=8), random_covariance(rng, 8, n_obs=4))
    with pytest.warns(SingularCovarianceWarning, match="which makes it [0-9.e+]+") as caught:
        frontier = efficient_frontier(given_)
    assert [warning.filename for warning in caught] == [__file__]
    assert (np.diff(frontier.volatilities) >= -1e-12).all()


def test_bad_input_is_refused_by_name():
    given_ = make_distribution(np.ones(2), np.eye(2))
    with pytest.raises(DataError, match="distribution"):
        efficient_frontier(pd.Series([1.0]))
    with pytest.raises(ConfigError, match="n_points"):
        efficient_frontier(given_, n_points=1)
    with pytest.raises(InfeasibleError):
        efficient_frontier(given_, constraints={"bounds": (0, 0.3)})


def test_a_frontier_prints_as_one_line():
    found = efficient_frontier(make_distribution(*published()), n_points=20)
    assert repr(found) == (
        "EfficientFrontier(10 assets, 20 points, 10 corners; returns 0.803 to 1.19, "
        "volatilities 0.205 to 0.952 per period)"
    )
    solved = efficient_frontier(
        make_distribution(*published()),
        n_points=3,
        constraints={"gross_exposure": 1.2, "bounds": (-0.1, 1)},
    )
    assert "3 points; returns" in repr(solved)
