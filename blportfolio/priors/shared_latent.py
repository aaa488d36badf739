"""SLP-BL: views learned from features, by regression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from blportfolio.bayes.gaussian import gaussian_update
from blportfolio.bayes.hyperparameters import (
    residual_feature_covariance,
    silverman_feature_covariance,
)
from blportfolio.bayes.regression import forward_means, ridge_regression
from blportfolio.covariance import SampleCovariance
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import standardise
from blportfolio.priors.base import ArrayPrior, check_reference, equilibrium_mean
from blportfolio.types import (
    ArrayViews,
    BoolArray,
    CovarianceModel,
    FloatArray,
    IntArray,
    Moments,
    WindowArrays,
)
from blportfolio.validation import check_choice, check_positive

PRIOR_MEANS = ("equilibrium", "historical")
UNCERTAINTIES = ("residual", "silverman")


@dataclass(frozen=True, slots=True)
class SharedLatentPrior(ArrayPrior):
    """θ ~ N(θ0, τΣ) updated by the latent view θ = x + ε^F, ε^F ~ N(0, Ω^F).

    x is a forecast of each asset's mean return over the next `horizon` periods: a ridge
    regression on its own features, standardised within the window, each row's features paired
    with the returns that came after it. The last `horizon` rows have no target yet and stay out.

    An asset whose features are unknown at the decision, or known in less than half the rows, gets
    no view.
    Without features every asset lacks one, and the posterior is the prior.

    Attributes:
        tau: τ > 0, the uncertainty of the prior mean as a share of Σ.
        reference: Reference portfolio of the equilibrium mean δ(Σ + τΣ)w, as in
            `EquilibriumPrior`.
        risk_aversion: δ > 0.
        prior_mean: `equilibrium`, or `historical` for θ0 = r̄ as in the paper's experiments.
        horizon: Periods that a view looks ahead; by default those of one month.
        ridge: Penalty ≥ 0 in units of n_obs; 1 halves the coefficient of a lone feature.
        feature_uncertainty: `residual` for Ω^F from forecast errors (a departure from the paper),
            `silverman` for the paper's B H̃ Bᵀ.
        covariance: Model of Σ.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Theorem 3.2 and Appendix A. The paper
        regresses price levels on same-day features; here all is in return units and lagged.
    """

    learns_from_features: ClassVar[bool] = True
    tau: float = 0.05
    reference: str = "min_variance"
    risk_aversion: float = 2.5
    prior_mean: str = "equilibrium"
    horizon: int | None = None
    ridge: float = 1.0
    feature_uncertainty: str = "residual"
    covariance: CovarianceModel = field(default_factory=SampleCovariance)

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_positive(self.tau, name="tau")
        check_reference(self.reference)
        check_positive(self.risk_aversion, name="risk_aversion")
        check_choice(self.prior_mean, PRIOR_MEANS, name="prior_mean")
        check_choice(self.feature_uncertainty, UNCERTAINTIES, name="feature_uncertainty")
        if self.horizon is not None and not (
            isinstance(self.horizon, int | np.integer) and self.horizon >= 1
        ):
            raise ConfigError(f"`horizon` must be 1 period or more, got {self.horizon}.")
        if not (isinstance(self.ridge, int | float | np.number) and 0 <= self.ridge < np.inf):
            raise ConfigError(f"`ridge` must be 0 or more, got {self.ridge}.")

    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return the posterior mean and Σ + Cov[θ].

        Raises:
            DataError: If the window is too short for the horizon.
        """
        sigma = self.covariance.fit_arrays(window.returns)
        sigma0 = self.tau * sigma
        if self.prior_mean == "historical":
            theta0 = window.returns.mean(axis=0)
        else:
            theta0 = equilibrium_mean(self, sigma, window)
        view = self._latent_view(window)
        if view is None:
            return Moments(theta0, sigma + sigma0, sigma0, remarks=("No asset has a view.",))
        seen, forecast, omega = view
        everything = len(seen) == len(theta0)
        pick = np.eye(len(theta0)) if everything else np.eye(len(theta0))[seen]
        posterior = gaussian_update(theta0, sigma0, None if everything else pick, forecast, omega)
        labels = tuple(window.assets[i] for i in seen)
        blind = [asset for asset in window.assets if asset not in labels] if not everything else []
        return Moments(
            posterior.mean,
            sigma + posterior.covariance,
            posterior.covariance,
            ArrayViews(pick, forecast, omega, theta0, sigma0, labels),
            posterior.log_evidence,
            (f"No view on {', '.join(blind)}.",) if blind else (),
        )

    def _latent_view(self, window: WindowArrays) -> tuple[IntArray, FloatArray, FloatArray] | None:
        """Return which assets have a view, x and Ω^F, or None when no asset has one."""
        features = window.features
        if features is None or features.shape[2] == 0:
            return None
        horizon = self.horizon or max(1, round(window.periods_per_year / 12))
        n_obs, _, n_features = features.shape
        least = max(10, 2 * (n_features + 1))
        if n_obs - horizon < least:
            raise DataError(
                f"`lookback` of {n_obs} returns leaves {max(n_obs - horizon, 0)} rows to learn "
                f"from at horizon {horizon}; {n_features} features need {least}. Lengthen the "
                "lookback, shorten the horizon or use fewer features."
            )
        complete: BoolArray = np.all(np.isfinite(features), axis=2)
        enough = max(least, (n_obs - horizon) / 2)
        seen = np.flatnonzero(complete[-1] & (complete[:-horizon].sum(axis=0) >= enough))
        if not len(seen):
            return None
        returns = window.returns[:, seen]
        known = complete[:-horizon, seen].astype(float)
        scores = standardise(features[:, seen], np.vstack([known, np.zeros((horizon, len(seen)))]))
        past, now = scores[:-horizon], scores[-1]
        targets = forward_means(returns, horizon)
        regression = ridge_regression(past, now, targets, known, ridge=self.ridge)
        if self.feature_uncertainty == "silverman":
            unpenalised = ridge_regression(past, now, targets, known, ridge=0.0)
            omega = silverman_feature_covariance(unpenalised.coefficients, len(past))
        else:
            omega = residual_feature_covariance(returns[1 : len(past) + 1], regression)
        return seen, regression.forecast, omega
