"""Tells the runs in a folder of runs, which may be changed, from everything else."""

from __future__ import annotations

import os
import re
from pathlib import Path

from blportfolio.errors import DataError
from blportfolio.runs.stored import describe_run_folder, reference_run

_NAME = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}(\.part)?")
"""What `run_name` makes."""


def owned_run(runs: str | Path, folder: str | Path) -> Path:
    """Return the real path of a run that lies in a folder of runs and may be changed.

    Links are not followed below the folder of runs: neither the run nor its experiment's folder
    may be one. What is no run, by its name and its manifest, is left alone.

    Args:
        runs: The folder of runs.
        folder: A run in it: runs/<experiment>/<run>.

    Raises:
        DataError: If it is none of them, or the packaged reference run.
    """
    place = Path(folder)
    links = [part for part in (place, place.parent) if part.is_symlink()]
    try:
        root, real = Path(runs).resolve(strict=True), place.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"There is no run {str(place)!r} any more; list the runs again.") from error
    if links or real.parent.parent != root or not real.is_dir():
        raise DataError(
            f"{str(place)!r} is no run in the folder of runs {str(runs)!r}, and is left alone."
        )
    if _is_packaged(real):
        raise DataError("The reference run comes with blportfolio and is never changed or deleted.")
    named = _NAME.fullmatch(real.name) is not None
    if not named and describe_run_folder(real).kind == "damaged":
        raise DataError(
            f"{str(place)!r} has neither the name nor the manifest of a run, and is left alone; "
            "if you want it gone, delete it yourself."
        )
    return real


def _is_packaged(real: Path) -> bool:
    try:
        return os.path.samefile(real, reference_run())
    except (OSError, DataError):
        return False
