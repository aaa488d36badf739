"""How new prices of a ticker join those already there: nothing that is there is ever lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from blportfolio.data.bars import FRAMES
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, check_dates

TOLERANCE = 1e-5
"""Largest relative difference that is no revision; sources round, and recompute factors."""
MISSING_SHARE = 0.002
"""Share of the old dates that a new history may lack: sources take single wrong days back."""
MIN_COMMON = 250
"""Common dates, a year of days, on which two histories must agree to be linked by their returns."""
LINKED = 1e-3
"""Largest relative spread of the ratio of adjusted prices of two sources of one history."""
EVENTS = ("dividends", "splits")
BARS = ("close", "open", "high", "low", "dividends")

Outcome = Literal["downloaded", "updated", "fresh", "redownloaded", "kept", "revised"]


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """What became of old and new prices.

    Attributes:
        outcome: `downloaded` where there were none, `updated` where dates were added, `fresh`
            where nothing was new, `redownloaded` where the new history replaced the old, `kept`
            where the old one was kept, `revised` where only a whole new history can tell.
        frame: The prices to hold from now on.
        reason: Why, where it is not plain.
    """

    outcome: Outcome
    frame: pd.DataFrame
    reason: str = ""


def complete_frame(frame: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """Return the prices of one ticker with all columns of `FRAMES`.

    Closes stand in for missing adjusted closes and the other way round; dates without a price are
    left out, and no dividend or split is 0.

    Raises:
        DataError: If the dates are not sorted and unique, or there is no price column.
    """
    name = f"frame of {ticker}"
    if not {"prices", "close"} & set(frame.columns):
        raise DataError(f"`{name}` must have a column `prices` or `close`.")
    dates = check_dates(frame.index, name=name).as_unit("us").rename("date")
    columns = {column: frame[column] for column in FRAMES if column in frame}
    for one, other in (("close", "prices"), ("prices", "close")):
        if one not in columns:
            columns[one] = columns[other]
    full = pd.DataFrame(columns, dtype=float).set_axis(dates).reindex(columns=list(FRAMES))
    full[list(EVENTS)] = full[list(EVENTS)].fillna(0.0)
    return full[full["prices"].notna()]


def merge(old: pd.DataFrame | None, new: pd.DataFrame, *, whole: bool) -> Merged:
    """Join new prices to old ones.

    Where closes and adjustment factors agree on the dates of both, the new dates are added. Where
    they do not, because a dividend or split changed all earlier adjusted prices or the source
    corrected itself, the new history replaces the old one, if it is whole and not shorter. If it
    is shorter, but earned the same returns for a year of days, what the old one lacks is added.

    Args:
        old: (n_dates, 8) what is there; None for nothing.
        new: (n_dates, 8) what came.
        whole: Whether `new` is all that the source has, and not only the latest dates.
    """
    if old is None or old.empty:
        return Merged("downloaded", new)
    if new.empty:
        return Merged("kept", old, "the source gave no prices")
    revised = _disagreement(old, new, whole=whole)
    if not revised:
        joined = new.combine_first(old)[list(old.columns)]
        grown = len(joined) > len(old)
        return Merged("updated" if grown else "fresh", joined)
    if not whole:
        return Merged("revised", old, revised)
    shorter = _shortfall(old, new)
    if shorter:
        linked = _linked(old, new)
        if linked is not None:
            return Merged("updated", linked, f"{revised}; dates added as returns agree")
        return Merged("kept", old, f"{revised}, and {shorter}")
    return Merged("redownloaded", new, revised)


def _disagreement(old: pd.DataFrame, new: pd.DataFrame, *, whole: bool) -> str:
    """Say why the two cannot be parts of one history, or nothing."""
    dates = old.index.intersection(new.index)
    if not len(dates):
        return "no date is in both the cached and the new prices"
    before, after = old.loc[dates], new.loc[dates]
    moved = _differ(before["close"], after["close"])
    if moved.any():
        return f"closes were revised, the first on {dates[int(np.argmax(moved))].date()}"
    factors = _differ(before["prices"] / before["close"], after["prices"] / after["close"])
    if factors.any():
        return "the adjustment factor changed"
    # A factor that the source has yet to apply would go unseen in a part.
    later = new.loc[new.index > old.index[-1], list(EVENTS)]
    if not whole and bool((later.fillna(0.0) != 0).to_numpy().any()):
        return "a dividend or split came after the cached prices"
    return ""


def _linked(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame | None:
    """Return two histories of the same returns as one, or None where they are not or add no date.

    Adjusted prices of two sources, or of two days of download, differ by a factor that never
    changes. The history with more columns is left as it is; the other's further dates are brought
    to its level. Where their closes keep no such factor, adjusted closes stand in for them, and
    there are no other bars.
    """
    dates = old.index.intersection(new.index)
    if len(dates) < MIN_COMMON:
        return None
    has_more = new.notna().any().sum() > old.notna().any().sum()
    base, other = (new, old) if has_more else (old, new)
    added = other.index.difference(base.index)
    ratios = base.loc[dates, ["prices", "close"]] / other.loc[dates, ["prices", "close"]]
    is_same = ratios.max() / ratios.min() - 1 <= LINKED
    if not len(added) or not is_same["prices"]:
        return None
    at = ratios.reindex(added, method="nearest")
    more = other.loc[added].copy()
    more["prices"] *= at["prices"]
    if is_same["close"]:
        more[list(BARS)] = more[list(BARS)].mul(at["close"], axis=0)
        more["volume"] /= at["close"]
    else:
        level = (base["close"] / base["prices"]).loc[dates].reindex(added, method="nearest")
        more[[*BARS, "volume"]] = np.nan
        more[list(EVENTS)] = 0.0
        more["close"] = more["prices"] * level
    return pd.concat([base, more]).sort_index()


def _differ(before: pd.Series, after: pd.Series) -> BoolArray:
    """Tell where two series differ by more than rounding; what one lacks does not differ."""
    gap = np.abs(after.to_numpy() - before.to_numpy())
    return np.asarray(gap > TOLERANCE * np.abs(before.to_numpy()), dtype=np.bool_)


def _shortfall(old: pd.DataFrame, new: pd.DataFrame) -> str:
    """Say what the new history lacks of the old one, or nothing."""
    if new.index[0] > old.index[0]:
        return (
            f"the new history starts on {new.index[0].date()} only, the cached one on "
            f"{old.index[0].date()}: the ticker may belong to another company now"
        )
    if new.index[-1] < old.index[-1]:
        return f"the new history ends earlier, on {new.index[-1].date()}"
    missing = [name for name in old if old[name].notna().any() and not new[name].notna().any()]
    if missing:
        return f"the new history has no {missing[0]}"
    lost = len(old.index.difference(new.index))
    if lost > MISSING_SHARE * len(old):
        return f"the new history lacks {lost} of {len(old)} cached dates"
    return ""
