"""Charts with one line a forecaster: over time, by horizon, in training, one forecast."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.charts import POINTS
from blportfolio.report.forecasts.looks import WIDTH, axis_limit, looks, reference_of

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
    note = f"; beyond the axis: {', '.join(beyond)}" if beyond else ""
    chart: alt.Chart = (
        alt.Chart(
            table,
            title=f"Horizon {horizon}: squared error saved against "
            f"{reference_of(comparison)} so far{note}",
            width=WIDTH,
            height=280,
        )
        .mark_line(strokeWidth=1.6, clip=True)
        .encode(
            x=alt.X("when:T" if is_dated else "when:Q", title=None if is_dated else "Row"),
            y=alt.Y(
                "value:Q",
                title=f"Saved, of {reference_of(comparison)}'s total (%)",
                axis=alt.Axis(format=".2~%"),
            ),
            tooltip=["forecaster:N", alt.Tooltip("value:Q", format="+.3%")],
            **looks(comparison, shown),
        )
    )
    return chart


def plot_by_horizon(comparison: Comparison) -> alt.Chart:
    """R² against the reference by horizon; of levels, the error of each step of the longest."""
    names = list(dict.fromkeys(row.name for row in comparison.standings))
    if comparison.kind == "levels" and comparison.horizons[-1] > 1:
        rows = comparison.at(comparison.horizons[-1])
        table = pd.concat(
            [
                pd.DataFrame(
                    {
                        "horizon": np.arange(1, len(row.step_mse) + 1),
                        "value": row.step_mse,
                        "forecaster": row.name,
                    }
                )
                for row in rows
            ]
        )
        table = table[table["value"] > 0]
        title = "Error by step ahead"
        y = alt.Y(
            "value:Q",
            title="MSE (standardised, log scale)",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(format=".2~g", tickCount=6),
        )
        x_title, figure = "Steps ahead", ".4g"
        shown = names
    else:
        table = pd.DataFrame(
            [
                {"horizon": row.horizon, "value": row.gain, "forecaster": row.name}
                for row in comparison.standings
            ]
        ).dropna()
        limit = axis_limit(table.groupby("forecaster")["value"].apply(lambda v: v.abs().max()))
        worst = table.groupby("forecaster")["value"].apply(lambda v: v.abs().max())
        shown = [name for name in names if name in worst and worst[name] <= limit]
        beyond = [name for name in names if name not in shown]
        table = table[table["forecaster"].isin(shown)]
        title = "R² by horizon" + (f"; beyond the axis: {', '.join(beyond)}" if beyond else "")
        y = alt.Y(
            "value:Q",
            title=f"R² against {reference_of(comparison)} (%)",
            axis=alt.Axis(format=".2~%"),
        )
        x_title, figure = "Horizon (rows)", "+.3%"
    chart: alt.Chart = (
        alt.Chart(table, title=title, width=WIDTH, height=280)
        .mark_line(strokeWidth=1.6, point=comparison.kind == "returns")
        .encode(
            x=alt.X(
                "horizon:Q",
                title=x_title,
                axis=alt.Axis(format="d", tickMinStep=1),
                scale=alt.Scale(zero=False),
            ),
            y=y,
            tooltip=["forecaster:N", "horizon:Q", alt.Tooltip("value:Q", format=figure)],
            **looks(comparison, shown),
        )
    )
    return chart


def plot_learning(comparison: Comparison, horizon: int) -> alt.HConcatChart | None:
    """Error by training step at the last fit; None where nothing was trained step by step."""
    curves = {row.name: row.curve for row in comparison.at(horizon) if row.curve is not None}
    if not curves:
        return None
    names = list(curves)
    panels = []
    for title in ("Training batches", "Held out"):
        pieces = []
        for name, curve in curves.items():
            steps, errors = (
                (curve.steps, curve.training)
                if title == "Training batches"
                else (curve.held_out_steps, curve.held_out)
            )
            pieces.append(pd.DataFrame({"step": steps, "value": errors, "forecaster": name}))
        panels.append(
            alt.Chart(pd.concat(pieces), title=title, width=WIDTH // 2 - 40, height=200)
            .mark_line(strokeWidth=1.4)
            .encode(
                x=alt.X("step:Q", title="Training step", axis=alt.Axis(tickCount=6)),
                y=alt.Y(
                    "value:Q",
                    title="MSE (unit of the model, squared)",
                    scale=alt.Scale(zero=False),
                    axis=alt.Axis(format=".4~g"),
                ),
                **looks(comparison, names),
            )
        )
    joined: alt.HConcatChart = alt.hconcat(
        *panels, title=f"Horizon {horizon}: learning curve of the last fit"
    )
    return joined


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
    note = f"; beyond the axis: {', '.join(beyond)}" if beyond else ""
    first = comparison.data["series"][0]
    chart: alt.Chart = (
        alt.Chart(
            pd.concat([truth, *pieces]),
            title=f"The last window of {first}: forecasts and truth{note}",
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
