"""The form of a new backtest, its command, and the work that it starts."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import filters, shell, show, sources
from blportfolio.app.glossary import term
from blportfolio.app.jobs import panel
from blportfolio.app.session import runs_folder, session
from blportfolio.app.sources import Source
from blportfolio.config import BASELINES, load_strategy, packaged_names
from blportfolio.data import MarketData
from blportfolio.errors import BLPortfolioError, ConfigError
from blportfolio.features import default_lookback
from blportfolio.runs.order import MOST, Order, check_order, command_of, read_order

SLOT = "backtest"
FIRST = ("view_free", "slp")
DAILY, OTHER = (60, 120, 252, 504), (24, 36, 60, 120)
KEPT: dict[str, Any] = {"persist_state": "session"}


@st.cache_data(max_entries=1, show_spinner=False)
def strategies() -> dict[str, tuple[str, str]]:
    """Return name and description of each packaged strategy, by its file."""
    loaded = {name: load_strategy(name) for name in packaged_names("strategies")}
    return {name: (one.name, one.description) for name, one in loaded.items()}


def finished() -> None:
    """Draw the progress of a backtest that was started here, or what came of it."""
    job = panel.panel(SLOT)
    if job is None:
        return
    run = Path(str(job.result["run"]))
    label = next((name for name, place in filters.folders().items() if place == run), None)
    with st.container(border=True):
        if label is None:
            st.info("The backtest was finished, and its run has been deleted since.")
        else:
            st.success(
                f"The backtest is finished: {job.result['strategies']} strategies, run "
                f"{show.plain(str(job.result['run_id']))}.",
                icon=":material/check_circle:",
            )
            shell.opener("Show this run", "backtest", key="backtest:open", run=label)
        if job.warnings:
            with st.expander(f"What it warned of ({len(job.warnings)})"):
                st.markdown("\n".join(f"- {show.plain(text)}" for text in job.warnings))
        if st.button("Dismiss", key="backtest:dismiss"):
            st.session_state.pop(f"job:{SLOT}", None)
            st.rerun()


def draw() -> None:
    """Draw the form; start the work when it is sent."""
    source = sources.chosen()
    if source is None:
        show.empty("There are no data to run on.", "Choose some in the sidebar under Data.")
        return
    market = source.market()
    known = strategies()
    optional = [name for name in known if name not in BASELINES]
    with st.form("backtest:form", border=False):
        names = st.multiselect(
            f"Strategies, {MOST} at most; equal weight and minimum variance are always added",
            optional,
            default=[name for name in FIRST if name in optional],
            format_func=lambda name: known[name][0],
            max_selections=MOST,
            key="backtest:strategies",
            help=term("strategy"),
            **KEPT,
        )
        asked = _settings(market)
        sent = st.form_submit_button(
            "Run the backtest", type="primary", icon=":material/play_arrow:"
        )
    with st.popover("What the strategies do", icon=":material/help:"):
        for name, (title, text) in known.items():
            st.markdown(f"**{show.plain(title)}** ({show.plain(name)}): {show.plain(text)}")
    st.caption(_told(source, market))
    order = _order(source, names, asked)
    if order is not None:
        _command(source, order)
    if sent and order is not None:
        _start(source, market, order)


def _settings(market: MarketData) -> dict[str, Any]:
    """Draw everything but the strategies; return it as an order has it."""
    usual = default_lookback(market)
    first, last = market.dates[0].date(), market.dates[-1].date()
    left, middle, right = st.columns(3)
    with left:
        lengths = st.multiselect(
            "Lookback (returns)",
            [
                n
                for n in (DAILY if (market.periods_per_year or 252) > 60 else OTHER)
                if n < len(market.dates)
            ],
            accept_new_options=True,
            placeholder=f"{usual}, as usual",
            key="backtest:lookback",
            help=f"{term('lookback')} Left empty: {usual} for these data. With several, each "
            "strategy runs with each.",
            **KEPT,
        )
        start = st.date_input(
            "First decision",
            None,
            min_value=first,
            max_value=last,
            key="backtest:start",
            help=f"{term('walk_forward')} Left empty: as early as the data allow.",
            **KEPT,
        )
    with middle:
        cost = st.number_input(
            "Cost (bp)",
            min_value=0.0,
            max_value=1_000.0,
            value=10.0,
            step=1.0,
            key="backtest:cost",
            required=True,
            help=term("cost_bps"),
            **KEPT,
        )
        end = st.date_input(
            "Last date held",
            None,
            min_value=first,
            max_value=last,
            key="backtest:end",
            help="The last date at which anything is held. Left empty: the last of the data.",
            **KEPT,
        )
    with right:
        baseline = st.selectbox(
            "Compare with",
            list(reversed(BASELINES)),
            format_func=lambda name: strategies()[name][0],
            key="backtest:baseline",
            required=True,
            help=term("benchmark"),
            **KEPT,
        )
        trials = st.number_input(
            "Configurations tried",
            min_value=1,
            value=None,
            step=1,
            placeholder="those that run",
            key="backtest:trials",
            help=f"{term('trials')} Say so here if you tried more than will run.",
            **KEPT,
        )
    seed = st.number_input(
        "Seed", min_value=0, value=0, step=1, key="backtest:seed", help=term("seed"), **KEPT
    )
    return {
        "lookback": lengths,
        "start": _iso(start),
        "end": _iso(end),
        "cost_bps": float(cost),
        "baseline": baseline,
        "trials": None if trials is None else int(trials),
        "seed": int(seed or 0),
    }


def _order(source: Source, names: Sequence[str], asked: dict[str, Any]) -> Order | None:
    """Return the order of the form; what is wrong with it is shown."""
    if not names:
        show.failure(
            "No strategy is chosen. Choose one at least; equal weight and minimum variance are "
            "added to it."
        )
        return None
    try:
        return read_order(
            {
                **asked,
                "lookback": _lengths(asked["lookback"]),
                "strategies": list(names),
                "source": "file" if source.kind == "upload" else "dataset",
                "reference": source.reference,
                "reading": dict(source.reading),
                "called": source.origin,
            }
        )
    except BLPortfolioError as error:
        show.failure(str(error))
        return None


def _lengths(given: Sequence[int | str]) -> list[int]:
    """Return lookbacks, those typed among them, each once.

    Raises:
        ConfigError: If one is no whole number of two or more.
    """
    lengths = []
    for one in given:
        text = str(one).strip()
        if not (text.isascii() and text.isdigit() and int(text) >= 2):
            raise ConfigError(
                f"The lookback must be a whole number of returns, 2 or more, got {text[:20]!r}."
            )
        lengths.append(int(text))
    return list(dict.fromkeys(lengths))


def _command(source: Source, order: Order) -> None:
    """Show the command that runs the same; tickers are fetched first."""
    st.caption("The equivalent command, of what was sent last:")
    try:
        if source.kind == "upload" and source.start != "":
            tickers = source.origin.split()
            since = [] if source.start is None else ["--start", source.start]
            fetch = shlex.join(["blportfolio", "data", "fetch", *tickers, *since])
            named = order.model_copy(update={"source": "dataset", "reference": " ".join(tickers)})
            text = f"{fetch}\n{command_of(named)}"
        else:
            text = command_of(order)
        st.code(text, language=None, wrap_lines=True)
    except ConfigError as error:
        st.caption(show.plain(str(error)))


def _start(source: Source, market: MarketData, order: Order) -> None:
    try:
        experiment = check_order(order, market)
    except BLPortfolioError as error:
        show.failure(str(error))
        return
    runs = session().folder / "runs" if source.kind == "upload" else runs_folder().resolve()
    settings = {**order.model_dump(mode="json"), "runs": str(runs)}
    data = source.origin if source.kind == "upload" else source.reference
    label = f"Backtest of {len(experiment.strategies)} strategies on {data}"
    if panel.start("backtest", settings, label=label, slot=SLOT) is not None:
        st.rerun()


def _told(source: Source, market: MarketData) -> str:
    """Say on what it runs and where its run is kept."""
    where = "The run is kept in the folder of runs, which everybody who uses this server sees."
    if source.kind == "upload":
        where = "The run stays in this visit alone, and goes when it ends, unless you save it."
    return (
        f"Data: {show.plain(source.label)}, {len(market.assets)} assets, "
        f"{market.dates[0].date()} to {market.dates[-1].date()}, about "
        f"{market.periods_per_year:.0f} periods per year; choose others in the sidebar. "
        f"Strategies decide when their files say, by default at the end of each month. {where}"
    )


def _iso(date: dt.date | pd.Timestamp | None) -> str | None:
    return None if date is None else pd.Timestamp(date).date().isoformat()
