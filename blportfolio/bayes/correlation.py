"""Correlations of many assets from few periods."""

from __future__ import annotations

import numpy as np

from blportfolio.types import FloatArray


def error_correlation(returns: FloatArray) -> FloatArray:
    """Return (n_assets, n_assets) correlations, shrunk towards their mean.

    The sample correlation of many assets is near singular, and a posterior would trust portfolios
    whose variance is too low by chance. The weight of the target is the variance of the
    correlations over their dispersion around it. The mean correlation, and with it the noise of
    the common slope, stays as it is.

    References:
        Schäfer and Strimmer (2005), A Shrinkage Approach to Large-Scale Covariance Matrix
        Estimation, target F; Ledoit and Wolf (2003).
    """
    n_periods, n_assets = returns.shape
    if n_assets == 1:
        return np.ones((1, 1))
    centred = returns - returns.mean(axis=0)
    length = np.sqrt((centred**2).mean(axis=0))
    varies = length > 1e-12 * np.abs(returns).max(axis=0)
    units = np.where(varies, centred / np.where(varies, length, 1.0), 0.0)
    sample = units.T @ units / n_periods
    off = ~np.eye(n_assets, dtype=bool)
    mean = sample[off].mean()
    doubt = ((units**2).T @ units**2 / n_periods - sample**2)[off].sum() / max(n_periods - 1, 1)
    dispersion = ((sample - mean)[off] ** 2).sum()
    weight = min(1.0, doubt / dispersion) if dispersion > 0 else 1.0
    shrunk: FloatArray = (1 - weight) * sample + weight * mean
    np.fill_diagonal(shrunk, 1.0)
    return shrunk
