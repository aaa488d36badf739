"""What the view-free priors share: their settings, their parts at a decision, their state."""

from __future__ import annotations

import dataclasses
import itertools
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blportfolio.bayes.evidence import Dispersion, evidence_weights, predictive_log_score
from blportfolio.covariance import SampleCovariance
from blportfolio.errors import ConfigError
from blportfolio.priors.averaging import average_members
from blportfolio.priors.base import ArrayPrior, reference_weights
from blportfolio.priors.decision import Parts, Setting, encoded, pending, scores_of
from blportfolio.priors.grid import Grid, References, checked_grid, checked_references
from blportfolio.priors.latent_view import LatentView, blind_remarks, check_regression, learn_view
from blportfolio.priors.premium import Premiums
from blportfolio.types import (
    CovarianceModel,
    FloatArray,
    FrozenState,
    Moments,
    ReturnDistribution,
    TrainingWindow,
    WindowArrays,
)
from blportfolio.validation import check_choice

PRIOR_MEANS = ("equilibrium", "historical")


@dataclass(frozen=True, slots=True)
class LearnedPrior(ArrayPrior):
    """A prior whose views come from features; base of SLP-BL, FIV-BL and M-BL.

    A hyper-parameter may be a list. Each combination then keeps a prequential score, the summed
    log predictive density of the returns realised after each past decision, and the answer is
    their average, weighted by the evidence that was known before the decision. Without a state
    all weigh the same.
    """

    tau: Grid = 0.05
    reference: References = "min_variance"
    risk_aversion: Grid = 2.5
    prior_mean: str = "equilibrium"
    horizon: int | None = None
    ridge: float = 1.0
    feature_uncertainty: str = "residual"
    covariance: CovarianceModel = field(default_factory=SampleCovariance)
    regression: str = "ridge"
    view_scale: Grid = 1.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name in self.averaged_parameters:
            if name != "reference":
                object.__setattr__(self, name, checked_grid(getattr(self, name), name=name))
        object.__setattr__(self, "reference", checked_references(self.reference))
        check_choice(self.prior_mean, PRIOR_MEANS, name="prior_mean")
        check_regression(self, learns_quality=self.learns_view_quality)
        if self.prior_mean == "historical":
            for name, one in (("risk_aversion", "number"), ("reference", "portfolio")):
                if np.size(getattr(self, name)) > 1:
                    raise ConfigError(
                        f"`{name}` has no part in a historical prior mean; give one {one}, or use "
                        'prior_mean = "equilibrium".'
                    )

    @property
    def learns_view_quality(self) -> bool:
        """Whether Ω is learned besides Ω^F, which may then be zero."""
        return False

    @property
    def learns_from_features(self) -> bool:
        """Whether the prior has nothing to say without features."""
        return True

    @property
    def averaged_parameters(self) -> tuple[str, ...]:
        """Names of the hyper-parameters that may be lists."""
        return ("reference", "tau", "risk_aversion", "view_scale")

    @property
    def keeps_state(self) -> bool:
        """Whether anything is learned from decision to decision."""
        return len(self.settings()) > 1

    def settings(self) -> tuple[Setting, ...]:
        """Return every combination of the hyper-parameters, last one fastest."""
        names = self.averaged_parameters
        values = [np.atleast_1d(getattr(self, name)).tolist() for name in names]
        return tuple(
            Setting(**{"strength": np.nan, **dict(zip(names, chosen, strict=True))})
            for chosen in itertools.product(*values)
        )

    def labels(self) -> tuple[str, ...]:
        """Return the names of the combinations in states and tables."""
        varied = [n for n in self.averaged_parameters if np.size(getattr(self, n)) > 1]
        return tuple(setting.label(varied) for setting in self.settings())

    @abstractmethod
    def member(
        self, parts: Parts, view: LatentView, setting: Setting, state: Mapping[str, Any] | None
    ) -> Moments:
        """Return the posterior at one combination of hyper-parameters; `view` is of `parts`."""

    def fit(
        self, window: TrainingWindow, state: Mapping[str, Any] | None = None
    ) -> ReturnDistribution:
        """Fit to everything in `window`, given what was learned before.

        Args:
            window: Returns (n_obs, n_assets) and features.
            state: What `update` or `bl.replay_state` returned; None before any decision.

        Returns:
            Predictive mean and covariance per period, with the views.

        Raises:
            DataError: If the window is none, has one row, or is too short for the horizon, or a
                stated view names an asset that it does not hold or contradicts another.
            ConfigError: If `covariance` is no covariance model, or `state` was learned by another
                model or with other lists.

        Warns:
            BLPortfolioWarning: If a stated view looks like a mistake.
        """
        return self.labelled(window, lambda arrays: self.fit_arrays(arrays, state))

    def fit_arrays(
        self,
        window: WindowArrays,
        state: Mapping[str, Any] | None = None,
        parts: Parts | None = None,
    ) -> Moments:
        """Return the posterior mean and Σ + Cov[θ].

        Args:
            window: Returns (n_obs, n_assets) and features.
            state: What was learned before; None before any decision.
            parts: What `advance` made of this very window, so as not to make it twice.

        Raises:
            DataError: If the window is too short for the horizon.
        """
        weights = self.weights(state)
        parts = self.parts(window) if parts is None else parts
        remarks: tuple[str, ...] = ()
        if self.learns_from_features or window.features is not None:
            remarks = blind_remarks(window, parts.view)
        members = [self._moments(parts, setting, state) for setting in self.settings()]
        found = average_members(members, weights, parts.sigma)
        return dataclasses.replace(found, remarks=(*remarks, *found.remarks))

    def parts(self, window: WindowArrays) -> Parts:
        """Return what the posterior is made of."""
        sigma = self.covariance.fit_arrays(window.returns)
        is_historical = self.prior_mean == "historical"
        names = np.atleast_1d(self.reference).tolist()
        references = {}
        if self._needs_reference:
            references = {name: reference_weights(name, sigma, window) for name in names}
        directions = {name: sigma @ weights for name, weights in references.items()}
        if is_historical:
            directions = dict.fromkeys(names, window.returns.mean(axis=0))
        return Parts(
            window.assets,
            sigma,
            directions,
            is_historical,
            learn_view(self, window, sigma),
            references,
            window.universe or window.assets,
            window.periods_per_year,
        )

    @property
    def _needs_reference(self) -> bool:
        return self.prior_mean == "equilibrium"

    def weights(self, state: Mapping[str, Any] | None) -> FloatArray:
        """Return (n_settings,) posterior probabilities of the combinations, in their order.

        Args:
            state: What `update` returned; None before any decision.

        Raises:
            ConfigError: If `state` was learned by another model or with other lists.
        """
        if state is None:
            return np.full(len(self.settings()), 1 / len(self.settings()))
        return evidence_weights(np.array(list(self._scores(state).values())))

    def _scores(self, state: Mapping[str, Any]) -> dict[str, float]:
        return scores_of(state, self.labels(), type(self).__name__)

    def initial_state(self, assets: tuple[str, ...]) -> FrozenState:  # noqa: ARG002, protocol
        """Return the state before any decision: all combinations equal."""
        scores = dict.fromkeys(self.labels(), 0.0)
        return FrozenState({"model": type(self).__name__, "decisions": 0, "scores": scores})

    def update(self, state: Mapping[str, Any], window: TrainingWindow) -> FrozenState:
        """Return the state after what was realised since the last decision.

        The score of a combination grows by the log density that its posterior of then gave to
        the mean return since; of several references each at the premium that it has earned before
        (`Premiums`). What this decision will be judged by is kept until the next.

        Args:
            state: What this method or `initial_state` returned; JSON of it will do.
            window: The window of the present decision. Without `realised` what was earned since
                is read off its returns, if they reach back that far.

        Raises:
            ConfigError: If `state` was learned by another model or with other lists.
            DataError: If `realised` has other assets than the last decision, or the window
                neither has it nor reaches back that far.
        """
        self._scores(state)  # refuse what is no state before looking into it
        return self.advance(state, window.arrays(), str(window.as_of), *pending(state, window))[0]

    def advance(
        self,
        state: Mapping[str, Any],
        window: WindowArrays,
        as_of: str,
        then: Parts | None,
        earned: FloatArray | None,
    ) -> tuple[FrozenState, Parts | None]:
        """Return what `update` does, and what the decision is made of where a state keeps it.

        Args:
            state: What was learned before.
            window: The window of the present decision.
            as_of: Its date.
            then: What the last decision was made of, None where the state keeps none.
            earned: (h, n_assets) returns since, of the assets of `then`; or None.
        """
        scores = self._scores(state)
        found = state.get("dispersion", {"size": 1.0, "shape": [1.0]})
        dispersion = Dispersion(float(found["size"]), np.array(found["shape"], dtype=float))
        premiums = Premiums(state.get("premiums", {}))
        if then is not None and earned is not None and len(scores) > 1:
            dispersion = dispersion.after(earned, then.sigma)
            sigma = dispersion.corrected(then.sigma)
            fair = premiums.judged(then)
            for label, setting in zip(self.labels(), self.settings(), strict=True):
                judged = self._moments(fair, setting, state)
                scores[label] += predictive_log_score(
                    earned, judged.mean, judged.mean_covariance, sigma
                )
            if isinstance(self.risk_aversion, float) and len(then.directions) > 1:
                premiums = premiums.after(earned, then, sigma, self.risk_aversion)
        document = {
            "model": type(self).__name__,
            "decisions": int(state["decisions"]) + 1,
            "scores": scores,
            "dispersion": {"size": dispersion.size, "shape": dispersion.shape.tolist()},
            "premiums": {name: list(belief) for name, belief in premiums.beliefs.items()},
            **self.learned(state, then, earned),
        }
        parts = None
        if self.keeps_state:
            parts = self.parts(window)
            document["pending"] = {"as_of": as_of, **encoded(parts)}
        return FrozenState(document), parts

    def learned(
        self,
        state: Mapping[str, Any],  # noqa: ARG002, for those that learn more than scores
        then: Parts | None,  # noqa: ARG002
        earned: FloatArray | None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return what else the state holds after the returns `earned` since `then`."""
        return {}

    def _moments(self, parts: Parts, setting: Setting, state: Mapping[str, Any] | None) -> Moments:
        if parts.view is not None:
            return self.member(parts, parts.view, setting, state)
        return self.blind_member(parts, setting)

    def blind_member(self, parts: Parts, setting: Setting) -> Moments:
        """Return the prior, which is the answer where nothing has a view."""
        sigma0 = setting.tau * parts.sigma
        return Moments(parts.prior_mean(setting), parts.sigma + sigma0, sigma0)
