"""Data: what the chosen prices cover, what is wrong with them, and where they came from."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from blportfolio.app import show, sources
from blportfolio.app.screens.data import assets, cache, coverage, membership, origin, quality
from blportfolio.app.source import Source
from blportfolio.data import MarketData, load_dataset
from blportfolio.errors import BLPortfolioError

Draw = Callable[[Source, MarketData], None]
TABS: dict[str, Draw] = {
    "Coverage": coverage.draw,
    "Quality": quality.draw,
    "Assets": assets.draw,
    "Membership": membership.draw,
    "Source and files": origin.draw,
}
CACHE = "Cache"


def page() -> None:
    """Draw the page."""
    st.title("Data")
    st.markdown(
        "Every result stands on its prices. Look here before you believe one: what they cover, "
        "what the data doctor finds in them, and on what terms they may be used."
    )
    source = sources.chosen()
    if source is None:
        show.empty("No data are chosen.", "Choose some in the sidebar.")
        _cache_only()
        return
    market, problem = _loaded(source)
    if problem:
        show.failure(problem)
    if market is None:
        with show.guarded("What the data doctor finds"):
            quality.draw_unusable(source)
        _cache_only()
        return
    with show.guarded("The summary"):
        coverage.summary(source, market)
    drawn = st.tabs([*TABS, CACHE], key="data_tab", on_change="rerun", bind="query-params")
    for (name, draw), tab in zip(TABS.items(), drawn[:-1], strict=True):
        if tab.open:
            with tab, show.guarded(f"The part {name}"):
                draw(source, market)
    if drawn[-1].open:
        with drawn[-1], show.guarded("The cache"):
            cache.draw()


def _loaded(source: Source) -> tuple[MarketData | None, str]:
    """Return the data, and why other pages cannot use them.

    A universe of whose members too few have prices is shown all the same: which are missing, and
    when, is what one looks for here.
    """
    try:
        return source.market(), ""
    except BLPortfolioError as error:
        problem = str(error)
    if source.kind != "cached":
        return None, problem
    try:
        return _uncovered(source.reference, source.stamp), problem
    except BLPortfolioError:
        return None, problem


@st.cache_data(max_entries=4, show_spinner="Loading prices …")
def _uncovered(reference: str, stamp: str) -> MarketData:  # noqa: ARG001, part of the key
    return load_dataset(reference, min_coverage=0.0)


def _cache_only() -> None:
    st.header("Cache", anchor="cache")
    with show.guarded("The cache"):
        cache.draw()
