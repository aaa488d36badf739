"""The trained two-layer attention model as a forecaster of windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.forecasters.attention.diagnostics import step_weights
from blportfolio.forecasters.attention.layer import attention_weights, forward
from blportfolio.forecasters.attention.parameters import AttentionSettings, initial_parameters
from blportfolio.forecasters.attention.training import OPTIMISERS, Progress, Training, train
from blportfolio.forecasters.attention.units import NORMALISE, in_units, units_of
from blportfolio.forecasters.base import check_context, check_training, training_scale
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_share, check_whole
from blportfolio.forecasters.windows import Windows, hold_out
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, check_positive

CHECK_EVERY = 5


@dataclass(frozen=True, slots=True)
class AttentionForecaster:
    """The two-layer softmax attention model with what makes the contest fair, trained by Adam.

    The default is *not* the paper's model but the smallest change of it that no longer follows
    the sign of the last value: every neuron has a bias for each position inside the softmax, and
    a skip connection adds s x_d, where s starts at its least-squares value, so that a constant
    series is forecast as itself. `as_published()` is the paper's model; its infinite-width limit
    is `AttentionKernelForecaster`. Neither has an intercept.

    Each step of the horizon has a network of its own, trained one after another from the same
    draw; all channels share it. Training looks at the earlier windows and stops by the later
    ones, whose best parameters are kept: where no step helped, the forecast is that of the start,
    the skip connection alone, and `FittedAttention.trainings` says so.

    Attributes:
        width: Neurons, an even number.
        steps: Most training steps.
        optimiser: "adam", or "gd": all windows at once with the largest stable step.
        learning_rate: Step size; by default 0.005 for Adam, the largest stable one for "gd".
        batch_size: Windows in a step of Adam; None for all.
        scaling: "ntk" (1/√width) or "mean_field" (1/width).
        train_output: Whether output weights are trained, too.
        skip: "trained", "fixed" (coefficient 1) or "none".
        positions: Whether neurons have positional biases.
        activation: "softmax" or "sparsemax".
        normalise: What windows are divided by and forecasts multiplied by: the root mean square
            of each window ("window", errors still count in the unit of the series), or of the
            training windows ("train"), or nothing ("none", the paper's, which then depends on
            the unit of the data).
        seed: Of the first weights and the batches.
        holdout_share: Latest share of the rows that decides when to stop; 0 trains on all windows
            for all steps.
        patience: Steps without a lower held-out loss before stopping.

    Raises:
        ConfigError: If a setting is out of range.

    References:
        Ke et al. (2025), Curse of Attention, arXiv 2412.06061, sections 4 and 7.
    """

    width: int = 64
    steps: int = 600
    optimiser: str = "adam"
    learning_rate: float | None = None
    batch_size: int | None = 1024
    scaling: str = "ntk"
    train_output: bool = False
    skip: str = "trained"
    positions: bool = True
    activation: str = "softmax"
    normalise: str = "window"
    seed: int = 0
    holdout_share: float = 0.2
    patience: int = 50

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the settings."""
        _ = self.model
        check_choice(self.optimiser, OPTIMISERS, name="optimiser")
        check_choice(self.normalise, NORMALISE, name="normalise")
        if self.learning_rate is not None:
            check_positive(self.learning_rate, name="learning_rate")
        for name, least in (("steps", 0), ("batch_size", 1), ("seed", 0), ("patience", 1)):
            if not (name == "batch_size" and self.batch_size is None):
                check_whole(getattr(self, name), least, name=name)
        check_share(self.holdout_share, name="holdout_share", or_none=True)

    @classmethod
    def as_published(cls, *, width: int = 256, steps: int = 300, seed: int = 0) -> Self:
        """Return the paper's model: scalar, no positions, no skip, ±1 outputs, trained to the end.

        Like the paper it sees raw values; data should have a variance of about one.
        """
        return cls(
            width=width,
            steps=steps,
            optimiser="gd",
            skip="none",
            positions=False,
            normalise="none",
            seed=seed,
            holdout_share=0.0,
        )

    @property
    def model(self) -> AttentionSettings:
        """The network that is trained."""
        return AttentionSettings(
            width=self.width,
            scaling=self.scaling,
            train_output=self.train_output,
            skip=self.skip,
            positions=self.positions,
            activation=self.activation,
        )

    def fit(self, windows: Windows, *, progress: Progress | None = None) -> FittedAttention:
        """Train one network for each step of the horizon.

        Args:
            windows: What to learn from.
            progress: Called after each step with the steps done, the most there may be, and the
                loss.

        Raises:
            DataError: If `windows` are none or hold no window, or a target is unknown.
        """
        check_training(windows)
        unit = training_scale(windows) if self.normalise != "none" else 1.0
        early, late = (
            hold_out(windows, self.holdout_share) if self.holdout_share else (windows, None)
        )
        if late is None or not (len(early) and len(late)):
            early, late = windows, None
        trainings = []
        for column in range(windows.horizon):
            done = column * self.steps

            def report(step: int, _steps: int, loss: float, done: int = done) -> None:
                if progress is not None:
                    progress(done + step, self.steps * windows.horizon, loss)

            x, y, gain = self._seen(early, unit, column)
            start = initial_parameters(
                windows.context_length,
                self.model,
                np.random.default_rng(self.seed),
                skip=_slope(gain * x[:, -1], y),
            )
            trainings.append(
                train(
                    x,
                    y,
                    start,
                    self.model,
                    steps=self.steps,
                    optimiser=self.optimiser,
                    learning_rate=self.learning_rate,
                    batch_size=self.batch_size,
                    seed=self.seed,
                    gain=gain,
                    held_out=None if late is None else self._seen(late, unit, column),
                    patience=self.patience,
                    check_every=CHECK_EVERY,
                    progress=report,
                )
            )
        return FittedAttention(self, tuple(trainings), unit, windows.context_length)

    def _seen(
        self, windows: Windows, unit: float, column: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return windows, one step of the targets, and the gain, as the network sees them."""
        units = units_of(windows.context, self.normalise, unit)
        return in_units(windows.context, units), windows.target[:, column] / unit, units / unit


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedAttention(Brief):
    """Trained networks, one for each step of the horizon.

    Attributes:
        forecaster: The settings.
        trainings: How each was trained, with its parameters, learning curves and best step.
        unit: Root mean square of the training contexts; 1 where nothing is normalised.
        context_length: Values that it looks at.
    """

    forecaster: AttentionForecaster
    trainings: tuple[Training, ...]
    unit: float
    context_length: int

    @property
    def horizon(self) -> int:
        """Values that it forecasts."""
        return len(self.trainings)

    def predict(
        self,
        context: ArrayLike,
        *,
        channel: ArrayLike | None = None,  # noqa: ARG002, all channels share the networks
    ) -> FloatArray:
        """Return (n_windows, horizon) forecasts.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        values = check_context(context, self.context_length)
        units = units_of(values, self.forecaster.normalise, self.unit)
        x, model = in_units(values, units), self.forecaster.model
        ahead = [units * forward(x, training.parameters, model) for training in self.trainings]
        return np.stack(ahead, axis=1)

    def attention(self, context: ArrayLike, *, step: int = 0) -> FloatArray:
        """Return the (n_windows, context_length, width) attention of every neuron.

        Args:
            context: (n_windows, context_length) windows.
            step: Step of the horizon, from 0.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        x = self._divided(context)
        return attention_weights(x, self.trainings[step].parameters, self.forecaster.model)

    def step_weights(self, context: ArrayLike, *, step: int = 0) -> FloatArray:
        """Return the (n_windows, context_length) weights of the values in the forecast.

        The forecast of `predict` is their product with the context.

        Args:
            context: (n_windows, context_length) windows.
            step: Step of the horizon, from 0.

        Raises:
            DataError: If the context has another length or holds a missing value.
        """
        x = self._divided(context)
        return step_weights(x, self.trainings[step].parameters, self.forecaster.model)

    def _divided(self, context: ArrayLike) -> FloatArray:
        values = check_context(context, self.context_length)
        return in_units(values, units_of(values, self.forecaster.normalise, self.unit))


def _slope(x: FloatArray, y: FloatArray) -> float:
    """Return the least-squares slope of y on x through the origin; 0 where x is zero."""
    square = float(x @ x)
    return float(x @ y) / square if square > 0 else 0.0
