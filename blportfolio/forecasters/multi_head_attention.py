"""The multi-head attention forecaster with positions and patches, for a fair contest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.base import check_context, check_training, training_scale
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_share, check_whole
from blportfolio.forecasters.multi_head.network import MultiHeadNetwork, Shape
from blportfolio.forecasters.multi_head.training import Progress, import_torch, train_multi_head
from blportfolio.forecasters.normalise import about_level, check_normalise
from blportfolio.forecasters.windows import Windows, hold_out
from blportfolio.types import FloatArray
from blportfolio.validation import check_positive

FLAT = 1e-12
"""Targets that vary by less than this share of the data are one constant."""


@dataclass(frozen=True, slots=True)
class MultiHeadAttentionForecaster:
    """An ordinary attention layer, trained by Adam; `fit` needs the extra `torch`.

    Values, or patches of them, are embedded, get a learned position, and are attended to by
    several heads, whose answers are mapped to the horizon linearly. A difference of two heads can
    weigh some past values positively and others negatively, which one softmax cannot: with four
    heads and positions it learns the task on which the scalar attention model follows the last
    sign. All channels share the network. What was fitted forecasts without PyTorch.

    The data are centred and divided by their training scale, and the network learns deviations
    from the mean target, in double precision from inputs rounded to single, so that the unit of
    the data does not reach the training. It stops early by the latest windows, whose best weights
    are kept; where no step helped, the forecast is the mean.

    Attributes:
        heads: Attention heads.
        dimension: Width of a token, a multiple of `heads`.
        patch: Values of the window that make a token; 1 for none.
        positions: Whether tokens have a learned position.
        readout: "last" if only the last token attends; "all" if each does, and the output sees
            all of them.
        normalise: What is taken out of each window and added to its forecast again: "none", its
            "last" value, its "mean", or its mean and standard deviation ("standard"). All but
            "none" are meant for levels, not for returns. Under "standard" errors count in standard
            deviations of their window, so that one in which next to nothing happened weighs much.
        steps: Most training steps.
        learning_rate: Step size of Adam at the start; it falls along half a cosine.
        batch_size: Windows in a step; None for all.
        holdout_share: Latest share of the rows that decides when to stop; 0 trains on all windows
            for all steps.
        patience: Steps without a lower held-out error before stopping.
        seed: Of the first weights and the batches.

    Raises:
        ConfigError: If a setting is out of range.

    References:
        Vaswani et al. (2017), Attention Is All You Need; patches as in Nie et al. (2023), A Time
        Series is Worth 64 Words.
    """

    heads: int = 4
    dimension: int = 16
    patch: int = 1
    positions: bool = True
    readout: str = "last"
    normalise: str = "none"
    steps: int = 2500
    learning_rate: float = 0.01
    batch_size: int | None = 1024
    holdout_share: float = 0.2
    patience: int = 500
    seed: int = 0

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the settings."""
        _ = Shape(self.heads, self.dimension, self.patch, self.positions, self.readout)
        check_normalise(self.normalise)
        check_positive(self.learning_rate, name="learning_rate")
        for name, least in (("steps", 1), ("patience", 1), ("batch_size", 1), ("seed", 0)):
            if not (name == "batch_size" and self.batch_size is None):
                check_whole(getattr(self, name), least, name=name)
        check_share(self.holdout_share, name="holdout_share", or_none=True)

    def fit(self, windows: Windows, *, progress: Progress | None = None) -> FittedMultiHead:
        """Train the network.

        Args:
            windows: What to learn from.
            progress: Called every 25 steps with the steps done, the most there may be, and the
                loss.

        Raises:
            ConfigError: If PyTorch is not installed.
            DataError: If `windows` are none or hold no window, or a target is unknown.
        """
        check_training(windows)
        import_torch()
        unit = training_scale(windows)
        x, offset, spread = about_level(windows.context / unit, self.normalise)
        learned = windows.take(spread > 0)
        x, offset, spread = (part[spread > 0] for part in (x, offset, spread))
        y = (learned.target / unit - windows.summands * offset[:, None]) / spread[:, None]
        middle = _mean(y) if len(y) else np.zeros(windows.horizon)
        centre = float(_mean(x.reshape(-1, 1))[0]) if len(x) else 0.0
        x, y = x - centre, y - middle
        gain, deviation = _root_mean_square(x), _root_mean_square(y)
        network = None
        if gain > FLAT * abs(centre) and deviation > FLAT * float(np.abs(middle).max()):
            network = self._train(learned, _single(x / gain), _single(y / deviation), progress)
        return FittedMultiHead(
            self,
            network,
            unit,
            centre,
            gain,
            middle,
            deviation,
            windows.context_length,
            windows.summands,
        )

    def _train(
        self, windows: Windows, x: FloatArray, y: FloatArray, progress: Progress | None
    ) -> MultiHeadNetwork:
        rows = replace(windows, context=x, target=y)
        early, late = hold_out(rows, self.holdout_share) if self.holdout_share else (rows, rows)
        has_held = self.holdout_share > 0 and len(early) > 0 and len(late) > 0
        early = early if has_held else rows
        return train_multi_head(
            early.context,
            early.target,
            heads=self.heads,
            dimension=self.dimension,
            patch=self.patch,
            positions=self.positions,
            readout=self.readout,
            steps=self.steps,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            validation=(late.context, late.target) if has_held else None,
            patience=self.patience,
            seed=self.seed,
            progress=progress,
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedMultiHead(Brief):
    """A trained network and the units that it sees the data in.

    Attributes:
        forecaster: The settings.
        network: What was trained; None where the data were one constant, which is forecast.
        unit: Root mean square of the training contexts.
        centre: Mean of the normalised training windows, in that unit.
        gain: Their root mean square about it.
        middle: (horizon,) mean of the normalised targets.
        deviation: Their root mean square about it.
        context_length: Values that it looks at.
        summed: Values of the series that each target is the sum of.
    """

    forecaster: MultiHeadAttentionForecaster
    network: MultiHeadNetwork | None
    unit: float
    centre: float
    gain: float
    middle: FloatArray
    deviation: float
    context_length: int
    summed: int

    @property
    def horizon(self) -> int:
        """Values that it forecasts."""
        return len(self.middle)

    def predict(
        self,
        context: ArrayLike,
        *,
        channel: ArrayLike | None = None,  # noqa: ARG002, all channels share the network
    ) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        values = check_context(context, self.context_length)
        x, offset, spread = about_level(values / self.unit, self.forecaster.normalise)
        y = np.tile(self.middle, (len(x), 1))
        if self.network is not None:
            y = y + self.deviation * self.network((x - self.centre) / self.gain)
        return (self.summed * offset[:, None] + spread[:, None] * y) * self.unit


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean of each column, exact where a column is one constant."""
    return np.asarray(values[0] + (values - values[0]).mean(axis=0))


def _root_mean_square(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def _single(values: FloatArray) -> FloatArray:
    """Round to single precision: the last bits, which a change of unit moves, are dropped."""
    return values.astype(np.float32).astype(float)
