"""FIV-BL: views and their covariance learned from features, in a coherent model and exactly."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.gaussian import check_posterior, joseph_covariance
from blportfolio.bayes.inverse_wishart import check_dof
from blportfolio.bayes.mixture import Mixture, integrate_mixture
from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.types import FeatureInfluencedPosterior, FloatArray
from blportfolio.validation import check_covariance, check_matrix, check_vector

WRONG_SCALE = 150.0  # an annual Ψ beside daily returns is 252 times too large


def feature_influenced_posterior(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    feature_mean: ArrayLike | None,
    feature_covariance: ArrayLike | None,
    scale: ArrayLike,
    dof: float,
    *,
    n_nodes: int | None = None,
    view_mean: ArrayLike | None = None,
    view_noise: ArrayLike | None = None,
) -> FeatureInfluencedPosterior:
    """Posterior of θ, q and Ω when features are a noisy gauge of latent views of unknown quality.

    θ ~ N(θ0, Σ0), q = Pθ + ε with ε ~ N(0, Ω) and Ω ~ IW(Ψ, ν), Px ~ N(q, R) with R = PΩ^FPᵀ.
    The view error ε is a multivariate t, which is a scalar mixture: Ψ/u, u ~ χ²_n, n = ν − k + 1.
    Given u all is Gaussian, and the posterior is a one-dimensional integral over u, done to
    machine precision. Views that conflict strongly with the prior inflate the learned Ω and are
    discounted; where Ψ → 0 (P = I) this is SLP-BL, where ν → ∞ with Ψ = νΩ̄ classic
    Black-Litterman with q = Px and view covariance Ω̄ + R.

    Departs from Theorem 3.3 of the paper, in which Ω keeps its prior and Ω^F does not enter the
    mean; `paper_feature_influenced_posterior` is that version.

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        pick: (n_views, n_assets) P.
        feature_mean: (n_assets,) x = α + Fβ, or None when `view_mean` is given.
        feature_covariance: (n_assets, n_assets) Ω^F, may be singular or zero; or None when
            `view_noise` is given.
        scale: (n_views, n_views) Ψ, on the variance scale of Pθ times about ν.
        dof: ν > k − 1, worth about ν − k − 1 past view errors.
        n_nodes: Nodes of the quadrature; None takes as many as 1e-12 needs. 60 reach it where
            n + k ≥ 9, but for views so far from the prior that the mixture has two modes.
        view_mean: (n_views,) Px, for regressions made in view space.
        view_noise: (n_views, n_views) R.

    Returns:
        Means and covariances of θ, q and Ω, the effective view covariance and the log evidence
        log ∫ χ²_n(u) N(Px; Pθ0, PΣ0Pᵀ + R + Ψ/u) du.

    Raises:
        DataError: If shapes disagree, an entry is not finite, a covariance is not symmetric
            positive semi-definite, ν ≤ k − 1, or neither or both kinds of feature input came.

    Warns:
        BLPortfolioWarning: If ν ≤ k, where E[Ω] does not exist, or Ψ is on another scale than
            the views.

    References:
        Model of Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Section 3.3, read as a directed
        graph θ → q → F, Ω → q.
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
    if n_nodes is not None and not (isinstance(n_nodes, int | np.integer) and n_nodes >= 2):
        raise DataError(f"`n_nodes` must be None or 2 nodes or more, got {n_nodes!r}.")
    if freedom <= n_views:
        warnings.warn(
            f"`dof` ν = {freedom:g} is too small for E[Ω] to exist, which needs ν above the "
            f"{n_views} views; `omega_mean` is NaN. All else is defined.",
            BLPortfolioWarning,
            stacklevel=2,
        )
    check_scale(design @ covariance @ design.T, noise, psi, freedom)
    posterior = feature_influenced_update(
        mean, covariance, design, datum, noise, psi, freedom, n_nodes=n_nodes
    )
    check_posterior(posterior.covariance, covariance)
    return posterior


def feature_influenced_update(
    prior_mean: FloatArray,
    prior_covariance: FloatArray,
    pick: FloatArray,
    datum: FloatArray,
    noise: FloatArray,
    scale: FloatArray,
    dof: float,
    *,
    n_nodes: int | None = None,
) -> FeatureInfluencedPosterior:
    """`feature_influenced_posterior` without checks, for Px and R."""
    cross = prior_covariance @ pick.T
    spread = pick @ cross
    spread = (spread + spread.T) / 2
    mixture = integrate_mixture(
        spread + noise, scale, datum - pick @ prior_mean, dof, n_nodes=n_nodes
    )
    gained = mixture.gain * mixture.innovation
    error = mixture.expected_error_covariance()
    to_assets = cross @ mixture.dual
    to_views = noise @ mixture.dual
    omega = np.full_like(spread, np.nan)
    if dof > len(datum):
        omega = (scale + mixture.squared_error()) / (dof - len(datum))
    posterior = FeatureInfluencedPosterior(
        mean=prior_mean + to_assets @ gained,
        covariance=_mixed(prior_covariance, pick, noise + error, to_assets, mixture),
        view_mean=datum - to_views @ gained,
        view_covariance=_mixed(noise, None, spread + error, to_views, mixture),
        omega_mean=omega,
        effective_view_covariance=noise + error,
        log_evidence=mixture.log_evidence,
    )
    for field in posterior.__slots__[:-1]:
        getattr(posterior, field).setflags(write=False)
    return posterior


def _mixed(
    covariance: FloatArray,
    pick: FloatArray | None,
    noise: FloatArray,
    direction: FloatArray,
    mixture: Mixture,
) -> FloatArray:
    """Return the mean over u of the covariance given u, plus the covariance of the mean given u.

    The first is what classic Black-Litterman has at the effective view covariance.
    """
    gain = (direction * mixture.gain) @ mixture.dual.T
    moved = direction * mixture.innovation
    spread = moved @ mixture.gain_covariance @ moved.T
    return joseph_covariance(covariance, gain, pick, noise) + (spread + spread.T) / 2


def checked_inputs(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    feature_mean: ArrayLike | None,
    feature_covariance: ArrayLike | None,
    *,
    view_mean: ArrayLike | None,
    view_noise: ArrayLike | None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return θ0, Σ0, P, Px and R, checked.

    Raises:
        DataError: If an input is wrong, or neither or both kinds of feature input came.
    """
    mean = check_vector(prior_mean, name="prior_mean")
    covariance = check_covariance(prior_covariance, len(mean), name="prior_covariance")
    rows = len(np.atleast_2d(np.asarray(pick)))
    design = check_matrix(pick, (rows, len(mean)), name="pick")
    if not rows:
        raise DataError("`pick` must have one row a view at least, got none.")
    if view_mean is None and view_noise is None:
        if feature_mean is None or feature_covariance is None:
            raise DataError(
                "`feature_mean` and `feature_covariance` must be given, or else `view_mean` and "
                "`view_noise`."
            )
        forecast = check_vector(feature_mean, len(mean), name="feature_mean")
        errors = check_covariance(feature_covariance, len(mean), name="feature_covariance")
        noise = design @ errors @ design.T
        return mean, covariance, design, design @ forecast, (noise + noise.T) / 2
    if view_mean is None or view_noise is None:
        raise DataError("`view_mean` and `view_noise` go together; give both or neither.")
    datum = check_vector(view_mean, rows, name="view_mean")
    given = check_covariance(view_noise, rows, name="view_noise")
    if feature_mean is not None or feature_covariance is not None:
        raise DataError(
            "`view_mean` and `view_noise` stand in place of `feature_mean` and "
            "`feature_covariance`; pass None for these."
        )
    return mean, covariance, design, datum, given


def check_scale(spread: FloatArray, noise: FloatArray, scale: FloatArray, dof: float) -> None:
    """Warn when Ψ is on another scale than the views.

    Too small is none where the features' own noise R is not small as well: that is SLP-BL.
    """
    n_views = len(scale)
    omega = float(np.trace(scale)) / max(dof - n_views + 1, 2.0)
    views, error = float(np.trace(spread)), float(np.trace(noise))
    too_large = omega > WRONG_SCALE * views > 0
    too_small = max(omega, error) * WRONG_SCALE < views
    if too_large or too_small:
        effect = "leaves the prior as it was" if too_large else "takes the views as certain"
        warnings.warn(
            f"`scale` Ψ implies a view variance of about {omega / n_views:.3g}, but the views' "
            f"prior variance PΣ0Pᵀ is about {views / n_views:.3g} and their noise R about "
            f"{error / n_views:.3g} (decimal² per period). This {effect}. For Ω of the size of the "
            f"prior's, Ψ = (ν − k − 1) diag(PΣ0Pᵀ).",
            BLPortfolioWarning,
            stacklevel=3,
        )
