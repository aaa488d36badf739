"""Data that a visitor brings along: a file, or tickers to download."""

from __future__ import annotations

import streamlit as st

from blportfolio.app.uploads import file_tab, ticker_tab
from blportfolio.app.uploads.store import own
from blportfolio.app.uploads.ticker_tab import progress

OPEN = "_upload_open"

__all__ = ["button", "own", "progress"]


def button() -> None:
    """Draw the button that opens the dialogue, and the dialogue while it is open."""
    if st.button(
        "Use your own prices",
        key="upload:open",
        icon=":material/upload_file:",
        help="A file, or tickers to download.",
        width="stretch",
    ):
        st.session_state[OPEN] = True
    if st.session_state.get(OPEN):
        _dialogue()


def _closed() -> None:
    st.session_state.pop(OPEN, None)


@st.dialog("Your own prices", width="large", icon=":material/upload_file:", on_dismiss=_closed)
def _dialogue() -> None:
    from_file, by_ticker = st.tabs(["From a file", "By ticker"])
    with from_file:
        file_tab.draw()
    with by_ticker:
        ticker_tab.draw()
