"""M-BL: observed views and features together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.gaussian import check_posterior, gaussian_update
from blportfolio.errors import DataError
from blportfolio.types import FloatArray, Posterior
from blportfolio.validation import check_covariance, check_matrix, check_vector


def mixed_effects_posterior(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    views: ArrayLike,
    view_covariance: ArrayLike,
    shared_mean: ArrayLike,
    shared_covariance: ArrayLike,
    influence_mean: ArrayLike,
    gamma: float,
) -> Posterior:
    """Posterior of θ given features and observed views that the features influenced.

    θ ~ N(θ0, Σ0); θ = α^F + Fβ^F + ε^F, ε^F ~ N(0, Ω^F); q + ε = P(α + Fβ + γθ), ε ~ N(0, Ω).
    In gain form: the shared-latent posterior (μ_S, C_S), then a Black-Litterman update with
    design γP and datum q − P(α + Fβ). γ = 0 leaves the shared-latent posterior; Ω^F → ∞ with
    (α, β, γ) = (0, 0, 1) is classic Black-Litterman; summing out a latent q leaves the
    shared-latent posterior too. Corollary 3.1.1 of the paper prints G^M without its γ².

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        pick: (n_views, n_assets) P.
        views: (n_views,) q, decimal per period.
        view_covariance: (n_views, n_views) Ω, may be singular.
        shared_mean: (n_assets,) α^F + Fβ^F, what the features imply for θ.
        shared_covariance: (n_assets, n_assets) Ω^F, may be singular.
        influence_mean: (n_assets,) α + Fβ, what the features alone put into the views.
        gamma: γ, how much of θ the views hold.

    Returns:
        Mean and covariance of θ, and the log evidence of the views given the features,
        log N(q; P(α + Fβ) + γPμ_S, Ω + γ²PC_SPᵀ).

    Raises:
        DataError: If shapes disagree, an entry is not finite, a covariance is not symmetric
            positive semi-definite, or views held with certainty contradict what is known.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Definitions 3.1 to 3.3, Theorem 3.1.
    """
    mean = check_vector(prior_mean, name="prior_mean")
    size = len(mean)
    covariance = check_covariance(prior_covariance, size, name="prior_covariance")
    target = check_vector(views, name="views")
    design = check_matrix(pick, (len(target), size), name="pick")
    noise = check_covariance(view_covariance, len(target), name="view_covariance")
    shared = check_vector(shared_mean, size, name="shared_mean")
    spread = check_covariance(shared_covariance, size, name="shared_covariance")
    influence = check_vector(influence_mean, size, name="influence_mean")
    if not (isinstance(gamma, int | float | np.number) and np.isfinite(gamma)):
        raise DataError(f"`gamma` must be a finite number, got {gamma!r}.")
    posterior = mixed_effects_update(
        mean, covariance, design, target, noise, shared, spread, influence, float(gamma)
    )
    check_posterior(posterior.covariance, covariance)
    if posterior.log_evidence == -np.inf:
        raise DataError(
            "`views` are held with certainty and contradict each other, the features or a "
            "certain prior. Give `view_covariance` positive variances, or drop a view."
        )
    return posterior


def mixed_effects_update(
    prior_mean: FloatArray,
    prior_covariance: FloatArray,
    pick: FloatArray,
    views: FloatArray,
    view_covariance: FloatArray,
    shared_mean: FloatArray,
    shared_covariance: FloatArray,
    influence_mean: FloatArray,
    gamma: float,
) -> Posterior:
    """`mixed_effects_posterior` without checks."""
    shared = gaussian_update(prior_mean, prior_covariance, None, shared_mean, shared_covariance)
    return gaussian_update(
        shared.mean,
        shared.covariance,
        gamma * pick,
        views - pick @ influence_mean,
        view_covariance,
    )
