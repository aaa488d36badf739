"""Takes back a run that was downloaded as a zip file."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import filters, shell, show
from blportfolio.app.session import session
from blportfolio.app.uploads.store import limit_mb
from blportfolio.errors import BLPortfolioError
from blportfolio.runs.exchange import unzip_run


def draw() -> None:
    """Draw the upload; a run that was read is offered to be shown."""
    with st.form("backtest:load", border=False, clear_on_submit=True):
        file = st.file_uploader(
            f"Zip file of a run, {limit_mb()} MB at most",
            type="zip",
            max_upload_size=limit_mb(),  # the server itself refuses more
            key="backtest:zip",
            help="As the tab Downloads makes it. Only files of a run are read; none is executed.",
        )
        sent = st.form_submit_button("Load it", icon=":material/upload:")
    st.caption("It is kept in this visit alone, where no one else sees it, and goes when it ends.")
    if sent and file is None:
        show.failure("No file is chosen. Choose the zip file of a run first.")
    elif sent and file is not None:
        try:
            run = unzip_run(file.getvalue(), session().folder / "runs")
        except BLPortfolioError as error:
            show.failure(str(error))
        else:
            st.session_state["backtest:loaded"] = str(run.folder)
    loaded = st.session_state.get("backtest:loaded")
    label = next((n for n, place in filters.folders().items() if str(place) == loaded), None)
    if label is not None:
        st.success(f"{show.plain(label)} is loaded.", icon=":material/check_circle:")
        shell.opener("Show the loaded run", "backtest", key="backtest:open-loaded", run=label)
