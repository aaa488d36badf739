"""What belongs to one visitor alone: a private folder and running work."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from blportfolio.app.jobs.job import Jobs


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor's own things, gone when the visit ends.

    Attributes:
        folder: Private temporary folder; nobody else's session reads it.
        jobs: Work that runs, or has run, in the background.
    """

    folder: Path
    jobs: Jobs


def _close(session: Session) -> None:
    session.jobs.close()
    shutil.rmtree(session.folder, ignore_errors=True)


@st.cache_resource(scope="session", on_release=_close, show_spinner=False)
def session() -> Session:
    """Return the things of the visitor whose page is being drawn."""
    folder = Path(tempfile.mkdtemp(prefix="blportfolio-"))  # for this user alone: mode 0700
    return Session(folder, Jobs(folder / "jobs"))


def runs_folder() -> Path:
    """Return the folder in which runs are kept: BLPORTFOLIO_RUNS, else `runs` where one is."""
    return Path(os.environ.get("BLPORTFOLIO_RUNS", "").strip() or "runs").expanduser()
