"""Who takes part in a contest of forecasters, and how each is run in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.forecasters.attention.forecaster import CHECK_EVERY
from blportfolio.forecasters.comparison.results import CONTROLS, Curve
from blportfolio.forecasters.levels import FittedThroughLevels, on_returns
from blportfolio.forecasters.registry import FORECASTERS, make_forecaster
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FittedForecaster, Forecaster

EXTRAS = {"multi_head_attention": "torch"}
"""Forecasters that need a package of an optional extra, by name."""
USUAL_CONTEXT = 20
"""Values in a context up to which forecasters that are trained step by step have their own batch;
of longer ones a batch holds as many values, and so fewer windows."""
LEAST_BATCH = 64
LEVELS = ("multi_head_attention", "hopfield")
"""Forecasters that, of levels, see each window less its last value, and forecast the change."""
MOST_STEPS = {"attention": 12}
"""Steps ahead up to which a forecaster that trains a network for each takes part unasked."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A forecaster in a contest.

    Attributes:
        name: What the table calls it.
        forecaster: Its settings.
        is_control: Whether it is always in the table.
    """

    name: str
    forecaster: Forecaster
    is_control: bool = False

    @property
    def is_seeded(self) -> bool:
        """Whether its forecasts depend on a seed."""
        return bool(self.forecaster.is_seeded)

    def runner(
        self,
        *,
        kind: str,
        seed: int,
        max_windows: int,
        keep: Callable[[FittedForecaster], None] = lambda fitted: None,  # noqa: ARG005
    ) -> Forecaster:
        """Return what is run: of one seed, on a sample of windows, returns through log prices."""
        inner = self.forecaster
        if self.is_seeded:
            inner = replace(inner, seed=seed)  # type: ignore[type-var]
        if kind == "returns":
            inner = on_returns(inner)
        return Watched(inner, max_windows if self.is_seeded else None, seed, keep)


@dataclass(frozen=True, slots=True)
class Watched:
    """Fits a forecaster to a sample of the windows, and shows what was fitted.

    Attributes:
        forecaster: What is fitted.
        max_windows: Most windows; where there are more, as many are drawn from all of time and
            all series, since the latest of a large panel would be those of a few months.
        seed: Of the draw.
        keep: Called with each fit.
    """

    forecaster: Forecaster
    max_windows: int | None = None
    seed: int = 0
    keep: Callable[[FittedForecaster], None] = field(default=lambda fitted: None)  # noqa: ARG005

    needs_levels: ClassVar[bool] = False

    @property
    def is_seeded(self) -> bool:
        """Whether its forecasts depend on a seed."""
        return bool(self.forecaster.is_seeded)

    def fit(self, windows: Windows) -> FittedForecaster:
        """Fit."""
        if self.max_windows is not None and len(windows) > self.max_windows:
            rng = np.random.default_rng(self.seed)
            drawn = rng.choice(len(windows), self.max_windows, replace=False, shuffle=False)
            windows = windows.take(np.sort(drawn))
        fitted = self.forecaster.fit(windows)
        self.keep(fitted)
        return fitted


def choose_entrants(
    forecasters: Mapping[str, Forecaster] | Iterable[str] | None,
    kind: str,
    *,
    n_steps: int = 1,
    context_length: int = USUAL_CONTEXT,
) -> tuple[list[Entrant], list[str]]:
    """Return who takes part, controls first, and notes about who does not.

    Args:
        forecasters: Registry names, or forecasters by name; all that can run by default.
        kind: `returns` or `levels`, which decides on the controls.
        n_steps: Most steps that are forecast from one window.
        context_length: Values in a window, by which batches of registry forecasters are sized.

    Raises:
        ConfigError: If a name is unknown, or needs an extra that is not installed.
    """
    notes = []
    if isinstance(forecasters, Mapping):
        chosen = {str(name): forecaster for name, forecaster in forecasters.items()}
        for name, forecaster in chosen.items():
            if not hasattr(forecaster, "fit") or isinstance(forecaster, type):
                raise ConfigError(
                    f"`forecasters` must be forecasters by name; {name!r} is a "
                    f"{type(forecaster).__name__}. For example "
                    "{'linear': LinearForecaster()}."
                )
            if name in CONTROLS[kind] and forecaster != make_forecaster(name):
                raise ConfigError(
                    f"`forecasters` has one called {name!r} with settings of its own, and that is "
                    "the name of a control, which always takes part; give it another name."
                )
    elif forecasters is None:
        absent = [name for name in EXTRAS if name in FORECASTERS and not _is_there(name)]
        slow = [name for name, most in MOST_STEPS.items() if n_steps > most]
        chosen = {
            name: make_forecaster(name) for name in FORECASTERS if name not in (*absent, *slow)
        }
        notes += [
            f"{name} does not take part: it trains a network for each of {n_steps} steps; name it "
            "to wait for it."
            for name in slow
        ]
        notes += [
            f"{name} does not take part: it needs the extra `{EXTRAS[name]}` (pip install "
            f'"blportfolio[{EXTRAS[name]}]").'
            for name in absent
        ]
    else:
        names = [forecasters] if isinstance(forecasters, str) else list(forecasters)
        chosen = {name: make_forecaster(name) for name in dict.fromkeys(names)}
        for name in chosen:
            if name in EXTRAS and not _is_there(name):
                raise ConfigError(
                    f"The forecaster {name!r} needs the extra `{EXTRAS[name]}`: pip install "
                    f'"blportfolio[{EXTRAS[name]}]".'
                )
    if not isinstance(forecasters, Mapping):
        if kind == "levels":
            chosen, changed = _for_levels(chosen)
            notes += changed
        if context_length > USUAL_CONTEXT:
            chosen, resized = _with_smaller_batches(chosen, context_length)
            notes += resized
    controls = CONTROLS[kind]
    everyone = {name: make_forecaster(name) for name in controls} | {
        name: forecaster for name, forecaster in chosen.items() if name not in controls
    }
    return [
        Entrant(name, forecaster, name in controls) for name, forecaster in everyone.items()
    ], notes


def _for_levels(chosen: Mapping[str, Forecaster]) -> tuple[dict[str, Forecaster], list[str]]:
    """Return forecasters as they are fair to levels, and notes about what was changed or cannot."""
    changed: dict[str, Forecaster] = dict(chosen)
    notes = []
    names = [name for name in LEVELS if name in chosen]
    for name in names:
        changed[name] = replace(chosen[name], normalise="last")  # type: ignore[type-var]
    if names:
        notes.append(
            f"{', '.join(names)}: each window less its last value, to which the forecast change "
            "is added, as otherwise a level would have to be learned."
        )
    if "attention_kernel" in chosen:
        notes.append(
            "attention_kernel: the model of the paper, which cannot carry a level; that it fails "
            "on levels says nothing of attention with positions, a skip connection or several "
            "heads."
        )
    return changed, notes


def _with_smaller_batches(
    chosen: Mapping[str, Forecaster], context_length: int
) -> tuple[dict[str, Forecaster], list[str]]:
    """Return forecasters whose batches hold as many values as of the usual context, and a note."""
    changed: dict[str, Forecaster] = dict(chosen)
    names = []
    for name, forecaster in chosen.items():
        size = getattr(forecaster, "batch_size", None)
        if size is not None:
            fewer = max(LEAST_BATCH, size * USUAL_CONTEXT // context_length)
            changed[name] = replace(forecaster, batch_size=fewer)  # type: ignore[type-var]
            names.append(f"{name} ({fewer} windows)")
    if not names:
        return changed, []
    what = f"trained in smaller batches, as a context has {context_length} values"
    return changed, [f"{', '.join(names)}: {what}."]


def learning_curve(fitted: FittedForecaster | None) -> Curve | None:
    """Return the learning curve of a trained forecaster; None for one that has none."""
    inner: Any = fitted.fitted if isinstance(fitted, FittedThroughLevels) else fitted
    trainings = getattr(inner, "trainings", ())
    if not trainings:
        return None
    training = trainings[0]
    losses = np.asarray(training.losses, dtype=float)
    held_out = np.asarray(training.held_out_losses, dtype=float)
    if len(losses) < 2:
        return None
    return Curve(
        tuple(range(len(losses))),
        tuple(losses.tolist()),
        tuple(CHECK_EVERY * i for i in range(len(held_out))),
        tuple(held_out.tolist()),
    )


def _is_there(name: str) -> bool:
    return importlib.util.find_spec(EXTRAS[name]) is not None
