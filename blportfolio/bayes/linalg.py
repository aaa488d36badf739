"""Solves with symmetric positive semi-definite matrices; nothing is ever inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from blportfolio.errors import DataError
from blportfolio.types import FloatArray

# An eigenvalue below it, times size and largest eigenvalue, is taken for rounding of a zero.
SINGULAR = 16 * float(np.finfo(float).eps)
SMALL_PIVOT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A factorised positive semi-definite matrix S.

    Attributes:
        log_determinant: Of S, or of its non-singular part.
        rank: Of S.
        null_space: (n, n − rank) orthonormal basis; empty when S is non-singular.
        cholesky: Lower factor, or None when S is singular.
        vectors: (n, rank) eigenvectors of the non-singular part.
        values: (rank,) eigenvalues of the non-singular part.
    """

    log_determinant: float
    rank: int
    null_space: FloatArray
    cholesky: FloatArray | None
    vectors: FloatArray
    values: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """Return S⁻¹ right, or the minimum-norm solution when S is singular."""
        if self.cholesky is not None and right.size:
            solution: FloatArray = dpotrs(self.cholesky, right, lower=1)[0]
            return solution.reshape(right.shape)
        scaled = (self.vectors.T @ right).T / self.values
        singular: FloatArray = self.vectors @ scaled.T
        return singular


def factorise(matrix: FloatArray) -> Factor:
    """Factorise S by Cholesky, or by its eigenvalues when a pivot says that it is singular."""
    size = len(matrix)
    empty = np.empty((size, 0))
    lower, info = dpotrf(matrix, lower=1, clean=1)
    if info == 0:
        pivots = np.diagonal(lower) ** 2
        # A small pivot warns of a singular matrix, but only eigenvalues reveal the rank.
        if (pivots > SMALL_PIVOT * np.diagonal(matrix)).all():
            log_determinant = float(np.log(pivots).sum())
            return Factor(log_determinant, size, empty, lower, empty, pivots[:0])
    values, vectors = np.linalg.eigh(matrix)
    if len(values) and values[0] < -1e-9 * max(float(values[-1]), 0.0):
        raise DataError(
            "A covariance is not positive semi-definite; the smallest eigenvalue of prior plus "
            f"view uncertainty is {values[0]:.3g}."
        )
    keep = values > SINGULAR * size * max(float(values[-1]), 0.0)
    log_determinant = float(np.log(values[keep]).sum())
    return Factor(
        log_determinant,
        int(keep.sum()),
        vectors[:, ~keep],
        None,
        vectors[:, keep],
        values[keep],
    )


def lower_factor(matrix: FloatArray, *, name: str) -> FloatArray:
    """Return the lower Cholesky factor of a positive definite matrix.

    Raises:
        DataError: If `matrix` is singular or indefinite.
    """
    lower, info = dpotrf(matrix, lower=1, clean=1)
    limit = SINGULAR * len(matrix) * np.diagonal(matrix)
    if info != 0 or (np.diagonal(lower) ** 2 <= limit).any():
        raise DataError(f"`{name}` must be positive definite; it is singular or indefinite.")
    factor: FloatArray = lower
    return factor
