"""Regressions of returns on features against scikit-learn and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from helpers import regression_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from blportfolio.bayes.regression import forward_means, ridge_regression

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(1e-3, 10))
@settings(max_examples=40)
def test_ridge_matches_scikit_learn_asset_by_asset(seed, ridge):
    scores, now, targets, known = regression_problem(seed)
    found = ridge_regression(scores, now, targets, known, ridge=ridge)
    for i in range(targets.shape[1]):
        rows = known[:, i] > 0
        model = Ridge(alpha=ridge * rows.sum()).fit(scores[rows, i], targets[rows, i])
        np.testing.assert_allclose(found.coefficients[i], model.coef_, rtol=1e-9, atol=1e-14)
        assert found.forecast[i] == pytest.approx(model.predict(now[[i]])[0], rel=1e-9, abs=1e-14)
        np.testing.assert_allclose(
            found.fitted[rows, i], model.predict(scores[rows, i]), rtol=1e-9, atol=1e-14
        )
        np.testing.assert_array_equal(found.fitted[~rows, i], 0)


@given(SEEDS)
@settings(max_examples=40)
def test_without_a_penalty_it_is_ordinary_least_squares(seed):
    scores, now, targets, known = regression_problem(seed)
    found = ridge_regression(scores, now, targets, known, ridge=0.0)
    for i in range(targets.shape[1]):
        rows = known[:, i] > 0
        model = sm.OLS(targets[rows, i], sm.add_constant(scores[rows, i], has_constant="add")).fit()
        here = np.append(1.0, now[i])[None]
        np.testing.assert_allclose(found.coefficients[i], model.params[1:], rtol=1e-8, atol=1e-14)
        assert found.forecast[i] == pytest.approx(model.predict(here)[0], rel=1e-8, abs=1e-14)
        prediction = model.get_prediction(here)
        leverage = prediction.var_pred_mean[0] / model.scale
        assert found.leverage[i] == pytest.approx(leverage, rel=1e-8)
        assert found.effective_parameters[i] == pytest.approx(model.df_model + 1, rel=1e-8)
        fitted = model.fittedvalues
        np.testing.assert_allclose(found.fitted[rows, i], fitted, rtol=1e-8, atol=1e-14)


@given(SEEDS, st.floats(1e-2, 10))
@settings(max_examples=25)
def test_leverage_is_the_variance_of_the_forecast_under_white_noise(seed, ridge):
    """The forecast is linear in the targets: its variance is the squared length of its weights."""
    scores, now, targets, known = regression_problem(seed, n_obs=15, n_assets=1)
    found = ridge_regression(scores, now, targets, known, ridge=ridge)
    weights = [
        ridge_regression(scores, now, unit[:, None], known, ridge=ridge).forecast[0]
        for unit in np.eye(15)
    ]
    assert found.leverage[0] == pytest.approx(np.dot(weights, weights), rel=1e-9)


@given(SEEDS, st.floats(1e-2, 10))
@settings(max_examples=25)
def test_effective_parameters_are_the_trace_of_the_hat_matrix(seed, ridge):
    scores, now, targets, known = regression_problem(seed, n_obs=15, n_assets=1)
    found = ridge_regression(scores, now, targets, known, ridge=ridge)
    trace = sum(
        ridge_regression(scores, now, unit[:, None], known, ridge=ridge).fitted[t, 0]
        for t, unit in enumerate(np.eye(15))
    )
    assert found.effective_parameters[0] == pytest.approx(trace, rel=1e-9)


def test_a_ridge_of_one_halves_the_coefficient_of_a_lone_feature():
    scores, now, targets, known = regression_problem(1, n_features=1)
    free = ridge_regression(scores, now, targets, known, ridge=0.0)
    halved = ridge_regression(scores, now, targets, known, ridge=1.0)
    np.testing.assert_allclose(halved.coefficients, free.coefficients / 2, rtol=1e-10)


def test_an_infinite_ridge_forecasts_the_mean_target():
    scores, now, targets, known = regression_problem(2)
    found = ridge_regression(scores, now, targets, known, ridge=1e12)
    mean = (known * targets).sum(axis=0) / known.sum(axis=0)
    np.testing.assert_allclose(found.forecast, mean, atol=1e-13)
    np.testing.assert_allclose(found.leverage, 1 / known.sum(axis=0), rtol=1e-9)


def test_collinear_features_get_the_minimum_norm_coefficients():
    scores, now, targets, known = regression_problem(3, missing=0.0, n_features=1)
    single = ridge_regression(scores, now, targets, known, ridge=0.0)
    doubled = ridge_regression(
        np.repeat(scores, 2, axis=2), np.repeat(now, 2, axis=1), targets, known, ridge=0.0
    )
    np.testing.assert_allclose(
        doubled.coefficients, np.repeat(single.coefficients, 2, axis=1) / 2, rtol=1e-9
    )
    np.testing.assert_allclose(doubled.forecast, single.forecast, rtol=1e-9)
    np.testing.assert_allclose(doubled.effective_parameters, 2.0, rtol=1e-9)


def test_rows_that_are_not_known_have_no_influence():
    scores, now, targets, known = regression_problem(4)
    found = ridge_regression(scores, now, targets, known, ridge=0.5)
    scrambled = np.where(known > 0, targets, np.nan)
    wild = np.where(known[:, :, None] > 0, scores, -1e6)
    again = ridge_regression(wild, now, scrambled, known, ridge=0.5)
    np.testing.assert_array_equal(again.forecast, found.forecast)
    np.testing.assert_array_equal(again.leverage, found.leverage)


@given(SEEDS, st.integers(1, 30), st.integers(1, 12))
@settings(max_examples=50)
def test_forward_means_match_a_plain_loop(seed, n_rows, horizon):
    returns = np.random.default_rng(seed).normal(scale=0.01, size=(n_rows + horizon, 3))
    expected = [returns[t + 1 : t + 1 + horizon].mean(axis=0) for t in range(n_rows)]
    np.testing.assert_allclose(forward_means(returns, horizon), expected, atol=1e-15, rtol=1e-10)
