"""Learning curves of a contest: error by training step, and what they say."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.forecasters.comparison import Comparison
from blportfolio.report.forecasts.looks import WIDTH, looks, titled

TRAINING, HELD_OUT = "Training batches", "Held out"


def plot_learning(comparison: Comparison, horizon: int) -> alt.HConcatChart | None:
    """Error by training step at the last fit; None where nothing was trained step by step."""
    panels = [plot_learning_part(comparison, horizon, part) for part in (TRAINING, HELD_OUT)]
    drawn = [panel.properties(width=WIDTH // 2 - 40, height=200) for panel in panels if panel]
    if not drawn:
        return None
    joined: alt.HConcatChart = alt.hconcat(
        *drawn, title=f"Horizon {horizon}: learning curves of the last fit"
    )
    return joined


def plot_learning_part(comparison: Comparison, horizon: int, part: str) -> alt.Chart | None:
    """Error by training step at the last fit of the first seed.

    Args:
        comparison: The contest.
        horizon: Which of its horizons.
        part: `TRAINING`, the batches that are learned from, or `HELD_OUT`, the later windows that
            decide when to stop.

    Returns:
        The chart, or None where nothing was trained step by step, or nothing held out.
    """
    pieces = []
    for row in comparison.at(horizon):
        if row.curve is None:
            continue
        curve = row.curve
        steps, errors = (
            (curve.steps, curve.training)
            if part == TRAINING
            else (curve.held_out_steps, curve.held_out)
        )
        if steps:
            pieces.append(pd.DataFrame({"step": steps, "value": errors, "forecaster": row.name}))
    if not pieces:
        return None
    table = pd.concat(pieces)
    chart: alt.Chart = (
        alt.Chart(
            table,
            title=titled(
                f"{part}: error by training step",
                f"Horizon {horizon}, last fit; MSE in the unit of the model, squared",
            ),
            width=WIDTH,
            height=240,
        )
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title="Training step", axis=alt.Axis(tickCount=6)),
            y=alt.Y(
                "value:Q",
                title="MSE",
                scale=alt.Scale(zero=False),
                axis=alt.Axis(format=".4~g"),
            ),
            tooltip=[
                alt.Tooltip("forecaster:N", title="Forecaster"),
                alt.Tooltip("step:Q", title="Training step"),
                alt.Tooltip("value:Q", title="MSE", format=".5g"),
            ],
            **looks(comparison, list(dict.fromkeys(table["forecaster"]))),
        )
    )
    return chart


def learning_frame(comparison: Comparison, horizon: int) -> pd.DataFrame:
    """Return how the last fit of each trained forecaster went.

    Returns:
        `forecaster`, `steps` that were taken, `kept`, the step whose parameters were kept, and in
        the unit of the model, squared: `held_out_start`, the held-out error before training,
        `held_out_best`, the lowest, and `held_out_end`, the last; `gain`, 1 less the best over the
        start.
    """
    rows = []
    for row in comparison.at(horizon):
        if row.curve is None or not row.curve.held_out:
            continue
        errors = np.array(row.curve.held_out)
        best = int(errors.argmin())
        rows.append(
            {
                "forecaster": row.name,
                "steps": row.curve.steps[-1],
                "kept": row.curve.held_out_steps[best],
                "held_out_start": float(errors[0]),
                "held_out_best": float(errors[best]),
                "held_out_end": float(errors[-1]),
                "gain": 1 - float(errors[best] / errors[0]) if errors[0] > 0 else 0.0,
            }
        )
    return pd.DataFrame(rows)


def learning_sentences(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say what training came to, in the figures of `learning_frame`."""
    said = []
    for row in frame.to_dict("records"):
        name = row["forecaster"]
        if row["kept"] == 0:
            said.append(
                f"{name}: none of {row['steps']} training steps lowered the error on what was held "
                "out, so that the parameters of the start were kept."
            )
        else:
            said.append(
                f"{name}: the held-out error was lowest after {row['kept']} of {row['steps']} "
                f"training steps, {100 * row['gain']:.2f} % below that of the start; those "
                "parameters were kept."
            )
    return tuple(said)
