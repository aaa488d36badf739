"""Charts with one row a forecaster: gain with its interval, error by kind of step."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.forecasts.looks import (
    ROW,
    WIDTH,
    WORDS,
    axis_limit,
    legend,
    reference_of,
    titled,
)


def plot_gain(comparison: Comparison, horizon: int) -> alt.LayerChart:
    """R² out of sample against the reference with its 95 % interval, one row a forecaster."""
    rows = [row for row in comparison.at(horizon) if row.name != comparison.reference]
    table = pd.DataFrame(
        {
            "forecaster": [row.name for row in rows],
            "gain": [row.gain for row in rows],
            "low": [row.gain_interval[0] for row in rows],
            "high": [row.gain_interval[1] for row in rows],
        }
    ).sort_values("gain", ascending=False, kind="stable")
    table[["low", "high"]] = table[["low", "high"]].fillna({"low": table.gain, "high": table.gain})
    limit = axis_limit(table[["low", "high"]].abs().max(axis=1).to_numpy())
    for name in ("gain", "low", "high"):
        table[f"{name}_shown"] = table[name].clip(-limit, limit)
    table["beyond"] = table["gain"].abs() > limit
    order = table["forecaster"].tolist()
    low = float(min(0.0, table["low_shown"].min()))
    high = float(max(0.0, table["high_shown"].max()))
    room = 0.04 * (high - low)
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    title = "R², 95 % interval (%)"
    x = alt.X("gain_shown:Q", title=title, scale=scale, axis=alt.Axis(format=".2~%"))
    y = alt.Y(
        "forecaster:N", title=None, sort=order, axis=alt.Axis(labelLimit=200, labelExpr=WORDS)
    )
    figures = [
        alt.Tooltip("forecaster:N", title="Forecaster"),
        alt.Tooltip("gain:Q", title="R²", format="+.3%"),
        alt.Tooltip("low:Q", title="95 % from", format="+.3%"),
        alt.Tooltip("high:Q", title="to", format="+.3%"),
    ]
    base = alt.Chart(table, width=WIDTH, height=ROW * len(order))
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    marks: list[Any] = [
        zero.encode(x=alt.X("x:Q", scale=scale)),
        base.mark_rule(color=PALETTE[0], strokeWidth=2).encode(
            x=alt.X("low_shown:Q", scale=scale, title=title), x2="high_shown:Q", y=y
        ),
        base.mark_point(filled=True, size=70, color=PALETTE[0], opacity=1).encode(
            x=x,
            y=y,
            shape=alt.Shape(
                "beyond:N",
                scale=alt.Scale(domain=[False, True], range=["circle", "triangle-left"]),
                legend=None,
            ),
            tooltip=figures,
        ),
    ]
    beyond = "; triangles lie beyond the axis" if table["beyond"].any() else ""
    return alt.LayerChart(
        layer=marks,
        title=titled(
            f"Who forecasts better than {reference_of(comparison)}",
            f"Horizon {horizon}; right of zero is better{beyond}",
        ),
    )


def plot_consistency(comparison: Comparison, horizon: int) -> alt.LayerChart:
    """Error over the reference's on steps that keep the sign of the last value, or turn it."""
    parts = {"keeps the sign": "consistent", "turns the sign": "inconsistent"}
    table = pd.DataFrame(
        [
            {
                "forecaster": row.name,
                "step": step,
                "relative": getattr(row, name).relative_mse,
            }
            for row in comparison.at(horizon)
            for step, name in parts.items()
        ]
    ).dropna()
    table = table[table["relative"] > 0]
    sizes = np.log(table.set_index("forecaster")["relative"]).abs().groupby(level=0).max()
    beyond = [name for name in sizes.index if sizes[name] > axis_limit(sizes)]
    table = table[~table["forecaster"].isin(beyond)]
    order = [row.name for row in comparison.at(horizon) if row.name not in beyond]
    note = f"; beyond the axis: {', '.join(beyond)}" if beyond else ""
    title = f"MSE / that of {reference_of(comparison)} (1 = equal, log scale)"
    x = alt.X(
        "relative:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".4~g", tickCount=8),
    )
    y = alt.Y(
        "forecaster:N", title=None, sort=order, axis=alt.Axis(labelLimit=200, labelExpr=WORDS)
    )
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    points = (
        alt.Chart(table, width=WIDTH, height=ROW * len(order))
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "step:N",
                title="The next step",
                scale=alt.Scale(domain=list(parts), range=PALETTE[:2]),
                legend=legend(columns=1),
            ),
            shape=alt.Shape(
                "step:N",
                title="The next step",
                scale=alt.Scale(domain=list(parts), range=["circle", "diamond"]),
                legend=legend(columns=1),
            ),
            tooltip=["forecaster:N", "step:N", alt.Tooltip("relative:Q", format=".4f")],
        )
    )
    return alt.LayerChart(
        layer=[one.encode(x=alt.X("x:Q")), points],
        title=titled(
            "Error on steps that keep and that turn the last sign", f"Horizon {horizon}{note}"
        ),
    )
