"""The diagonal state-space forecaster: a fixed bank of decaying states, read out by ridge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.forecasters.base import product_by_row
from blportfolio.forecasters.checks import check_flag, check_whole
from blportfolio.forecasters.normalise import (
    about_level,
    centre_of,
    check_normalise,
    spread_of,
)
from blportfolio.forecasters.ridge import PENALTIES, RidgeForecaster
from blportfolio.forecasters.state_space.ssd import ssd_chunked, ssd_kernel, ssd_recurrent
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice

REALISATIONS = ("recurrence", "attention", "chunked")


@dataclass(frozen=True, slots=True)
class StateSpaceForecaster(RidgeForecaster):
    """ŷ = C h + b, where the states h_t = a ∘ h_{t-1} + √(1 - a²) x_t forget at fixed rates.

    The first state is the last value (decay zero), the others have half-lives from one step to
    the whole context, evenly spaced in logarithms; only the readout is learned. The states are
    linear in the window, so the model is a linear forecaster with few weights: like it, it has no
    preference for steps that keep the sign. It is what a structured state-space layer computes
    with coefficients that do not depend on the input (Dao and Gu 2024).

    Attributes:
        penalties: Relative penalties to choose from by hold-out, or one number that is fixed.
        n_states: States with a decay of zero or more.
        has_negative: Whether each decay above zero also comes with its negative, for what
            alternates from step to step.
        realisation: How states are computed: "recurrence", masked "attention", or "chunked"; all
            give the same.
        normalise: What is taken out of each window and added to its forecast again: "none", its
            "last" value, its "mean", or its mean and standard deviation ("standard").

    Raises:
        ConfigError: If a setting is out of range.
    """

    # The states are nearly collinear: with smaller penalties rounding would reach the forecasts.
    penalties: float | tuple[float, ...] = PENALTIES[2:]
    n_states: int = 8
    has_negative: bool = True
    realisation: str = "chunked"
    normalise: str = "none"

    def __post_init__(self) -> None:
        """Check the settings."""
        RidgeForecaster.__post_init__(self)
        check_whole(self.n_states, 1, most=1000, name="n_states")
        check_flag(self.has_negative, name="has_negative")
        check_choice(self.realisation, REALISATIONS, name="realisation")
        check_normalise(self.normalise)

    def decays(self, context_length: int) -> FloatArray:
        """Return (n_decays,) decays a for windows of that length."""
        half_lives = np.geomspace(1.0, max(context_length, 1), self.n_states - 1)
        positive = np.unique(0.5 ** (1 / half_lives))  # a window of one value has one half-life
        negative = -positive if self.has_negative else np.empty(0)
        return np.concatenate([[0.0], positive, negative])

    def design(self, context: FloatArray) -> FloatArray:
        """Return (n_windows, n_decays) states at the end of each normalised window."""
        values, _, _ = about_level(context, self.normalise)
        length = context.shape[1]
        # States are linear in the window: those of the unit windows say how it is weighted.
        responses = final_states(self.decays(length), np.eye(length), self.realisation)
        return product_by_row(values, responses)

    def offset(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) levels taken out."""
        return centre_of(context, self.normalise)

    def scale(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) spreads divided by; zero for a constant window."""
        return spread_of(context, self.normalise)


def final_states(decays: FloatArray, windows: FloatArray, realisation: str) -> FloatArray:
    """Return the states at the end of each window, by one of three realisations.

    Args:
        decays: (n_decays,) decays a, below one in size.
        windows: (n_windows, length), oldest value first.
        realisation: One of `REALISATIONS`.

    Returns:
        (n_windows, n_decays).
    """
    length = windows.shape[1]
    x, ones = windows.T, np.ones((length, 1))
    states = np.empty((len(windows), len(decays)))
    for n, decay in enumerate(decays):  # each a model of one state, which is its own output
        a = np.full(length, decay)
        if realisation == "recurrence":
            states[:, n] = ssd_recurrent(a, ones, ones, x)[-1]
        elif realisation == "attention":
            states[:, n] = ssd_kernel(a, ones, ones)[-1] @ x
        else:
            states[:, n] = ssd_chunked(a, ones, ones, x)[-1]
    scaled: FloatArray = states * np.sqrt(1 - decays**2)
    return scaled
