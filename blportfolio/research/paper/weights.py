"""Our weights beside those that the authors published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.errors import DataError

LONGEST_GAP = pd.Timedelta(days=10)
"""Between the date decided at and the first day held: a decision further away is another."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightComparison:
    """How far two sets of target weights are apart, date by date.

    Attributes:
        by_date: One row a published date: `decided` (our date), `active_share` = ½Σ|difference|,
            `largest_difference` and `correlation` across assets (NaN where either is constant).
        left_out: Published dates that cannot be compared, with the reason.
    """

    by_date: pd.DataFrame
    left_out: pd.Series

    @property
    def n_dates(self) -> int:
        """Dates compared."""
        return len(self.by_date)

    def quantiles(self, column: str = "active_share") -> pd.Series:
        """Return the 10, 25, 50, 75 and 90 % quantiles of a column."""
        found: pd.Series = self.by_date[column].quantile([0.1, 0.25, 0.5, 0.75, 0.9])
        return found


def compare_weights(ours: pd.DataFrame, published: pd.DataFrame) -> WeightComparison:
    """Compare target weights decided at a close with weights printed on the first day held.

    A published date is left out where we have no decision within ten days before it, where the
    authors hold an asset that we lack, where they have no weights at all, or where ours are not
    fully invested.

    Args:
        ours: (n_decisions, n_assets) by the date decided at, such as `BacktestResult.weights`.
        published: (n_published, n_assets) as `read_published_weights` gives them.

    Raises:
        DataError: If no date can be compared.
    """
    assets = list(ours.columns.union(published.columns))
    wanted = published.reindex(columns=assets, fill_value=0.0)
    held = ours.reindex(columns=assets, fill_value=0.0)
    lacking = [asset for asset in published.columns if asset not in ours.columns]
    decided = pd.DatetimeIndex(ours.index)
    rows, reasons = [], {}
    for date, target in zip(wanted.index, wanted.to_numpy(dtype=float), strict=True):
        position = int(decided.searchsorted(date, side="left")) - 1
        if position < 0 or date - decided[position] > LONGEST_GAP:
            reasons[date] = "no decision of ours"
            continue
        weights = held.iloc[position].to_numpy(dtype=float)
        if not target.any():
            reasons[date] = "no published weights"
        elif published.loc[date, lacking].sum() > 1e-6:
            reasons[date] = "holds an asset that these data lack"
        elif abs(weights.sum() - 1) > 1e-6:
            reasons[date] = "ours are not fully invested"
        else:
            gap = np.abs(weights - target)
            rows.append(
                (date, decided[position], gap.sum() / 2, gap.max(), _correlation(weights, target))
            )
    left_out = pd.Series(reasons, dtype="str", name="reason").rename_axis("date")
    if not rows:
        raise DataError(
            f"`published` has no date that `ours` can be compared on: {left_out_words(left_out)}. "
            "It must name the same assets, and date weights by the first day held."
        )
    columns = ["date", "decided", "active_share", "largest_difference", "correlation"]
    return WeightComparison(
        pd.DataFrame(rows, columns=columns).set_index("date"),
        left_out,
    )


def left_out_words(left_out: pd.Series) -> str:
    """Return how many dates are left out for which reason."""
    counts = left_out.value_counts()
    return "; ".join(f"{reason} on {count}" for reason, count in counts.items())


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
