"""What belongs to one visitor alone: a private folder and running work."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from blportfolio.app.jobs.job import Jobs

VISITOR, FOLDER, LOST = "_visitor", "_folder", "_lost"


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor's own things, gone when the visit ends.

    Attributes:
        folder: Private temporary folder; nobody else's session reads it.
        jobs: Work that runs, or has run, in the background.
    """

    folder: Path
    jobs: Jobs


OPEN: dict[Path, Session] = {}


def _close(session: Session) -> None:
    OPEN.pop(session.folder, None)
    session.jobs.close()
    shutil.rmtree(session.folder, ignore_errors=True)


def _leave(session: Session) -> None:
    """End a visit without keeping the server's one loop waiting for a job that is cancelled."""
    threading.Thread(target=_close, args=(session,)).start()


@st.cache_resource(scope="session", on_release=_leave, show_spinner=False)
def _opened(visitor: str) -> Session:  # noqa: ARG001, the key
    folder = Path(tempfile.mkdtemp(prefix="blportfolio-"))  # for this user alone: mode 0700
    OPEN[folder] = Session(folder, Jobs(folder / "jobs"))
    return OPEN[folder]


def session() -> Session:
    """Return the things of the visitor whose page is being drawn."""
    if VISITOR not in st.session_state:
        st.session_state[VISITOR] = uuid.uuid4().hex
    opened = _opened(st.session_state[VISITOR])
    if st.session_state.setdefault(FOLDER, opened.folder) != opened.folder:
        st.session_state[FOLDER] = opened.folder
        st.session_state[LOST] = True
    return opened


def was_lost() -> bool:
    """Whether the connection broke, which ended the visit's work and took its data; told once."""
    return bool(st.session_state.pop(LOST, False))


@atexit.register
def close_all() -> None:
    """End every visit of this process: cancel work, delete private folders."""
    for one in list(OPEN.values()):
        _close(one)


def runs_folder() -> Path:
    """Return the folder in which runs are kept: BLPORTFOLIO_RUNS, else `runs` where one is."""
    return Path(os.environ.get("BLPORTFOLIO_RUNS", "").strip() or "runs").expanduser()
