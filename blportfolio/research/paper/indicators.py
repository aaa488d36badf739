"""The paper's nine indicators as it enters them: in units of the price, on the same day."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.features import FEATURES
from blportfolio.types import BoolArray, FloatArray
from blportfolio.validation import check_choice

INDICATORS = ("atr", "adx", "ema", "macd", "sma", "rsi", "upper", "lower", "obv")
"""Table 3, in its order; `upper` and `lower` are the Bollinger bands."""

IN_PRICE_UNITS: BoolArray = np.array([name not in ("adx", "rsi", "obv") for name in INDICATORS])
"""(9,) which of them double when the price doubles."""

OBV_SCALINGS = ("full_sample", "to_date")


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorPanel:
    """The nine indicators of every asset.

    Attributes:
        values: (n_dates, n_assets, 9) in the order of `INDICATORS`; NaN until known.
        proxies: Which of them stand in for bars or volumes that the data lack, in sentences.
    """

    values: FloatArray
    proxies: tuple[str, ...]


def price_indicators(market: MarketData, *, obv: str = "full_sample") -> IndicatorPanel:
    """Compute Table 3 in price units: the project's scale-free features times the price.

    ATR(14), ADX(14), EMA(14), the line of MACD(12, 26, 9), SMA(20), RSI(14), Bollinger bands (20,
    2 standard deviations) and on-balance volume scaled to [0, 1]. ADX and RSI are in [0, 100].

    Args:
        market: The data. Without highs and lows, ATR and ADX take closes for them; without
            volumes every period counts 1 in OBV.
        obv: How OBV is scaled: by its range over the `full_sample`, as the paper does, which looks
            ahead; or by its range `to_date`.

    Raises:
        ConfigError: If `obv` is neither.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Table 3.
    """
    check_choice(obv, OBV_SCALINGS, name="obv")
    market = replace(market, membership=None)
    prices = market.prices
    proxies = []
    bars = market.high is not None and market.low is not None
    if not bars:
        proxies.append("ATR and ADX take closes for the highs and lows that the data lack.")
    if market.volume is None:
        proxies.append("Every period counts 1 in OBV, as the data lack volumes.")

    def feature(name: str, **settings: object) -> dict[str, pd.DataFrame]:
        return dict(FEATURES[name](**settings).compute(market))

    bands = feature("bollinger_bands", window=20, width=2.0)
    frames: dict[str, pd.DataFrame | FloatArray] = {
        "atr": feature("atr", window=14, close_only=not bars)["atr_14"] * prices,
        "adx": 100 * feature("adx", window=14, close_only=not bars)["adx_14"],
        "ema": prices / (1 + feature("ema_distance", window=14)["ema_distance_14"]),
        "macd": feature("macd", fast=12, slow=26, signal=9)["macd"] * prices,
        "sma": prices / (1 + feature("sma_distance", window=20)["sma_distance_20"]),
        "rsi": 100 * feature("rsi", window=14)["rsi_14"],
        "upper": (1 + bands["bollinger_upper_20"]) * prices,
        "lower": (1 + bands["bollinger_lower_20"]) * prices,
        "obv": _scaled(on_balance_volume(market), obv),
    }
    values = np.stack([np.asarray(frames[name], dtype=float) for name in INDICATORS], axis=2)
    values.setflags(write=False)
    return IndicatorPanel(values, tuple(proxies))


def on_balance_volume(market: MarketData) -> pd.DataFrame:
    """Return Σ sign(P_t − P_{t−1}) V_t from each asset's second price on.

    Args:
        market: The data; without volumes each period counts 1.

    References:
        Granville (1963), New Key to Stock Market Profits.
    """
    change = market.prices.diff()
    signed = (change > 0).astype(float) - (change < 0).astype(float)
    if market.volume is not None:
        signed = signed * market.volume.fillna(0.0)
    return signed.cumsum().where(change.notna())


def _scaled(line: pd.DataFrame, obv: str) -> FloatArray:
    """Return the line between its lowest and its highest value, in [0, 1]; 0 while it is flat."""
    values = line.to_numpy(dtype=float)
    whole = obv == "full_sample"
    lowest = np.asarray(line.min() if whole else line.cummin(), dtype=float)
    highest = np.asarray(line.max() if whole else line.cummax(), dtype=float)
    span = highest - lowest
    scaled: FloatArray = (values - lowest) / np.where(span > 0, span, 1.0)
    return scaled
