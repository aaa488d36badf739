"""The Bayesian kernels: arrays in, read-only arrays out."""

from blportfolio.bayes.gaussian import bl_posterior, equilibrium_returns
from blportfolio.bayes.shared_latent import shared_latent_posterior
from blportfolio.types import Posterior

__all__ = ["Posterior", "bl_posterior", "equilibrium_returns", "shared_latent_posterior"]
