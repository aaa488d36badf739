"""Finds the TOML files of strategies and experiments, packaged or of a user."""

from __future__ import annotations

import os
from pathlib import Path

from blportfolio.data.paths import packaged_folder
from blportfolio.errors import ConfigError
from blportfolio.validation import nearest_name


def find_file(kind: str, name: str | Path, *, beside: Path | None = None) -> Path:
    """Return the TOML file of a strategy or an experiment.

    Args:
        kind: `strategies` or `backtests`.
        name: A packaged name, or a path that ends in .toml.
        beside: Folder in which relative paths are looked for first.

    Raises:
        ConfigError: If there is none; the nearest packaged name is suggested.
    """
    path = Path(name)
    if path.suffix == ".toml":
        for candidate in ([beside / path] if beside else []) + [path]:
            if os.path.isfile(candidate):  # unlike Path.is_file, never raises
                return candidate
        raise ConfigError(f"There is no file {str(path)!r}; check the path.")
    known = packaged_names(kind)
    if str(name) not in known:
        what = {"strategies": "strategy", "backtests": "experiment"}[kind]
        raise ConfigError(
            f"There is no packaged {what} {str(name)!r}. {nearest_name(str(name), known)} "
            "For a file of your own give its path, which ends in .toml."
        )
    return packaged_folder(kind) / f"{name}.toml"


def packaged_names(kind: str) -> list[str]:
    """Return the names of the packaged TOML files of a kind, in alphabetical order."""
    return sorted(path.stem for path in packaged_folder(kind).glob("*.toml"))
