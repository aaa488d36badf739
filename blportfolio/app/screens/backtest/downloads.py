"""Files to take away: returns, weights, trades, strategy, manifest, page, and all of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import streamlit as st

from blportfolio.app import show
from blportfolio.app.filters import Filters, load
from blportfolio.app.screens.backtest.parts import pick_strategy
from blportfolio.app.session import runs_folder, session
from blportfolio.config.written import strategy_toml
from blportfolio.errors import BLPortfolioError, ConfigError
from blportfolio.report.run_tables import TABLES, csv_text
from blportfolio.runs.exchange import report_html, zip_run
from blportfolio.runs.order import copy_run
from blportfolio.runs.stored import Run


def tab(chosen: Filters) -> None:
    """Draw the tab."""
    run = chosen.run
    if run is None or chosen.folder is None:
        return
    st.markdown("**The whole run**")
    st.caption("All dates, net of costs, whatever the filters say.")
    stamp = str(chosen.folder)
    with st.container(horizontal=True):
        show.download(
            "Everything (zip)",
            lambda: _zip(stamp, run.run_id),
            f"{run.run_id}.zip",
            "application/zip",
        )
        show.download(
            "Report (HTML)",
            lambda: _report(stamp, run.run_id),
            f"{run.run_id}_report.html",
            "text/html",
        )
        show.download(
            "Manifest (JSON)",
            json.dumps(run.manifest, indent=2, sort_keys=True, ensure_ascii=False),
            f"{run.run_id}_manifest.json",
            "application/json",
        )
    st.caption(
        "The zip file can be loaded again on this page. It holds exact results (Parquet), tables "
        "(CSV), summary, manifest and report."
    )
    name = pick_strategy(chosen, "downloaded")
    _strategy(chosen, run, name)
    st.markdown("**The command that made this run**")
    st.code(str(run.manifest.get("command", "")), language=None, wrap_lines=True)
    if chosen.folder.is_relative_to(session().folder):
        _keep(run)


def _strategy(chosen: Filters, run: Run, name: str) -> None:
    result = chosen.results[name]
    place = f"_{_slug(chosen.universe)}" if chosen.universe else ""
    stem = f"{run.run_id}{place}_{_slug(name)}"
    with st.container(horizontal=True):
        for kind, table in TABLES.items():
            show.download(
                f"{kind.capitalize()} (CSV)", csv_text(*table([result])), f"{stem}_{kind}.csv",
                "text/csv",
            )  # fmt: skip
        try:
            text = strategy_toml(result.manifest["strategy"])
        except ConfigError as error:
            st.caption(show.plain(str(error)))
        else:
            show.download("Strategy (TOML)", text, f"{stem}.toml", "application/toml")


def _keep(run: Run) -> None:
    """Offer to copy a private run to the folder of runs."""
    st.markdown("**Keep this run**")
    st.caption(
        "It is private: only this visit sees it, and it is gone when the visit ends. In the folder "
        "of runs it stays, and everybody who uses this server can see it, with the names of its "
        "assets, its weights and its returns."
    )
    if st.button("Save to the folder of runs", key="backtest:keep", icon=":material/save:"):
        try:
            experiment = str(run.summary["experiment"])
            copy_run(run.folder, runs_folder() / experiment / run.run_id)
        except BLPortfolioError as error:
            show.failure(str(error))
        else:
            st.success(f"Saved: {show.plain(run.run_id)}.", icon=":material/check_circle:")


@st.cache_data(max_entries=4, show_spinner=False)
def _zip(folder: str, run_id: str) -> bytes:  # noqa: ARG001, the id is part of the key
    return zip_run(_run(folder))


@st.cache_data(max_entries=4, show_spinner=False)
def _report(folder: str, run_id: str) -> str:  # noqa: ARG001, the id is part of the key
    return report_html(_run(folder))


def _run(folder: str) -> Run:
    return load(Path(folder))


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower() or "strategy"
