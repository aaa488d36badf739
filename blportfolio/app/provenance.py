"""Where a run comes from: its data, dates, number and commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import show, sources
from blportfolio.app.filters import Filters

STALE = pd.Timedelta(days=35)
"""Data that end so long before a run was to end are old."""


def draw(chosen: Filters) -> None:
    """Say where the run comes from, and warn where its data end before they should."""
    if chosen.run is None:
        return
    manifest, results = chosen.run.manifest, list(chosen.results.values())
    first = min(result.wealth.index[0] for result in results)
    last = max(result.wealth.index[-1] for result in results)
    commit = str(manifest.get("git_commit") or "")[:7] or "not known"
    changed = ", with local changes" if manifest.get("git_dirty") else ""
    data = data_of(manifest, chosen.universe)
    st.caption(
        f"{show.plain(sources.title_of(str(data.get('name', ''))))}: "
        f"{data.get('n_assets', 'some')} assets. Bought at the close of {first.date()}. "
        f"Data to {data.get('last_date', last.date())}, run {show.plain(chosen.run.run_id)}, "
        f"commit {commit}{changed}."
    )
    table = manifest.get("config", {}).get("experiment", {}).get("backtest", {})
    if (wanted := table.get("end")) and pd.Timestamp(wanted) - last > STALE:
        show.warn_stale(
            f"The run was to go on to {wanted}, and its data end on {last.date()}: bring them up "
            "to date and run it again."
        )
    if chosen.start is not None and chosen.start < first - pd.Timedelta(days=7):
        st.caption(f"The run begins on {first.date()}, within the period chosen: all is shown.")


def data_of(manifest: Mapping[str, Any], universe: str) -> Mapping[str, Any]:
    """Return what the manifest says of the data of a universe."""
    parts = manifest.get("universes", {})
    found: Mapping[str, Any] = parts.get(universe, {}).get("data", {}) or manifest.get("data", {})
    return found
