"""Predictive log scores, and averages over models weighted by them."""

from __future__ import annotations

import numpy as np

from blportfolio.bayes.linalg import factorise
from blportfolio.types import FloatArray


def gaussian_log_density(point: FloatArray, mean: FloatArray, covariance: FloatArray) -> float:
    """Return log N(x; μ, C); where C is singular, the density on its range.

    Args:
        point: (n,) x.
        mean: (n,) μ.
        covariance: (n, n) C, positive semi-definite.
    """
    factor = factorise(covariance)
    deviation = point - mean
    distance = float(deviation @ factor.solve(deviation))
    return -0.5 * (distance + factor.log_determinant + factor.rank * float(np.log(2 * np.pi)))


def predictive_log_score(
    realised: FloatArray, mean: FloatArray, mean_covariance: FloatArray, covariance: FloatArray
) -> float:
    """Return the log predictive density of the mean return realised over several periods.

    With r_t ~ N(θ, Σ) the mean r̄ of h returns holds all that they say about θ; given a posterior
    of θ it is N(E[θ], Σ/h + Cov[θ]). What the returns say about Σ is the same for every posterior
    and left out.

    Args:
        realised: (h, n_assets) returns, decimal per period.
        mean: (n_assets,) E[θ].
        mean_covariance: (n_assets, n_assets) Cov[θ].
        covariance: (n_assets, n_assets) Σ.
    """
    average = realised.mean(axis=0)
    return gaussian_log_density(average, mean, covariance / len(realised) + mean_covariance)


def evidence_weights(scores: FloatArray) -> FloatArray:
    """Return posterior probabilities of models from their summed log scores, equal a priori.

    Args:
        scores: (n_models,) log scores; a common constant does not matter.
    """
    raw = np.exp(scores - scores.max())
    weights: FloatArray = raw / raw.sum()
    return weights


def average_moments(
    weights: FloatArray, means: FloatArray, covariances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of a mixture: within models plus between them.

    Args:
        weights: (n_models,) summing to 1.
        means: (n_models, n).
        covariances: (n_models, n, n).
    """
    mean = weights @ means
    deviation = means - mean
    between = (weights[:, None] * deviation).T @ deviation
    covariance = np.einsum("g,gij->ij", weights, covariances) + between
    return mean, (covariance + covariance.T) / 2
