"""Stacking, lagging and standardising features."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import (
    RSI,
    FeatureChoice,
    Momentum,
    VolumeRatio,
    build_panel,
    standardise,
)


def test_features_are_stacked_in_the_order_asked_for():
    market = make_market(1)
    choices = [FeatureChoice(RSI(), "rsi"), FeatureChoice(Momentum((5, 10)), "momentum")]
    panel, notes = build_panel(market, choices)
    assert panel.names == ("rsi_14", "momentum_5", "momentum_10")
    assert panel.values.shape == (*market.prices.shape, 3)
    assert notes == ()
    expected = Momentum((10,)).compute(market)["momentum_10"]
    np.testing.assert_array_equal(panel.values[:, :, 2], expected)


@given(st.integers(0, 20))
@settings(max_examples=25)
def test_a_lag_shows_each_value_later(lag):
    market = make_market(2, n_dates=60)
    now, _ = build_panel(market, [FeatureChoice(Momentum((5,)), "momentum")])
    later, _ = build_panel(market, [FeatureChoice(Momentum((5,)), "momentum", lag=lag)])
    np.testing.assert_array_equal(later.values[lag:], now.values[: 60 - lag])
    assert np.isnan(later.values[:lag]).all()


def test_a_negative_lag_would_look_ahead_and_is_refused():
    with pytest.raises(ConfigError, match="`lag` of feature 'rsi'"):
        FeatureChoice(RSI(), "rsi", lag=-1)


def test_a_missing_column_is_named():
    market = make_market(3, name="closes only")
    with pytest.raises(DataError, match="'volume_ratio' needs 'volume', which 'closes only' lacks"):
        build_panel(market, [FeatureChoice(VolumeRatio(), "volume_ratio")])


def test_an_optional_feature_is_skipped_with_a_note():
    market = make_market(3)
    choices = [
        FeatureChoice(VolumeRatio(), "volume_ratio", optional=True),
        FeatureChoice(RSI(), "rsi"),
    ]
    panel, notes = build_panel(market, choices)
    assert panel.names == ("rsi_14",)
    assert len(notes) == 1
    assert "'volume'" in notes[0]
    assert "skipped" in notes[0]


def test_no_feature_at_all_gives_an_empty_panel():
    panel, _ = build_panel(make_market(3), [])
    assert panel.values.shape == (320, 4, 0)


def test_two_features_with_one_column_name_are_refused():
    choices = [FeatureChoice(Momentum((5, 9)), "a"), FeatureChoice(Momentum((9,)), "b")]
    with pytest.raises(ConfigError, match="'momentum_9'"):
        build_panel(make_market(4), choices)


@dataclass(frozen=True)
class Reciprocal:
    """A user's feature with a pole and its columns in reverse."""

    requires: ClassVar[tuple[str, ...]] = ("prices",)

    def compute(self, market):
        change = market.prices.diff()
        change.iloc[7] = 0.0
        return {"reciprocal": (1 / change).iloc[:, ::-1]}


def test_infinite_values_count_as_unknown_and_columns_are_put_in_order():
    market = bl.MarketData(make_prices(5, n_dates=20))
    panel, _ = build_panel(market, [FeatureChoice(Reciprocal(), "reciprocal")])
    assert np.isnan(panel.values[7]).all()
    np.testing.assert_array_equal(panel.values[8:, :, 0], 1 / market.prices.diff().iloc[8:])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_scores_have_mean_zero_and_deviation_one_over_the_known_rows(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 3, size=(30, 3, 2))
    known = (rng.random((30, 3)) < 0.6).astype(float)
    known[:3] = 1
    scores = standardise(values, known)
    for i in range(3):
        rows = known[:, i] > 0
        mean, deviation = values[rows, i].mean(axis=0), values[rows, i].std(axis=0)
        np.testing.assert_allclose(scores[:, i], (values[:, i] - mean) / deviation, atol=1e-10)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_rows_that_are_not_known_do_not_enter_mean_and_deviation(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(20, 3, 2))
    known = (rng.random((20, 3)) < 0.6).astype(float)
    known[:3] = 1
    scores = standardise(values, known)
    for filler in (np.nan, 1e9):
        wild = np.where(known[:, :, None] > 0, values, filler)
        np.testing.assert_array_equal(standardise(wild, known)[known > 0], scores[known > 0])


@pytest.mark.parametrize("level", [0.0, 0.1, -7e8])
def test_a_constant_feature_scores_zero(level):
    values = np.full((10, 2, 1), level)
    values[:, 1, 0] = np.arange(10)
    scores = standardise(values, np.ones((10, 2)))
    np.testing.assert_array_equal(scores[:, 0], 0.0)
    assert scores[:, 1].std() == pytest.approx(1.0)
