"""Deletes a run from a folder of runs, and nothing else."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from blportfolio.errors import DataError, OutputError
from blportfolio.runs.owned import owned_run

IDLE = 3600
"""Seconds without a change after which an unfinished run counts as abandoned."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a deletion would remove.

    Attributes:
        n_files: Number of files.
        n_bytes: Their size.
    """

    n_files: int
    n_bytes: int


def contents_of(folder: str | Path) -> Contents:
    """Return how much lies in a folder, without following links."""
    sizes = [
        os.lstat(os.path.join(place, name)).st_size
        for place, _, names in os.walk(folder)
        for name in names
    ]
    return Contents(len(sizes), sum(sizes))


def delete_run(runs: str | Path, folder: str | Path) -> Contents:
    """Delete a run, finished, damaged or abandoned.

    It is renamed first, so that it leaves the list as a whole even where a file of it cannot be
    deleted. Links inside it are removed and what they point to stays.

    Args:
        runs: The folder of runs.
        folder: The run in it.

    Returns:
        What was removed.

    Raises:
        DataError: If the folder is none of the runs, a packaged one, or may still be running.
        OutputError: If it cannot be deleted.
    """
    place = owned_run(runs, folder)
    if place.suffix == ".part" and time.time() - _last_change(place) < IDLE:
        raise DataError(
            f"The run {place.stem!r} was changed less than an hour ago and may still be going on; "
            "wait for it, or cancel it where it was started."
        )
    removed = contents_of(place)
    gone = place if place.suffix == ".part" else place.with_name(f"{place.name}.part")
    try:
        if gone != place:
            place.rename(gone)
        shutil.rmtree(gone)
        if not any(gone.parent.iterdir()):
            gone.parent.rmdir()
    except OSError as error:
        raise OutputError(
            f"The run {place.name!r} cannot be deleted: {error.strerror or error}. Check who may "
            "write to the folder of runs."
        ) from error
    return removed


def _last_change(folder: Path) -> float:
    places = [
        folder,
        *(Path(place) / name for place, _, names in os.walk(folder) for name in names),
    ]
    return max(os.lstat(place).st_mtime for place in places)
