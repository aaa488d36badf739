"""Ledoit-Wolf shrinkage covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class LedoitWolfCovariance:
    """Sample covariance (divisor n_obs) shrunk towards a multiple of the identity.

    Equal to scikit-learn's, whose import alone would take a second.

    References:
        Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance
        matrices, Lemma 3.2 to 3.4.
    """

    def fit_arrays(self, returns: FloatArray) -> FloatArray:
        """Return (n_assets, n_assets), decimal² per period."""
        n_obs, n_assets = returns.shape
        centred = returns - returns.mean(axis=0)
        sample: FloatArray = centred.T @ centred / n_obs
        size = float(np.trace(sample)) / n_assets
        squares = float((sample**2).sum())
        dispersion = squares - n_assets * size**2
        error = float(((centred**2).sum(axis=1) ** 2).sum()) / n_obs**2 - squares / n_obs
        weight = min(1.0, error / dispersion) if n_assets > 1 and dispersion > 0 else 0.0
        sample *= 1 - weight
        sample[np.diag_indices(n_assets)] += weight * size
        return sample
