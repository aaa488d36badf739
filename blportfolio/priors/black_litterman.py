"""Classic Black-Litterman with explicit views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from blportfolio.bayes.gaussian import gaussian_update
from blportfolio.covariance import SampleCovariance
from blportfolio.errors import DataError
from blportfolio.priors.base import (
    ArrayPrior,
    check_reference,
    equilibrium_mean,
    reference_weights,
)
from blportfolio.priors.views import (
    GROUP_WEIGHTS,
    ResolvedViews,
    ViewLike,
    as_views,
    check_groups,
    check_view_covariance,
    resolve_views,
)
from blportfolio.types import (
    ArrayViews,
    CovarianceModel,
    FloatArray,
    Moments,
    ReturnDistribution,
    TrainingWindow,
    WindowArrays,
)
from blportfolio.validation import check_choice, check_positive

EQUILIBRIA = ("paper", "he_litterman")


@dataclass(frozen=True, slots=True)
class BlackLittermanPrior(ArrayPrior):
    """Equilibrium prior updated by views Pθ = q + ε, ε ~ N(0, Ω).

    Attributes:
        views: `View`s, texts such as "AAPL - MSFT = 2% per year", or tables of a view's fields;
            one at least. Kept as `View`s.
        reference: Reference portfolio of the equilibrium, as in `EquilibriumPrior`.
        risk_aversion: δ > 0.
        tau: τ > 0.
        covariance: Model of Σ.
        groups: Lists of assets by name, for views such as "[Energy] - [Tech] = 2% per year".
        group_weights: How a group averages its members: `equal`, or `reference` by their weights
            in the reference portfolio, as He and Litterman average Europe.
        view_covariance: Full Ω, (n_views, n_views) decimal² per period, where view errors are
            correlated; then no view has a variance or confidence of its own.
        equilibrium: `paper` for θ0 = δ(Σ + τΣ)w, at which w is optimal for the predictive
            covariance, or `he_litterman` for Π = δΣw.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma 2.1; He and Litterman (1999);
        Idzorek (2004) for confidences.
    """

    views: Sequence[ViewLike] | str
    reference: str = "inverse_variance"
    risk_aversion: float = 2.5
    tau: float = 0.05
    covariance: CovarianceModel = field(default_factory=SampleCovariance)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group_weights: str = "equal"
    view_covariance: Sequence[Sequence[float]] | None = None
    equilibrium: str = "paper"

    def __post_init__(self) -> None:
        """Check the parameters."""
        views = as_views(self.views)
        object.__setattr__(self, "views", views)
        object.__setattr__(self, "groups", check_groups(self.groups, views))
        if self.view_covariance is not None:
            omega = check_view_covariance(self.view_covariance, views)
            object.__setattr__(self, "view_covariance", omega)
        check_reference(self.reference)
        check_positive(self.risk_aversion, name="risk_aversion")
        check_positive(self.tau, name="tau")
        check_choice(self.group_weights, GROUP_WEIGHTS, name="group_weights")
        check_choice(self.equilibrium, EQUILIBRIA, name="equilibrium")

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Fit to everything in `window`.

        Args:
            window: Returns (n_obs, n_assets), and market weights for `market_cap`.

        Returns:
            Posterior mean and predictive covariance per period, with the views and their effect.

        Raises:
            DataError: If the window is none or too short, a view names an asset that it does not
                hold, or views held with certainty contradict each other.
            ConfigError: If `covariance` is no covariance model.

        Warns:
            BLPortfolioWarning: If a view looks like a mistake: stated twice, or so large that its
                unit must be another one.
        """
        return self.labelled(window, self.fit_arrays)

    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return the posterior mean and Σ + Cov[θ].

        In a backtest a view on an asset that is not eligible is left out at that decision, and
        what looks like a mistake is a remark.

        Raises:
            DataError: If a view names an asset that the data do not hold, or views held with
                certainty contradict each other or a singular prior.
        """
        sigma = self.covariance.fit_arrays(window.returns)
        sigma0 = self.tau * sigma
        theta0 = equilibrium_mean(self, sigma, window)
        if self.equilibrium == "he_litterman":
            theta0 = theta0 / (1 + self.tau)
        found = self._resolved(sigma, window)
        if not found.labels:
            return Moments(
                theta0, sigma + sigma0, sigma0, remarks=found.remarks, doubts=found.doubts
            )
        posterior = gaussian_update(theta0, sigma0, found.pick, found.values, found.omega)
        if posterior.log_evidence == -np.inf:
            raise DataError(
                "`views` held with certainty contradict the prior, which is certain of the same: "
                "the covariance is singular, or two views are the same by `view_covariance`. Give "
                "the views a `variance`, lengthen the lookback or shrink the covariance."
            )
        return Moments(
            posterior.mean,
            sigma + posterior.covariance,
            posterior.covariance,
            ArrayViews.known(found.pick, found.values, found.omega, theta0, sigma0, found.labels),
            posterior.log_evidence,
            found.remarks,
            found.doubts,
        )

    def _resolved(self, sigma: FloatArray, window: WindowArrays) -> ResolvedViews:
        """Return the views as arrays."""
        by_reference = self.group_weights == "reference" and self.groups
        omega = self.view_covariance
        return resolve_views(
            self.views,
            window,
            sigma,
            tau=self.tau,
            groups=self.groups,
            member_weights=reference_weights(self.reference, sigma, window)
            if by_reference
            else None,
            view_covariance=None if omega is None else np.array(omega),
        )
