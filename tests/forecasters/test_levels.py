"""Forecasters of levels applied to increments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import DataError
from blportfolio.forecasters import (
    FORECASTERS,
    LastValueForecaster,
    LinearForecaster,
    LinearResidualForecaster,
    MeanForecaster,
    hankel_windows,
)
from blportfolio.forecasters.levels import ThroughLevels, cumulated, level_windows, on_returns


@given(seed=st.integers(0, 2**32 - 1), horizon=st.integers(1, 5), total=st.booleans())
def test_windows_of_increments_become_the_windows_of_their_level(seed, horizon, total):
    steps = np.random.default_rng(seed).normal(size=(30, 2))
    windows = hankel_windows(steps, 6, horizon, total=total)
    levels = hankel_windows(np.vstack([np.zeros(2), steps.cumsum(axis=0)]), 7, horizon)
    got = level_windows(windows)
    start = levels.context[:, :1]
    np.testing.assert_allclose(got.context, levels.context - start, atol=1e-12)
    expected = levels.target[:, -1:] if total else levels.target
    np.testing.assert_allclose(got.target, expected - start, atol=1e-12)
    np.testing.assert_array_equal(got.origins, windows.origins)
    np.testing.assert_array_equal(got.channels, windows.channels)
    assert got.rows_ahead == windows.rows_ahead


@pytest.mark.parametrize("total", [False, True])
def test_forecasts_of_the_level_become_increments_again(total):
    steps = np.random.default_rng(0).normal(size=200)
    windows = hankel_windows(steps, 5, 3, total=total)
    fitted = ThroughLevels(LinearResidualForecaster()).fit(windows)
    got = fitted.predict(windows.context)
    inner = LinearResidualForecaster().fit(level_windows(windows))
    levels = cumulated(windows.context)
    reached = levels[:, -1:] + np.cumsum(got, axis=1)
    np.testing.assert_allclose(reached, inner.predict(levels), atol=1e-12)
    assert got.shape == windows.target.shape
    assert (fitted.context_length, fitted.horizon) == (5, windows.horizon)


def test_the_last_level_says_that_nothing_is_added():
    fitted = ThroughLevels(LastValueForecaster()).fit(hankel_windows(np.arange(9.0), 3, 2))
    np.testing.assert_array_equal(fitted.predict([[1, 2, 3]]), [[0, 0]])


def test_a_constant_increment_goes_on():
    windows = hankel_windows(np.full(60, 0.1), 5, 3)
    got = ThroughLevels(LinearResidualForecaster()).fit(windows).predict(windows.context)
    np.testing.assert_allclose(got, 0.1, rtol=1e-12)


def test_only_forecasters_of_levels_go_through_levels():
    for name, made in FORECASTERS.items():
        forecaster = made()
        through = on_returns(forecaster)
        assert isinstance(through, ThroughLevels) == (name == "linear_residual"), name
        assert not through.needs_levels
        assert through.is_seeded == forecaster.is_seeded
        assert on_returns(through) is through
    assert on_returns(LinearForecaster()) == LinearForecaster()


def test_channels_reach_the_forecaster_of_levels():
    windows = hankel_windows(np.random.default_rng(1).normal(size=(80, 2)), 4, 1)
    fitted = ThroughLevels(MeanForecaster(shared=False)).fit(windows)
    assert len(fitted.predict(windows.context, channel=windows.channels)) == len(windows)
    with pytest.raises(DataError, match="`channel` must have shape"):
        fitted.predict(windows.context)


def test_a_missing_value_is_named():
    fitted = ThroughLevels(LinearResidualForecaster()).fit(hankel_windows(np.arange(9.0), 3, 1))
    with pytest.raises(DataError, match="`context` must be finite; window 0 holds nan"):
        fitted.predict([[1.0, np.nan, 2.0]])
