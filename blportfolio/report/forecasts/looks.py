"""Looks that the charts of a contest of forecasters share."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.charts import DASHES, NEUTRAL, PALETTE

WIDTH = 640
ROW = 22
"""Pixels of a row with a forecaster's name."""


def looks(comparison: Comparison, shown: list[str], *, truth: bool = False) -> dict[str, Any]:
    """Return colour and dash by forecaster, the same on every chart of a contest."""
    everyone = list(dict.fromkeys(row.name for row in comparison.standings))
    colours = [colour for colour in PALETTE if colour != NEUTRAL]
    by_name = {
        name: (colours[i % len(colours)], DASHES[i // len(colours) % len(DASHES)])
        for i, name in enumerate(everyone)
    }
    names = [*(["truth"] if truth else []), *shown]
    by_name["truth"] = (NEUTRAL, DASHES[0])
    legend = alt.Legend(symbolLimit=60, labelLimit=220, symbolStrokeWidth=2, symbolSize=220)
    return {
        "color": alt.Color(
            "forecaster:N",
            title="Forecaster",
            sort=names,
            scale=alt.Scale(domain=names, range=[by_name[name][0] for name in names]),
            legend=legend,
        ),
        "strokeDash": alt.StrokeDash(
            "forecaster:N",
            title="Forecaster",
            sort=names,
            scale=alt.Scale(domain=names, range=[by_name[name][1] for name in names]),
            legend=legend,
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


def reference_of(comparison: Comparison) -> str:
    """Return what forecasters are measured against, as sentences say it."""
    return {"last_value": "the last value"}.get(comparison.reference, plain(comparison.reference))
