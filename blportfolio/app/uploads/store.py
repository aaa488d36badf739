"""A visitor's own prices: kept in the private folder under names of ours, listed by theirs."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from blportfolio.app.session import session
from blportfolio.app.source import Source
from blportfolio.data.files.sources import printable
from blportfolio.errors import ConfigError, DataError

TYPES = ("csv", "tsv", "txt", "xlsx", "xlsm", "parquet", "feather")
"""Endings of the files that are taken."""
LIMIT_MB = 50
VARIABLE = "BLPORTFOLIO_MAX_UPLOAD_MB"
UNPACKED = 8
"""How many times larger than the largest upload a file may be when unpacked."""
MOST = 5
"""Own data that are kept at once; the oldest go first."""
OWN = "_own_data"
CHOSEN = "data"
"""Key of the widget that chooses the data."""


def limit_mb() -> int:
    """Return the megabytes that an upload may have: BLPORTFOLIO_MAX_UPLOAD_MB, else 50.

    Raises:
        ConfigError: If the variable is no whole number above 0.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return LIMIT_MB
    if not text.isdecimal() or not int(text):
        raise ConfigError(f"{VARIABLE} must be a whole number of megabytes, got {text!r}.")
    return int(text)


def keep(content: bytes, file_name: str) -> Path:
    """Write an upload to a folder of its own, and return its path.

    Of the visitor's name for it only the ending is used, and only one that is known.

    Raises:
        DataError: If the ending is unknown, or the file too large or empty.
    """
    ending = PurePath(file_name).suffix.lower().lstrip(".")
    if ending not in TYPES:
        raise DataError(
            f"A file that ends in {ending[:20]!r} cannot be read; save it as one of: "
            f"{', '.join(TYPES)}."
        )
    if len(content) > limit_mb() * 2**20:
        raise DataError(f"The file has more than {limit_mb()} MB; cut its dates or assets.")
    if not content:
        raise DataError("The file is empty; it needs a header and rows of prices.")
    path = new_folder() / f"prices.{ending}"
    try:
        path.write_bytes(content)
    except OSError as error:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise DataError(
            f"The server cannot keep the file: {error.strerror or error}. Make room where it has "
            "its temporary files."
        ) from error
    return path


def new_folder() -> Path:
    """Return a new folder in the private one."""
    folder = session().folder / "uploads" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder


def own() -> dict[str, Source]:
    """Return the visitor's own data by name, the oldest first; those whose file is gone are not."""
    kept: dict[str, Source] = st.session_state.setdefault(OWN, {})
    return {name: one for name, one in kept.items() if Path(one.reference).is_file()}


def add(
    called: str,
    path: Path,
    reading: Mapping[str, Any],
    *,
    label: str,
    origin: str = "",
    start: str | None = "",
    said: tuple[str, ...] = (),
) -> str:
    """Put data on the visitor's list and choose them; return their name there.

    Args:
        called: What the visitor calls them, such as the name of the file.
        path: Where they lie, in a folder of their own.
        reading: Options of `load_prices`.
        label: What the sidebar says of them.
        origin: Tickers that were downloaded; by default `called`.
        start: First day that was asked for, of tickers.
        said: What there is to know of them.
    """
    sources = own()
    name = _free(printable(PurePath(called).name)[:60] or "own prices", sources)
    while len(sources) >= MOST:
        oldest = next(iter(sources))
        shutil.rmtree(Path(sources.pop(oldest).reference).parent, ignore_errors=True)
    sources[name] = Source(
        label=label,
        kind="upload",
        reference=str(path),
        reading=tuple(sorted(reading.items())),
        stamp=path.parent.name,
        origin=origin or called,
        start=start,
        said=said,
    )
    st.session_state[OWN] = sources
    st.session_state[CHOSEN] = name
    return name


def _free(name: str, sources: Mapping[str, Source]) -> str:
    """Return a name that is not taken."""
    free, number = name, 2
    while free in sources:
        free, number = f"{name} ({number})", number + 1
    return free
