"""Charts of results: growth, drawdown, weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.metrics import drawdown

# After Okabe and Ito (2008), darkened and lightened until each stands out 3.4 : 1 at least from
# white and from the dashboard's dark ground; dashes and shapes tell apart what colours do not.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#B8568C", "#A67C00", "#8A63C7", "#2A93C9", "#767676"]
NEUTRAL = "#767676"
POINTS = 800
LAYERS = len(PALETTE)
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart
Results = BacktestResult | Sequence[BacktestResult]


def plot_growth(results: Results) -> alt.Chart:
    """Growth of 1 net of costs, logarithmic, one line a strategy."""
    return _lines(
        results,
        lambda result: result.wealth,
        lambda chunk: chunk.iloc[-1],
        title="Growth of 1, net of costs (log scale)",
        axis=alt.Y("value:Q", title="Growth of 1", scale=alt.Scale(type="log", nice=False)),
    )


def plot_drawdown(results: Results) -> alt.Chart:
    """Fall from the highest wealth so far, net of costs, one line a strategy."""
    return _lines(
        results,
        lambda result: drawdown(result.wealth),
        lambda chunk: chunk.min(),
        title="Drawdown from the highest wealth so far, net of costs",
        axis=alt.Y("value:Q", title="Drawdown (%)", axis=alt.Axis(format="%")),
    )


def plot_weights(result: BacktestResult) -> alt.Chart:
    """Target weights by asset over time, stacked; what is missing to 100 % is cash.

    The assets with the largest mean weights are named, the rest are one layer: more than nine
    colours cannot be told apart.
    """
    (result,) = _chosen(result)
    weights = result.weights
    ranked = weights.mean().sort_values(ascending=False, kind="stable").index
    named = list(ranked[:LAYERS])
    layers = weights[named].copy()
    rest = list(ranked[LAYERS:])
    if rest:
        named.append(f"{len(rest)} others")
        layers[named[-1]] = weights[rest].sum(axis=1)
    thinned = layers.iloc[:: max(1, len(layers) // 400)]
    data = pd.DataFrame(
        {
            "date": np.repeat(thinned.index.to_numpy(), len(named)),
            "asset": np.tile(np.array(named, dtype=object), len(thinned)),
            "layer": np.tile(np.arange(len(named)), len(thinned)),
            "value": thinned.to_numpy().ravel(),
        }
    )
    scale = alt.Scale(domain=named, range=[*PALETTE[:LAYERS], "#DDDDDD"][: len(named)])
    chart: alt.Chart = (
        alt.Chart(data, title=f"{result.name}: target weights", width=760, height=280)
        .mark_area(interpolate="step-after")
        .encode(
            x=alt.X("date:T", title=None),
            y=alt.Y(
                "value:Q",
                title="Weight (%)",
                stack="zero",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color("asset:N", title="Asset", scale=scale, legend=_legend()),
            order=alt.Order("layer:Q"),
            tooltip=["date:T", "asset:N", alt.Tooltip("value:Q", format=".1%")],
        )
    )
    return chart


def to_png(chart: AnyChart) -> bytes:
    """Render a chart as PNG, without a browser."""
    import vl_convert

    rendered: bytes = vl_convert.vegalite_to_png(_specification(chart), scale=2)
    return rendered


def to_svg(chart: AnyChart) -> str:
    """Render a chart as SVG, without a browser."""
    import vl_convert

    rendered: str = vl_convert.vegalite_to_svg(_specification(chart))
    return rendered


def _specification(chart: AnyChart) -> dict[str, Any]:
    with alt.data_transformers.enable("default", max_rows=None):
        styled = chart.configure(font="sans-serif", background="white")
        specification: dict[str, Any] = styled.to_dict()
    return specification


def _lines(
    results: Results,
    series: Callable[[BacktestResult], pd.Series],
    reduce: Callable[[pd.Series], float],
    *,
    title: str,
    axis: alt.Y,
) -> alt.Chart:
    chosen = _chosen(results)
    data = pd.concat(
        [_thinned(series(result), reduce).assign(strategy=result.name) for result in chosen]
    )
    names = [result.name for result in chosen]
    chart: alt.Chart = (
        alt.Chart(data, title=title, width=760, height=320)
        .mark_line(strokeWidth=1.4, clip=True)
        .encode(
            x=alt.X("date:T", title=None),
            y=axis,
            color=alt.Color(
                "strategy:N",
                title="Strategy",
                sort=names,
                scale=alt.Scale(domain=names, range=_colours(len(names))),
                legend=_legend(),
            ),
            strokeDash=alt.StrokeDash(
                "strategy:N",
                sort=names,
                scale=alt.Scale(
                    domain=names,
                    range=[DASHES[i // len(PALETTE) % len(DASHES)] for i in range(len(names))],
                ),
                legend=None,
            ),
            tooltip=["date:T", "strategy:N", alt.Tooltip("value:Q", format=".4g")],
        )
    )
    return chart


def _chosen(results: Results) -> list[BacktestResult]:
    chosen = [results] if isinstance(results, BacktestResult) else list(results)
    if not chosen or not all(isinstance(result, BacktestResult) for result in chosen):
        raise DataError(
            f"`results` must be a BacktestResult or a list of them, got {str(results)[:60]!r}."
        )
    return chosen


def _thinned(series: pd.Series, reduce: Callable[[pd.Series], float]) -> pd.DataFrame:
    """Reduce a long series to `POINTS` chunks, each dated by its last day."""
    step = -(-len(series) // POINTS)
    starts = range(0, len(series), step)
    chunks = [series.iloc[start : start + step] for start in starts]
    return pd.DataFrame(
        {"date": [c.index[-1] for c in chunks], "value": [float(reduce(c)) for c in chunks]}
    )


def _colours(count: int) -> list[str]:
    return [PALETTE[i % len(PALETTE)] for i in range(count)]


def _legend() -> alt.Legend:
    return alt.Legend(symbolLimit=60, labelLimit=260)
