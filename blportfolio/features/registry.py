"""The registry of features by the name that strategies use."""

from collections.abc import Iterable, Mapping

from blportfolio.errors import ConfigError
from blportfolio.features.bollinger import BollingerB, BollingerBands
from blportfolio.features.forecast import Forecast
from blportfolio.features.macd import MACD
from blportfolio.features.macro import VIX, CreditSpread, Inflation, ShortRate, TermSpread
from blportfolio.features.momentum import Momentum
from blportfolio.features.moving_average import EMADistance, SMADistance
from blportfolio.features.panel import FeatureChoice
from blportfolio.features.rsi import RSI
from blportfolio.features.true_range import ADX, ATR
from blportfolio.features.volatility import Volatility
from blportfolio.features.volume import OBV, VolumeRatio
from blportfolio.types import Feature
from blportfolio.validation import nearest_name

FEATURES: dict[str, type[Feature]] = {
    "adx": ADX,
    "atr": ATR,
    "bollinger_b": BollingerB,
    "bollinger_bands": BollingerBands,
    "credit_spread": CreditSpread,
    "ema_distance": EMADistance,
    "forecast": Forecast,
    "inflation": Inflation,
    "macd": MACD,
    "momentum": Momentum,
    "obv": OBV,
    "rsi": RSI,
    "short_rate": ShortRate,
    "sma_distance": SMADistance,
    "term_spread": TermSpread,
    "vix": VIX,
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


def choose_features(
    features: str | Iterable[str | Feature | FeatureChoice],
) -> tuple[FeatureChoice, ...]:
    """Return choices for names, features and choices, in their order.

    Raises:
        ConfigError: If one is none of them, or a name is unknown.
    """
    if isinstance(features, str):
        features = (features,)
    if isinstance(features, Mapping) or not isinstance(features, Iterable):
        raise ConfigError(f"`features` must be a list of names or features, got {features!r}.")
    return tuple(_choice(feature) for feature in features)


def _choice(feature: str | Feature | FeatureChoice) -> FeatureChoice:
    if isinstance(feature, FeatureChoice):
        return feature
    if isinstance(feature, str):
        return FeatureChoice(make_feature(feature), feature)
    if isinstance(feature, type) or not hasattr(feature, "compute"):
        raise ConfigError(
            f"`features` must hold names or features such as Momentum(), got {feature!r}."
        )
    return FeatureChoice(feature, type(feature).__name__)
