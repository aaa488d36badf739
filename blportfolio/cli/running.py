"""Loads the data of an experiment, runs it, and writes the folder of the run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blportfolio.backtest import run_experiment
from blportfolio.cli.output import progress_bar
from blportfolio.cli.provenance import git_state, utc_now
from blportfolio.config import Experiment
from blportfolio.data import (
    MarketData,
    is_universe,
    load_dataset,
    load_prices,
    packaged_datasets,
)
from blportfolio.data.cached import cached_tickers
from blportfolio.errors import ConfigError
from blportfolio.folders import new_folder
from blportfolio.manifest import POLICIES, describe_market, describe_software, digest
from blportfolio.report.run_folder import write_run


class DataChoice:
    """What a run is on: a user's file, a data set or universe, or what the experiment names.

    Attributes:
        universe: Name of the data set or universe, or path of the file.
    """

    def __init__(
        self,
        experiment: Experiment,
        prices: Path | None,
        dataset: str | None,
        *,
        reading: Mapping[str, Any],
        min_coverage: float | None,
    ) -> None:
        named = experiment.config.universe
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
            flags = ", ".join(f"--{key.replace('_', '-')}" for key in self._reading)
            raise ConfigError(
                f"{flags} says how to read a file, and {self.universe!r} is a data set; give "
                "--prices too."
            )

    def load(self) -> MarketData:
        """Load it."""
        if self._path is None:
            span = self._span if is_universe(self.universe) else {}
            return load_dataset(self.universe, min_coverage=self._min_coverage, **span)
        return load_prices(self._path, **self._reading)


def run_and_write(
    experiment: Experiment,
    market: MarketData,
    *,
    universe: str,
    command: str,
    out: Path,
    seed: int,
    quiet: bool,
) -> tuple[Path, list[dict[str, Any]]]:
    """Run every strategy and write the run's folder; return it and the headline figures."""
    began = utc_now()
    config = {**experiment.resolved(universe), "data": dict(market.sources), "seed": seed}
    config_sha = digest(config)
    run_id = f"{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03d}Z-{config_sha[:8]}"
    target = out / "runs" / experiment.config.name / run_id
    table = experiment.config.backtest
    with new_folder(target) as folder:
        with progress_bar(quiet=quiet) as progress:
            results = run_experiment(
                experiment.strategies,
                market,
                start=None if table.start is None else str(table.start),
                end=None if table.end is None else str(table.end),
                seed=seed,
                progress=progress,
            )
        commit, dirty = git_state()
        manifest = {
            "schema_version": 1,
            "run_id": run_id,
            "created_utc": began.isoformat(timespec="seconds"),
            "command": command,
            "config": config,
            "config_sha256": config_sha,
            "seed": seed,
            "seed_use": "recorded for models that draw random numbers; objectives that draw, such "
            "as resampled, have their own among their settings",
            "git_commit": commit,
            "git_dirty": dirty,
            "software": describe_software(),
            "data": describe_market(market),
            "returns": results[0].manifest["returns"],
            "policies": POLICIES,
        }
        records = write_run(
            folder,
            results,
            title=experiment.config.name,
            description=experiment.config.description,
            manifest=manifest,
            elapsed=lambda: round((utc_now() - began).total_seconds(), 3),
        )
    return target, records
