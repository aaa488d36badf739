"""Tables and progress for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from blportfolio.data import MarketData


class PatientConsole(Console):
    """A console that leaves a reader who has had enough to `reported`."""

    def on_broken_pipe(self) -> None:
        """Pass the error on; Rich would end the process with code 1."""
        raise BrokenPipeError


def print_summary(records: Sequence[Mapping[str, Any]]) -> None:
    """Print headline figures on stdout, one row a strategy."""
    from blportfolio.report.tables import HEADINGS, format_rows

    print_table(HEADINGS, format_rows(records))


def print_against(summary: Mapping[str, Any], universe: str = "") -> None:
    """Print how the strategies compare with the baseline on one universe, if the run says so."""
    from blportfolio.report.against_text import against_headings, against_rows, of_universe

    against = summary.get("against_baseline")
    if against is not None:
        sys.stdout.write("\n")
        rows = against_rows(against, of_universe(against, universe))
        print_table(against_headings(against), rows)


def print_verdict(summary: Mapping[str, Any]) -> None:
    """Print the verdict on candidates: figures that no table above has, and then its words."""
    from blportfolio.report.verdict import HEADINGS, format_comparisons, not_shown

    if "verdict" in summary:
        others = format_comparisons(not_shown(summary))
        if others:
            sys.stdout.write("\n")
            print_table(HEADINGS, others)
        sys.stdout.write("\nVerdict\n")
        sys.stdout.writelines(f"{sentence}\n" for sentence in summary["verdict"]["sentences"])


def print_run(
    markets: Sequence[MarketData], run: Path, summary: Mapping[str, Any], *, quiet: bool
) -> None:
    """Print the tables of each universe, what to know about them, and what to do next."""
    from blportfolio.report.tables import EXPLANATION, by_universe, remarks

    notes = []
    tables = by_universe(summary["strategies"])
    for market, (universe, records) in zip(markets, tables.items(), strict=True):
        first, last = records[0]["first_held"], records[0]["last_held"]
        typer.echo(
            f"{summary['experiment']}: {market.name}, {len(market.assets)} assets, "
            f"{first} to {last}"
        )
        print_summary(records)
        print_against(summary, universe)
        label = f"{universe}: " if universe else ""
        notes += [label + note for note in [*remarks(records), *market.notes]]
        if universe:
            typer.echo()
    typer.echo(EXPLANATION if len(markets) > 1 else f"\n{EXPLANATION}")
    for sentence in [*summary["against_baseline"]["sentences"], *notes]:
        typer.echo(sentence)
    print_verdict(summary)
    typer.echo(f"Configurations run: {len(summary['strategies'])}, all shown.")
    announce(run, quiet=quiet)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout, as wide as it needs to be when nobody watches a terminal.

    Where a terminal is too narrow the headings and the first column fold between words, and
    columns stand nearer to one another; no figure ever loses a digit, so that the lines are longer
    than the terminal where all else fails.
    """
    console = PatientConsole(width=None if sys.stdout.isatty() else 160, highlight=False)
    columns = list(zip(headings, *rows, strict=True))
    gap = 2
    gaps = gap * (len(columns) - 1)
    widths = [_longest(column) for column in columns]
    if sum(widths) + gaps > console.width:
        gap, gaps = 1, len(columns) - 1
        first, *others = columns
        widths[1:] = [_longest((*heading.split(), *cells)) for heading, *cells in others]
        room = console.width - gaps - sum(widths[1:])
        widths[0] = max(_longest(" ".join(first).split()), min(widths[0], room))
    console.width = max(console.width, sum(widths) + gaps)
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
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
        page = run / "report.html"
        again = f"rint this again: blportfolio show {run}"
        typer.echo(f"Open {page}, or p{again}" if page.is_file() else f"P{again}")


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
