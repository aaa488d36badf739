"""The result of a backtest, and its exact copy on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.errors import DataError
from blportfolio.folders import new_folder
from blportfolio.validation import read_only

SERIES = ("returns", "gross_returns", "wealth", "turnover", "costs")
FRAMES = ("weights", "drifted_weights", "trades", "views", "notes")


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """What a strategy did and earned.

    Attributes:
        returns: (n_periods,) net simple returns per period held.
        gross_returns: (n_periods,) before costs.
        wealth: (n_periods + 1,) growth of 1 net of costs, from the first decision on.
        weights: (n_decisions, n_assets) target weights; what is missing to 1 is cash.
        drifted_weights: (n_decisions, n_assets) weights just before each decision.
        trades: One row a trade: date, asset, weight_before, weight_after, trade, value, cost,
            reason (rebalance, left, delisted).
        turnover: (n_decisions,) one-way, ½Σ|w_new − w_drifted|; the first is the purchase.
        costs: (n_decisions,) cost as a share of wealth, rate × Σ|w_new − w_drifted|.
        views: One row a decision and view: date, view_on, prior, view, standard_deviation,
            posterior; decimal per period.
        notes: One row a remark: date, kind (fallback, optimiser, ridge, universe, delisted,
            features, doubt, views, no views), message.
        manifest: What ran, on what, with what settings.
    """

    returns: pd.Series
    gross_returns: pd.Series
    wealth: pd.Series
    weights: pd.DataFrame
    drifted_weights: pd.DataFrame
    trades: pd.DataFrame
    turnover: pd.Series
    costs: pd.Series
    views: pd.DataFrame
    notes: pd.DataFrame
    manifest: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Forbid writing to the numbers in place."""
        for name in SERIES:
            series = getattr(self, name)
            frozen = read_only(series.to_numpy())
            object.__setattr__(
                self, name, pd.Series(frozen, index=series.index, name=name, copy=False)
            )
        for name in ("weights", "drifted_weights"):
            frame = getattr(self, name)
            frozen = read_only(frame.to_numpy())
            object.__setattr__(
                self,
                name,
                pd.DataFrame(frozen, index=frame.index, columns=frame.columns, copy=False),
            )

    @property
    def name(self) -> str:
        """Name of the strategy."""
        return str(self.manifest["strategy"]["name"])

    @property
    def periods_per_year(self) -> float:
        """Periods of the data in a year."""
        return float(self.manifest["data"]["periods_per_year"])

    def save(self, folder: str | Path) -> Path:
        """Write the result to a new folder; it appears there whole or not at all.

        Args:
            folder: Folder to make; it may exist if it is empty.

        Raises:
            OutputError: If it exists or cannot be written.
        """
        target = Path(folder)
        with new_folder(target) as part:
            for name in SERIES:
                getattr(self, name).to_frame(name).to_parquet(part / f"{name}.parquet")
            for name in FRAMES:
                getattr(self, name).to_parquet(part / f"{name}.parquet")
            # Parquet knows fewer time units than pandas.
            storage = {"date_unit": pd.DatetimeIndex(self.returns.index).unit}
            document = {**self.manifest, "storage": storage}
            text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
            (part / "manifest.json").write_text(text + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, folder: str | Path) -> BacktestResult:
        """Read a result that `save` wrote, exactly as it was.

        Raises:
            DataError: If the folder holds no complete result.
        """
        source = Path(folder)
        if not os.path.isfile(source / "manifest.json"):  # Path.is_file raises on long paths
            raise DataError(
                f"The folder {str(source)!r} holds no finished result (no manifest.json)."
            )
        if (source / "strategies").is_dir():
            names = sorted(path.name for path in (source / "strategies").iterdir())
            raise DataError(
                f"The folder {str(source)!r} is a run of several strategies; load one of them: "
                f"{', '.join(f'strategies/{name}' for name in names)}."
            )
        try:
            manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
            unit = manifest.pop("storage")["date_unit"]
            parts: dict[str, Any] = {}
            for name in (*SERIES, *FRAMES):
                frame = pd.read_parquet(source / f"{name}.parquet")
                if isinstance(frame.index, pd.DatetimeIndex):
                    frame.index = frame.index.as_unit(unit)
                if "date" in frame.columns:
                    frame["date"] = frame["date"].dt.as_unit(unit)
                parts[name] = frame[name] if name in SERIES else frame
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"The result in {str(source)!r} is damaged: {reason}.") from error
        return cls(**parts, manifest=manifest)
