"""Data that a visitor chose: what they are called, and how they are loaded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import streamlit as st

from blportfolio.data.files.sources import printable
from blportfolio.data.reload import code_of, reload_market

if TYPE_CHECKING:
    from blportfolio.data import MarketData


@dataclass(frozen=True, slots=True)
class Source:
    """Data that were chosen.

    Attributes:
        label: What people call them.
        kind: "packaged", "cached" or "upload"; the latter also for what a visitor downloaded.
        reference: Name of the data set, or path of a file in the private folder.
        reading: Options of `load_prices` for a file, as sorted pairs.
        stamp: Changes when the data behind the reference do.
        origin: The owner's name of a file, or the tickers that were downloaded.
        start: First day that was asked for, of tickers; empty otherwise.
        said: What there is to know of them, in sentences.
    """

    label: str
    kind: str
    reference: str
    reading: tuple[tuple[str, Any], ...] = ()
    stamp: str = ""
    origin: str = ""
    start: str | None = ""
    said: tuple[str, ...] = ()

    def market(self) -> MarketData:
        """Load them, from memory where they were loaded before.

        Raises:
            DataError: If they cannot be read or used.
        """
        return _load(self.kind, self.reference, tuple(self._named().items()), self.stamp)

    def settings(self) -> dict[str, Any]:
        """Return how a job loads them again, ready for JSON."""
        return {"kind": self.kind, "reference": self.reference, "reading": self._named()}

    def _named(self) -> dict[str, Any]:
        """Return how to read them, with their owner's name for a file of theirs."""
        is_file = self.kind == "upload" and self.start == ""
        name = {"name": printable(PurePath(self.origin).stem)[:60]} if is_file else {}
        return {**dict(self.reading), **{k: v for k, v in name.items() if v}}

    def code(self) -> str:
        """Return Python, after `import blportfolio as bl`, that loads the same data."""
        return code_of(
            self.kind,
            self.origin if self.kind == "upload" else self.reference,
            dict(self.reading),
            start=self.start,
        )


@st.cache_data(max_entries=8, show_spinner="Loading prices …")
def _load(
    kind: str,
    reference: str,
    reading: tuple[tuple[str, Any], ...],
    stamp: str,  # noqa: ARG001, part of the key
) -> MarketData:
    return reload_market(kind, reference, dict(reading))
