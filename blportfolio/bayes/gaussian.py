"""Black-Litterman as Bayesian regression: Gaussian prior, Gaussian views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.bayes.linalg import Factor, cholesky, factorise
from blportfolio.errors import DataError
from blportfolio.types import FloatArray, Posterior
from blportfolio.validation import check_covariance, check_matrix, check_positive, check_vector


def bl_posterior(
    prior_mean: ArrayLike,
    prior_covariance: ArrayLike,
    pick: ArrayLike,
    views: ArrayLike,
    view_covariance: ArrayLike,
) -> Posterior:
    """Posterior of θ ~ N(θ0, Σ0) after views Pθ = q + ε, ε ~ N(0, Ω), in gain form.

    K = Σ0Pᵀ(PΣ0Pᵀ + Ω)⁻¹, mean θ0 + K(q − Pθ0), covariance Σ0 − KPΣ0; equal to the precision form
    (2.4) of the paper, but neither Σ0 nor Ω is inverted, so that both may be singular.

    Args:
        prior_mean: (n_assets,) θ0, decimal per period.
        prior_covariance: (n_assets, n_assets) Σ0 (= τΣ, not Σ), decimal² per period.
        pick: (n_views, n_assets) P.
        views: (n_views,) q, decimal per period.
        view_covariance: (n_views, n_views) Ω, decimal² per period.

    Returns:
        Mean and covariance of θ, and the log evidence log N(q; Pθ0, PΣ0Pᵀ + Ω). Where that
        covariance is singular, the density on its range.

    Raises:
        DataError: If shapes disagree, an entry is not finite, a covariance is not symmetric, or
            views held with certainty contradict each other or the prior.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma 2.1; Kolm and Ritter (2017).
    """
    mean = check_vector(prior_mean, name="prior_mean")
    covariance = check_covariance(prior_covariance, len(mean), name="prior_covariance")
    target = check_vector(views, name="views")
    design = check_matrix(pick, (len(target), len(mean)), name="pick")
    noise = check_covariance(view_covariance, len(target), name="view_covariance")
    posterior = gaussian_update(mean, covariance, design, target, noise)
    check_posterior(posterior.covariance, covariance)
    if posterior.log_evidence == -np.inf:
        raise DataError(
            "`views` are held with certainty and contradict each other or a certain prior. Give "
            "`view_covariance` positive variances, or drop a view."
        )
    return posterior


def check_posterior(covariance: FloatArray, prior_covariance: FloatArray) -> None:
    """Check that a posterior covariance is one, which only indefinite inputs can prevent.

    Raises:
        DataError: If it has a negative eigenvalue.
    """
    slack = 1e-9 * np.diagonal(prior_covariance).max(initial=0.0) + np.finfo(float).tiny
    shifted = np.array(covariance)
    shifted[np.diag_indices(len(shifted))] += slack
    if cholesky(shifted) is None:
        smallest = np.linalg.eigvalsh(covariance)[0]
        raise DataError(
            "`prior_covariance` or the covariance of the views is not positive semi-definite: it "
            f"implies a posterior covariance with the eigenvalue {smallest:.3g}."
        )


def gaussian_update(
    prior_mean: FloatArray,
    prior_covariance: FloatArray,
    pick: FloatArray | None,
    views: FloatArray,
    view_covariance: FloatArray,
) -> Posterior:
    """`bl_posterior` without checks; `pick` None stands for the identity.

    An impossible view (log evidence −∞) moves the mean only in the directions that the prior and
    the views leave open.
    """
    return GaussianUpdate.of(prior_covariance, pick, view_covariance).at(prior_mean, views)


@dataclass(frozen=True, slots=True, eq=False)
class GaussianUpdate:
    """An update solved once, for any prior mean and any view of the same covariances.

    Attributes:
        pick: (n_views, n_assets) P, or None for the identity.
        factor: Of PΣ0Pᵀ + Ω.
        gain: (n_assets, n_views) K.
        covariance: (n_assets, n_assets) of the posterior.
    """

    pick: FloatArray | None
    factor: Factor
    gain: FloatArray
    covariance: FloatArray

    @classmethod
    def of(
        cls, prior_covariance: FloatArray, pick: FloatArray | None, view_covariance: FloatArray
    ) -> GaussianUpdate:
        """Solve for the gain K and the posterior covariance; `pick` None is the identity."""
        if pick is None:
            cross = prior_covariance
            factor = factorise(prior_covariance + view_covariance)
        else:
            cross = prior_covariance @ pick.T
            total = pick @ cross + view_covariance
            # What the legs of a view cancel to is rounding beside what they are.
            legs = np.abs(pick) @ np.sqrt(np.diagonal(prior_covariance))
            rounding = float((legs**2).max(initial=0.0))
            factor = factorise((total + total.T) / 2, scale=rounding)
        gain = factor.solve(cross.T).T
        covariance = joseph_covariance(prior_covariance, gain, pick, view_covariance)
        covariance.setflags(write=False)
        return cls(pick, factor, gain, covariance)

    def at(self, prior_mean: FloatArray, views: FloatArray) -> Posterior:
        """Return the posterior and the log evidence of `views`."""
        factor = self.factor
        innovation = views - (prior_mean if self.pick is None else self.pick @ prior_mean)
        mean = prior_mean + self.gain @ innovation
        log_evidence = -0.5 * (
            float(innovation @ factor.solve(innovation))
            + factor.log_determinant
            + factor.rank * float(np.log(2 * np.pi))
        )
        if factor.rank < len(views):
            excluded = float(np.abs(factor.null_space.T @ innovation).max())
            largest = float(np.sqrt(factor.values.max(initial=0.0)))
            if excluded > 1e-7 * max(largest, float(np.abs(innovation).max())):
                log_evidence = -np.inf
        mean.setflags(write=False)
        return Posterior(mean, self.covariance, log_evidence)


def joseph_covariance(
    prior_covariance: FloatArray,
    gain: FloatArray,
    pick: FloatArray | None,
    view_covariance: FloatArray,
) -> FloatArray:
    """Return the posterior covariance at the gain K, symmetrised; `pick` None is the identity.

    Joseph's form (I − KP)Σ0(I − KP)ᵀ + KΩKᵀ is a sum of positive semi-definite terms, and stays
    one when Ω is tiny beside Σ0. Where Ω is the larger one, KΩKᵀ would multiply a small gain by a
    large matrix, and Σ0 − KPΣ0, equal to it, has no digits to lose.
    """
    if np.trace(view_covariance) > np.trace(prior_covariance) * (
        1.0 if pick is None else float((pick**2).sum(axis=1).max(initial=0.0))
    ):
        lost = gain @ (prior_covariance if pick is None else pick @ prior_covariance)
        difference: FloatArray = prior_covariance - lost
        return (difference + difference.T) / 2
    shrink = np.eye(len(prior_covariance)) - (gain if pick is None else gain @ pick)
    covariance: FloatArray = shrink @ prior_covariance @ shrink.T + gain @ view_covariance @ gain.T
    return (covariance + covariance.T) / 2


def equilibrium_returns(
    covariance: ArrayLike, market_weights: ArrayLike, *, risk_aversion: float
) -> FloatArray:
    """Excess returns at which holding the market is optimal, Π = δ Σ w.

    Lemma C.1 of the paper is the same formula with the predictive covariance Σ + Σ0 for Σ: then
    the market is optimal before any view.

    Args:
        covariance: (n_assets, n_assets) Σ of excess returns, decimal² per period.
        market_weights: (n_assets,) weights w of the reference portfolio.
        risk_aversion: δ > 0, the same for days and years, as mean and variance both grow with
            time.

    Returns:
        (n_assets,) implied excess returns Π, decimal per period.

    Raises:
        DataError: If shapes disagree or Σ is not symmetric.
        ConfigError: If δ ≤ 0.

    References:
        He and Litterman (1999), The Intuition Behind Black-Litterman Model Portfolios, table 2.
    """
    sigma = check_covariance(covariance)
    weights = check_vector(market_weights, len(sigma), name="market_weights")
    check_positive(risk_aversion, name="risk_aversion")
    implied: FloatArray = risk_aversion * (sigma @ weights)
    implied.setflags(write=False)
    return implied
