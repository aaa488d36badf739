"""What every forecaster in the registry must keep to."""

import importlib.util
import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import (
    FORECASTERS,
    Windows,
    hankel_windows,
    make_forecaster,
    walk_forward,
)

QUICK = {
    "attention": {"width": 8, "steps": 40},
    "attention_kernel": {"n_nodes": 24},
    "multi_head_attention": {"steps": 20, "patience": 20},
}
"""Small settings of forecasters that take long with their own."""

CARRIES_NO_LEVEL = {"zero", "attention_kernel"}
"""A flat window is forecast as zero: by definition, and as the tangent kernel is gated by V = 0."""

NEEDS_TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the extra `torch` is not installed"
)
NAMES = [
    pytest.param(name, marks=NEEDS_TORCH if name == "multi_head_attention" else ())
    for name in FORECASTERS
]
SEEDS = st.integers(0, 2**32 - 1)
each = pytest.mark.parametrize("name", NAMES)


def make(name):
    return FORECASTERS[name](**QUICK.get(name, {}))


def make_values(seed=0, n=110, channels=2):
    """Sums of noise and a cycle, one level apart from zero."""
    rng = np.random.default_rng(seed)
    cycle = np.sin(np.arange(n) / 3)[:, None]
    return 2 + cycle + 0.3 * rng.normal(size=(n, channels))


def make_windows(seed=0, context=8, horizon=2, **options):
    return hankel_windows(make_values(seed, **options), context, horizon)


def forecasts(name, windows, context, channel=None):
    return make(name).fit(windows).predict(context, channel=channel)


@each
def test_it_is_a_frozen_dataclass_that_is_built_without_arguments(name):
    forecaster = make_forecaster(name)
    assert is_dataclass(forecaster)
    assert isinstance(forecaster.needs_levels, bool)
    assert isinstance(forecaster.is_seeded, bool)
    assert forecaster.is_seeded == ("seed" in {field.name for field in fields(forecaster)})
    assert forecaster == make_forecaster(name)
    assert hash(forecaster) == hash(make_forecaster(name))
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        forecaster.needs_levels = True


@each
def test_a_fit_is_frozen_and_forecasting_leaves_it_as_it_is(name):
    windows = make_windows()
    fitted = make(name).fit(windows)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        fitted.horizon = 3
    before = pickle.dumps(fitted)
    first = fitted.predict(windows.context)
    again = fitted.predict(windows.context)
    np.testing.assert_array_equal(first, again)
    assert pickle.dumps(fitted) == before


@each
def test_windows_and_contexts_are_not_written_to(name):
    windows = make_windows()
    context, target = windows.context.copy(), windows.target.copy()
    forecasts(name, windows, windows.context)
    np.testing.assert_array_equal(windows.context, context)
    np.testing.assert_array_equal(windows.target, target)


@each
def test_it_comes_back_from_a_pickle(name):
    windows = make_windows()
    fitted = make(name).fit(windows)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301, made here
    np.testing.assert_array_equal(again.predict(windows.context), fitted.predict(windows.context))
    assert pickle.loads(pickle.dumps(make(name))) == make(name)  # noqa: S301


@each
@pytest.mark.parametrize(("context", "horizon"), [(8, 1), (5, 3), (3, 7)])
def test_there_is_a_row_for_each_window_and_a_column_for_each_step(name, context, horizon):
    windows = make_windows(context=context, horizon=horizon)
    fitted = make(name).fit(windows)
    assert (fitted.context_length, fitted.horizon) == (context, horizon)
    for count in (0, 1, 5):
        got = fitted.predict(windows.context[:count], channel=windows.channels[:count])
        assert got.shape == (count, horizon)
        assert got.dtype == float
        assert np.isfinite(got).all()
    np.testing.assert_array_equal(
        fitted.predict(windows.context[0]), fitted.predict(windows.context[:1])
    )


@each
def test_totals_are_forecast_too(name):
    windows = hankel_windows(make_values(), 8, 5, total=True)
    got = forecasts(name, windows, windows.context)
    assert got.shape == (len(windows), 1)
    assert np.isfinite(got).all()


@each
def test_the_same_settings_give_the_same_bits(name):
    windows = make_windows()
    state = np.random.get_state()[1].copy()  # noqa: NPY002, that nobody touches it
    first = forecasts(name, windows, windows.context)
    np.random.default_rng(99).normal(size=1000)
    np.testing.assert_array_equal(first, forecasts(name, windows, windows.context))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@each
@settings(max_examples=5)
@given(seed=SEEDS)
def test_a_row_is_the_same_bits_alone_and_among_others(name, seed):
    windows = make_windows(seed=1)
    fitted = make(name).fit(windows)
    rng = np.random.default_rng(seed)
    context = 2 + rng.normal(size=(67, 8))
    together = fitted.predict(context)
    some = np.sort(rng.choice(67, size=rng.integers(1, 60), replace=False))
    np.testing.assert_array_equal(fitted.predict(context[some]), together[some])
    np.testing.assert_array_equal(fitted.predict(context[::-1])[::-1], together)
    np.testing.assert_array_equal(fitted.predict(np.asfortranarray(context)), together)
    for row in some[:3]:
        np.testing.assert_array_equal(fitted.predict(context[row])[0], together[row])


@each
@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40, 1e-12, 1e-3, 100.0, 1e12, -1.0])
def test_the_unit_of_the_data_is_the_unit_of_the_forecast(name, unit):
    if name == "multi_head_attention" and unit < 0:
        pytest.skip("its first weights are drawn, and do not know a series from its mirror image")
    windows = make_windows()
    scaled = Windows(unit * windows.context, unit * windows.target, windows.time, windows.channel)
    plain = forecasts(name, windows, windows.context)
    got = forecasts(name, scaled, scaled.context)
    size = np.abs(plain).max()
    np.testing.assert_allclose(got / unit, plain, rtol=1e-9, atol=1e-9 * size)


@each
@pytest.mark.parametrize("unit", [1e-100, 1e100])
def test_huge_and_tiny_numbers_give_finite_forecasts(name, unit):
    windows = make_windows()
    scaled = Windows(unit * windows.context, unit * windows.target, windows.time)
    got = forecasts(name, scaled, scaled.context) / unit
    assert np.isfinite(got).all()
    assert np.abs(got).max() < 100


@each
@pytest.mark.parametrize("level", [0.0, 0.1, -7.3e5, 1e12, 1e-12])
def test_a_constant_series_goes_on(name, level):
    windows = hankel_windows(np.full(60, level), 6, 3)
    got = forecasts(name, windows, windows.context[:4])
    expected = 0.0 if name in CARRIES_NO_LEVEL else level
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=0)


@each
def test_two_points_are_enough_to_forecast_something_finite(name):
    got = forecasts(name, hankel_windows([1.0, 2.0], 1, 1), [[2.0]])
    assert got.shape == (1, 1)
    assert np.isfinite(got).all()
    assert abs(got[0, 0]) < 100


@each
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_handful_of_windows_is_fitted_without_a_warning(name, count):
    windows = make_windows(context=6, horizon=3, channels=1).take(slice(0, count))
    got = forecasts(name, windows, windows.context)
    assert np.isfinite(got).all()


@each
def test_flat_stretches_in_a_series_are_fitted_without_a_warning(name):
    values = make_values(channels=1)[:, 0]
    values[20:50] = 0.0
    values[70:90] = 3.7
    windows = hankel_windows(values, 6, 2)
    assert np.isfinite(forecasts(name, windows, windows.context)).all()


@each
def test_a_missing_value_in_the_context_is_named(name):
    fitted = make(name).fit(make_windows())
    context = np.ones((3, 8))
    context[1, 4] = np.nan
    with pytest.raises(
        DataError, match="`context` must be finite; window 1 holds nan at position 4"
    ):
        fitted.predict(context)
    context[1, 4] = np.inf
    with pytest.raises(DataError, match="window 1 holds inf"):
        fitted.predict(context)


@each
def test_a_context_of_another_length_is_refused(name):
    fitted = make(name).fit(make_windows())
    for shape in ((2, 7), (9,), (2, 2, 8)):
        with pytest.raises(DataError, match=r"`context` must have shape \(n_windows, 8\)"):
            fitted.predict(np.ones(shape))


@each
def test_windows_that_cannot_be_learned_from_are_refused(name):
    windows = hankel_windows(make_values(), 8, 2, unknown_targets=True)
    with pytest.raises(DataError, match="`windows` must have known targets"):
        make(name).fit(windows)
    with pytest.raises(DataError, match="`windows` must hold 1 windows or more, got 0"):
        make(name).fit(windows.take(slice(0, 0)))
    with pytest.raises(DataError, match="`windows` must be Windows"):
        make(name).fit(windows.context)


def test_a_horizon_longer_than_the_series_is_refused():
    with pytest.raises(DataError, match="a context of 4 and a horizon of 40 need 44"):
        hankel_windows(np.arange(30.0), 4, 40)


@each
@settings(max_examples=3)
@given(seed=SEEDS)
def test_only_the_windows_that_it_is_given_are_learned_from(name, seed):
    """What follows the training windows in the same array changes no bit."""
    windows = make_windows()
    half = len(windows) // 2
    context = windows.context[half:]
    expected = forecasts(name, windows.take(slice(0, half)), context)
    noise = np.random.default_rng(seed).standard_cauchy
    changed = Windows(
        np.vstack([windows.context[:half], 1e3 * noise(size=windows.context[half:].shape)]),
        np.vstack([windows.target[:half], 1e3 * noise(size=windows.target[half:].shape)]),
        windows.time,
        windows.channel,
    )
    np.testing.assert_array_equal(forecasts(name, changed.take(slice(0, half)), context), expected)


@each
@settings(max_examples=2)
@given(seed=SEEDS, cut=st.integers(50, 90))
def test_no_walk_looks_ahead(name, seed, cut):
    """Deleting the future, or scrambling it, must not change a bit of the past."""
    values = make_values(seed)
    scrambled = values.copy()
    scrambled[cut:] = 1e3 * np.random.default_rng(seed).standard_cauchy(size=values[cut:].shape)
    walks = []
    for series in (values, values[:cut], scrambled):
        windows = hankel_windows(series, 6, 2, unknown_targets=True)
        rows = [row for row in (40, 61, 83) if row < len(series)]
        walked = walk_forward(make(name), windows, rows, train_rows=50, min_windows=20)
        walks.append(walked[windows.origins < cut])
        assert np.isfinite(walks[-1][windows.origins[windows.origins < cut] >= 40]).all()
    np.testing.assert_array_equal(walks[0], walks[1])
    np.testing.assert_array_equal(walks[0], walks[2])


@each
def test_an_asset_that_is_listed_late_is_forecast_from_its_first_window_on(name):
    values = make_values(channels=3)
    values[:90, 1] = np.nan
    windows = hankel_windows(values, 6, 2, unknown_targets=True)
    walked = walk_forward(make(name), windows, [60, 100], min_windows=20)
    late = windows.channels == 1
    assert windows.origins[late].min() == 95
    assert np.isfinite(walked[windows.origins >= 60]).all()
    before = walk_forward(make(name), windows.take(~late), [60], min_windows=20)
    until = windows.origins[~late] < 95
    np.testing.assert_array_equal(walked[~late][until], before[until])


@each
def test_it_cannot_be_built_with_an_unknown_setting(name):
    with pytest.raises(TypeError):
        FORECASTERS[name](no_such_setting=1)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no forecaster 'linaer'\. Did you mean 'linear'"):
        make_forecaster("linaer")


def test_names_and_classes_are_those_that_files_use():
    assert {name: cls.__name__ for name, cls in FORECASTERS.items()} == {
        "zero": "ZeroForecaster",
        "last_value": "LastValueForecaster",
        "mean": "MeanForecaster",
        "autoregression": "AutoregressiveForecaster",
        "linear": "LinearForecaster",
        "linear_residual": "LinearResidualForecaster",
        "decomposition_linear": "DecompositionLinearForecaster",
        "attention": "AttentionForecaster",
        "attention_kernel": "AttentionKernelForecaster",
        "state_space": "StateSpaceForecaster",
        "hopfield": "HopfieldForecaster",
        "multi_head_attention": "MultiHeadAttentionForecaster",
    }
