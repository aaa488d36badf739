"""Options that every command, or every command with a run, takes in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OutOption = Annotated[
    Path,
    typer.Option("--out", "-o", envvar="BLPORTFOLIO_OUT", help="Folder in which runs/ is made."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
