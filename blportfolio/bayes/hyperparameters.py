"""Ω^F, the uncertainty of what features say: the paper's choice and one from residuals."""

from __future__ import annotations

import numpy as np

from blportfolio.bayes.regression import FeatureRegression
from blportfolio.types import FloatArray


def silverman_feature_covariance(coefficients: FloatArray, n_obs: int) -> FloatArray:
    """Ω^F = B H̃ Bᵀ of the paper, diagonal: h Σ_j B_ij² Var(f_ij).

    h = (4/(D+2))^{2/(D+4)} n^{−2/(D+4)} with D = n_assets × n_features is the squared Silverman
    factor. It measures the variance that features *explain*, not what they leave over: stronger
    coefficients mean less trust. Kept for comparison.

    Args:
        coefficients: (n_assets, n_features) for features in standard deviations, that is B σ.
        n_obs: Rows of the regression.

    Returns:
        (n_assets, n_assets), decimal² per period.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Appendix A.
    """
    size = coefficients.size
    factor = (4 / (size + 2)) ** (2 / (size + 4)) * n_obs ** (-2 / (size + 4))
    return np.diag(factor * (coefficients**2).sum(axis=1))


def residual_feature_covariance(returns: FloatArray, regression: FeatureRegression) -> FloatArray:
    """Ω^F from what the forecasts missed: one-period residuals and parameter uncertainty.

    The model r = α + Fβ + e has Cov[e] = Σ + Ω^F (Appendix A), and one window cannot tell the two
    parts apart. The residual covariance of one-period returns is therefore an upper bound of Ω^F,
    and is used as such: a view never gets more trust than its record in the window allows. It is
    widened to the prediction variance by 1 + leverage. Departs from the paper's B H̃ Bᵀ.

    Args:
        returns: (n_obs, n_assets) one-period returns that followed each row of the regression.
        regression: The fitted regressions, on the same rows.

    Returns:
        (n_assets, n_assets), positive semi-definite, decimal² per period.
    """
    known = regression.known
    residuals = known * (returns - regression.fitted)
    count = np.maximum(known.sum(axis=0), 1.0)
    residuals = residuals - known * (residuals.sum(axis=0) / count)
    freedom = np.maximum(count - regression.effective_parameters, 1.0)
    scale = np.sqrt((1 + regression.leverage) / freedom)
    covariance: FloatArray = (residuals.T @ residuals) * np.outer(scale, scale)
    return covariance
