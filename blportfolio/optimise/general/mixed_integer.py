"""Mixed-integer programmes that choose which assets to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from blportfolio.errors import ConfigError, Conflict, InfeasibleError, SolverError
from blportfolio.optimise.conflicts.elastic import Elastic
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.programme import write_programme
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.held_subset import Signs
from blportfolio.optimise.selection.search import BY_SWAPS, SelectionSearch, Trial
from blportfolio.types import ArraySolution, FloatArray

OPEN = 100.0
"""Bound of a weight that has none, as a mixed-integer programme needs one."""
CURVED_SOLVERS = ("SCIP", "GUROBI", "MOSEK", "COPT", "XPRESS", "CPLEX")
"""Solvers of mixed-integer programmes with variances, first to last."""
ROUNDS = 20
"""Most programmes that are solved for one ratio; two or three are usual."""


def solve_mixed_integer(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best portfolio with few enough and large enough positions.

    A binary variable for each asset and side says whether it is held; the assets that the
    programme chooses are then solved by the usual engines. For a ratio, λ√(wᵀCw) less the net
    return is minimised instead, with λ the best ratio so far, until no portfolio has a larger one
    (Dinkelbach, 1967). HiGHS solves linear programmes; variances need another solver.

    Raises:
        ConfigError: If no solver for the programme is installed.
        InfeasibleError: If no portfolio is allowed.
        SolverError: If the solver fails.
    """
    search = SelectionSearch(goal, allowed)
    _, found = search.relaxed()
    if found is not None and found.solution is not None:
        return found.solution
    if goal.is_ratio:
        best, solver = _best_ratio(search)
    else:
        signs, solver = _best_selection(goal, allowed)
        best = search.solve(signs)
    if best.solution is None:
        raise SolverError(f"The selection that {solver} found could not be solved precisely.")
    engine = best.solution.solver.removeprefix(f"{BY_SWAPS}, ")
    return replace(best.solution, status="optimal", solver=f"{solver}, {engine}")


def _best_ratio(search: SelectionSearch) -> tuple[Trial, str]:
    best, solver = search.found(), ""
    for _ in range(ROUNDS):
        priced = replace(
            search.goal,
            is_ratio=False,
            uncertainty=search.goal.covariance,
            radius=max(-best.score, 0.0),
        )
        signs, solver = _best_selection(priced, search.allowed)
        trial = search.solve(signs)
        if trial.score >= best.score - 1e-9 * abs(best.score):
            return best, solver
        best = trial
    raise SolverError('The largest ratio was not found; choose selection = "heuristic".')


def _best_selection(goal: Goal, allowed: FeasibleSet) -> tuple[Signs, str]:
    """Return the selection of the best portfolio, and the solver that proved it.

    Raises:
        ConfigError: If no solver for the programme is installed.
        InfeasibleError: If no portfolio is allowed.
        SolverError: If the solver fails.
    """
    programme = write_programme(goal, allowed)
    size = len(allowed.assets)
    if not programme.cones and not programme.quadratic.any():
        cost = np.concatenate([programme.linear, np.zeros(2 * size)])
        lower = np.where(
            np.arange(len(programme.offset)) < programme.n_zero, programme.offset, -np.inf
        )
        found = _chosen(
            cost, programme.matrix, lower, programme.offset, allowed, allowed.max_assets, []
        )
        if found is None:
            raise unmet(goal, allowed)
        return found, "HIGHS"
    import cvxpy

    cp: Any = cvxpy  # its functions are not typed
    solver = _solver(cp.installed_solvers())
    x = cp.Variable(programme.matrix.shape[1])
    long, short = (cp.Variable(size, boolean=True) for _ in range(2))
    weights, (low, high), least = x[:size], reach(allowed), allowed.min_weight
    rest = programme.offset - programme.matrix @ x
    end = programme.n_zero + programme.n_nonnegative
    limits = [
        rest[: programme.n_zero] == 0,
        rest[programme.n_zero : end] >= 0,
        *(cp.SOC(rest[part][0], rest[part][1:]) for part in programme.slices()),
        weights <= cp.multiply(high, long) - least * short,
        weights >= cp.multiply(low, short) + least * long,
        long + short <= 1,
        cp.sum(long + short) <= allowed.max_assets,
        long <= (high > 0),
        short <= (low < 0),
    ]
    cost = programme.linear @ x
    if programme.quadratic.any():
        cost += cp.sum_squares(np.linalg.cholesky(programme.quadratic).T @ weights) / 2
    problem = cp.Problem(cp.Minimize(cost), limits)
    try:
        problem.solve(solver=solver)
    except cp.error.SolverError as error:
        raise SolverError(f"{solver} failed to choose the assets: {error}") from error
    if problem.status in ("infeasible", "infeasible_or_unbounded"):
        raise unmet(goal, allowed)
    if long.value is None or short.value is None:
        raise SolverError(f"{solver} failed to choose the assets: its status is {problem.status}.")
    return np.round(long.value) - np.round(short.value), solver


def _solver(installed: list[str]) -> str:
    for name in CURVED_SOLVERS:
        if name in installed:
            return name
    raise ConfigError(
        '`selection` = "mip" needs a mixed-integer solver for this objective; none is installed. '
        "Install SCIP with `pip install blportfolio[mip]`, or choose `heuristic`."
    )


def reach(allowed: FeasibleSet) -> tuple[FloatArray, FloatArray]:
    """Return (n_assets,) finite bounds of the weights, each on its side of 0."""
    most = min(allowed.gross, OPEN)
    low, high = allowed.box()
    return np.clip(low, -most, 0.0), np.clip(high, 0.0, most)


def allowed_selections(goal: Goal, allowed: FeasibleSet, preference: FloatArray) -> Iterator[Signs]:
    """Yield selections that the linear limits allow, those preferred first.

    Args:
        goal: Its limit on the return counts.
        allowed: With a limit on the number or the least size of positions.
        preference: (n_assets,) what holding an asset is worth.

    Yields:
        (n_assets,) 1, −1 or 0.

    Raises:
        InfeasibleError: If there is none.
    """
    cuts: list[FloatArray] = []
    while True:
        signs = _selection(goal, allowed, -preference, allowed.max_assets, cuts)
        if signs is None:
            if not cuts:
                raise unmet(goal, allowed)
            return
        yield signs
        chosen = np.concatenate([signs > 0, signs < 0]).astype(float)
        cuts.append(chosen)


def unmet(goal: Goal, allowed: FeasibleSet) -> InfeasibleError:
    """Return the error that says how far limits on positions would have to give."""
    most, least = allowed.max_assets, allowed.min_weight
    size = len(allowed.assets)
    conflicts: list[Conflict] = []
    if most < size:
        fewest = _selection(goal, allowed, np.ones(size), size, [])
        more = 0 if fewest is None else np.count_nonzero(fewest) - most
        count = float(more) if more > 0 else None
        conflicts.append(Conflict(f"at most {most} assets held", count))
    if least > 0:
        conflicts.append(
            Conflict(f"weights of at least {least:.6g} where held", _excess(goal, allowed))
        )
    told = "; ".join(
        f"{conflict.name} "
        + (
            "(giving way alone would not help)"
            if conflict.must_give is None
            else f"(would have to give {conflict.must_give:.4g})"
        )
        for conflict in conflicts
    )
    return InfeasibleError(
        f"No portfolio meets the other constraints and the limits on positions: {told}. Raise "
        "`max_assets`, lower `min_weight` or widen the bounds.",
        tuple(conflicts),
    )


def _excess(goal: Goal, allowed: FeasibleSet) -> float | None:
    """Return by how much the least size of positions is too large, found by bisection."""

    def is_met(least: float) -> bool:
        narrowed = replace(allowed, min_weight=least)
        nothing = np.zeros(len(allowed.assets))
        return _selection(goal, narrowed, nothing, allowed.max_assets, []) is not None

    low, high = 0.0, allowed.min_weight
    if not is_met(low):
        return None
    while high - low > 1e-6 * allowed.min_weight:
        middle = (low + high) / 2
        low, high = (middle, high) if is_met(middle) else (low, middle)
    return allowed.min_weight - low


def _selection(
    goal: Goal, allowed: FeasibleSet, cost: FloatArray, most: int, cuts: list[FloatArray]
) -> Signs | None:
    """Return the cheapest selection that the linear limits allow, or None."""
    elastic = Elastic(goal, allowed)
    matrix, bounds, _ = elastic.stacked()
    price = np.concatenate([np.zeros(elastic.width), cost, cost])
    return _chosen(price, matrix, np.full(len(bounds), -np.inf), bounds, allowed, most, cuts)


def _chosen(
    cost: FloatArray,
    matrix: sparse.csr_array,
    lower: FloatArray,
    upper: FloatArray,
    allowed: FeasibleSet,
    most: int,
    cuts: list[FloatArray],
) -> Signs | None:
    """Return the selection of the cheapest x, z with lower ≤ Ax ≤ upper, or None, by HiGHS.

    Args:
        cost: (n_variables + 2 n_assets,) cost of x, of holding long and of holding short.
        matrix: (n_rows, n_variables) A; the first variables are the weights.
        lower: (n_rows,) lower limits.
        upper: (n_rows,) upper limits.
        allowed: Bounds and least size of positions.
        most: Largest number of positions.
        cuts: (2 n_assets,) selections to leave out.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    size, width = len(allowed.assets), matrix.shape[1]
    low, high = reach(allowed)
    one, none = sparse.eye_array(size), sparse.csr_array((size, width - size))
    least = allowed.min_weight
    rows: list[Any] = [
        sparse.hstack([matrix, sparse.csr_array((matrix.shape[0], 2 * size))]),
        # wᵢ ≤ Uᵢ z⁺ᵢ − v z⁻ᵢ and wᵢ ≥ v z⁺ᵢ + Lᵢ z⁻ᵢ, v being the least size
        sparse.hstack([one, none, -sparse.diags_array(high), least * one]),
        sparse.hstack([-one, none, least * one, sparse.diags_array(low)]),
        sparse.hstack([sparse.csr_array((size, width)), one, one]),
    ]
    for row in (np.ones(2 * size), *(2 * chosen - 1 for chosen in cuts)):
        rows.append(sparse.csr_array(np.concatenate([np.zeros(width), row])[None, :]))
    limits = [
        upper,
        np.zeros(2 * size),
        np.ones(size),
        np.array([float(most), *(chosen.sum() - 1 for chosen in cuts)]),
    ]
    upper = np.concatenate(limits)
    lower = np.concatenate([lower, np.full(len(upper) - len(lower), -np.inf)])
    ceiling = np.concatenate([np.full(width, np.inf), high > 0, low < 0])
    floor = np.concatenate([np.full(width, -np.inf), np.zeros(2 * size)])
    found = milp(
        cost,
        constraints=LinearConstraint(sparse.vstack(rows, format="csc"), lower, upper),
        bounds=Bounds(floor, ceiling),
        integrality=np.concatenate([np.zeros(width), np.ones(2 * size)]),
        options={"mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return None
    if found.x is None:
        raise SolverError(f"The search for a selection of assets failed: {found.message}")
    picked = np.round(found.x[width:])
    return np.asarray(picked[:size] - picked[size:])
