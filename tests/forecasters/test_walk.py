"""Walk-forward forecasts: the fast road gives the bits of the plain one, and sees no future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import (
    AttentionKernelForecaster,
    AutoregressiveForecaster,
    DecompositionLinearForecaster,
    LastValueForecaster,
    LinearForecaster,
    LinearResidualForecaster,
    MeanForecaster,
    StateSpaceForecaster,
    hankel_windows,
    walk_forward,
)
from blportfolio.forecasters.levels import ThroughLevels

RIDGES = {
    "linear": LinearForecaster(),
    "standard": LinearForecaster(normalise="standard"),
    "no intercept": LinearForecaster(intercept=False, penalties=(1e-3, 1.0)),
    "one penalty": LinearForecaster(penalties=0.1),
    "decomposition": DecompositionLinearForecaster(),
    "attention kernel": AttentionKernelForecaster(),
    "state space": StateSpaceForecaster(),
    "levels": ThroughLevels(LinearResidualForecaster()),
}
OTHERS = {
    "mean": MeanForecaster(),
    "last value": LastValueForecaster(),
    "levels of the mean": ThroughLevels(MeanForecaster()),
    "autoregression": AutoregressiveForecaster(),
}
ALL = RIDGES | OTHERS


def make_windows(seed=0, n=420, horizon=5, *, total=True, missing=True):
    values = np.random.default_rng(seed).normal(size=(n, 3))
    if missing:
        values[:150, 2] = np.nan  # listed late
        values[200:203, 0] = np.nan
    return hankel_windows(values, 8, horizon, total=total, unknown_targets=True)


def plainly(forecaster, windows, fit_rows, train_rows=None, min_windows=60):
    """Fit anew at every refit, by the public parts alone."""
    forecasts = np.full(windows.target.shape, np.nan)
    for row, stop in zip(fit_rows, [*fit_rows[1:], 10**9], strict=True):
        known = windows.known_at(row)
        if train_rows is not None:
            known = known.take(known.origins > row - train_rows)
        due = np.flatnonzero((windows.origins >= row) & (windows.origins < stop))
        if len(known) >= min_windows and len(due):
            fitted = forecaster.fit(known)
            forecasts[due] = fitted.predict(windows.context[due], channel=windows.channels[due])
    return forecasts


@pytest.mark.parametrize("train_rows", [None, 130])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_the_bits_are_those_of_fitting_anew_each_time(name, total, train_rows):
    windows = make_windows(total=total)
    fit_rows = [60, 61, 100, 127, 190, 300, 301, 371]
    got = walk_forward(ALL[name], windows, fit_rows, train_rows=train_rows)
    expected = plainly(ALL[name], windows, fit_rows, train_rows)
    np.testing.assert_array_equal(got, expected)
    assert np.isfinite(got[windows.origins >= 127]).all()


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(100, 250), step=st.integers(11, 60))
def test_what_comes_later_changes_no_bit_of_earlier_forecasts(name, seed, cut, step):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(260, 2))
    future = values.copy()
    future[cut:] = 1e6 * rng.standard_cauchy(size=future[cut:].shape)
    walks = []
    for series, stop in ((values, 260), (values[:cut], cut), (future, 260)):
        windows = hankel_windows(series, 6, 3, unknown_targets=True)
        walked = walk_forward(ALL[name], windows, range(70, stop, step), train_rows=90)
        walks.append(walked[windows.origins < cut])
    np.testing.assert_array_equal(walks[0], walks[1])
    np.testing.assert_array_equal(walks[0], walks[2])


def test_training_rows_count_back_from_the_refit():
    """The windows with origins row − train_rows + 1, …, row − span, and no other."""
    windows = make_windows(missing=False, total=True)
    got = walk_forward(LinearForecaster(), windows, [200], train_rows=77, min_windows=1)
    inside = (windows.origins >= 200 - 76) & (windows.origins <= 200 - 5)
    fitted = LinearForecaster().fit(windows.take(inside))
    due = windows.origins >= 200
    np.testing.assert_array_equal(got[due], fitted.predict(windows.context[due]))


def test_order_of_the_windows_does_not_matter():
    windows = make_windows()
    shuffled = np.random.default_rng(1).permutation(len(windows))
    plain = walk_forward(LinearForecaster(), windows, [120, 200, 320])
    mixed = walk_forward(LinearForecaster(), windows.take(shuffled), [120, 200, 320])
    np.testing.assert_allclose(mixed, plain[shuffled], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "make", [LinearForecaster, LinearResidualForecaster, MeanForecaster, AutoregressiveForecaster]
)
def test_with_weights_of_its_own_a_channel_walks_as_if_alone(make):
    windows = make_windows()
    rows = [90, 150, 230, 235, 300]
    together = walk_forward(make(shared=False), windows, rows)
    for channel in range(3):
        own = windows.channels == channel
        alone = walk_forward(make(), windows.take(own), rows)
        np.testing.assert_array_equal(together[own], alone)
    late = together[windows.channels == 2]
    assert np.isnan(late[windows.origins[windows.channels == 2] < 230]).all()
    assert np.isfinite(late[windows.origins[windows.channels == 2] >= 230]).all()


def test_before_there_are_windows_enough_there_is_no_forecast():
    windows = make_windows(missing=False)
    got = walk_forward(LinearForecaster(), windows, [20, 40, 60], min_windows=3 * 24)
    # At row 40 windows with origins 7, …, 35 are known, at row 20 only 7, …, 15.
    assert np.isnan(got[windows.origins < 40]).all()
    assert np.isfinite(got[windows.origins >= 40]).all()
    # At row 40 there are 29 · 3 windows: these are enough where 87 are asked for, not where 88 are.
    for asked, first in ((87, 40), (88, 60)):
        got = walk_forward(LinearForecaster(), windows, [40, 60], min_windows=asked)
        assert windows.origins[np.isfinite(got[:, 0])].min() == first


def test_what_a_forecaster_settles_it_settles_at_the_first_refit():
    windows = make_windows(missing=False)
    forecaster = AttentionKernelForecaster(normalise="train")
    got = walk_forward(forecaster, windows, [120, 200, 320])
    settled = forecaster.settled(windows.known_at(120))
    assert settled.unit is not None
    np.testing.assert_array_equal(got, plainly(settled, windows, [120, 200, 320]))


@pytest.mark.parametrize("name", ["linear", "mean", "levels"])
def test_progress_is_told_after_each_refit(name):
    told = []
    walk_forward(ALL[name], make_windows(), [9, 120, 200], progress=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("name", ALL)
def test_without_a_refit_there_is_no_forecast(name):
    windows = make_windows()
    for rows in ([], [10_000], [0]):
        assert np.isnan(walk_forward(ALL[name], windows, rows)).all()


@pytest.mark.parametrize("rows", [[3, 3], [5, 4], [1.5, 2.5], [[1, 2]], [np.nan]])
def test_refits_that_do_not_ascend_are_refused(rows):
    with pytest.raises(DataError, match="`fit_rows` must be ascending rows"):
        walk_forward(LinearForecaster(), make_windows(), rows)


@pytest.mark.parametrize(
    "options", [{"train_rows": 0}, {"min_windows": 0}, {"train_rows": 2.5}, {"min_windows": None}]
)
def test_counts_that_are_none_are_refused(options):
    with pytest.raises(ConfigError, match="must be a whole number of 1 or more"):
        walk_forward(LinearForecaster(), make_windows(), [100], **options)
