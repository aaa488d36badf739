"""Each feature against a plain loop over one series, written from its textbook definition."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.features import (
    MACD,
    RSI,
    BollingerB,
    EMADistance,
    Momentum,
    SMADistance,
    Volatility,
    VolumeRatio,
)


@pytest.fixture(scope="module")
def market():
    prices = make_prices(11, n_dates=90, n_assets=3)
    traded = np.random.default_rng(1).lognormal(10, 0.5, size=prices.shape)
    volume = pd.DataFrame(traded, index=prices.index, columns=prices.columns)
    volume.iloc[50, 1] = 0.0
    return bl.MarketData(prices, volume=volume)


def assert_matches(frame, market, define):
    """Compare with `define`(prices of one asset), which has NaN where it is undefined."""
    for asset in market.assets:
        expected = np.array(define(list(market.prices[asset])))
        assert np.isfinite(expected).sum() > 20
        np.testing.assert_allclose(frame[asset], expected, rtol=1e-9, atol=1e-12)


def exponential(values, alpha, least):
    """Recursive average from the first defined value on, shown from the `least`-th on."""
    result, average, count = [], math.nan, 0
    for value in values:
        if not math.isnan(value):
            average = value if count == 0 else (1 - alpha) * average + alpha * value
            count += 1
        result.append(average if count >= least else math.nan)
    return result


def simple(values, window):
    return [
        math.fsum(values[t - window + 1 : t + 1]) / window if t + 1 >= window else math.nan
        for t in range(len(values))
    ]


def changes(prices):
    return [math.nan] + [after / before - 1 for before, after in pairwise(prices)]


def test_momentum_is_the_return_over_the_horizon(market):
    frames = Momentum((1, 7, 30)).compute(market)
    assert list(frames) == ["momentum_1", "momentum_7", "momentum_30"]
    for horizon in (1, 7, 30):
        assert_matches(
            frames[f"momentum_{horizon}"],
            market,
            lambda p, h=horizon: [math.nan] * h + [p[t] / p[t - h] - 1 for t in range(h, len(p))],
        )


def test_volatility_is_the_root_mean_square_return(market):
    frames = Volatility((5, 20)).compute(market)
    for window in (5, 20):
        assert_matches(
            frames[f"volatility_{window}"],
            market,
            lambda p, w=window: np.sqrt(
                [
                    math.nan
                    if t < w
                    else math.fsum(r * r for r in changes(p)[t - w + 1 : t + 1]) / w
                    for t in range(len(p))
                ]
            ),
        )


def test_sma_distance_is_the_price_over_its_mean(market):
    frame = SMADistance(10).compute(market)["sma_distance_10"]
    assert_matches(frame, market, lambda p: np.array(p) / simple(p, 10) - 1)


def test_ema_distance_is_the_price_over_its_exponential_mean(market):
    frame = EMADistance(14).compute(market)["ema_distance_14"]
    assert_matches(frame, market, lambda p: np.array(p) / exponential(p, 2 / 15, 14) - 1)


def macd_line(prices):
    fast, slow = exponential(prices, 2 / 13, 12), exponential(prices, 2 / 27, 26)
    return np.subtract(fast, slow)


def test_macd_is_the_gap_of_two_averages_over_the_price(market):
    frame = MACD().compute(market)["macd"]
    assert_matches(frame, market, lambda p: macd_line(p) / p)


def test_macd_gap_is_the_line_less_its_own_average(market):
    frame = MACD().compute(market)["macd_gap"]
    assert_matches(
        frame,
        market,
        lambda p: (macd_line(p) - exponential(macd_line(p), 2 / 10, 9)) / p,
    )


def test_rsi_is_wilders_smoothed_gain_over_all_movement(market):
    def define(prices):
        moves = [math.nan] + [later - earlier for earlier, later in pairwise(prices)]
        gains = exponential([max(m, 0.0) if m == m else m for m in moves], 1 / 14, 14)
        losses = exponential([max(-m, 0.0) if m == m else m for m in moves], 1 / 14, 14)
        return np.array(gains) / np.add(gains, losses)

    assert_matches(RSI().compute(market)["rsi_14"], market, define)


def test_rsi_is_one_where_the_price_only_rises_and_zero_where_it_only_falls():
    prices = make_prices(0, n_dates=40, n_assets=2)
    prices["A0"], prices["A1"] = np.linspace(1, 2, 40), np.linspace(2, 1, 40)
    index = RSI().compute(bl.MarketData(prices))["rsi_14"].iloc[14:]
    np.testing.assert_array_equal(index["A0"], 1.0)
    np.testing.assert_array_equal(index["A1"], 0.0)


def test_bollinger_b_places_the_price_between_its_bands(market):
    def define(prices):
        result = [math.nan] * 19
        for t in range(19, len(prices)):
            last = prices[t - 19 : t + 1]
            middle = math.fsum(last) / 20
            deviation = math.sqrt(math.fsum((p - middle) ** 2 for p in last) / 20)
            lower, upper = middle - 2.5 * deviation, middle + 2.5 * deviation
            result.append((prices[t] - lower) / (upper - lower))
        return result

    assert_matches(BollingerB(width=2.5).compute(market)["bollinger_b_20"], market, define)


def test_oscillators_are_neutral_while_the_price_stands_still():
    prices = make_prices(0, n_dates=60, n_assets=1)
    prices.iloc[:40] = 7.3
    market = bl.MarketData(prices)
    np.testing.assert_array_equal(RSI().compute(market)["rsi_14"].iloc[14:40], 0.5)
    np.testing.assert_array_equal(BollingerB().compute(market)["bollinger_b_20"].iloc[19:40], 0.5)
    np.testing.assert_array_equal(Volatility((5,)).compute(market)["volatility_5"].iloc[5:40], 0)


def test_volume_ratio_is_the_log_of_volume_over_its_mean(market):
    frame = VolumeRatio(20).compute(market)["volume_ratio_20"]
    for asset in market.assets:
        volume = list(market.volume[asset])
        expected = [
            math.log(v / m) if v > 0 and m == m else math.nan
            for v, m in zip(volume, simple(volume, 20), strict=True)
        ]
        np.testing.assert_allclose(frame[asset], expected, rtol=1e-9, atol=1e-12)
    assert np.isnan(frame.iloc[50, 1])


@pytest.mark.parametrize(
    ("periods", "momentum", "volatility"),
    [(252, [21, 63, 126, 252], [63, 252]), (12, [1, 3, 6, 12], [3, 12]), (4, [1, 2, 4], [2, 4])],
)
def test_default_horizons_are_months_whatever_the_period(periods, momentum, volatility):
    market = bl.MarketData(make_prices(2, n_dates=40), periods_per_year=periods)
    names = list(Momentum().compute(market)) + list(Volatility().compute(market))
    assert names == [f"momentum_{h}" for h in momentum] + [f"volatility_{w}" for w in volatility]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Momentum(()), "horizons"),
        (lambda: Momentum((5, 0)), "horizons"),
        (lambda: Volatility((1,)), "windows"),
        (lambda: RSI(1), "window"),
        (lambda: SMADistance(0), "window"),
        (lambda: EMADistance(-3), "window"),
        (lambda: VolumeRatio(1), "window"),
        (lambda: BollingerB(1), "window"),
        (lambda: BollingerB(width=0.0), "width"),
        (lambda: MACD(26, 12), "fast"),
        (lambda: MACD(0), "fast"),
    ],
)
def test_a_bad_parameter_is_named(make, field):
    with pytest.raises(ConfigError, match=f"`{field}"):
        make()
