"""Opens a user's file safely: what it is, how large it is, and what is in it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from blportfolio.errors import DataError

FORMATS = {
    ".csv": "text",
    ".txt": "text",
    ".tsv": "text",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".ftr": "feather",
    ".arrow": "feather",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
PIECE = 2**20
"""Bytes that are decompressed at a time."""
ATTRIBUTES = "__MACOSX/"
"""Folder of file attributes that macOS adds to archives."""
COMPRESSIONS = (".gz", ".zip", ".xz", ".bz2", ".zst")
MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PAR1": "Parquet",
    b"ARROW1": "Feather",
    b"FEA1": "Feather",
    b"\x1f\x8b": "compressed by gzip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF document",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
}
EXPECTED = {
    "parquet": (b"PAR1",),
    "feather": (b"ARROW1", b"FEA1"),
    "excel": (b"PK\x03\x04",),
}
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    SyntaxError,  # also that of XML
    MemoryError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
)
"""What readers of formats raise on damaged files: a wide net, for theirs is a wide sea."""


@dataclass(frozen=True, slots=True)
class Source:
    """The content of a file.

    Attributes:
        name: The file's name.
        stem: Its name without endings.
        kind: `text`, `parquet`, `feather` or `excel`.
        content: Its bytes, without compression.
        sha256: Digest of the file as it lies on the disk.
    """

    name: str
    stem: str
    kind: str
    content: bytes
    sha256: str


def open_source(path: str | Path, *, max_bytes: int) -> Source:
    """Read a file, but never more than `max_bytes` of it.

    Args:
        path: A regular file, or a link to one.
        max_bytes: Most bytes it may have, on the disk and without compression.

    Raises:
        DataError: If it is no regular file, too large, damaged, or of an unknown format.
    """
    if not isinstance(path, str | Path):
        raise DataError(f"`path` must name a file, got {type(path).__name__}.")
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise DataError(f"`max_bytes` must be a whole number above 0, got {max_bytes!r}.")
    path = Path(path)
    name = printable(path.name)
    endings = [ending.lower() for ending in path.suffixes]
    packed = endings.pop() if endings and endings[-1] in COMPRESSIONS else ""
    kind = FORMATS.get(endings[-1] if endings else "")
    raw = _read(path, name, max_bytes)
    digest = hashlib.sha256(raw).hexdigest()
    if packed == ".zip":
        member, raw = _only_member(raw, name, max_bytes)
        kind = kind or FORMATS.get(Path(member).suffix.lower())
    elif packed:
        raw = _unpack(raw, packed, name, max_bytes)
    if kind is None:
        raise DataError(
            f"The file {name!r} is neither CSV nor Parquet, Feather or Excel (.xlsx) by its name; "
            "save it as one of them."
        )
    if not raw:
        raise DataError(f"The file {name!r} is empty; it needs a header and rows of prices.")
    _check_magic(raw, kind, name)
    return Source(name, stem_of(path), kind, raw, digest)


def stem_of(path: Path) -> str:
    """Return a file's name without the endings of formats: `BRK.B.csv.gz` is `BRK.B`."""
    stem = path.name
    while Path(stem).suffix.lower() in {*FORMATS, *COMPRESSIONS}:
        stem = Path(stem).stem
    return stem


def printable(text: str) -> str:
    """Return text without what could steer a terminal or break a line."""
    return "".join(character if character.isprintable() else "?" for character in text)


def cannot_read(name: str, error: BaseException) -> DataError:
    """Return the one-line error for a file that its reader gave up on."""
    text = str(error).strip()
    reason = printable(text.splitlines()[0])[:200] if text else "it is damaged"
    return DataError(f"The file {name!r} cannot be read: {reason.rstrip('.')}.")


def too_large(name: str, max_bytes: int, what: str = "") -> DataError:
    """Return the error for a file above the limit."""
    return DataError(
        f"The file {name!r} has more than {max_bytes} bytes{what}; raise `max_bytes` (--max-bytes) "
        "if it is meant, or split it."
    )


def _read(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{str(path)!r} is a folder; give a CSV, Parquet or Excel file.")
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{str(path)!r} is no regular file; save its content as one.")
        if status.st_size > max_bytes:
            raise too_large(name, max_bytes)
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {str(path)!r}; check the path.") from error
    except (OSError, ValueError) as error:
        raise cannot_read(name, error) from error
    if len(raw) > max_bytes:
        raise too_large(name, max_bytes)
    return raw


def _unpack(raw: bytes, packed: str, name: str, max_bytes: int) -> bytes:
    """Decompress at most `max_bytes` bytes."""
    content = bytearray()
    try:
        with _decompressor(raw, packed) as file:
            # Piece by piece: pyarrow never frees what it set aside for a piece that is damaged.
            while len(content) <= max_bytes and (piece := file.read(PIECE)):
                content += piece
    except DAMAGED as error:
        raise cannot_read(name, error) from error
    if len(content) > max_bytes:
        raise too_large(name, max_bytes, " when decompressed")
    return bytes(content)


def _decompressor(raw: bytes, packed: str) -> IO[bytes]:
    memory = io.BytesIO(raw)
    if packed == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=memory))
    if packed == ".xz":
        return cast(IO[bytes], lzma.LZMAFile(memory))
    if packed == ".bz2":
        return cast(IO[bytes], bz2.BZ2File(memory))
    return cast(IO[bytes], pa.CompressedInputStream(pa.BufferReader(raw), "zstd"))


def _only_member(raw: bytes, name: str, max_bytes: int) -> tuple[str, bytes]:
    """Return the one file of a zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith(ATTRIBUTES)
            ]
            if len(members) != 1:
                raise DataError(
                    f"The archive {name!r} must hold exactly one file, it has {len(members)}; "
                    "unpack it and give the one that is meant."
                )
            member = members[0].filename
            if member.startswith(("/", "\\", ".")) or ".." in member or ":" in member:
                raise DataError(
                    f"The archive {name!r} holds the suspicious name {printable(member)!r}; unpack "
                    "it yourself and look at it."
                )
            if members[0].file_size > max_bytes:
                raise too_large(name, max_bytes, " when decompressed")
            with archive.open(members[0]) as file:
                content = file.read(max_bytes + 1)
    except DAMAGED as error:
        raise cannot_read(name, error) from error
    if len(content) > max_bytes:
        raise too_large(name, max_bytes, " when decompressed")
    return member, content


def _check_magic(raw: bytes, kind: str, name: str) -> None:
    """Refuse content that is plainly of another format than the name says."""
    if raw.startswith(EXPECTED.get(kind, ())) and kind != "text":
        return
    is_really = next((what for magic, what in MAGIC.items() if raw.startswith(magic)), "")
    if kind != "text" or is_really:
        said = f"it is {is_really}" if is_really else "its first bytes are of no such file"
        raise DataError(
            f"The file {name!r} cannot be read as {'CSV' if kind == 'text' else kind.title()}: "
            f"{said}. Give it the ending of its format, or save it again."
        )
