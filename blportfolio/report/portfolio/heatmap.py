"""Returns by month and year as a heat map with its numbers."""

from __future__ import annotations

import altair as alt
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.portfolio.calendar import YEAR, monthly_returns
from blportfolio.report.portfolio.looks import heading
from blportfolio.report.portfolio.trading import gross_wealth

# Orange for losses, blue for gains, pale in between: told apart with every kind of sight.
COLOURS = ("#B35806", "#F1A340", "#F7F7F7", "#67A9CF", "#2166AC")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TOTAL = "Year"
ROW, WIDTH = 20, 760
DARK = 0.72
"""Share of the largest month from which the text on a cell is light."""


def monthly_chart(result: BacktestResult, *, net: bool = True) -> alt.LayerChart:
    """Return of each calendar month, percent, with the year's at the right.

    Colours run to the largest month on either side; years beyond it have its colour.
    """
    table = monthly_returns(result.wealth if net else gross_wealth(result))
    long = monthly_long(table)
    months = long.loc[long["month"] != TOTAL, "value"].abs()
    most = float(months.max()) or 0.01
    strong = f"abs(datum.value) > {DARK * most}"
    base = alt.Chart(long).encode(
        x=alt.X(
            "month:O",
            title=None,
            sort=[*MONTHS, TOTAL],
            axis=alt.Axis(orient="top", labelAngle=0, labelOverlap=False, ticks=False,
                          domain=False, labelExpr="width < 420 ? slice(datum.label, 0, 1) : "
                          "datum.label"),
        ),
        y=alt.Y(
            "year:O", title=None, sort="descending",
            axis=alt.Axis(ticks=False, domain=False, labelOverlap=False),
        ),
    )  # fmt: skip
    cells = base.mark_rect().encode(
        color=alt.Color(
            "value:Q",
            title="Return in the month",
            scale=alt.Scale(
                domain=[-most, -most / 2, 0, most / 2, most], range=list(COLOURS), clamp=True
            ),
            legend=alt.Legend(
                orient="bottom", format=".0%", gradientLength=180, titleLimit=200, tickCount=3
            ),
        ),
        tooltip=[
            alt.Tooltip("said:N", title="Period"),
            alt.Tooltip("value:Q", title="Return", format=".1%"),
        ],
    )
    numbers = base.mark_text(
        baseline="middle",
        fontSize=alt.ExprRef("width < 420 ? 7 : 11"),
    ).encode(
        text=alt.Text("text:N"),
        color=alt.when(strong).then(alt.value("#FFFFFF")).otherwise(alt.value("#1A1A1A")),
    )
    return alt.LayerChart(
        layer=[cells, numbers],
        title=heading(result.name, f"return by month, %, {'net of' if net else 'before'} costs"),
        width=WIDTH,
        height=ROW * len(table),
    )


def monthly_long(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of months, one row a month or year that has a return.

    Args:
        table: What `monthly_returns` returned.

    Returns:
        Columns year, month ("Jan" …, "Year"), value, text (percent, one decimal) and said.
    """
    named = table[[*range(1, 13), YEAR]].set_axis([*MONTHS, TOTAL], axis=1)
    long = named.reset_index().melt("year", var_name="month").dropna().reset_index(drop=True)
    long["text"] = [_percent(value) for value in long["value"]]
    long["said"] = [
        f"{year}" if month == TOTAL else f"{month} {year}"
        for year, month in zip(long["year"], long["month"], strict=True)
    ]
    return long


def _percent(value: float) -> str:
    text = f"{100 * value:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text
