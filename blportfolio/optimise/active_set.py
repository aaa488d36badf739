"""Exact long-only portfolios by an active set: block principal pivoting on Cholesky blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dposv, dpotrf

from blportfolio.errors import DataError, InfeasibleError
from blportfolio.types import ArraySolution, BoolArray, FloatArray
from blportfolio.validation import aligned, check_covariance, check_vector, labels_of

EPSILON = float(np.finfo(float).eps)
RIDGE = 1e-8
"""A singular covariance gets this times its mean variance on the diagonal."""


class NonNegative(NamedTuple):
    """Solution of min ½yᵀCy − mᵀy, y ≥ 0.

    Attributes:
        solution: (n,) y.
        residual: Largest violation of the optimality conditions, relative to max m.
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
    support = None
    if start is not None:
        support = check_vector(aligned(start, labels, name="start"), len(mu), name="start") > 0
    weights = long_only_solution(matrix, mu, support).weights
    weights.setflags(write=False)
    return weights


def long_only_solution(
    covariance: FloatArray, target: FloatArray, support: BoolArray | None
) -> ArraySolution:
    """Return w = y / Σy for the y ≥ 0 that minimises ½yᵀCy − mᵀy, unchecked.

    Args:
        covariance: (n_assets, n_assets) C.
        target: (n_assets,) m with an entry above 0.
        support: (n_assets,) booleans that seed the active set, or None.
    """
    if len(target) == 1:
        return ArraySolution(np.ones(1), "optimal", 0.0, "one asset")
    matrix, ridge = regularise(covariance)
    # The weights do not depend on the scale of either; powers of four keep every digit, also
    # through a square root.
    scaled = np.ldexp(matrix, -2 * int(np.frexp(np.diagonal(matrix).max())[1] // 2))
    aim = np.ldexp(target, -2 * int(np.frexp(np.abs(target).max())[1] // 2))
    found = solve_nonnegative(scaled, aim, support)
    weights = found.solution / found.solution.sum()
    return ArraySolution(weights, "optimal", found.residual, found.solver, ridge=ridge)


def regularise(covariance: FloatArray) -> tuple[FloatArray, float]:
    """Return C, or C with a ridge when C is singular, and the ridge (0 if none).

    C counts as singular when a pivot of its Cholesky factor, 1 − R² of one asset on those before
    it, is below 1e-12.

    Raises:
        DataError: If C is not positive semi-definite.
    """
    if _is_definite(covariance):
        return covariance, 0.0
    variance = float(np.diagonal(covariance).mean())
    if variance <= 0:
        raise DataError("`covariance` is zero; no asset has any risk. Check the returns.")
    ridge = RIDGE * variance
    matrix = covariance + ridge * np.eye(len(covariance))
    if dpotrf(matrix, lower=1)[1] != 0:
        smallest = float(np.linalg.eigvalsh(covariance)[0])
        raise DataError(
            "`covariance` is not positive semi-definite; its smallest eigenvalue is "
            f"{smallest:.3g}."
        )
    return matrix, ridge


def _is_definite(covariance: FloatArray) -> bool:
    factor, info = dpotrf(covariance, lower=1, clean=0)
    if info != 0:
        return False
    pivots: FloatArray = np.diagonal(factor) ** 2
    return bool((pivots > 1e-12 * np.diagonal(covariance)).all())


def solve_nonnegative(
    covariance: FloatArray, target: FloatArray, support: BoolArray | None = None
) -> NonNegative:
    """Solve min ½yᵀCy − mᵀy, y ≥ 0 for positive definite C by block principal pivoting.

    Infeasible variables change sides all at once while their number falls. When it has not fallen
    for three rounds, Lawson and Hanson's non-negative least squares on the Cholesky factor takes
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
    # A hugely negative mean must not hide that another one is a little above 0.
    scale = float(target.max())
    tolerance = 64 * EPSILON * scale
    passive = target > 0 if support is None or not support.any() else support.copy()
    fewest, patience = size + 1, 3
    while patience:
        solution = np.zeros(size)
        members = np.flatnonzero(passive)
        if len(members) == size:
            info, solution = _solve_block(covariance, target)
        elif len(members):
            block = covariance[members[:, None], members]
            info, solution[members] = _solve_block(block, target[members])
        else:
            info = 0
        if info != 0:
            break
        gradient = covariance @ solution - target
        floor = -64 * EPSILON * float(np.abs(solution).max())
        wrong = np.where(passive, solution < floor, gradient < -tolerance)
        count = int(np.count_nonzero(wrong))
        if count == 0:
            np.maximum(solution, 0.0, out=solution)
            return NonNegative(
                solution, _residual(gradient, solution, passive) / scale, "active set"
            )
        if count < fewest:
            fewest, patience = count, 3
        else:
            patience -= 1
        passive ^= wrong
    return _least_squares(covariance, target, scale)


def _solve_block(block: FloatArray, target: FloatArray) -> tuple[int, FloatArray]:
    _, solution, info = dposv(block, target, lower=1)
    return info, solution


def _residual(gradient: FloatArray, solution: FloatArray, passive: BoolArray) -> float:
    stationarity = np.where(passive & (solution > 0), np.abs(gradient), np.maximum(-gradient, 0.0))
    return float(stationarity.max())


def _least_squares(covariance: FloatArray, target: FloatArray, scale: float) -> NonNegative:
    """Solve as min ‖Lᵀy − L⁻¹m‖², y ≥ 0, with C = LLᵀ."""
    from scipy.optimize import nnls

    lower = np.linalg.cholesky(covariance)
    right = solve_triangular(lower, target, lower=True)
    try:
        solution = nnls(lower.T, right, maxiter=100 * len(target))[0]
    except RuntimeError as error:
        raise DataError(
            "`covariance` is too ill-conditioned to optimise with; use a shrinkage covariance."
        ) from error
    gradient = covariance @ solution - target
    return NonNegative(solution, _residual(gradient, solution, solution > 0) / scale, "nnls")
