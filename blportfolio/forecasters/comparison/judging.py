"""Turns the forecasts of a contest into standings: scores, tests, model confidence set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from blportfolio.forecasters.comparison.entrants import Entrant
from blportfolio.forecasters.comparison.results import Curve, Standing, mean_scores
from blportfolio.forecasters.comparison.settings import ComparisonSettings
from blportfolio.forecasters.evaluation import (
    ConfidenceSet,
    PredictiveTest,
    Scores,
    adjusted_p_values,
    clark_west,
    cross_sectional_ic,
    diebold_mariano,
    loss_by_date,
    model_confidence_set,
    score,
    score_by_consistency,
)
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray

LEAST_BLOCKS = 5
"""Horizons that the test must hold one after another before a difference is tested."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """How one forecaster did at one horizon, before it is compared with others."""

    name: str
    is_control: bool
    scores: Scores
    parts: dict[str, Scores]
    rank_ic: float
    relative: tuple[float, ...]
    losses: FloatArray
    step_mse: FloatArray
    example: FloatArray
    content: PredictiveTest
    seconds: float
    curve: Curve | None


def judge(
    entrant: Entrant,
    forecasts: list[FloatArray],
    judged: Windows,
    *,
    reference: FloatArray,
    mean: FloatArray,
    is_returns: bool,
    example: int,
    overlap: int,
    seconds: float,
    curve: Curve | None,
) -> Run:
    """Score the forecasts of each seed.

    Args:
        entrant: Who made them.
        forecasts: For each seed, (n_windows, horizon).
        judged: The windows they are of.
        reference: Forecasts of the reference, like one of `forecasts`.
        mean: Forecasts of the prevailing mean.
        is_returns: Whether the values are returns, and not levels.
        example: Position of the window whose forecast is kept.
        overlap: Dates that a target spans.
        seconds: What they took.
        curve: Learning curve of the last fit.
    """
    others = {"mean": mean, "reference": reference}
    runs, parts, ranks, losses = [], [], [], []
    for forecast in forecasts:
        runs.append(score(forecast, judged.target, judged.last, **others))
        parts.append(score_by_consistency(forecast, judged.target, judged.last, **others))
        ranks.append(cross_sectional_ic(forecast, judged.target, judged.origins, judged.channels))
        losses.append((forecast - judged.target) ** 2)
    loss = np.mean(losses, axis=0)
    # Returns have a mean; to know it is not to forecast them.
    is_skill = is_returns and entrant.name != "mean"
    smaller = (reference, mean) if is_skill else (reference,)
    return Run(
        name=entrant.name,
        is_control=entrant.is_control,
        scores=mean_scores(runs),
        parts={name: mean_scores([part[name] for part in parts]) for name in parts[0]},
        rank_ic=float(np.mean(ranks)),
        relative=tuple(run.relative_mse for run in runs),
        losses=loss_by_date(loss, judged.origins),
        step_mse=loss.mean(axis=0),
        example=np.mean([forecast[example] for forecast in forecasts], axis=0),
        content=_content(np.mean(forecasts, axis=0), judged, smaller, overlap),
        seconds=seconds,
        curve=curve,
    )


def summarise(
    runs: list[Run],
    *,
    horizon: int,
    overlap: int,
    reference: str,
    settings: ComparisonSettings,
) -> tuple[list[Standing], ConfidenceSet | None]:
    """Compare what was scored.

    Args:
        runs: All forecasters at one horizon.
        horizon: Rows ahead.
        overlap: Dates that a target spans.
        reference: Name of the one that others are measured against.
        settings: How the contest is held.

    Returns:
        The standings in the order of `runs`, of which `adjusted` knows the p-values, and the model
        confidence set.
    """
    by_name = {run.name: run for run in runs}
    standard = by_name[reference].losses
    is_testable = len(standard) >= LEAST_BLOCKS * overlap
    linear = by_name.get("linear")
    tests = [
        None if run.name == reference else diebold_mariano(run.losses, standard, horizon=overlap)
        for run in runs
    ]
    chosen = None
    if is_testable:
        chosen = model_confidence_set(
            np.column_stack([run.losses for run in runs]),
            [run.name for run in runs],
            size=settings.confidence_size,
            horizon=overlap,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
        )
    level = float(standard.mean())
    standings = []
    for run, test in zip(runs, tests, strict=True):
        gain = 1 - float(run.losses.mean()) / level if level > 0 else np.nan
        room = np.nan
        if test is not None and is_testable and level > 0:
            room = test.margin / level
        is_other = linear is not None and run.name != linear.name and is_testable
        spread = float(np.std(run.relative, ddof=1)) if len(run.relative) > 1 else np.nan
        standings.append(
            Standing(
                name=run.name,
                horizon=horizon,
                is_control=run.is_control,
                scores=run.scores,
                consistent=run.parts["consistent"],
                inconsistent=run.parts["inconsistent"],
                rank_ic=run.rank_ic,
                n_seeds=len(run.relative),
                seed_spread=spread,
                gain=gain,
                gain_interval=(gain - room, gain + room),
                against_reference=test if is_testable else None,
                adjusted_p_value=np.nan,
                adjusted_content_p_value=np.nan,
                content=run.content if is_testable and test is not None else None,
                against_linear=diebold_mariano(run.losses, linear.losses, horizon=overlap)
                if is_other and linear is not None
                else None,
                confidence_p_value=chosen.p_values[run.name] if chosen else np.nan,
                in_confidence_set=run.name in chosen.included if chosen else False,
                seconds=run.seconds,
                losses=run.losses,
                step_mse=run.step_mse,
                example=run.example,
                curve=run.curve,
            )
        )
    return standings, chosen


def _content(
    forecast: FloatArray, judged: Windows, smaller: Sequence[FloatArray], overlap: int
) -> PredictiveTest:
    """Return the test of content over each of the smaller models that is least in its favour."""
    tests = [
        clark_west(judged.target, small, forecast, origins=judged.origins, horizon=overlap)
        for small in smaller
    ]
    return max(tests, key=lambda test: test.p_value)


def adjusted(standings: Sequence[Standing]) -> list[Standing]:
    """Return all standings of a contest with p-values adjusted for how many tests it made.

    Holm's, over all horizons: controls among themselves, as they take part whatever is asked.
    """
    found = []
    for tests in (
        [row.against_reference for row in standings],
        [row.content for row in standings],
    ):
        p_values = np.array([np.nan if test is None else test.p_value for test in tests])
        for is_control in (True, False):
            family = np.array([row.is_control is is_control for row in standings])
            p_values[family] = adjusted_p_values(p_values[family])
        found.append(p_values.tolist())
    return [
        replace(row, adjusted_p_value=error, adjusted_content_p_value=content)
        for row, error, content in zip(standings, *found, strict=True)
    ]
