"""The command line. Heavy imports happen inside the commands, so that `--help` is quick."""

import sys
from typing import Annotated

import typer

from blportfolio import __version__
from blportfolio.cli.app import app as dashboard
from blportfolio.cli.backtest import backtest
from blportfolio.cli.data import data
from blportfolio.cli.forecast import forecast
from blportfolio.cli.listing import list_things
from blportfolio.cli.replicate import replicate
from blportfolio.cli.show import show

app = typer.Typer(
    name="blportfolio",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Black-Litterman portfolios whose views are learned from market data.\n\n"
        "Start here: `blportfolio backtest` runs six strategies on packaged real prices and "
        "writes a report, `blportfolio app` opens the dashboard. Not investment advice."
    ),
)
app.command()(backtest)
app.command("list")(list_things)
app.command()(show)
app.command("app")(dashboard)
app.add_typer(data, name="data")
app.add_typer(forecast, name="forecast")
app.add_typer(replicate, name="replicate")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blportfolio {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Hold the options of the bare command."""


def main() -> None:
    """Run the command line; Ctrl-C ends with exit code 130."""
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
