"""The data that a visitor works on: packaged, cached, or brought along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.data import (
    dataset_info,
    find_universe,
    load_dataset,
    load_prices,
    packaged_datasets,
)
from blportfolio.data.universes import cached_universes

if TYPE_CHECKING:
    from blportfolio.data import MarketData

FIRST = "sp500_20"
KEY = "data"


@dataclass(frozen=True, slots=True)
class Source:
    """Data that were chosen.

    Attributes:
        label: What people call them.
        kind: "packaged", "cached" or "upload".
        reference: Name of the data set, or path of a file in the private folder.
        reading: Options of `load_prices` for a file, as sorted pairs.
        stamp: Changes when the data behind the reference do.
    """

    label: str
    kind: str
    reference: str
    reading: tuple[tuple[str, Any], ...] = ()
    stamp: str = ""

    def market(self) -> MarketData:
        """Load them, from memory where they were loaded before.

        Raises:
            DataError: If they cannot be read or used.
        """
        return _load(self.kind, self.reference, self.reading, self.stamp)


@st.cache_data(max_entries=8, show_spinner="Loading prices …")
def _load(
    kind: str,
    reference: str,
    reading: tuple[tuple[str, Any], ...],
    stamp: str,  # noqa: ARG001, part of the key
) -> MarketData:
    if kind == "upload":
        return load_prices(reference, **dict(reading))
    return load_dataset(reference)


def available() -> dict[str, Source]:
    """Return the data that need no network, by name."""
    sources = {
        name: Source(dataset_info(name).title, "packaged", name)
        for name in sorted(packaged_datasets(), key=lambda name: name != FIRST)
    }
    for name in cached_universes():
        sources[name] = Source(find_universe(name).file.title, "cached", name)
    return sources


def sidebar() -> None:
    """Let the visitor choose the data, in the sidebar and in the URL."""
    sources = available()
    st.selectbox(
        "Data",
        list(sources),
        key=KEY,
        bind="query-params",
        persist_state="session",
        required=True,
        help=term("universe"),
    )
    if (source := chosen()) is not None:
        st.caption(show.plain(source.label))


def chosen() -> Source | None:
    """Return what was chosen; the packaged stocks at first."""
    sources = available()
    return sources.get(st.session_state.get(KEY) or FIRST)
