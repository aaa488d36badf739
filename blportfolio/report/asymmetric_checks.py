"""The claims about asymmetric learning, each checked on the figures of one run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from blportfolio.forecasters.asymmetric import AsymmetricResult
from blportfolio.forecasters.asymmetric.trial import CONTEST, VARIANT
from blportfolio.report.asymmetric_demo import MENDED, interval

HOLDS, FAILS, OPEN = "holds here", "does not hold here", "not decided"
MOSTLY = 0.9
"""Share of forecasts from which they are said to follow a sign."""


def check_claims(result: AsymmetricResult) -> pd.DataFrame:
    """Return each claim, what was measured, and whether it holds in this run.

    A claim about a mean holds, or does not, where its 95 % interval over trials lies on one side;
    otherwise, and with one trial, it is not decided.

    Args:
        result: A run with one target and one training distribution.

    Returns:
        `claim`, `measured` and `verdict` (`HOLDS`, `FAILS` or `OPEN`).
    """
    frame = pd.DataFrame(list(result.records))
    contest = frame[frame["part"] == CONTEST]
    attention = contest[contest["model"] == "attention GD"]
    linear = contest[contest["model"] == "NLinear"]
    ar = contest[contest["model"] == "AR(1)"]
    rows = [
        _sign_rule(attention),
        _row(
            "The published model is worse than no forecast where the sign turns (Prop. 6.3, 1)",
            _errors(attention, "ood_rel0"),
            above=1.0,
            unit="times zero's error",
        ),
        _row(
            "A linear residual model is better than no forecast there (Prop. 6.3, 2)",
            _errors(linear, "ood_rel0"),
            above=None,
            below=1.0,
            unit="times zero's error",
        ),
        _row(
            "Where the sign turns, it is worse than one coefficient on the last value, AR(1)",
            _errors(attention, "ood_rel0") - _errors(ar, "ood_rel0"),
            above=0.0,
            unit="more than AR(1), in units of zero's error",
        ),
        _row(
            "Training turns every weight to the sign of its output (Theorem 5.2)",
            _errors(attention, "wt_sign"),
            above=MOSTLY,
            unit="of the weights have it (0.5 by chance)",
        ),
    ]
    mended = frame[(frame["part"] == VARIANT) & (frame["model"] == MENDED)]
    if len(mended):
        rows.append(
            _row(
                "With positions and a skip connection attention does not have this limit",
                _errors(mended, "ood_rel0"),
                below=1.0,
                unit="times zero's error where the sign turns",
            )
        )
    return pd.DataFrame(rows, columns=["claim", "measured", "verdict"])


def finding(result: AsymmetricResult) -> str:
    """Return what a run shows in one sentence of its own figures."""
    frame = pd.DataFrame(list(result.records))
    contest = frame[frame["part"] == CONTEST]
    mean = contest.groupby("model")["ood_rel0"].mean()
    text = (
        "Where the sign turns, the error is "
        f"{mean['attention GD']:.2f} times that of no forecast for the published one-head "
        f"attention model, {mean['AR(1)']:.2f} for AR(1) and {mean['NLinear']:.3g} for the linear "
        "residual model"
    )
    mended = frame[(frame["part"] == VARIANT) & (frame["model"] == MENDED)]
    if len(mended):
        text += f"; with positions and a skip connection attention has {_mean(mended):.3g}"
    return f"{text}."


def _sign_rule(attention: pd.DataFrame) -> tuple[str, str, str]:
    """Check that forecasts have the sign of the last value, or the opposite, where signs turn."""
    follow = _errors(attention, "ood_follow")
    claim = "The forecast of the published model has the sign of the last value, or its opposite"
    if not len(follow):
        return claim, "every forecast is zero", OPEN
    tied = np.maximum(follow, 1 - follow)
    text = f"{follow.mean():.1%} of the forecasts where the sign turns have that of the last value"
    return claim, text, HOLDS if tied.mean() >= MOSTLY else FAILS


def _row(
    claim: str,
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    *,
    unit: str,
    above: float | None = None,
    below: float | None = None,
) -> tuple[str, str, str]:
    """Return a claim that a mean lies above, or below, a bound."""
    if not len(values):
        return claim, "not in this run", OPEN
    low, high = interval(values)
    spread = f" [{low:.3g}, {high:.3g}]" if math.isfinite(low) else ""
    measured = f"{values.mean():.3g}{spread} {unit}"
    if not math.isfinite(low):
        return claim, measured, OPEN
    bound = above if above is not None else below
    is_above, is_below = low > (bound or 0.0), high < (bound or 0.0)
    holds, fails = (is_above, is_below) if above is not None else (is_below, is_above)
    return claim, measured, HOLDS if holds else FAILS if fails else OPEN


def _errors(frame: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        frame[name].dropna().to_numpy(dtype=float)
    )
    return values


def _mean(frame: pd.DataFrame) -> float:
    return float(frame["ood_rel0"].astype(float).mean())
