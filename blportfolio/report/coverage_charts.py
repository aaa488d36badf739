"""Charts of market data: coverage by asset, membership over time, the price of one asset."""

from __future__ import annotations

import itertools
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.report.charts import NEUTRAL, PALETTE, POINTS
from blportfolio.report.coverage import asset_coverage
from blportfolio.validation import BoolArray

ROWS = 40
"""Assets that a chart can name legibly."""
SHOWN_GAPS = 200
"""Gaps that are marked, the longest first."""
PADDING = {"left": 5, "top": 5, "right": 5, "bottom": 5}
"""Pixels around a chart, so that no letter of its titles is cut."""
MARKS = {"begins later": "triangle-right", "ends earlier": "cross", "gap": "diamond"}


def plot_coverage(prices: pd.DataFrame, *, most: int = ROWS) -> alt.LayerChart:
    """When each asset has prices: one bar an asset, the least covered first.

    Late listings, early ends and gaps are marked by shapes. Of more assets than `most` the least
    covered are shown.

    Args:
        prices: (n_dates, n_assets) prices by date; what is missing is NaN.
        most: Largest number of bars.

    Raises:
        DataError: If no asset has a price.
    """
    table = asset_coverage(prices)
    priced = table[table["n_prices"] > 0]
    table = priced.head(most)
    if table.empty:
        raise DataError("No asset has a price, so that there is no coverage to draw.")
    order = list(table["asset"])
    dates = pd.DatetimeIndex(prices.index)
    shown, marked = _parts(prices, table)
    axis = alt.Y(
        "asset:N", sort=order, title=None, axis=alt.Axis(labelLimit=90, labelOverlap=False)
    )
    bar = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.55}, color=PALETTE[0])
        .encode(
            x=alt.X("first:T", title=None, scale=alt.Scale(domain=_span(dates))),
            x2="last:T",
            y=axis,
            tooltip=[
                alt.Tooltip("asset:N", title="Asset"),
                alt.Tooltip("first:T", title="From", format="%Y-%m-%d"),
                alt.Tooltip("last:T", title="To", format="%Y-%m-%d"),
                alt.Tooltip("share:Q", title="Dates with a price", format=".1%"),
                alt.Tooltip("life:N", title="Life"),
            ],
        )
    )
    kinds = [kind for kind in MARKS if kind in set(marked["mark"])]
    shapes = alt.Scale(domain=kinds, range=[MARKS[kind] for kind in kinds])
    colours = alt.Scale(domain=kinds, range=[PALETTE[1], PALETTE[3], PALETTE[4]][: len(kinds)])
    legend = alt.Legend(orient="bottom", columns=3) if kinds else None
    point = (
        alt.Chart(marked)
        .mark_point(size=55, filled=True, opacity=1)
        .encode(
            x="first:T",
            y=axis,
            shape=alt.Shape("mark:N", title="Mark", scale=shapes, legend=legend),
            color=alt.Color("mark:N", title="Mark", scale=colours, legend=legend),
            tooltip=[
                alt.Tooltip("asset:N", title="Asset"),
                alt.Tooltip("mark:N", title="What"),
                alt.Tooltip("first:T", title="From", format="%Y-%m-%d"),
                alt.Tooltip("last:T", title="To", format="%Y-%m-%d"),
                alt.Tooltip("n_dates:Q", title="Dates missing"),
            ],
        )
    )
    title = ["Dates with a price, by asset"]
    if len(order) < len(priced):
        title.append(f"the {len(order)} least covered of {len(priced)}")
    return alt.LayerChart(
        layer=[bar, point],
        title=_title(title),
        width=760,
        padding=PADDING,
        height=21 * len(order) + 40,
    )


def plot_membership(covered: pd.DataFrame) -> alt.Chart:
    """How many belong to a universe over time, and how many of them have prices.

    Args:
        covered: By date `members` and `priced`, as `Universe.coverage` returns them.
    """
    changed = (covered[["members", "priced"]].diff() != 0).any(axis=1)
    changed.iloc[[0, -1]] = True
    kept = covered.loc[changed, ["members", "priced"]]
    if len(kept) > 2 * POINTS:
        kept = kept.iloc[np.unique(np.linspace(0, len(kept) - 1, 2 * POINTS).astype(int))]
    names = {"members": "Members", "priced": "Members with prices"}
    data = (
        kept.rename(columns=names)
        .rename_axis("date")
        .reset_index()
        .melt("date", var_name="line", value_name="count")
    )
    lines = list(names.values())
    chart: alt.Chart = (
        alt.Chart(data, title=_title(["Members, and those with prices"]), width=760)
        .mark_line(interpolate="step-after", strokeWidth=1.6)
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y("count:Q", title="Number of assets", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "line:N",
                title=None,
                sort=lines,
                scale=alt.Scale(domain=lines, range=[NEUTRAL, PALETTE[0]]),
                legend=alt.Legend(orient="bottom", columns=1),
            ),
            strokeDash=alt.StrokeDash(
                "line:N",
                sort=lines,
                scale=alt.Scale(domain=lines, range=[[6, 3], [1, 0]]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("date:T", title="Date", format="%Y-%m-%d"),
                alt.Tooltip("line:N", title="Count of"),
                alt.Tooltip("count:Q", title="Assets"),
            ],
        )
        .properties(height=240, padding=PADDING)
    )
    return chart


def plot_price(prices: pd.Series, *, name: str, currency: str = "", log: bool = True) -> alt.Chart:
    """The price of one asset; lowest and highest of each stretch are kept, so that spikes stay.

    Args:
        prices: (n_dates,) prices by date; missing ones are left out.
        name: Of the asset.
        currency: Of the prices.
        log: Whether the axis is logarithmic.

    Raises:
        DataError: If there is no price above zero.
    """
    known = prices[np.isfinite(prices.to_numpy(float)) & (prices.to_numpy(float) > 0)]
    if known.empty:
        raise DataError(f"{name!r} has no price above zero to draw.")
    step = -(-len(known) // POINTS)
    values = known.to_numpy(float)
    kept = {
        begin + int(pick(values[begin : begin + step]))
        for begin in range(0, len(values), step)
        for pick in (np.argmin, np.argmax)
    }
    rows = sorted({0, len(values) - 1, *kept})
    data = pd.DataFrame({"date": known.index[rows], "price": values[rows]})
    unit = f" ({currency})" if currency else ""
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    chart: alt.Chart = (
        alt.Chart(
            data,
            title=_title([name, f"Adjusted price{unit}, {'log' if log else 'linear'} scale"]),
            width=760,
            height=300,
            padding=PADDING,
        )
        .mark_line(strokeWidth=1.4, color=PALETTE[0])
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y("price:Q", title=f"Price{unit}", scale=scale),
            tooltip=[
                alt.Tooltip("date:T", title="Date", format="%Y-%m-%d"),
                alt.Tooltip("price:Q", title=f"Price{unit}", format=",.4g"),
            ],
        )
    )
    return chart


def _title(lines: list[str]) -> Any:  # noqa: ANN401, Altair's own types are loose
    """Return a title in lines that fit a telephone."""
    return alt.TitleParams(lines, anchor="start")


def _parts(prices: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the stretches with prices and what is marked: late and early ends, and gaps."""
    dates = pd.DatetimeIndex(prices.index)
    position = {str(asset): column for column, asset in enumerate(prices.columns)}
    values = np.isfinite(prices.to_numpy(float))
    bars: list[tuple[object, ...]] = []
    marks: list[tuple[object, ...]] = []
    gaps: list[tuple[str, int, int]] = []
    for asset, share, life in table[["asset", "share", "life"]].to_numpy(object).tolist():
        known = values[:, position[asset]]
        runs = _stretches(known)
        bars += [(asset, dates[begin], dates[end], share, life) for begin, end in runs]
        first, last = runs[0][0], runs[-1][1]
        if first > 0:
            marks.append((asset, dates[first], dates[first], None, "begins later"))
        if last < len(dates) - 1:
            marks.append((asset, dates[last], dates[last], None, "ends earlier"))
        gaps += [
            (asset, before + 1, after - 1) for (_, before), (after, _) in itertools.pairwise(runs)
        ]
    gaps.sort(key=lambda gap: gap[1] - gap[2])
    marks += [
        (asset, dates[begin], dates[end], end - begin + 1, "gap")
        for asset, begin, end in gaps[:SHOWN_GAPS]
    ]
    return (
        pd.DataFrame(bars, columns=["asset", "first", "last", "share", "life"]),
        pd.DataFrame(marks, columns=["asset", "first", "last", "n_dates", "mark"]),
    )


def _stretches(known: BoolArray) -> list[tuple[int, int]]:
    """Return first and last position of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _span(dates: pd.DatetimeIndex) -> list[str]:
    return [str(dates[0].date()), str(dates[-1].date())]
