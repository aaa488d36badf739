"""Decodes the bytes of a text file, and refuses what is no table."""

from __future__ import annotations

import codecs
import re

from blportfolio.data.files.sources import cannot_read, printable
from blportfolio.errors import DataError

_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13}) + b"\x7f"
_NO_TABLE = {
    "JSON": re.compile(rb'\s*(?:\{|\[\s*[\[{"\]])'),
    "a web page": re.compile(rb"(?i)\s*<(?:!doctype|html|head|body|table)\b"),
    "XML": re.compile(rb"(?i)\s*<\?xml\b"),
}
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
LEAST_PAIRS = 3
USUAL = 0.9
"""Share of pairs of bytes that must be usual Chinese characters, by their first byte."""
HEAD_BYTES = 64_000


def decode(content: bytes, name: str) -> tuple[bytes, list[str]]:
    """Return text as UTF-8 with line feeds and no byte order mark, and what was inferred.

    Raises:
        DataError: If it is no text of a known encoding, or plainly no table.
    """
    notes: list[str] = []
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError as error:
            raise cannot_read(name, error) from error
        notes.append("Its text is UTF-16.")
    content = content.removeprefix(codecs.BOM_UTF8).removesuffix(b"\x1a")
    if len(content.translate(None, _CONTROLS)) != len(content):
        raise DataError(
            f"The file {name!r} cannot be read: it holds control characters, as no text does; "
            "export it again as CSV."
        )
    content, more = _to_utf8(content, name)
    for what, pattern in _NO_TABLE.items():
        if pattern.match(content):
            start = printable(" ".join(content[:200].decode(errors="replace").split()))[:60]
            raise DataError(
                f"The file {name!r} is {what}, without a table of even one column; it begins with "
                f"{start!r}. If that is no message of a server, save its table as CSV."
            )
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    return content, notes + more


def _to_utf8(content: bytes, name: str) -> tuple[bytes, list[str]]:
    if content.isascii():
        return content, []
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return content, []
    words = _HIGH_BYTES.findall(content[:HEAD_BYTES])
    words = [] if any(len(word) % 2 for word in words) else words
    encodings = {"cp1252": "Windows-1252"}
    pairs = [word[n] for word in words for n in range(0, len(word), 2)]
    usual = sum(0xB0 <= first <= 0xD7 for first in pairs)
    if len(pairs) >= LEAST_PAIRS and usual >= USUAL * len(pairs):
        # Letters of Western words seldom stand in pairs; Chinese ones always do.
        encodings = {"gb18030": "GB 18030 (Chinese)", **encodings}
    for encoding, what in encodings.items():
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.encode(), [f"Its text is no UTF-8; read it as {what}."]
    raise DataError(
        f"The file {name!r} cannot be read: its text is neither UTF-8 nor Windows-1252; save it as "
        "UTF-8."
    )
