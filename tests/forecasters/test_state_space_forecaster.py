"""The state-space forecaster: a linear map of the window, however its states are computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError
from blportfolio.forecasters import LinearForecaster, Windows, hankel_windows
from blportfolio.forecasters.asymmetric import make_process
from blportfolio.forecasters.state_space import StateSpaceForecaster, final_states
from blportfolio.forecasters.state_space.forecaster import REALISATIONS


def walk(seed, n=600):
    return 100 + np.cumsum(np.random.default_rng(seed).normal(size=n))


@pytest.mark.parametrize("length", [1, 2, 20, 200])
@pytest.mark.parametrize("make", [walk, lambda seed: np.diff(walk(seed))], ids=["walk", "noise"])
def test_all_realisations_give_the_same_forecast(length, make):
    windows = hankel_windows(make(length), length, 3)
    first, *others = (
        StateSpaceForecaster(realisation=name).fit(windows).predict(windows.context)
        for name in REALISATIONS
    )
    for other in others:
        np.testing.assert_allclose(other, first, rtol=0, atol=1e-12 * np.abs(first).max())


@given(st.integers(0, 10**6), st.integers(1, 150), st.integers(1, 5))
def test_states_are_sums_of_the_past_that_decay(seed, length, count):
    rng = np.random.default_rng(seed)
    decays = rng.choice([0.0, 0.9999, -0.9, 0.3, -0.5], count)
    windows = rng.normal(size=(4, length))
    weights = decays ** np.arange(length - 1, -1, -1.0)[:, None]
    expected = windows @ weights * np.sqrt(1 - decays**2)
    for name in REALISATIONS:
        np.testing.assert_allclose(final_states(decays, windows, name), expected, atol=1e-12)


def test_the_design_is_what_the_kernels_leave_at_the_end_of_each_window():
    windows = hankel_windows(walk(1), 90, 1)
    for name in REALISATIONS:
        model = StateSpaceForecaster(realisation=name)
        direct = final_states(model.decays(90), windows.context, name)
        np.testing.assert_allclose(model.design(windows.context), direct, rtol=1e-12)


@pytest.mark.parametrize("normalise", ["none", "last", "mean"])
def test_the_forecast_is_a_linear_map_of_the_window(normalise):
    windows = hankel_windows(walk(2), 12, 2)
    fitted = StateSpaceForecaster(normalise=normalise).fit(windows)
    at_zero = fitted.predict(np.zeros((1, 12)))
    weights = fitted.predict(np.eye(12)) - at_zero
    got = fitted.predict(windows.context)
    np.testing.assert_allclose(windows.context @ weights + at_zero, got, rtol=1e-10)
    if normalise != "none":  # then, as in the linear residual, weights sum to one
        np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-9)


def test_with_states_enough_it_is_least_squares_on_the_window():
    windows = hankel_windows(np.diff(walk(3)), 5, 2)
    fitted = StateSpaceForecaster(n_states=4, penalties=0.0).fit(windows)
    linear = LinearForecaster(penalties=0.0).fit(windows)
    np.testing.assert_allclose(
        fitted.predict(windows.context), linear.predict(windows.context), atol=1e-8
    )


@pytest.mark.parametrize("regime", ["all", "con"])
def test_there_is_no_gap_on_sign_inconsistent_steps(regime):
    rng = np.random.default_rng(1)
    process = make_process("affine", 8, 0.6, rng)
    train, same = (process.draw(n, regime, 0.05, rng) for n in (1000, 5000))
    flips = process.draw(5000, "inc", 0.05, rng)
    fitted = StateSpaceForecaster().fit(Windows(train.context, train.target[:, None]))

    def error(steps):
        return np.mean((fitted.predict(steps.context)[:, 0] - steps.target) ** 2)

    assert error(flips) < 0.05 * np.mean(flips.target**2)
    assert 0.9 < error(flips) / error(same) < 1.1


def test_the_first_state_is_the_last_value_and_half_lives_reach_the_context():
    model = StateSpaceForecaster(n_states=5, has_negative=False)
    decays = model.decays(64)
    np.testing.assert_allclose(decays[1:], 0.5 ** (1 / np.geomspace(1, 64, 4)), rtol=1e-14)
    context = np.random.default_rng(0).normal(size=(6, 64))
    np.testing.assert_array_equal(model.design(context)[:, 0], context[:, -1])
    signed = StateSpaceForecaster(n_states=5).decays(64)
    np.testing.assert_array_equal(np.sort(signed), np.sort([*decays, *-decays[1:]]))


@pytest.mark.parametrize("realisation", REALISATIONS)
def test_a_row_is_the_same_bits_whatever_follows_it(realisation):
    windows = hankel_windows(walk(4), 30, 2)
    fitted = StateSpaceForecaster(realisation=realisation).fit(windows)
    together = fitted.predict(windows.context)
    for stop in (1, 2, 7, 100):
        np.testing.assert_array_equal(fitted.predict(windows.context[:stop]), together[:stop])


@pytest.mark.parametrize("normalise", ["none", "last", "standard"])
@pytest.mark.parametrize("unit", [1e-12, 2.0**-20, 3.0, 1e12])
def test_the_unit_scales_the_forecast(unit, normalise):
    series = walk(5)
    windows, scaled = (hankel_windows(s, 10, 2) for s in (series, unit * series))
    model = StateSpaceForecaster(normalise=normalise)
    expected = model.fit(windows).predict(windows.context)
    got = model.fit(scaled).predict(scaled.context)
    np.testing.assert_allclose(got / unit, expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e9])
@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_constant_series_forecasts_that_constant(value, n):
    windows = hankel_windows(np.full(n, value), 1 if n < 5 else 6, 1)
    forecast = StateSpaceForecaster().fit(windows).predict(windows.context)
    np.testing.assert_allclose(forecast, value, rtol=1e-12)


def test_channels_may_have_weights_of_their_own():
    series = np.stack([walk(6), -5 * walk(7)], axis=1)
    windows = hankel_windows(series, 8, 1)
    fitted = StateSpaceForecaster(shared=False).fit(windows)
    for channel in (0, 1):
        own = windows.take(windows.channels == channel)
        alone = StateSpaceForecaster().fit(own).predict(own.context)
        got = fitted.predict(own.context, channel=own.channels)
        np.testing.assert_allclose(got, alone, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_states": 0}, "`n_states` must be a whole number"),
        ({"n_states": 2.5}, "`n_states` must be a whole number"),
        ({"realisation": "chunk"}, "`realisation` has no choice 'chunk'. Did you mean 'chunked'"),
        ({"normalise": "first"}, "`normalise` has no choice"),
        ({"penalties": -1.0}, "`penalties` must be"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        StateSpaceForecaster(**settings)
