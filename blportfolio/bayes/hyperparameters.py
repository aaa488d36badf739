"""Ω^F, the uncertainty of what features say: the paper's choice, and those from errors."""

from __future__ import annotations

import numpy as np

from blportfolio.bayes.correlation import error_correlation
from blportfolio.bayes.regression import FeatureRegression
from blportfolio.types import FloatArray


def silverman_factor(n_features_total: int, n_obs: int) -> float:
    """Squared Silverman factor in D dimensions, h = (4/(D + 2))^{2/(D + 4)} n^{−2/(D + 4)}.

    Args:
        n_features_total: D, features of all assets together.
        n_obs: n, rows of the regression.
    """
    size = n_features_total
    return float((4 / (size + 2)) ** (2 / (size + 4)) * n_obs ** (-2 / (size + 4)))


def silverman_feature_covariance(coefficients: FloatArray, n_obs: int) -> FloatArray:
    """Ω^F = B H̃ Bᵀ of the paper, diagonal: h Σ_j B_ij² Var(f_ij), h of `silverman_factor`.

    It measures the variance that features *explain*, not what they leave over: stronger
    coefficients mean less trust. Kept for comparison.

    Args:
        coefficients: (n_assets, n_features) for features in standard deviations, that is B σ.
        n_obs: Rows of the regression.

    Returns:
        (n_assets, n_assets), decimal² per period.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Appendix A.
    """
    factor = silverman_factor(coefficients.size, n_obs)
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
    return _error_covariance(returns, regression, 1 + regression.leverage)


def parameter_feature_covariance(returns: FloatArray, regression: FeatureRegression) -> FloatArray:
    """Uncertainty of the estimated forecasts alone, ρ_ij σ_i σ_j √(leverage_i leverage_j).

    For a model that learns separately how far even the true α + Fβ misses θ. σ and ρ are those of
    one-period residuals. That the errors of two forecasts correlate as residuals do is exact for
    equal features and an approximation for others.

    Args:
        returns: (n_obs, n_assets) one-period returns that followed each row of the regression.
        regression: The fitted regressions, on the same rows.

    Returns:
        (n_assets, n_assets), positive semi-definite, decimal² per period.
    """
    return _error_covariance(returns, regression, regression.leverage)


def record_feature_covariance(
    returns: FloatArray, forecasts: FloatArray, known: FloatArray
) -> FloatArray:
    """Ω^F of forecasts made elsewhere, from their own record: second moments of what they missed.

    The error r − x of a forecast that saw nothing of r has E[(r − x)(r − x)ᵀ] = Σ + Ω^F, with the
    square of the forecast's bias in Ω^F. As in `residual_feature_covariance` the sum is taken for
    Ω^F, an upper bound. Nothing was fitted to these returns, so that no degrees of freedom are
    lost. Correlations are those of the errors about their mean, shrunk (`error_correlation`).

    Args:
        returns: (n_obs, n_assets) one-period returns.
        forecasts: (n_obs, n_assets) what was said of each beforehand, decimal per period.
        known: (n_obs, n_assets) of 0 and 1; rows marked 0 have no part.

    Returns:
        (n_assets, n_assets), positive semi-definite, decimal² per period.
    """
    errors = np.where(known > 0, returns - forecasts, 0.0)
    count = np.maximum(known.sum(axis=0), 1.0)
    deviation = np.sqrt((errors**2).sum(axis=0) / count)
    centred = errors - known * (errors.sum(axis=0) / count)
    covariance: FloatArray = error_correlation(centred) * np.outer(deviation, deviation)
    return covariance


def _error_covariance(
    returns: FloatArray, regression: FeatureRegression, multiple: FloatArray
) -> FloatArray:
    """Return the covariance of one-period residuals with variances times `multiple`.

    Correlations are shrunk (`error_correlation`): with assets about as many as rows the sample's
    own covariance is singular, and the forecast would count as certain in its null space.
    """
    known = regression.known
    residuals = known * (returns - regression.fitted)
    count = np.maximum(known.sum(axis=0), 1.0)
    residuals = residuals - known * (residuals.sum(axis=0) / count)
    freedom = np.maximum(count - regression.effective_parameters, 1.0)
    deviation = np.sqrt((residuals**2).sum(axis=0) * multiple / freedom)
    covariance: FloatArray = error_correlation(residuals) * np.outer(deviation, deviation)
    return covariance
