"""The Markowitz prior: sample moments taken as known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blportfolio.covariance import SampleCovariance
from blportfolio.priors.base import ArrayPrior
from blportfolio.types import CovarianceModel, Moments, WindowArrays


@dataclass(frozen=True, slots=True)
class HistoricalPrior(ArrayPrior):
    """Sample mean and sample covariance, as if they were known: Cov[θ] = 0.

    Attributes:
        covariance: Model of Σ.
    """

    covariance: CovarianceModel = field(default_factory=SampleCovariance)

    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return r̄ and Σ̂."""
        sigma = self.covariance.fit_arrays(window.returns)
        return Moments(window.returns.mean(axis=0), sigma, np.zeros_like(sigma))
