"""SLP-BL: views learned from features, by regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blportfolio.bayes.gaussian import GaussianUpdate
from blportfolio.priors.decision import Parts, Setting
from blportfolio.priors.latent_view import LatentView
from blportfolio.priors.learned import LearnedPrior
from blportfolio.types import ArrayViews, FloatArray, Moments


@dataclass(frozen=True, slots=True)
class SharedLatentPrior(LearnedPrior):
    """θ ~ N(θ0, τΣ) updated by the latent view θ = x + ε^F, ε^F ~ N(0, Ω^F).

    x is a forecast of each asset's mean return over the next `horizon` periods: a regression on
    its features, standardised within the window, each row's features paired with the returns that
    came after it. The last `horizon` rows have no target yet and stay out.

    A feature that an asset does not have at the decision, or in half the rows, has no part in its
    view; an asset with none gets no view. Without features all lack one, and the posterior is the
    prior.

    Attributes:
        tau: τ > 0, the uncertainty of the prior mean as a share of Σ; or a list of values, which
            are averaged by the evidence of past decisions.
        reference: Reference portfolio of the equilibrium mean δ(Σ + τΣ)w, as in
            `EquilibriumPrior`; or a list of them, averaged like τ.
        risk_aversion: δ > 0, or a list.
        prior_mean: `equilibrium`, or `historical` for θ0 = r̄ as in the paper's experiments.
        horizon: Periods that a view looks ahead; by default those of one month.
        ridge: Penalty ≥ 0 in units of n_obs; 1 halves the coefficient of a lone feature.
        feature_uncertainty: Ω^F: `residual` for forecast errors and parameter uncertainty (an
            upper bound), `parameter` for the latter alone, `silverman` for the paper's B H̃ Bᵀ.
        covariance: Model of Σ.
        regression: `ridge`, asset by asset; `pooled`, with slopes shrunk to a common one by
            empirical Bayes; `sur`, the paper's generalised least squares; `direct`, none at all:
            the features are forecasts, x is their average, and Ω^F the second moments of what they
            missed in the window.
        view_scale: Factor > 0 on Ω^F, or a list.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Theorem 3.2 and Appendix A. The paper
        regresses price levels on same-day features; here all is in return units and lagged.
    """

    def member(
        self,
        parts: Parts,
        view: LatentView,
        setting: Setting,
        state: Mapping[str, Any] | None,  # noqa: ARG002, of those that learn Ω
    ) -> Moments:
        """Return the posterior at one combination of hyper-parameters."""
        return shared_member(parts, view, setting)


def shared_member(parts: Parts, view: LatentView, setting: Setting) -> Moments:
    """Return the shared-latent posterior of a decision at one combination."""
    theta0 = parts.prior_mean(setting)
    sigma0 = setting.tau * parts.sigma
    pick = latent_pick(view, len(parts.assets))
    omega = setting.view_scale * view.noise
    key = (setting.tau, setting.view_scale)
    if key not in parts.updates:  # it depends on no reference and no δ
        everything = len(view.seen) == len(parts.assets)
        parts.updates[key] = GaussianUpdate.of(sigma0, None if everything else pick, omega)
    posterior = parts.updates[key].at(theta0, view.mean)
    labels = tuple(parts.assets[i] for i in view.seen)
    return Moments(
        posterior.mean,
        parts.sigma + posterior.covariance,
        posterior.covariance,
        ArrayViews.known(pick, view.mean, omega, theta0, sigma0, labels),
        posterior.log_evidence,
    )


def latent_pick(view: LatentView, n_assets: int) -> FloatArray:
    """Return (n_seen, n_assets) P: the rows of the identity for assets that have a view."""
    return np.eye(n_assets)[view.seen]
