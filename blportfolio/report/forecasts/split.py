"""Errors on steps that keep the sign of the last value, and on steps that turn it."""

from __future__ import annotations

import math

import altair as alt
import numpy as np
import pandas as pd

from blportfolio.forecasters.comparison.judging import LEAST_BLOCKS
from blportfolio.forecasters.evaluation import diebold_mariano, score
from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.forecasts.lab import Contest
from blportfolio.report.forecasts.looks import (
    ROW,
    WIDTH,
    WORDS,
    axis_limit,
    legend,
    reference_of,
    titled,
)
from blportfolio.types import BoolArray, FloatArray, IntArray

KEEPS, TURNS = "keeps the sign", "turns the sign"
CLEAR = 0.02
"""Difference in R² between the two kinds of step below which a sentence does not speak of one."""


def split_frame(contest: Contest, horizon: int) -> pd.DataFrame:
    """Return scores of every forecaster on each kind of step.

    Whether a step keeps or turns the sign is known only afterwards: the split explains errors and
    is no forecast. An outcome or a last value of zero has no sign and belongs to neither.

    Args:
        contest: The contest.
        horizon: Which of its horizons.

    Returns:
        A row for each forecaster and kind: `forecaster`, `step` (`KEEPS` or `TURNS`), `n_steps`,
        `share` of the steps that have a sign, `r2` against the reference on these steps, each of
        the same weight, `low` and `high`, its 95 % interval from the HAC error of the loss
        differences summed by date (NaN where dates are too few or it is the reference),
        `mse_ratio`, which is 1 − R², and `hit_rate`.
    """
    comparison = contest.comparison
    windows = contest.windows(horizon)
    product = np.sign(windows.target) * np.sign(windows.last)[:, None]
    reference = contest.forecasts[comparison.reference, horizon]
    kinds: dict[str, BoolArray] = {KEEPS: product > 0, TURNS: product < 0}
    signed = sum(int(mask.sum()) for mask in kinds.values())
    rows = []
    for name in contest.names:
        forecast = contest.forecasts[name, horizon]
        for step, mask in kinds.items():
            n_steps = int(mask.sum())
            found = {
                "forecaster": name,
                "step": step,
                "n_steps": n_steps,
                "share": n_steps / signed if signed else math.nan,
                "r2": math.nan,
                "low": math.nan,
                "high": math.nan,
                "mse_ratio": math.nan,
                "hit_rate": math.nan,
            }
            rows.append(found)
            if not n_steps:
                continue
            at, _ = np.nonzero(mask)
            f, y, standard = (
                values[mask][:, None] for values in (forecast, windows.target, reference)
            )
            scores = score(f, y, windows.last[at], reference=standard)
            loss, rival = (
                _by_date((values - y)[:, 0] ** 2, windows.origins[at]) for values in (f, standard)
            )
            level = float(rival.mean())
            found |= {"mse_ratio": scores.relative_mse, "hit_rate": scores.hit_rate}
            if not level > 0:
                continue
            gain = 1 - float(loss.mean()) / level
            found["r2"] = gain
            stride = int(np.diff(np.unique(windows.origins)).min()) if len(loss) > 1 else 1
            overlap = -(-horizon // stride)
            if name != comparison.reference and len(loss) >= LEAST_BLOCKS * overlap:
                margin = diebold_mariano(loss, rival, horizon=overlap).margin / level
                found |= {"low": gain - margin, "high": gain + margin}
    return pd.DataFrame(rows)


def _by_date(loss: FloatArray, origins: IntArray) -> FloatArray:
    """Return (n_dates,) sums of (n_steps,) losses by date whose mean is that of all steps."""
    _, row = np.unique(origins, return_inverse=True)
    sums = np.bincount(row, weights=loss).astype(np.float64)
    means: FloatArray = sums * (len(sums) / len(loss))
    return means


def plot_split(contest: Contest, horizon: int, frame: pd.DataFrame | None = None) -> alt.LayerChart:
    """R² against the reference on steps that keep and that turn the sign, with 95 % intervals.

    Args:
        contest: The contest.
        horizon: Which of its horizons.
        frame: What `split_frame` returned, where it is known already.
    """
    comparison = contest.comparison
    table = split_frame(contest, horizon) if frame is None else frame
    table = table[table["forecaster"] != comparison.reference].dropna(subset=["r2"]).copy()
    sizes = table.groupby("forecaster")["r2"].apply(lambda values: values.abs().max())
    limit = axis_limit(sizes)
    beyond = [name for name in sizes.index if sizes[name] > limit]
    table = table[~table["forecaster"].isin(beyond)]
    edge = max(limit, axis_limit(table[["low", "high"]].abs().max(axis=1).to_numpy()))
    for side in ("low", "high"):
        table[f"{side}_shown"] = table[side].fillna(table["r2"]).clip(-edge, edge)
    order = [name for name in contest.names if name in set(table["forecaster"])]
    kinds = [KEEPS, TURNS]
    title = f"R² against {reference_of(comparison)}, 95 % interval (%)"
    y = alt.Y(
        "forecaster:N", title=None, sort=order, axis=alt.Axis(labelLimit=200, labelExpr=WORDS)
    )
    offset = alt.YOffset("step:N", sort=kinds)
    colour = alt.Color(
        "step:N",
        title="The next step",
        scale=alt.Scale(domain=kinds, range=PALETTE[:2]),
        legend=legend(columns=1),
    )
    base = alt.Chart(table)
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low_shown:Q", title=title), x2="high_shown:Q", y=y, yOffset=offset, color=colour
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("r2:Q", title=title, axis=alt.Axis(format=".2~%", tickCount=6)),
        y=y,
        yOffset=offset,
        color=colour,
        shape=alt.Shape(
            "step:N",
            title="The next step",
            scale=alt.Scale(domain=kinds, range=["circle", "diamond"]),
            legend=legend(columns=1),
        ),
        tooltip=[
            alt.Tooltip("forecaster:N", title="Forecaster"),
            alt.Tooltip("step:N", title="The next step"),
            alt.Tooltip("r2:Q", title="R²", format="+.3%"),
            alt.Tooltip("low:Q", title="95 % from", format="+.3%"),
            alt.Tooltip("high:Q", title="to", format="+.3%"),
            alt.Tooltip("n_steps:Q", title="Steps", format=","),
        ],
    )
    note = f"; beyond the axis: {', '.join(beyond)}" if beyond else ""
    return alt.LayerChart(
        layer=[zero.encode(x="x:Q"), rules, points],
        width=WIDTH,
        height=max(1, len(order)) * (ROW + 8),
        title=titled(
            "Error on steps that keep and that turn the sign",
            f"Horizon {horizon}; right of zero is better than {reference_of(comparison)}{note}",
        ),
    )


def split_sentences(contest: Contest, horizon: int, frame: pd.DataFrame) -> tuple[str, ...]:
    """Say what the split shows, in its own figures.

    Args:
        contest: The contest.
        horizon: Which of its horizons.
        frame: What `split_frame` returned.
    """
    counts = frame.drop_duplicates("step").set_index("step")["n_steps"]
    n_turns, n_signed = int(counts[TURNS]), int(counts.sum())
    if not n_turns:
        return (f"Horizon {horizon}: no step of the test turns the sign of the last value.",)
    said = [
        f"At horizon {horizon}, {n_turns / n_signed:.0%} of the steps that have a sign turn that "
        f"of the last value ({n_turns:,} of {n_signed:,})."
    ]
    gains = {(row["forecaster"], row["step"]): row["r2"] for row in frame.to_dict("records")}
    for name in contest.names:
        keeps, turns = (float(gains[name, kind]) for kind in (KEEPS, TURNS))
        if name == contest.comparison.reference or not abs(keeps - turns) >= CLEAR:
            continue
        better, worse = (KEEPS, TURNS) if keeps > turns else (TURNS, KEEPS)
        said.append(
            f"{name} does better on steps that {_verb(better)} (R² "
            f"{100 * max(keeps, turns):+.1f} %) than on those that {_verb(worse)} "
            f"({100 * min(keeps, turns):+.1f} %)."
        )
    if len(said) == 1:
        said.append(
            f"No forecaster's R² differs by more than {100 * CLEAR:.0f} percentage points between "
            "the two kinds of step."
        )
    return tuple(said)


def _verb(step: str) -> str:
    return {KEEPS: "keep the sign", TURNS: "turn the sign"}[step]
