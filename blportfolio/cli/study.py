"""Runs a study and writes the folder of the run, as `backtest` does for backtests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from blportfolio.cli.output import print_table, progress_bar
from blportfolio.folders import new_folder
from blportfolio.manifest import digest
from blportfolio.report.study import Study, write_study
from blportfolio.runs.provenance import describe_run, run_name, seconds_since, utc_now

Advance = Callable[[str, int, int], None]


def run_study(
    find: Callable[[Advance], Study],
    *,
    name: str,
    config: Mapping[str, Any],
    data: Mapping[str, Any],
    command: str,
    out: Path,
    seed: int,
    quiet: bool,
    unit: str = "fits",
) -> tuple[Path, dict[str, Any]]:
    """Run a study under a progress bar and write its folder, whole or not at all.

    Args:
        find: Does the work; called with what to report progress to, (row, done, total).
        name: Name of the folder of runs.
        config: Everything that was decided, ready for JSON.
        data: What identifies the data, such as `describe_market` returns.
        command: The command that was given.
        out: Folder in which runs/ is made.
        seed: Seed of random draws.
        quiet: Whether to show no progress.
        unit: What the progress bar counts.

    Returns:
        The run's folder and its summary.
    """
    began = utc_now()
    decided = {**config, "data": dict(data), "seed": seed}
    target = out / "runs" / name / run_name(began, digest(decided))
    with new_folder(target) as folder:
        with progress_bar(quiet=quiet, unit=unit) as advance:
            study = find(advance)
        manifest = {
            **describe_run(
                began,
                command=command,
                config=decided,
                seed=seed,
                seed_use="of every random draw of the study",
            ),
            "data": dict(data),
        }
        summary = write_study(
            folder,
            study,
            manifest=manifest,
            elapsed=lambda: seconds_since(began),
        )
    return target, summary


def print_study(summary: Mapping[str, Any], *, everything: bool = False) -> None:
    """Print a study's first paragraphs and its first table, or all of them."""
    for sentence in summary["lead"]:
        typer.echo(sentence)
    for table in summary["tables"][: None if everything else 1]:
        typer.echo(f"\n{table['heading']}")
        print_table(table["headings"], table["rows"])


def print_records(summary: Mapping[str, Any], run: Path) -> None:
    """Print a study's words and unrounded figures, and where it lies, as one JSON object."""
    document = {"schema_version": 1, "experiment": summary["experiment"], "run": str(run)}
    document |= {key: summary[key] for key in ("lead", "records")}
    typer.echo(json.dumps(document, ensure_ascii=False))
