"""Charts of a replication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.charts import DASHES, NEUTRAL, PALETTE, POINTS

WIDTH = 620
ROW = 26
"""Pixels of a row with a name."""
ZERO = "#555555"


def plot_by_window(frame: pd.DataFrame, *, title: str, unit: str, percent: bool) -> alt.LayerChart:
    """One figure by window, published and ours, one colour a model.

    Args:
        frame: Columns `lookback`, `model`, `source` and `value`.
        title: Title of the chart.
        unit: Title of the vertical axis.
        percent: Whether the figure is a share.
    """
    models, sources = _in_order(frame["model"]), _in_order(frame["source"])
    order = [str(value) for value in sorted(frame["lookback"].unique())]
    table = frame.dropna(subset=["value"]).assign(lookback=frame["lookback"].astype(str))
    shared = {
        "x": alt.X(
            "lookback:O",
            title="Window (returns)",
            sort=order,
            axis=alt.Axis(labelAngle=0),
            scale=alt.Scale(type="point", padding=0.3),
        ),
        "y": alt.Y(
            "value:Q",
            title=unit,
            axis=alt.Axis(format=".0%" if percent else ".2f"),
            scale=alt.Scale(zero=percent, nice=True),
        ),
        "color": alt.Color(
            "model:N", title="Model", sort=models, scale=alt.Scale(domain=models, range=PALETTE)
        ),
        "tooltip": ["model:N", "source:N", "lookback:O", alt.Tooltip("value:Q", format=".3f")],
    }
    base = alt.Chart(table, width=WIDTH, height=240)
    dashes = alt.Scale(domain=sources, range=DASHES[: len(sources)])
    shapes = alt.Scale(domain=sources, range=["circle", "diamond", "square"][: len(sources)])
    legend = alt.Legend(symbolStrokeWidth=2, symbolSize=160)
    return alt.LayerChart(
        layer=[
            base.mark_line(strokeWidth=1.6).encode(
                strokeDash=alt.StrokeDash(
                    "source:N", title="Source", sort=sources, scale=dashes, legend=legend
                ),
                **shared,
            ),
            base.mark_point(size=70, filled=True, opacity=1).encode(
                shape=alt.Shape(
                    "source:N", title="Source", sort=sources, scale=shapes, legend=legend
                ),
                **shared,
            ),
        ],
        title=title,
    )


def plot_growth_of(returns: Mapping[str, pd.Series], *, title: str) -> alt.Chart:
    """Growth of 1 on a logarithmic scale, one line a name.

    Args:
        returns: (n_periods,) returns by name.
        title: Title of the chart.
    """
    names = list(returns)
    parts = []
    for name, earned in returns.items():
        wealth = (1 + earned).cumprod()
        step = -(-len(wealth) // POINTS)
        kept = sorted({*range(0, len(wealth), step), len(wealth) - 1})
        shown = wealth.iloc[kept]
        parts.append(pd.DataFrame({"date": shown.index, "value": shown.to_numpy(), "name": name}))
    data = pd.concat(parts, ignore_index=True)
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
    dashes = [DASHES[i % len(DASHES)] for i in range(len(names))]
    legend = alt.Legend(symbolLimit=30, labelLimit=240, symbolStrokeWidth=2, symbolSize=200)
    chart: alt.Chart = (
        alt.Chart(data, title=title, width=WIDTH, height=300)
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y(
                "value:Q", title="Growth of 1 (log scale)", scale=alt.Scale(type="log", nice=False)
            ),
            color=alt.Color(
                "name:N",
                title="Portfolio",
                sort=names,
                scale=alt.Scale(domain=names, range=colours),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "name:N",
                title="Portfolio",
                sort=names,
                scale=alt.Scale(domain=names, range=dashes),
                legend=legend,
            ),
            tooltip=["date:T", "name:N", alt.Tooltip("value:Q", format=".3g")],
        )
    )
    return chart


def plot_steps(frame: pd.DataFrame, *, title: str, unit: str, percent: bool) -> alt.LayerChart:
    """A figure step by step: what each changes on average, and where each window stands.

    Args:
        frame: Columns `step`, `lookback`, `value`, steps in their order.
        title: Title of the chart.
        unit: Title of the horizontal axis.
        percent: Whether the figure is a share.
    """
    steps = _in_order(frame["step"])
    mean = frame.groupby("step")["value"].mean().reindex(steps)
    bars = pd.DataFrame(
        {"step": steps, "value": mean.to_numpy(), "before": mean.shift().fillna(mean.iloc[0])}
    )
    bars["change"] = np.where(bars["value"] >= bars["before"], "rises", "falls")
    number = ".0%" if percent else ".2f"
    bars["label"] = [f"{value:{number}}" for value in bars["value"]]
    y = alt.Y("step:N", title=None, sort=steps, axis=alt.Axis(labelLimit=260))
    x = alt.X(
        "value:Q", title=unit, axis=alt.Axis(format=number), scale=alt.Scale(zero=False, nice=True)
    )
    base = alt.Chart(bars, width=WIDTH - 140, height=ROW * len(steps))
    windows = alt.Chart(frame.dropna(subset=["value"])).mark_tick(
        thickness=2, size=12, color="#555555"
    )
    return alt.LayerChart(
        layer=[
            base.mark_rule(strokeWidth=5).encode(
                x=x,
                x2="before:Q",
                y=y,
                color=alt.Color(
                    "change:N",
                    title="From the row above it",
                    scale=alt.Scale(domain=["rises", "falls"], range=[PALETTE[0], PALETTE[1]]),
                    legend=alt.Legend(orient="bottom", symbolStrokeWidth=5),
                ),
            ),
            windows.encode(x=x, y=y, tooltip=["step:N", "lookback:O", "value:Q"]),
            base.mark_point(filled=True, size=75, color=NEUTRAL, opacity=1).encode(x=x, y=y),
            base.mark_text(align="left", dx=6, fontSize=11).encode(
                x=alt.value(WIDTH - 140), y=y, text="label:N"
            ),
        ],
        title=title,
    )


def plot_differences(frame: pd.DataFrame, *, title: str, unit: str) -> alt.LayerChart:
    """Differences with their intervals, one row a name, one colour a group.

    Args:
        frame: Columns `row`, `group`, `value`, `low`, `high`.
        title: Title of the chart.
        unit: Title of the horizontal axis.
    """
    rows, groups = _in_order(frame["row"]), _in_order(frame["group"])
    table = frame.dropna()
    y = alt.Y("row:N", title=None, sort=rows, axis=alt.Axis(labelLimit=240))
    colour = alt.Color(
        "group:N", title="Window", sort=groups, scale=alt.Scale(domain=groups, range=PALETTE)
    )
    offset = alt.YOffset("group:N", sort=groups)
    base = alt.Chart(table, width=WIDTH - 60, height=alt.Step(9))
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=ZERO, strokeDash=[4, 3])
    return alt.LayerChart(
        layer=[
            zero.encode(x=alt.X("x:Q")),
            base.mark_rule(strokeWidth=1.6).encode(
                x=alt.X("low:Q", title=unit), x2="high:Q", y=y, yOffset=offset, color=colour
            ),
            base.mark_point(filled=True, size=45, opacity=1).encode(
                x="value:Q",
                y=y,
                yOffset=offset,
                color=colour,
                tooltip=["row:N", "group:N", "value:Q", "low:Q", "high:Q"],
            ),
        ],
        title=title,
    )


def plot_largest_difference(differences: Mapping[str, pd.Series], *, title: str) -> alt.Chart:
    """Largest difference of a weight by date, on a logarithmic scale.

    Args:
        differences: (n_dates,) largest differences by what is compared.
        title: Title of the chart.
    """
    names = list(differences)
    data = pd.concat(
        [
            pd.DataFrame({"date": s.index, "value": np.maximum(s.to_numpy(), 1e-9), "name": name})
            for name, s in differences.items()
        ],
        ignore_index=True,
    )
    chart: alt.Chart = (
        alt.Chart(data, title=title, width=WIDTH, height=220)
        .mark_point(size=22, filled=True, opacity=0.8)
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y(
                "value:Q",
                title="Largest difference of a weight (log scale)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format=".0e", tickCount=6),
            ),
            color=alt.Color("name:N", title="Weights", scale=_scale(names, PALETTE)),
            shape=alt.Shape("name:N", title="Weights", scale=_scale(names, ["circle", "diamond"])),
            tooltip=["date:T", "name:N", alt.Tooltip("value:Q", format=".2g")],
        )
    )
    return chart


def _scale(names: Sequence[str], looks: Sequence[str]) -> alt.Scale:
    return alt.Scale(domain=list(names), range=list(looks[: len(names)]))


def _in_order(column: pd.Series) -> list[str]:
    return list(dict.fromkeys(str(value) for value in column))
