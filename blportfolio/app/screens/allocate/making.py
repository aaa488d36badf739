"""The allocation of what was asked for: at once where it is quick, else in the background."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.jobs import panel
from blportfolio.app.screens.allocate.choices import Choice
from blportfolio.app.session import session
from blportfolio.app.sources import Source
from blportfolio.data import MarketData
from blportfolio.manifest import digest
from blportfolio.report.allocation import Allocation
from blportfolio.runs.allocating import make_allocation, takes_long

SLOT = "allocation"
DONE, ASKED = "_allocations_done", "_allocation_asked"
MOST = 8
"""Allocations made in the background that a visit remembers."""


def allocation_of(
    source: Source, market: MarketData, choice: Choice, before: dict[str, float]
) -> Allocation | None:
    """Return the allocation, or None while it is being made or waits to be asked for.

    Args:
        source: The data.
        market: The same, loaded.
        choice: What was asked for.
        before: Weights now, by asset; none where nothing is held.

    Raises:
        BLPortfolioError: As `make_allocation`.
    """
    settings = {
        "strategy": choice.strategy,
        "source": source.settings(),
        "as_of": choice.as_of,
        "previous": before,
        "cost_bps": choice.cost_bps,
    }
    key = digest([settings, source.stamp])
    done: dict[str, Allocation] = st.session_state.setdefault(DONE, {})
    job = panel.panel(SLOT)
    if job is not None:
        done[st.session_state.get(ASKED, "")] = Allocation.from_record(job.result["record"])
        while len(done) > MOST:
            done.pop(next(iter(done)))
        session().jobs.forget(job.key)
    if key in done:
        return done[key]
    if not takes_long(choice.strategy, market):
        return _made(
            source,
            (source.kind, source.reference, source.reading, source.stamp),
            choice.strategy,
            choice.as_of,
            tuple(before.items()),
            choice.cost_bps,
        )
    if (running := session().jobs.running) is not None:
        if running.kind == SLOT and st.session_state.get(ASKED) != key:
            st.caption("This is what was asked for before; then press the button again.")
        return None
    if choice.is_sent:
        if panel.start(SLOT, settings, label="The allocation", slot=SLOT) is not None:
            st.session_state[ASKED] = key
            st.rerun()
        return None
    show.empty(
        "This strategy first learns from all its past decisions on these data, which takes some "
        "seconds, or minutes for hundreds of assets.",
        "Press **Work out weights and orders**. The page stays usable, and you can cancel.",
    )
    return None


@st.cache_data(max_entries=32, show_spinner="Deciding, and drawing expected returns …")
def _made(
    _source: Source,
    data: tuple[object, ...],  # noqa: ARG001, part of the key
    strategy: str,
    as_of: str,
    previous: tuple[tuple[str, float], ...],
    cost_bps: float,
) -> Allocation:
    return make_allocation(
        strategy,
        _source.market(),
        as_of=as_of,
        previous=dict(previous),
        cost_bps=cost_bps,
    )
