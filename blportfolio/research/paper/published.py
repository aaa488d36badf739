"""The tables that the paper prints, and the weights that its authors published, as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from blportfolio.data.paths import packaged_folder
from blportfolio.errors import DataError
from blportfolio.validation import check_choice

UNIVERSES = ("etf", "dow")

PUBLISHED_DATES = {"etf": ("2004-04-13", "2024-02-22"), "dow": ("1994-01-05", "2024-02-22")}
"""First and last day of each table (Section 4)."""


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of Table 1 or 2, in decimals, with its turnover from Table 6.

    Attributes:
        table: Number of the table: 1 for the sector ETFs, 2 for the Dow.
        model: MV or BL, or a benchmark: EQW, S&P500, DJIA.
        lookback: Days of returns in the window; None for a benchmark.
        cumulative_return: Over the whole period.
        published_cagr: As printed, with years of calendar days / 252.
        sharpe_ratio: Annualised, over a rate of 0.
        max_drawdown: ≤ 0 (printed without the sign).
        volatility: Annualised.
        turnover: One-way, a rebalance, between target weights; None for a benchmark.
    """

    table: int
    model: str
    lookback: int | None
    cumulative_return: float
    published_cagr: float
    sharpe_ratio: float
    max_drawdown: float
    volatility: float
    turnover: float | None

    @property
    def label(self) -> str:
        """Name of the row as the paper prints it, such as BL(100d)."""
        return self.model if self.lookback is None else f"{self.model}({self.lookback}d)"


def published_table(universe: str) -> tuple[PublishedRow, ...]:
    """Return the paper's results for a universe, in the order of the table.

    Args:
        universe: `etf` (Table 1) or `dow` (Table 2).

    Raises:
        ConfigError: If it is neither.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Tables 1, 2 and 6.
    """
    check_choice(universe, UNIVERSES, name="universe")
    frame = pd.read_csv(packaged_folder("data") / "paper_tables" / "tables.csv")
    return tuple(
        PublishedRow(
            table=int(row["table"]),
            model=str(row["model"]),
            lookback=None if pd.isna(row["lookback"]) else int(row["lookback"]),
            cumulative_return=_decimal(row["cumulative_return"]),
            published_cagr=_decimal(row["cagr"]),
            sharpe_ratio=float(row["sharpe_ratio"]),
            max_drawdown=-_decimal(row["max_drawdown"]),
            volatility=_decimal(row["volatility"]),
            turnover=None if pd.isna(row["turnover"]) else _decimal(row["turnover"]),
        )
        for row in frame.loc[frame["universe"] == universe].to_dict("records")
    )


def _decimal(percent: float) -> float:
    return round(percent / 100, 6)  # as printed: no rounding error of the division


def read_published_weights(path: str | Path) -> pd.DataFrame:
    """Read target weights that the authors published, one row a rebalance.

    Args:
        path: CSV file: `date`, the first day held, then one column an asset.

    Returns:
        (n_decisions, n_assets) weights by the first day held; a row of zeros where the authors
        found none, as no expected return was above 0.

    Raises:
        DataError: If the file cannot be read, or holds no weights that sum to 1 (or 0) by date.
    """
    try:
        frame = pd.read_csv(path, index_col=0, parse_dates=True)
        frame = frame.astype(float)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"The weights {str(path)!r} cannot be read: {reason}.") from error
    dated = isinstance(frame.index, pd.DatetimeIndex) and frame.index.is_monotonic_increasing
    if not dated or not frame.index.is_unique or frame.empty:
        raise DataError(f"The weights {str(path)!r} must have a first column of rising dates.")
    total = frame.sum(axis=1)
    if not bool((total.sub(1).abs().lt(1e-4) | frame.eq(0).all(axis=1)).all()):
        raise DataError(f"The weights {str(path)!r} must sum to 1 on every date.")
    return frame.rename_axis(index="date", columns="asset")
