"""A job as the page sees it: started, watched by a thread, cancelled."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blportfolio.app.jobs.work import WORK
from blportfolio.errors import ConfigError

WORKER = "blportfolio.app.jobs.worker"
LOG = logging.getLogger("blportfolio.app")
GRACE_S = 5.0
"""Seconds in which a cancelled job may tidy up before it is killed."""
SLOTS = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
"""Jobs of all visitors that run at once at most."""


@dataclass(slots=True, eq=False)
class Job:
    """Work in a process of its own.

    Attributes:
        key: Its name.
        kind: What it does, a key of `WORK`.
        label: What people call it.
        folder: Where it writes.
        state: "running", "done", "failed" or "cancelled".
        step: What it is doing.
        done: Steps done.
        total: Steps in all; 0 while that is not known.
        began: Clock at its start, seconds.
        step_began: Clock at the start of what it is doing.
        result: What it returned.
        warnings: What it warned of.
        error: What went wrong.
        is_heard: Whether its process has told anything yet.
        process: The process.
        finished: Set when it has ended.
    """

    key: str
    kind: str
    label: str
    folder: Path
    state: str = "running"
    step: str = "Starting"
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)
    step_began: float = field(default_factory=time.monotonic)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str = ""
    is_heard: bool = False
    process: subprocess.Popen[str] | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; return whether it has."""
        return self.finished.wait(timeout)

    def cancel(self) -> None:
        """Stop it and all that it started; what it had half written is gone.

        One that is through at the same moment stays done.
        """
        if self.state != "running":
            return
        self.state = "cancelled"
        _signal(self.process, signal.SIGINT if self.is_heard else None)  # else nothing to tidy up
        if not self.finished.wait(GRACE_S):
            _signal(self.process, None)
            self.finished.wait(GRACE_S)


class Jobs:
    """The jobs of one visitor, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[str, Job] = {}

    def get(self, key: str | None) -> Job | None:
        """Return a job, or None where there is none of that name."""
        return self._jobs.get(key or "")

    @property
    def running(self) -> Job | None:
        """The job that is running."""
        return next((job for job in self._jobs.values() if job.state == "running"), None)

    def start(self, kind: str, settings: Mapping[str, Any], *, label: str) -> Job:
        """Start a job.

        Args:
            kind: A key of `WORK`.
            settings: What to do, ready for JSON.
            label: What people call it.

        Raises:
            ConfigError: If there is no such kind, or too much is running already.
        """
        if kind not in WORK:
            raise ConfigError(f"There is no work {kind!r}; one of: {', '.join(sorted(WORK))}.")
        if (running := self.running) is not None:
            raise ConfigError(
                f"{running.label} is still running. Wait until it has ended, or cancel it."
            )
        if not SLOTS.acquire(blocking=False):
            raise ConfigError(
                "This server is busy with the work of other visitors. Try again in a minute."
            )
        try:
            job = self._launch(kind, settings, label)
        except BaseException:
            SLOTS.release()
            raise
        self._jobs[job.key] = job
        threading.Thread(target=_watch, args=(job,), daemon=True).start()
        return job

    def forget(self, key: str) -> None:
        """Drop a job that has ended, with its folder."""
        job = self._jobs.get(key)
        if job is not None and job.state != "running":
            del self._jobs[key]
            shutil.rmtree(job.folder, ignore_errors=True)

    def close(self) -> None:
        """Cancel what runs."""
        for job in self._jobs.values():
            job.cancel()

    def _launch(self, kind: str, settings: Mapping[str, Any], label: str) -> Job:
        key = uuid.uuid4().hex
        folder = self._folder / key
        folder.mkdir(parents=True)
        order = json.dumps({"kind": kind, "settings": dict(settings), "folder": str(folder)})
        process = subprocess.Popen(  # noqa: S603, this package's own worker
            [sys.executable, "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # so that what it starts can be stopped with it
        )
        job = Job(key, kind, label, folder, process=process)
        if process.stdin is not None:
            process.stdin.write(order + "\n")
            process.stdin.flush()  # and stays open: its end tells the process that we are gone
        return job


def _watch(job: Job) -> None:
    """Follow what a job tells until it has ended."""
    process = job.process
    if process is None or process.stdout is None:
        return
    with process.stdout as lines:
        for line in lines:
            if line.endswith("\n"):  # the last words of a process that was killed may be cut off
                _hear(job, json.loads(line))
    code = process.wait()
    if process.stdin is not None:
        process.stdin.close()
    if code == 0 and job.result:
        job.state = "done"
    elif job.state == "running":
        job.error = job.error or f"{job.label} ended unexpectedly (code {code}); try again."
        job.state = "failed"
    if job.state != "done":
        shutil.rmtree(job.folder, ignore_errors=True)
    SLOTS.release()
    job.finished.set()


def _hear(job: Job, message: Mapping[str, Any]) -> None:
    job.is_heard = True
    if "progress" in message:
        step, job.done, job.total = message["progress"]
        if step != job.step:
            job.step, job.step_began = step, time.monotonic()
    elif "result" in message:
        job.result, job.warnings = message["result"], tuple(message["warnings"])
    elif message.get("bug"):
        LOG.error("%s failed: %s", job.label, message["bug"])
        job.error = (
            f"{job.label} failed because of an unexpected error; the server's log has its details."
        )
    else:
        job.error = str(message["error"])


def _signal(process: subprocess.Popen[str] | None, number: int | None) -> None:
    """Send a signal to a process and all that it started; None kills them."""
    if process is None or process.poll() is not None:
        return
    if not hasattr(os, "killpg"):  # Windows has no process groups
        process.terminate()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL if number is None else number)
    except ProcessLookupError:
        return
