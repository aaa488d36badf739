"""Loads the data of an experiment, runs it, and writes the folder of the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from blportfolio.backtest import run_experiment
from blportfolio.cli.output import progress_bar
from blportfolio.cli.provenance import git_state, utc_now
from blportfolio.config import Experiment
from blportfolio.data import MarketData, list_datasets, load_dataset, load_prices
from blportfolio.errors import ConfigError
from blportfolio.folders import new_folder
from blportfolio.manifest import POLICIES, describe_market, describe_software, digest
from blportfolio.report.run_folder import write_run


class DataChoice:
    """What a run is on: a user's file, a packaged data set, or what the experiment names.

    Attributes:
        universe: Name of the data set, or path of the file.
    """

    def __init__(
        self,
        experiment: Experiment,
        prices: Path | None,
        dataset: str | None,
        *,
        max_gap: int,
        returns: bool,
    ) -> None:
        named = experiment.config.universe
        self._path = prices
        self._max_gap, self._returns = max_gap, returns
        if prices is None and dataset is None and named not in list_datasets():
            beside = experiment.folder / named
            is_beside = os.path.isfile(beside)  # unlike Path.is_file, never raises
            if is_beside or Path(named).suffix:
                self._path = beside if is_beside else Path(named)
        self.universe = str(self._path or dataset or named)
        if self._path is None and (max_gap or returns):
            raise ConfigError(
                f"--returns and --max-gap say how to read a file, and {self.universe!r} is a data "
                "set; give --prices too."
            )

    def load(self) -> MarketData:
        """Load it."""
        if self._path is None:
            return load_dataset(self.universe)
        return load_prices(self._path, max_gap=self._max_gap, returns=self._returns)


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
            "seed_use": "every strategy gets the same seed; none of those run draws random numbers",
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
