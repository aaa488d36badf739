"""Predictive log scores, and averages over models weighted by them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blportfolio.bayes.linalg import SINGULAR, factorise
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
        covariance: (n_assets, n_assets) Σ of these returns; `Dispersion.corrected` of an estimate.
    """
    average = realised.mean(axis=0)
    return gaussian_log_density(average, mean, covariance / len(realised) + mean_covariance)


@dataclass(frozen=True, slots=True, eq=False)
class Dispersion:
    """How much more returns dispersed than covariances estimated before said they would.

    An estimated Σ is too small in the directions that it takes for the safest, and quiet years
    are followed by wild ones. Both make realised means look scattered, which a wide prior of θ
    would be credited for.

    Attributes:
        size: s, the present scale of variances.
        shape: (n,) factors by the rank of Σ's eigenvalues, smallest first, of mean 1; learned
            slowly.
    """

    size: float = 1.0
    shape: FloatArray = field(default_factory=lambda: np.ones(1))

    def after(self, realised: FloatArray, covariance: FloatArray) -> Dispersion:
        """Return the dispersion after more returns, (h, n_assets), for a Σ estimated before them.

        Deviations are from r̄, so that they owe nothing to r̄, by which posteriors are judged.
        Where one period was realised there is no r̄ to take off, and r itself counts.
        """
        n_periods = len(realised)
        freedom = max(n_periods - 1, 1)
        deviation = realised if n_periods == 1 else realised - realised.mean(axis=0)
        values, vectors = _range(covariance)
        squares = ((deviation @ vectors) ** 2).sum(axis=0) / values
        shape = self._for(len(values))
        total = freedom * len(values) + MEMORY
        size = (float((squares / shape).sum()) + MEMORY * self.size) / total
        shape = (squares / size + MEMORY * shape) / (freedom + MEMORY)
        return Dispersion(size, shape / shape.mean())

    def corrected(self, covariance: FloatArray) -> FloatArray:
        """Return (n, n) Σ with its eigenvalues scaled by s and by the shape."""
        values, vectors = _range(covariance)
        result: FloatArray = (vectors * (self.size * self._for(len(values)) * values)) @ vectors.T
        return (result + result.T) / 2

    def _for(self, rank: int) -> FloatArray:
        """Return the shape for `rank` eigenvalues, read off at the same relative ranks."""
        here, there = (np.linspace(0, 1, n) for n in (len(self.shape), rank))
        return np.interp(there, here, self.shape)


MEMORY = 50.0  # degrees of freedom that the dispersion before counts for


def _range(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the positive eigenvalues, in rising order, and their vectors."""
    values, vectors = np.linalg.eigh(covariance)
    keep = values > SINGULAR * len(values) * max(float(values[-1]), 0.0)
    return values[keep], vectors[:, keep]


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
