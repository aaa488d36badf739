"""`blportfolio forecast`: the forecasting laboratory."""

from __future__ import annotations

import typer

from blportfolio.cli.forecast_compare import compare
from blportfolio.cli.forecast_demo import demo
from blportfolio.cli.forecast_ltsf import ltsf

forecast = typer.Typer(
    no_args_is_help=True,
    help="Compare forecasters, from zero to attention, on the same windows.",
)
forecast.command()(compare)
forecast.command()(ltsf)
forecast.add_typer(demo, name="demo")
