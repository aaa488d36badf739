"""Ω^F against scipy, numpy and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from helpers import regression_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from blportfolio.bayes.hyperparameters import (
    parameter_feature_covariance,
    residual_feature_covariance,
    silverman_factor,
    silverman_feature_covariance,
)
from blportfolio.bayes.regression import ridge_regression

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(1, 12), st.integers(14, 400), SEEDS)
@settings(max_examples=40)
def test_the_silverman_factor_is_scipys_squared(dimensions, n_obs, seed):
    sample = np.random.default_rng(seed).normal(size=(dimensions, n_obs))
    expected = gaussian_kde(sample, bw_method="silverman").factor ** 2
    assert silverman_factor(dimensions, n_obs) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("n_assets", "n_obs", "expected"),
    [(11, 50, 0.871), (11, 150, 0.852), (30, 50, 0.942), (30, 150, 0.935)],
)
def test_with_nine_features_an_asset_the_silverman_factor_is_near_one(n_assets, n_obs, expected):
    assert silverman_factor(9 * n_assets, n_obs) == pytest.approx(expected, abs=5e-4)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(20, 500), SEEDS)
@settings(max_examples=40)
def test_silverman_covariance_uses_scipys_squared_factor(n_assets, n_features, n_obs, seed):
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(n_assets, n_features))
    dimensions = n_assets * n_features
    sample = rng.normal(size=(dimensions, max(n_obs, dimensions + 2)))
    factor = gaussian_kde(sample, bw_method="silverman").factor ** 2
    kernel = factor * np.eye(dimensions)
    blocks = np.zeros((n_assets, dimensions))
    for i, row in enumerate(coefficients):
        blocks[i, i * n_features : (i + 1) * n_features] = row
    found = silverman_feature_covariance(coefficients, sample.shape[1])
    np.testing.assert_allclose(found, blocks @ kernel @ blocks.T, rtol=1e-12, atol=1e-15)


@given(SEEDS)
@settings(max_examples=40)
def test_residual_covariance_is_numpys_covariance_of_the_forecast_errors(seed):
    scores, now, targets, known = regression_problem(seed, missing=0.0)
    found = ridge_regression(scores, now, targets, known, ridge=0.0)
    omega = residual_feature_covariance(targets, found)
    n_obs, n_parameters = len(targets), scores.shape[2] + 1
    errors = np.cov(targets - found.fitted, rowvar=False, ddof=n_parameters)
    variances = np.diagonal(errors) * (1 + found.leverage)
    np.testing.assert_allclose(np.diagonal(omega), variances, rtol=1e-9)
    # Correlations lie between the sample's and their mean, by one weight for all.
    size = np.sqrt(np.outer(variances, variances))
    off = ~np.eye(len(omega), dtype=bool)
    sample = np.corrcoef(targets - found.fitted, rowvar=False)[off]
    shrunk = (omega / size)[off]
    weight = 1 - np.ptp(shrunk) / np.ptp(sample)
    assert -1e-9 <= weight <= 1 + 1e-9
    expected = (1 - weight) * sample + weight * sample.mean()
    np.testing.assert_allclose(shrunk, expected, rtol=0, atol=1e-9)
    for i in range(targets.shape[1]):
        model = sm.OLS(targets[:, i], sm.add_constant(scores[:, i])).fit()
        here = np.append(1.0, now[i])[None]
        forecast_variance = model.get_prediction(here).se_obs[0] ** 2
        assert omega[i, i] == pytest.approx(forecast_variance, rel=1e-8)
    assert n_obs > n_parameters


@given(SEEDS, st.floats(0, 5))
@settings(max_examples=40)
def test_residual_covariance_is_positive_semi_definite_with_missing_rows(seed, ridge):
    scores, now, targets, known = regression_problem(seed, missing=0.5, n_assets=5)
    omega = residual_feature_covariance(
        targets, ridge_regression(scores, now, targets, known, ridge=ridge)
    )
    np.testing.assert_allclose(omega, omega.T, rtol=1e-12, atol=0)
    assert np.linalg.eigvalsh(omega)[0] >= -1e-12 * np.linalg.eigvalsh(omega)[-1]
    assert (np.diagonal(omega) > 0).all()


@given(SEEDS)
@settings(max_examples=40)
def test_parameter_covariance_is_the_variance_of_the_mean_prediction(seed):
    scores, now, targets, known = regression_problem(seed, missing=0.0)
    omega = parameter_feature_covariance(
        targets, ridge_regression(scores, now, targets, known, ridge=0.0)
    )
    for i in range(targets.shape[1]):
        model = sm.OLS(targets[:, i], sm.add_constant(scores[:, i])).fit()
        here = np.append(1.0, now[i])[None]
        assert omega[i, i] == pytest.approx(model.get_prediction(here).se_mean[0] ** 2, rel=1e-8)


@given(SEEDS)
@settings(max_examples=40)
def test_parameter_covariance_of_equal_features_is_that_of_the_forecasts(seed):
    """With the same features for every asset the forecasts' errors are exactly so correlated."""
    scores, now, targets, known = regression_problem(seed, missing=0.0)
    scores, now = np.repeat(scores[:, :1], 3, axis=1), np.repeat(now[:1], 3, axis=0)
    found = ridge_regression(scores, now, targets, known, ridge=0.0)
    errors = np.cov(targets - found.fitted, rowvar=False, ddof=scores.shape[2] + 1)
    omega = parameter_feature_covariance(targets, found)
    np.testing.assert_allclose(
        np.diagonal(omega), np.diagonal(errors) * found.leverage[0], rtol=1e-9
    )
    whole = residual_feature_covariance(targets, found)
    np.testing.assert_allclose(
        omega, whole * found.leverage[0] / (1 + found.leverage[0]), rtol=1e-9, atol=1e-18
    )


@pytest.mark.parametrize("n_assets", [20, 38, 40, 41, 80])
def test_no_forecast_is_certain_however_many_assets_there_are(n_assets):
    """The sample covariance of 40 rows is singular from 40 assets on; Ω^F must not be."""
    scores, now, targets, known = regression_problem(5, missing=0.0, n_assets=n_assets)
    found = ridge_regression(scores, now, targets, known, ridge=1.0)
    for estimate in (residual_feature_covariance, parameter_feature_covariance):
        omega = estimate(targets, found)
        relative = omega / np.sqrt(np.outer(np.diagonal(omega), np.diagonal(omega)))
        assert np.linalg.eigvalsh(relative)[0] > 0.05


@given(SEEDS, st.floats(0, 5))
@settings(max_examples=40)
def test_residual_covariance_is_parameter_covariance_plus_the_next_error(seed, ridge):
    scores, now, targets, known = regression_problem(seed, missing=0.5, n_assets=5)
    found = ridge_regression(scores, now, targets, known, ridge=ridge)
    parameter = parameter_feature_covariance(targets, found)
    residual = residual_feature_covariance(targets, found)
    assert np.linalg.eigvalsh(parameter)[0] >= -1e-12 * np.linalg.eigvalsh(parameter)[-1]
    np.testing.assert_allclose(
        np.diagonal(residual) / np.diagonal(parameter), 1 + 1 / found.leverage, rtol=1e-10
    )
    scale = np.sqrt(np.outer(np.diagonal(residual), np.diagonal(residual)))
    other = np.sqrt(np.outer(np.diagonal(parameter), np.diagonal(parameter)))
    np.testing.assert_allclose(parameter / other, residual / scale, rtol=1e-9, atol=1e-12)
