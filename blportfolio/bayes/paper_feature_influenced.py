"""FIV-BL as the paper writes it: Ω keeps its prior, nothing is learned about the views."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.feature_influenced import check_scale, checked_inputs
from blportfolio.bayes.gaussian import check_posterior
from blportfolio.bayes.inverse_wishart import (
    bartlett_factors,
    check_dof,
    check_draws,
    inverse_wishart_mean,
)
from blportfolio.bayes.linalg import lower_factor
from blportfolio.bayes.mixture import prior_gain
from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.types import FeatureInfluencedPosterior, FloatArray
from blportfolio.validation import check_covariance

BATCH = 2**21  # entries of k × k matrices held at once


def paper_feature_influenced_posterior(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    feature_mean: ArrayLike | None,
    feature_covariance: ArrayLike | None,
    scale: ArrayLike,
    dof: float,
    *,
    omega_draws: int = 20_000,
    rng: np.random.Generator | None = None,
    view_mean: ArrayLike | None = None,
    view_noise: ArrayLike | None = None,
) -> FeatureInfluencedPosterior:
    """Mean and covariance of the mixture (3.10), ∫ N(θ; μ_{θ|Ω}, Σ_{θ|Ω}) IW(Ω; Ψ, ν) dΩ.

    Given Ω, in gain form with K = Σ0Pᵀ(PΣ0Pᵀ + Ω)⁻¹ and R = PΩ^FPᵀ: mean θ0 + KP(x − θ0),
    covariance Σ0 − KPΣ0 + KRKᵀ. This is Jeffrey conditioning: q is forced to have the law
    N(Px, R), the features' uncertainty does not temper the mean, and Ω keeps its prior. For one
    view Ω = Ψ/u with u ~ χ²_ν, and the integral is done by quadrature; for more, Ω is drawn.
    Kept for comparison; `feature_influenced_posterior` is the coherent model.

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        pick: (n_views, n_assets) P.
        feature_mean: (n_assets,) x = α + Fβ, or None when `view_mean` is given.
        feature_covariance: (n_assets, n_assets) Ω^F, or None when `view_noise` is given.
        scale: (n_views, n_views) Ψ, positive definite.
        dof: ν > k − 1.
        omega_draws: Draws of Ω, for two views and more.
        rng: Source of randomness, for two views and more.
        view_mean: (n_views,) Px, for regressions made in view space.
        view_noise: (n_views, n_views) R.

    Returns:
        Moments of θ; `view_mean` Px, `view_covariance` R and `omega_mean` the prior's, as nothing
        is learned about them; `log_evidence` NaN.

    Raises:
        DataError: If an input is wrong, or `rng` lacks for two views and more.

    Warns:
        BLPortfolioWarning: If ν ≤ k + 1, where the prior mean of Ω does not exist.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Theorem 3.3. Its approximation by a t
        law (Corollary 3.3.1) is not used: Ω is no function of the covariance it implies.
    """
    mean, covariance, design, datum, noise = checked_inputs(
        prior_mean,
        prior_covariance,
        pick,
        feature_mean,
        feature_covariance,
        view_mean=view_mean,
        view_noise=view_noise,
    )
    n_views = len(design)
    psi = check_covariance(scale, n_views, name="scale")
    freedom = check_dof(dof, n_views)
    check_draws(omega_draws, name="omega_draws")
    omega = inverse_wishart_mean(psi, freedom)
    if np.isnan(omega).any():
        warnings.warn(
            f"`dof` ν = {freedom:g} is too small for the prior mean of Ω to exist, which needs ν "
            f"above n_views + 1 = {n_views + 1}; `omega_mean` is NaN. All else is defined.",
            BLPortfolioWarning,
            stacklevel=2,
        )
    cross = covariance @ design.T
    spread = (design @ cross + (design @ cross).T) / 2
    innovation = datum - design @ mean
    check_scale(spread, noise, psi, freedom)
    root = lower_factor(psi, name="scale")
    if n_views == 1:
        gain, variance = prior_gain(float(spread[0, 0]), float(psi[0, 0]), freedom)
        first = np.array([[gain]])
        second = noise * (gain**2 + variance)
        outer = np.array([[innovation[0] ** 2 * variance]])
    else:
        if not isinstance(rng, np.random.Generator):
            raise DataError(
                "`rng` must be a numpy Generator for two views and more, got "
                f"{type(rng).__name__}. Pass np.random.default_rng(0), for example."
            )
        first, second, outer = _drawn(
            spread, root, innovation, noise, freedom, int(omega_draws), rng
        )
    middle = second + outer - first
    moved = cross @ middle @ cross.T
    mean_out = mean + cross @ (first @ innovation)
    covariance_out = covariance + (moved + moved.T) / 2
    effective = np.linalg.solve(first, np.eye(n_views)) - spread
    result = FeatureInfluencedPosterior(
        mean=mean_out,
        covariance=covariance_out,
        view_mean=datum,
        view_covariance=noise,
        omega_mean=omega,
        effective_view_covariance=(effective + effective.T) / 2,
        log_evidence=float("nan"),
    )
    for field in result.__slots__[:-1]:
        getattr(result, field).setflags(write=False)
    check_posterior(result.covariance, covariance)
    return result


def _drawn(
    spread: FloatArray,
    root: FloatArray,
    innovation: FloatArray,
    noise: FloatArray,
    dof: float,
    omega_draws: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return E[M], E[MRM] and Cov[Md] over draws of M = (PΣ0Pᵀ + Ω)⁻¹.

    `root` is the Cholesky factor of Ψ. M = C(I + CᵀPΣ0PᵀC)⁻¹Cᵀ with Ω⁻¹ = CCᵀ needs no Ω, which
    has no bounds as ν nears k − 1.
    """
    size = len(innovation)
    batch = max(1, BATCH // size**2)
    first, second = np.zeros((size, size)), np.zeros((size, size))
    moved = np.empty((omega_draws, size))
    done = 0
    while done < omega_draws:
        count = min(batch, omega_draws - done)
        drawn = bartlett_factors(dof, size, count, rng)
        half = np.linalg.solve(np.broadcast_to(root.T, drawn.shape), drawn)  # C = L⁻ᵀA
        turned = half.transpose(0, 2, 1)
        solved = half @ np.linalg.solve(np.eye(size) + turned @ spread @ half, turned)
        first += solved.sum(axis=0)
        second += np.einsum("nij,jk,nkl->il", solved, noise, solved, optimize=True)
        moved[done : done + count] = solved @ innovation
        done += count
    deviation = moved - moved.mean(axis=0)
    first, second = (first + first.T) / (2 * omega_draws), (second + second.T) / (2 * omega_draws)
    return first, second, deviation.T @ deviation / omega_draws
