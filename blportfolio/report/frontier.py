"""Chart of the efficient frontier."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.optimise.frontier import EfficientFrontier
from blportfolio.types import FloatArray, IntArray

WIDTH, HEIGHT = 760, 360
FONT = 10
COLOURS = {"frontier": "#0072B2", "assets": "#767676"}
MARKED = {"Minimum variance": ("#009E73", "square"), "Maximum Sharpe": ("#D55E00", "diamond")}
# Where a name may stand beside its dot: (alignment, baseline, dx, dy in pixels).
PLACES: list[tuple[Any, Any, int, int]] = [
    ("left", "middle", 8, 0),
    ("right", "middle", -8, 0),
    ("center", "bottom", 0, -5),
    ("center", "top", 0, 5),
]


def plot_frontier(frontier: EfficientFrontier) -> alt.LayerChart:
    """Efficient frontier with the assets, and the portfolios of least variance and best ratio.

    Both axes are per year where the periods in it are known, and per period otherwise. An asset
    whose name would cover another is told by its tooltip alone.

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
    everything = pd.concat([line, assets, marked])
    spans = [_padded(everything["volatility"]), _padded(everything["return"])]

    def axis(kind: type[Any], name: str, title: str, span: list[float]) -> Any:  # noqa: ANN401
        return kind(
            f"{name}:Q",
            title=f"{title} ({unit}, %)",
            axis=alt.Axis(format=".3~%", tickCount=8, labelFlush=False),
            scale=alt.Scale(domain=span, nice=False, zero=False),
        )

    x = axis(alt.X, "volatility", "Volatility", spans[0])
    y = axis(alt.Y, "return", "Expected return", spans[1])
    figures: list[Any] = [
        alt.Tooltip("volatility:Q", format=".2%"),
        alt.Tooltip("return:Q", format=".2%"),
    ]
    tooltip = [alt.Tooltip("name:N"), *figures]
    curve = (
        alt.Chart(line, title="Efficient frontier", width=WIDTH, height=HEIGHT)
        .mark_line(color=COLOURS["frontier"], strokeWidth=2)
        .encode(x=x, y=y, order=alt.Order("return:Q"), tooltip=figures)
    )
    dots = (
        alt.Chart(assets)
        .mark_circle(color=COLOURS["assets"], size=30, opacity=0.6)
        .encode(x=x, y=y, tooltip=tooltip)
    )
    chosen_places = _places(assets, pd.concat([line, marked]), spans)
    names = [
        alt.Chart(assets[chosen_places == i])
        .mark_text(align=align, baseline=baseline, dx=dx, dy=dy, fontSize=FONT)
        .encode(x=x, y=y, text="name:N", tooltip=tooltip)
        for i, (align, baseline, dx, dy) in enumerate(PLACES)
        if (chosen_places == i).any()
    ]
    looks = [MARKED[name] for name in held]
    marks = (
        alt.Chart(marked)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "name:N",
                title="Portfolio",
                scale=alt.Scale(domain=list(held), range=[colour for colour, _ in looks]),
            ),
            shape=alt.Shape(
                "name:N",
                title="Portfolio",
                scale=alt.Scale(domain=list(held), range=[shape for _, shape in looks]),
            ),
            tooltip=tooltip,
        )
    )
    return alt.LayerChart(
        layer=[curve, dots, *names, marks],
        description=f"Efficient frontier of {len(mean)} assets: expected return by volatility.",
    )


def _padded(values: pd.Series) -> list[float]:
    """Return an axis with room for marks and names at its ends."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.1 * abs(high) or 0.01
    return [low - room, high + room]


def _places(assets: pd.DataFrame, others: pd.DataFrame, spans: list[list[float]]) -> IntArray:
    """Return the place of each asset's name, the first that covers nothing; −1 where none does."""

    def pixels(table: pd.DataFrame) -> FloatArray:
        (left, right), (bottom, top) = spans
        across = (table["volatility"].to_numpy() - left) / (right - left) * WIDTH
        down = (top - table["return"].to_numpy()) / (top - bottom) * HEIGHT
        return np.column_stack([across, down])

    dots = pixels(assets)
    taken = np.vstack([dots, pixels(others)])
    taken = np.hstack([taken - 3, taken + 3])  # left, top, right, bottom
    places = np.full(len(assets), -1)
    for i, name in enumerate(assets["name"]):
        size = np.array([0.62 * FONT * len(name), FONT])
        for place, (align, baseline, dx, dy) in enumerate(PLACES):
            shift = np.array(
                [
                    {"left": 0.0, "center": -0.5, "right": -1.0}[align],
                    {"top": 0.0, "middle": -0.5, "bottom": -1.0}[baseline],
                ]
            )
            corner = dots[i] + np.array([dx, dy]) + shift * size
            end = corner + size
            covers = (corner < taken[:, 2:]).all(axis=1) & (end > taken[:, :2]).all(axis=1)
            covers[i] = False  # its own dot
            if covers.any() or (corner < 0).any() or (end > [WIDTH, HEIGHT]).any():
                continue
            places[i] = place
            taken = np.vstack([taken, np.append(corner, end)])
            break
    return places
