"""Turns exceptions into one sentence on stderr and a documented exit code."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from blportfolio.errors import BLPortfolioError


@contextmanager
def reported(*, debug: bool) -> Iterator[None]:
    """Report what goes wrong inside: `error: ` and a sentence, no traceback unless `debug`.

    Raises:
        typer.Exit: With the error's exit code; 130 when interrupted, 1 for a bug.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _show_warning
            yield
    except BLPortfolioError as error:
        if debug:
            traceback.print_exc()
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("interrupted; nothing was left behind", err=True)
        raise typer.Exit(130) from error
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:  # whatever is left is a bug, and gets a sentence too
        if debug:
            traceback.print_exc()
        what = f"{type(error).__name__}: {error}".rstrip(" :.")
        typer.echo(
            f"error: unexpected {what}. This is a bug; run again with --debug and report the "
            "traceback.",
            err=True,
        )
        raise typer.Exit(1) from error


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Print warnings meant for users; hide those that libraries address to programmers."""
    del filename, lineno, file, line
    if issubclass(category, UserWarning) and category.__module__.startswith("blportfolio"):
        typer.echo(f"warning: {message}", err=True)
