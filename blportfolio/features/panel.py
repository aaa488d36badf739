"""Stacks features into a panel, lags them, and standardises with past data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import BLPortfolioError, ConfigError, DataError
from blportfolio.features.base import Progress, compute_frames, data_needs, is_forecast, lacking
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
    market: MarketData, choices: Sequence[FeatureChoice], *, progress: Progress | None = None
) -> tuple[FeaturePanel, tuple[str, ...]]:
    """Compute features over the whole history; row t uses data up to and including t.

    Args:
        market: The data.
        choices: Features in the order in which they are stacked.
        progress: Called while a feature that takes long is computed, such as a forecast, with the
            steps done and all; each such feature begins anew.

    Returns:
        The panel, (n_dates, n_assets, n_features), and notes on what was skipped.

    Raises:
        DataError: If a feature needs a column or a macro series that the data lack and is not
            optional.
        ConfigError: If two features have the same column name.
    """
    columns: dict[str, FloatArray] = {}
    forecasts: list[str] = []
    notes: list[str] = []
    for choice in choices:
        lack = lacking(market, data_needs(choice.feature))
        if lack is not None:
            what, hint = lack
            reason = f"Feature {choice.name!r} needs {what}, which {market.name!r} lacks"
            if not choice.optional:
                raise DataError(
                    f"{reason}. {hint}Give data with it, remove it or mark it optional."
                )
            notes.append(f"{reason}; it was skipped.")
            continue
        try:
            frames = compute_frames(choice.feature, market, progress)
        except BLPortfolioError as error:
            error.args = (f"Feature {choice.name!r} cannot be computed. {error}",)
            raise
        for name, frame in frames.items():
            if name in columns:
                raise ConfigError(f"Two features give the column {name!r}; remove one of them.")
            values = frame.reindex(columns=market.prices.columns).shift(choice.lag)
            columns[name] = values.to_numpy(dtype=float)
            if is_forecast(choice.feature):
                forecasts.append(name)
    shape = (*market.prices.shape, 0)
    stacked = np.stack(list(columns.values()), axis=2) if columns else np.empty(shape)
    stacked[~np.isfinite(stacked)] = np.nan
    panel = FeaturePanel(
        stacked, market.dates, market.assets, tuple(columns), forecasts=tuple(forecasts)
    )
    return panel, tuple(notes)


def missing_features(values: FloatArray, names: Sequence[str]) -> tuple[str, ...]:
    """Name the features that no asset has at a decision.

    Args:
        values: (n_assets, n_features) features in the last row of a window, NaN where unknown.
        names: (n_features,) labels.

    Returns:
        Those of `names` that are NaN for all assets, in their order; none without assets.
    """
    if not len(values):
        return ()
    missing = np.flatnonzero(np.all(np.isnan(values), axis=0))
    return tuple(names[int(i)] for i in missing)


def missing_since(panel: FeaturePanel, row: int) -> dict[str, pd.Timestamp | None]:
    """Tell since when the features that are missing at `row` have been missing.

    Args:
        panel: Features of all assets and dates.
        row: Position of the decision.

    Returns:
        By name, for the features that are NaN for all assets at `row`, the first date of that
        spell; None where no asset has had the feature at all so far.
    """
    since: dict[str, pd.Timestamp | None] = {}
    for name in missing_features(panel.values[row], panel.names):
        history = panel.values[: row + 1, :, panel.names.index(name)]
        known = np.flatnonzero(~np.all(np.isnan(history), axis=1))
        since[name] = panel.index[known[-1] + 1] if len(known) else None
    return since


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
