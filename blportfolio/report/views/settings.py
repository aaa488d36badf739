"""The models that explain one decision, and the settings that a reader of them may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blportfolio.covariance import COVARIANCES
from blportfolio.priors import (
    FeatureInfluencedPrior,
    MixedEffectsPrior,
    SharedLatentPrior,
    View,
)
from blportfolio.priors.learned import LearnedPrior
from blportfolio.types import CovarianceModel, WindowArrays
from blportfolio.validation import check_choice

MODELS = {
    "slp": "SLP-BL",
    "fiv": "FIV-BL",
    "mbl": "M-BL",
    "classic": "Classic BL",
}
COVARIANCE_NAMES = tuple(sorted(COVARIANCES))
BASELINES = {"equilibrium": "Equilibrium", "historical": "Historical"}
STAND_IN = "each asset's own mean return in the window, at He and Litterman's variance"


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """Settings of all models of one decision, so that they differ in the model alone.

    Attributes:
        tau: τ > 0, the uncertainty of the prior mean as a share of Σ.
        risk_aversion: δ > 0, by which the equilibrium mean δ(1 + τ)Σw scales.
        view_scale: Factor > 0 on Ω: on Ω^F for SLP-BL and M-BL, on the prior mean of Ω for FIV-BL.
        strength: κ > 0, what FIV-BL's prior law of Ω is worth in past view errors; ν = k + 1 + κ.
        reference: Reference portfolio w of the equilibrium.
        covariance: Model of Σ, or its name in the registry.
        regression: How views are learned: `ridge`, `pooled`, `sur` or `direct`.
        horizon: Periods that a view looks ahead; None for those of one month.
        views: Stated views, heard by M-BL and classic Black-Litterman.
    """

    tau: float = 0.05
    risk_aversion: float = 2.5
    view_scale: float = 1.0
    strength: float = 10.0
    reference: str = "min_variance"
    covariance: CovarianceModel | str = "ledoit_wolf"
    regression: str = "ridge"
    horizon: int | None = None
    views: tuple[View, ...] = ()

    @property
    def covariance_model(self) -> CovarianceModel:
        """The model of Σ.

        Raises:
            ConfigError: If there is none of that name.
        """
        if not isinstance(self.covariance, str):
            return self.covariance
        check_choice(self.covariance, COVARIANCE_NAMES, name="covariance")
        return COVARIANCES[self.covariance]()

    def prior(self, model: str) -> LearnedPrior:
        """Return the prior of one of `MODELS`.

        Classic Black-Litterman is M-BL for a window without features.

        Raises:
            ConfigError: If the model is unknown or a setting out of range.
        """
        check_choice(model, tuple(MODELS), name="model")
        common: dict[str, Any] = {
            "tau": self.tau,
            "risk_aversion": self.risk_aversion,
            "view_scale": self.view_scale,
            "reference": self.reference,
            "covariance": self.covariance_model,
            "regression": self.regression,
            "horizon": self.horizon,
        }
        if model == "slp":
            return SharedLatentPrior(**common)
        if model == "fiv":
            return FeatureInfluencedPrior(**common, strength=self.strength)
        return MixedEffectsPrior(**common, views=self.views)


def stand_in_views(window: WindowArrays) -> tuple[View, ...]:
    """Return a view on each asset for a classic model without stated ones: its own mean return."""
    means = window.returns.mean(axis=0).tolist()
    return tuple(
        View({asset: 1.0}, mean, name=asset)
        for asset, mean in zip(window.assets, means, strict=True)
    )
