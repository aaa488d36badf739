"""The Parquet file of one ticker: how it is encoded, checked, and replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from blportfolio.data.bars import FRAMES
from blportfolio.errors import DataError, OutputError
from blportfolio.validation import FloatArray

SCHEMA_VERSION = 1
YAHOO = "yahoo"
DIGEST_SIZE = 32
_KEY = b"blportfolio"
_TAIL = 8  # length of the footer, and the magic word


class DamagedFileError(DataError):
    """A file of the cache is not what was written."""


@dataclass(frozen=True, slots=True)
class PriceInfo:
    """Where the prices of one ticker came from.

    Attributes:
        ticker: Ticker in capitals.
        source: "yahoo", or the name of the file that was imported.
        fetched_utc: When they were last compared with the source, ISO 8601.
        asked_from: First date that was ever asked for, ISO 8601.
        asked_to: Last finished date that the source was asked for.
        currency: Currency of the quotes; empty where unknown.
        missed_utc: When the source last had nothing that could be taken; empty where that was
            before `fetched_utc`, or never.
    """

    ticker: str
    source: str
    fetched_utc: str
    asked_from: str
    asked_to: str
    currency: str = ""
    missed_utc: str = ""

    @property
    def fetched(self) -> dt.datetime:
        """When they were last compared with the source."""
        return dt.datetime.fromisoformat(self.fetched_utc)

    @property
    def known_to(self) -> pd.Timestamp:
        """Last date of which it is known whether there is a price: the source was asked for it."""
        return max(pd.Timestamp(self.asked_to), pd.Timestamp(self.missed_utc[:10] or 0))

    def joined(self, later: PriceInfo, outcome: str) -> PriceInfo:
        """Return the description after a later answer that was merged with this `outcome`.

        Where nothing new was taken, only Yahoo's word says anything of how recent the prices are.
        """
        if outcome in ("kept", "fresh") and later.source != YAHOO:
            return self
        if outcome == "kept":
            return replace(self, missed_utc=later.fetched_utc)
        is_same = outcome != "redownloaded"  # prices that agree are in one currency
        return replace(
            later,
            currency=later.currency or (self.currency if is_same else ""),
            source=self.source if outcome == "fresh" else later.source,
            asked_from=min(self.asked_from, later.asked_from),
            asked_to=max(self.asked_to, later.asked_to),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """Prices of one ticker.

    Attributes:
        frame: (n_dates, 8) floats, one column for each of `FRAMES`, on sorted unique dates.
        info: Where they came from.
    """

    frame: pd.DataFrame
    info: PriceInfo


def encode(entry: Entry) -> bytes:
    """Return the bytes of a Parquet file of float64 columns.

    Between its pages and its footer, where readers of Parquet do not look, stands the SHA-256 of
    everything else, so that no changed bit goes unnoticed.
    """
    dates = pa.array(entry.frame.index.to_numpy().astype("datetime64[us]"))
    columns = [pa.array(entry.frame[name].to_numpy(dtype=np.float64)) for name in FRAMES]
    table = pa.table([dates, *columns], names=["date", *FRAMES])
    described = {"schema_version": SCHEMA_VERSION, **asdict(entry.info)}
    table = table.replace_schema_metadata({_KEY: json.dumps(described).encode()})
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )
    content = buffer.getvalue()
    at = _footer_at(content)
    return content[:at] + hashlib.sha256(content).digest() + content[at:]


def decode(
    content: bytes, fields: Sequence[str] = FRAMES
) -> tuple[NDArray[np.datetime64], dict[str, FloatArray], PriceInfo]:
    """Return dates, columns by name and description of what `encode` wrote.

    Raises:
        DamagedFileError: If a single bit differs.
        DataError: If a later version wrote it.
    """
    at = _footer_at(content)
    digest = hashlib.sha256(memoryview(content)[: at - DIGEST_SIZE])
    digest.update(memoryview(content)[at:])
    if digest.digest() != content[at - DIGEST_SIZE : at]:
        raise DamagedFileError("its checksum is wrong")
    try:
        table = pq.read_table(
            pa.BufferReader(content), columns=["date", *fields], use_threads=False
        )
        info = _described(table.schema)
        columns = {name: table[name].to_numpy() for name in fields}
        return table["date"].to_numpy(), columns, info
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"it holds something else ({error})") from error


def read_dates(path: Path) -> NDArray[np.datetime64]:
    """Return the dates of a file alone; nothing is checked.

    Raises:
        DamagedFileError: If it is no Parquet file with dates.
        OSError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            column: NDArray[np.datetime64] = (
                pq.ParquetFile(file).read(["date"], use_threads=False)["date"].to_numpy()
            )
            return column
    except (pa.ArrowException, KeyError) as error:
        raise DamagedFileError(f"it is no Parquet file ({error})") from error


def read_info(path: Path) -> PriceInfo:
    """Return the description in a file alone; nothing is checked.

    Raises:
        DamagedFileError: If it is no file of the cache.
        DataError: If a later version wrote it.
        OSError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _described(pq.read_schema(file))
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"it holds something else ({error})") from error


def _described(schema: pa.Schema) -> PriceInfo:
    """Return the description that a schema carries.

    Raises:
        DataError: If a later version wrote it.
    """
    described = dict(json.loads(schema.metadata[_KEY]))
    version = described.pop("schema_version")
    if version > SCHEMA_VERSION:
        raise DataError(
            f"Cached prices of {described.get('ticker')!r} have version {version}, and this "
            f"blportfolio reads {SCHEMA_VERSION}; upgrade, or set BLPORTFOLIO_CACHE elsewhere."
        )
    return PriceInfo(**described)


def read_digest(path: Path) -> str:
    """Return the SHA-256 that a file carries; nothing is checked.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(-_TAIL, os.SEEK_END)
        footer = int.from_bytes(file.read(4), "little")
        file.seek(-_TAIL - footer - DIGEST_SIZE, os.SEEK_END)
        return file.read(DIGEST_SIZE).hex()


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`; whatever happens, the old or the new file is there, whole.

    Raises:
        OutputError: If it cannot be written, for example because the disk is full.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(
            f"The cache {str(path.parent)!r} cannot be written to: {error.strerror or error}. What "
            "it held is still there. Free some space, or set BLPORTFOLIO_CACHE to another folder."
        ) from error


def _footer_at(content: bytes) -> int:
    """Return where the footer of a Parquet file begins.

    Raises:
        DamagedFileError: If there is none.
    """
    if len(content) >= _TAIL and content[-4:] == b"PAR1":
        at = len(content) - _TAIL - int.from_bytes(content[-_TAIL:-4], "little")
        if at >= DIGEST_SIZE:
            return at
    raise DamagedFileError("it is no whole Parquet file")


def _sync_folder(folder: Path) -> None:
    """Make a rename last, on systems whose folders can be opened."""
    with suppress(OSError):  # Windows has none; some network drives refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
