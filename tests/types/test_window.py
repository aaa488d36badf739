"""Training windows and feature panels: what they accept, refuse and reorder."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import DataError


@pytest.fixture
def returns():
    return make_prices(1, n_dates=31, n_assets=3).pct_change().iloc[1:]


@pytest.fixture
def panel(returns):
    values = np.random.default_rng(0).normal(size=(*returns.shape, 2))
    return bl.FeaturePanel(values, returns.index, tuple(returns.columns), ("f", "g"))


def test_prices_passed_as_returns_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"look like prices.*pct_change"):
        bl.TrainingWindow(make_prices(1))


def test_returns_in_percent_are_refused(returns):
    with pytest.raises(DataError, match=r"above -1; 'A\d' has .*Divide percent by 100"):
        bl.TrainingWindow(100 * returns)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_returns_that_are_not_finite_are_located(returns, bad):
    returns.iloc[4, 1] = bad
    with pytest.raises(DataError, match=f"'A1' has .* on {returns.index[4].date()}"):
        bl.TrainingWindow(returns)


def test_a_loss_of_everything_is_refused(returns):
    returns.iloc[0, 2] = -1.0
    with pytest.raises(DataError, match="'A2' has -1 "):
        bl.TrainingWindow(returns)


def test_a_column_that_never_changes_is_refused(returns):
    with pytest.raises(DataError, match="'A1' never change"):
        bl.TrainingWindow(returns.assign(A1=0.001))


def test_text_is_refused(returns):
    with pytest.raises(DataError, match="`returns` must hold numbers"):
        bl.TrainingWindow(returns.astype(object).assign(A0="x"))


def test_duplicate_assets_are_named(returns):
    returns.columns = ["X", "Y", "X"]
    with pytest.raises(DataError, match="names 'X' more than once"):
        bl.TrainingWindow(returns)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r.reset_index(drop=True), "indexed by dates"),
        (lambda r: r.iloc[::-1], "sorted by date"),
        (lambda r: pd.concat([r.iloc[:1], r]), "twice"),
        (lambda r: r.iloc[:0], "at least one row"),
        (lambda r: r[[]], "at least one row and asset"),
        (lambda r: r["A0"], "must be a DataFrame"),
        (lambda r: r.to_numpy(), "must be a DataFrame"),
        (lambda r: r.rename(columns={"A0": " "}), "empty label"),
    ],
)
def test_a_frame_of_another_shape_is_refused(returns, spoil, message):
    with pytest.raises(DataError, match=f"`returns`.*{message}"):
        bl.TrainingWindow(spoil(returns))


@pytest.mark.parametrize("name", ["market_weights", "previous_weights"])
def test_weights_are_put_in_the_order_of_the_assets(returns, name):
    weights = pd.Series({"A2": 0.5, "A0": 0.2, "A1": 0.3})
    window = bl.TrainingWindow(returns, **{name: weights})
    np.testing.assert_array_equal(getattr(window, name), [0.2, 0.3, 0.5])
    np.testing.assert_array_equal(getattr(window.arrays(), name), [0.2, 0.3, 0.5])


@pytest.mark.parametrize("name", ["market_weights", "previous_weights"])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"A0": 0.5, "A1": 0.5}, "lacks 'A2'"),
        ({"A0": 0.5, "A1": 0.2, "A2": 0.2, "B": 0.1}, "unknown 'B'"),
        ({"A0": 0.5, "A1": np.nan, "A2": 0.5}, "finite"),
        ({"A0": "a", "A1": "b", "A2": "c"}, "numbers"),
    ],
)
def test_mislabelled_or_missing_weights_are_named(returns, name, weights, message):
    with pytest.raises(DataError, match=f"`{name}`.*{message}"):
        bl.TrainingWindow(returns, **{name: pd.Series(weights)})


@pytest.mark.parametrize("name", ["market_weights", "previous_weights"])
def test_weights_without_labels_or_with_repeated_ones_are_refused(returns, name):
    with pytest.raises(DataError, match=f"`{name}` must be a pandas Series.*ndarray"):
        bl.TrainingWindow(returns, **{name: np.ones(3) / 3})
    repeated = pd.Series(0.25, index=["A0", "A0", "A1", "A2"])
    with pytest.raises(DataError, match=f"`{name}` names 'A0' more than once"):
        bl.TrainingWindow(returns, **{name: repeated})


def test_labels_that_are_numbers_match_as_text(returns):
    returns.columns = [1, 2, 3]
    weights = pd.Series([0.5, 0.3, 0.2], index=[3, 2, 1])
    window = bl.TrainingWindow(returns, market_weights=weights)
    np.testing.assert_array_equal(window.market_weights, [0.2, 0.3, 0.5])
    assert window.assets == ("1", "2", "3")


@pytest.mark.parametrize("as_of", ["1999-01-01", pd.NaT, "soon"])
def test_a_decision_before_its_last_return_is_refused(returns, as_of):
    with pytest.raises(DataError, match="`as_of`"):
        bl.TrainingWindow(returns, as_of=as_of)


def test_features_are_put_in_the_order_of_the_assets(returns, panel):
    shuffled = bl.FeaturePanel(
        panel.values[:, [2, 0, 1]], panel.index, ("A2", "A0", "A1"), panel.names
    )
    window = bl.TrainingWindow(returns, features=shuffled)
    np.testing.assert_array_equal(window.features.values, panel.values)
    assert window.features.assets == window.assets


def test_features_may_be_given_as_a_frame(returns, panel):
    window = bl.TrainingWindow(returns, features=panel.to_frame())
    np.testing.assert_array_equal(window.arrays().features, panel.values)
    assert window.arrays().feature_names == ("f", "g")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.iloc[1:], "same dates"),
        (lambda f: f.shift(1, freq="D"), "same dates"),
        (lambda f: f.rename(columns={"A1": "B"}, level=1), "lacks 'A1' and it has the unknown 'B'"),
        (lambda f: f.drop(columns="A1", level=1), "lacks 'A1'"),
        (lambda f: f.iloc[:, 1:], "exactly once"),
        (lambda f: pd.concat([f, f], axis=1), "exactly once"),
        (lambda f: f["f"], "two column levels"),
        (lambda f: f.to_numpy(), "FeaturePanel or a DataFrame"),
    ],
)
def test_mislabelled_features_are_refused(returns, panel, spoil, message):
    with pytest.raises(DataError, match=f"`features`.*{message}"):
        bl.TrainingWindow(returns, features=spoil(panel.to_frame()))


def test_a_window_keeps_its_own_copy(returns, panel):
    original = returns.copy()
    window = bl.TrainingWindow(returns, features=panel)
    returns.iloc[0, 0] = 0.5
    pd.testing.assert_frame_equal(window.returns, original, check_freq=False)


def test_the_decision_is_at_the_last_return_unless_said_otherwise(returns):
    assert bl.TrainingWindow(returns).as_of == returns.index[-1]
    later = returns.index[-1] + pd.Timedelta("1D")
    assert bl.TrainingWindow(returns, as_of=later).as_of == later


def test_dates_with_a_time_zone_lose_it(returns):
    window = bl.TrainingWindow(returns.tz_localize("UTC"))
    assert window.returns.index.equals(returns.index)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_panel_survives_the_way_to_a_frame_and_back(n_obs, n_assets, n_features, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_obs, n_assets, n_features))
    values[rng.random(values.shape) < 0.2] = np.nan
    dates = pd.date_range("2000-01-03", periods=n_obs, freq="B")
    assets = tuple(f"A{i}" for i in rng.permutation(n_assets))
    names = tuple(f"f{i}" for i in rng.permutation(n_features))
    panel = bl.FeaturePanel(values, dates, assets, names)
    frame = panel.to_frame()
    pd.testing.assert_series_equal(
        frame[(names[-1], assets[0])],
        pd.Series(values[:, 0, -1], index=dates),
        check_names=False,
    )
    shuffled = frame.iloc[:, rng.permutation(frame.shape[1])]
    for again in (bl.FeaturePanel.from_frame(frame), bl.FeaturePanel.from_frame(shuffled)):
        pd.testing.assert_frame_equal(again.to_frame()[frame.columns], frame)
    again = bl.FeaturePanel.from_frame(frame)
    np.testing.assert_array_equal(again.values, values)
    assert (again.assets, again.names) == (assets, names)


def test_a_panel_is_read_only_and_checks_its_shape(panel):
    assert not panel.values.flags.writeable
    with pytest.raises(DataError, match=r"shape \(30, 3, 1\), got \(30, 3, 2\)"):
        bl.FeaturePanel(panel.values, panel.index, panel.assets, ("f",))


def test_numpy_reads_a_feature_panel(sample_market):
    window = bl.make_window(sample_market, lookback=30, features=["momentum", "rsi"])
    assert window.features.shape == np.asarray(window.features).shape == (30, 20, 5)
