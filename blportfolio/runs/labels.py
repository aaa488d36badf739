"""Labels of runs: a name of one's own, kept as a file in the run's folder."""

from __future__ import annotations

import os
import secrets
import unicodedata
from pathlib import Path

from blportfolio.errors import ConfigError, OutputError
from blportfolio.runs.owned import owned_run
from blportfolio.runs.stored import list_runs
from blportfolio.validation import shown

LABEL_FILE = "label.txt"
LONGEST = 60
"""Characters of a label."""


def read_label(folder: str | Path) -> str:
    """Return the label of a run, empty where it has none or its file is damaged."""
    try:
        return checked_label((Path(folder) / LABEL_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, ConfigError):
        return ""


def checked_label(label: str) -> str:
    """Return a label in its normal form: NFC, single spaces.

    It is text and never part of a path, so that any printable character may stand in it.

    Raises:
        ConfigError: If it is too long, or a character cannot be printed.
    """
    text = " ".join(unicodedata.normalize("NFC", label).split())
    if not text.isprintable():
        raise ConfigError(
            f"`label` must consist of printable characters, got {shown(label)}. Leave control "
            "characters out."
        )
    if len(text) > LONGEST:
        raise ConfigError(
            f"`label` must have {LONGEST} characters at most, got {len(text)}. Shorten it."
        )
    return text


def label_run(runs: str | Path, folder: str | Path, label: str) -> str:
    """Give a run a label; an empty one takes it away.

    The run itself, its id and its files stay as they are. The label is written whole or not at
    all.

    Args:
        runs: The folder of runs.
        folder: The run in it.
        label: Up to 60 printable characters, which no other run has as its label or id (capitals
            make no difference).

    Returns:
        The label in its normal form.

    Raises:
        ConfigError: If the label cannot be used.
        DataError: If the folder is none of the runs, or a packaged one.
        OutputError: If it cannot be written.
    """
    place = owned_run(runs, folder)
    text = checked_label(label)
    if not text:
        _remove(place / LABEL_FILE)
        return ""
    for other in list_runs(runs):
        taken = {read_label(other.folder).casefold(), other.run_id.casefold()}
        if text.casefold() in taken and other.folder.resolve() != place:
            raise ConfigError(
                f"`label` {text!r} is taken by the run {other.run_id} of {other.experiment}; "
                "choose another."
            )
    _replace(place / LABEL_FILE, text)
    return text


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with beside.open("x", encoding="utf-8") as file:
                file.write(text)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The label of {path.parent.name!r} cannot be written: {error.strerror or error}. Check "
        "who may write to the folder of runs."
    )
