"""The Hopfield forecaster: windows recall the windows they resemble, and what came after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.attention.units import in_units, units_of
from blportfolio.forecasters.base import check_context, check_training, training_scale
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_share, check_whole, checked_grid
from blportfolio.forecasters.entmax import check_alpha, entmax
from blportfolio.forecasters.hopfield.retrieval import product_one_by_one
from blportfolio.forecasters.normalise import NORMALISE, about_level
from blportfolio.forecasters.windows import Windows, hold_out
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, read_only

BETAS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Sharpness of the retrieval to choose from; zero is the mean of all memories."""

_TIE = 1e-12
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class HopfieldForecaster:
    """Weighs what followed earlier windows by how much they resemble the window at hand.

    Memories are training windows, normalised, evenly spaced in time; their values are their
    targets in the same normalisation. A window q recalls them with weights in proportion to
    s² α-entmax(β Ξᵀ q / √d), where s is what a memory was divided by: the mean of values is then
    the one with the least squared error in the unit of the series, and a window in which next to
    nothing happened does not outweigh all others. β is chosen on the latest windows, then all are
    remembered. There is no other parameter, so that nothing is trained. All channels share the
    memories.

    Attributes:
        alpha: 1 for softmax, 2 for sparsemax, or between: above 1, unlike memories count for
            nothing.
        betas: Sharpness to choose from by hold-out, or one number that is fixed.
        n_memories: Most windows that are remembered, and most that β is chosen by.
        steps: Hopfield updates of the window before its values are recalled.
        normalise: What windows are divided by and forecasts multiplied by: the root mean square of
            each "window"; or what is taken out of each window and added again: its "last" value,
            its "mean", or its mean and standard deviation ("standard"); or "none". The middle
            three are meant for levels, not for returns.
        holdout_share: Latest share of the training rows by which β is chosen.

    Raises:
        ConfigError: If a setting is out of range.
    """

    alpha: float = 1.0
    betas: float | tuple[float, ...] = BETAS
    n_memories: int = 512
    steps: int = 0
    normalise: str = "window"
    holdout_share: float = 0.2

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the settings."""
        check_alpha(self.alpha)
        object.__setattr__(self, "betas", tuple(sorted(checked_grid(self.betas, name="betas"))))
        check_whole(self.n_memories, 1, name="n_memories")
        check_whole(self.steps, 0, name="steps")
        check_choice(self.normalise, ("window", *NORMALISE), name="normalise")
        check_share(self.holdout_share, name="holdout_share")

    def fit(self, windows: Windows) -> FittedHopfield:
        """Choose β on the latest windows and remember windows evenly spaced in time.

        Raises:
            DataError: If `windows` are none or hold no window, or a target is unknown.
        """
        check_training(windows)
        unit = training_scale(windows)
        betas: tuple[float, ...] = self.betas  # type: ignore[assignment]
        beta = betas[0]
        early, late = hold_out(windows, self.holdout_share)
        if len(betas) > 1 and len(early) and len(late):
            judged = _spaced(late, self.n_memories)
            target = judged.target / unit
            recall = self._remember(early, unit, 0.0)
            seen = judged.context / unit
            errors = np.array([((recall._forecast(seen, b) - target) ** 2).sum() for b in betas])
            tie = _TIE * float((target**2).sum())
            beta = betas[int(np.flatnonzero(errors <= errors.min() + tie)[0])]
        return self._remember(windows, unit, beta)

    def _remember(self, windows: Windows, unit: float, beta: float) -> FittedHopfield:
        kept = _spaced(windows, self.n_memories)
        x, offset, spread = _normalised(kept.context / unit, self.normalise)
        learned = spread > 0
        values = (kept.target / unit - windows.summands * offset[:, None])[learned]
        memories = x[learned]
        square = float(np.mean(memories**2)) if memories.size else 0.0
        gain = float(np.sqrt(square)) if square > 0 else 1.0
        return FittedHopfield(
            self,
            read_only(memories / gain),
            read_only(values),
            read_only(spread[learned]),
            unit,
            gain,
            beta,
            windows.summands,
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedHopfield(Brief):
    """Memories, and what they are worth.

    Attributes:
        forecaster: The settings.
        memories: (n_memories, context_length) normalised windows; none where all were flat.
        values: (n_memories, horizon) their targets, less the level of the window, in that unit.
        spread: (n_memories,) what the windows were divided by, in that unit.
        unit: Root mean square of the training contexts.
        gain: Root mean square of the normalised windows, in that unit.
        beta: Sharpness of the retrieval that was chosen.
        summed: Values of the series that each target is the sum of.
    """

    forecaster: HopfieldForecaster
    memories: FloatArray
    values: FloatArray
    spread: FloatArray
    unit: float
    gain: float
    beta: float
    summed: int

    @property
    def context_length(self) -> int:
        """Values that it looks at."""
        return int(self.memories.shape[1])

    @property
    def horizon(self) -> int:
        """Values that it forecasts."""
        return int(self.values.shape[1])

    def predict(
        self,
        context: ArrayLike,
        *,
        channel: ArrayLike | None = None,  # noqa: ARG002, all channels share the memories
    ) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        values = check_context(context, self.context_length)
        return self._forecast(values / self.unit, self.beta) * self.unit

    def weights(self, context: ArrayLike) -> FloatArray:
        """Return (n_windows, n_memories) weights of the memories; each row sums to one.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        values = check_context(context, self.context_length)
        if not len(self.memories):
            return np.zeros((len(values), 0))
        x, _, _ = _normalised(values / self.unit, self.forecaster.normalise)
        parts = self._parts(x, self.beta) * self.spread
        weights: FloatArray = parts / parts.sum(axis=1, keepdims=True)
        return weights

    def _parts(self, x: FloatArray, beta: float) -> FloatArray:
        """Return s α-entmax(β Ξᵀ q / √d), but for a factor that makes the largest of a row one."""
        alpha, sharpness = self.forecaster.alpha, beta / np.sqrt(self.context_length)
        query = x / self.gain
        for _ in range(self.forecaster.steps):
            query = product_one_by_one(
                entmax(sharpness * product_one_by_one(query, self.memories.T), alpha), self.memories
            )
        parts = self.spread * entmax(sharpness * product_one_by_one(query, self.memories.T), alpha)
        relative: FloatArray = parts / parts.max(axis=1, keepdims=True)
        return relative

    def _forecast(self, values: FloatArray, beta: float) -> FloatArray:
        """Return forecasts of windows, both in the unit of training."""
        x, offset, spread = _normalised(values, self.forecaster.normalise)
        recalled = np.zeros((len(x), self.horizon))
        for begin in range(0, len(x) if len(self.memories) else 0, _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            parts = self._parts(x[rows], beta)
            sums = (parts * self.spread).sum(axis=1, keepdims=True)
            recalled[rows] = product_one_by_one(parts, self.values) / sums
        return self.summed * offset[:, None] + spread[:, None] * recalled


def _normalised(values: FloatArray, normalise: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return normalised windows, (n_windows,) levels taken out and spreads divided by."""
    if normalise != "window":
        return about_level(values, normalise)
    units = units_of(values, normalise, 1.0)
    return in_units(values, units), np.zeros(len(values)), units


def _spaced(windows: Windows, most: int) -> Windows:
    """Return at most that many windows, evenly spaced in time, the latest among them."""
    if len(windows) <= most:
        return windows
    order = np.lexsort((windows.channels, windows.origins))
    places = len(windows) - 1 - np.arange(most)[::-1] * len(windows) // most
    return windows.take(order[places])
