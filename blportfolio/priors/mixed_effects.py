"""M-BL: stated views and views learned from features, together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from blportfolio.bayes.gaussian import gaussian_update
from blportfolio.errors import ConfigError, DataError
from blportfolio.priors.decision import Parts, Setting
from blportfolio.priors.latent_view import LatentView
from blportfolio.priors.learned import LearnedPrior
from blportfolio.priors.shared_latent import shared_member
from blportfolio.priors.views import (
    GROUP_WEIGHTS,
    ResolvedViews,
    ViewLike,
    as_views,
    check_groups,
    resolve_views,
)
from blportfolio.types import (
    ArrayViews,
    FloatArray,
    Moments,
    WindowArrays,
)
from blportfolio.validation import check_choice


@dataclass(frozen=True, slots=True)
class MixedEffectsPrior(LearnedPrior):
    """`SharedLatentPrior` updated by stated views that the features may have influenced.

    q + ε = P(α + Fβ + γθ) with α + Fβ = (1 − γ)x: a share 1 − γ of every stated view is an echo of
    what the features say anyway, and only the rest is about θ. At γ = 1 the views are news; without
    views this is SLP-BL, without features classic Black-Litterman. For an asset that has no latent
    view the echo is of θ0 (at the first of several references, τ and δ).

    Attributes:
        tau: As in `SharedLatentPrior`, like all up to `view_scale`.
        reference: Reference portfolio of the equilibrium mean, or a list.
        risk_aversion: δ > 0, or a list.
        prior_mean: `equilibrium` or `historical`.
        horizon: Periods that a view looks ahead; by default those of one month.
        ridge: Penalty ≥ 0 in units of n_obs.
        feature_uncertainty: Ω^F: `residual`, `parameter` or `silverman`.
        covariance: Model of Σ.
        regression: `ridge`, `pooled`, `sur` or `direct`.
        view_scale: Factor > 0 on Ω^F, or a list.
        views: Stated views, as in `BlackLittermanPrior`; none by default.
        groups: Assets by name of a group.
        group_weights: `equal` or `reference`: how a group averages its members; of several
            references their mean counts, so that all settings hear the same views.
        gamma: γ in (0, 1], the share of a stated view that is not an echo.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Theorem 3.1. The paper leaves (α, β, γ)
        free; tying α + Fβ to x is ours, as one window cannot tell them apart.
    """

    views: tuple[ViewLike, ...] | str = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group_weights: str = "equal"
    gamma: float = 1.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        LearnedPrior.__post_init__(self)
        views = as_views(self.views) if self.views else ()
        object.__setattr__(self, "views", views)
        object.__setattr__(self, "groups", check_groups(self.groups, views))
        check_choice(self.group_weights, GROUP_WEIGHTS, name="group_weights")
        gamma = self.gamma
        if not (isinstance(gamma, int | float | np.number) and 0 < gamma <= 1):
            raise ConfigError(f"`gamma` must lie above 0 and up to 1, got {gamma!r}.")

    def member(
        self,
        parts: Parts,
        view: LatentView,
        setting: Setting,
        state: Mapping[str, Any] | None,  # noqa: ARG002, of those that learn Ω
    ) -> Moments:
        """Return the posterior at one combination of hyper-parameters."""
        return self._with_stated(parts, setting, shared_member(parts, view, setting))

    @property
    def learns_from_features(self) -> bool:
        """Whether the prior has nothing to say without features."""
        return not self.views

    def blind_member(self, parts: Parts, setting: Setting) -> Moments:
        """Return classic Black-Litterman, the answer where no asset has a latent view."""
        # Named base: zero-argument super() does not know a class that slots have made anew.
        return self._with_stated(parts, setting, LearnedPrior.blind_member(self, parts, setting))

    @property
    def _needs_reference(self) -> bool:
        by_reference = bool(self.groups) and self.group_weights == "reference"
        return self.prior_mean == "equilibrium" or by_reference

    def _with_stated(self, parts: Parts, setting: Setting, shared: Moments) -> Moments:
        """Return the update of the shared-latent posterior by the stated views."""
        if not self.views:
            return shared
        stated = self._resolved(parts, setting)
        if not len(stated.values):
            return dataclasses.replace(shared, remarks=stated.remarks, doubts=stated.doubts)
        theta0 = parts.prior_mean(setting)
        sigma0 = setting.tau * parts.sigma
        # One centre for all settings, so that they hear the same views.
        echo = parts.prior_mean(self.settings()[0]).copy()
        if parts.view is not None:
            echo[parts.view.seen] = parts.view.mean
        pick = self.gamma * stated.pick
        datum = stated.values - (1 - self.gamma) * (stated.pick @ echo)
        posterior = gaussian_update(shared.mean, shared.mean_covariance, pick, datum, stated.omega)
        if posterior.log_evidence == -np.inf:
            raise DataError(
                "`views` held with certainty contradict what the features or a certain prior say; "
                "give them a variance, or drop one."
            )
        views = ArrayViews.known(pick, datum, stated.omega, theta0, sigma0, stated.labels)
        evidence = posterior.log_evidence
        if shared.views is not None:
            views = ArrayViews.known(
                np.vstack([shared.views.pick, pick]),
                np.concatenate([shared.views.mean, datum]),
                block_diag(shared.views.omega, stated.omega),
                theta0,
                sigma0,
                (*shared.views.labels, *stated.labels),
            )
        if shared.log_evidence is not None:
            evidence += shared.log_evidence
        return Moments(
            posterior.mean,
            parts.sigma + posterior.covariance,
            posterior.covariance,
            views,
            evidence,
            stated.remarks,
            stated.doubts,
        )

    def _resolved(self, parts: Parts, setting: Setting) -> ResolvedViews:
        context = WindowArrays(
            returns=np.empty((0, len(parts.assets))),
            assets=parts.assets,
            periods_per_year=parts.periods_per_year,
            universe=parts.universe,
        )
        weights: FloatArray | None = None
        if self.group_weights == "reference":
            weights = np.mean(list(parts.references.values()), axis=0)
        return resolve_views(
            self.views,
            context,
            parts.sigma,
            tau=setting.tau,
            groups=self.groups,
            member_weights=weights,
        )
