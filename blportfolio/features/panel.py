"""Stacks features into a panel, lags them, and standardises with past data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blportfolio.data import MarketData
from blportfolio.errors import ConfigError, DataError
from blportfolio.types import Feature, FeaturePanel, FloatArray


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """A feature with how a strategy wants it used.

    Attributes:
        feature: The feature family.
        name: Its name in the registry, for messages.
        optional: Skip it, with a note, where the data lack a column it needs.
        lag: Extra periods to wait before a value may be used (0: known at the close of its date).
    """

    feature: Feature
    name: str
    optional: bool = False
    lag: int = 0

    def __post_init__(self) -> None:
        """Check the lag."""
        if self.lag < 0:
            raise ConfigError(f"`lag` of feature {self.name!r} must be 0 or more, got {self.lag}.")


def build_panel(
    market: MarketData, choices: Sequence[FeatureChoice]
) -> tuple[FeaturePanel, tuple[str, ...]]:
    """Compute features over the whole history; row t uses data up to and including t.

    Args:
        market: The data.
        choices: Features in the order in which they are stacked.

    Returns:
        The panel, (n_dates, n_assets, n_features), and notes on what was skipped.

    Raises:
        DataError: If a feature needs a column that the data lack and is not optional.
        ConfigError: If two features have the same column name.
    """
    columns: dict[str, FloatArray] = {}
    notes: list[str] = []
    for choice in choices:
        lacking = [need for need in choice.feature.requires if getattr(market, need) is None]
        if lacking:
            reason = f"Feature {choice.name!r} needs {lacking[0]!r}, which {market.name!r} lacks"
            if not choice.optional:
                raise DataError(f"{reason}. Give data with it, remove it or mark it optional.")
            notes.append(f"{reason}; it was skipped.")
            continue
        for name, frame in choice.feature.compute(market).items():
            if name in columns:
                raise ConfigError(f"Two features give the column {name!r}; remove one of them.")
            values = frame.reindex(columns=market.prices.columns).shift(choice.lag)
            columns[name] = values.to_numpy(dtype=float)
    shape = (*market.prices.shape, 0)
    stacked = np.stack(list(columns.values()), axis=2) if columns else np.empty(shape)
    stacked[~np.isfinite(stacked)] = np.nan
    return FeaturePanel(stacked, market.dates, market.assets, tuple(columns)), tuple(notes)


def standardise(features: FloatArray, known: FloatArray) -> FloatArray:
    """Centre and scale features by the rows that `known` marks.

    Args:
        features: (n_obs, n_assets, n_features), oldest first.
        known: (n_obs, n_assets) of 0 and 1; rows marked 0 have no part in mean and deviation.

    Returns:
        (n_obs, n_assets, n_features) z-scores; 0 where a feature is constant.
    """
    weight = known[:, :, None]
    count = np.maximum(weight.sum(axis=0), 1.0)
    filled = np.where(weight > 0, features, 0.0)
    mean = filled.sum(axis=0) / count
    centred = np.where(weight > 0, features - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    scale = np.maximum(np.abs(mean), np.abs(filled).max(axis=0, initial=0.0))
    varies = deviation > 1e-10 * scale
    safe = np.where(varies, deviation, 1.0)
    scores: FloatArray = np.where(varies, (features - mean) / safe, 0.0)
    return scores
