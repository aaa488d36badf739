"""Bars: returns by year, turnover by decision, what costs took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.charts import NEUTRAL, POINTS
from blportfolio.report.portfolio.calendar import annual_returns
from blportfolio.report.portfolio.looks import Looks, colour_of, heading, looks_of
from blportfolio.report.portfolio.trading import cost_drag, decisions, gross_wealth

WIDTH, HEIGHT, ROW = 760, 280, 30


def annual_chart(
    results: Sequence[BacktestResult], *, net: bool = True, looks: Looks | None = None
) -> alt.LayerChart:
    """Return of each calendar year, one bar a strategy; pale where the year was not held whole.

    Args:
        results: Finished backtests, or parts of them; one or two can be read.
        net: Whether after costs.
        looks: Colours by name.
    """
    parts = []
    for result in results:
        years = annual_returns(result.wealth if net else gross_wealth(result)).reset_index()
        parts.append(years.assign(name=result.name))
    table = pd.concat(parts, ignore_index=True)
    table["held"] = table["whole"].map({True: "whole year", False: "part of the year"})
    table["year"] = table["year"].astype(str)
    names = [result.name for result in results]
    looks = looks_of(names) if looks is None else looks
    bars = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(labelOverlap=True, labelAngle=0)),
            y=alt.Y("return:Q", title="Return (%)", axis=alt.Axis(format=".0%")),
            color=colour_of(names, looks),
            opacity=alt.Opacity(
                "held:N",
                scale=alt.Scale(domain=["whole year", "part of the year"], range=[1, 0.5]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Strategy"),
                alt.Tooltip("year:O", title="Year"),
                alt.Tooltip("return:Q", title="Return", format=".1%"),
                alt.Tooltip("first:T", title="From", format="%d %b %Y"),
                alt.Tooltip("last:T", title="To", format="%d %b %Y"),
            ],
        )
    )
    if len(names) > 1:
        bars = bars.encode(xOffset=alt.XOffset("name:N", sort=names))
    zero: Any = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=NEUTRAL).encode(y="zero:Q")
    title = heading("Return by calendar year", f"{'net of' if net else 'before'} costs")
    return alt.LayerChart(layer=[bars, zero], title=title, width=WIDTH, height=HEIGHT)


def turnover_chart(result: BacktestResult, *, looks: Looks | None = None) -> alt.LayerChart:
    """One-way turnover of each decision after the first, as in its mean, and their mean.

    Raises:
        DataError: If nothing was decided after the purchase.
    """
    later = decisions(result).iloc[1:].reset_index()
    if later.empty:
        raise DataError(
            f"{result.name} decided nothing after the beginning of this period; choose a longer "
            "one."
        )
    mean = float(later["turnover"].mean())
    looks = looks_of([result.name]) if looks is None else looks
    thinned = later.iloc[-POINTS:] if len(later) > POINTS else later
    bars = (
        alt.Chart(thinned)
        .mark_rule(strokeWidth=max(1.0, min(6.0, 400 / len(thinned))))
        .encode(
            x=alt.X("date:T", title=None, axis=alt.Axis(tickCount=6, labelFlush=True)),
            y=alt.Y("turnover:Q", title="Turnover (%)", axis=alt.Axis(format=".0%"), stack=None),
            y2=alt.datum(0),
            color=alt.value(looks[result.name].colour),
            tooltip=[
                alt.Tooltip("date:T", title="Date", format="%d %b %Y"),
                alt.Tooltip("turnover:Q", title="Turnover, one-way", format=".1%"),
                alt.Tooltip("trades:Q", title="Trades"),
                alt.Tooltip("cost_bps:Q", title="Cost, bp of wealth", format=".2f"),
            ],
        )
    )
    level = (
        alt.Chart(pd.DataFrame({"mean": [mean], "text": [f"mean {mean:.1%}"]}))
        .mark_rule(color=NEUTRAL, strokeDash=[6, 3], strokeWidth=2)
        .encode(y="mean:Q", tooltip=[alt.Tooltip("mean:Q", title="Mean", format=".1%")])
    )
    return alt.LayerChart(
        layer=[bars, level],
        title=heading(result.name, f"turnover by decision (dashed: mean {mean:.1%})"),
        width=WIDTH,
        height=HEIGHT,
    )


def cost_chart(results: Sequence[BacktestResult], *, looks: Looks | None = None) -> alt.LayerChart:
    """Growth that costs took from each strategy, basis points per year."""
    table = cost_drag(results)
    names = table["name"].tolist()
    looks = looks_of(names) if looks is None else looks
    table["text"] = [f"{value:.1f}" for value in table["drag_bps"]]
    most = max(float(table["drag_bps"].max()), 1e-6)
    base = alt.Chart(table).encode(
        x=alt.X(
            "drag_bps:Q",
            title="Basis points per year",
            scale=alt.Scale(domain=[min(0.0, float(table["drag_bps"].min())), 1.15 * most]),
            axis=alt.Axis(tickCount=5),
        ),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=140)),
    )
    bars = base.mark_bar().encode(
        color=colour_of(names, looks, with_legend=False),
        tooltip=[
            alt.Tooltip("name:N", title="Strategy"),
            alt.Tooltip("gross:Q", title="Growth before costs, per year", format=".2%"),
            alt.Tooltip("net:Q", title="Growth after costs, per year", format=".2%"),
            alt.Tooltip("drag_bps:Q", title="Cost drag, bp per year", format=".1f"),
            alt.Tooltip("turnover_per_year:Q", title="Turnover per year, one-way", format=".0%"),
        ],
    )
    labels = base.mark_text(align="left", dx=4, color=NEUTRAL).encode(text="text:N")
    return alt.LayerChart(
        layer=[bars, labels],
        title=heading("Cost drag", "growth before costs less growth after"),
        width=WIDTH,
        height=max(90, ROW * len(names)),
    )
