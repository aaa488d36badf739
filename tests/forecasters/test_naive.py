"""The forecasts that everything else has to beat: zero, the last value, the mean."""

import numpy as np
import pytest

from blportfolio.errors import DataError
from blportfolio.forecasters import (
    LastValueForecaster,
    LinearForecaster,
    MeanForecaster,
    ZeroForecaster,
    hankel_windows,
    walk_forward,
)


def test_zero_is_zero_for_every_step():
    fitted = ZeroForecaster().fit(hankel_windows(np.arange(9.0), 3, 2))
    np.testing.assert_array_equal(fitted.predict(np.ones((4, 3))), np.zeros((4, 2)))


def test_the_last_value_is_repeated():
    fitted = LastValueForecaster().fit(hankel_windows(np.arange(9.0), 3, 2))
    np.testing.assert_array_equal(fitted.predict([[1, 2, 3], [4, 5, 6]]), [[3, 3], [6, 6]])


def test_of_a_total_the_last_value_is_summed():
    fitted = LastValueForecaster().fit(hankel_windows(np.arange(9.0), 3, 2, total=True))
    np.testing.assert_array_equal(fitted.predict([[1, 2, 3]]), [[6]])


def test_the_mean_is_that_of_the_targets_step_by_step():
    windows = hankel_windows(np.random.default_rng(0).normal(size=(50, 2)), 4, 3)
    got = MeanForecaster().fit(windows).predict(windows.context[:2])
    np.testing.assert_allclose(got, np.tile(windows.target.mean(axis=0), (2, 1)), rtol=1e-12)


def test_the_mean_of_a_total_is_the_mean_total():
    windows = hankel_windows(np.random.default_rng(1).normal(size=50), 4, 5, total=True)
    got = MeanForecaster().fit(windows).predict(windows.context[:1])
    assert got[0, 0] == pytest.approx(windows.target.mean())


def test_each_channel_may_have_its_own_mean():
    values = np.column_stack([np.full(20, 0.1), np.arange(20.0)])
    windows = hankel_windows(values, 3, 1)
    fitted = MeanForecaster(shared=False).fit(windows)
    got = fitted.predict(np.zeros((3, 3)), channel=[1, 0, 1])
    np.testing.assert_array_equal(got, [[11.0], [0.1], [11.0]])
    with pytest.raises(DataError, match="`channel` must have shape"):
        fitted.predict(np.zeros((3, 3)))
    with pytest.raises(DataError, match="`channel` holds 2"):
        fitted.predict(np.zeros((1, 3)), channel=[2])


def test_walked_forward_the_mean_is_the_prevailing_mean_of_what_was_known():
    values = np.random.default_rng(2).normal(size=80)
    windows = hankel_windows(values, 1, 1, unknown_targets=True)
    got = walk_forward(MeanForecaster(), windows, range(10, 80), min_windows=5)
    expected = [values[1 : row + 1].mean() for row in range(10, 80)]
    np.testing.assert_allclose(got[10:, 0], expected, atol=1e-12)
    assert np.isnan(got[:10]).all()


def test_a_ridge_too_heavy_to_move_is_the_mean():
    windows = hankel_windows(np.random.default_rng(3).normal(size=90), 4, 2)
    mean = MeanForecaster().fit(windows).predict(windows.context)
    heavy = LinearForecaster(penalties=1e12).fit(windows).predict(windows.context)
    np.testing.assert_allclose(heavy, mean, atol=1e-9)
