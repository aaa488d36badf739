"""A job on the page: its progress, a way to cancel it, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.jobs.job import Job
from blportfolio.app.session import session
from blportfolio.errors import ConfigError

POLL_S = 0.5


def start(kind: str, settings: Mapping[str, Any], *, label: str, slot: str) -> Job | None:
    """Start a job and keep it in a slot of the page; an error is shown.

    Args:
        kind: A key of `WORK`.
        settings: What to do, ready for JSON.
        label: What people call it, as the beginning of a sentence.
        slot: Name under which the page finds it again, at any rerun and after other pages.
    """
    try:
        job = session().jobs.start(kind, settings, label=label)
    except ConfigError as error:
        show.failure(str(error))
        return None
    st.session_state[f"job:{slot}"] = job.key
    return job


def panel(slot: str) -> Job | None:
    """Draw the job of a slot while it runs; return it once it is done, and None before.

    What failed or was cancelled says so, until it is dismissed or another takes its place.
    """
    job = session().jobs.get(st.session_state.get(f"job:{slot}"))
    if job is None:
        return None
    if job.state == "running":
        _progress(slot)
        return None
    if job.state == "done":
        return job
    if job.state == "failed":
        show.failure(job.error)
    else:
        st.info(f"{show.plain(job.label)} was cancelled; nothing of it is kept.")
    if st.button("Dismiss", key=f"dismiss:{slot}"):
        session().jobs.forget(job.key)
        st.rerun()
    return None


@st.fragment(run_every=POLL_S)
def _progress(slot: str) -> None:
    job = session().jobs.get(st.session_state.get(f"job:{slot}"))
    if job is None or job.state != "running":
        st.rerun(scope="app")
    else:
        share = min(job.done / job.total, 1.0) if job.total else 0.0
        st.progress(share, text=show.plain(_told(job)))
        st.caption("Go to other pages as you like; loading the page anew or closing it ends this.")
        if st.button("Cancel", key=f"cancel:{slot}", icon=":material/stop_circle:"):
            job.cancel()
            st.rerun(scope="app")


def _told(job: Job) -> str:
    """Return what a job is doing, how far it is and how long it will take."""
    now = time.monotonic()
    if not job.total:
        return f"{job.label}: {job.step} … {now - job.began:.0f} s"
    elapsed = now - job.step_began
    told = f"{job.label}: {job.step}, {job.done} of {job.total}"
    if 0 < job.done < job.total and elapsed > 2:
        told += f", this step about {elapsed * (job.total - job.done) / job.done:.0f} s more"
    return told
