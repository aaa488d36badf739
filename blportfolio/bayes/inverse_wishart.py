"""The inverse-Wishart law of a view covariance: IW(Ω; Ψ, ν) ∝ |Ω|^{−(ν+k+1)/2} exp(−½ tr ΨΩ⁻¹)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import multigammaln

from blportfolio.bayes.linalg import lower_factor
from blportfolio.errors import DataError
from blportfolio.types import FloatArray
from blportfolio.validation import check_covariance, read_only


def inverse_wishart_mean(scale: ArrayLike, dof: float) -> FloatArray:
    """Return (k, k) E[Ω] = Ψ / (ν − k − 1); NaN where ν ≤ k + 1 and it does not exist.

    Args:
        scale: (k, k) Ψ, positive definite.
        dof: ν > k − 1.

    Raises:
        DataError: If Ψ is no covariance, or ν ≤ k − 1.
    """
    psi = check_covariance(scale, name="scale")
    freedom = check_dof(dof, len(psi)) - len(psi) - 1
    return read_only(psi / freedom if freedom > 0 else np.full_like(psi, np.nan))


def inverse_wishart_log_density(omega: ArrayLike, scale: ArrayLike, dof: float) -> float:
    """Return log IW(Ω; Ψ, ν).

    Args:
        omega: (k, k) Ω, positive definite.
        scale: (k, k) Ψ, positive definite.
        dof: ν > k − 1.

    Raises:
        DataError: If a matrix is not positive definite, shapes disagree, or ν ≤ k − 1.
    """
    psi = check_covariance(scale, name="scale")
    size = len(psi)
    freedom = check_dof(dof, size)
    point = lower_factor(check_covariance(omega, size, name="omega"), name="omega")
    root = lower_factor(psi, name="scale")
    log_point = 2 * np.log(np.diagonal(point)).sum()
    log_scale = 2 * np.log(np.diagonal(root)).sum()
    trace = (solve_triangular(point, root, lower=True) ** 2).sum()
    return float(
        0.5 * freedom * (log_scale - size * np.log(2))
        - multigammaln(freedom / 2, size)
        - 0.5 * (freedom + size + 1) * log_point
        - 0.5 * trace
    )


def sample_inverse_wishart(
    scale: ArrayLike, dof: float, n: int, *, rng: np.random.Generator
) -> FloatArray:
    """Draw (n, k, k) matrices Ω ~ IW(Ψ, ν) by Bartlett's decomposition.

    Ω = L (AAᵀ)⁻¹ Lᵀ with Ψ = LLᵀ and A lower triangular: its diagonal is the root of χ²_{ν−i},
    i = 0 … k − 1, what lies below standard normal.

    Args:
        scale: (k, k) Ψ, positive definite.
        dof: ν > k − 1.
        n: Draws.
        rng: Source of randomness.

    Raises:
        DataError: If Ψ is not positive definite, or ν ≤ k − 1.
    """
    psi = check_covariance(scale, name="scale")
    size = len(psi)
    check_draws(n, name="n")
    lower = bartlett_factors(check_dof(dof, size), size, n, rng)
    root = np.broadcast_to(lower_factor(psi, name="scale").T, lower.shape)
    half = np.linalg.solve(lower, root)  # A⁻¹Lᵀ
    draws: FloatArray = half.transpose(0, 2, 1) @ half
    return draws


def bartlett_factors(dof: float, size: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Draw (n, k, k) lower triangular A with AAᵀ Wishart of ν degrees of freedom and scale I."""
    lower = np.zeros((n, size, size))
    below = np.tril_indices(size, -1)
    lower[:, below[0], below[1]] = rng.standard_normal((n, len(below[0])))
    diagonal = np.arange(size)
    lower[:, diagonal, diagonal] = np.sqrt(rng.chisquare(dof - diagonal, size=(n, size)))
    return lower


def check_draws(n: int, *, name: str) -> None:
    """Check a number of draws.

    Raises:
        DataError: If it is no whole number of 1 or more.
    """
    if not (isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1):
        raise DataError(f"`{name}` must be a whole number of 1 draw or more, got {n!r}.")


def check_dof(dof: float, size: int) -> float:
    """Return ν.

    Raises:
        DataError: If it is no number above k − 1, where the law begins.
    """
    number = isinstance(dof, int | float | np.number) and not isinstance(dof, bool)
    if not (number and size - 1 < dof < np.inf):
        raise DataError(
            f"`dof` ν must be a finite number above n_views − 1 = {size - 1}, got {dof!r}; "
            f"n_views + 10 = {size + 10} is a usual choice."
        )
    return float(dof)
