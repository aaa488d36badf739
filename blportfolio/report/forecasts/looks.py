"""Looks that the charts of a contest of forecasters share."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt
import numpy as np

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.charts import DASHES, NEUTRAL, PALETTE

WIDTH = 640
ROW = 26
"""Pixels of a row with a forecaster's name."""
SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross"]
WORDS = "replace(datum.label, /_/g, ' ')"
"""Vega's expression for a registry name as words."""
TITLE, SUBTITLE = 38, 48
"""Characters of a line of a title, and below it, that a narrow screen has room for."""


def titled(text: str, under: str = "") -> alt.Title:
    """Return a title whose lines a narrow screen has room for, and smaller lines below it."""
    more: dict[str, Any] = {}
    if under:
        more = {"subtitle": textwrap.wrap(under, SUBTITLE), "subtitleFontSize": 12}
        more["subtitleColor"] = NEUTRAL
    return alt.Title(textwrap.wrap(text, TITLE), anchor="start", fontSize=14, **more)


def legend(*, columns: int = 2, lines: bool = False) -> alt.Legend:
    """Return a legend below a chart, which leaves its width to the chart."""
    return alt.Legend(
        orient="bottom",
        columns=columns,
        symbolLimit=60,
        symbolOpacity=1,
        labelLimit=150,
        labelExpr=WORDS,
        symbolStrokeWidth=2,
        symbolSize=120,
        titleOrient="top",
        symbolType="stroke" if lines else alt.Undefined,
    )


def looks(
    comparison: Comparison, shown: list[str], *, truth: bool = False, points: bool = False
) -> dict[str, Any]:
    """Return colour, and dash or shape, by forecaster, the same on every chart of a contest.

    Args:
        comparison: The contest.
        shown: Forecasters on this chart.
        truth: Whether what came is shown, too.
        points: Whether forecasters are points, told apart by shape, and not lines by dash.
    """
    everyone = list(dict.fromkeys(row.name for row in comparison.standings))
    colours = [colour for colour in PALETTE if colour != NEUTRAL]
    places = {name: i for i, name in enumerate(everyone)}
    colour = {name: colours[i % len(colours)] for name, i in places.items()} | {"truth": NEUTRAL}
    kinds: list[Any] = SHAPES if points else DASHES
    # One step of dash or shape a forecaster, so that neighbours differ by more than colour.
    kind = {name: kinds[i % len(kinds)] for name, i in places.items()} | {"truth": kinds[0]}
    names = [*(["truth"] if truth else []), *shown]
    channel: Any = alt.Shape if points else alt.StrokeDash
    return {
        "color": alt.Color(
            "forecaster:N",
            title="Forecaster",
            sort=names,
            scale=alt.Scale(domain=names, range=[colour[name] for name in names]),
            legend=legend(lines=not points),
        ),
        "shape" if points else "strokeDash": channel(
            "forecaster:N",
            title="Forecaster",
            sort=names,
            scale=alt.Scale(domain=names, range=[kind[name] for name in names]),
            legend=legend(lines=not points),
        ),
    }


def axis_limit(sizes: Any) -> float:  # noqa: ANN401, an array or a Series
    """Return where an axis ends, so that what fails badly does not hide the rest."""
    values = np.asarray(sizes, dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return 0.01
    most = float(values.max())
    usual = 6 * float(np.median(values))
    return 1.05 * (float(values[values <= usual].max()) if most > usual else most)


def plain(name: str) -> str:
    """Return a registry name as words."""
    return name.replace("_", " ")


def spoken(text: str, comparison: Comparison) -> str:
    """Return a sentence with the registry names of a contest as words."""
    names = {row.name for row in comparison.standings}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, plain(name))
    return text


def reference_of(comparison: Comparison) -> str:
    """Return what forecasters are measured against, as sentences say it."""
    return {"last_value": "the last value"}.get(comparison.reference, plain(comparison.reference))
