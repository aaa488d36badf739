"""The asymmetric-learning experiment in seconds: a few choices in, figures with error bars out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from scipy import stats

from blportfolio.forecasters.asymmetric import (
    AsymmetricResult,
    AsymmetricSettings,
    Budget,
    Target,
    run_asymmetric,
)
from blportfolio.forecasters.asymmetric.trial import CONTEST, VARIANT
from blportfolio.report.charts import NEUTRAL, PALETTE
from blportfolio.report.forecasts.looks import ROW, WIDTH, legend, titled

Progress = Callable[[str, int, int], None]
MENDED = "positions and skip"
"""The smallest change of the paper's model that is tried beside it."""
SHOWN = {
    "zero": "zero",
    "AR(1)": "AR(1)",
    "attention GD": "attention as published",
    "attention NTK": "the same, infinitely wide",
    MENDED: "attention, positions and skip",
    "Linear": "linear",
    "NLinear": "linear residual",
    "oracle": "oracle",
}
TRAINED, FLIPS = "as in training", "sign-inconsistent"


@dataclass(frozen=True, slots=True)
class DemoChoice:
    """What a visitor may choose.

    Attributes:
        gamma: Weight γ of the last value in the next, which the asymmetry comes from.
        noise: Standard deviation of the noise on every value.
        dimension: Values in a window.
        kind: Weights of the other values: "sym" (equal) or "affine" (random by position).
        regime: What is trained on: "all" steps, or "con" for sign-consistent ones only.
        n: Training windows.
        trials: Repetitions, each with data and network of its own.
        seed: Of everything.
        full: Whether alignment, further γ and more variants are tried, with the budgets of
            `blportfolio forecast demo asymmetric`.
    """

    gamma: float = 0.6
    noise: float = 0.05
    dimension: int = 8
    kind: str = "affine"
    regime: str = "con"
    n: int = 400
    trials: int = 3
    seed: int = 0
    full: bool = False

    def settings(self) -> AsymmetricSettings:
        """Return the settings of the experiment.

        Raises:
            ConfigError: If a choice is unknown or out of range.
        """
        target = Target(self.kind, self.dimension, self.gamma)
        common: dict[str, Any] = {
            "targets": (target,),
            "variant_targets": (target,),
            "regimes": (self.regime,),
            "noise": self.noise,
            "seed": self.seed,
        }
        if self.full:
            usual = AsymmetricSettings()
            return AsymmetricSettings(
                **common,
                gammas=(),
                contest=replace(usual.contest, n=self.n, seeds=self.trials),
                variants=("base", "positions", "skip", MENDED),
                variant=replace(usual.variant, n=self.n, seeds=self.trials),
                alignment=replace(usual.alignment, n=min(self.n, usual.alignment.n)),
            )
        return AsymmetricSettings(
            **common,
            gammas=(),
            widths=(),
            heads=(),
            contest=Budget(self.n, 64, 100, self.trials),
            variants=(MENDED,),
            variant=Budget(self.n, 32, 400, self.trials),
            n_test=2000,
        )

    def seconds(self) -> float:
        """Return about how long it takes on one core of two, from measured runs."""
        settings = self.settings()
        steps = settings.contest.n * settings.contest.width * settings.contest.steps
        variant = settings.variant
        adam = 2.2 * variant.n * variant.width * variant.steps * len(settings.variants)
        watched = len(settings.widths) * len(settings.scalings)
        trained = 5e-9 * (steps + adam) * self.dimension * self.trials
        return 0.1 * self.trials + trained + 1.2 * watched


def run_demonstration(
    choice: Mapping[str, Any], folder: Path | None, progress: Progress
) -> dict[str, Any]:
    """Run the experiment that was chosen.

    Args:
        choice: Fields of `DemoChoice`.
        folder: Not used; nothing is too large for what is returned.
        progress: Called with a part, the trials done in it and their number.

    Returns:
        Everything that was found, ready for JSON; `demonstration` reads it.

    Raises:
        ConfigError: If a choice is unknown or out of range.
    """
    del folder
    found = run_asymmetric(DemoChoice(**choice).settings(), progress)
    return {
        "choice": dict(choice),
        "records": list(found.records),
        "curve": list(found.curve),
        "points": list(found.points),
        "spectrum": list(found.spectrum),
        "has_heads": found.has_heads,
    }


def demonstration(document: Mapping[str, Any]) -> tuple[DemoChoice, AsymmetricResult]:
    """Return what a document of `run_demonstration` holds: the choice and the result."""
    choice = DemoChoice(**document["choice"])
    found = AsymmetricResult(
        choice.settings(),
        records=tuple(document["records"]),
        curve=tuple(document["curve"]),
        points=tuple(document["points"]),
        spectrum=tuple(document["spectrum"]),
        has_heads=document["has_heads"],
    )
    return choice, found


def demo_frame(result: AsymmetricResult) -> pd.DataFrame:
    """Return the error of each model over that of zero, with its 95 % interval over trials.

    Returns:
        A row for each model and test: `model`, `test` (`TRAINED` or `FLIPS`), `error` over zero's,
        `low` and `high` (by Student's t over trials; NaN for one trial), `right_sign` and
        `follows`, shares of the forecasts on that test with the sign of the next and of the last
        value, and `trials`.
    """
    rows = []
    records = pd.DataFrame(list(result.records))
    for name, label in SHOWN.items():
        own = records[records["model"] == name]
        own = own[own["part"] == (VARIANT if name == MENDED else CONTEST)]
        if own.empty:
            continue
        for test, prefix in ((TRAINED, "id"), (FLIPS, "ood")):
            errors = own[f"{prefix}_rel0"].to_numpy(dtype=float)
            low, high = interval(errors)
            rows.append(
                {
                    "model": label,
                    "test": test,
                    "error": float(errors.mean()),
                    "low": low,
                    "high": high,
                    "right_sign": _share(own, f"{prefix}_sign"),
                    "follows": _share(own, f"{prefix}_follow"),
                    "trials": len(errors),
                }
            )
    return pd.DataFrame(rows)


def interval(values: Sequence[float] | np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return the 95 % interval of a mean by Student's t; NaN for fewer than two values."""
    sample = np.asarray(values, dtype=float)
    if len(sample) < 2:
        return math.nan, math.nan
    error = float(sample.std(ddof=1)) / math.sqrt(len(sample))
    margin = float(stats.t.ppf(0.975, len(sample) - 1)) * error
    return float(sample.mean()) - margin, float(sample.mean()) + margin


def plot_demo(frame: pd.DataFrame) -> alt.LayerChart:
    """Error over zero's by model, as in training and on sign-inconsistent steps, log scale."""
    table = frame[(frame["model"] != "zero") & (frame["error"] > 0)].copy()
    for side in ("low", "high"):
        table[f"{side}_shown"] = table[side].fillna(table["error"])
    table["low_shown"] = np.maximum(table["low_shown"], table["error"] / 10)
    order = [name for name in SHOWN.values() if name in set(table["model"])]
    tests = [TRAINED, FLIPS]
    title = "Error / zero's (log scale)"
    y = alt.Y("model:N", title=None, sort=order, axis=alt.Axis(labelLimit=170))
    offset = alt.YOffset("test:N", sort=tests)
    scale = alt.Scale(type="log", nice=False, padding=12)
    axis = alt.Axis(tickCount=5, format="~g", grid=False)
    colour = alt.Color(
        "test:N",
        title="Tested on steps",
        scale=alt.Scale(domain=tests, range=PALETTE[:2]),
        legend=legend(columns=1),
    )
    base = alt.Chart(table)
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 3])
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low_shown:Q", title=title, scale=scale, axis=axis),
        x2="high_shown:Q",
        y=y,
        yOffset=offset,
        color=colour,
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X(
            "error:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, format="~g", grid=False)
        ),
        y=y,
        yOffset=offset,
        color=colour,
        shape=alt.Shape(
            "test:N",
            title="Tested on steps",
            scale=alt.Scale(domain=tests, range=["circle", "diamond"]),
            legend=legend(columns=1),
        ),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("test:N", title="Tested on"),
            alt.Tooltip("error:Q", title="Error / zero's", format=".3f"),
            alt.Tooltip("low:Q", title="95 % from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ],
    )
    return alt.LayerChart(
        layer=[one.encode(x=alt.X("x:Q", scale=scale)), rules, points],
        width=WIDTH,
        height=max(1, len(order)) * (ROW + 8),
        title=titled(
            "Error over that of the forecast zero",
            "Left of 1 is better than no forecast; 95 % intervals over trials",
        ),
    )


def demo_command(choice: DemoChoice) -> str:
    """Return the command that runs the experiment in full with these choices.

    Noise and the number of windows are those of the command.
    """
    words = ["blportfolio forecast demo asymmetric", f"--gamma {choice.gamma:g}"]
    words += [f"--kind {choice.kind}", f"--dimension {choice.dimension}"]
    words += [f"--regime {choice.regime}", f"--seeds {choice.trials}", f"--seed {choice.seed}"]
    return " ".join(words)


def _share(records: pd.DataFrame, name: str) -> float:
    return float(records[name].astype(float).mean())
