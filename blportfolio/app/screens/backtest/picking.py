"""Which strategies are compared: of one run or several, cut to the dates that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import filters, show
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.backtest import BacktestResult
from blportfolio.errors import BLPortfolioError
from blportfolio.report.portfolio import (
    between,
    common_dates,
    looks_of,
    on_common_dates,
    renamed,
)
from blportfolio.report.portfolio.looks import Looks

MOST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """What is compared.

    Attributes:
        parts: Results over the dates that they share and the filters allow, by name.
        benchmark: What they are held against, over the same dates.
        looks: Of every strategy that could be chosen.
        key: What tells this comparison from others, for the cache.
        others: Whether strategies of other runs are among them.
    """

    parts: Mapping[str, BacktestResult]
    benchmark: BacktestResult
    looks: Looks
    key: tuple[Any, ...]
    others: bool


def pick(chosen: Filters) -> Picked | None:
    """Let the visitor choose strategies, of this run and of others; return them cut alike."""
    pool = dict(chosen.results)
    where = {name: (str(chosen.folder), chosen.universe, name) for name in pool}
    own = list(pool)
    labels = [label for label in filters.folders() if label != chosen.label]
    added = []
    if labels:
        added = st.multiselect(
            "Add strategies of other runs",
            labels,
            key="compare:runs",
            help=term("run"),
            persist_state="session",
        )
    folders = filters.folders()
    for label in added:
        try:
            run = filters.load(folders[label])
        except (BLPortfolioError, KeyError) as error:
            show.failure(str(error))
            continue
        for universe, results in run.results.items():
            for name, result in results.items():
                place = f" on {universe}" if universe else ""
                title = f"{name}{place} ({label})"
                pool[title] = renamed(result, title)
                where[title] = (str(folders[label]), universe, name)
    first = [chosen.benchmark, *(name for name in own if name != chosen.benchmark)][:MOST]
    key = "compare:strategies"
    if any(name not in pool for name in st.session_state.get(key, ())):
        st.session_state[key] = [name for name in st.session_state[key] if name in pool]
    names = st.multiselect(
        f"Strategies, {MOST} at most",
        list(pool),
        default=[name for name in own if name in first],
        max_selections=MOST,
        key=key,
        help=term("strategy"),
        persist_state="session",
    )
    if not names:
        show.empty("No strategy is chosen.", "Choose one above, or reset the choice.")
        st.button("Choose as at first", key="compare:reset", on_click=_forget)
        return None
    whole = [pool[name] for name in names]
    benchmark = pool[chosen.benchmark]
    everything = [*whole, benchmark]
    start, end = common_dates(everything)
    if chosen.start is not None:
        start = max(start, end - (_last(chosen) - chosen.start))
    cut = on_common_dates([between(result, start, end) for result in everything])
    return Picked(
        {part.name: part for part in cut[:-1]},
        cut[-1],
        looks_of(list(pool)),
        (*(where[name] for name in [*names, chosen.benchmark]), str(start), str(end)),
        any(name not in own for name in names),
    )


def _last(chosen: Filters) -> pd.Timestamp:
    last: pd.Timestamp = max(result.wealth.index[-1] for result in chosen.results.values())
    return last


def _forget() -> None:
    for key in ("compare:strategies", "compare:runs"):
        st.session_state.pop(key, None)
