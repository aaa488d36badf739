"""Charts of matrices: what each view did to each asset, and correlations before and after."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.report.views.explain import ViewExplanation
from blportfolio.report.views.looks import CHALK, DIVERGING, INK, MOST, largest, layered, name_axis

CELL = 19
"""Height of a row in pixels."""
ROOM = 36
"""Pixels of a cell's width above which its number fits."""


def plot_attribution(explanation: ViewExplanation, *, most: int = MOST) -> alt.LayerChart:
    """What each view (column) added to each asset's expected return (row), as a heat map.

    Args:
        explanation: What `explain_views` returned.
        most: Rows and columns at most: the assets that change most, and the views that did most.
    """
    table = explanation.attribution
    rows = largest(explanation.assets["change"], most)
    columns = largest(table.abs().sum(), most)
    kept = table.loc[rows, columns]
    cut = [
        f"{count} of {total} {what}"
        for count, total, what in (
            (len(rows), table.shape[0], "assets"),
            (len(columns), table.shape[1], "views"),
        )
        if count < total
    ]
    extra = f", the largest: {' and '.join(cut)}" if cut else ""
    limit = float(100 * np.abs(kept.to_numpy()).max(initial=0.0)) or 1.0
    return _heat_map(
        100 * kept,
        title=[
            "What each view added to each expected return",
            f"%-points {explanation.unit}{extra}",
        ],
        corner=("Asset", "View"),
        value="added (%-points)",
        form="+.2f" if limit < 10 else "+.1f",
        limit=limit,
        angle=-90 if len(columns) > 6 or max(map(len, columns)) > 8 else 0,
    )


def plot_correlations(correlations: pd.DataFrame, *, title: str, kept: list[str]) -> alt.LayerChart:
    """Correlations of expected returns as a heat map.

    Args:
        correlations: (n_assets, n_assets), as in `ViewExplanation.before`.
        title: Of the chart.
        kept: Assets to show.
    """
    return _heat_map(
        correlations.loc[kept, kept],
        title=title,
        corner=("", ""),
        value="correlation",
        form=".2f",
        limit=1.0,
        angle=-90,
    )


def plot_correlation_change(explanation: ViewExplanation, *, kept: list[str]) -> alt.LayerChart:
    """How much the views changed each correlation of expected returns."""
    change = (explanation.after - explanation.before).loc[kept, kept]
    limit = float(np.abs(change.to_numpy()).max(initial=0.0)) or 1.0
    return _heat_map(
        change,
        title="Change of correlation, after less before",
        corner=("", ""),
        value="change",
        form="+.2f" if limit >= 0.02 else "+.4f",
        limit=limit,
        angle=-90,
    )


def _heat_map(
    table: pd.DataFrame,
    *,
    title: str | list[str],
    corner: tuple[str, str],
    value: str,
    form: str,
    limit: float,
    angle: float,
) -> alt.LayerChart:
    rows, columns = [str(r) for r in table.index], [str(c) for c in table.columns]
    values = table.to_numpy().ravel()
    data = pd.DataFrame(
        {
            "row": np.repeat(np.array(rows, dtype=object), len(columns)),
            "column": np.tile(np.array(columns, dtype=object), len(rows)),
            "value": values,
            "text": [_number(value, form) for value in values],
        }
    )
    y = alt.Y("row:N", sort=rows, title=corner[0] or None, axis=name_axis())
    x = alt.X("column:N", sort=columns, title=corner[1] or None, axis=name_axis(angle))
    stops = [-limit, -limit / 2, 0, limit / 2, limit]
    scale = alt.Scale(domain=stops, range=list(DIVERGING), interpolate="lab")
    base = alt.Chart().encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("row:N", title=corner[0].lower() or "one"),
            alt.Tooltip("column:N", title=corner[1].lower() or "other"),
            alt.Tooltip("value:Q", title=value, format=form),
        ],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "value:Q",
            scale=scale,
            legend=alt.Legend(
                title=value, orient="bottom", format=form, tickCount=3, gradientLength=180
            ),
        )
    )
    numbers = base.mark_text(fontSize=10).encode(
        text=alt.Text("text:N"),
        color=alt.condition(f"abs(datum.value) > {0.6 * limit}", alt.value(CHALK), alt.value(INK)),
        opacity=alt.condition(f"width > {ROOM * len(columns)}", alt.value(1), alt.value(0)),
    )
    return layered([cells, numbers], data, title=title, height=max(len(rows), 2) * CELL)


def _number(value: float, form: str) -> str:
    """Return a number without the sign of a zero."""
    text = f"{value:{form}}"
    return text.lstrip("+-") if not text.strip("+-0.") else text.replace("-", "−")
