"""Finds the data files of the long-term benchmark, which are not packaged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from blportfolio.errors import DataError
from blportfolio.forecasters.ltsf import FILES
from blportfolio.validation import check_choice

ORIGINS = {
    "ETTh1": "github.com/zhouhaoyi/ETDataset (ETT-small)",
    "ETTh2": "github.com/zhouhaoyi/ETDataset (ETT-small)",
    "Exchange": "github.com/laiguokun/multivariate-time-series-data (exchange_rate)",
}


def check_files(folder: Path, data_sets: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of each data set's file by its name.

    Raises:
        DataError: Naming every file that is missing, and where it comes from.
        ConfigError: If there is no such data set.
    """
    found: dict[str, str] = {}
    missing = []
    for data_set in data_sets:
        check_choice(data_set, FILES, name="data_set")
        name = next((name for name in FILES[data_set] if (folder / name).is_file()), None)
        if name is None:
            missing.append(f"{FILES[data_set][0]} from {ORIGINS[data_set]}")
            continue
        try:
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise DataError(f"{name!r} cannot be read: {error.strerror}.") from error
    if missing:
        raise DataError(
            f"The folder {str(folder)!r} lacks {'; '.join(missing)}. They are not packaged: put "
            "them there, or name with --data-set those that you have."
        )
    return found
