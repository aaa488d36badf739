"""Tickers that are downloaded in the background, and put on the visitor's list when they come."""

from __future__ import annotations

import shutil

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.jobs import panel
from blportfolio.app.session import session
from blportfolio.app.uploads import store
from blportfolio.data.tickers import shortened, split_tickers
from blportfolio.errors import DataError

SLOT = "download"
SPANS = {"3 years": 3, "5 years": 5, "10 years": 10, "20 years": 20, "All there is": None}


def draw() -> None:
    """Draw the fields and the button."""
    st.caption(
        "Daily prices from Yahoo Finance, adjusted for dividends and splits. This needs a network; "
        "what was downloaded before is kept in a cache and serves when there is none."
    )
    with st.form("tickers", border=False):
        text = st.text_input(
            "Tickers, as Yahoo writes them",
            placeholder="AAPL MSFT VOO SAP.DE",
            key="upload:tickers",
            help="Separated by spaces or commas; 100 at most. Choose assets in one currency.",
        )
        span = st.selectbox("Period, back from today", list(SPANS), index=2, key="upload:span")
        sent = st.form_submit_button("Download", type="primary", icon=":material/download:")
    if not sent:
        return
    try:
        names = split_tickers(text)
    except DataError as error:
        show.failure(str(error))
        return
    years = SPANS[span]
    start = None if years is None else str((pd.Timestamp.now() - pd.DateOffset(years=years)).date())
    settings = {"tickers": " ".join(names), "start": start}
    if panel.start("download", settings, label="The download", slot=SLOT) is not None:
        st.session_state["_download_asked"] = settings
        st.session_state.pop("_upload_open", None)
        st.rerun()


def progress() -> None:
    """Draw a running download in the sidebar; put what has come on the visitor's list."""
    job = panel.panel(SLOT)
    if job is None:
        return
    asked = st.session_state.get("_download_asked", {})
    result = job.result
    path = store.new_folder() / result["file"]
    shutil.move(job.folder / result["file"], path)
    session().jobs.forget(job.key)
    names = list(result["tickers"])
    unit = f", in {result['currency']}" if result["currency"] else ""
    store.add(
        shortened(names, 3),
        path,
        {},
        label=f"Downloaded: {shortened(names, 5)}, {result['first']} to {result['last']}{unit}",
        origin=" ".join(names),
        start=asked.get("start"),
        said=tuple(result["said"]),
    )
    st.toast(f"{len(names)} tickers downloaded, to {result['last']}.", icon=":material/check:")
