"""Backtest: run strategies, follow the work, and look at a run and compare it with others."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import filters, provenance, show
from blportfolio.app.filters import Filters
from blportfolio.app.screens.backtest import compare, downloads, form, loading, single, trades
from blportfolio.app.screens.backtest.parts import shown_parts
from blportfolio.errors import DataError

INTRODUCTION = (
    "Strategies walk forward through real prices: each decision uses what was known at its date, "
    "trades at that close, pays its costs and earns from the next period on. So every date shown "
    "is out of sample."
)
TABS = {
    "Compare": compare.tab,
    "One strategy": single.tab,
    "Trades and costs": trades.tab,
    "Downloads": downloads.tab,
}


def page() -> None:
    """Draw the page."""
    st.title("Backtest")
    st.markdown(INTRODUCTION)
    chosen = filters.current()
    form.finished()
    new = st.expander("New backtest", icon=":material/play_arrow:", expanded=chosen.folder is None)
    with new, show.guarded("The form"):
        form.draw()
    load = st.expander("Load a run that was downloaded", icon=":material/upload:")
    with load, show.guarded("The upload"):
        loading.draw()
    if chosen.run is None:
        filters.tell_absence(
            chosen, "Run one with the form above, or on the command line: `blportfolio backtest`."
        )
    else:
        _results(chosen)


def _results(chosen: Filters) -> None:
    run = chosen.run
    if run is None:
        return
    st.header(f"Run: {show.plain(chosen.label)}", anchor="run")
    if chosen.is_example:
        st.info(
            "An example that comes with blportfolio: history, and no forecast. Run your own above.",
            icon=":material/science:",
        )
    provenance.draw(chosen)
    try:
        shown_parts(chosen)
    except DataError as error:
        show.empty(f"No results for this filter. {error}", "Reset it to see the whole run.")
        filters.all_dates_button("backtest:all_dates")
        return
    tabs = st.tabs(list(TABS), key="tab", on_change="rerun", bind="query-params")
    for tab, (name, draw) in zip(tabs, TABS.items(), strict=True):
        if tab.open:
            with tab, show.guarded(name):
                draw(chosen)
