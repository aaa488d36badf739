"""Exponentially weighted covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.types import FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class EWMACovariance:
    """Covariance around the weighted mean, weights halving every `halflife` periods.

    It carries the reliability-weight correction 1 / (1 − Σw²), so that equal weights give the
    unbiased sample covariance.

    Attributes:
        halflife: Periods after which an observation counts half.
    """

    halflife: float = 63.0

    def __post_init__(self) -> None:
        """Check the half-life."""
        check_positive(self.halflife, name="halflife")

    def fit_arrays(self, returns: FloatArray) -> FloatArray:
        """Return (n_assets, n_assets), decimal² per period."""
        age = np.arange(len(returns))[::-1]
        weights = 0.5 ** (age / self.halflife)
        weights /= weights.sum()
        centred = returns - weights @ returns
        covariance: FloatArray = (centred * weights[:, None]).T @ centred
        correction = 1 - float(weights @ weights)
        return covariance / correction if correction > 0 else covariance
