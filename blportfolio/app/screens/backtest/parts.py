"""What the tabs of the page share: parts of results, looks, provenance, words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import filters, show, sources
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.backtest import BacktestResult
from blportfolio.report.portfolio import between, looks_of
from blportfolio.report.portfolio.looks import Looks
from blportfolio.report.portfolio.recessions import SOURCE

STALE = pd.Timedelta(days=35)
PERCENT = st.column_config.NumberColumn(format="%.1f %%")


def shown_parts(chosen: Filters) -> dict[str, BacktestResult]:
    """Return the results of the run over the dates that the filters say, by name.

    Raises:
        DataError: If that leaves fewer than two periods.
    """
    return {name: between(result, chosen.start) for name, result in chosen.results.items()}


def looks(chosen: Filters) -> Looks:
    """Return the looks of the strategies of the run, the same whatever is shown of them."""
    return looks_of(list(chosen.results))


def costs(chosen: Filters) -> str:
    """Return the filter of costs as a title says it."""
    return "net of costs" if chosen.net else "before costs"


def dates(result: BacktestResult) -> str:
    """Return from when to when something is held."""
    return f"{result.wealth.index[0].date()} to {result.wealth.index[-1].date()}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share in percent; "n/a" where there is none."""
    if value is None or not math.isfinite(value):
        return "n/a"
    return f"{100 * value:z.{digits}f} %"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number; "n/a" where there is none."""
    return "n/a" if value is None or not math.isfinite(value) else f"{value:z.{digits}f}"


def pick_strategy(chosen: Filters, key: str) -> str:
    """Let the visitor choose one strategy of the run; at first one that is no benchmark."""
    names = list(chosen.results)
    others = [name for name in names if name != chosen.benchmark]
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    name = st.selectbox(
        "Strategy",
        names,
        index=names.index(others[0]) if others else 0,
        key=key,
        required=True,
        help=term("strategy"),
        bind="query-params",
        persist_state="session",
    )
    return str(name)


def shade_toggle(key: str) -> bool:
    """Let the visitor shade recessions."""
    return st.toggle(
        "Shade recessions of the United States",
        key=key,
        help=f"{SOURCE}.",
        persist_state="session",
    )


def reset_button(key: str) -> None:
    """Offer to reset the filters."""
    st.button(
        "Show all dates",
        key=f"backtest:{key}:reset",
        on_click=_all_dates,
        icon=":material/restart_alt:",
    )


def provenance(chosen: Filters) -> None:
    """Say where the run comes from, and warn where its data end before they should."""
    if chosen.run is None:
        return
    manifest, results = chosen.run.manifest, list(chosen.results.values())
    last = max(result.wealth.index[-1] for result in results)
    commit = str(manifest.get("git_commit") or "")[:7] or "not known"
    changed = ", with local changes" if manifest.get("git_dirty") else ""
    data = data_of(manifest, chosen.universe)
    st.caption(
        f"{show.plain(sources.title_of(str(data.get('name', ''))))}: "
        f"{data.get('n_assets', 'some')} assets. "
        f"Bought at the close of {results[0].wealth.index[0].date()}. Data to {data.get('last_date', last.date())}, "
        f"run {show.plain(chosen.run.run_id)}, commit {commit}{changed}."
    )
    table = manifest.get("config", {}).get("experiment", {}).get("backtest", {})
    if (wanted := table.get("end")) and pd.Timestamp(wanted) - last > STALE:
        show.warn_stale(
            f"The run was to go on to {wanted}, and its data end on {last.date()}: bring them up "
            "to date and run it again."
        )
    begun = min(result.wealth.index[0] for result in results)
    if chosen.start is not None and chosen.start < begun - pd.Timedelta(days=7):
        st.caption(f"The run begins on {begun.date()}, within the period chosen: all is shown.")


def data_of(manifest: Mapping[str, Any], universe: str) -> Mapping[str, Any]:
    """Return what the manifest says of the data of a universe."""
    parts = manifest.get("universes", {})
    found: Mapping[str, Any] = parts.get(universe, {}).get("data", {}) or manifest.get("data", {})
    return found


def _all_dates() -> None:
    st.session_state["period"] = filters.DEFAULTS["period"]
