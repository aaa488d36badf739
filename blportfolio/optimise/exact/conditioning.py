"""Conditioning of covariances: scale, singularity and its ridge, condition numbers."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg.lapack import dpocon, dpotrf

from blportfolio.errors import DataError
from blportfolio.optimise.exact.face import EPSILON
from blportfolio.types import FloatArray

RIDGE = 1e-8
"""A singular covariance gets this times its mean variance on the diagonal."""
SMALLEST_PIVOT = 1e-12
"""A pivot below this share of the variance makes a covariance singular."""


def power_of_four(size: float) -> float:
    """Return a power of four whose product with `size` is near 1; none of its digits changes."""
    return math.ldexp(1.0, -2 * (math.frexp(size)[1] // 2))


def regularise(covariance: FloatArray) -> tuple[FloatArray, float]:
    """Return C, or C with a ridge when C is singular, and the ridge (0 if none).

    C counts as singular when a pivot of its Cholesky factor, 1 − R² of one asset on those before
    it, is below 1e-12, or the correlations' condition number above 6e14; that of C then is above
    1e12.

    Raises:
        DataError: If C is not positive semi-definite.
    """
    return factorised(covariance)[:2]


def factorised(covariance: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return what `regularise` does, and the lower Cholesky factor of the first.

    Raises:
        DataError: If C is not positive semi-definite.
    """
    factor, info = dpotrf(covariance.T, lower=1, clean=0)
    if info == 0 and _is_definite(covariance, factor):
        return covariance, 0.0, factor
    variance = float(np.diagonal(covariance).mean())
    if variance <= 0:
        raise DataError("`covariance` is zero; no asset has any risk. Check the returns.")
    ridge = RIDGE * variance
    matrix = covariance.copy()
    np.fill_diagonal(matrix, np.diagonal(covariance) + ridge)
    factor, info = dpotrf(matrix.T, lower=1, clean=0)
    if info != 0:
        values = np.linalg.eigvalsh(covariance)
        sizes = np.abs(values)
        with np.errstate(divide="ignore"):
            condition = sizes.max() / sizes.min()
        raise DataError(
            "`covariance` is not positive semi-definite; its smallest eigenvalue is "
            f"{values[0]:.3g}, its largest {values[-1]:.3g} and its condition number "
            f"{condition:.2g}. A ridge of {ridge:.3g} on its diagonal did not mend it; use a "
            "covariance of complete returns, or a shrinkage covariance."
        )
    return matrix, ridge, factor


def condition_number(
    covariance: FloatArray, *, ridge: float = 0.0, factor: FloatArray | None = None
) -> float:
    """Return the condition number ‖C‖₁‖C⁻¹‖₁ of C with a ridge, as LAPACK estimates it.

    It is inf where that is not positive definite.

    Args:
        covariance: (n_assets, n_assets) C.
        ridge: What is added to its diagonal.
        factor: (n_assets, n_assets) lower Cholesky factor of C with the ridge, where it is known.
    """
    if factor is None:
        matrix = covariance + ridge * np.eye(len(covariance)) if ridge else covariance
        factor, info = dpotrf(matrix.T, lower=1, clean=0)
        if info != 0:
            return math.inf
    norm = float(np.abs(covariance).sum(axis=0).max()) + ridge
    reciprocal = dpocon(factor, norm, uplo="L")[0]
    return 1 / float(reciprocal) if reciprocal > 0 else math.inf


def check_eigenvalues(values: FloatArray) -> None:
    """Check the eigenvalues of Cov[θ], smallest first.

    Raises:
        DataError: If one is below 0 by more than rounding.
    """
    if values[0] < -1e-8 * abs(values[-1]):
        raise DataError(
            "`mean_covariance` is not positive semi-definite; its smallest eigenvalue is "
            f"{values[0]:.3g}. It is a covariance, as `covariance` is, of the expected returns."
        )


def _is_definite(covariance: FloatArray, factor: FloatArray) -> bool:
    """Return whether C, given its Cholesky factor, is definite to working precision."""
    variances = np.diagonal(covariance)
    smallest = float((np.diagonal(factor) ** 2 / variances).min())
    if smallest > math.sqrt(SMALLEST_PIVOT):
        return True
    # A small pivot magnifies the rounding in those after it, which then look larger than they are.
    volatilities = np.sqrt(variances)
    correlation = covariance / np.outer(volatilities, volatilities)
    return smallest > SMALLEST_PIVOT and condition_number(correlation) < 1 / (8 * EPSILON)
