"""What market data cover: dates by asset, membership, unusual returns, age."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, FloatArray

NORMAL = 1.482602218505602
"""Standard deviations of a normal law in one median absolute deviation."""
UNUSUAL = 10.0
"""Robust standard deviations beyond which a return is listed."""
_FREQUENCIES = {365: "daily, weekends included", 252: "daily", 52: "weekly", 12: "monthly"}
_FREQUENCIES |= {4: "quarterly", 1: "yearly"}
_DAYS_A_YEAR = 365.25
_LATE = 2.5
"""Periods without a price after which data count as old; a week at least."""


def asset_coverage(prices: pd.DataFrame) -> pd.DataFrame:
    """Return on which dates each asset has a price, the least covered first.

    For description only, as it knows the future.

    Args:
        prices: (n_dates, n_assets) prices by date; what is missing is NaN.

    Returns:
        One row an asset: `asset`, `first` and `last` date with a price (NaT without any),
        `n_prices`, `share` of the dates that have one, dates without one `before` the first,
        `inside` and `after` the last, and `life` in words.

    Raises:
        DataError: If there is no date or no asset.
    """
    known, dates = _known(prices)
    n_dates = len(dates)
    count = known.sum(axis=0)
    some = count > 0
    begin = np.where(some, known.argmax(axis=0), n_dates)
    end = np.where(some, n_dates - 1 - known[::-1].argmax(axis=0), -1)
    before = begin
    after = np.where(some, n_dates - 1 - end, 0)
    labels = dates.append(pd.DatetimeIndex([pd.NaT]))
    table = pd.DataFrame(
        {
            "asset": [str(asset) for asset in prices.columns],
            "first": labels[np.where(some, begin, n_dates)],
            "last": labels[np.where(some, end, n_dates)],
            "n_prices": count,
            "share": count / n_dates,
            "before": before,
            "inside": n_dates - count - before - after,
            "after": after,
        }
    )
    table["life"] = [
        _life(bool(one), int(b), int(a)) for one, b, a in zip(some, before, after, strict=True)
    ]
    return table.sort_values(["share", "asset"], kind="stable", ignore_index=True)


def coverage_in_words(table: pd.DataFrame) -> str:
    """Return what `asset_coverage` shows, in two sentences for those who see no chart."""
    late, gone = int((table["before"] > 0).sum()), int((table["after"] > 0).sum())
    holes = int((table["inside"] > 0).sum())
    empty = int((table["n_prices"] == 0).sum())
    late -= empty
    whole = int((table["share"] == 1).sum())
    parts = [
        f"{whole} of {len(table)} assets have a price on every date",
        f"{late} begin later" if late else "",
        f"{gone} end earlier" if gone else "",
        f"{holes} have gaps" if holes else "",
        f"{empty} have no price at all" if empty else "",
    ]
    first, last = table["first"].min(), table["last"].max()
    dates = "" if pd.isna(first) else f" Prices are from {first.date()} to {last.date()}."
    return f"{', '.join(part for part in parts if part)}.{dates}"


def membership_spells(market: MarketData) -> pd.DataFrame:
    """Return who belonged to the universe when: `asset`, `first` day, `last` day or NaT.

    Of market data without membership there is no row: everything may always be held.
    """
    rows = [
        (asset, first, pd.NaT if last is None else last)
        for asset, spells in (market.membership or {}).items()
        for first, last in spells
    ]
    return pd.DataFrame(rows, columns=["asset", "first", "last"]).astype(
        {"first": "datetime64[us]", "last": "datetime64[us]"}
    )


def member_counts(market: MarketData) -> pd.DataFrame:
    """Return by date how many `members` there are, how many are `priced`, and their `share`.

    Members that the data do not hold at all are not counted; `Universe.coverage` counts them too.
    """
    inside, known = market.members(), market.prices.notna().to_numpy()
    members, priced = inside.sum(axis=1), (inside & known).sum(axis=1)
    share = np.divide(priced, members, out=np.ones(len(members)), where=members > 0)
    return pd.DataFrame({"members": members, "priced": priced, "share": share}, index=market.dates)


def members_in_words(covered: pd.DataFrame) -> str:
    """Return how many members have prices: at the end, at worst and on average.

    Args:
        covered: By date `members`, `priced` and `share`, as `member_counts` returns them.
    """
    members, priced = covered["members"].tolist(), covered["priced"].tolist()
    worst = int(covered["share"].argmin())
    date = pd.DatetimeIndex(covered.index)[worst].date()
    return (
        f"{priced[-1]} of {members[-1]} members have a price on the last date; at worst "
        f"{priced[worst]} of {members[worst]}, on {date}; {covered['share'].mean():.0%} on average."
    )


def unusual_returns(
    prices: pd.DataFrame, *, beyond: float = UNUSUAL, most: int = 50
) -> pd.DataFrame:
    """Return single returns far from what their asset usually earns.

    The score is (r − median) / (1.4826 × median absolute deviation) by asset, so that what is
    unusual does not hide itself; where more than half of the returns are equal the mean absolute
    deviation stands in. An unusual return is not a wrong one: most are crashes and announcements,
    and `others` tells those on which the whole market moved.

    Args:
        prices: (n_dates, n_assets) prices by date; what is missing is NaN.
        beyond: Smallest absolute score.
        most: Largest number of rows, those with the largest score.

    Returns:
        `date`, `asset`, `return` (decimal per period), `score` and `others`, the median return of
        the other assets on the date, NaN where there are fewer than three.

    Raises:
        DataError: If there is no date or no asset.
    """
    known, dates = _known(prices)
    values = np.where(known & (prices.to_numpy(float) > 0), prices.to_numpy(float), np.nan)
    returns = values[1:] / values[:-1] - 1
    scores = np.abs(robust_scores(returns))
    rows, columns = np.nonzero(scores >= beyond)
    order = np.argsort(-scores[rows, columns], kind="stable")[:most]
    rows, columns = rows[order], columns[order]
    places = list(zip(rows.tolist(), columns.tolist(), strict=True))
    signs = np.sign(returns[rows, columns])
    return pd.DataFrame(
        {
            "date": dates[1:][rows],
            "asset": [str(prices.columns[column]) for _, column in places],
            "return": returns[rows, columns],
            "score": signs * scores[rows, columns],
            "others": [_others(returns[row], column) for row, column in places],
        }
    )


def robust_scores(returns: FloatArray) -> FloatArray:
    """Return each return's distance from its asset's median, in robust standard deviations.

    Args:
        returns: (n_periods, n_assets) returns, NaN where there is none.

    Returns:
        The same shape; NaN where the returns of an asset are missing or all equal.
    """
    scores = np.full(returns.shape, np.nan)
    for column, own in enumerate(returns.T):
        kept = own[np.isfinite(own)]
        if not len(kept):
            continue
        away = own - np.median(kept)
        size = np.abs(away[np.isfinite(away)])
        scale = NORMAL * float(np.median(size)) or float(np.mean(size) * np.sqrt(np.pi / 2))
        if scale > 0:
            scores[:, column] = away / scale
    return scores


def frequency_in_words(periods_per_year: float | None) -> str:
    """Return how often there is a price: daily, weekly, monthly and so on."""
    if periods_per_year is None:
        return "unknown"
    return _FREQUENCIES.get(round(periods_per_year), f"{periods_per_year:g} times a year")


def age_in_words(
    last: pd.Timestamp, *, periods_per_year: float, today: dt.date | None = None
) -> str:
    """Say how old data are, if they are older than data of their frequency should be.

    Args:
        last: Last date with a price.
        periods_per_year: Periods of the data in a year.
        today: Day of the look; today in UTC by default.

    Returns:
        A sentence, empty where the data are recent: not older than a week, or than two and a half
        periods.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    age = (day - last.date()).days
    if age <= max(7.0, _LATE * _DAYS_A_YEAR / periods_per_year):
        return ""
    told = f"{age} days" if age < _DAYS_A_YEAR else f"{age / _DAYS_A_YEAR:.1f} years"
    return f"The data end on {last.date()}, {told} ago."


def _known(prices: pd.DataFrame) -> tuple[BoolArray, pd.DatetimeIndex]:
    if prices.empty:
        raise DataError("`prices` must have a date and an asset at least, got none.")
    return np.isfinite(prices.to_numpy(float)), pd.DatetimeIndex(prices.index)


def _life(some: bool, before: int, after: int) -> str:
    if not some:
        return "no price"
    parts = [text for text, n in (("begins later", before), ("ends earlier", after)) if n]
    return ", ".join(parts) or "throughout"


def _others(returns: FloatArray, column: int) -> float:
    rest = np.delete(returns, column)
    rest = rest[np.isfinite(rest)]
    return float(np.median(rest)) if len(rest) > 2 else float("nan")
