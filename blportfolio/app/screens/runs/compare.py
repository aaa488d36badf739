"""Strategies of several runs side by side: figures, settings, and what differs in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import headline, show
from blportfolio.app.glossary import term
from blportfolio.app.screens.runs.listing import Listed
from blportfolio.errors import DataError
from blportfolio.report.run_folder import read_summary
from blportfolio.report.tables import format_rows
from blportfolio.runs.side_by_side import (
    MOST,
    Chosen,
    cautions,
    compare_settings,
    differences,
)

KEY = "runs_compared"


def draw(runs: Sequence[Listed], shown: Listed) -> None:
    """Draw the choice and the comparison.

    Args:
        runs: All that are listed.
        shown: The run that is looked at, of which two strategies are compared at first.
    """
    st.header("Side by side", anchor="compare")
    options = {
        f"{strategy} · {run.name}": (run, strategy)
        for run in [shown, *(run for run in runs if run is not shown)]
        if run.stored.kind == "run"
        for strategy in run.facts.strategies
    }
    if not options:
        show.empty("There is no finished run to compare.", "Run one on the page Backtest.")
        return
    kept = [name for name in st.session_state.get(KEY, ()) if name in options]
    if KEY in st.session_state and kept != list(st.session_state[KEY]):
        st.session_state[KEY] = kept
    wanted = st.multiselect(
        f"Strategies, up to {MOST}",
        list(options),
        default=None if KEY in st.session_state else list(options)[:2],
        max_selections=MOST,
        key=KEY,
        help=term("sharpe_difference"),
        placeholder="Choose strategies of any run",
    )
    if not wanted:
        show.empty("Nothing is chosen to compare.", f"Choose from 1 to {MOST} strategies above.")
        return
    labels = _labels([options[name] for name in wanted])
    chosen = [
        one
        for label, name in zip(labels, wanted, strict=True)
        for one in _chosen(label, *options[name])
    ]
    if len(chosen) > MOST:
        st.caption(f"Runs over several universes have a row for each; the first {MOST} are shown.")
        chosen = chosen[:MOST]
    _figures(chosen)
    settings = compare_settings(chosen)
    for text in cautions(settings):
        st.warning(text, icon=":material/warning:")
    sentences = differences(chosen, settings)
    st.markdown("**What differs**")
    if sentences:
        st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in sentences))
    else:
        st.markdown("Nothing that was set." if len(chosen) > 1 else "There is one strategy only.")
    frame = pd.DataFrame(
        [["≠" if row.differs else "", row.name, *row.values] for row in settings],
        columns=["Differs", "Setting", *(one.label for one in chosen)],
    )
    show.table(
        frame,
        columns={
            "Differs": st.column_config.TextColumn(width="small"),
            "Setting": st.column_config.TextColumn(pinned=True, width="medium"),
        },
        key="runs_settings",
        height="content",
        alt="; ".join(sentences[:5]) or "No setting differs.",
    )


def _figures(chosen: Sequence[Chosen]) -> None:
    rows = format_rows([one.record for one in chosen])
    frame = pd.DataFrame(rows, columns=list(headline.HEADINGS))
    frame[headline.HEADINGS[0]] = [one.label for one in chosen]
    show.table(
        frame,
        columns=headline.text_columns(frame.columns),
        key="runs_figures",
        height="content",
        alt="; ".join(
            f"{one.label}: Sharpe ratio {row[3]}" for one, row in zip(chosen, rows, strict=True)
        ),
    )
    st.caption(
        "Net of costs. Sharpe ratio: risk-free rate 0. Turnover: one way, mean per rebalance. "
        "Growth: what 1 has become."
    )


def _labels(wanted: Sequence[tuple[Listed, str]]) -> list[str]:
    """Return what tells the chosen apart: the strategy, or the run, or both."""
    if len({run.name for run, _ in wanted}) == 1:
        return [strategy for _, strategy in wanted]
    if len({strategy for _, strategy in wanted}) == 1:
        return [run.name for run, _ in wanted]
    return [f"{strategy} · {run.name}" for run, strategy in wanted]


def _chosen(name: str, run: Listed, strategy: str) -> list[Chosen]:
    """Return a strategy of a run, once for each universe.

    Raises:
        DataError: If its files cannot be read any more.
    """
    manifest = _manifest(run)
    return [
        Chosen(
            f"{name} ({record['universe']})" if record.get("universe") else name, manifest, record
        )
        for record in read_summary(run.stored.folder)["strategies"]
        if record["name"] == strategy
    ]


def _manifest(run: Listed) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(
            (run.stored.folder / "manifest.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError) as error:
        raise DataError(f"The manifest of {run.name!r} cannot be read: {error}.") from error
    return document
