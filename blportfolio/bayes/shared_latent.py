"""SLP-BL: the regression forecast of returns taken as a noisy gauge of θ."""

from __future__ import annotations

from numpy.typing import ArrayLike

from blportfolio.bayes.gaussian import check_posterior, gaussian_update
from blportfolio.types import Posterior
from blportfolio.validation import check_covariance, check_vector


def shared_latent_posterior(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    feature_mean: ArrayLike,
    feature_covariance: ArrayLike,
) -> Posterior:
    """Posterior of θ ~ N(θ0, Σ0) given features with θ = x + ε^F, ε^F ~ N(0, Ω^F).

    The same as classic Black-Litterman with P = I, q = x = α + Fβ and Ω = Ω^F: the latent view is
    the regression forecast. Gain form, K = Σ0(Σ0 + Ω^F)⁻¹; the paper's Corollary 3.2.1 prints the
    mean as G^F[…] where it must be (G^F)⁻¹[…].

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        feature_mean: (n_assets,) x, what the features imply, decimal per period.
        feature_covariance: (n_assets, n_assets) Ω^F, decimal² per period; may be singular or zero.

    Returns:
        Mean and covariance of θ, and the log evidence log N(x; θ0, Σ0 + Ω^F). It is −∞ where x
        differs from θ0 in a direction that neither Σ0 nor Ω^F allows.

    Raises:
        DataError: If shapes disagree, an entry is not finite, or a covariance is not symmetric.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Theorem 3.2.
    """
    mean = check_vector(prior_mean, name="prior_mean")
    covariance = check_covariance(prior_covariance, len(mean), name="prior_covariance")
    forecast = check_vector(feature_mean, len(mean), name="feature_mean")
    noise = check_covariance(feature_covariance, len(mean), name="feature_covariance")
    posterior = gaussian_update(mean, covariance, None, forecast, noise)
    check_posterior(posterior.covariance, covariance)
    return posterior
