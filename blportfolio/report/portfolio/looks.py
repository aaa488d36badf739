"""Which colour and dash a strategy has, the same on every chart of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from blportfolio.report.charts import PALETTE

DASHES = ((1, 0), (6, 3), (2, 2), (9, 3, 2, 3), (12, 4), (4, 2, 1, 2))


@dataclass(frozen=True, slots=True)
class Look:
    """How a strategy is drawn.

    Attributes:
        colour: Of its lines and bars.
        dash: Lengths of strokes and gaps of its lines, in pixels.
    """

    colour: str
    dash: tuple[int, ...]


Looks = Mapping[str, Look]


def looks_of(names: Sequence[str]) -> dict[str, Look]:
    """Return a look for each name, by its place in the list.

    The first names differ in colour and in dash; names beyond the palette repeat colours with
    another dash.

    Args:
        names: Every name that a page may show, in an order that its filters do not change.
    """
    unique = list(dict.fromkeys(names))
    return {
        name: Look(PALETTE[i % len(PALETTE)], DASHES[(i + i // len(PALETTE)) % len(DASHES)])
        for i, name in enumerate(unique)
    }


def heading(subject: str, detail: str = "") -> Any:  # noqa: ANN401, Altair's own types are loose
    """Return a title of two lines, which fits a telephone: what is shown, and how."""
    lines = [subject, detail] if detail else [subject]
    return alt.TitleParams(lines, anchor="start")


def legend(columns: int = 2) -> alt.Legend:
    """Return a legend below the chart that fits a telephone."""
    return alt.Legend(
        orient="bottom", columns=columns, symbolLimit=60, labelLimit=165, symbolStrokeWidth=2.5,
        symbolSize=220,
    )  # fmt: skip


def colour_of(
    names: Sequence[str], looks: Looks, *, field: str = "name:N", with_legend: bool = True
) -> alt.Color:
    """Return the colour channel of names with fixed looks."""
    return alt.Color(
        field,
        title=None,
        sort=list(names),
        scale=alt.Scale(domain=list(names), range=[looks[name].colour for name in names]),
        legend=legend() if with_legend else None,
    )


def dash_of(names: Sequence[str], looks: Looks, *, field: str = "name:N") -> alt.StrokeDash:
    """Return the dash channel of names with fixed looks, in one legend with their colours."""
    return alt.StrokeDash(
        field,
        title=None,
        sort=list(names),
        scale=alt.Scale(domain=list(names), range=[list(looks[name].dash) for name in names]),
        legend=legend(),
    )
