"""The multivariate t law: what ε ~ N(0, Ω) becomes when Ω ~ IW(Ψ, ν)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import gammaln

from blportfolio.bayes.inverse_wishart import check_draws
from blportfolio.bayes.linalg import lower_factor
from blportfolio.errors import DataError
from blportfolio.types import FloatArray
from blportfolio.validation import check_covariance, check_vector


def student_log_density(
    points: ArrayLike, location: ArrayLike, scale: ArrayLike, dof: float
) -> FloatArray:
    """Return (n,) log t_n(x; location, scale).

    With Ω ~ IW(Ψ, ν), e ~ N(0, Ω) is t with n = ν − k + 1 degrees of freedom and scale Ψ/n. The
    paper's Lemma D.3 prints ν' where n belongs.

    Args:
        points: (n, k), or (k,) for one point.
        location: (k,).
        scale: (k, k) positive definite; the covariance is scale × dof / (dof − 2) where dof > 2.
        dof: n > 0.

    Raises:
        DataError: If shapes disagree, `scale` is not positive definite, or dof ≤ 0.
    """
    centre = check_vector(location, name="location")
    size = len(centre)
    lower = lower_factor(check_covariance(scale, size, name="scale"), name="scale")
    _check_dof(dof)
    rows = np.atleast_2d(np.asarray(points, dtype=float))
    if rows.ndim != 2 or rows.shape[1] != size:
        raise DataError(f"`points` must have shape (n, {size}), got {rows.shape}.")
    if not np.isfinite(rows).all():
        raise DataError("`points` must be finite. Fill or drop the others.")
    distance = (solve_triangular(lower, (rows - centre).T, lower=True) ** 2).sum(axis=0)
    constant = (
        gammaln((dof + size) / 2)
        - gammaln(dof / 2)
        - 0.5 * size * np.log(dof * np.pi)
        - np.log(np.diagonal(lower)).sum()
    )
    density: FloatArray = constant - 0.5 * (dof + size) * np.log1p(distance / dof)
    return density


def sample_student(
    location: ArrayLike, scale: ArrayLike, dof: float, n: int, *, rng: np.random.Generator
) -> FloatArray:
    """Draw (n, k) from t_dof(location, scale), as normals over one χ² a draw.

    Raises:
        DataError: If shapes disagree, `scale` is not positive definite, or dof ≤ 0.
    """
    centre = check_vector(location, name="location")
    lower = lower_factor(check_covariance(scale, len(centre), name="scale"), name="scale")
    _check_dof(dof)
    check_draws(n, name="n")
    normal = rng.standard_normal((n, len(centre))) @ lower.T
    draws: FloatArray = centre + normal * np.sqrt(dof / rng.chisquare(dof, size=n))[:, None]
    return draws


def _check_dof(dof: float) -> None:
    if not (isinstance(dof, int | float | np.number) and 0 < dof < np.inf):
        raise DataError(f"`dof` must be a finite number above 0, got {dof!r}.")
