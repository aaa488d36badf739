"""Runs: list, choose, rename, delete and compare."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import filters, show
from blportfolio.app.glossary import term
from blportfolio.app.screens.runs import compare, listing, one


def page() -> None:
    """Draw the page."""
    st.title("Runs")
    st.markdown(
        "A run is one experiment with its results, in a folder of its own: what ran, on which "
        "data, with which settings, and what came out. Runs are kept until you delete them; those "
        "of this visit are gone when it ends."
    )
    runs = listing.listed_runs()
    with show.guarded("The list of runs"):
        listing.draw_list(runs)
    if not runs:
        return
    by_name = {run.name: run for run in runs}
    _follow(by_name)
    st.header("One run", anchor="run")
    name = st.selectbox(
        "Run to look at", list(by_name), key=one.SHOWN, required=True, help=term("run")
    )
    shown = by_name[name if name in by_name else runs[0].name]
    with show.guarded("This run"):
        one.draw(shown)
    with show.guarded("The comparison"):
        compare.draw(runs, shown)


def _follow(by_name: dict[str, listing.Listed]) -> None:
    """Begin with the run of the sidebar, and leave one that is gone."""
    if st.session_state.get(one.SHOWN) not in by_name:
        st.session_state.pop(one.SHOWN, None)
        label = filters.current().label
        if label in by_name:
            st.session_state[one.SHOWN] = label
