"""Priors: a training window in, a distribution of next-period returns out."""

from blportfolio.priors.black_litterman import BlackLittermanPrior
from blportfolio.priors.equilibrium import EquilibriumPrior
from blportfolio.priors.feature_influenced import FeatureInfluencedPrior
from blportfolio.priors.historical import HistoricalPrior
from blportfolio.priors.mixed_effects import MixedEffectsPrior
from blportfolio.priors.shared_latent import SharedLatentPrior
from blportfolio.priors.view import View
from blportfolio.types import Prior

PRIORS: dict[str, type[Prior]] = {
    "black_litterman": BlackLittermanPrior,
    "equilibrium": EquilibriumPrior,
    "feature_influenced": FeatureInfluencedPrior,
    "historical": HistoricalPrior,
    "mixed_effects": MixedEffectsPrior,
    "shared_latent": SharedLatentPrior,
}

__all__ = [
    "PRIORS",
    "BlackLittermanPrior",
    "EquilibriumPrior",
    "FeatureInfluencedPrior",
    "HistoricalPrior",
    "MixedEffectsPrior",
    "SharedLatentPrior",
    "View",
]
