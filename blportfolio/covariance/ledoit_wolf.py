"""Ledoit-Wolf shrinkage covariance."""

from __future__ import annotations

from dataclasses import dataclass

from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class LedoitWolfCovariance:
    """Sample covariance (divisor n_obs) shrunk towards a multiple of the identity.

    References:
        Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance
        matrices; as implemented by scikit-learn.
    """

    def fit_arrays(self, returns: FloatArray) -> FloatArray:
        """Return (n_assets, n_assets), decimal² per period."""
        from sklearn.covariance import ledoit_wolf

        covariance: FloatArray = ledoit_wolf(returns)[0]
        return covariance
