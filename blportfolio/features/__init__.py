"""Features: scale-free signals known at the close of their date, and the windows they enter."""

from blportfolio.features.bollinger import BollingerB, BollingerBands
from blportfolio.features.forecast import Forecast
from blportfolio.features.macd import MACD
from blportfolio.features.macro import VIX, CreditSpread, Inflation, ShortRate, TermSpread
from blportfolio.features.momentum import Momentum
from blportfolio.features.moving_average import EMADistance, SMADistance
from blportfolio.features.panel import (
    FeatureChoice,
    build_panel,
    missing_features,
    missing_since,
    standardise,
)
from blportfolio.features.registry import FEATURES, choose_features, make_feature
from blportfolio.features.rsi import RSI
from blportfolio.features.true_range import ADX, ATR
from blportfolio.features.volatility import Volatility
from blportfolio.features.volume import OBV, VolumeRatio
from blportfolio.features.windows import WindowMaker, default_lookback, make_window

__all__ = [
    "ADX",
    "ATR",
    "FEATURES",
    "MACD",
    "OBV",
    "RSI",
    "VIX",
    "BollingerB",
    "BollingerBands",
    "CreditSpread",
    "EMADistance",
    "FeatureChoice",
    "Forecast",
    "Inflation",
    "Momentum",
    "SMADistance",
    "ShortRate",
    "TermSpread",
    "Volatility",
    "VolumeRatio",
    "WindowMaker",
    "build_panel",
    "choose_features",
    "default_lookback",
    "make_feature",
    "make_window",
    "missing_features",
    "missing_since",
    "standardise",
]
