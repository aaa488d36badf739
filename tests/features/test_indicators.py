"""The paper's nine indicators against the independent library `ta`."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import ta
from helpers import make_prices

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import (
    ADX,
    ATR,
    MACD,
    OBV,
    RSI,
    BollingerB,
    BollingerBands,
    EMADistance,
    SMADistance,
)

# Where `ta` begins a recursive average with another value, what is left of the difference after n
# periods is (13/14)^n of it: 5e-15 after 450.
DECAYED = 450


@pytest.fixture(scope="module")
def market():
    prices = make_prices(21, n_dates=700, n_assets=3)
    rng = np.random.default_rng(2)

    def like_prices(values):
        return pd.DataFrame(values, index=prices.index, columns=prices.columns)

    opened = prices * like_prices(1 + 0.006 * rng.normal(size=prices.shape))
    high = np.maximum(prices, opened) * like_prices(1 + rng.uniform(0, 0.01, prices.shape))
    low = np.minimum(prices, opened) / like_prices(1 + rng.uniform(0, 0.01, prices.shape))
    volume = like_prices(rng.lognormal(12, 0.6, size=prices.shape))
    return bl.MarketData(prices, open=opened, high=high, low=low, volume=volume)


def assert_matches(frame, market, define, *, start):
    """Compare with `define`(high, low, close, volume) of each asset, from row `start` on."""
    for asset in market.assets:
        bars = (market.high, market.low, market.prices, market.volume)
        expected = np.array(define(*(bar[asset] for bar in bars)), dtype=float)[start:]
        assert np.isfinite(expected).all()
        # The running sums of `ta` carry some 1e-12 of rounding.
        np.testing.assert_allclose(frame[asset].iloc[start:], expected, rtol=1e-9, atol=1e-10)


def test_atr_matches_ta_once_the_first_range_is_forgotten(market):
    """`ta` begins with the range of the first bar, which has no close before it; we do not."""
    frame = ATR().compute(market)["atr_14"]

    def define(high, low, close, volume):  # noqa: ARG001
        return ta.volatility.AverageTrueRange(high, low, close, 14).average_true_range() / close

    assert_matches(frame, market, define, start=DECAYED)
    assert frame["A0"].first_valid_index() == market.dates[14]


def test_adx_matches_ta_from_its_first_value(market):
    frame = ADX().compute(market)["adx_14"]

    def define(high, low, close, volume):  # noqa: ARG001
        return ta.trend.ADXIndicator(high, low, close, 14).adx() / 100

    assert_matches(frame, market, define, start=27)
    assert frame["A0"].first_valid_index() == market.dates[27]
    assert frame.iloc[27:].min(axis=None) >= 0
    assert frame.max(axis=None) <= 1


def test_ema_distance_matches_ta(market):
    frame = EMADistance().compute(market)["ema_distance_14"]

    def define(high, low, close, volume):  # noqa: ARG001
        return close / ta.trend.EMAIndicator(close, 14).ema_indicator() - 1

    assert_matches(frame, market, define, start=13)


def test_sma_distance_matches_ta(market):
    frame = SMADistance().compute(market)["sma_distance_20"]

    def define(high, low, close, volume):  # noqa: ARG001
        return close / ta.trend.SMAIndicator(close, 20).sma_indicator() - 1

    assert_matches(frame, market, define, start=19)


@pytest.mark.parametrize(("column", "method"), [("macd", "macd"), ("macd_gap", "macd_diff")])
def test_macd_matches_ta(market, column, method):
    frame = MACD().compute(market)[column]

    def define(high, low, close, volume):  # noqa: ARG001
        return getattr(ta.trend.MACD(close, 26, 12, 9), method)() / close

    assert_matches(frame, market, define, start=33)


def test_rsi_matches_ta_once_the_first_change_is_forgotten(market):
    """`ta` counts the first bar, which has no change, as one of 0; we do not."""
    frame = RSI().compute(market)["rsi_14"]

    def define(high, low, close, volume):  # noqa: ARG001
        return ta.momentum.RSIIndicator(close, 14).rsi() / 100

    assert_matches(frame, market, define, start=DECAYED)


@pytest.mark.parametrize("width", [2, 3])
def test_bollinger_bands_match_ta(market, width):
    frames = BollingerBands(width=width).compute(market)
    assert list(frames) == ["bollinger_upper_20", "bollinger_lower_20"]
    for side, method in (("upper", "bollinger_hband"), ("lower", "bollinger_lband")):

        def define(high, low, close, volume, method=method):  # noqa: ARG001
            return getattr(ta.volatility.BollingerBands(close, 20, width), method)() / close - 1

        assert_matches(frames[f"bollinger_{side}_20"], market, define, start=19)

    def place(high, low, close, volume):  # noqa: ARG001
        return ta.volatility.BollingerBands(close, 20, width).bollinger_pband()

    frame = BollingerB(width=width).compute(market)["bollinger_b_20"]
    assert_matches(frame, market, place, start=19)


def test_obv_matches_the_change_in_ta_over_the_volume_traded(market):
    """A change, as the level depends on where the sum begins: `ta` adds the first bar, too."""
    frame = OBV().compute(market)["obv_20"]

    def define(high, low, close, volume):  # noqa: ARG001
        level = ta.volume.OnBalanceVolumeIndicator(close, volume).on_balance_volume()
        return level.diff(20) / volume.rolling(20).sum()

    assert_matches(frame, market, define, start=20)
    assert frame["A0"].first_valid_index() == market.dates[20]


def wilder(values, window):
    """Wilder's average: the mean of the first `window` values, then recursive."""
    result, seen = [], []
    for value in values:
        if math.isnan(value):
            result.append(math.nan)
            continue
        seen.append(value)
        if len(seen) < window:
            result.append(math.nan)
        elif len(seen) == window:
            result.append(math.fsum(seen) / window)
        else:
            result.append(result[-1] + (value - result[-1]) / window)
    return np.array(result)


def test_atr_is_wilders_average_of_the_true_range_from_its_first_value(market):
    def define(high, low, close, volume):  # noqa: ARG001
        ranges = [math.nan] + [
            max(top - bottom, abs(top - before), abs(bottom - before))
            for top, bottom, before in zip(high[1:], low[1:], close[:-1], strict=True)
        ]
        return wilder(ranges, 7) / close

    assert_matches(ATR(7).compute(market)["atr_7"], market, define, start=7)


def test_closes_alone_give_the_mean_move_and_the_net_over_the_gross_move(market):
    bare = bl.MarketData(market.prices)

    def mean_move(high, low, close, volume):  # noqa: ARG001
        return wilder([math.nan, *np.abs(np.diff(close))], 14) / close

    def net_over_gross(high, low, close, volume):  # noqa: ARG001
        moves = np.diff(close)
        gain = wilder([math.nan, *np.maximum(moves, 0)], 14)
        loss = wilder([math.nan, *np.maximum(-moves, 0)], 14)
        return wilder(np.abs(2 * gain / (gain + loss) - 1), 14)

    atr, adx = ATR(close_only=True), ADX(close_only=True)
    assert atr.needs == adx.needs == ("prices",)
    assert_matches(atr.compute(bare)["atr_14"], market, mean_move, start=14)
    assert_matches(adx.compute(bare)["adx_14"], market, net_over_gross, start=27)
    same = atr.compute(market)["atr_14"]
    pd.testing.assert_frame_equal(same, atr.compute(bare)["atr_14"], check_exact=True)


@pytest.mark.parametrize("feature", [ATR(), ADX()], ids=["atr", "adx"])
def test_bars_are_asked_for_by_name(market, feature):
    assert feature.needs == ("high", "low")
    with pytest.raises(DataError, match="needs 'high', which 'bare' lacks"):
        feature.compute(bl.MarketData(market.prices, name="bare"))
    with pytest.raises(DataError, match="needs 'low'"):
        feature.compute(bl.MarketData(market.prices, high=market.high))
    with pytest.raises(DataError, match="'obv' needs 'volume'"):
        OBV().compute(bl.MarketData(market.prices))


def test_a_bar_that_is_missing_gives_no_value_on_the_days_it_touches(market):
    high = market.high.copy()
    high.iloc[300, 0] = np.nan
    part = bl.MarketData(market.prices, high=high, low=market.low)
    atr, adx = ATR().compute(part)["atr_14"]["A0"], ADX().compute(part)["adx_14"]["A0"]
    assert list(np.flatnonzero(atr.iloc[14:].isna()) + 14) == [300]
    assert list(np.flatnonzero(adx.iloc[27:].isna()) + 27) == [300, 301]


def test_adx_is_zero_without_direction_and_one_in_a_straight_trend():
    prices = make_prices(0, n_dates=60, n_assets=2)
    prices["A0"] = np.linspace(1, 2, 60)
    wide = pd.DataFrame({"A0": prices["A0"] * 1.01, "A1": 50.0}, index=prices.index)
    prices["A1"] = 40 + prices["A1"] / 1e4
    low = pd.DataFrame({"A0": prices["A0"] * 0.99, "A1": 30.0}, index=prices.index)
    adx = ADX().compute(bl.MarketData(prices, high=wide, low=low))["adx_14"].iloc[27:]
    np.testing.assert_array_equal(adx["A0"], 1.0)
    np.testing.assert_array_equal(adx["A1"], 0.0)


def test_obv_is_the_signed_share_of_the_volume(market):
    prices, volume = market.prices.copy(), market.volume.copy()
    prices.iloc[100:103, 1] = prices.iloc[99, 1]
    volume.iloc[200:240, 1] = 0.0
    volume.iloc[400, 1] = np.nan
    frame = OBV(5).compute(bl.MarketData(prices, volume=volume))["obv_5"]["A1"]
    close, traded = list(prices["A1"]), list(volume["A1"])
    signed = [0.0] + [
        v * ((b > a) - (b < a)) for (a, b), v in zip(pairwise(close), traded[1:], strict=True)
    ]
    expected = [
        math.fsum(signed[t - 4 : t + 1]) / math.fsum(traded[t - 4 : t + 1])
        if t >= 5 and sum(traded[t - 4 : t + 1]) != 0
        else math.nan
        for t in range(len(close))
    ]
    np.testing.assert_allclose(frame, expected, rtol=1e-12, atol=1e-14)
    assert frame.iloc[204:240].isna().all()
    assert frame.iloc[400:405].isna().all()
    assert frame.abs().max() <= 1


def test_obv_is_one_when_all_volume_came_with_rising_prices(market):
    rising = market.prices.rank()
    frame = OBV().compute(bl.MarketData(rising.cumsum(), volume=market.volume))["obv_20"]
    np.testing.assert_array_equal(frame.iloc[20:], 1.0)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ATR(1), "window"),
        (lambda: ADX(0), "window"),
        (lambda: ATR(close_only="yes"), "close_only"),
        (lambda: ADX(close_only=1), "close_only"),
        (lambda: OBV(1), "window"),
        (lambda: BollingerBands(1), "window"),
        (lambda: BollingerBands(width=-2.0), "width"),
    ],
)
def test_a_bad_parameter_is_named(make, field):
    with pytest.raises(ConfigError, match=f"`{field}"):
        make()
