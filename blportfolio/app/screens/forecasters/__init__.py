"""Forecasters: attention against linear and naive ones, on the same windows."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from blportfolio.app import show, sources
from blportfolio.app.screens.forecasters import (
    demo,
    errors,
    form,
    header,
    kinds,
    state,
    windows,
)
from blportfolio.app.screens.forecasters.state import Shown
from blportfolio.errors import BLPortfolioError

INTRODUCTION = (
    "**Can these series be forecast, and by what?** Attention, linear and naive forecasters see "
    "the same windows, are fitted on the same schedule and are judged on later data that none of "
    "them saw. On daily returns expect R² near zero: the page says what is more than chance."
)
CONTEST: dict[str, Callable[[Shown], None]] = {
    "Errors": errors.errors,
    "Sign consistency": kinds.consistency,
    "Learning curves": kinds.learning,
    "Attention": windows.attention,
    "Forecast against truth": windows.truth,
}
DEMO = "Asymmetric learning"


def page() -> None:
    """Draw the page."""
    st.title("Forecasters")
    st.markdown(INTRODUCTION)
    source = sources.chosen()
    own = st.expander("Hold a contest of your own", icon=":material/tune:")
    with own, show.guarded("The form of the contest"):
        form.draw(source)
    state.progress()
    shown: Shown | None = None
    try:
        shown = state.current(source)
    except BLPortfolioError as error:
        show.failure(f"These data hold no contest. {error}")
        st.caption(
            "Choose other series in the form above or other data in the sidebar. The "
            f"demonstration under {DEMO} needs no data."
        )
    if shown is not None:
        with show.guarded("What was found"):
            header.found(shown)
    names = [*CONTEST, DEMO]
    opened = st.tabs(names, key="forecast_tab", on_change="rerun", bind="query-params")
    for tab, name in zip(opened, names, strict=True):
        if not tab.open:
            continue
        with tab, show.guarded(f"The tab {name}"):
            if name == DEMO:
                demo.draw()
            elif shown is not None:
                CONTEST[name](shown)
            else:
                show.empty(
                    "There is no contest to show.",
                    "Choose data in the sidebar, or hold a contest with the form above.",
                )
    if shown is not None:
        with show.guarded("The downloads"):
            header.downloads(shown)
