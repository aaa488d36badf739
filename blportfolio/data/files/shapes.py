"""Tells the bars of one asset by their numbers alone, where no label does."""

from __future__ import annotations

import numpy as np

from blportfolio.data.files.date_forms import looks_like_date
from blportfolio.validation import FloatArray

LEAST_ROWS = 8
MOST_ROWS = 300
MOST_COLUMNS = 15
WIDEST_BAR = 0.1
"""Median height of a bar, as a share of the median low, above which it is none."""
LEAST_TURNS = 0.15
"""Share of rows in which open and close change places, at least."""


def name_bars(rows: list[list[str]], date: int) -> list[str] | None:
    """Return labels for rows without a header, where they are date, open, high, low and close.

    Args:
        rows: Texts of the cells of the first rows, all of data.
        date: Position of the dates.
    """
    width = len(rows[0])
    for start in (date + 1, date + 2):
        if start + 4 > width or any(len(row) != width for row in rows[:MOST_ROWS]):
            continue
        numbers = [[_number(cell) for cell in row[start : start + 5]] for row in rows[:MOST_ROWS]]
        bars = np.array([row[:4] for row in numbers])
        if len(bars) < 3 or not (bars > 0).all():
            continue
        first, high, low, last = bars.T
        fits = (high >= np.maximum(first, last)) & (low <= np.minimum(first, last))
        if not fits.all() or not (high > low).any():
            continue
        labels = [""] * width
        labels[date : date + 1] = ["date"]
        labels[start : start + 4] = ["open", "high", "low", "close"]
        if start + 4 < width and all(row[4] >= 0 for row in numbers):
            labels[start + 4] = "volume"
        return labels
    return None


def _number(cell: str) -> float:
    text = cell.strip()
    if looks_like_date(text):
        return np.nan
    try:
        return float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        return np.nan


def find_bar(values: FloatArray) -> tuple[int, int, int, int] | None:
    """Return the positions of a high, a low and two prices between them, as bars have them.

    Of four assets one may lie above and one below the others too, but the two between do not change
    places from day to day, as open and close do.

    Args:
        values: (n_rows, n_columns) numbers, NaN where missing.
    """
    if not 4 <= values.shape[1] <= MOST_COLUMNS:
        return None
    rows = values[np.isfinite(values).all(axis=1)][:MOST_ROWS]
    if len(rows) < LEAST_ROWS or not (rows.min(axis=1) >= 0).all():
        return None
    above = np.asarray((rows[:, :, None] >= rows[:, None, :]).all(axis=0))
    for high, low in np.argwhere(above).tolist():
        height = np.median(rows[:, high] - rows[:, low])
        if not 0 < height < WIDEST_BAR * np.median(rows[:, low]):
            continue
        within = np.flatnonzero(above[high] & above[:, low])
        between = [int(n) for n in within if n not in (high, low)]
        for place, one in enumerate(between):
            for other in between[place + 1 :]:
                signs = np.sign(rows[:, one] - rows[:, other])
                turns = np.mean(signs[1:] * signs[:-1] < 0)
                if turns > LEAST_TURNS:
                    return high, low, one, other
    return None
