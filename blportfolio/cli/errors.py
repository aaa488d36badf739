"""Turns exceptions into one sentence on stderr and a documented exit code."""

from __future__ import annotations

import os
import sys
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
        sys.stdout.flush()
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except BrokenPipeError:
        # The reader, such as `head`, has enough; Python must not try to flush to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except (Exception, KeyboardInterrupt) as error:  # what is no error of ours is a bug
        code, message = _verdict(error)
        if debug and code != 130:
            traceback.print_exc()
        typer.echo(message, err=True)
        raise typer.Exit(code) from error


def _verdict(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the sentence for an exception."""
    link: BaseException | None = error
    while link is not None:
        # Ctrl-C while a compiled module loads comes out as the cause of an ImportError.
        if isinstance(link, KeyboardInterrupt):
            return 130, "interrupted; nothing was left behind"
        link = link.__cause__ or link.__context__
    if isinstance(error, BLPortfolioError):
        return error.exit_code, f"error: {error}"
    what = f"{type(error).__name__}: {error}".rstrip(" :.")
    return 1, (
        f"error: unexpected {what}. This is a bug; run again with --debug and report the traceback."
    )


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
