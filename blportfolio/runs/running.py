"""Loads the data of an experiment, runs it, and writes the folder of the run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blportfolio.backtest import first_decision, run_experiment
from blportfolio.config import Experiment
from blportfolio.data import (
    MarketData,
    is_universe,
    load_dataset,
    load_prices,
    packaged_datasets,
)
from blportfolio.data.cached import cached_tickers
from blportfolio.errors import BLPortfolioError, ConfigError, flags_of
from blportfolio.folders import new_folder
from blportfolio.manifest import POLICIES, describe_market, digest
from blportfolio.report.against import Baseline
from blportfolio.report.run_folder import RunPart, write_run
from blportfolio.runs.provenance import describe_run, run_name, seconds_since, utc_now

Advance = Callable[..., None]


class DataChoice:
    """What a run is on: a user's file, a data set or universe, or what the experiment names.

    Attributes:
        universe: Name of the data set or universe, or path of the file.
    """

    def __init__(
        self,
        experiment: Experiment,
        named: str,
        prices: Path | None,
        dataset: str | None,
        *,
        reading: Mapping[str, Any],
        min_coverage: float | None,
    ) -> None:
        self._path = prices
        self._reading, self._min_coverage = dict(reading), min_coverage
        table = experiment.config.backtest
        # Windows reach back before the first decision, where coverage does not matter yet.
        dates = {"covered_from": table.start, "end": table.end}
        self._span = {key: str(date) for key, date in dates.items() if date is not None}
        if prices is None and dataset is None and named not in packaged_datasets():
            beside = experiment.folder / named
            is_beside = os.path.isfile(beside)  # unlike Path.is_file, never raises
            path = beside if is_beside else Path(named)
            if is_universe(path):
                dataset = str(path)
            elif is_beside or (path.suffix and not cached_tickers(named)):
                self._path = path
        self.universe = str(self._path or dataset or named)
        if self._path is None and self._reading:
            raise ConfigError(
                f"{flags_of(self._reading)} says how to read a file, and {self.universe!r} is a "
                "data set; give --prices too."
            )

    def load(self) -> MarketData:
        """Load it."""
        if self._path is None:
            span = self._span if is_universe(self.universe) else {}
            return load_dataset(self.universe, min_coverage=self._min_coverage, **span)
        return load_prices(self._path, **self._reading)

    @property
    def label(self) -> str:
        """Name of the universe in tables and folders of a run over several."""
        return re.sub(r"[^A-Za-z0-9_.\-]+", "_", Path(self.universe).stem) or "data"


def data_choices(
    experiment: Experiment,
    prices: Path | None,
    dataset: str | None,
    *,
    reading: Mapping[str, Any],
    min_coverage: float | None,
) -> list[DataChoice]:
    """Return what a run is on: the user's own data, or each universe of the experiment.

    Raises:
        ConfigError: If two universes would have the same name.
    """
    is_own = prices is not None or dataset is not None
    named = experiment.config.universes[:1] if is_own else experiment.config.universes
    choices = [
        DataChoice(experiment, name, prices, dataset, reading=reading, min_coverage=min_coverage)
        for name in named
    ]
    labels = [choice.label for choice in choices]
    for choice, label in zip(choices, labels, strict=True):
        if labels.count(label) > 1:
            raise ConfigError(
                f"Two universes are called {label!r}, one of them {choice.universe!r}; rename a "
                "file."
            )
    return choices


def run_and_write(
    experiment: Experiment,
    markets: Sequence[tuple[DataChoice, MarketData]],
    *,
    command: str,
    runs: Path,
    seed: int,
    progress: Advance,
    results_only: bool = False,
) -> tuple[Path, dict[str, Any]]:
    """Run every strategy on every universe and write the run's folder; return it and its summary.

    Args:
        experiment: What to run.
        markets: The universes chosen, loaded.
        command: The command line, for the manifest.
        runs: Folder of runs, made where it is missing.
        seed: Of the bootstraps, and recorded for models that draw random numbers.
        progress: Called with a name, steps done and all, and `unit=` where they are no decisions.
        results_only: Whether to leave out tables, charts and page, which the results can make.
    """
    began = utc_now()
    several = len(markets) > 1
    sources = {choice.label: dict(market.sources) for choice, market in markets}
    config = {
        **experiment.resolved(*(choice.universe for choice, _ in markets)),
        "data": sources if several else dict(markets[0][1].sources),
        "seed": seed,
    }
    target = runs / experiment.config.name / run_name(began, digest(config))
    table = experiment.config.backtest
    given = {"start": table.start, "end": table.end}
    dates = {key: None if date is None else str(date) for key, date in given.items()}
    for choice, market in markets if several else ():  # before the first has run for minutes
        with _named(choice.label):
            for strategy in experiment.strategies:
                first_decision(strategy, market, **dates)
    with new_folder(target) as folder:
        parts = []
        for choice, market in markets:
            label = choice.label if several else ""
            before = f"{label}: " if several else ""

            def report(name: str, done: int, total: int, before: str = before) -> None:
                progress(before + name, done, total)

            def prepare(name: str, done: int, total: int, before: str = before) -> None:
                progress(f"{before}{name}, features", done, total, unit="refits")

            with _named(label):
                results = run_experiment(
                    experiment.strategies,
                    market,
                    **dates,
                    seed=seed,
                    progress=report,
                    feature_progress=prepare,
                )
            parts.append(RunPart(results, describe_market(market), label))
        manifest = {
            **describe_run(
                began,
                command=command,
                config=config,
                seed=seed,
                seed_use="for the resampled histories behind intervals and p-values; recorded for "
                "models that draw random numbers; objectives that draw, such as resampled, have "
                "their own among their settings",
            ),
            **_data_of(parts),
            "policies": POLICIES,
        }
        summary = write_run(
            folder,
            parts,
            title=experiment.config.name,
            description=experiment.config.description,
            manifest=manifest,
            elapsed=lambda: seconds_since(began),
            candidates=experiment.candidates,
            baselines=experiment.baselines,
            baseline=Baseline(
                experiment.baseline, experiment.baseline_rows, experiment.trials, seed
            ),
            seed=seed,
            results_only=results_only,
        )
    return target, summary


@contextmanager
def _named(universe: str) -> Iterator[None]:
    """Say in an error which of several universes it is about."""
    try:
        yield
    except BLPortfolioError as error:
        if universe:
            error.args = (f"{universe}: {error}",)
        raise


def _data_of(parts: Sequence[RunPart]) -> dict[str, Any]:
    """Return what a manifest says of the data, by universe where there are several."""
    told = [{"data": part.data, "returns": part.results[0].manifest["returns"]} for part in parts]
    if len(parts) == 1:
        return told[0]
    return {"universes": {part.universe: one for part, one in zip(parts, told, strict=True)}}
