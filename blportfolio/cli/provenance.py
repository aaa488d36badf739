"""Who ran what, when: the only place that reads the clock and asks git."""

from __future__ import annotations

import datetime as dt
import shlex
import shutil
import subprocess
from pathlib import Path, PurePath

import typer


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


def command_line(context: typer.Context) -> str:
    """Return the command that was given, without folders: those are private."""
    words, group = [context.info_name or ""], context.parent
    while group is not None and group.parent is not None:
        words, group = [group.info_name or "", *words], group.parent
    words = ["blportfolio", *words]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value is None or value == parameter.get_default(context) or value in ((), []):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        for item in values:
            text = item.name if isinstance(item, PurePath) else str(item)
            if PurePath(text).is_absolute():
                text = PurePath(text).name
            if parameter.param_type_name == "argument":
                words.append(text)
            elif item is True:
                words.append(parameter.opts[0])
            else:
                words += [parameter.opts[0], text]
    return shlex.join(words)
