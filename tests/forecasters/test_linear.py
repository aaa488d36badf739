"""The linear family: linear, linear residual, decomposition linear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError
from blportfolio.forecasters import (
    DecompositionLinearForecaster,
    LinearForecaster,
    LinearResidualForecaster,
    Windows,
    hankel_windows,
)
from blportfolio.forecasters.decomposition_linear import moving_average
from blportfolio.forecasters.levels import ThroughLevels

SEEDS = st.integers(0, 2**32 - 1)


def walk_windows(seed, length=300, context=10, horizon=3):
    values = np.random.default_rng(seed).normal(size=length).cumsum()
    return hankel_windows(values, context, horizon)


def ordinary(design, target, new):
    """Least squares with intercept, by another road."""
    ones = np.ones((len(design), 1))
    weights = np.linalg.lstsq(np.hstack([design, ones]), target, rcond=None)[0]
    return np.hstack([new, np.ones((len(new), 1))]) @ weights


def test_linear_without_penalty_is_least_squares():
    windows = walk_windows(0)
    got = LinearForecaster(penalties=0.0).fit(windows).predict(windows.context)
    expected = ordinary(windows.context, windows.target, windows.context)
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_linear_residual_without_penalty_is_least_squares_with_weights_that_sum_to_one():
    """Equality-constrained least squares, solved by its own normal equations."""
    windows = walk_windows(1)
    x, y = windows.context, windows.target
    n = x.shape[1]
    design = np.hstack([x, np.ones((len(x), 1))])
    one = np.append(np.ones(n), 0.0)
    system = np.block([[design.T @ design, one[:, None]], [one[None, :], np.zeros((1, 1))]])
    right = np.vstack([design.T @ y, np.ones((1, y.shape[1]))])
    weights = np.linalg.solve(system, right)[: n + 1]
    got = LinearResidualForecaster(penalties=0.0).fit(windows).predict(x)
    np.testing.assert_allclose(got, design @ weights, atol=1e-8)


def test_linear_residual_recovers_a_map_whose_weights_sum_to_one():
    """Prop. 6.3 of arXiv 2412.06061: there is exactly one, and it has no error."""
    rng = np.random.default_rng(2)
    weights = np.array([0.3, -0.5, 0.1, 0.2, 0.9])
    context = rng.normal(size=(200, 5))
    target = (context @ weights)[:, None]
    fitted = LinearResidualForecaster(penalties=1e-12, intercept=False).fit(
        Windows(context, target)
    )
    np.testing.assert_allclose(fitted.weights[0, :, 0], weights[:-1], atol=1e-9)
    new = rng.normal(size=(50, 5))
    np.testing.assert_allclose(fitted.predict(new)[:, 0], new @ weights, atol=1e-9)


@given(SEEDS, st.floats(-1e3, 1e3))
def test_linear_residual_follows_a_shift_of_the_level(seed, shift):
    windows = walk_windows(seed, length=80)
    fitted = LinearResidualForecaster().fit(windows)
    np.testing.assert_allclose(
        fitted.predict(windows.context + shift),
        fitted.predict(windows.context) + shift,
        atol=1e-9 * (1 + abs(shift)),
    )


@given(SEEDS, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_standard_normalisation_follows_shift_and_stretch(seed, shift, stretch):
    windows = walk_windows(seed, length=80)
    fitted = LinearForecaster(normalise="standard").fit(windows)
    expected = shift + stretch * fitted.predict(windows.context)
    size = np.abs(expected).max() + abs(shift)
    got = fitted.predict(shift + stretch * windows.context)
    np.testing.assert_allclose(got, expected, atol=1e-8 * (1 + size))


@pytest.mark.parametrize("normalise", ["last", "mean", "standard"])
def test_a_flat_window_is_forecast_flat_by_what_is_normalised(normalise):
    windows = walk_windows(3)
    fitted = LinearForecaster(normalise=normalise, intercept=False).fit(windows)
    flat = np.full((2, 10), [[0.1], [-7.3e5]])
    np.testing.assert_allclose(fitted.predict(flat), flat[:, :3], rtol=1e-12)


def test_flat_windows_among_the_training_windows_are_no_trouble():
    values = np.random.default_rng(4).normal(size=120)
    values[30:60] = 0.1
    windows = hankel_windows(values, 5, 1)
    fitted = LinearForecaster(normalise="standard").fit(windows)
    assert np.isfinite(fitted.predict(windows.context)).all()
    np.testing.assert_allclose(fitted.predict(np.full((1, 5), 0.1)), [[0.1]], rtol=1e-15)


def test_linear_residual_on_log_prices_is_linear_regression_on_returns():
    """With n + 1 prices it spans every linear map of n returns."""
    returns = 0.01 * np.random.default_rng(5).normal(size=(400, 2))
    windows = hankel_windows(returns, 8, 1)
    through = ThroughLevels(LinearResidualForecaster(penalties=0.0)).fit(windows)
    plain = LinearForecaster(penalties=0.0).fit(windows)
    got, expected = through.predict(windows.context), plain.predict(windows.context)
    np.testing.assert_allclose(got, expected, atol=1e-13)


def test_linear_residual_on_white_noise_returns_is_as_bad_as_its_weights_say():
    """Their sum is one, so that R² is at most about −1/n: −12.5 % for n = 8."""
    rng = np.random.default_rng(6)
    windows = hankel_windows(rng.normal(size=3_000), 8, 1)
    fresh = hankel_windows(rng.normal(size=30_000), 8, 1)
    errors = fresh.target - LinearResidualForecaster().fit(windows).predict(fresh.context)
    r2 = 1 - (errors**2).mean() / (fresh.target**2).mean()
    assert -0.16 < r2 < -0.08


@pytest.mark.parametrize("kernel", [1, 2, 3, 8, 25, 60])
def test_decomposition_without_penalty_spans_the_maps_of_linear(kernel):
    windows = walk_windows(7)
    expected = LinearForecaster(penalties=0.0).fit(windows).predict(windows.context)
    got = DecompositionLinearForecaster(penalties=0.0, kernel=kernel).fit(windows)
    np.testing.assert_allclose(got.predict(windows.context), expected, atol=1e-7)


def test_decomposition_differs_from_linear_by_its_penalty():
    windows = walk_windows(8, context=40)
    plain = LinearForecaster(penalties=1.0).fit(windows).predict(windows.context)
    parts = DecompositionLinearForecaster(penalties=1.0).fit(windows).predict(windows.context)
    assert np.abs(plain - parts).max() > 1e-3


@given(SEEDS, st.integers(1, 40), st.integers(1, 70))
def test_the_moving_average_is_that_of_the_padded_window(seed, length, kernel):
    values = np.random.default_rng(seed).normal(size=(3, length))
    got = moving_average(values, kernel)
    before, after = (kernel - 1) // 2, kernel // 2
    for row, average in zip(values, got, strict=True):
        padded = np.concatenate([np.full(before, row[0]), row, np.full(after, row[-1])])
        expected = np.convolve(padded, np.full(kernel, 1 / kernel), mode="valid")
        np.testing.assert_allclose(average, expected, atol=1e-12)


def test_a_constant_has_no_seasonal_part():
    values = np.full((1, 30), 0.1)
    np.testing.assert_array_equal(moving_average(values, 25), values)


@pytest.mark.parametrize(
    "forecaster",
    [LinearResidualForecaster(), DecompositionLinearForecaster(normalise="last")],
)
def test_a_context_of_one_value_leaves_the_intercept(forecaster):
    values = np.arange(20.0)
    fitted = forecaster.fit(hankel_windows(values, 1, 2))
    np.testing.assert_allclose(fitted.predict([[100.0]]), [[101.0, 102.0]], rtol=1e-12)


def test_the_weights_at_hand_are_those_of_the_forecast():
    windows = walk_windows(9)
    fitted = LinearForecaster().fit(windows)
    assert fitted.weights.shape == (1, 10, 3)
    by_hand = windows.context @ fitted.weights[0] + fitted.intercept[0]
    np.testing.assert_allclose(fitted.predict(windows.context), by_hand, rtol=1e-10)


@pytest.mark.parametrize("kernel", [0, -3, 2.5, True, "25"])
def test_a_kernel_that_is_no_length_is_refused(kernel):
    with pytest.raises(ConfigError, match="`kernel` must be a whole number from 1 to 100000"):
        DecompositionLinearForecaster(kernel=kernel)


def test_an_unknown_normalisation_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'standard'"):
        LinearForecaster(normalise="standrd")
