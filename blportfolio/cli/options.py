"""Options that commands take in the same words, and values that they read in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import typer

OutOption = Annotated[
    Path,
    typer.Option("--out", "-o", envvar="BLPORTFOLIO_OUT", help="Folder in which runs/ is made."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Processes; one for each processor.")
]

Number = TypeVar("Number", int, float)


def iso_date(text: str | None, flag: str, example: str = "2020-06-30") -> str | None:
    """Check an ISO date.

    Raises:
        typer.BadParameter: If it is none.
    """
    import datetime as dt

    if text is not None:
        try:
            dt.date.fromisoformat(text)
        except ValueError as error:
            message = f"expected a date like {example}, got {text!r}."
            raise typer.BadParameter(message, param_hint=flag) from error
    return text


def numbers_of(text: str | None, kind: type[Number], flag: str) -> tuple[Number, ...]:
    """Return the numbers of a list such as 50,100.

    Raises:
        typer.BadParameter: If it is none.
    """
    if text is None:
        return ()
    try:
        numbers = tuple(kind(part) for part in text.replace(" ", ",").split(",") if part)
    except ValueError as error:
        message = f"expected numbers like 50,100, got {text!r}."
        raise typer.BadParameter(message, param_hint=flag) from error
    if not numbers:
        raise typer.BadParameter("expected numbers like 50,100, got none.", param_hint=flag)
    return numbers
