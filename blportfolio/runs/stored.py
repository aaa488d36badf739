"""Lists the runs in a folder and reads them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.data.paths import packaged_folder
from blportfolio.errors import DataError
from blportfolio.report.run_folder import read_summary
from blportfolio.report.study import read_study

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A folder that holds a run, or should.

    Attributes:
        folder: Where it lies.
        experiment: Name of the experiment or study.
        run_id: UTC time and short hash, the name of the folder.
        kind: "run" of strategies, "study", or "damaged".
        created: UTC time at which it was made, ISO, or empty where it is not known.
        problem: What is wrong with a damaged one, else empty.
    """

    folder: Path
    experiment: str
    run_id: str
    kind: str
    created: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run, read back.

    Attributes:
        folder: Where it lies.
        manifest: What ran, on what, with what settings.
        summary: Headline figures and comparisons.
        results: Results by strategy, by universe; the universe's name is empty where there is one.
    """

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    results: Mapping[str, Mapping[str, BacktestResult]]

    @property
    def run_id(self) -> str:
        """UTC time and short hash."""
        return str(self.manifest["run_id"])


def reference_run() -> Path:
    """Return the folder of the packaged run that the dashboard shows first.

    Raises:
        DataError: If the installation lacks it.
    """
    folder = packaged_folder("backtests") / REFERENCE
    if not folder.is_dir():
        raise DataError("The packaged reference run is missing; reinstall blportfolio.")
    return folder


def list_runs(folder: str | Path) -> list[StoredRun]:
    """Return the runs in a folder of runs, newest first; damaged and unfinished ones are named.

    Args:
        folder: Holds one folder an experiment, and in it one a run. It may be missing.
    """
    found = [
        describe_run_folder(run)
        for experiment in _folders(Path(folder))
        for run in _folders(experiment)
    ]
    return sorted(found, key=lambda run: (run.created or run.run_id, run.run_id), reverse=True)


def _folders(place: Path) -> list[Path]:
    """Return the folders in a folder, without hidden ones; none where it cannot be read."""
    try:
        return sorted(
            inner for inner in place.iterdir() if not inner.name.startswith(".") and inner.is_dir()
        )
    except OSError:
        return []


def describe_run_folder(folder: Path) -> StoredRun:
    """Return what a folder holds, without reading its results."""
    experiment = folder.parent.name
    if folder.suffix == ".part":
        problem = "It is unfinished: its run is still going on, or was stopped."
        return StoredRun(folder, experiment, folder.name, "damaged", problem=problem)
    try:
        document = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        created, run_id = str(document["created_utc"]), str(document["run_id"])
        if read_study(folder) is not None:
            return StoredRun(folder, experiment, run_id, "study", created)
        experiment = str(read_summary(folder)["experiment"])
    except DataError as error:
        return StoredRun(folder, experiment, folder.name, "damaged", problem=str(error))
    except FileNotFoundError:
        problem = "It has no manifest.json, which a run writes last: it was not finished."
        return StoredRun(folder, experiment, folder.name, "damaged", problem=problem)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        problem = f"Its manifest.json cannot be read: {error}."
        return StoredRun(folder, experiment, folder.name, "damaged", problem=problem)
    return StoredRun(folder, experiment, run_id, "run", created)


def read_run(folder: str | Path) -> Run:
    """Read a finished run with the results of all its strategies.

    Raises:
        DataError: If the folder holds no finished run of strategies, or it is damaged.
    """
    source = Path(folder)
    summary = read_summary(source)
    try:
        manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
        manifest["run_id"], manifest["created_utc"]
        listed = sorted((source / "strategies").iterdir())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"The run {str(source)!r} is damaged: manifest.json, {error}.") from error
    results: dict[str, dict[str, BacktestResult]] = {}
    for place in listed:
        if (place / "manifest.json").is_file():
            result = BacktestResult.load(place)
            results.setdefault("", {})[result.name] = result
            continue
        for one in sorted(place.iterdir()) if place.is_dir() else ():
            result = BacktestResult.load(one)
            results.setdefault(place.name, {})[result.name] = result
    for record in summary["strategies"]:
        universe = str(record.get("universe", ""))
        if record["name"] not in results.get(universe, {}):
            raise DataError(
                f"The run {str(source)!r} is damaged: the results of {record['name']!r} are "
                "missing."
            )
    order = [(str(r.get("universe", "")), r["name"]) for r in summary["strategies"]]
    sorted_results: dict[str, dict[str, BacktestResult]] = {}
    for universe, name in order:
        sorted_results.setdefault(universe, {})[name] = results[universe][name]
    return Run(source, manifest, summary, sorted_results)
