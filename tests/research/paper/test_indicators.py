from dataclasses import replace

import numpy as np
import pytest
import ta

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.research.paper import INDICATORS, price_indicators
from blportfolio.research.paper.indicators import IN_PRICE_UNITS, on_balance_volume

# What is left after n periods of another beginning of a recursive average is (13/14)^n of it.
DECAYED = 420


def of_ta(market, asset):
    high, low, close = (frame[asset] for frame in (market.high, market.low, market.prices))
    bands = ta.volatility.BollingerBands(close, 20, 2)
    return {
        "atr": ta.volatility.AverageTrueRange(high, low, close, 14).average_true_range(),
        "adx": ta.trend.ADXIndicator(high, low, close, 14).adx(),
        "ema": ta.trend.EMAIndicator(close, 14).ema_indicator(),
        "macd": ta.trend.MACD(close, 26, 12, 9).macd(),
        "sma": ta.trend.SMAIndicator(close, 20).sma_indicator(),
        "rsi": ta.momentum.RSIIndicator(close, 14).rsi(),
        "upper": bands.bollinger_hband(),
        "lower": bands.bollinger_lband(),
    }


def test_indicators_in_price_units_match_ta(unpredictable):
    values = price_indicators(unpredictable).values
    for column, asset in enumerate(unpredictable.assets[:2]):
        for name, expected in of_ta(unpredictable, asset).items():
            own = values[DECAYED:, column, INDICATORS.index(name)]
            np.testing.assert_allclose(own, expected.to_numpy()[DECAYED:], rtol=1e-9, atol=1e-10)


def test_on_balance_volume_rises_and_falls_as_that_of_ta(unpredictable):
    asset = unpredictable.assets[0]
    expected = ta.volume.OnBalanceVolumeIndicator(
        unpredictable.prices[asset], unpredictable.volume[asset]
    ).on_balance_volume()
    own = on_balance_volume(unpredictable)[asset]
    np.testing.assert_allclose(own.diff().iloc[2:], expected.diff().iloc[2:], rtol=1e-9)


def test_the_papers_obv_is_in_0_to_1_over_the_whole_sample(unpredictable):
    obv = price_indicators(unpredictable).values[1:, :, -1]
    assert obv.min(axis=0).tolist() == [0] * 6
    assert obv.max(axis=0).tolist() == [1] * 6


def test_only_the_papers_obv_looks_ahead_among_the_indicators(unpredictable):
    """Deleting the future changes OBV scaled over the full sample, and nothing else."""
    cut = 300
    early = bl.MarketData(
        *(
            None if frame is None else frame.iloc[:cut]
            for frame in (unpredictable.prices, None, unpredictable.high, unpredictable.low)
        ),
        volume=unpredictable.volume.iloc[:cut],
    )
    for obv, looks_ahead in (("full_sample", True), ("to_date", False)):
        whole = price_indicators(unpredictable, obv=obv).values[:cut]
        known = price_indicators(early, obv=obv).values
        np.testing.assert_array_equal(whole[:, :, :-1], known[:, :, :-1])
        assert (not np.array_equal(whole[1:, :, -1], known[1:, :, -1], equal_nan=True)) == (
            looks_ahead
        )


def test_what_is_in_price_units_doubles_with_the_price(unpredictable):
    doubled = replace(
        unpredictable,
        prices=2 * unpredictable.prices,
        high=2 * unpredictable.high,
        low=2 * unpredictable.low,
    )
    before = price_indicators(unpredictable).values
    after = price_indicators(doubled).values
    np.testing.assert_array_equal(after, before * np.where(IN_PRICE_UNITS, 2.0, 1.0))


def test_closes_and_unit_volumes_stand_in_for_bars_and_it_says_so(unpredictable):
    bare = bl.MarketData(unpredictable.prices)
    panel = price_indicators(bare)
    assert np.isfinite(panel.values[60:]).all()
    assert len(panel.proxies) == 2
    assert price_indicators(unpredictable).proxies == ()


@pytest.mark.parametrize("obv", ["full_sample", "to_date"])
def test_an_asset_that_never_trades_keeps_its_other_indicators(unpredictable, obv):
    silent = replace(unpredictable, volume=0 * unpredictable.volume)
    values = price_indicators(silent, obv=obv).values
    assert np.isfinite(values[60:]).all()
    assert not values[1:, :, -1].any()


def test_an_unknown_scaling_is_refused(unpredictable):
    with pytest.raises(ConfigError, match="to_date"):
        price_indicators(unpredictable, obv="rolling")
