"""What the tabs of the page share: parts of results, looks, words."""

from __future__ import annotations

import math

import streamlit as st

from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.backtest import BacktestResult
from blportfolio.report.portfolio import between, looks_of
from blportfolio.report.portfolio.looks import Looks
from blportfolio.report.portfolio.recessions import SOURCE

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
