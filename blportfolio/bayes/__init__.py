"""The Bayesian kernels: arrays in, read-only arrays out."""

from blportfolio.bayes.confidence import idzorek_view_variances, implied_confidence
from blportfolio.bayes.feature_influenced import feature_influenced_posterior
from blportfolio.bayes.gaussian import bl_posterior, equilibrium_returns
from blportfolio.bayes.inverse_wishart import (
    inverse_wishart_log_density,
    inverse_wishart_mean,
    sample_inverse_wishart,
)
from blportfolio.bayes.mixed_effects import mixed_effects_posterior
from blportfolio.bayes.paper_feature_influenced import paper_feature_influenced_posterior
from blportfolio.bayes.shared_latent import shared_latent_posterior
from blportfolio.bayes.student import sample_student, student_log_density
from blportfolio.types import FeatureInfluencedPosterior, Posterior

__all__ = [
    "FeatureInfluencedPosterior",
    "Posterior",
    "bl_posterior",
    "equilibrium_returns",
    "feature_influenced_posterior",
    "idzorek_view_variances",
    "implied_confidence",
    "inverse_wishart_log_density",
    "inverse_wishart_mean",
    "mixed_effects_posterior",
    "paper_feature_influenced_posterior",
    "sample_inverse_wishart",
    "sample_student",
    "shared_latent_posterior",
    "student_log_density",
]
