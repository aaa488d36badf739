"""Charts of what views did: prior, view and posterior by asset, trust, weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.views.explain import ViewExplanation
from blportfolio.report.views.looks import (
    MOST,
    STAGES,
    bottom,
    largest,
    layered,
    row_axis,
    row_height,
    shown_of,
    stage_scale,
    wrapped,
    zero_rule,
)
from blportfolio.types import FloatArray

LANE = 9
"""Pixels of each of the three marks in a row."""
ROW = 19
"""Pixels of a row with one mark."""
HELD = 5e-4
"""Weight from which an asset counts as held."""


def plot_views(
    explanation: ViewExplanation,
    *,
    by: str = "asset",
    only: Sequence[str] | None = None,
    most: int = MOST,
) -> alt.LayerChart:
    """Prior, view and posterior mean by asset or by view, each ± 1 standard deviation.

    Rows are sorted by the posterior mean. The axis covers priors, posteriors and their bars, and
    all views; the bars of views are cut where they run beyond it.

    Args:
        explanation: What `explain_views` returned.
        by: `asset`, or `view` for the portfolios that views are about.
        only: Assets or views to choose rows from; None for all.
        most: Rows at most; those that change most are shown.
    """
    table = explanation.assets if by == "asset" else explanation.views
    if only is not None:
        table = table.loc[list(only)]
    change = table["posterior"] - table["prior"]
    kept = largest(change, most)
    names = list(table.loc[kept, "posterior"].sort_values(ascending=False, kind="stable").index)
    chosen, rows = table.loc[names], wrapped(names)
    mean = chosen[[stage.lower() for stage in STAGES]].to_numpy(dtype=float).ravel()
    deviation = chosen[[f"{stage.lower()}_sd" for stage in STAGES]].to_numpy(dtype=float).ravel()
    span = _span(mean.reshape(-1, 3), deviation.reshape(-1, 3))
    known = np.isfinite(mean)  # an asset without a view of its own has no mark for one
    inside = pd.DataFrame(
        {
            "row": np.repeat(np.array(rows, dtype=object), 3)[known],
            "stage": np.tile(np.array(STAGES, dtype=object), len(names))[known],
            "mean": mean[known],
            "sd": deviation[known],
            "low": np.clip(mean - deviation, span[0], span[1])[known],
            "high": np.clip(mean + deviation, span[0], span[1])[known],
        }
    )
    colour, shape = stage_scale()
    x = alt.X(
        "mean:Q",
        title=f"Expected return ({explanation.unit}, %)",
        axis=alt.Axis(format=".3~%", tickCount=6, grid=True),
        scale=alt.Scale(domain=span, nice=False, zero=False),
    )
    y = row_axis(rows)
    offset = alt.YOffset("stage:N", sort=list(STAGES))
    tooltip = [
        alt.Tooltip("row:N", title=by),
        alt.Tooltip("stage:N", title="what"),
        alt.Tooltip("mean:Q", title="mean", format=".1%"),
        alt.Tooltip("sd:Q", title="± 1 sd", format=".1%"),
    ]
    look: dict[str, Any] = {"sort": list(STAGES), "legend": bottom()}
    shade = alt.Color("stage:N", scale=colour, **look)
    link = (
        alt.Chart()
        .transform_filter(f"datum.stage != '{STAGES[1]}'")
        .mark_line(color=NEUTRAL, strokeWidth=1, opacity=0.6)
        .encode(x=x, y=y, yOffset=offset, detail=alt.Detail("row:N"))
    )
    bars = (
        alt.Chart()
        .mark_rule(strokeWidth=1.5, opacity=0.9)
        .encode(
            x=alt.X("low:Q"),
            x2=alt.X2("high:Q"),
            y=y,
            yOffset=offset,
            color=shade,
            tooltip=tooltip,
        )
    )
    marks = (
        alt.Chart()
        .mark_point(filled=True, size=52, opacity=1)
        .encode(
            x=x,
            y=y,
            yOffset=offset,
            color=shade,
            shape=alt.Shape("stage:N", scale=shape, **look),
            tooltip=tooltip,
        )
    )
    title = "Prior, view and posterior" + shown_of(len(names), len(table), f"{by}s")
    return layered(
        [zero_rule(), link, bars, marks] if span[0] < 0 < span[1] else [link, bars, marks],
        inside,
        title=[title, f"expected return {explanation.unit} ± 1 standard deviation"],
        height=row_height(rows, 3 * LANE + 2) * max(len(rows), 2),
    )


def plot_trust(explanation: ViewExplanation, *, most: int = MOST) -> alt.LayerChart:
    """Trust in each view as bars, from 0 (ignored) to 1 (believed outright)."""
    trust = explanation.views["trust"].sort_values(ascending=False, kind="stable")
    shown = trust.iloc[:most]
    names = [str(name) for name in shown.index]
    chosen, rows = explanation.views.loc[names], wrapped(names)
    data = pd.DataFrame(
        {
            "row": rows,
            "trust": shown.to_numpy(),
            "surprise": chosen["surprise"].to_numpy(),
            "omega": chosen["omega_sd"].to_numpy(),
        }
    )
    edge = [min(0.0, float(data["trust"].min())), max(float(data["trust"].max()) * 1.18, 1e-3)]
    y = row_axis(rows)
    x = alt.X(
        "trust:Q",
        title="Trust (% of the way to the view)",
        axis=alt.Axis(format=".2~%", tickCount=5),
        scale=alt.Scale(domain=edge, nice=False),
    )
    tooltip = [
        alt.Tooltip("row:N", title="view"),
        alt.Tooltip("trust:Q", format=".1%"),
        alt.Tooltip("omega:Q", title=f"√Ω ({explanation.unit})", format=".1%"),
        alt.Tooltip("surprise:Q", title="surprise (sd)", format=".2f"),
    ]
    base = alt.Chart()
    bars = base.mark_bar(color=PALETTE[0], height=11).encode(x=x, y=y, tooltip=tooltip)
    text = base.mark_text(align="left", dx=4, color=NEUTRAL).encode(
        x=x, y=y, text=alt.Text("trust:Q", format=".1%"), tooltip=tooltip
    )
    extra = "" if len(trust) <= most else f", the {most} largest of {len(trust)}"
    return layered(
        [bars, text],
        data,
        title=f"Trust in each view{extra}",
        height=row_height(rows, ROW) * max(len(rows), 2),
    )


def plot_weights_before_after(weights: pd.DataFrame, *, most: int = MOST) -> alt.LayerChart:
    """Weights before and after the views, beside the market's or equal ones.

    Args:
        weights: What `before_and_after` returned.
        most: Rows at most: the assets that are held before or after, the largest of them.
    """
    beside = "market" if "market" in weights else "equal"
    size = weights[["before", "after"]].abs().max(axis=1)
    held = size[size >= HELD]
    kept = held.nlargest(most).index
    names = [
        str(name)
        for name in weights.loc[kept, "after"].sort_values(ascending=False, kind="stable").index
    ]
    stages = ["Before views", "After views", f"{beside.capitalize()} weights"]
    data = pd.DataFrame(
        {
            "row": np.repeat(np.array(names, dtype=object), 3),
            "stage": np.tile(np.array(stages, dtype=object), len(names)),
            "weight": weights.loc[names, ["before", "after", beside]].to_numpy().ravel(),
        }
    )
    colours = alt.Scale(domain=stages, range=[NEUTRAL, PALETTE[0], PALETTE[3]])
    shapes = alt.Scale(domain=stages, range=["square", "circle", "diamond"])
    ends = [float(data["weight"].min()), float(data["weight"].max())]
    x = alt.X(
        "weight:Q",
        title="Weight (%)",
        axis=alt.Axis(format=".3~%", tickCount=6),
        scale=alt.Scale(domain=[min(ends[0], 0.0) - 0.012, ends[1] * 1.03 + 0.01], nice=False),
    )
    tooltip = [
        alt.Tooltip("row:N", title="asset"),
        alt.Tooltip("stage:N", title="what"),
        alt.Tooltip("weight:Q", format=".1%"),
    ]
    y = row_axis(names)
    links = (
        alt.Chart()
        .transform_filter(f"datum.stage != '{stages[2]}'")
        .mark_line(color=NEUTRAL, strokeWidth=2, opacity=0.5)
        .encode(x=x, y=y, detail=alt.Detail("row:N"))
    )
    marks = (
        alt.Chart()
        .mark_point(size=60, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("stage:N", scale=colours, sort=stages, legend=bottom(columns=2)),
            shape=alt.Shape("stage:N", scale=shapes, sort=stages, legend=bottom(columns=2)),
            tooltip=tooltip,
        )
    )
    cut = len(held) - len(names)
    extra = f", the {len(names)} largest of {len(held)} held" if cut else ""
    title = f"Weights before and after the views{extra}"
    return layered([links, marks], data, title=title, height=ROW * max(len(names), 2))


def _span(mean: FloatArray, deviation: FloatArray) -> list[float]:
    """Return the ends of the axis: bars of priors and posteriors, and every view."""
    bars = [0, 2]
    low = float(min(np.nanmin((mean - deviation)[:, bars]), np.nanmin(mean)))
    high = float(max(np.nanmax((mean + deviation)[:, bars]), np.nanmax(mean)))
    room = 0.05 * (high - low) or 0.1 * abs(high) or 0.01
    return [low - room, high + room]
