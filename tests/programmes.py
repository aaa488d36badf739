"""Goals and feasible sets as arrays, and a plain cvxpy model of them, for tests of solvers."""

import warnings

import cvxpy as cp
import numpy as np
from helpers import random_covariance

from blportfolio.optimise.costs import CostArrays
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal

TIGHT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}


def portfolios(size, **given):
    """Long-only and fully invested, unless said otherwise."""
    parts = {
        "assets": tuple(f"A{i}" for i in range(size)),
        "lower": np.zeros(size),
        "upper": np.ones(size),
        "budget_lower": 1.0,
        "budget_upper": 1.0,
        "rows": np.zeros((0, size)),
        "row_lower": np.zeros(0),
        "row_upper": np.zeros(0),
        "row_names": (),
        "previous": None,
        "turnover": np.inf,
        "trade": np.full(size, np.inf),
        "gross": np.inf,
        "tracking_error": np.inf,
        "benchmark": np.zeros(size),
        "max_assets": size,
        "min_weight": 0.0,
    }
    return FeasibleSet(**{**parts, **given})


def sectors(size, lower=0.1, upper=0.7):
    """Limits on two groups."""
    rows = np.array([[float(i % 2 == k) for i in range(size)] for k in range(2)])
    return {
        "rows": rows,
        "row_lower": np.array([lower, -np.inf]),
        "row_upper": np.array([upper, upper]),
        "row_names": ("group even", "group odd"),
    }


def market(seed, size):
    """A random mean and covariance of daily returns."""
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size) + 1e-5 * np.eye(size)
    return rng.normal(3e-4, 1e-3, size=size), covariance


def random_set(rng, size, covariance):
    """A set that holds a random portfolio, with a random choice of limits."""
    inside = rng.dirichlet(np.ones(size))
    short = rng.random() < 0.5
    given = {"lower": np.full(size, -0.5) if short else np.zeros(size)}
    if rng.random() < 0.3:
        given["budget_lower"] = 0.4
    if rng.random() < 0.5:
        rows = rng.normal(size=(2, size))
        given |= {
            "rows": rows,
            "row_lower": np.array([rows[0] @ inside - 0.1, -np.inf]),
            "row_upper": rows @ inside + 0.1,
            "row_names": ("first", "second"),
        }
    if rng.random() < 0.5:
        given["previous"] = (inside + rng.dirichlet(np.ones(size))) / 2
        given["turnover"] = np.abs(given["previous"] - inside).sum() / 2 + 0.05
        given["trade"] = np.abs(given["previous"] - inside) + 0.2
    if short:
        given["gross"] = rng.uniform(1.1, 2.0)
    if rng.random() < 0.4:
        given["benchmark"] = np.full(size, 1 / size)
        gap = inside - given["benchmark"]
        given["tracking_error"] = 1.5 * np.sqrt(gap @ covariance @ gap) + 1e-4
    return portfolios(size, **given), inside


def random_costs(rng, size, previous):
    """Costs of every kind."""
    top = np.array([1e-3, 2e-3, 1e-4, 1e-4])[:, None] * rng.uniform(0, 1, size=(4, size))
    return CostArrays(*top, previous=np.zeros(size) if previous is None else previous)


def limits_in_cvxpy(w, allowed, covariance):
    """Constraints on the variable w, written as they are defined."""
    total = cp.sum(w)
    found = [total >= allowed.budget_lower, total <= allowed.budget_upper]
    for bound, sense in ((allowed.lower, 1), (allowed.upper, -1)):
        at = np.flatnonzero(np.isfinite(bound))
        found.append(sense * (w[at] - bound[at]) >= 0)
    for row, low, high in zip(allowed.rows, allowed.row_lower, allowed.row_upper, strict=True):
        found += [row @ w >= low] if np.isfinite(low) else []
        found += [row @ w <= high] if np.isfinite(high) else []
    if np.isfinite(allowed.turnover):
        found.append(cp.norm1(w - allowed.previous) <= 2 * allowed.turnover)
    if allowed.previous is not None and np.isfinite(allowed.trade).all():
        found.append(cp.abs(w - allowed.previous) <= allowed.trade)
    if np.isfinite(allowed.gross):
        found.append(cp.norm1(w) <= allowed.gross)
    if np.isfinite(allowed.tracking_error):
        unit = allowed.tracking_error
        root = np.linalg.cholesky(covariance).T / unit
        found.append(cp.norm(root @ (w - allowed.benchmark)) <= 1)
    return found


def costs_in_cvxpy(w, costs):
    """Costs of the variable w, written as they are defined."""
    if costs is None:
        return 0.0
    trade = w - costs.previous
    return (
        costs.trading @ cp.abs(trade)
        + costs.impact @ cp.square(trade)
        + costs.holding @ cp.abs(w)
        + costs.borrow @ cp.neg(w)
    )


def reference(goal: Goal, allowed):
    """Return the weights and the status of a plain model of a goal that is no ratio."""
    size = len(goal.covariance)
    w = cp.Variable(size)
    unit = np.diagonal(goal.covariance).mean()
    root = np.linalg.cholesky(goal.covariance).T
    limits = limits_in_cvxpy(w, allowed, goal.covariance)
    centre = np.zeros(size) if goal.centre is None else goal.centre
    mean = np.zeros(size) if goal.mean is None else goal.mean
    net = mean @ w - costs_in_cvxpy(w, goal.costs)
    total = goal.risk_aversion / 2 * cp.sum_squares(root @ (w - centre))
    if goal.uncertainty is not None:
        total += goal.radius * cp.norm(np.linalg.cholesky(goal.uncertainty).T @ w)
    if goal.scenarios is not None:
        count = (1 - goal.level) * len(goal.scenarios)
        total += cp.sum_largest(-goal.scenarios @ w, count) / count
    if goal.min_return is None:
        total -= net
    else:
        limits.append(1e3 * net >= 1e3 * goal.min_return)
    if goal.max_volatility is not None:
        limits.append(cp.norm(root @ w) / np.sqrt(unit) <= goal.max_volatility / np.sqrt(unit))
    problem = cp.Problem(cp.Minimize(1e3 * total), limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its status says so too
        problem.solve(solver=cp.CLARABEL, **TIGHT)
    return w.value, problem.status


def best_ratio(goal: Goal, allowed, rounds=12):
    """Return the largest ratio by Dinkelbach's method: max net(w) − λσ(w) until it is 0."""
    size = len(goal.covariance)
    unit = np.sqrt(np.diagonal(goal.covariance).mean())
    w, slope = cp.Variable(size), cp.Parameter(nonneg=True)
    root = np.linalg.cholesky(goal.covariance).T / unit
    net = (goal.mean @ w - costs_in_cvxpy(w, goal.costs)) / unit
    problem = cp.Problem(
        cp.Maximize(net - slope * cp.norm(root @ w)), limits_in_cvxpy(w, allowed, goal.covariance)
    )
    slope.value = 0.0
    for _ in range(rounds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problem.solve(solver=cp.CLARABEL, **TIGHT)
        ratio = goal.value(w.value)
        if not ratio > slope.value + 1e-12:
            break
        slope.value = ratio
    return slope.value
