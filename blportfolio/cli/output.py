"""Tables and progress for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text


class PatientConsole(Console):
    """A console that leaves a reader who has had enough to `reported`."""

    def on_broken_pipe(self) -> None:
        """Pass the error on; Rich would end the process with code 1."""
        raise BrokenPipeError


def print_summary(records: Sequence[Mapping[str, Any]]) -> None:
    """Print headline figures on stdout, one row a strategy."""
    from blportfolio.report.tables import HEADINGS, format_rows

    print_table(HEADINGS, format_rows(records))


def print_verdict(summary: Mapping[str, Any]) -> None:
    """Print the verdict of an experiment that has candidates, its figures and then its words."""
    from blportfolio.report.verdict import HEADINGS, format_comparisons

    if "verdict" in summary:
        sys.stdout.write("\n")
        print_table(HEADINGS, format_comparisons(summary["verdict"]["comparisons"]))
        sys.stdout.write("\nVerdict\n")
        sys.stdout.writelines(f"{sentence}\n" for sentence in summary["verdict"]["sentences"])


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout, as wide as it needs to be when nobody watches a terminal.

    Where a terminal is too narrow the headings and the first column fold between words; no figure
    ever loses a digit, so that the lines are longer than the terminal where all else fails.
    """
    console = PatientConsole(width=None if sys.stdout.isatty() else 160, highlight=False)
    columns = list(zip(headings, *rows, strict=True))
    gaps = 2 * (len(columns) - 1)
    widths = [_longest(column) for column in columns]
    if sum(widths) + gaps > console.width:
        first, *others = columns
        widths[1:] = [_longest((*heading.split(), *cells)) for heading, *cells in others]
        room = console.width - gaps - sum(widths[1:])
        widths[0] = max(_longest(" ".join(first).split()), min(widths[0], room))
    console.width = max(console.width, sum(widths) + gaps)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        table.add_column(heading, justify="right" if number else "left", width=width)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _longest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)


def print_list(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a list with left-aligned columns on stdout."""
    console = PatientConsole(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def announce(run: Path, *, quiet: bool) -> None:
    """Print where a run's folder is, and what to do with it unless `quiet`."""
    typer.echo(f"\nRun: {run}")
    if not quiet:
        typer.echo(f"Open {run / 'report.html'}, or print this again: blportfolio show {run}")


@contextmanager
def progress_bar(*, quiet: bool, unit: str = "decisions") -> Iterator[Callable[..., None]]:
    """Show progress on stderr while it is a terminal; yield what to call with it.

    That is `advance(name, done, total)`, with `unit=` where the steps of a task are others.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    tasks: dict[str, Any] = {}

    def advance(name: str, done: int, total: int, *, unit: str = unit) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(escape(name), total=total, unit=unit)
        bar.update(tasks[name], completed=done, total=total)

    with bar:
        yield advance
