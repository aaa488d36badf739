"""General constraints by this package and by PyPortfolioOpt (extra `bench`), side by side.

Without `--benchmark-enable` small problems are solved once, untimed, and their answers compared.
"""

import warnings

import cvxpy as cp
import numpy as np
import pytest
from helpers import random_covariance
from programmes import portfolios

from blportfolio.optimise.costs import CostArrays
from blportfolio.optimise.general.solver import solve_programme
from blportfolio.optimise.goal import Goal

SIZES = (20, 100, 500)
COST = 5e-5
LEAST = ("min_variance", "min_variance_turnover", "min_variance_long_short")
KINDS = (*LEAST, "utility", "max_sharpe", "turnover", "tracking", "long_short", "costs")


def problem(seed, size):
    """A mean with positive entries and a covariance of two years of days and more."""
    rng = np.random.default_rng(seed)
    return rng.normal(1e-3, 5e-4, size), random_covariance(rng, size, n_obs=2 * size + 500)


def tracking(covariance):
    """Half the volatility of equal weights."""
    return np.sqrt(covariance.mean()) / 2


def by_us(kind, mean, covariance):
    """Solve through the general engine."""
    size = len(mean)
    rows = np.array([[float(i % 5 == k) for i in range(size)] for k in range(5)])
    given = {
        "rows": rows,
        "row_lower": np.full(5, 0.1),
        "row_upper": np.full(5, 0.3),
        "row_names": tuple("abcde"),
    }
    if kind.endswith("turnover"):
        given = {"previous": np.full(size, 1 / size), "turnover": 0.2}
    if kind == "tracking":
        given = {"benchmark": np.full(size, 1 / size), "tracking_error": tracking(covariance)}
    if kind.endswith("long_short"):
        given = {"lower": np.full(size, -0.1), "upper": np.full(size, 0.3), "gross": 1.6}
    none = np.zeros(size)
    costs = CostArrays(np.full(size, COST), none, none, none, np.full(size, 1 / size))
    if kind == "costs":
        given = {}
    goal = {
        **dict.fromkeys(LEAST, Goal(covariance, risk_aversion=1.0)),
        "max_sharpe": Goal(covariance, mean, is_ratio=True),
        "costs": Goal(covariance, mean, risk_aversion=5.0, costs=costs),
    }.get(kind, Goal(covariance, mean, risk_aversion=5.0))
    return solve_programme(goal, portfolios(size, **given)).weights


def by_pyportfolioopt(kind, mean, covariance):
    """Solve the same; None where its solver gives up."""
    peer = pytest.importorskip("pypfopt", reason="needs the extra bench")
    bounds = (-0.1, 0.3) if kind.endswith("long_short") else (0, 1)
    frontier = peer.EfficientFrontier(mean, covariance, weight_bounds=bounds)
    names = range(len(mean))
    held = np.full(len(mean), 1 / len(mean))
    if kind.endswith("turnover"):
        frontier.add_constraint(lambda w: cp.norm1(w - held) <= 0.4)
    elif kind == "tracking":
        curve, most = cp.psd_wrap(covariance), tracking(covariance) ** 2
        frontier.add_constraint(lambda w: cp.quad_form(w - held, curve) <= most)
    elif kind.endswith("long_short"):
        frontier.add_constraint(lambda w: cp.norm1(w) <= 1.6)
    elif kind == "costs":
        frontier.add_objective(peer.objective_functions.transaction_cost, w_prev=held, k=COST)
    else:
        limits = [dict.fromkeys("01234", value) for value in (0.1, 0.3)]
        frontier.add_sector_constraints({i: str(i % 5) for i in names}, *limits)
    try:
        if kind in LEAST:
            frontier.min_volatility()
        elif kind == "max_sharpe":
            frontier.max_sharpe(risk_free_rate=0.0)
        else:
            frontier.max_quadratic_utility(5.0)
    except peer.exceptions.OptimizationError:
        return None
    return np.asarray(frontier.weights)


def value(kind, weights, mean, covariance):
    """What is maximised."""
    variance, gain = weights @ covariance @ weights, weights @ mean
    if kind in LEAST:
        return -variance
    if kind == "max_sharpe":
        return gain / np.sqrt(variance)
    cost = COST * np.abs(weights - 1 / len(mean)).sum() if kind == "costs" else 0.0
    return gain - 5.0 / 2 * variance - cost


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("solve", [by_us, by_pyportfolioopt], ids=["ours", "pyportfolioopt"])
def test_general_constraints(benchmark, solve, size, kind):
    mean, covariance = problem(size, size if benchmark.enabled else 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries
        weights = benchmark(solve, kind, mean, covariance)
    if weights is None:
        pytest.skip("its solver gives up")
    assert weights.sum() == pytest.approx(1.0, abs=1e-3)
    if not benchmark.enabled:  # with many assets the peer's solver stops far from the optimum
        exact = value(kind, by_us(kind, mean, covariance), mean, covariance)
        assert value(kind, weights, mean, covariance) == pytest.approx(exact, rel=1e-3)
