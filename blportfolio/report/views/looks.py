"""What the charts of views share: marks of prior, view and posterior, which rows, how high."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from blportfolio.report.charts import NEUTRAL, PALETTE

MOST = 25
"""Rows a chart can show legibly on a phone."""

LINE = 18
"""Letters of a name in one line beside a row."""
STAGES = ("Prior", "View", "Posterior")
STAGE_COLOURS = (NEUTRAL, PALETTE[1], PALETTE[0])
STAGE_SHAPES = ("square", "triangle-up", "circle")
FALL, RISE = PALETTE[1], PALETTE[0]
# From vermilion over a light middle to blue, told apart by all common kinds of colour blindness.
DIVERGING = ("#B04A00", "#E89A5C", "#F7F4EF", "#7FB0D6", "#005A96")
INK, CHALK = "#1F1F1F", "#F7F4EF"
WIDTH = 640


def largest(changes: pd.Series, most: int = MOST) -> list[str]:
    """Return the labels of the largest changes, in the order of `changes`."""
    kept = changes.abs().nlargest(most).index
    return [str(label) for label in changes.index if label in kept]


def shown_of(count: int, total: int, what: str = "assets") -> str:
    """Return what a title adds where not everything is shown; empty where it is."""
    return "" if count >= total else f", the {count} of {total} {what} that change most"


def wrapped(names: Sequence[str]) -> list[str]:
    """Return names that stand beside a row, long ones broken into lines."""
    return ["\n".join(textwrap.wrap(name, LINE)) or name for name in names]


def row_height(names: Sequence[str], least: int) -> int:
    """Return the pixels of a row in which the longest of wrapped names fits."""
    return max(least, *(5 + 14 * (1 + name.count("\n")) for name in names if "\n" in name), 0)


def stage_scale() -> tuple[alt.Scale, alt.Scale]:
    """Return the scales of colour and shape of prior, view and posterior."""
    return (
        alt.Scale(domain=list(STAGES), range=list(STAGE_COLOURS)),
        alt.Scale(domain=list(STAGES), range=list(STAGE_SHAPES)),
    )


def bottom(title: str | None = None, columns: int = 3) -> alt.Legend:
    """Return a legend below the chart, narrow enough for a phone."""
    return alt.Legend(title=title, orient="bottom", columns=columns, labelLimit=180)


def row_axis(names: list[str], title: str | None = None) -> alt.Y:
    """Return an axis with a row for each name, in their order."""
    return alt.Y("row:N", title=title, sort=names, axis=name_axis())


def name_axis(angle: float = 0) -> alt.Axis:
    """Return an axis that shows every name, beside its row or below its column."""
    return alt.Axis(
        labelAngle=angle,
        labelLimit=130 if angle == 0 else 200,
        labelExpr="split(datum.label, '\\n')",
        labelOverlap=False,
        labelFlush=False,
        labelBound=False,
        ticks=False,
        domain=False,
        grid=False,
    )


class Drawn(alt.LayerChart):
    """A chart that is not validated each time it is sent, which takes as long as all else.

    Its form is fixed and tests validate it; sliders draw it many times.
    """

    def to_dict(
        self,
        validate: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return the specification."""
        specification: dict[str, Any] = super().to_dict(validate=validate, **options)
        return specification


def layered(
    layers: list[alt.Chart], data: pd.DataFrame, *, title: str | list[str], height: int
) -> alt.LayerChart:
    """Return layers over one table; `height` is that of the plot, without title, axis or legend."""
    text: Any = alt.TitleParams(title, anchor="start", limit=WIDTH)
    return Drawn(
        data=data,
        layer=layers,
        title=text,
        width=WIDTH,
        height=height,
        padding={"left": 5, "top": 5, "right": 5, "bottom": 5},
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def zero_rule() -> alt.Chart:
    """Return a line at 0."""
    rule: alt.Chart = alt.Chart().mark_rule(color=NEUTRAL, strokeWidth=1)
    return rule.encode(x=alt.XDatum(0.0))
