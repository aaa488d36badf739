"""Idzorek's confidences: view variances from them, and what a view covariance implies of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.linalg import factorise
from blportfolio.errors import DataError
from blportfolio.types import FloatArray
from blportfolio.validation import (
    check_covariance,
    check_matrix,
    check_positive,
    check_vector,
    read_only,
)


def idzorek_view_variances(
    covariance: ArrayLike, pick: ArrayLike, confidence: ArrayLike, *, tau: float
) -> FloatArray:
    """Variance of each view from the investor's confidence in it, ω = (1/C − 1) τ pΣpᵀ.

    Held alone, a view of confidence C moves portfolio and expected returns C of the way that it
    would move them if it were certain: the gain τpΣpᵀ / (τpΣpᵀ + ω) is C. This closed form
    (Walters) is where the minimisation of Idzorek's steps 1 to 7, formulae (17) and (18), ends.

    Args:
        covariance: (n_assets, n_assets) Σ, decimal² per period.
        pick: (n_views, n_assets) P.
        confidence: (n_views,) C, above 0 and up to 1; 1 gives the variance 0, one half τ pΣpᵀ.
        tau: τ > 0.

    Returns:
        (n_views,) ω, the diagonal of Ω, decimal² per period.

    Raises:
        DataError: If shapes disagree or a confidence lies outside (0, 1].
        ConfigError: If τ ≤ 0.

    References:
        Idzorek (2004), A Step-by-Step Guide to the Black-Litterman Model; Walters (2014), The
        Black-Litterman Model in Detail.
    """
    shares = check_vector(confidence, name="confidence")
    sigma = check_covariance(covariance)
    design = check_matrix(pick, (len(shares), len(sigma)), name="pick")
    check_positive(tau, name="tau")
    outside = (shares <= 0) | (shares > 1)
    if outside.any():
        raise DataError(
            f"`confidence` must lie above 0 and up to 1, got {shares[outside][0]:g}. Leave out a "
            "view that deserves none."
        )
    spread = ((design @ sigma) * design).sum(axis=1)
    return read_only(view_variances(spread, shares, tau))


def view_variances(spread: FloatArray, confidence: FloatArray, tau: float) -> FloatArray:
    """`idzorek_view_variances` without checks; `spread` (n_views,) holds pΣpᵀ."""
    variances: FloatArray = (1 / confidence - 1) * tau * spread
    return variances


def implied_confidence(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    views: ArrayLike,
    view_covariance: ArrayLike,
) -> FloatArray:
    """Confidence that a view covariance implies, all views being held together.

    Idzorek's table 7 divides an asset's departure from the market portfolio by its departure if
    all views were certain. The departure is Pᵀλ with λ ∝ (PΣ0Pᵀ + Ω)⁻¹(q − Pθ0), so that for an
    asset of one view the ratio is

        C = [(PΣ0Pᵀ + Ω)⁻¹(q − Pθ0)] / [(PΣ0Pᵀ)⁻¹(q − Pθ0)],

    entry by entry, which is defined for views that share assets too.

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        pick: (n_views, n_assets) P.
        views: (n_views,) q, decimal per period.
        view_covariance: (n_views, n_views) Ω, decimal² per period.

    Returns:
        (n_views,) C. For a lone view it is τpΣpᵀ / (τpΣpᵀ + ω); among others it may leave [0, 1].
        NaN where certain views would give that view no weight.

    Raises:
        DataError: If shapes disagree, or views depend on each other, so that their weights are
            not defined were they certain.

    References:
        Idzorek (2004), table 7.
    """
    mean = check_vector(prior_mean, name="prior_mean")
    covariance = check_covariance(prior_covariance, len(mean), name="prior_covariance")
    target = check_vector(views, name="views")
    design = check_matrix(pick, (len(target), len(mean)), name="pick")
    noise = check_covariance(view_covariance, len(target), name="view_covariance")
    innovation = target - design @ mean
    spread = design @ covariance @ design.T
    spread = (spread + spread.T) / 2
    certain = factorise(spread)
    if certain.rank < len(target):
        raise DataError(
            "`pick` holds views that depend on each other, so that certain views have no unique "
            "weights to compare with. Drop the views that the others imply."
        )
    most = certain.solve(innovation)
    held = factorise(spread + noise).solve(innovation)
    negligible = np.abs(most) <= 1e-12 * np.abs(most).max(initial=0.0)
    return read_only(np.where(negligible, np.nan, held / np.where(negligible, 1.0, most)))
