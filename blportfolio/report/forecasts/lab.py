"""A contest with everything a page shows of it: forecasts, networks, series; kept in a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blportfolio.data.reload import reload_market
from blportfolio.errors import DataError
from blportfolio.forecasters.attention import FittedAttention
from blportfolio.forecasters.attention.record import record_fit, restore_fit
from blportfolio.forecasters.comparison import Comparison, ComparisonSettings, Panel, compare
from blportfolio.forecasters.comparison.entrants import choose_entrants
from blportfolio.forecasters.comparison.panel import make_arena
from blportfolio.forecasters.comparison.record import from_document, to_document
from blportfolio.forecasters.comparison.results import Forecasts
from blportfolio.forecasters.windows import Windows
from blportfolio.report.forecasts.series import (
    cut_panel,
    share_of_test,
    simulated_panel,
)
from blportfolio.report.forecasts.verdicts import verdict
from blportfolio.types import FloatArray
from blportfolio.validation import read_only

Progress = Callable[[str, int, int], None]
Key = tuple[str, int]
DOCUMENT, ARRAYS = "contest.json", "contest.npz"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """A finished contest.

    Attributes:
        comparison: Scores and tests.
        panel: The series it was held on.
        forecasts: By forecaster and horizon, (n_windows, horizon) forecasts of the windows of the
            test, or (n_windows, 1) of totals; means over seeds.
        networks: By forecaster and horizon, the trained attention networks of the first seed, by
            the row at whose close they were trained.
        data_notes: What is known about the data.
    """

    comparison: Comparison
    panel: Panel
    forecasts: Mapping[Key, FloatArray]
    networks: Mapping[Key, tuple[tuple[int, FittedAttention], ...]]
    data_notes: tuple[str, ...] = ()

    def windows(self, horizon: int) -> Windows:
        """Return the windows of the test at a horizon, in the order of `forecasts`."""
        settings = self.comparison.settings
        arena = make_arena(self.panel, settings)
        windows, _ = arena.windows(settings, horizon)
        return windows.take(windows.origins >= arena.begin - 1)

    @property
    def series(self) -> tuple[str, ...]:
        """Series that took part, as `windows` counts them."""
        return tuple(self.comparison.data["series"])

    @property
    def names(self) -> tuple[str, ...]:
        """Forecasters, controls first."""
        return tuple(dict.fromkeys(row.name for row in self.comparison.standings))

    def save(self, folder: Path) -> None:
        """Write it to a folder that exists."""
        document = {
            "comparison": to_document(self.comparison),
            "panel": {
                "labels": list(self.panel.labels),
                "kind": self.panel.kind,
                "name": self.panel.name,
            },
            "data_notes": list(self.data_notes),
            "forecasts": [list(key) for key in self.forecasts],
            "networks": [
                [*key, [[row, record_fit(fit)] for row, fit in fits]]
                for key, fits in self.networks.items()
            ],
        }
        (folder / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")
        arrays = {f"forecast_{i}": values for i, values in enumerate(self.forecasts.values())}
        arrays["values"] = self.panel.values
        if self.panel.dates is not None:
            arrays["dates"] = np.asarray(self.panel.dates).astype("datetime64[ns]").view("int64")
        np.savez_compressed(folder / ARRAYS, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Contest:
        """Read what `save` wrote.

        Raises:
            DataError: If it is not there or damaged.
        """
        try:
            document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
            with np.load(folder / ARRAYS, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            about = document["panel"]
            dates = arrays.get("dates")
            return cls(
                from_document(document["comparison"]),
                Panel(
                    arrays["values"],
                    tuple(about["labels"]),
                    about["kind"],
                    None if dates is None else dates.view("datetime64[ns]"),
                    about["name"],
                ),
                {
                    (name, horizon): read_only(arrays[f"forecast_{i}"])
                    for i, (name, horizon) in enumerate(document["forecasts"])
                },
                {
                    (name, horizon): tuple((row, restore_fit(fit)) for row, fit in fits)
                    for name, horizon, fits in document["networks"]
                },
                tuple(document["data_notes"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"The contest cannot be read: {error}. Hold it again.") from error


def hold_contest(
    panel: Panel,
    forecasters: Iterable[str] | None,
    settings: ComparisonSettings,
    *,
    data_notes: Iterable[str] = (),
    progress: Progress | None = None,
) -> Contest:
    """Hold a contest and keep its forecasts and attention networks.

    Args:
        panel: The series.
        forecasters: Registry names; all that can run by default. The controls always take part.
        settings: How it is held.
        data_notes: What is known about the data.
        progress: Called with a forecaster's name, the fits done and all of its fits.

    Raises:
        DataError: If the series are constant or too short.
        ConfigError: If a name or a setting is unknown or out of range.
    """
    kept: list[Forecasts] = []
    comparison = compare(
        panel,
        forecasters=forecasters,
        settings=settings,
        progress=progress,
        clock=time.perf_counter,
        keep=kept.append,
    )
    networks = {
        (one.name, one.horizon): tuple(
            (row, fit) for row, fit in one.fits if isinstance(fit, FittedAttention)
        )
        for one in kept
    }
    return Contest(
        comparison,
        panel,
        {(one.name, one.horizon): read_only(one.values) for one in kept},
        {key: fits for key, fits in networks.items() if fits},
        tuple(data_notes),
    )


def plan_panel(plan: Mapping[str, Any]) -> tuple[Panel, tuple[str, ...]]:
    """Return the series of a plan, loaded anew, and what is known about them.

    Args:
        plan: As `run_contest` takes it.

    Raises:
        DataError: If the data cannot be read.
        ConfigError: If there is no such series.
    """
    source = plan["source"]
    if source["kind"] == SIMULATED:
        return simulated_panel(source["reference"], n=source["n"], seed=source["seed"])
    market = reload_market(source["kind"], source["reference"], source.get("reading", {}))
    return cut_panel(market, plan["assets"], kind=plan["kind"], start=plan.get("start"))


def plan_settings(plan: Mapping[str, Any], panel: Panel) -> ComparisonSettings:
    """Return how a plan's contest is held; its test may begin at a date.

    Raises:
        DataError: If no row lies before or after that date.
        ConfigError: If a setting is out of range.
    """
    chosen = dict(plan["contest"])
    if plan.get("test_from") is not None:
        chosen["test_share"] = share_of_test(panel, plan["test_from"])
    chosen["horizons"] = tuple(chosen.get("horizons", (1, 5)))
    return ComparisonSettings(**chosen)


def check_plan(plan: Mapping[str, Any], panel: Panel) -> ComparisonSettings:
    """Return how a plan's contest is held, once it is known that it can be.

    Args:
        plan: As `run_contest` takes it.
        panel: Its series.

    Raises:
        DataError: If the series are constant, or too short for the context and the horizons.
        ConfigError: If a name or a setting is unknown or out of range.
    """
    settings = plan_settings(plan, panel)
    choose_entrants(plan.get("forecasters"), panel.kind)
    arena = make_arena(panel, settings)
    for horizon in settings.horizons:
        arena.windows(settings, horizon)
    return settings


def run_contest(plan: Mapping[str, Any], folder: Path, progress: Progress) -> dict[str, Any]:
    """Hold the contest that a plan describes and keep it in a folder, for `Contest.load`.

    Args:
        plan: `source` (`kind`, `reference`, `reading` of a market; `n` and `seed` of a simulated
            series), `assets`, `kind`, `start`, `forecasters`, `test_from` and `contest`, the
            settings of the comparison.
        folder: Where it is kept.
        progress: Called with a forecaster's name, the fits done and all of its fits.

    Returns:
        Records, verdicts and what it was held on, ready for JSON.
    """
    progress("Loading the series", 0, 0)
    panel, notes = plan_panel(plan)
    settings = plan_settings(plan, panel)
    contest = hold_contest(
        panel, plan.get("forecasters"), settings, data_notes=notes, progress=progress
    )
    contest.save(folder)
    return {**contest_document(contest), "plan": dict(plan)}


def contest_document(contest: Contest) -> dict[str, Any]:
    """Return what a contest found, ready for JSON: figures, sentences, settings, data."""
    comparison = contest.comparison
    return {
        "schema_version": 1,
        "data": dict(comparison.data),
        "data_notes": list(contest.data_notes),
        "settings": comparison.settings.resolved(),
        "verdict": {str(h): list(verdict(comparison, h)) for h in comparison.horizons},
        "notes": list(comparison.notes),
        "records": comparison.records(),
    }
