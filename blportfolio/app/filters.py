"""Which run is shown, against what, over which years, net or gross: the sidebar's filters."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.session import runs_folder, session
from blportfolio.backtest import BacktestResult
from blportfolio.errors import BLPortfolioError, DataError
from blportfolio.runs.labels import read_label
from blportfolio.runs.stored import Run, StoredRun, list_runs, read_run, reference_run

EXAMPLE = "Example (packaged)"
PERIODS = {"1Y": 1, "3Y": 3, "5Y": 5, "10Y": 10, "Max": None}
NET, GROSS = "net of costs", "gross"
LOG, LINEAR = "logarithmic", "linear"
DEFAULTS = {"run": EXAMPLE, "period": "Max", "costs": NET, "scale": LOG}


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """What the sidebar says.

    Attributes:
        label: Name of the run in the list.
        folder: Where it lies.
        is_example: Whether it is the packaged reference run.
        run: The run, or None where it cannot be read.
        problem: Why it cannot, else empty.
        universe: Universe of the run that is shown; empty where it has one only.
        benchmark: Name of the strategy that others are held against.
        period: Pill that was chosen: 1Y, 3Y, 5Y, 10Y or Max.
        start: First date shown, or None for all.
        net: Whether figures are net of costs.
        log: Whether growth is on a logarithmic axis.
    """

    label: str
    folder: Path | None
    is_example: bool
    run: Run | None
    problem: str
    universe: str
    benchmark: str
    period: str
    start: pd.Timestamp | None
    net: bool
    log: bool

    @property
    def results(self) -> Mapping[str, BacktestResult]:
        """Results by strategy on the universe shown; none where the run cannot be read."""
        return {} if self.run is None else self.run.results[self.universe]


def folders() -> dict[str, Path]:
    """Return the runs that can be shown, by what the list calls them, newest first."""
    found: dict[str, Path] = {}
    try:
        found[EXAMPLE] = reference_run()
    except DataError:
        found = {}
    for root in (session().folder / "runs", runs_folder()):
        found |= _named(str(root), _stamp(root))
    return found


@st.cache_data(max_entries=8, show_spinner=False)
def _named(root: str, stamp: int) -> dict[str, Path]:  # noqa: ARG001, the stamp is part of the key
    return {name_of(run): run.folder for run in list_runs(root) if run.kind != "study"}


def _stamp(root: Path) -> int:
    """Return a number that changes when a run in a folder is made, renamed, deleted or finished."""
    times = []
    for pattern in ("*/*", "*/*/manifest.json", "*/*/summary.json"):
        for path in root.glob(pattern):
            with suppress(OSError):  # deleted meanwhile
                times.append((str(path), path.stat().st_mtime_ns))
    return hash(tuple(sorted(times)))


def name_of(stored: StoredRun) -> str:
    """Return what lists call a run: its label or else its experiment, time and hash."""
    when = stored.created[:16].replace("T", " ") if stored.created else ""
    known = f"{when} {stored.run_id.rpartition('-')[2]}" if when else stored.run_id
    return f"{read_label(stored.folder) or stored.experiment} {known}"


@st.cache_data(max_entries=8, show_spinner="Reading the run …")
def _read(folder: str, stamp: float) -> Run:  # noqa: ARG001, the stamp is part of the key
    return read_run(folder)


def load(folder: Path) -> Run:
    """Read a run, from memory where it was read before.

    Raises:
        DataError: If it is damaged.
    """
    try:
        stamp = (folder / "manifest.json").stat().st_mtime
    except OSError:
        stamp = 0.0
    return _read(str(folder), stamp)


def sidebar() -> None:
    """Draw the filters."""
    runs = folders()
    if not runs:
        st.session_state.pop("run", None)
        return
    if st.session_state.get("run") not in runs:
        st.session_state.pop("run", None)
    st.selectbox(
        "Run",
        list(runs),
        key="run",
        required=True,
        help=term("run"),
        bind="query-params",
        persist_state="session",
    )
    shown = current()
    if shown.run is None:
        return
    if len(shown.run.results) > 1:
        st.selectbox(
            "Universe",
            list(shown.run.results),
            key="universe",
            required=True,
            help=term("universe"),
            bind="query-params",
            persist_state="session",
        )
    names = list(shown.results)
    st.selectbox(
        "Benchmark",
        names,
        index=names.index(shown.benchmark),
        key="benchmark",
        required=True,
        help=term("benchmark"),
        bind="query-params",
        persist_state="session",
    )
    st.pills(
        "Period, counted back from the end",
        list(PERIODS),
        default="Max",
        key="period",
        required=True,
        help=term("period_choice"),
        bind="query-params",
        persist_state="session",
    )
    st.segmented_control(
        "Figures",
        [NET, GROSS],
        default=NET,
        key="costs",
        required=True,
        help=term("net"),
        bind="query-params",
        persist_state="session",
    )
    st.segmented_control(
        "Axis of growth",
        [LOG, LINEAR],
        default=LOG,
        key="scale",
        required=True,
        help=term("log_scale"),
        bind="query-params",
        persist_state="session",
    )
    st.button("Reset filters", on_click=reset, icon=":material/restart_alt:")


def reset() -> None:
    """Set every filter to its default."""
    for key in ("universe", "benchmark"):
        st.session_state.pop(key, None)
    for key, value in DEFAULTS.items():
        st.session_state[key] = value


def all_dates_button(key: str) -> None:
    """Offer to show the whole run where the period leaves too little of it."""
    st.button("Show all dates", key=key, on_click=_all_dates, icon=":material/restart_alt:")


def _all_dates() -> None:
    st.session_state["period"] = DEFAULTS["period"]


def tell_absence(chosen: Filters, next_step: str) -> None:
    """Say why no run can be shown: there is none, or it is damaged.

    Args:
        chosen: What the sidebar says.
        next_step: What to do where there is none.
    """
    if chosen.folder is None:
        show.empty("There is no run to show, not even the packaged example.", next_step)
        return
    show.failure(chosen.problem)
    st.markdown("Choose another run in the sidebar, or look at all of them on the page Runs.")


def current() -> Filters:
    """Return what the sidebar says, with the run read."""
    state = st.session_state
    runs = folders()
    label = str(state.get("run"))
    label = label if label in runs else next(iter(runs), "")
    folder = runs.get(label)
    run, problem = None, ""
    if folder is None:
        problem = "There is no run to show."
    else:
        try:
            run = load(folder)
        except BLPortfolioError as error:
            problem = str(error)
    universe, benchmark, start = "", "", None
    if run is not None:
        universe = state.get("universe", "")
        universe = universe if universe in run.results else next(iter(run.results))
        results = run.results[universe]
        benchmark = state.get("benchmark", "")
        if benchmark not in results:
            benchmark = _baseline(run, results)
        years = PERIODS.get(state.get("period") or "Max")
        if years is not None:
            last = max(result.returns.index[-1] for result in results.values())
            start = last - pd.DateOffset(years=years)
    return Filters(
        label=label,
        folder=folder,
        is_example=label == EXAMPLE,
        run=run,
        problem=problem,
        universe=universe,
        benchmark=benchmark,
        period=state.get("period") or "Max",
        start=start,
        net=(state.get("costs") or NET) == NET,
        log=(state.get("scale") or LOG) == LOG,
    )


def _baseline(run: Run, results: Mapping[str, BacktestResult]) -> str:
    """Return the strategy that the run itself compares with, else its first."""
    named = run.summary.get("against_baseline", {}).get("baseline", "")
    return named if named in results else next(iter(results))
