"""Charts of breadth, narrow enough for a telephone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from blportfolio.report.charts import DASHES, PALETTE
from blportfolio.research.breadth.claim import ClaimRow, Mean
from blportfolio.research.breadth.runs import Breadth

WIDTH = 210
"""Pixels of a plot; labels and figures beside it bring it to what a telephone shows."""
ROW = 22
MEAN = "mean of all"
SHAPES = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down"]


def plot_claim(
    against: Sequence[tuple[Sequence[ClaimRow], Mean]],
) -> alt.VConcatChart | None:
    """Difference of Sharpe ratios with its interval by universe, one panel a baseline."""
    low = min((row.at_window.low for rows, _ in against for row in rows), default=0.0, key=_or_zero)
    high = max(
        (row.at_window.high for rows, _ in against for row in rows), default=0.0, key=_or_zero
    )
    room = 0.05 * (max(_or_zero(high), 0.0) - min(_or_zero(low), 0.0)) or 0.1
    scale = alt.Scale(
        domain=[min(_or_zero(low), 0.0) - room, max(_or_zero(high), 0.0) + room], nice=False
    )
    panels = [_panel(rows, mean, scale) for rows, mean in against if mean.n_universes]
    return alt.VConcatChart(vconcat=panels, spacing=18) if panels else None


def _panel(rows: Sequence[ClaimRow], mean: Mean, scale: alt.Scale) -> alt.LayerChart:
    gaps = {row.universe: row.at_window for row in rows} | {MEAN: mean.at_window}
    table = pd.DataFrame(
        [
            {
                "universe": name,
                "value": gap.value,
                "low": gap.low,
                "high": gap.high,
                "label": f"{gap.value:+.2f}",
                "is_mean": name == MEAN,
            }
            for name, gap in gaps.items()
            if math.isfinite(gap.value)
        ]
    )
    order = table["universe"].tolist()
    y = alt.Y("universe:N", title=None, sort=order, axis=alt.Axis(labelLimit=100, minExtent=90))
    title = "Difference of Sharpe ratios a year, 95 % interval"
    x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format="+.1f", tickCount=5))
    base = alt.Chart(table, width=WIDTH, height=ROW * len(order))
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color="#555", strokeDash=[4, 3])
    marks: list[Any] = [
        zero.encode(x=alt.X("x:Q", scale=scale)),
        base.mark_rule(color=PALETTE[0], strokeWidth=2, clip=True).encode(
            x=alt.X("low:Q", scale=scale, title=title), x2="high:Q", y=y
        ),
        base.mark_point(filled=True, size=70, color=PALETTE[0], opacity=1).encode(
            x=x,
            y=y,
            shape=alt.Shape(
                "is_mean:N",
                scale=alt.Scale(domain=[False, True], range=["circle", "diamond"]),
                legend=None,
            ),
            tooltip=["universe:N", alt.Tooltip("value:Q", format="+.3f")],
        ),
        base.mark_text(align="left", dx=5, fontSize=11).encode(
            x=alt.value(WIDTH), y=y, text="label:N"
        ),
    ]
    return alt.LayerChart(layer=marks, title=_title(f"{mean.strategy} less {mean.baseline}"))


def plot_shares(counted: pd.DataFrame) -> alt.LayerChart:
    """Share of the cells in which each strategy has the higher Sharpe ratio, written in it."""
    table = counted.dropna(subset=["share_better"]).copy()
    table["label"] = [f"{share:.0%}" for share in table["share_better"]]
    table["tone"] = ["dark" if abs(s - 0.5) > 0.3 else "light" for s in table["share_better"]]
    strategies = table["strategy"].drop_duplicates().tolist()
    baselines = table["baseline"].drop_duplicates().tolist()
    base = alt.Chart(table, width=58 * len(baselines), height=26 * len(strategies)).encode(
        x=alt.X(
            "baseline:N",
            title="Baseline",
            sort=baselines,
            axis=alt.Axis(labelAngle=0, labelLimit=70, labelExpr="split(datum.label, ' ')"),
        ),
        y=alt.Y("strategy:N", title=None, sort=strategies, axis=alt.Axis(labelLimit=110)),
    )
    colour = alt.Color(
        "share_better:Q",
        title="Share of cells (%)",
        scale=alt.Scale(
            domain=[0, 0.5, 1], range=["#D55E00", "#FFFFFF", "#0072B2"], interpolate="rgb"
        ),
        legend=None,
    )
    ink = alt.Color("tone:N", scale=alt.Scale(domain=["dark", "light"], range=["white", "black"]))
    marks: list[Any] = [
        base.mark_rect(stroke="#bbb").encode(color=colour),
        base.mark_text(fontSize=12).encode(text="label:N", color=ink.legend(None)),
    ]
    chart: alt.LayerChart = alt.LayerChart(
        layer=marks, title=_title("Cells with the higher Sharpe ratio (% of cells)")
    ).resolve_scale(color="independent")
    return chart


def plot_by_window(breadth: Breadth) -> alt.VConcatChart | None:
    """Mean Sharpe ratio over universes by window, one panel for each set of windows."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for plan in breadth.plans.values():
        groups.setdefault(plan.windows, []).append(plan.name)
    panels = []
    for windows, universes in groups.items():
        if len(windows) < 2:
            continue
        rows = [
            (
                strategy,
                window,
                _mean_sharpe(breadth, universes, strategy, dict.fromkeys(universes, window)),
            )
            for strategy in breadth.strategies
            for window in windows
        ]
        named = universes[0] if len(universes) == 1 else f"mean of {len(universes)} universes"
        panels.append(
            _lines(breadth, rows, "Returns in the training window", f"By window: {named}")
        )
    return alt.VConcatChart(vconcat=panels, spacing=18) if panels else None


def plot_by_cost(breadth: Breadth) -> alt.Chart | None:
    """Mean Sharpe ratio over universes by cost, with the window nearest to a year."""
    if len(breadth.settings.costs) < 2:
        return None
    windows = {plan.name: plan.claim_window for plan in breadth.plans.values()}
    rows = [
        (strategy, cost, _mean_sharpe(breadth, list(windows), strategy, windows, cost))
        for strategy in breadth.strategies
        for cost in breadth.settings.costs
    ]
    many = len(windows)
    named = "1 universe" if many == 1 else f"mean of {many} universes"
    return _lines(breadth, rows, "Cost of each unit traded (basis points)", f"By cost: {named}")


def _mean_sharpe(
    breadth: Breadth,
    universes: Sequence[str],
    strategy: str,
    windows: Mapping[str, int],
    cost: float | None = None,
) -> float:
    """Return the mean over universes; NaN unless all of them ran, so that means compare."""
    charged = float(breadth.settings.claim_cost or 0.0) if cost is None else cost
    runs = [breadth.good(u, windows[u], charged, strategy) for u in universes]
    ratios = [math.nan if run is None else run.sharpe_ratio for run in runs]
    return sum(ratios) / len(ratios)


def _lines(
    breadth: Breadth, rows: Sequence[tuple[str, float, float]], x_title: str, title: str
) -> alt.Chart:
    table = pd.DataFrame(rows, columns=["strategy", "at", "sharpe"]).dropna()
    table["at"] = [f"{value:g}" for value in table["at"]]
    names = list(breadth.strategies)
    legend = alt.Legend(
        orient="bottom", columns=2, labelLimit=150, symbolStrokeWidth=2, symbolSize=90
    )

    def scale(looks: Sequence[Any]) -> dict[str, Any]:
        turns = [looks[i % len(looks)] for i in range(len(names))]
        return {
            "title": "Strategy",
            "sort": names,
            "scale": alt.Scale(domain=names, range=turns),
            "legend": legend,
        }

    encoding = {
        "color": alt.Color("strategy:N", **scale(PALETTE)),
        "strokeDash": alt.StrokeDash("strategy:N", **scale(DASHES)),
        "shape": alt.Shape("strategy:N", **scale(SHAPES)),
    }
    chart: alt.Chart = (
        alt.Chart(table, width=290, height=230, title=_title(title))
        .mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=alt.X(
                "at:O",
                title=x_title,
                sort=list(dict.fromkeys(table["at"])),
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("sharpe:Q", title="Sharpe ratio a year", scale=alt.Scale(zero=False)),
            tooltip=["strategy:N", "at:O", alt.Tooltip("sharpe:Q", format=".2f")],
            **encoding,
        )
    )
    return chart


def _title(text: str) -> alt.TitleParams:
    return alt.TitleParams(text, anchor="start", fontSize=12)


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0
