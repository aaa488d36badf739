"""Chart of the efficient frontier."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.optimise.frontier import EfficientFrontier
from blportfolio.types import FloatArray

COLOURS = {"frontier": "#0072B2", "assets": "#000000"}
MARKED = {"Minimum variance": "#009E73", "Maximum Sharpe": "#D55E00"}


def plot_frontier(frontier: EfficientFrontier) -> alt.LayerChart:
    """Efficient frontier with the assets, and the portfolios of least variance and best ratio.

    Both axes are per year where the periods in it are known, and per period otherwise.

    Raises:
        DataError: If `frontier` is not one.
    """
    if not isinstance(frontier, EfficientFrontier):
        raise DataError(
            f"`frontier` must be an EfficientFrontier, got {type(frontier).__name__}. "
            "efficient_frontier(distribution) returns one."
        )
    periods, unit = frontier.periods_per_year, "annualised"
    if periods is None:
        periods, unit = 1.0, "per period"
    mean = frontier.mean.to_numpy()
    covariance = frontier.covariance.to_numpy()

    def table(weights: FloatArray, names: list[str]) -> pd.DataFrame:
        variances = np.einsum("ij,jk,ik->i", weights, covariance, weights)
        return pd.DataFrame(
            {
                "name": names,
                "volatility": np.sqrt(variances * periods),
                "return": weights @ mean * periods,
            }
        )

    line = table(frontier.weights.to_numpy(), [str(i) for i in frontier.weights.index])
    assets = table(np.eye(len(mean)), [str(label) for label in frontier.mean.index])
    chosen = {"Minimum variance": frontier.min_variance, "Maximum Sharpe": frontier.max_sharpe}
    held = {name: weights for name, weights in chosen.items() if weights is not None}
    marked = table(np.array(list(held.values())), list(held))
    x = alt.X("volatility:Q", title=f"Volatility ({unit}, %)", axis=alt.Axis(format=".3~%"))
    y = alt.Y("return:Q", title=f"Expected return ({unit}, %)", axis=alt.Axis(format=".3~%"))
    figures: list[Any] = [
        alt.Tooltip("volatility:Q", format=".2%"),
        alt.Tooltip("return:Q", format=".2%"),
    ]
    tooltip = [alt.Tooltip("name:N"), *figures]
    curve = (
        alt.Chart(line, title="Efficient frontier", width=760, height=360)
        .mark_line(color=COLOURS["frontier"], strokeWidth=2)
        .encode(x=x, y=y, order=alt.Order("return:Q"), tooltip=figures)
    )
    points = alt.Chart(assets).encode(x=x, y=y, tooltip=tooltip)
    dots = points.mark_circle(color=COLOURS["assets"], size=30, opacity=0.6)
    names = points.mark_text(align="left", dx=6, fontSize=10).encode(text="name:N")
    marks = (
        alt.Chart(marked)
        .mark_point(filled=True, size=110, shape="diamond", opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "name:N",
                title="Portfolio",
                scale=alt.Scale(domain=list(held), range=[MARKED[name] for name in held]),
            ),
            tooltip=tooltip,
        )
    )
    return alt.LayerChart(layer=[curve, dots, names, marks])
