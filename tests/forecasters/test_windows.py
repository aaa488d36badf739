"""Windows of series, and splits that no target crosses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import DataError
from blportfolio.forecasters import Windows, hankel_windows, hold_out, split_windows
from blportfolio.forecasters.base import check_context, check_training, power_of_two, training_scale
from blportfolio.forecasters.windows import hold_out_row

LENGTHS = st.integers(1, 6)


def slowly(values, context, horizon, *, stride=1, total=False, unknown=False):
    """Every window by plain loops."""
    found = []
    n, channels = values.shape
    for origin in range(context - 1, n, stride):
        for channel in range(channels):
            before = values[origin - context + 1 : origin + 1, channel]
            after = np.full(horizon, np.nan)
            known = values[origin + 1 : origin + 1 + horizon, channel]
            after[: len(known)] = known
            if np.isfinite(before).all() and (unknown or np.isfinite(after).all()):
                target = [after.sum()] if total else after
                found.append((before, target, origin, channel))
    return found


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 40),
    channels=st.integers(1, 3),
    context=LENGTHS,
    horizon=LENGTHS,
    stride=st.integers(1, 4),
    total=st.booleans(),
    unknown=st.booleans(),
)
def test_hankel_windows_are_those_of_plain_loops(
    seed, n, channels, context, horizon, stride, total, unknown
):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, channels))
    values[rng.random(values.shape) < 0.1] = np.nan
    expected = slowly(values, context, horizon, stride=stride, total=total, unknown=unknown)
    options = {"stride": stride, "total": total, "unknown_targets": unknown}
    if not expected:
        with pytest.raises(DataError, match="`values` has"):
            hankel_windows(values, context, horizon, **options)
        return
    windows = hankel_windows(values, context, horizon, **options)
    np.testing.assert_array_equal(windows.context, [row[0] for row in expected])
    np.testing.assert_allclose(windows.target, [row[1] for row in expected], rtol=1e-13)
    np.testing.assert_array_equal(windows.origins, [row[2] for row in expected])
    np.testing.assert_array_equal(windows.channels, [row[3] for row in expected])
    assert (windows.span, windows.horizon) == (horizon, 1 if total else horizon)


@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(8, 39), horizon=LENGTHS)
def test_cutting_the_series_leaves_the_windows_before_as_they_are(seed, cut, horizon):
    values = np.random.default_rng(seed).normal(size=(40, 2))
    whole = hankel_windows(values, 4, horizon, unknown_targets=True)
    cut_off = hankel_windows(values[:cut], 4, horizon, unknown_targets=True)
    kept = whole.take(whole.origins < cut)
    np.testing.assert_array_equal(cut_off.context, kept.context)
    known = whole.known_at(cut - 1)
    np.testing.assert_array_equal(cut_off.known_at(cut - 1).target, known.target)
    assert (known.origins + horizon <= cut - 1).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    horizon=LENGTHS,
    boundaries=st.lists(st.integers(-5, 70), min_size=1, max_size=3, unique=True),
    total=st.booleans(),
)
def test_no_target_is_in_two_parts_and_none_crosses_a_boundary(seed, horizon, boundaries, total):
    values = np.random.default_rng(seed).normal(size=60)
    windows = hankel_windows(values, 3, horizon, total=total)
    boundaries = sorted(boundaries)
    parts = split_windows(windows, *boundaries)
    edges = [-1000, *boundaries, 1000]
    for part, begin, end in zip(parts, edges, edges[1:], strict=False):
        assert (part.origins + 1 >= begin).all()
        assert (part.origins + horizon < end).all()
    crossing = [
        origin
        for origin in windows.origins
        if any(origin + 1 < edge <= origin + horizon for edge in boundaries)
    ]
    assert sum(map(len, parts)) == len(windows) - len(crossing)


@given(share=st.floats(0.01, 0.99), n=st.integers(10, 80), horizon=LENGTHS, total=st.booleans())
def test_the_hold_out_is_the_latest_and_what_is_learned_from_ends_before_it(
    share, n, horizon, total
):
    windows = hankel_windows(np.arange(float(n)), 2, horizon, total=total)
    early, late = hold_out(windows, share)
    assert late.origins.max() == windows.origins.max()
    assert len(late) == max(1, round(share * len(windows)))
    assert late.origins.min() == hold_out_row(1, windows.origins.max(), share)
    if len(early):
        assert early.origins.max() + horizon <= late.origins.min()


def test_a_hold_out_of_nothing_is_nothing():
    windows = hankel_windows(np.arange(9.0), 2, 1).take(slice(0, 0))
    assert [len(part) for part in hold_out(windows, 0.2)] == [0, 0]


def test_boundaries_must_ascend():
    with pytest.raises(DataError, match="`boundaries` must ascend"):
        split_windows(hankel_windows(np.arange(9.0), 2, 1), 5, 5)


def test_what_is_not_known_yet_is_not_learned_from():
    windows = hankel_windows(np.arange(10.0), 2, 3, unknown_targets=True)
    assert windows.known_at(6).origins.tolist() == [1, 2, 3]
    gap = np.arange(10.0)
    gap[5] = np.nan
    with_gap = hankel_windows(gap, 2, 3, unknown_targets=True)
    assert with_gap.known_at(6).origins.tolist() == [1]
    # A total is one number, known when the last of its rows is.
    total = hankel_windows(np.arange(10.0), 2, 3, total=True, unknown_targets=True)
    assert total.known_at(6).origins.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"context": np.ones(3)}, "`context` must have shape"),
        ({"target": np.ones((3, 0))}, "`target` must have shape"),
        ({"target": np.ones((2, 1))}, "`target` must have a row for each of 3 contexts, got 2"),
        ({"context": [[1, 2], [3, np.nan], [5, 6]]}, "window 1 holds nan at position 1"),
        ({"time": [1, 2]}, r"`time` must have shape \(3,\)"),
        ({"time": [1.5, 2, 3]}, "`time` must hold whole numbers"),
        ({"channel": [[0, 0, 0]]}, r"`channel` must have shape \(3,\)"),
        ({"span": 0}, "`span` must be a whole number of rows, 1 or more"),
        ({"span": 2.0}, "`span` must be a whole number of rows"),
    ],
)
def test_windows_that_do_not_fit_together_are_refused(fields, message):
    given_fields = {"context": np.ones((3, 2)), "target": np.ones((3, 1))} | fields
    with pytest.raises(DataError, match=message):
        Windows(**given_fields)


@pytest.mark.parametrize(
    ("values", "lengths", "message"),
    [
        (np.arange(5.0), (4, 2), "has 5 rows; a context of 4 and a horizon of 2 need 6"),
        (np.arange(5.0), (0, 2), "`context_length` must be a whole number of 1 or more"),
        (np.arange(5.0), (2, 1.0), "`horizon` must be a whole number of 1 or more"),
        (np.arange(5.0), (True, 1), "`context_length` must be a whole number of 1 or more"),
        ([1, np.nan, 2, np.nan, 3], (2, 1), "has no 3 values in a row without a missing one"),
        ([1, 2, np.inf, 4], (1, 1), "must be finite or NaN, got inf in row 2"),
        (np.ones((2, 2, 2)), (1, 1), "must have shape"),
        (["a", "b"], (1, 1), "must hold numbers"),
        (np.empty((9, 0)), (1, 1), "has no 2 values in a row"),
    ],
)
def test_series_that_hold_no_window_are_refused(values, lengths, message):
    with pytest.raises(DataError, match=message):
        hankel_windows(values, *lengths)


def test_two_points_make_one_window():
    windows = hankel_windows([1.0, 2.0], 1, 1)
    assert (len(windows), windows.last.tolist(), windows.target.tolist()) == (1, [1.0], [[2.0]])


def test_training_windows_are_checked():
    windows = hankel_windows(np.arange(5.0), 2, 1, unknown_targets=True)
    with pytest.raises(DataError, match="that of window 3 is nan at step 1"):
        check_training(windows)
    with pytest.raises(DataError, match="must hold 4 windows or more, got 3"):
        check_training(windows.take(slice(0, 3)), least=4)
    with pytest.raises(DataError, match="`windows` must be Windows"):
        check_training(np.ones((3, 2)))


def test_contexts_are_checked():
    assert check_context([1, 2, 3], 3).shape == (1, 3)
    for bad, message in (
        ([[1, 2]], r"shape \(n_windows, 3\)"),
        ([[1, np.nan, 2]], "window 0 holds nan at position 1"),
        ([["a", "b", "c"]], "must hold numbers"),
    ):
        with pytest.raises(DataError, match=message):
            check_context(bad, 3)


@given(exponent=st.integers(-900, 900))
def test_the_scale_of_the_data_follows_its_unit(exponent):
    windows = hankel_windows([3.0, -4.0, 1.0, 2.0], 2, 1)
    unit = 2.0**exponent
    scaled = Windows(unit * windows.context, unit * windows.target)
    assert training_scale(scaled) == unit * training_scale(windows)
    ratio = np.abs(scaled.context).max() / power_of_two(scaled.context)
    assert 0.5 <= ratio < 1
    assert training_scale(Windows(np.zeros((1, 1)), np.zeros((1, 1)))) == 1.0
    assert power_of_two(np.zeros(3)) == 1.0
