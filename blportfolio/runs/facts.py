"""What a list of runs says of each: data, strategies, dates, duration, commit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blportfolio.report.run_folder import read_summary
from blportfolio.runs.labels import read_label
from blportfolio.runs.stored import StoredRun


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a list says of a run; what is not known is empty.

    Attributes:
        label: The name that its owner gave it.
        data: Names of the data.
        strategies: Names of the strategies, or of a study what it is.
        first: First date held, ISO.
        last: Last date held, ISO.
        duration_s: Seconds that it took.
        commit: First letters of the commit that ran, with a plus where files had changed.
    """

    label: str = ""
    data: str = ""
    strategies: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    duration_s: float | None = None
    commit: str = ""


def run_facts(run: StoredRun) -> RunFacts:
    """Return what a list says of a run; of a damaged one whatever can be read."""
    label = read_label(run.folder)
    try:
        manifest = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
        told = _of_manifest(manifest)
        if run.kind == "study":
            summary = json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
            return RunFacts(label, strategies=(str(summary["title"]),), **told)
        if run.kind != "run":
            return RunFacts(label, **told)
        records = read_summary(run.folder)["strategies"]
        return RunFacts(
            label,
            strategies=tuple(dict.fromkeys(str(record["name"]) for record in records)),
            first=min(str(record["first_held"]) for record in records),
            last=max(str(record["last_held"]) for record in records),
            **told,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return RunFacts(label)


def _of_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    universes = manifest.get("universes")
    parts = [part["data"] for part in universes.values()] if universes else [manifest["data"]]
    commit = str(manifest.get("git_commit") or "")[:7]
    return {
        "data": ", ".join(str(part.get("name", "")) for part in parts),
        "duration_s": float(manifest["duration_s"]),
        "commit": f"{commit}+" if commit and manifest.get("git_dirty") else commit,
    }
