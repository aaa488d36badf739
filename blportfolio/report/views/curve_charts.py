"""Charts of evidence over a hyper-parameter, and of every model side by side."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.views.compare import ModelComparison
from blportfolio.report.views.evidence import PARAMETERS, SUPPORT, EvidenceCurve
from blportfolio.report.views.looks import MOST, bottom, layered, row_axis, zero_rule

FLOOR = -12.0
"""Log units below the maximum at which the curve leaves the chart."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
COLOURS = (PALETTE[0], PALETTE[2], PALETTE[3], PALETTE[1], NEUTRAL, PALETTE[5])


def plot_evidence(curve: EvidenceCurve) -> alt.LayerChart:
    """Log evidence over one hyper-parameter, with its best and its current value.

    The shaded band holds the values at most two log units below the best. What lies below −12 is
    cut.
    """
    symbol = PARAMETERS[curve.parameter]
    data = curve.table.assign(shown=curve.table["relative"])
    ends = [float(data["value"].iloc[0]), float(data["value"].iloc[-1])]
    is_log = curve.parameter != "risk_aversion"
    x = alt.X(
        "value:Q",
        title=symbol + (" (log scale)" if is_log else ""),
        scale=alt.Scale(type="log" if is_log else "linear", domain=ends, nice=False),
        axis=alt.Axis(format="~g", tickCount=6, labelOverlap=True, grid=False),
    )
    bottom_end = max(min(float(data["shown"].min()), -1.25 * SUPPORT), FLOOR)
    y = alt.Y(
        "shown:Q",
        title="Log evidence less its maximum",
        scale=alt.Scale(domain=[bottom_end, 0.6], nice=False),
    )
    low = ends[0] if curve.low is None else curve.low
    high = ends[1] if curve.high is None else curve.high
    band = (
        alt.Chart(pd.DataFrame({"low": [low], "high": [high], "top": [0.6], "base": [bottom_end]}))
        .mark_rect(color=PALETTE[0], opacity=0.14)
        .encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=alt.Y("base:Q"), y2=alt.Y2("top:Q"))
    )
    line = (
        alt.Chart()
        .mark_line(color=PALETTE[0], strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("value:Q", title=symbol, format=".4~g"),
                alt.Tooltip("log_evidence:Q", title="log evidence", format=".2f"),
                alt.Tooltip("relative:Q", title="less maximum", format=".2f"),
            ],
        )
    )
    here = float(np.interp(np.log(curve.current), np.log(data["value"]), data["shown"]))
    here = max(here, bottom_end)
    points = pd.DataFrame(
        {"value": [curve.best, curve.current], "shown": [0.0, here], "what": ["Best", "Current"]}
    )
    looks: dict[str, Any] = {"sort": ["Current", "Best"], "legend": bottom("", 2)}
    rule = (
        alt.Chart(points.iloc[[1]])
        .mark_rule(color=PALETTE[1], strokeDash=[5, 3], strokeWidth=1.5)
        .encode(x=alt.X("value:Q"))
    )
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=["Current", "Best"], range=[PALETTE[1], PALETTE[0]]),
                **looks,
            ),
            shape=alt.Shape(
                "what:N",
                scale=alt.Scale(domain=["Current", "Best"], range=["diamond", "circle"]),
                **looks,
            ),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("value:Q", title=symbol, format=".4~g")],
        )
    )
    return layered(
        [band, line, rule, marks],
        data,
        title=[
            f"Evidence of {curve.source} over {symbol}",
            "shaded: within 2 log units of the best",
        ],
        height=220,
    )


def plot_comparison(
    comparison: ModelComparison, *, what: str = "means", most: int = MOST
) -> alt.LayerChart:
    """Posterior means, or weights, of every model by asset.

    Args:
        comparison: What `compare_models` returned.
        what: `means` or `weights`.
        most: Rows at most: the assets about which models differ most.
    """
    table = comparison.means if what == "means" else comparison.weights
    spread = table.max(axis=1) - table.min(axis=1)
    kept = spread.nlargest(most).index
    names = [
        str(name)
        for name in table.loc[kept].mean(axis=1).sort_values(ascending=False, kind="stable").index
    ]
    models = [str(name) for name in table.columns]
    data = pd.DataFrame(
        {
            "row": np.repeat(np.array(names, dtype=object), len(models)),
            "model": np.tile(np.array(models, dtype=object), len(names)),
            "value": table.loc[names].to_numpy().ravel(),
        }
    )
    title, axis = (
        ("Posterior mean of every model", f"Expected return ({comparison.unit}, %)")
        if what == "means"
        else ("Weights of every model, same objective", "Weight (%)")
    )
    extra = "" if len(names) == len(table) else f", {len(names)} of {len(table)} assets"
    looks: dict[str, Any] = {"sort": models, "legend": bottom("", 2)}
    marks = (
        alt.Chart()
        .mark_point(filled=True, size=46, opacity=0.9)
        .encode(
            x=alt.X("value:Q", title=axis, axis=alt.Axis(format=".3~%", tickCount=6)),
            y=row_axis(names),
            color=alt.Color(
                "model:N",
                scale=alt.Scale(domain=models, range=list(COLOURS[: len(models)])),
                **looks,
            ),
            shape=alt.Shape(
                "model:N",
                scale=alt.Scale(domain=models, range=list(SHAPES[: len(models)])),
                **looks,
            ),
            tooltip=[
                alt.Tooltip("row:N", title="asset"),
                alt.Tooltip("model:N"),
                alt.Tooltip("value:Q", title=what[:-1], format=".1%"),
            ],
        )
    )
    layers = [zero_rule(), marks] if table.to_numpy().min() < 0 else [marks]
    return layered(layers, data, title=title + extra, height=max(len(names), 2) * 20)
