"""Writes repaired bars to a new CSV file, with a log beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.errors import OutputError

COLUMNS = {"prices": "adj_close", "dividends": "dividends", "splits": "splits"}
"""Names of columns in long files; the other frames keep theirs."""


def write_repaired(bars: Bars, log: Sequence[str], target: Path) -> Path:
    """Write bars as CSV, and the log of their repair beside it; both or neither.

    Prices alone are written wide (date, then a column an asset), bars with more fields long (date,
    ticker, then a column a field). Numbers are written so that they are read back to the bit.

    Args:
        bars: What to write.
        log: Lines of the log.
        target: New file, which must not exist.

    Returns:
        The file of the log: the name of `target` with .log in place of .csv.

    Raises:
        OutputError: If one of the files exists, or cannot be written.
    """
    beside = target.with_suffix(".log") if target.suffix == ".csv" else Path(f"{target}.log")
    made: list[Path] = []
    try:
        _write_new(target, _as_csv(bars))
        made.append(target)
        _write_new(beside, "".join(f"{line}\n" for line in log))
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise OutputError(
                f"{str(error.filename2 or error.filename)!r} exists already; choose another name "
                "with --out."
            ) from error
        raise OutputError(
            f"{str(target)!r} cannot be written: {error.strerror or error}. Choose another place "
            "with --out."
        ) from error
    return beside


def _as_csv(bars: Bars) -> str:
    frames = bars.frames()
    if set(frames) == {"prices"}:
        return str(bars.prices.rename_axis(index="date").to_csv(lineterminator="\n"))
    has_close = bars.close is not None
    columns = {
        (COLUMNS.get(name, name) if name != "prices" or has_close else "close"): frame
        for name, frame in frames.items()
    }
    labels = [bars.prices.index, bars.prices.columns]
    rows = pd.MultiIndex.from_product(labels, names=["date", "ticker"])
    cells = {name: frame.to_numpy().ravel() for name, frame in columns.items()}
    table = pd.DataFrame(cells, index=rows).dropna(how="all")
    return str(table.to_csv(lineterminator="\n"))


def _write_new(target: Path, text: str) -> None:
    """Write a file whole or not at all, never over another."""
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        try:
            os.link(part, target)  # unlike a rename, fails where the target exists
        except FileExistsError:
            raise
        except OSError as error:  # a file system without links, as on many memory sticks
            if target.exists():
                raise FileExistsError(
                    error.errno, "exists", str(part), None, str(target)
                ) from error
            os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
