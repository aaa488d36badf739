"""Records a simulation as arrays and turns them into labelled results at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from blportfolio.types import BoolArray, FloatArray, Moments

VIEW_COLUMNS = ("prior", "view", "standard_deviation", "posterior")


@dataclass(slots=True)
class Recorder:
    """What the loop writes down, one entry a decision."""

    rows: list[int] = field(default_factory=list)
    targets: list[FloatArray] = field(default_factory=list)
    drifted: list[FloatArray] = field(default_factory=list)
    traded: list[float] = field(default_factory=list)
    notes: list[tuple[int, str, str]] = field(default_factory=list)
    views: list[tuple[int, tuple[str, ...], FloatArray]] = field(default_factory=list)

    def add_views(self, row: int, moments: Moments) -> None:
        """Write down what each view said, and what the model made of it."""
        views = moments.views
        if views is None:
            return
        said = np.column_stack(
            [
                views.pick @ views.prior_mean,
                views.mean,
                np.sqrt(np.maximum(np.diagonal(views.effective), 0.0)),
                views.pick @ moments.mean,
            ]
        )
        self.views.append((row, views.labels, said))

    def views_frame(self, dates: pd.DatetimeIndex) -> pd.DataFrame:
        """Return one row a decision and view: prior, view, its deviation, posterior."""
        values = np.vstack([v for _, _, v in self.views]) if self.views else np.empty((0, 4))
        rows = [row for row, labels, _ in self.views for _ in labels]
        labels = [label for _, names, _ in self.views for label in names]
        frame = pd.DataFrame(values, columns=list(VIEW_COLUMNS))
        frame.insert(0, "date", dates[np.array(rows, dtype=int)])
        frame.insert(1, "view_on", pd.Series(labels, dtype="str"))
        return frame

    def notes_frame(self, dates: pd.DatetimeIndex) -> pd.DataFrame:
        """Return one row a note: date, kind, message."""
        rows = np.array([row for row, _, _ in self.notes], dtype=int)
        return pd.DataFrame(
            {
                "date": dates[rows],
                "kind": pd.array([kind for _, kind, _ in self.notes], dtype="str"),
                "message": pd.array([text for _, _, text in self.notes], dtype="str"),
            }
        )


def trades_frame(
    dates: pd.DatetimeIndex,
    assets: pd.Index,
    targets: FloatArray,
    drifted: FloatArray,
    wealth: FloatArray,
    rate: float,
    *,
    priced: BoolArray,
    eligible: BoolArray,
) -> pd.DataFrame:
    """Return the ledger: one row a trade.

    Args:
        dates: (n_decisions,) dates.
        assets: (n_assets,) labels.
        targets: (n_decisions, n_assets) weights after the trade.
        drifted: (n_decisions, n_assets) weights before it.
        wealth: (n_decisions,) wealth before the trade and its cost.
        rate: Cost of each unit bought and each unit sold.
        priced: (n_decisions, n_assets) whether there is a price on the date.
        eligible: (n_decisions, n_assets) whether the asset may be held then.

    Returns:
        Columns date, asset, weight_before, weight_after, trade (their difference), value (trade ×
        wealth) and cost (rate × |value|), in units of the wealth at the start, and reason:
        `delisted` where an asset without a price any longer is sold at its last one, `left` where
        one is sold because it may no longer be held, else `rebalance`.
    """
    trade = targets - drifted
    row, column = np.nonzero(trade)
    amount = trade[row, column]
    value = amount * wealth[row]
    reason = np.where(eligible[row, column], "rebalance", "left")
    reason = np.where(priced[row, column], reason, "delisted")
    return pd.DataFrame(
        {
            "date": dates[row],
            "asset": assets[column].astype("str"),
            "weight_before": drifted[row, column],
            "weight_after": targets[row, column],
            "trade": amount,
            "value": value,
            "cost": rate * np.abs(value),
            "reason": pd.array(reason, dtype="str"),
        }
    )


def gist(message: str) -> str:
    """Return a message without its figures, by which notes that say the same are told."""
    return re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", message)
