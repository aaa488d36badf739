"""Which contest the page shows: the visitor's last, or a first look at the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.jobs import panel
from blportfolio.app.session import session
from blportfolio.app.source import Source
from blportfolio.manifest import digest
from blportfolio.report.forecasts.defaults import first_plan
from blportfolio.report.forecasts.lab import Contest, check_plan, hold_contest
from blportfolio.report.forecasts.series import cut_panel

SLOT = "contest"
LAST = "contest:shown"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A contest on the page.

    Attributes:
        contest: What was found.
        plan: What was asked for.
        is_first_look: Whether it was held unasked, on few rows and with few fits.
    """

    contest: Contest
    plan: Mapping[str, Any]
    is_first_look: bool

    @property
    def name(self) -> str:
        """Name and short hash, for files and keys."""
        return f"{self.contest.panel.name}-{digest(dict(self.plan))[:8]}"


def settings_of(source: Source) -> dict[str, Any]:
    """Return how a contest loads data again and what its command calls them."""
    is_own = source.kind == "upload"
    return {
        **source.settings(),
        "name": source.origin if is_own else source.reference,
        "tickers": is_own and source.start != "",
    }


def progress() -> None:
    """Draw the contest that is being held; what is finished becomes the one that is shown."""
    with show.guarded("The contest"):
        job = panel.panel(SLOT)
        if job is not None:
            st.session_state[LAST] = job.key


def current(source: Source | None) -> Shown | None:
    """Return the contest to show; None where there are no data.

    Raises:
        DataError: If the data are too short, constant, or cannot be read.
    """
    job = session().jobs.get(st.session_state.get(LAST))
    if job is not None and job.state == "done":
        plan = job.result["plan"]
        if source is None or _fits(plan, source):
            return Shown(_load(str(job.folder), job.key), plan, is_first_look=False)
    if source is None:
        return None
    market = source.market()
    plan = first_plan(market, settings_of(source))
    contest = _first_look(
        source.kind, source.reference, source.reading, source.stamp, _source=source
    )
    return Shown(contest, plan, is_first_look=True)


def _fits(plan: Mapping[str, Any], source: Source) -> bool:
    """Whether a contest is of the data in the sidebar, or of a simulated series."""
    asked = plan["source"]
    return bool(asked["kind"] == "simulated" or asked == settings_of(source))


@st.cache_data(max_entries=4, show_spinner="Reading the contest …")
def _load(folder: str, key: str) -> Contest:  # noqa: ARG001, the job's key is part of the key
    return Contest.load(Path(folder))


@st.cache_data(max_entries=8, show_spinner="Holding a first contest …")
def _first_look(
    kind: str,  # noqa: ARG001, these four are the key
    reference: str,  # noqa: ARG001
    reading: tuple[tuple[str, Any], ...],  # noqa: ARG001
    stamp: str,  # noqa: ARG001
    *,
    _source: Source,
) -> Contest:
    market = _source.market()
    plan = first_plan(market, settings_of(_source))
    series, notes = cut_panel(market, plan["assets"], kind=plan["kind"], start=plan["start"])
    settings = check_plan(plan, series)
    return hold_contest(series, plan["forecasters"], settings, data_notes=notes)
