"""The registry of features by the name that strategies use."""

from blportfolio.errors import ConfigError
from blportfolio.features.bollinger import BollingerB
from blportfolio.features.macd import MACD
from blportfolio.features.momentum import Momentum
from blportfolio.features.moving_average import EMADistance, SMADistance
from blportfolio.features.rsi import RSI
from blportfolio.features.volatility import Volatility
from blportfolio.features.volume import VolumeRatio
from blportfolio.types import Feature
from blportfolio.validation import nearest_name

FEATURES: dict[str, type[Feature]] = {
    "bollinger_b": BollingerB,
    "ema_distance": EMADistance,
    "macd": MACD,
    "momentum": Momentum,
    "rsi": RSI,
    "sma_distance": SMADistance,
    "volatility": Volatility,
    "volume_ratio": VolumeRatio,
}


def make_feature(name: str) -> Feature:
    """Return the feature of that registry name with its default parameters.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in FEATURES:
        raise ConfigError(f"There is no feature {name!r}. {nearest_name(name, FEATURES)}")
    return FEATURES[name]()
