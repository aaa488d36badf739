"""Priors: a training window in, a distribution of next-period returns out."""

from blportfolio.priors.black_litterman import BlackLittermanPrior, View
from blportfolio.priors.equilibrium import EquilibriumPrior
from blportfolio.priors.historical import HistoricalPrior
from blportfolio.priors.shared_latent import SharedLatentPrior
from blportfolio.types import Prior

PRIORS: dict[str, type[Prior]] = {
    "black_litterman": BlackLittermanPrior,
    "equilibrium": EquilibriumPrior,
    "historical": HistoricalPrior,
    "shared_latent": SharedLatentPrior,
}

__all__ = [
    "PRIORS",
    "BlackLittermanPrior",
    "EquilibriumPrior",
    "HistoricalPrior",
    "SharedLatentPrior",
    "View",
]
