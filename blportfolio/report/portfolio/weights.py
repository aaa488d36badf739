"""Weights over time as a stacked area, and how spread out they are."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.charts import LAYERS, PALETTE
from blportfolio.report.portfolio.lines import line_chart, pointer_rule
from blportfolio.report.portfolio.looks import Looks, heading, legend
from blportfolio.report.portfolio.trading import holdings

WIDTH, HEIGHT, STEPS = 760, 300, 400
OTHERS = "#9A9A9A"


def layers_of(result: BacktestResult, most: int = LAYERS) -> pd.DataFrame:
    """Return target weights by decision, the assets with the largest mean sizes by name.

    The rest is one column. A last row repeats the last decision at the last date held, and a
    decision made before the result begins is dated when it begins.

    Args:
        result: A finished backtest, or part of one.
        most: Assets with a column of their own.
    """
    weights = result.weights
    ranked = weights.abs().mean().sort_values(ascending=False, kind="stable").index
    layers = weights[list(ranked[:most])].copy()
    if len(ranked) > most:
        layers[f"{len(ranked) - most} others"] = weights[list(ranked[most:])].sum(axis=1)
    dates = pd.DatetimeIndex(weights.index)
    dates = dates.where(dates >= result.wealth.index[0], result.wealth.index[0])
    layers.index = pd.DatetimeIndex(dates, name="date")
    held = layers.iloc[[-1]].set_axis(pd.DatetimeIndex(result.wealth.index[-1:], name="date"))
    return pd.concat([layers, held])


def weights_chart(result: BacktestResult) -> alt.LayerChart:
    """Target weights by asset, stacked; what is missing to 100 % is cash, what is below 0 is short.

    Args:
        result: A finished backtest, or part of one.
    """
    layers = layers_of(result)
    step = max(1, len(layers) // STEPS)
    kept = sorted({*range(0, len(layers), step), len(layers) - 1})
    thinned = layers.iloc[kept]
    names = [str(name) for name in layers.columns]
    table = thinned.set_axis(names, axis=1).reset_index()
    long = pd.DataFrame(
        {
            "date": np.repeat(thinned.index.to_numpy(), len(names)),
            "asset": np.tile(np.array(names, dtype=object), len(thinned)),
            "layer": np.tile(np.arange(len(names)), len(thinned)),
            "value": thinned.to_numpy().ravel(),
        }
    )
    low = float(np.minimum(layers, 0).sum(axis=1).min())
    high = float(np.maximum(layers, 0).sum(axis=1).max())
    scale = alt.Scale(domain=[min(0.0, low), max(1.0, high)], nice=False)
    colours = [*PALETTE[:LAYERS], OTHERS][: len(names)]
    areas = (
        alt.Chart(long)
        .mark_area(interpolate="step-after")
        .encode(
            x=alt.X("date:T", title=None, axis=alt.Axis(tickCount=6, labelFlush=True)),
            y=alt.Y(
                "value:Q",
                title="Weight (%)",
                stack="zero",
                axis=alt.Axis(format=".0%"),
                scale=scale,
            ),
            color=alt.Color(
                "asset:N",
                title=None,
                sort=names,
                scale=alt.Scale(domain=names, range=colours),
                legend=legend(3),
            ),
            order=alt.Order("layer:Q"),
        )
    )
    return alt.LayerChart(
        layer=[areas, pointer_rule(table, names, ".1%")],
        title=heading(result.name, "target weights by asset"),
        width=WIDTH,
        height=HEIGHT,
    )


def effective_chart(results: list[BacktestResult], *, looks: Looks | None = None) -> alt.LayerChart:
    """Effective number of assets of each decision, (Σ|w|)² / Σw², one line a strategy."""
    return line_chart(
        {result.name: holdings(result)["effective"].dropna() for result in results},
        title=("Effective number of assets", "by decision"),
        axis=alt.Y("value:Q", title="Effective assets", scale=alt.Scale(zero=True)),
        text=".1f",
        looks=looks,
    )
