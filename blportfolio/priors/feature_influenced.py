"""FIV-BL: latent views from features, with their quality learned too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blportfolio.bayes.feature_influenced import feature_influenced_update
from blportfolio.errors import ConfigError
from blportfolio.priors.decision import Parts, Setting
from blportfolio.priors.grid import Grid
from blportfolio.priors.latent_view import LatentView
from blportfolio.priors.learned import LearnedPrior
from blportfolio.priors.view_record import ViewRecord
from blportfolio.types import ArrayViews, FloatArray, Moments
from blportfolio.validation import check_choice

VIEW_KINDS = ("assets", "relative")


@dataclass(frozen=True, slots=True)
class FeatureInfluencedPrior(LearnedPrior):
    """θ ~ N(θ0, τΣ), latent views q = Pθ + ε of unknown quality Ω, features a gauge of q.

    The features imply x as in `SharedLatentPrior`, and Px ~ N(q, R) with R = PΩ^FPᵀ. How far the
    views themselves miss Pθ is Ω ~ IW(Ψ, ν) with Ψ = κ Ω̄ and ν = k + 1 + κ: κ past view errors'
    worth of belief in Ω̄ = s diag(PΣ0Pᵀ), s = `view_scale`. With a track record, each decision's
    view error, what its period then earned less Px, updates Ψ and ν; early on the prior speaks,
    later the record. Views that conflict with the prior beyond that are discounted within the
    decision (maths of `blportfolio.bayes.feature_influenced_posterior`).

    Macro-economic features are the same for all assets, and get a loading of each asset's own.

    Attributes:
        tau: As in `SharedLatentPrior`, like all up to `regression`; `feature_uncertainty` is
            `parameter` by default, as Ω learns what the regression's own error leaves out.
        reference: Reference portfolio of the equilibrium mean, or a list.
        risk_aversion: δ > 0, or a list.
        prior_mean: `equilibrium` or `historical`.
        horizon: Periods that a view looks ahead; by default those of one month.
        ridge: Penalty ≥ 0 in units of n_obs.
        feature_uncertainty: Ω^F: `residual`, `parameter` or `silverman`.
        covariance: Model of Σ.
        regression: `ridge`, `pooled`, `sur` or `direct`; with the last, `parameter` means Ω^F = 0,
            and all the uncertainty of the forecasts is Ω.
        view_scale: Factor s > 0 on Ω̄, or a list.
        strength: κ > 0, what the prior law of Ω is worth in view errors, or a list.
        track_record: Whether past view errors update the law of Ω.
        view_on: `assets` for P = I, `relative` for each asset less the average of those with a
            view.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Section 3.3, in a coherent form.
    """

    feature_uncertainty: str = "parameter"
    strength: Grid = 10.0
    track_record: bool = True
    view_on: str = "assets"

    def __post_init__(self) -> None:
        """Check the parameters."""
        LearnedPrior.__post_init__(self)
        check_choice(self.view_on, VIEW_KINDS, name="view_on")
        if not isinstance(self.track_record, bool):
            raise ConfigError(f"`track_record` must be true or false, got {self.track_record!r}.")

    @property
    def learns_view_quality(self) -> bool:
        """Whether Ω is learned besides Ω^F, which may then be zero."""
        return True

    @property
    def averaged_parameters(self) -> tuple[str, ...]:
        """Names of the hyper-parameters that may be lists."""
        return ("reference", "tau", "risk_aversion", "view_scale", "strength")

    @property
    def keeps_state(self) -> bool:
        """Whether anything is learned from decision to decision."""
        return self.track_record or len(self.settings()) > 1

    def member(
        self, parts: Parts, view: LatentView, setting: Setting, state: Mapping[str, Any] | None
    ) -> Moments:
        """Return the posterior at one combination of hyper-parameters."""
        pick = self._pick(view, len(parts.assets))
        if not pick.any():  # one asset has nothing to be relative to
            return self.blind_member(parts, setting)
        theta0 = parts.prior_mean(setting)
        sigma0 = setting.tau * parts.sigma
        chosen = pick[:, view.seen]
        datum, noise = chosen @ view.mean, _symmetric(chosen @ view.noise @ chosen.T)
        variance = np.einsum("km,mn,kn->k", pick, parts.sigma, pick)
        names = tuple(parts.assets[i] for i in view.seen)
        expected = setting.view_scale * setting.tau
        record = self._record(state, setting)
        relative = record.on(names, expected) + setting.strength * expected * np.eye(len(names))
        scale = relative * np.sqrt(np.outer(variance, variance))
        excess = setting.strength + record.count
        posterior = feature_influenced_update(
            theta0, sigma0, pick, datum, noise, scale, len(names) + 1 + excess
        )
        return Moments(
            posterior.mean,
            parts.sigma + posterior.covariance,
            posterior.covariance,
            ArrayViews(
                pick,
                posterior.view_mean,
                posterior.omega_mean,
                theta0,
                sigma0,
                names if self.view_on == "assets" else tuple(f"{n} less average" for n in names),
                covariance=posterior.view_covariance,
                effective=posterior.effective_view_covariance,
                datum=datum,
                expected=noise + scale / excess,
            ),
            posterior.log_evidence,
        )

    def learned(
        self, state: Mapping[str, Any], then: Parts | None, earned: FloatArray | None
    ) -> dict[str, Any]:
        """Return the track record after the returns `earned` since `then`."""
        if not self.track_record:
            return {}
        records = [self._record(state, setting) for setting in self.settings()]
        if then is not None and then.view is not None and earned is not None:
            records = self._learned_records(records, then, then.view, earned)
        documents = (record.to_document() for record in records)
        return {
            "view_on": self.view_on,
            "records": dict(zip(self.labels(), documents, strict=True)),
        }

    def _learned_records(
        self, records: list[ViewRecord], then: Parts, view: LatentView, earned: FloatArray
    ) -> list[ViewRecord]:
        """Return the records of every combination after one more error of each view."""
        pick = self._pick(view, len(then.assets))
        if not pick.any():
            return records
        covariance = pick @ then.sigma @ pick.T
        unit = np.sqrt(np.diagonal(covariance))
        chosen = pick[:, view.seen]
        noise = covariance / len(earned) + chosen @ view.noise @ chosen.T
        error = pick @ earned.mean(axis=0) - chosen @ view.mean
        return [
            record.after(
                then.assets,
                view.seen,
                error / unit,
                _symmetric(noise / np.outer(unit, unit)),
                strength=setting.strength,
                expected=setting.view_scale * setting.tau,
            )
            for record, setting in zip(records, self.settings(), strict=True)
        ]

    def _record(self, state: Mapping[str, Any] | None, setting: Setting) -> ViewRecord:
        """Return a combination's record in a state, an empty one where none is kept."""
        if not self.track_record or not state or "records" not in state:
            return ViewRecord()
        kind = state.get("view_on")
        if kind != self.view_on:
            raise ConfigError(
                f"`state` holds a record of views on {kind!r}, but `view_on` is "
                f"{self.view_on!r}. Rebuild it with bl.replay_state."
            )
        label = self.labels()[self.settings().index(setting)]
        if label not in state["records"]:
            raise ConfigError(
                f"`state` holds no record of {label}; it was learned with other lists. Rebuild it "
                "with bl.replay_state."
            )
        return ViewRecord.from_document(state["records"][label])

    def _pick(self, view: LatentView, n_assets: int) -> FloatArray:
        pick = np.eye(n_assets)[view.seen]
        return pick if self.view_on == "assets" else pick - pick.mean(axis=0)


def _symmetric(matrix: FloatArray) -> FloatArray:
    result: FloatArray = (matrix + matrix.T) / 2
    return result
