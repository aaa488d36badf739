"""What a contest of forecasters found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blportfolio.forecasters.comparison.settings import ComparisonSettings
from blportfolio.forecasters.evaluation import ConfidenceSet, PredictiveTest, Scores
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FittedForecaster, FloatArray

CONTROLS: dict[str, tuple[str, ...]] = {
    "returns": ("zero", "mean", "autoregression"),
    "levels": ("last_value", "mean", "autoregression"),
}
"""By kind, the forecasters that are always in the table; the first is the reference."""
LEVEL = 0.05
"""Level of the tests that sentences speak of."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How the error fell in training, in the unit that the forecaster works in, squared."""

    steps: tuple[int, ...]
    training: tuple[float, ...]
    held_out_steps: tuple[int, ...] = ()
    held_out: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """What one forecaster forecast at one horizon, and what made the forecasts.

    Attributes:
        name: Registry name of the forecaster.
        horizon: Rows ahead.
        windows: The windows of the test.
        values: (n_windows, horizon) forecasts, or (n_windows, 1) of totals; means over seeds.
        fits: Rows at whose close the first seed was fitted, ascending, and what came of it.
    """

    name: str
    horizon: int
    windows: Windows
    values: FloatArray
    fits: tuple[tuple[int, FittedForecaster], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How one forecaster did at one horizon.

    Scores are means over seeds; tests are made on the mean loss over seeds.

    Attributes:
        name: Registry name of the forecaster.
        horizon: Rows ahead.
        is_control: Whether it is always in the table.
        scores: Over all steps; the relative error is relative to the reference.
        consistent: Over steps whose outcome has the sign of the last value.
        inconsistent: Over steps whose outcome has the opposite sign.
        rank_ic: Mean over dates of the rank correlation across series; NaN for few series.
        n_seeds: Runs.
        seed_spread: Standard deviation over seeds of the relative error; NaN for one.
        gain: R² by date against the reference: 1 - mean loss / mean loss of the reference.
        gain_interval: Its 95 % interval, from that of the loss difference.
        against_reference: Diebold-Mariano test; None for the reference itself.
        adjusted_p_value: Holm's, among all forecasters that are no controls at all horizons of
            the contest; of a control, among the controls.
        content: Clark-West test of predictive content over the reference and, of returns, over the
            mean known then, whichever is less in its favour.
        adjusted_content_p_value: Its p-value, adjusted like the other.
        against_linear: Diebold-Mariano test against `linear`; None where that did not take part.
        confidence_p_value: The smallest size at which it leaves the model confidence set.
        in_confidence_set: Whether it is in the set.
        seconds: Wall time of its fits and forecasts; NaN without a clock.
        losses: (n_dates,) squared errors by date, over steps and series.
        step_mse: (horizon,) or (1,) mean squared error of each step.
        example: Forecast from the last window of the first series.
        curve: Learning curve of the last fit, where training has one.
    """

    name: str
    horizon: int
    is_control: bool
    scores: Scores
    consistent: Scores
    inconsistent: Scores
    rank_ic: float
    n_seeds: int
    seed_spread: float
    gain: float
    gain_interval: tuple[float, float]
    against_reference: PredictiveTest | None
    adjusted_p_value: float
    content: PredictiveTest | None
    adjusted_content_p_value: float
    against_linear: PredictiveTest | None
    confidence_p_value: float
    in_confidence_set: bool
    seconds: float
    losses: FloatArray
    step_mse: FloatArray
    example: FloatArray
    curve: Curve | None

    @property
    def beats_reference(self) -> bool:
        """Whether its error is lower by more than chance, given how many were tried."""
        return self.gain > 0 and self.adjusted_p_value < LEVEL

    @property
    def loses_to_reference(self) -> bool:
        """Whether its error is higher by more than chance, given how many were tried."""
        return self.gain < 0 and self.adjusted_p_value < LEVEL

    @property
    def has_content(self) -> bool:
        """Whether it knows something that the reference does not, be its errors as large."""
        return self.adjusted_content_p_value < LEVEL

    def record(self) -> dict[str, Any]:
        """Return every figure unrounded, ready for JSON; None where it is not defined."""
        figures: dict[str, Any] = {
            "forecaster": self.name,
            "horizon": self.horizon,
            "is_control": self.is_control,
            **_scores(self.scores),
            "rank_ic": self.rank_ic,
            "consistent": _scores(self.consistent),
            "inconsistent": _scores(self.inconsistent),
            "n_seeds": self.n_seeds,
            "seed_spread": self.seed_spread,
            "gain": self.gain,
            "gain_interval": list(self.gain_interval),
            "against_reference": _test(self.against_reference),
            "adjusted_p_value": self.adjusted_p_value,
            "beats_reference": self.beats_reference,
            "content": _test(self.content),
            "adjusted_content_p_value": self.adjusted_content_p_value,
            "has_content": self.has_content,
            "against_linear": _test(self.against_linear),
            "confidence_p_value": self.confidence_p_value,
            "in_confidence_set": self.in_confidence_set,
            "step_mse": self.step_mse.tolist(),
            "seconds": self.seconds,
        }
        return {name: _plain(value) for name, value in figures.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A contest of forecasters on one panel of series.

    Attributes:
        settings: How it was held.
        data: What it was held on, ready for JSON: name, kind, series, rows, first row of the test,
            number of fits.
        standings: By horizon, then as the forecasters were named.
        dates: By horizon, the (n_dates,) dates, or rows, at whose close forecasts were made.
        truth: By horizon, what came after the last window of the first series, and before it.
        confidence_sets: By horizon; None where there were too few dates.
        naive_r2: R² against zero of the linear residual forecaster on the returns themselves.
        notes: What a reader must know.
    """

    settings: ComparisonSettings
    data: Mapping[str, Any]
    standings: tuple[Standing, ...]
    dates: Mapping[int, NDArray[Any]]
    truth: Mapping[int, tuple[FloatArray, FloatArray]]
    confidence_sets: Mapping[int, ConfidenceSet | None]
    naive_r2: float | None
    notes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What the series are: `returns` or `levels`."""
        return str(self.data["kind"])

    @property
    def reference(self) -> str:
        """The forecaster that others are measured against."""
        return CONTROLS[self.kind][0]

    @property
    def horizons(self) -> tuple[int, ...]:
        """Horizons, ascending."""
        return self.settings.horizons

    def at(self, horizon: int) -> tuple[Standing, ...]:
        """Return the standings at one horizon."""
        return tuple(row for row in self.standings if row.horizon == horizon)

    def records(self) -> list[dict[str, Any]]:
        """Return all figures, one record for each forecaster and horizon, ready for JSON."""
        return [row.record() for row in self.standings]


def mean_scores(runs: list[Scores]) -> Scores:
    """Return the mean of each score over runs."""
    if len(runs) == 1:
        return runs[0]
    values: dict[str, Any] = {
        field.name: float(np.mean([getattr(run, field.name) for run in runs]))
        for field in fields(Scores)
    }
    return Scores(**{**values, "n_steps": runs[0].n_steps})


def _scores(scores: Scores) -> dict[str, Any]:
    return {field.name: _plain(getattr(scores, field.name)) for field in fields(Scores)}


def _test(test: PredictiveTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {field.name: _plain(getattr(test, field.name)) for field in fields(PredictiveTest)}


def _plain(value: Any) -> Any:  # noqa: ANN401, anything of a record
    """Return a value as JSON has it: None for what is no finite number."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return bool(value) if isinstance(value, np.bool_) else value
