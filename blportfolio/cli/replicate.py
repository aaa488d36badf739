"""`blportfolio replicate`: the paper's studies again, and evidence over many universes."""

from __future__ import annotations

import typer

from blportfolio.cli.replicate_breadth import breadth
from blportfolio.cli.replicate_paper import replicate_command

replicate = typer.Typer(
    no_args_is_help=True,
    help="Replicate the published studies, and test strategies on many universes.",
)
replicate.command("etf")(
    replicate_command(
        "etf",
        "sector_etfs",
        "Replicate the published study on US sector ETFs, and show what survives.",
    )
)
replicate.command("dow")(
    replicate_command(
        "dow",
        "dow41_paper",
        "Replicate the published study on Dow Jones stocks, and show what survives.",
    )
)
replicate.command()(breadth)
