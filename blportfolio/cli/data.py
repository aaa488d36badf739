"""`blportfolio data`: the group of commands that fetch, check and describe data."""

from __future__ import annotations

import typer

from blportfolio.cli.data_check import check
from blportfolio.cli.data_fetch import fetch
from blportfolio.cli.data_info import info

data = typer.Typer(
    no_args_is_help=True,
    help=(
        "Fetch prices, look for faults in them, and say what is there.\n\n"
        "Start here: `blportfolio data fetch sector_etfs`, then `blportfolio backtest --dataset "
        "sector_etfs`."
    ),
)
data.command()(fetch)
data.command()(check)
data.command()(info)
