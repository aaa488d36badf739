"""Adjusts closes by the dividends and splits that their own source lists."""

from __future__ import annotations

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.errors import DataError
from blportfolio.validation import FloatArray, first_true


def adjust_closes(bars: Bars) -> tuple[Bars, tuple[str, ...]]:
    """Return bars whose prices are closes adjusted by the listed dividends and splits.

    The close before an event is multiplied by (1 - D s / P) / s, and so is each one before that:
    P is the last close before the event, D the dividend for a share after it, s the new shares for
    an old one. A split counts only where the closes still show it, that is where they move less
    with it taken out: many sources adjust closes for splits and not for dividends.

    Args:
        bars: Closes (`close`, else `prices`) with `dividends`, `splits` or both.

    Returns:
        Bars with adjusted `prices` and the closes as `close`, and what was done, in sentences.

    Raises:
        DataError: If neither dividends nor splits are there, or one is impossible.
    """
    if bars.dividends is None and bars.splits is None:
        raise DataError(
            "`adjust` needs dividends or splits, and the file has no such column; leave it out, or "
            "take adjusted closes."
        )
    frame = bars.prices if bars.close is None else bars.close
    closes = frame.to_numpy(dtype=float)
    before = np.full(closes.shape, np.nan)
    before[1:] = frame.ffill().to_numpy(dtype=float)[:-1]
    ratio = _ratios(bars, frame, closes, before)
    paid = np.zeros_like(closes)
    if bars.dividends is not None:
        paid = np.nan_to_num(bars.dividends.to_numpy(dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(np.isnan(before), 1.0, (1 - paid * ratio / before) / ratio)
    impossible = (step <= 0) | (paid < 0) | ~np.isfinite(step)
    if impossible.any():
        row, column = first_true(impossible)
        raise DataError(
            f"The dividend of {frame.columns[column]!r} on {frame.index[row].date()} is "
            f"{paid[row, column]:g}, and the close before it {before[row, column]:g}; correct it."
        )
    # What lies after a date is in its factor; the last close stays as it is.
    later = np.cumprod(step[::-1], axis=0)[::-1]
    factor = np.ones_like(later)
    factor[:-1] = later[1:]
    adjusted = pd.DataFrame(closes * factor, index=frame.index, columns=frame.columns)
    events = f"{int((paid > 0).sum())} dividends and {int((ratio != 1).sum())} splits"
    note = f"Adjusted the closes by {events} that the file lists."
    return bars.with_frames({"prices": adjusted, "close": frame}), (note,)


def _ratios(bars: Bars, frame: pd.DataFrame, closes: FloatArray, before: FloatArray) -> FloatArray:
    """Return the ratio of each listed split that the closes still show, 1 elsewhere."""
    if bars.splits is None:
        return np.ones_like(closes)
    listed = bars.splits.to_numpy(dtype=float)
    listed = np.where(np.isfinite(listed) & (listed != 0), listed, 1.0)
    if (listed < 0).any():
        row, column = first_true(listed < 0)
        raise DataError(
            f"The split of {frame.columns[column]!r} on {frame.index[row].date()} is "
            f"{listed[row, column]:g}; it must be above 0: new shares for an old one."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        move = np.log(closes / before)
        shown = np.abs(move + np.log(listed)) < np.abs(move)
    return np.where(shown, listed, 1.0)
