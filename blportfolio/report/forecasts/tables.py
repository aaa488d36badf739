"""The figures of a contest as tables of numbers, one row a forecaster."""

from __future__ import annotations

import math

import pandas as pd

from blportfolio.forecasters.comparison import Comparison

LEVEL_WORDS = {True: "better", False: "worse"}


def error_frame(comparison: Comparison, horizon: int) -> pd.DataFrame:
    """Return the errors of every forecaster at one horizon, the reference among them.

    Args:
        comparison: The contest.
        horizon: Which of its horizons.

    Returns:
        `forecaster`; `control`, whether it is always in the table; `r2` against the reference,
        with `low` and `high`, its 95 % interval; `mse_ratio`, its MSE over that of the reference,
        and `seed_spread`, its standard deviation over seeds; `r2_mean`, against the mean known
        then; `p` of the Diebold-Mariano test and `p_adjusted` by Holm; `finding`, better or worse
        than the reference by more than chance, or neither; `in_set`, whether it is in the model
        confidence set, None where there is none; `hit_rate`; `ic`; `collapse`; `seconds`.
    """
    rows = []
    for row in comparison.at(horizon):
        test = row.against_reference
        is_reference = row.name == comparison.reference
        if row.beats_reference or row.loses_to_reference:
            finding = LEVEL_WORDS[row.beats_reference]
        else:
            finding = "reference" if is_reference else "no clear difference"
        rows.append(
            {
                "forecaster": row.name,
                "control": row.is_control,
                "r2": row.gain,
                "low": row.gain_interval[0],
                "high": row.gain_interval[1],
                "mse_ratio": row.scores.relative_mse,
                "seed_spread": row.seed_spread,
                "r2_mean": row.scores.r2_mean,
                "p": math.nan if test is None else test.p_value,
                "p_adjusted": row.adjusted_p_value,
                "finding": finding,
                "in_set": row.in_confidence_set if math.isfinite(row.confidence_p_value) else None,
                "hit_rate": row.scores.hit_rate,
                "ic": row.scores.ic,
                "collapse": row.scores.collapse,
                "seconds": row.seconds,
            }
        )
    return pd.DataFrame(rows)


def horizon_frame(comparison: Comparison) -> pd.DataFrame:
    """Return R² against the reference by forecaster and horizon, with its 95 % interval.

    Returns:
        `forecaster`, `horizon`, `r2`, `low`, `high`, `mse_ratio` and `p_adjusted`.
    """
    wanted = ["forecaster", "horizon", "r2", "low", "high", "mse_ratio", "p_adjusted"]
    frames = [
        error_frame(comparison, horizon).assign(horizon=horizon)[wanted]
        for horizon in comparison.horizons
    ]
    return pd.concat(frames, ignore_index=True)


def contest_csv(comparison: Comparison) -> str:
    """Return every figure of a contest, unrounded, one row a forecaster and horizon, as CSV.

    Parts of a record, such as the scores on steps that turn the sign, become columns whose names
    are joined by a dot; steps of the horizon are joined by a space.
    """
    table = pd.json_normalize(comparison.records())
    for name in table.columns:
        table[name] = [
            " ".join(map(str, value)) if isinstance(value, list) else value for value in table[name]
        ]
    text: str = table.to_csv(index=False)
    return text
