"""Charts of an allocation: weights with their spread, and where the risk comes from."""

from __future__ import annotations

import altair as alt
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.report.allocation.allocation import Allocation
from blportfolio.report.charts import NEUTRAL, PALETTE

MOST = 30
"""Assets in a chart; the others are told in its title."""
ROW = 19
TARGET, CURRENT, WEIGHT, RISK = "Target", "Current", "Weight", "Share of risk"


def plot_weight_spread(allocation: Allocation) -> alt.LayerChart:
    """Target weights with their 5 to 95 % range beside the current ones, the largest first.

    Raises:
        DataError: If there is neither a target nor a current weight.
    """
    rows, rest = _largest(allocation.table, "weight", "upper", "before")
    order = list(rows.index)
    kinds = {TARGET: "weight", CURRENT: "before"}
    if not (rows["before"] != 0).any():
        del kinds[CURRENT]
    marks = _long(rows, kinds)
    y = _rows(order)
    reach = (
        alt.Chart(rows.reset_index())
        .mark_rule(color=NEUTRAL, strokeWidth=2)
        .encode(
            x=alt.X("lower:Q"),
            x2="upper:Q",
            y=y,
            tooltip=[
                alt.Tooltip("asset:N", title="Asset"),
                alt.Tooltip("lower:Q", title="5 %", format=".1%"),
                alt.Tooltip("upper:Q", title="95 %", format=".1%"),
            ],
        )
    )
    points = _points(marks, y, "Weight (% of wealth)", list(kinds))
    return alt.LayerChart(
        layer=[reach, points],
        title=_title("Target weights with their 5–95 % range", rest),
        height=ROW * len(order),
    )


def plot_weight_against_risk(allocation: Allocation) -> alt.LayerChart:
    """Weight of each asset held beside its share of the portfolio's variance.

    Raises:
        DataError: If nothing is held.
    """
    table = allocation.table[allocation.table["weight"] != 0]
    rows, rest = _largest(table, "weight", "risk_share")
    order = list(rows.index)
    y = _rows(order)
    link = (
        alt.Chart(rows.reset_index())
        .mark_rule(color=NEUTRAL, strokeWidth=2)
        .encode(x=alt.X("weight:Q"), x2="risk_share:Q", y=y)
    )
    marks = _long(rows, {WEIGHT: "weight", RISK: "risk_share"})
    points = _points(marks, y, "Share of the portfolio (%)", [WEIGHT, RISK])
    return alt.LayerChart(
        layer=[link, points],
        title=_title("Weight against share of risk", rest),
        height=ROW * len(order),
    )


def _largest(table: pd.DataFrame, *columns: str) -> tuple[pd.DataFrame, int]:
    """Return the rows with the largest of some columns, and how many more have any."""
    size = table[list(columns)].abs()
    some = size[(size > 1e-8).any(axis=1)]
    if some.empty:
        raise DataError("The allocation holds nothing, so there is nothing to draw.")
    ranked = some.sort_values(list(columns), ascending=False, kind="stable").index
    rows = table.loc[ranked[:MOST]].rename_axis(index="asset")
    return rows, len(ranked) - len(rows)


def _long(rows: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"asset": rows.index, "what": what, "share": rows[name].to_numpy()})
        for what, name in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _rows(order: list[str]) -> alt.Y:
    return alt.Y(
        "asset:N",
        title=None,
        sort=order,
        axis=alt.Axis(labelLimit=110, ticks=False, labelOverlap=False),
    )


def _points(data: pd.DataFrame, y: alt.Y, title: str, kinds: list[str]) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(data)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("share:Q", title=title, axis=alt.Axis(format=".0%", tickCount=6)),
            y=y,
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=PALETTE[: len(kinds)]),
                legend=alt.Legend(orient="bottom"),
            ),
            shape=alt.Shape(
                "what:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=["circle", "diamond"][: len(kinds)]),
                legend=alt.Legend(orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("asset:N", title="Asset"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    return chart


def _title(text: str, rest: int) -> alt.TitleParams:
    told = f"the largest; {rest} more in the table" if rest else ""
    return (
        alt.TitleParams(text, subtitle=told, anchor="start")
        if rest
        else alt.TitleParams(text, anchor="start")
    )
