"""What forecasters are given is checked: settings by name, numbers by kind."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import (
    FORECASTERS,
    HopfieldForecaster,
    LinearForecaster,
    ThroughLevels,
    hankel_windows,
    hold_out,
    make_forecaster,
    split_windows,
    walk_forward,
)
from blportfolio.forecasters.checks import LARGEST_VALUE, as_numbers

HOSTILE = [
    *(np.nan, np.inf, -1, -0.5, 1j, 1e400, "no", "0.1", {"a": 1}, {1.0}, b"x"),
    *([], [[1, 2], [3, 4]], ["a"], (True,), [None], np.ones((2, 2)), np.array(["a"])),
    *(np.bool_(True), np.datetime64("2020-01-01"), pd.NaT),
]
SETTINGS = [(name, field.name) for name, cls in FORECASTERS.items() for field in fields(cls)]


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_no_hostile_setting_gets_past(name, setting):
    for value in HOSTILE:
        with pytest.raises(ConfigError, match=r"^[^\n]+$") as caught:
            FORECASTERS[name](**{setting: value})
        assert f"`{setting}`" in str(caught.value)


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_a_flag_is_no_number_and_a_number_is_no_flag(name, setting):
    default = getattr(FORECASTERS[name](), setting)
    for value in (True, False) if not isinstance(default, bool) else (0, 1, 1.0):
        with pytest.raises(ConfigError, match=f"`{setting}`"):
            FORECASTERS[name](**{setting: value})


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_numbers_of_numpy_are_numbers(name, setting):
    default = getattr(FORECASTERS[name](), setting)
    if type(default) in (int, float):
        made = FORECASTERS[name](**{setting: np.asarray(default)[()]})
        assert made == FORECASTERS[name]()
        assert hash(made) == hash(FORECASTERS[name]())


@pytest.mark.parametrize("size", [0, 3, 1e300, np.float32(0.5), np.int64(2)])
def test_a_size_of_any_kind_of_number_is_a_grid_of_one(size):
    assert LinearForecaster(penalties=size).penalties == (float(size),)


def test_a_whole_number_beyond_all_floats_is_none():
    with pytest.raises(ConfigError, match="`penalties` must be a number of 0 or more"):
        LinearForecaster(penalties=10**400)


def test_lists_as_files_have_them_are_grids():
    for given in ([1, 0.1], (1, 0.1), np.array([1.0, 0.1])):
        assert LinearForecaster(penalties=given).penalties == (1.0, 0.1)
        assert HopfieldForecaster(betas=given).betas == (0.1, 1.0)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, np.nan, "half", None, True])
def test_a_share_to_hold_out_that_is_none_is_refused(share):
    with pytest.raises(ConfigError, match="`share` must be a number between 0 and 1"):
        hold_out(hankel_windows(np.arange(9.0), 2, 1), share)


@pytest.mark.parametrize("boundary", [2.5, "2", None, True, [2, 3]])
def test_a_boundary_that_is_no_row_is_refused(boundary):
    with pytest.raises(DataError, match="`boundaries` must be whole numbers of rows"):
        split_windows(hankel_windows(np.arange(9.0), 2, 1), boundary)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(9) + 1j,
        pd.date_range("2020-01-01", periods=9),
        np.arange(9).astype("timedelta64[D]"),
        ["a"] * 9,
        [[1.0], [2.0, 3.0]],
        {"a": 1},
    ],
)
def test_what_are_no_real_numbers_is_refused(values):
    with pytest.raises(DataError, match="`values` must hold"):
        hankel_windows(values, 2, 1)


@pytest.mark.parametrize(
    "kind", [list, np.float32, np.int64, object, pd.Series, "masked", "strided"]
)
def test_a_series_is_the_same_numbers_however_it_comes(kind):
    values = np.arange(12.0)
    given = {
        "masked": np.ma.masked_array(values, mask=values == 5),
        "strided": np.repeat(values, 2)[::2],
    }.get(kind)
    if given is None:
        given = kind(values) if kind in (list, pd.Series) else values.astype(kind)
    expected = np.where((values == 5) & (kind == "masked"), np.nan, values)
    np.testing.assert_array_equal(as_numbers(given, name="values"), expected)
    windows = hankel_windows(given, 3, 1)
    np.testing.assert_array_equal(windows.context, hankel_windows(expected, 3, 1).context)


def test_numbers_that_no_sum_could_hold_are_refused():
    values = np.ones(9)
    values[4] = 10 * LARGEST_VALUE
    with pytest.raises(DataError, match=r"`values` must be finite or NaN, got 1e\+305 in row 4"):
        hankel_windows(values, 2, 1)
    fitted = LinearForecaster().fit(hankel_windows(np.arange(9.0), 2, 1))
    with pytest.raises(DataError, match=r"`context` must be finite; window 0 holds -1e\+305"):
        fitted.predict([1.0, -10 * LARGEST_VALUE])


def test_what_is_no_forecaster_and_what_are_no_windows_is_said():
    windows = hankel_windows(np.arange(9.0), 2, 1)
    for none in (LinearForecaster, "linear", None):
        with pytest.raises(ConfigError, match="`forecaster` must be a forecaster such as"):
            walk_forward(none, windows, [5])
    with pytest.raises(DataError, match=r"`windows` must be Windows, .* got ndarray"):
        walk_forward(LinearForecaster(), np.arange(9.0), [5])
    for rows in (5, None, "5", [[1], [2, 3]]):
        with pytest.raises(DataError, match="`fit_rows` must be ascending rows"):
            walk_forward(LinearForecaster(), windows, rows)


def test_a_forecaster_is_made_by_name_with_settings():
    assert make_forecaster("linear", penalties=0.1) == LinearForecaster(penalties=0.1)
    with pytest.raises(ConfigError, match="Did you mean 'penalties'"):
        make_forecaster("linear", penaltes=0.1)
    for name in (None, 3, ["linear"]):
        with pytest.raises(ConfigError, match="There is no forecaster"):
            make_forecaster(name)


@pytest.mark.parametrize("name", [name for name in FORECASTERS if name != "multi_head_attention"])
def test_what_holds_arrays_is_shown_on_one_line(name):
    windows = hankel_windows(np.random.default_rng(0).normal(size=(400, 30)), 40, 3)
    settings = {"steps": 2, "width": 4} if name == "attention" else {}
    shared = {"shared": False} if hasattr(FORECASTERS[name], "shared") else {}
    fitted = make_forecaster(name, **settings, **shared).fit(windows)
    for held in (windows, fitted, ThroughLevels(make_forecaster(name))):
        assert "\n" not in repr(held)
        assert len(repr(held)) < 1200
    assert "context=ndarray of shape (10740, 40)" in repr(windows)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize("name", ["linear", "decomposition_linear", "state_space", "hopfield"])
def test_a_series_of_two_sizes_without_any_relation_is_fitted_without_a_warning(name, size):
    noise = np.random.default_rng(1).normal(size=120)
    values = noise * np.repeat([size, 1 / size], 60)
    windows = hankel_windows(values, 6, 2)
    forecast = make_forecaster(name, normalise="standard").fit(windows).predict(windows.context)
    assert np.isfinite(forecast).all()


@pytest.mark.parametrize("name", ["attention", "attention_kernel"])
def test_a_model_that_has_a_unit_says_when_data_are_far_from_it(name):
    windows = hankel_windows(1e100 * np.random.default_rng(2).normal(size=60), 6, 1)
    with pytest.raises(DataError, match='values of about one where `normalise` is "none"'):
        make_forecaster(name, normalise="none").fit(windows)
