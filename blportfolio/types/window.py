"""What a model may see: a checked training window and its array twin."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.validation import (
    FloatArray,
    check_date,
    check_dates,
    check_labels,
    check_same_labels,
    check_weights,
    first_true,
    read_only,
)


@dataclass(frozen=True, slots=True, eq=False)
class FeaturePanel:
    """Features by date, asset and name, each known at the close of its date.

    Attributes:
        values: (n_obs, n_assets, n_features); NaN where a feature is not defined yet.
        index: (n_obs,) dates.
        assets: (n_assets,) labels.
        names: (n_features,) labels.
        forecasts: Those of `names` that forecast the mean return per period, in its unit.
    """

    values: FloatArray
    index: pd.DatetimeIndex
    assets: tuple[str, ...]
    names: tuple[str, ...]
    forecasts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the shape against the labels and keep a read-only copy."""
        unknown = [name for name in self.forecasts if name not in self.names]
        if unknown:
            raise DataError(f"`forecasts` names {unknown[0]!r}, which is none of {self.names}.")
        values = read_only(self.values)
        expected = (len(self.index), len(self.assets), len(self.names))
        if values.shape != expected:
            raise DataError(f"`features` must have shape {expected}, got {values.shape}.")
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_obs, n_assets, n_features)."""
        return self.values.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:  # noqa: ANN401
        """Return the values, so that numpy can read the panel."""
        return np.array(self.values, dtype=dtype, copy=copy)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> FeaturePanel:
        """Read a frame with two column levels, (feature, asset), every pair present.

        Raises:
            DataError: If the columns have another layout.
        """
        if frame.columns.nlevels != 2:
            raise DataError("`features` must have two column levels: feature, then asset.")
        names = tuple(dict.fromkeys(str(name) for name in frame.columns.get_level_values(0)))
        assets = tuple(dict.fromkeys(str(a) for a in frame.columns.get_level_values(1)))
        pairs = [(str(pair[0]), str(pair[1])) for pair in frame.columns.to_flat_index()]
        if len(pairs) != len(names) * len(assets) or len(set(pairs)) != len(pairs):
            raise DataError("`features` must hold each (feature, asset) pair exactly once.")
        order = [pairs.index((name, asset)) for asset in assets for name in names]
        values = frame.to_numpy(dtype=float)[:, order]
        return cls(
            values.reshape(len(frame), len(assets), len(names)),
            check_dates(frame.index, name="features"),
            assets,
            names,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return (n_obs, n_features × n_assets) with column levels feature, asset."""
        columns = pd.MultiIndex.from_product([self.names, self.assets], names=["feature", "asset"])
        flat = self.values.transpose(0, 2, 1).reshape(len(self.index), -1)
        return pd.DataFrame(flat, index=self.index, columns=columns)


@dataclass(frozen=True, slots=True, eq=False)
class WindowArrays:
    """A training window as arrays, unchecked: what the hot loop passes to `fit_arrays`.

    Attributes:
        returns: (n_obs, n_assets) decimal per period, excess where a risk-free rate is known.
        assets: (n_assets,) labels.
        features: (n_obs, n_assets, n_features) known at the close of each row, or None.
        feature_names: (n_features,) labels.
        forecasts: Those of `feature_names` that forecast the mean return per period.
        market_weights: (n_assets,) summing to 1, or None.
        periods_per_year: Periods of the data in a year.
        previous_weights: (n_assets,) held just before the decision, or None at the first.
        universe: Labels of all assets of the market, eligible at the decision or not.
    """

    returns: FloatArray
    assets: tuple[str, ...]
    features: FloatArray | None = None
    feature_names: tuple[str, ...] = ()
    forecasts: tuple[str, ...] = ()
    market_weights: FloatArray | None = None
    periods_per_year: float = 252.0
    previous_weights: FloatArray | None = None
    universe: tuple[str, ...] = ()

    def scenarios(self, mean: FloatArray) -> FloatArray:
        """Return (n_obs, n_assets) returns, each asset's moved so that its mean is that given."""
        moved: FloatArray = self.returns + (mean - self.returns.mean(axis=0))
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class TrainingWindow:
    """All that a model may see at one decision.

    Attributes:
        returns: (n_obs, n_assets) decimal per period, oldest first; the last row is the last
            period known at the decision.
        features: `FeaturePanel` (or a frame it can read) on the dates and assets of `returns`.
        macro: Macro-economic series already known at the decision.
        market_weights: Capitalisation weights by asset at the decision, summing to 1.
        as_of: Date of the decision; by default the last date of `returns`.
        periods_per_year: Periods of the data in a year.
        previous_weights: Weights by asset just before the decision.
        realised: Returns, like `returns`, of every period since the last decision, for the assets
            eligible then; 0 once an asset has vanished. For priors that learn across decisions.

    Raises:
        DataError: If returns are not finite, look like prices, or labels disagree.
    """

    returns: pd.DataFrame
    features: FeaturePanel | None = None
    macro: pd.DataFrame | None = None
    market_weights: pd.Series | None = None
    as_of: pd.Timestamp | None = None
    periods_per_year: float = 252.0
    previous_weights: pd.Series | None = None
    realised: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Check once; later layers rely on it."""
        if not isinstance(self.returns, pd.DataFrame):
            raise DataError(
                "`returns` must be a DataFrame (dates × assets), got "
                f"{type(self.returns).__name__}."
            )
        returns = self.returns.copy()
        returns.index = check_dates(returns.index, name="returns")
        returns.columns = pd.Index(check_labels(returns.columns, name="returns"))
        if returns.empty:
            raise DataError(f"`returns` must hold at least one row and asset, got {returns.shape}.")
        check_returns(returns)
        object.__setattr__(self, "returns", returns)
        object.__setattr__(self, "as_of", _checked_as_of(self.as_of, returns.index[-1]))
        for name in ("market_weights", "previous_weights"):
            weights = getattr(self, name)
            if weights is not None:
                checked = check_weights(weights, name=name)
                check_same_labels(list(checked.index), list(returns.columns), name=name)
                object.__setattr__(self, name, checked.reindex(returns.columns))
        caps = self.market_weights
        if caps is not None and not ((caps >= 0).all() and abs(caps.sum() - 1) < 1e-6):
            raise DataError(
                f"`market_weights` must be 0 or more and sum to 1, got a sum of {caps.sum():.6g}."
            )
        if not self.periods_per_year > 0:
            raise DataError(f"`periods_per_year` must be above 0, got {self.periods_per_year}.")
        if self.features is not None:
            object.__setattr__(self, "features", _aligned_features(self.features, returns))

    @property
    def assets(self) -> tuple[str, ...]:
        """(n_assets,) labels in the order of `returns`."""
        return tuple(self.returns.columns)

    def arrays(self) -> WindowArrays:
        """Return the window as arrays for `fit_arrays`."""

        def vector(weights: pd.Series | None) -> FloatArray | None:
            return None if weights is None else weights.to_numpy(dtype=float)

        return WindowArrays(
            returns=self.returns.to_numpy(dtype=float),
            assets=self.assets,
            features=None if self.features is None else self.features.values,
            feature_names=() if self.features is None else self.features.names,
            forecasts=() if self.features is None else self.features.forecasts,
            market_weights=vector(self.market_weights),
            periods_per_year=self.periods_per_year,
            previous_weights=vector(self.previous_weights),
        )


def check_returns(returns: pd.DataFrame) -> None:
    """Check that a frame holds simple returns.

    Raises:
        DataError: If a column is not numeric or finite, loses more than everything, never
            changes, or holds what look like prices.
    """
    try:
        values = returns.to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"`returns` must hold numbers: {error}.") from error
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = first_true(bad)
        raise DataError(
            f"`returns` must be finite; {returns.columns[column]!r} has {values[row, column]} on "
            f"{returns.index[row].date()}. Drop that asset or fill its prices first."
        )
    if (values > 0).all() and float(np.median(values)) > 0.2:
        raise DataError(
            f"`returns` look like prices (all positive, median {np.median(values):.4g}). "
            "Pass simple returns, for example `prices.pct_change().dropna()`."
        )
    if (values <= -1).any():
        row, column = first_true(values <= -1)
        raise DataError(
            f"`returns` must be simple decimal returns above -1; {returns.columns[column]!r} has "
            f"{values[row, column]:.4g} on {returns.index[row].date()}. Divide percent by 100."
        )
    if len(values) > 1:
        constant = np.flatnonzero(np.ptp(values, axis=0) <= 1e-12)
        if len(constant):
            raise DataError(
                f"`returns` of {returns.columns[constant[0]]!r} never change, so it has no risk "
                "to estimate. Drop that asset."
            )


def _checked_as_of(as_of: pd.Timestamp | None, last: pd.Timestamp) -> pd.Timestamp:
    if as_of is None:
        return last
    date = check_date(as_of, name="as_of")
    if date < last:
        raise DataError(
            f"`as_of` must not lie before the last of `returns`, {last.date()}, which a decision "
            f"then could not have seen; got {as_of}."
        )
    return date


def _aligned_features(features: FeaturePanel | pd.DataFrame, returns: pd.DataFrame) -> FeaturePanel:
    panel = FeaturePanel.from_frame(features) if isinstance(features, pd.DataFrame) else features
    if not isinstance(panel, FeaturePanel):
        raise DataError(
            f"`features` must be a FeaturePanel or a DataFrame, got {type(panel).__name__}."
        )
    if not panel.index.equals(returns.index):
        raise DataError("`features` must have the same dates as `returns`; reindex them first.")
    check_same_labels(panel.assets, list(returns.columns), name="features")
    order = [panel.assets.index(asset) for asset in returns.columns]
    return dataclasses.replace(panel, values=panel.values[:, order], assets=tuple(returns.columns))
