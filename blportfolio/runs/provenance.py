"""Who ran what, when: the only place that reads the clock and asks git."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blportfolio.manifest import describe_software, digest


def utc_now() -> dt.datetime:
    """Return the time in UTC."""
    return dt.datetime.now(dt.UTC)


def git_state() -> tuple[str | None, bool]:
    """Return this checkout's commit and whether it has local changes; (None, False) if none."""
    root = Path(__file__).resolve().parents[2]
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None, False
    try:
        commit, status = (
            subprocess.run(  # noqa: S603, fixed arguments
                [git, "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (subprocess.SubprocessError, OSError, ValueError):
        return None, False
    return commit, bool(status)


def run_name(began: dt.datetime, config_sha: str) -> str:
    """Return the name of a run's folder: UTC time and short hash of what was decided."""
    return f"{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03d}Z-{config_sha[:8]}"


def describe_run(
    began: dt.datetime, *, command: str, config: Mapping[str, Any], seed: int, seed_use: str
) -> dict[str, Any]:
    """Return what a manifest says of how a run was made, whatever it is on.

    Args:
        began: When it began.
        command: The command that was given.
        config: Everything that was decided, ready for JSON.
        seed: Seed of random draws.
        seed_use: What the seed is of.
    """
    commit, dirty = git_state()
    config_sha = digest(config)
    return {
        "schema_version": 1,
        "run_id": run_name(began, config_sha),
        "created_utc": began.isoformat(timespec="seconds"),
        "command": command,
        "config": config,
        "config_sha256": config_sha,
        "seed": seed,
        "seed_use": seed_use,
        "git_commit": commit,
        "git_dirty": dirty,
        "software": describe_software(),
    }


def seconds_since(began: dt.datetime) -> float:
    """Return the seconds since a run began."""
    return round((utc_now() - began).total_seconds(), 3)
