"""`blportfolio replicate`: the paper's studies again, and evidence over many universes."""

from __future__ import annotations

import typer

from blportfolio.cli.replicate_breadth import breadth

replicate = typer.Typer(
    no_args_is_help=True,
    help="Replicate the published studies, and test strategies on many universes.",
)
replicate.command()(breadth)


@replicate.callback()
def _group() -> None:
    """Keep the name of a lone command."""
