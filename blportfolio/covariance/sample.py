"""Sample covariance."""

from __future__ import annotations

from dataclasses import dataclass

from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class SampleCovariance:
    """Unbiased sample covariance (divisor n_obs − 1)."""

    def fit_arrays(self, returns: FloatArray) -> FloatArray:
        """Return (n_assets, n_assets), decimal² per period."""
        centred = returns - returns.mean(axis=0)
        covariance: FloatArray = centred.T @ centred
        covariance /= max(len(returns) - 1, 1)
        return covariance
