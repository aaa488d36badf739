"""Features: scale-free signals known at the close of their date, and the windows they enter."""

from blportfolio.features.bollinger import BollingerB
from blportfolio.features.macd import MACD
from blportfolio.features.momentum import Momentum
from blportfolio.features.moving_average import EMADistance, SMADistance
from blportfolio.features.panel import FeatureChoice, build_panel, standardise
from blportfolio.features.registry import FEATURES, choose_features, make_feature
from blportfolio.features.rsi import RSI
from blportfolio.features.volatility import Volatility
from blportfolio.features.volume import VolumeRatio
from blportfolio.features.windows import WindowMaker, default_lookback, make_window

__all__ = [
    "FEATURES",
    "MACD",
    "RSI",
    "BollingerB",
    "EMADistance",
    "FeatureChoice",
    "Momentum",
    "SMADistance",
    "Volatility",
    "VolumeRatio",
    "WindowMaker",
    "build_panel",
    "choose_features",
    "default_lookback",
    "make_feature",
    "make_window",
    "standardise",
]
