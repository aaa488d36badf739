"""Charts with one line a forecaster: over time, by horizon, one forecast."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.charts import NEUTRAL, POINTS
from blportfolio.report.forecasts.looks import WIDTH, axis_limit, looks, reference_of, titled

STEPS_SHOWN = 3
"""Contexts are shown no longer than this many horizons before a forecast."""


def plot_cumulative_gain(comparison: Comparison, horizon: int) -> alt.Chart:
    """Running sum of squared errors saved against the reference, as a share of all of its own.

    Each line ends at the forecaster's R²; it rises where the forecaster does better. After Goyal
    and Welch (2008).
    """
    rows = comparison.at(horizon)
    standard = next(row for row in rows if row.name == comparison.reference)
    total = float(standard.losses.sum()) or 1.0
    chosen = np.unique(np.linspace(0, len(standard.losses) - 1, POINTS).astype(int))
    dates = np.asarray(comparison.dates[horizon])[chosen]
    lines = {
        row.name: (np.cumsum(standard.losses - row.losses) / total)[chosen]
        for row in rows
        if row is not standard
    }
    limit = axis_limit(np.array([np.abs(line).max() for line in lines.values()]))
    shown = [name for name, line in lines.items() if np.abs(line[-1]) <= limit]
    beyond = [name for name in lines if name not in shown]
    table = pd.concat(
        [pd.DataFrame({"when": dates, "value": lines[n], "forecaster": n}) for n in shown]
        or [pd.DataFrame({"when": dates[:0], "value": [], "forecaster": []})]
    )
    is_dated = np.issubdtype(dates.dtype, np.datetime64)
    when = "when:T" if is_dated else "when:Q"
    chart: alt.Chart = (
        alt.Chart(
            table,
            title=titled(
                f"Squared error saved against {reference_of(comparison)} so far (%)",
                f"Horizon {horizon}; up is better{_beyond(beyond)}",
            ),
            width=WIDTH,
            height=280,
        )
        .mark_line(strokeWidth=1.6, clip=True)
        .encode(
            x=alt.X(
                when,
                title="Forecast made on" if is_dated else "Row",
                axis=alt.Axis(tickCount=6, labelOverlap=True),
            ),
            y=alt.Y(
                "value:Q",
                title=f"Saved, of {reference_of(comparison)}'s total (%)",
                axis=alt.Axis(format=".2~%"),
            ),
            tooltip=[
                alt.Tooltip(when, title="Forecast made on" if is_dated else "Row"),
                alt.Tooltip("forecaster:N", title="Forecaster"),
                alt.Tooltip("value:Q", title="Saved", format="+.3%"),
            ],
            **looks(comparison, shown),
        )
    )
    return chart


def plot_by_horizon(comparison: Comparison) -> alt.Chart | alt.LayerChart:
    """R² against the reference by horizon, 95 % intervals; of levels, the error of each step."""
    if comparison.kind == "levels" and comparison.horizons[-1] > 1:
        return _by_step(comparison)
    names = list(dict.fromkeys(row.name for row in comparison.standings))
    rows = [row for row in comparison.standings if row.name != comparison.reference]
    table = pd.DataFrame(
        {
            "horizon": [row.horizon for row in rows],
            "value": [row.gain for row in rows],
            "low": [row.gain_interval[0] for row in rows],
            "high": [row.gain_interval[1] for row in rows],
            "forecaster": [row.name for row in rows],
        }
    ).dropna(subset=["value"])
    worst = table.groupby("forecaster")["value"].apply(lambda values: values.abs().max())
    limit = axis_limit(worst)
    shown = [name for name in names if name in worst and worst[name] <= limit]
    beyond = [name for name in worst.index if name not in shown]
    table = table[table["forecaster"].isin(shown)].copy()
    edge = 2 * limit  # wider intervals would flatten the rest: they are cut, and it is said
    is_cut = bool((table[["low", "high"]].abs() > edge).any(axis=None))
    for side in ("low", "high"):
        table[f"{side}_shown"] = table[side].fillna(table["value"]).clip(-edge, edge)
    cut = ", cut where they are far wider" if is_cut else ""
    x = alt.X("horizon:O", title="Horizon (rows ahead)", axis=alt.Axis(labelAngle=0))
    offset = alt.XOffset("forecaster:N", sort=shown)
    y = alt.Y(
        "value:Q",
        title=f"R² against {reference_of(comparison)} (%)",
        axis=alt.Axis(format=".2~%"),
    )
    look = looks(comparison, shown, points=True)
    base = alt.Chart(table)
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    rules = base.mark_rule(strokeWidth=1.6).encode(
        x=x, xOffset=offset, y=alt.Y("low_shown:Q"), y2="high_shown:Q", color=look["color"]
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=x,
        xOffset=offset,
        y=y,
        tooltip=[
            alt.Tooltip("forecaster:N", title="Forecaster"),
            alt.Tooltip("horizon:O", title="Rows ahead"),
            alt.Tooltip("value:Q", title="R²", format="+.3%"),
            alt.Tooltip("low:Q", title="95 % from", format="+.3%"),
            alt.Tooltip("high:Q", title="to", format="+.3%"),
        ],
        **look,
    )
    return alt.LayerChart(
        layer=[zero.encode(y="value:Q"), rules, points],
        width=WIDTH,
        height=280,
        title=titled(
            f"R² against {reference_of(comparison)} by horizon (%)",
            f"With 95 % intervals{cut}{_beyond(beyond)}",
        ),
    )


def _by_step(comparison: Comparison) -> alt.Chart:
    """Return the error of each step up to the longest horizon, of levels."""
    names = list(dict.fromkeys(row.name for row in comparison.standings))
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "step": np.arange(1, len(row.step_mse) + 1),
                    "value": row.step_mse,
                    "forecaster": row.name,
                }
            )
            for row in comparison.at(comparison.horizons[-1])
        ]
    )
    chart: alt.Chart = (
        alt.Chart(
            table[table["value"] > 0],
            title=titled("Error by step ahead", "MSE of standardised levels, log scale"),
            width=WIDTH,
            height=280,
        )
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X(
                "step:Q",
                title="Steps ahead",
                axis=alt.Axis(format="d", tickMinStep=1),
                scale=alt.Scale(zero=False),
            ),
            y=alt.Y(
                "value:Q",
                title="MSE (standardised, log scale)",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(format=".2~g", tickCount=6),
            ),
            tooltip=[
                alt.Tooltip("forecaster:N", title="Forecaster"),
                alt.Tooltip("step:Q", title="Steps ahead"),
                alt.Tooltip("value:Q", title="MSE", format=".4g"),
            ],
            **looks(comparison, names),
        )
    )
    return chart


def plot_example(comparison: Comparison, horizon: int) -> alt.Chart:
    """The last window of the first series: what came before, what came, and each forecast."""
    context, target = comparison.truth[horizon]
    before = context[-max(8, STEPS_SHOWN * len(target)) :]
    steps = np.arange(1, len(target) + 1)
    truth = pd.DataFrame(
        {
            "step": np.concatenate([np.arange(1 - len(before), 1), steps]),
            "value": np.concatenate([before, target]),
            "forecaster": "truth",
        }
    )
    rows = comparison.at(horizon)
    around = truth["value"].to_numpy()
    low, high = float(around.min()), float(around.max())
    room = max(high - low, 1e-9)
    beyond = [
        row.name
        for row in rows
        if row.example.max() > high + room or row.example.min() < low - room
    ]
    shown = [row for row in rows if row.name not in beyond]
    pieces = [
        pd.DataFrame(
            {
                "step": np.arange(len(target) + 1),
                "value": np.append(before[-1], row.example),
                "forecaster": row.name,
            }
        )
        for row in shown
    ]
    first = comparison.data["series"][0]
    chart: alt.Chart = (
        alt.Chart(
            pd.concat([truth, *pieces]),
            title=titled(
                f"The last window of {first}: forecasts and truth",
                f"Standardised level{_beyond(beyond)}",
            ),
            width=WIDTH,
            height=280,
        )
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X("step:Q", title="Steps after the forecast was made"),
            y=alt.Y("value:Q", title="Value (standardised)", scale=alt.Scale(zero=False)),
            tooltip=["forecaster:N", "step:Q", alt.Tooltip("value:Q", format=".4g")],
            **looks(comparison, [row.name for row in shown], truth=True),
        )
    )
    return chart


def _beyond(names: list[str]) -> str:
    return f"; beyond the axis: {', '.join(names)}" if names else ""
