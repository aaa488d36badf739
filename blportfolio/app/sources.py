"""The data that a visitor works on: packaged, cached, or brought along."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show, uploads
from blportfolio.app.glossary import term
from blportfolio.app.source import Source
from blportfolio.data import dataset_info, find_universe, packaged_datasets
from blportfolio.data.universes import cached_universes

__all__ = ["FIRST", "KEY", "Source", "available", "chosen", "sidebar", "title_of"]

FIRST = "sp500_20"
KEY = "data"


def available() -> dict[str, Source]:
    """Return the data that need no network, by name; nobody else's are among them."""
    sources = _packaged()
    for name in cached_universes():
        sources[name] = Source(find_universe(name).file.title, "cached", name)
    return sources | {name: one for name, one in uploads.own().items() if name not in sources}


def sidebar() -> None:
    """Let the visitor choose the data, in the sidebar and in the URL, or bring their own."""
    with show.guarded("The download"):
        uploads.progress()
    sources = available()
    if st.session_state.get(KEY) not in sources:
        st.session_state.pop(KEY, None)  # a file that is gone, or another visitor's
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
        _said(source)
    with show.guarded("The upload"):
        uploads.button()


def _said(source: Source) -> None:
    """Show what there is to know of the visitor's own data."""
    if source.kind == "upload" and source.said:
        with st.expander("Notes on these prices"):
            st.text("\n".join(source.said))


def chosen() -> Source | None:
    """Return what was chosen; the packaged stocks at first."""
    name, packaged = str(st.session_state.get(KEY)), _packaged()
    return packaged.get(name) or available().get(name) or packaged.get(FIRST)


def title_of(name: str) -> str:
    """Return what people call packaged data; the name itself of others."""
    found = _packaged().get(name)
    return name if found is None else found.label


@st.cache_data(max_entries=1, show_spinner=False)
def _packaged() -> dict[str, Source]:
    return {
        name: Source(dataset_info(name).title, "packaged", name)
        for name in sorted(packaged_datasets(), key=lambda name: name != FIRST)
    }
