"""Seemingly unrelated regressions against statsmodels' GLS on the stacked system."""

import numpy as np
import pytest
import statsmodels.api as sm
from helpers import random_covariance, regression_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.bayes.regression import LARGEST, ridge_regression
from blportfolio.bayes.sur import sur_regression
from blportfolio.errors import DataError

SEEDS = st.integers(0, 2**32 - 1)
RESULTS = ("forecast", "coefficients", "fitted", "leverage", "effective_parameters")


def problem(seed, n_obs=40, n_assets=3, n_features=2, missing=0.3):
    """Standardised features, features now, targets, which rows are known and their noise."""
    rng = np.random.default_rng(seed)
    parts = regression_problem(rng, n_obs, n_assets, n_features, missing)
    return *parts, random_covariance(rng, n_assets)


def stacked(scores, known, noise):
    """One block-diagonal design with intercepts, the covariance of its errors, and its rows."""
    n_obs, n_assets, n_features = scores.shape
    rows = [(t, i) for i in range(n_assets) for t in range(n_obs) if known[t, i]]
    design = np.zeros((len(rows), n_assets * (n_features + 1)))
    for place, (t, i) in enumerate(rows):
        start = i * (n_features + 1)
        design[place, start : start + n_features + 1] = [1, *scores[t, i]]
    errors = np.array([[noise[i, j] * (t == s) for s, j in rows] for t, i in rows])
    return design, errors, rows


def assert_same(found, expected, *, rtol=1e-12):
    for name in RESULTS:
        value = getattr(expected, name)
        np.testing.assert_allclose(
            getattr(found, name), value, rtol=0, atol=rtol * np.abs(value).max(), err_msg=name
        )


@pytest.mark.parametrize("missing", [0.0, 0.3])
@given(seed=SEEDS)
@settings(max_examples=15)
def test_it_is_generalised_least_squares_on_what_was_observed(missing, seed):
    scores, now, targets, known, noise = problem(seed, n_obs=25, missing=missing)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    design, errors, rows = stacked(scores, known, noise)
    outcome = np.array([targets[t, i] for t, i in rows])
    model = sm.GLS(outcome, design, sigma=errors).fit()
    slopes = model.params.reshape(len(noise), -1)
    tolerance = {"rtol": 1e-8, "atol": 1e-13}
    np.testing.assert_allclose(found.coefficients, slopes[:, 1:], **tolerance)
    ahead = np.zeros((len(noise), design.shape[1]))
    for i, block in enumerate(ahead.reshape(len(noise), len(noise), -1)):
        block[i] = [1, *now[i]]
    np.testing.assert_allclose(found.forecast, ahead @ model.params, **tolerance)
    variance = np.diagonal(ahead @ model.normalized_cov_params @ ahead.T)
    np.testing.assert_allclose(found.leverage * np.diagonal(noise), variance, rtol=1e-8)
    fitted = np.zeros_like(targets)
    fitted[tuple(np.transpose(rows))] = model.fittedvalues
    np.testing.assert_allclose(found.fitted, fitted, **tolerance)
    np.testing.assert_allclose(found.effective_parameters, design.shape[1] / len(noise), rtol=1e-9)


@given(SEEDS)
@settings(max_examples=25)
def test_the_score_of_the_log_likelihood_vanishes(seed):
    scores, now, targets, known, noise = problem(seed)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    slope, level = np.zeros_like(now), np.zeros(len(noise))
    size = 0.0
    for t, seen in enumerate(known > 0):
        weighted = np.linalg.solve(
            noise[np.ix_(seen, seen)], targets[t, seen] - found.fitted[t, seen]
        )
        level[seen] += weighted
        slope[seen] += weighted[:, None] * scores[t, seen]
        size += np.abs(weighted).sum()
    assert max(np.abs(slope).max(), np.abs(level).max()) < 1e-11 * size


@pytest.mark.parametrize("ridge", [0.0, 0.7])
@given(seed=SEEDS)
@settings(max_examples=25)
def test_uncorrelated_noise_gives_the_regression_of_each_asset(ridge, seed):
    scores, now, targets, known, noise = problem(seed)
    found = sur_regression(
        scores, now, targets, known, noise_covariance=np.diag(np.diagonal(noise)), ridge=ridge
    )
    assert_same(found, ridge_regression(scores, now, targets, known, ridge=ridge))


@given(SEEDS)
@settings(max_examples=15)
def test_with_equal_features_the_correlation_of_noise_does_not_matter(seed):
    scores, now, targets, known, noise = problem(seed, missing=0.0)
    scores, now = np.repeat(scores[:, :1], 3, axis=1), np.repeat(now[:1], 3, axis=0)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    assert_same(found, ridge_regression(scores, now, targets, known, ridge=0.0), rtol=1e-9)


@given(SEEDS, st.floats(1e-6, 1e6), st.floats(0, 3), st.permutations(range(4)))
@settings(max_examples=25)
def test_neither_the_scale_of_the_noise_nor_the_order_of_assets_matters(seed, scale, ridge, order):
    scores, now, targets, known, noise = problem(seed, n_assets=4)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise, ridge=ridge)
    again = sur_regression(
        scores[:, order],
        now[order],
        targets[:, order],
        known[:, order],
        noise_covariance=scale * noise[np.ix_(order, order)],
        ridge=ridge,
    )
    np.testing.assert_allclose(again.forecast, found.forecast[order], rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(again.leverage, found.leverage[order], rtol=1e-8)


@given(SEEDS, st.floats(0.01, 3))
@settings(max_examples=10)
def test_leverage_and_effective_parameters_are_those_of_a_forecast_linear_in_targets(seed, ridge):
    scores, now, targets, known, noise = problem(seed, n_obs=10)
    design, errors, rows = stacked(scores, known, noise)
    assert len(design) == len(rows)
    units = np.eye(len(rows))
    weights = np.zeros((len(noise), len(rows)))
    trace = np.zeros(len(noise))
    for place, (t, i) in enumerate(rows):
        outcome = np.zeros_like(targets)
        outcome[tuple(np.transpose(rows))] = units[place]
        found = sur_regression(scores, now, outcome, known, noise_covariance=noise, ridge=ridge)
        weights[:, place] = found.forecast
        trace[i] += found.fitted[t, i]
    variance = np.diagonal(weights @ errors @ weights.T)
    np.testing.assert_allclose(found.leverage * np.diagonal(noise), variance, rtol=1e-8)
    np.testing.assert_allclose(found.effective_parameters, trace, rtol=1e-8)


@given(SEEDS)
@settings(max_examples=15)
def test_collinear_features_get_the_limit_of_a_vanishing_penalty(seed):
    scores, now, targets, known, noise = problem(seed, n_features=1)
    scores, now = np.repeat(scores, 3, axis=2), np.repeat(now, 3, axis=1)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    limit = sur_regression(scores, now, targets, known, noise_covariance=noise, ridge=1e-8)
    assert_same(found, limit, rtol=1e-6)
    np.testing.assert_allclose(found.effective_parameters, 2.0, rtol=1e-9)
    np.testing.assert_allclose(
        found.coefficients, np.repeat(found.coefficients[:, :1], 3, axis=1), rtol=1e-7
    )


@pytest.mark.parametrize("missing", [0.0, 0.3])
@given(seed=SEEDS, rank=st.integers(1, 3))
@settings(max_examples=15)
def test_singular_noise_gives_finite_forecasts(missing, seed, rank):
    scores, now, targets, known, _ = problem(seed, n_assets=4, missing=missing)
    noise = random_covariance(np.random.default_rng(seed), 4, n_obs=rank)
    for ridge in (0.0, 1.0):
        found = sur_regression(scores, now, targets, known, noise_covariance=noise, ridge=ridge)
        assert all(np.isfinite(getattr(found, name)).all() for name in RESULTS)
        assert (found.leverage >= 0).all()
    strong = sur_regression(scores, now, targets, known, noise_covariance=noise, ridge=1e9)
    if missing == 0:
        np.testing.assert_allclose(strong.forecast, targets.mean(axis=0), rtol=0, atol=1e-9)


def test_an_asset_without_noise_keeps_its_mean_and_leaves_the_others_alone():
    scores, now, targets, known, noise = problem(5)
    noise[1] = noise[:, 1] = 0
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    others = [0, 2]
    alone = sur_regression(
        scores[:, others],
        now[others],
        targets[:, others],
        known[:, others],
        noise_covariance=noise[np.ix_(others, others)],
    )
    np.testing.assert_allclose(found.forecast[others], alone.forecast, rtol=1e-10)
    np.testing.assert_allclose(found.leverage[others], alone.leverage, rtol=1e-10)
    count = known[:, 1].sum()
    assert found.forecast[1] == pytest.approx((known * targets)[:, 1].sum() / count, rel=1e-12)
    assert found.leverage[1] == pytest.approx(1 / count, rel=1e-12)


def test_rows_that_are_not_known_have_no_influence():
    scores, now, targets, known, noise = problem(4)
    found = sur_regression(scores, now, targets, known, noise_covariance=noise, ridge=0.5)
    wild = np.where(known[:, :, None] > 0, scores, -1e6)
    again = sur_regression(
        wild, now, np.where(known > 0, targets, 1e6), known, noise_covariance=noise, ridge=0.5
    )
    np.testing.assert_array_equal(again.forecast, found.forecast)


def test_a_correlated_asset_sharpens_the_slope():
    """Zellner's gain: variances of the slopes fall as errors of other regressions correlate."""
    scores, now, targets, known, _ = problem(6, n_obs=200, n_assets=2, missing=0.0)
    now = np.full_like(now, 5.0)
    alone = ridge_regression(scores, now, targets, known, ridge=0.0)
    joint = sur_regression(
        scores, now, targets, known, noise_covariance=np.array([[1.0, 0.9], [0.9, 1.0]])
    )
    gain = (joint.leverage - 1 / 200) / (alone.leverage - 1 / 200)
    np.testing.assert_allclose(gain, 1 - 0.9**2, atol=0.05)


def test_a_hundred_assets_with_nine_features_are_well_solved():
    scores, now, targets, known, noise = problem(
        7, n_obs=252, n_assets=100, n_features=9, missing=0.0
    )
    found = sur_regression(scores, now, targets, known, noise_covariance=noise)
    weighted = np.linalg.solve(noise, (targets - found.fitted).T).T
    score = np.einsum("tn,tnd->nd", weighted, scores)
    assert np.abs(score).max() < 1e-10 * np.abs(weighted).sum()


def test_too_many_coefficients_are_refused():
    size = LARGEST // 9 + 1
    scores = np.zeros((10, size, 9))
    with pytest.raises(DataError, match="asset by asset"):
        sur_regression(
            scores, scores[0], scores[:, :, 0], scores[:, :, 0] + 1, noise_covariance=np.eye(size)
        )
