"""`blportfolio forecast`: the forecasting laboratory."""

from __future__ import annotations

import typer

forecast = typer.Typer(
    no_args_is_help=True,
    help="Compare forecasters, from zero to attention, on the same windows.",
)
