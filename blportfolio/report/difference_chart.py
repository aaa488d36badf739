"""Chart of the differences of Sharpe ratios from a baseline, one row a strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from blportfolio.report.charts import NEUTRAL, PALETTE

WIDTH, ROW = 640, 26
LOOKS = {
    "above": ("interval above 0", PALETTE[0], "triangle-up"),
    "holds": ("interval holds 0", NEUTRAL, "circle"),
    "below": ("interval below 0", PALETTE[1], "triangle-down"),
}
SIDES = {"better": "above", "worse": "below"}


def plot_differences(
    comparisons: Sequence[Mapping[str, Any]], baseline: str, *, net: bool = True
) -> alt.LayerChart | None:
    """Sharpe ratio of each strategy less the baseline's, with its 95 % interval and a zero line.

    Args:
        comparisons: Records of `compare_with_baseline`.
        baseline: Name of what they are compared with.
        net: Whether the ratios compared are after costs.

    Returns:
        The chart; None where no strategy has a difference.
    """
    compared = [record for record in comparisons if record["role"] == "compared"]
    rows = [record for record in compared if record["low"] is not None]
    if not rows:
        return None
    table = pd.DataFrame(
        {
            "strategy": [record["first"] for record in rows],
            "difference": [record["difference"] for record in rows],
            "low": [record["low"] for record in rows],
            "high": [record["high"] for record in rows],
            "p": [record["p_value"] for record in rows],
            "found": [LOOKS[SIDES.get(record["finding"], "holds")][0] for record in rows],
        }
    )
    low, high = min(0.0, float(table["low"].min())), max(0.0, float(table["high"].max()))
    room = 0.05 * (high - low) or 0.1
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    title, axis = "Difference of Sharpe ratios, per year", alt.Axis(tickCount=7)
    y = alt.Y(
        "strategy:N",
        title=None,
        sort=table["strategy"].tolist(),
        axis=alt.Axis(labelLimit=180, grid=True, gridColor=NEUTRAL, gridOpacity=0.3),
    )
    present = [look for look in LOOKS.values() if look[0] in set(table["found"])]
    names, colours, shapes = (list(column) for column in zip(*present, strict=True))
    legend = alt.Legend(orient="bottom", labelLimit=260)
    colour = alt.Color(
        "found:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend
    )
    base = alt.Chart(table, width=WIDTH, height=ROW * len(table))
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    tooltip = [
        alt.Tooltip("strategy:N"),
        *(alt.Tooltip(f"{name}:Q", format="+.3f") for name in ("difference", "low", "high")),
        alt.Tooltip("p:Q", format=".3f"),
    ]
    marks: list[Any] = [
        zero.encode(x=alt.X("zero:Q", scale=scale, title=title, axis=axis)),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=scale, title=title, axis=axis), x2="high:Q", y=y, color=colour
        ),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=alt.X("difference:Q", scale=scale, title=title, axis=axis),
            y=y,
            color=colour,
            shape=alt.Shape(
                "found:N", title=None, scale=alt.Scale(domain=names, range=shapes), legend=legend
            ),
            tooltip=tooltip,
        ),
    ]
    return alt.LayerChart(
        layer=marks,
        title=alt.TitleParams(
            [
                f"Sharpe ratio less that of {baseline}",
                f"per year, 95 % interval, {'net of' if net else 'before'} costs",
            ],
            anchor="start",
        ),
    )
