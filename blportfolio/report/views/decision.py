"""One decision, learned once, whose posterior is recomputed at any τ, δ, ν and scale of Ω."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from blportfolio.errors import DataError
from blportfolio.priors.base import explain_views as label_views
from blportfolio.priors.decision import Parts
from blportfolio.priors.learned import LearnedPrior
from blportfolio.report.views.settings import ViewSettings, stand_in_views
from blportfolio.types import Moments, ReturnDistribution, TrainingWindow


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A posterior and what is to be said of it.

    Attributes:
        distribution: Predictive moments, with the views.
        remarks: What was left out, and why.
        doubts: What may be a slip of the user.
        learned: How many of the views, the first, were learned; the others were stated.
    """

    distribution: ReturnDistribution
    remarks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    learned: int = 0


class Decision:
    """A window, and what its posteriors are made of: Σ, reference portfolios, learned views.

    These take most of the time and depend on none of τ, δ, ν and the scale of Ω. So they are made
    once for each way to learn them, and any of these parameters costs a millisecond after that.

    Args:
        window: Returns (n_obs, n_assets) and features.

    Raises:
        DataError: If the window is none, or has one row.
    """

    def __init__(self, window: TrainingWindow) -> None:
        if not isinstance(window, TrainingWindow):
            raise DataError(
                f"`window` must be a TrainingWindow, got {type(window).__name__}. Make one with "
                "make_window(market, …)."
            )
        if len(window.returns) < 2:
            raise DataError("`window` must hold two returns at least to estimate a covariance.")
        self.window = window
        self.arrays = window.arrays()
        self._parts: dict[tuple[Any, ...], Parts] = {}

    @property
    def date(self) -> str:
        """Date of the decision, as ISO text."""
        as_of = self.window.as_of
        last = self.window.returns.index[-1] if as_of is None else as_of
        return str(last.date())

    def parts(self, prior: LearnedPrior) -> Parts:
        """Return what the posterior of `prior` is made of, made once.

        Raises:
            DataError: If the window is too short for the horizon and the features.
            ConfigError: If features that should be views themselves are no forecasts.
        """
        key = (
            prior.covariance,
            prior.prior_mean,
            prior.reference,
            prior.horizon,
            prior.ridge,
            prior.feature_uncertainty,
            prior.regression,
        )
        if key not in self._parts:
            self._parts[key] = prior.parts(self.arrays)
        # Updates are kept by τ, of which a slider has many.
        return dataclasses.replace(self._parts[key], updates={})

    def fit(self, prior: LearnedPrior, *, blind: bool = False) -> Fitted:
        """Return the posterior of a prior.

        Args:
            prior: Any of the view-free priors, without lists of hyper-parameters.
            blind: Whether to forget the features, which makes M-BL classic Black-Litterman.

        Raises:
            DataError: As `parts`, or if stated views contradict each other or the data.
        """
        view = None if blind else self.parts(prior).view
        learned = 0 if view is None else len(view.seen)
        return self._fitted(self.moments(prior, blind=blind), learned)

    def moments(self, prior: LearnedPrior, *, blind: bool = False) -> Moments:
        """Return what `fit` does, as arrays without labels."""
        if not blind:
            return prior.fit_arrays(self.arrays, None, self.parts(prior))
        parts = dataclasses.replace(self.parts(prior), view=None)
        (setting,) = prior.settings()
        return prior.blind_member(parts, setting)

    def model(self, model: str, settings: ViewSettings) -> Fitted:
        """Return the posterior of one of `MODELS`.

        Classic Black-Litterman without stated views hears stand-ins, `stand_in_views`.

        Raises:
            DataError: As `fit`.
            ConfigError: If the model is unknown or a setting out of range.
        """
        if model == "classic" and not settings.views:
            settings = dataclasses.replace(settings, views=stand_in_views(self.arrays))
        return self.fit(settings.prior(model), blind=model == "classic")

    def _fitted(self, moments: Moments, learned: int) -> Fitted:
        distribution = ReturnDistribution(
            mean=moments.mean,
            covariance=moments.covariance,
            mean_covariance=moments.mean_covariance,
            assets=self.arrays.assets,
            views=None if moments.views is None else label_views(moments.views),
            log_evidence=moments.log_evidence,
            scenarios=self.arrays.scenarios(moments.mean),
            periods_per_year=self.arrays.periods_per_year,
        )
        return Fitted(distribution, moments.remarks, moments.doubts, learned)
