"""Exact long-only portfolios by an active set: block principal pivoting on Cholesky blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dposv

from blportfolio.errors import DataError, InfeasibleError
from blportfolio.optimise.exact.conditioning import condition_number, factorised, power_of_four
from blportfolio.optimise.exact.face import ROUNDING
from blportfolio.types import ArraySolution, BoolArray, FloatArray, IntArray
from blportfolio.validation import aligned, check_covariance, check_vector, labels_of

PATIENCE = 8
"""Rounds of block pivoting without progress before the finite method takes over."""


class NonNegative(NamedTuple):
    """Solution of min ½yᵀCy − mᵀy, y ≥ 0.

    Attributes:
        solution: (n,) y.
        residual: Largest violation of the optimality conditions, relative to max m or, where the
            terms of (Cy)ᵢ cancel, to their sum without signs: no y in floating point does better.
        solver: Name of the method that found it.
    """

    solution: FloatArray
    residual: float
    solver: str


def long_only_max_sharpe(
    mean: ArrayLike, covariance: ArrayLike, *, start: ArrayLike | None = None
) -> FloatArray:
    """Long-only fully invested weights of the largest Sharpe ratio, exactly.

    max wᵀμ / √(wᵀCw) with w ≥ 0, Σw = 1 is min ½yᵀCy − μᵀy, y ≥ 0, with w = y / Σy.

    Args:
        mean: (n_assets,) μ, decimal per period; one entry at least above 0.
        covariance: (n_assets, n_assets) C. A singular one gets a ridge of 1e-8 × mean variance.
            Where it has labels, it is put into the order of those of `mean`.
        start: (n_assets,) weights whose support seeds the active set; likewise.

    Returns:
        (n_assets,) weights ≥ 0 that sum to 1, in the order of `mean`.

    Raises:
        DataError: If shapes or labels disagree, or C is not symmetric and positive semi-definite.
        InfeasibleError: If no mean is above 0: then the ratio has no long-only maximum.
    """
    labels = labels_of(mean, name="mean") or labels_of(covariance, name="covariance")
    mu = check_vector(mean, name="mean")
    matrix = check_covariance(aligned(covariance, labels, name="covariance", axes=(0, 1)), len(mu))
    if not (mu > 0).any():
        raise InfeasibleError(
            f"`mean` has no entry above 0 (the largest is {mu.max(initial=-np.inf):.3g}), so no "
            "long-only portfolio has a largest Sharpe ratio. MaxSharpe(fallback=…) says what to "
            "hold instead."
        )
    held = None
    if start is not None:
        held = check_vector(aligned(start, labels, name="start"), len(mu), name="start")
    weights = long_only_solution(matrix, mu, held).weights
    weights.setflags(write=False)
    return weights


def long_only_solution(
    covariance: FloatArray, target: FloatArray, start: FloatArray | None
) -> ArraySolution:
    """Return w = y / Σy for the y ≥ 0 that minimises ½yᵀCy − mᵀy, unchecked.

    Args:
        covariance: (n_assets, n_assets) C.
        target: (n_assets,) m with an entry above 0.
        start: (n_assets,) weights whose support seeds the active set, or None.
    """
    if len(target) == 1:
        return ArraySolution(np.ones(1), "optimal", 0.0, "one asset")
    matrix, ridge, factor = factorised(covariance)
    # The weights do not depend on the scale of either; powers of four keep every digit, also
    # through a square root.
    scaled = matrix * power_of_four(float(np.diagonal(matrix).max()))
    aim = target * power_of_four(float(np.abs(target).max()))
    found = solve_nonnegative(scaled, aim, None if start is None else start > 0)
    weights = found.solution / found.solution.sum()
    return ArraySolution(
        weights, "optimal", found.residual, found.solver, ridge=ridge, factor=factor
    )


def solve_nonnegative(
    covariance: FloatArray, target: FloatArray, support: BoolArray | None = None
) -> NonNegative:
    """Solve min ½yᵀCy − mᵀy, y ≥ 0 for positive definite C by block principal pivoting.

    Infeasible variables change sides all at once while their number falls. When it has not fallen
    for eight rounds, Lawson and Hanson's non-negative least squares on the Cholesky factor takes
    over: it adds one variable at a time, never more than are needed, and is finite.

    Args:
        covariance: (n, n) C.
        target: (n,) m with an entry above 0; otherwise y = 0.
        support: (n,) booleans of the variables to start as positive; by default where m > 0.

    References:
        Júdice and Pires (1994), A block principal pivoting algorithm for large-scale strictly
        monotone linear complementarity problems.
    """
    size = len(target)
    sizes, aims = np.abs(covariance), np.abs(target)
    passive = target > 0 if support is None or not support.any() else support.copy()
    fewest, patience = size + 1, PATIENCE
    while patience:
        solution = np.zeros(size)
        members = np.flatnonzero(passive)
        info = 0
        if len(members):
            info, solution[members] = _solve_block(covariance, target, members)
        if info != 0:
            break
        gradient = covariance @ solution - target
        # Each sign is judged by the rounding of its own terms, so that one enormous mean or
        # variance hides no other.
        terms = sizes @ np.abs(solution) + aims
        wrong = np.where(passive, solution < 0, gradient < -ROUNDING * terms)
        count = int(np.count_nonzero(wrong))
        if count == 0:
            return NonNegative(solution, _residual(covariance, target, solution), "active set")
        if count < fewest:
            fewest, patience = count, PATIENCE
        else:
            patience -= 1
        passive ^= wrong
    return _least_squares(covariance, target)


def _solve_block(
    covariance: FloatArray, target: FloatArray, members: IntArray
) -> tuple[int, FloatArray]:
    if len(members) == len(target):
        _, solution, info = dposv(covariance.T, target, lower=1)
    else:
        block = covariance[members[:, None], members].T  # in the order of LAPACK: no copy
        _, solution, info = dposv(block, target[members], lower=1, overwrite_a=1)
    return info, solution


def _residual(covariance: FloatArray, target: FloatArray, solution: FloatArray) -> float:
    gradient = covariance @ solution - target
    worst = np.where(solution > 0, np.abs(gradient), np.maximum(-gradient, 0.0))
    terms = np.abs(covariance) @ solution
    return float((worst / np.maximum(target.max(), terms)).max())


def _least_squares(covariance: FloatArray, target: FloatArray) -> NonNegative:
    """Solve as min ‖Lᵀy − L⁻¹m‖², y ≥ 0, with C = LLᵀ."""
    from scipy.optimize import nnls

    lower = np.linalg.cholesky(covariance)
    right = solve_triangular(lower, target, lower=True)
    try:
        solution = nnls(lower.T, right, maxiter=100 * len(target))[0]
    except RuntimeError as error:
        raise DataError(
            "`covariance` is too ill-conditioned to optimise with (condition number "
            f"{condition_number(covariance):.2g}); use a shrinkage covariance."
        ) from error
    # The same block as an active set would solve, so that where a search began does not show.
    members = np.flatnonzero(solution > 0)
    if len(members):
        info, exact = _solve_block(covariance, target, members)
        if info == 0 and (exact > 0).all():
            solution[members] = exact
    return NonNegative(solution, _residual(covariance, target, solution), "nnls")
