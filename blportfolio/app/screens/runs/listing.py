"""The runs that there are: the packaged example, those of the visit, and those of the folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from blportfolio.app import filters, show
from blportfolio.app.glossary import term
from blportfolio.app.session import runs_folder, session
from blportfolio.runs.facts import RunFacts, run_facts
from blportfolio.runs.labels import LABEL_FILE
from blportfolio.runs.stored import StoredRun, describe_run_folder, list_runs

EXAMPLE, VISIT, OWN = "example", "this visit", "yours"
STATES = {"run": "finished", "study": "study", "damaged": "damaged"}


@dataclass(frozen=True, slots=True)
class Listed:
    """One run of the list.

    Attributes:
        name: What lists call it.
        stored: Its folder and kind.
        facts: What its files say of it.
        place: Whose it is: the packaged example, of this visit, or of the folder of runs.
        root: The folder of runs in which it may be changed; None for the example.
    """

    name: str
    stored: StoredRun
    facts: RunFacts
    place: str
    root: Path | None

    @property
    def state(self) -> str:
        """Whether it is finished, a study, unfinished or damaged."""
        if self.stored.folder.suffix == ".part":
            return "unfinished"
        return STATES.get(self.stored.kind, self.stored.kind)


def listed_runs() -> list[Listed]:
    """Return every run, the example first, then the newest first."""
    found = []
    if (example := filters.folders().get(filters.EXAMPLE)) is not None:
        stored = describe_run_folder(example)
        found.append(Listed(filters.EXAMPLE, stored, _facts(stored), EXAMPLE, None))
    for place, root in ((VISIT, session().folder / "runs"), (OWN, runs_folder())):
        found += [
            Listed(filters.name_of(stored), stored, _facts(stored), place, root)
            for stored in list_runs(root)
        ]
    return found


def draw_list(runs: Sequence[Listed]) -> None:
    """Draw the table of runs."""
    own = [run for run in runs if run.place == OWN]
    if not own:
        show.empty(
            f"There is no run of your own in the folder {runs_folder()} yet.",
            "Run one on the page Backtest, or on the command line from the same folder: "
            "`blportfolio backtest`.",
        )
    if not runs:
        return
    frame = pd.DataFrame([_row(run) for run in runs])
    if not any(run.stored.problem for run in runs):
        frame = frame.drop(columns="What is wrong")
    show.table(
        frame,
        columns={
            "Run": st.column_config.TextColumn(pinned=True, help=term("run_label")),
            "State": st.column_config.TextColumn(help=term("run")),
            "Experiment": st.column_config.TextColumn(help=term("experiment")),
            "Strategies": st.column_config.TextColumn(width="medium", help=term("strategy")),
            "Duration (s)": st.column_config.NumberColumn(format="%.1f", help=term("duration")),
            "Commit": st.column_config.TextColumn(help=term("commit")),
            "Run id": st.column_config.TextColumn(help=term("run_id")),
            "What is wrong": st.column_config.TextColumn(width="large"),
        },
        key="runs_list",
        alt="; ".join(f"{run.name}: {run.state}" for run in runs[:20]),
    )
    for run in runs:
        if run.stored.problem and run.state == "damaged":
            st.caption(f"{show.plain(run.name)}: {show.plain(run.stored.problem)}")
    st.caption(
        "The example is packaged and never changes. Strategies, experiment, duration, commit and "
        "run id stand further to the right. A plus after a commit: files had local changes."
    )


def _row(run: Listed) -> dict[str, object]:
    facts = run.facts
    return {
        "Run": run.name,
        "State": f"{run.state} ({run.place})" if run.place != OWN else run.state,
        "Made (UTC)": run.stored.created[:16].replace("T", " "),
        "Data": facts.data,
        "Held": f"{facts.first} to {facts.last}" if facts.first else "",
        "Strategies": ", ".join(facts.strategies),
        "Experiment": run.stored.experiment,
        "Duration (s)": facts.duration_s,
        "Commit": facts.commit,
        "Run id": run.stored.run_id,
        "What is wrong": run.stored.problem,
    }


def _facts(stored: StoredRun) -> RunFacts:
    """Return the facts of a run, from memory where its files are as they were."""
    stamps = tuple(_stamp(stored.folder / name) for name in ("manifest.json", LABEL_FILE))
    return _read(stored, str(stored.folder), stamps)


@st.cache_data(max_entries=500, show_spinner=False)
def _read(_stored: StoredRun, folder: str, stamps: tuple[float, ...]) -> RunFacts:  # noqa: ARG001
    return run_facts(_stored)


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
