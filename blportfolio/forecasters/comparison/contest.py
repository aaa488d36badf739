"""Runs a contest: every forecaster refitted on one schedule, judged on the same later windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.forecasters.comparison.entrants import (
    Entrant,
    Watched,
    choose_entrants,
    learning_curve,
)
from blportfolio.forecasters.comparison.judging import Run, adjusted, judge, summarise
from blportfolio.forecasters.comparison.panel import (
    LEAST_TRAINING,
    Arena,
    Panel,
    as_panel,
    check_regime,
    describe,
    make_arena,
)
from blportfolio.forecasters.comparison.results import (
    CONTROLS,
    Comparison,
    Forecasts,
    Standing,
)
from blportfolio.forecasters.comparison.settings import ComparisonSettings
from blportfolio.forecasters.evaluation import ConfidenceSet, score
from blportfolio.forecasters.registry import make_forecaster
from blportfolio.forecasters.walk import walk_forward
from blportfolio.forecasters.windows import Windows
from blportfolio.types import BoolArray, FittedForecaster, FloatArray, Forecaster

Progress = Callable[[str, int, int], None]
Clock = Callable[[], float]
Keep = Callable[[Forecasts], None]
Fits = tuple[tuple[int, FittedForecaster], ...]


def compare(
    values: ArrayLike | Panel,
    *,
    forecasters: Mapping[str, Forecaster] | Iterable[str] | None = None,
    settings: ComparisonSettings | None = None,
    regime: str = "all",
    progress: Progress | None = None,
    clock: Clock | None = None,
    keep: Keep | None = None,
    **described: Any,  # noqa: ANN401, the fields of `Panel`
) -> Comparison:
    """Compare forecasters on the same windows of one or more series, in order of time.

    The latest share of the rows is the test. Each forecaster is fitted at its beginning and again
    on a schedule, to every window whose target is known by then, and forecasts until the next fit.
    Of returns the total over the horizon is forecast, which is what a portfolio earns; of levels,
    standardised by their training rows, each step. The controls (zero or the last value, mean,
    AR(1)) always take part. A series that begins late has fewer windows; a missing value leaves
    out the windows that hold it. A return of zero, as on a day without trade, is a value like any
    other, but has no sign and belongs to neither kind of step.

    Forecasters of levels reach returns through log prices (`on_returns`), since on returns
    themselves their weights, which sum to one, would be wrong.

    Args:
        values: (n_obs,) or (n_obs, n_series), oldest first, or a `Panel`.
        forecasters: Registry names, or forecasters by name; all that can run by default.
        settings: How the contest is held.
        regime: `all`; `consistent` is refused, with the reason.
        progress: Called with a forecaster's name, the fits done and all of its fits.
        clock: Returns seconds, to time the forecasters.
        keep: Called with the forecasts of each forecaster at each horizon.
        **described: `labels`, `kind` ("returns" or "levels"), `dates` and `name` of the values.

    Returns:
        All scores and tests, by horizon and forecaster.

    Raises:
        DataError: If the values are no series, constant, or too short.
        ConfigError: If a name or a setting is unknown or out of range.
    """
    panel = as_panel(values, **described)
    check_regime(regime, panel.kind)
    settings = settings or ComparisonSettings()
    n_steps = settings.horizons[-1] if panel.kind == "levels" else 1
    entrants, notes = choose_entrants(
        forecasters, panel.kind, n_steps=n_steps, context_length=settings.context_length
    )
    arena = make_arena(panel, settings)
    notes += arena.notes
    cut = {horizon: arena.windows(settings, horizon) for horizon in settings.horizons}
    contest = _Contest(arena, settings, progress, clock, keep)
    standings: list[Standing] = []
    sets: dict[int, ConfidenceSet | None] = {}
    dates: dict[int, Any] = {}
    truth: dict[int, tuple[FloatArray, FloatArray]] = {}
    for number, (horizon, (windows, stride)) in enumerate(cut.items()):
        if stride > 1:
            notes.append(f"Horizon {horizon}: forecasts every {stride} rows, as there are many.")
        rows, sets[horizon] = contest.at(horizon, number, windows, stride, entrants)
        standings += rows
        due = windows.take(windows.origins >= arena.begin - 1)
        origins = np.unique(due.origins)
        dates[horizon] = origins if panel.dates is None else np.asarray(panel.dates)[origins]
        example = _example(due)
        truth[horizon] = due.context[example], due.target[example]
    notes += contest.notes(entrants, cut)
    naive = None
    if any(row.name == "linear_residual" for row in standings) and panel.kind == "returns":
        naive = _naive_r2(arena, cut[settings.horizons[0]][0])
    return Comparison(
        settings,
        describe(arena),
        tuple(adjusted(standings)),
        dates,
        truth,
        sets,
        naive,
        tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Contest:
    """Holds one contest, horizon by horizon."""

    arena: Arena
    settings: ComparisonSettings
    progress: Progress | None
    clock: Clock | None
    keep: Keep | None

    def at(
        self, horizon: int, number: int, windows: Windows, stride: int, entrants: list[Entrant]
    ) -> tuple[list[Standing], ConfidenceSet | None]:
        """Return the standings at one horizon, the `number`-th, and the model confidence set."""
        due = windows.origins >= self.arena.begin - 1
        judged = windows.take(due)
        reference = CONTROLS[self.arena.panel.kind][0]
        # What others are measured against comes first.
        order = sorted(entrants, key=lambda entrant: entrant.name not in (reference, "mean"))
        made = {e.name: self._forecasts(e, number, windows, due) for e in order[:2]}
        runs: list[Run] = []
        for entrant in entrants:
            found = made.get(entrant.name) or self._forecasts(entrant, number, windows, due)
            forecasts, seconds, fits = found
            if self.keep is not None:
                mean = np.mean(forecasts, axis=0)
                self.keep(Forecasts(entrant.name, horizon, judged, mean, fits))
            runs.append(
                judge(
                    entrant,
                    forecasts,
                    judged,
                    reference=made[reference][0][0],
                    mean=made["mean"][0][0],
                    is_returns=self.arena.panel.kind == "returns",
                    example=_example(judged),
                    overlap=-(-horizon // stride),
                    seconds=seconds,
                    curve=learning_curve(fits[-1][1] if fits else None),
                )
            )
        return summarise(
            runs,
            horizon=horizon,
            overlap=-(-horizon // stride),
            reference=reference,
            settings=self.settings,
        )

    def _forecasts(
        self,
        entrant: Entrant,
        number: int,
        windows: Windows,
        due: BoolArray,
    ) -> tuple[list[FloatArray], float, Fits]:
        """Return the forecasts of each seed, the seconds they took, and fits of the first."""
        seeds = range(self.settings.n_seeds) if entrant.is_seeded else range(1)
        began = self.clock() if self.clock else np.nan
        made = []
        for place in seeds:
            number_of_seed = number * len(seeds) + place
            total = len(seeds) * len(self.settings.horizons)
            made.append(self._one_seed(entrant, place, windows, number_of_seed, total))
        seconds = (self.clock() - began) if self.clock else np.nan
        return [forecasts[due] for forecasts, _ in made], float(seconds), made[0][1]

    def _one_seed(
        self, entrant: Entrant, place: int, windows: Windows, number: int, total: int
    ) -> tuple[FloatArray, Fits]:
        """Return the forecasts of one seed, the `number`-th of `total` walks, and its fits."""
        n_fits = len(self.arena.fit_rows)
        fitted: list[FittedForecaster] = []
        count = [0]

        def advance(done: int, _all: int) -> None:
            count.append(len(fitted))
            if self.progress is not None:
                self.progress(entrant.name, number * n_fits + done, total * n_fits)

        runner = entrant.runner(
            kind=self.arena.panel.kind,
            seed=self.settings.seed + place,
            max_windows=self.settings.training_windows,
            keep=fitted.append,
        )
        forecasts = self._walk(entrant.name, runner, windows, advance)
        was_fitted = np.diff(count) > 0  # where nothing is due there is no fit
        rows = np.array(self.arena.fit_rows)[was_fitted].tolist()
        fits = tuple(zip(rows, fitted, strict=True))
        return forecasts, fits if self.keep is not None else fits[-1:]

    def _walk(
        self,
        name: str,
        runner: Forecaster,
        windows: Windows,
        advance: Callable[[int, int], None],
    ) -> FloatArray:
        forecasts = walk_forward(
            runner, windows, self.arena.fit_rows, min_windows=LEAST_TRAINING, progress=advance
        )
        bad = ~np.isfinite(forecasts).all(axis=1) & (windows.origins >= self.arena.begin - 1)
        if bad.any():
            row = int(windows.origins[bad][0])
            raise DataError(
                f"The forecaster {name!r} has no finite forecast at "
                f"{self.arena.panel.row_label(row)}; leave it out."
            )
        return forecasts

    def notes(self, entrants: list[Entrant], cut: Mapping[int, tuple[Windows, int]]) -> list[str]:
        """Return how the contest differed from what a reader may expect."""
        notes = []
        n_windows = max(len(windows) for windows, _ in cut.values())
        trained = [entrant.name for entrant in entrants if entrant.is_seeded]
        if trained and n_windows > self.settings.training_windows:
            notes.append(
                f"{', '.join(trained)}: trained on {self.settings.training_windows:,} windows at "
                "each fit, drawn from all that were known; the others on all."
            )
        through = [
            entrant.name
            for entrant in entrants
            if self.arena.panel.kind == "returns"
            and getattr(entrant.forecaster, "needs_levels", False)
        ]
        if through:
            notes.append(
                f"{', '.join(through)}: applied to log prices, as models of levels are; the "
                "forecast return is the difference of log prices."
            )
        return notes


def _example(judged: Windows) -> int:
    """Return the position of the last window of the first series."""
    return int(np.flatnonzero(judged.channels == judged.channels.min())[-1])


def _naive_r2(arena: Arena, windows: Windows) -> float:
    """Return the R² against zero of the linear residual forecaster on returns as they are."""
    runner = Watched(make_forecaster("linear_residual"))
    forecasts = walk_forward(runner, windows, arena.fit_rows, min_windows=LEAST_TRAINING)
    due = windows.origins >= arena.begin - 1
    return score(forecasts[due], windows.target[due], windows.last[due]).r2_zero
