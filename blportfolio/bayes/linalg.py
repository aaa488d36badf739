"""Solves with symmetric positive semi-definite matrices; nothing is ever inverted.

All by numpy's LAPACK, as the products around them: scipy's has a thread pool of its own, and two
pools that take turns make each other wait for milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.errors import DataError
from blportfolio.types import FloatArray

# An eigenvalue below it, times size and largest eigenvalue, is taken for rounding of a zero.
SINGULAR = 16 * float(np.finfo(float).eps)
SMALL_PIVOT = 1e-10
BLOCK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A factorised positive semi-definite matrix S.

    Attributes:
        log_determinant: Of S, or of its non-singular part.
        rank: Of S.
        null_space: (n, n − rank) orthonormal basis; empty when S is non-singular.
        matrix: S itself where Cholesky's pivots show it to be definite, else None.
        lower: (n, n) Cholesky factor of S, likewise.
        vectors: (n, rank) eigenvectors of the non-singular part.
        values: (rank,) eigenvalues of the non-singular part.
    """

    log_determinant: float
    rank: int
    null_space: FloatArray
    matrix: FloatArray | None
    lower: FloatArray | None
    vectors: FloatArray
    values: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """Return S⁻¹ right, or the minimum-norm solution when S is singular."""
        if self.matrix is not None:
            return np.asarray(np.linalg.solve(self.matrix, right), dtype=float)
        scaled = (self.vectors.T @ right).T / self.values
        singular: FloatArray = self.vectors @ scaled.T
        return singular

    def whiten(self, right: FloatArray) -> FloatArray:
        """Return Y with YᵀY = rightᵀ S⁻¹ right, or S⁺ when S is singular; right is (n, k)."""
        if self.lower is None:
            return np.asarray((self.vectors.T @ right).T / np.sqrt(self.values), dtype=float).T
        white = np.array(right, dtype=float)
        for begin in range(0, len(white), BLOCK):  # L Y = right, by blocks of rows
            block = slice(begin, begin + BLOCK)
            white[block] -= self.lower[block, :begin] @ white[:begin]
            white[block] = np.linalg.solve(self.lower[block, block], white[block])
        return white


def factorise(matrix: FloatArray, *, scale: float = 0.0) -> Factor:
    """Factorise S by Cholesky, or by its eigenvalues when a pivot says that it is singular.

    Args:
        matrix: (n, n) S.
        scale: Size of the terms S was summed from, where they may have cancelled to rounding.

    Raises:
        DataError: If S has a negative eigenvalue beyond rounding.
    """
    size = len(matrix)
    empty = np.empty((size, 0))
    lower = cholesky(matrix)
    if lower is not None:
        pivots = np.diagonal(lower) ** 2
        # A small pivot warns of a singular matrix, but only eigenvalues reveal the rank.
        least = np.maximum(SMALL_PIVOT * np.diagonal(matrix), SINGULAR * size * scale)
        if (pivots > least).all():
            log_determinant = float(np.log(pivots).sum())
            return Factor(log_determinant, size, empty, matrix, lower, empty, pivots[:0])
    values, vectors = np.linalg.eigh(matrix)
    largest = max(float(values[-1]), scale) if len(values) else 0.0
    if len(values) and values[0] < -1e-9 * largest:
        raise DataError(
            "The prior's covariance plus that of the views is not positive semi-definite; its "
            f"smallest eigenvalue is {values[0]:.3g}. Give covariances without negative "
            "eigenvalues."
        )
    keep = values > SINGULAR * size * largest
    log_determinant = float(np.log(values[keep]).sum())
    return Factor(
        log_determinant,
        int(keep.sum()),
        vectors[:, ~keep],
        None,
        None,
        vectors[:, keep],
        values[keep],
    )


def lower_factor(matrix: FloatArray, *, name: str) -> FloatArray:
    """Return the lower Cholesky factor of a positive definite matrix.

    Raises:
        DataError: If `matrix` is singular or indefinite.
    """
    lower = cholesky(matrix)
    limit = SINGULAR * len(matrix) * np.diagonal(matrix)
    if lower is None or (np.diagonal(lower) ** 2 <= limit).any():
        raise DataError(f"`{name}` must be positive definite; it is singular or indefinite.")
    return lower


def cholesky(matrix: FloatArray) -> FloatArray | None:
    """Return the lower Cholesky factor, or None when a pivot is not positive."""
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=float)
    except np.linalg.LinAlgError:
        return None
