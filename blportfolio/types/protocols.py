"""The protocols of every plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

import pandas as pd
from numpy.typing import ArrayLike

from blportfolio.types.decision import ArraySolution, DecisionContext
from blportfolio.types.distribution import ReturnDistribution
from blportfolio.types.window import TrainingWindow
from blportfolio.validation import FloatArray

State = Any
"""What a stateful prior has learned: frozen, JSON-serialisable, keyed by asset."""


class CovarianceModel(Protocol):
    """Estimates a covariance from a window of returns."""

    def fit_arrays(self, returns: FloatArray) -> FloatArray:
        """Return (n_assets, n_assets) from (n_obs, n_assets) returns."""
        ...


@runtime_checkable
class Prior(Protocol):
    """Turns a window into a distribution of next-period returns."""

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Fit to everything in `window`."""
        ...


@runtime_checkable
class StatefulPrior(Protocol):
    """A prior that learns across decisions; its state is frozen and JSON-serialisable."""

    def initial_state(self, assets: tuple[str, ...]) -> State:
        """Return the state before any decision."""
        ...

    def update(self, state: State, window: TrainingWindow) -> State:
        """Return the state after the returns realised since the last decision.

        It is called at each decision, before `fit`, with the same window; `window.realised` has
        the returns realised since the last decision, None at the first.
        """
        ...

    def fit(self, window: TrainingWindow, state: State | None = None) -> ReturnDistribution:
        """Fit to `window` given what was learned before."""
        ...


class Objective(Protocol):
    """Turns a distribution into weights."""

    def solve(
        self, distribution: ReturnDistribution, *, previous_weights: pd.Series | None = None
    ) -> pd.Series:
        """Return weights by asset, with `attrs["solution"]`."""
        ...

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the solution for unchecked arrays."""
        ...


class Feature(Protocol):
    """A family of features computed from market data with past data only."""

    requires: ClassVar[tuple[str, ...]]

    def compute(self, market: Any) -> Mapping[str, pd.DataFrame]:  # noqa: ANN401
        """Return (n_dates, n_assets) frames by column name."""
        ...


class FittedForecaster(Protocol):
    """A forecaster that has learned; it never changes."""

    @property
    def context_length(self) -> int:
        """Values that it looks at."""
        ...

    @property
    def horizon(self) -> int:
        """Values that it forecasts."""
        ...

    def predict(self, context: ArrayLike, *, channel: ArrayLike | None = None) -> FloatArray:
        """Return (n_windows, horizon) forecasts from (n_windows, context_length) values.

        `channel`, (n_windows,), says which series each window is of, for models with weights of
        their own for each.
        """
        ...


class Forecaster(Protocol):
    """A frozen dataclass of settings that learns from windows."""

    @property
    def needs_levels(self) -> bool:
        """Whether it is meant for levels, so that returns reach it through log prices."""
        ...

    @property
    def is_seeded(self) -> bool:
        """Whether its forecasts depend on a `seed` among its settings."""
        ...

    def fit(self, windows: Any) -> FittedForecaster:  # noqa: ANN401, a layer above defines them
        """Learn from `Windows` whose targets are known."""
        ...
