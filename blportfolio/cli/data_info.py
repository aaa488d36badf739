"""`blportfolio data info`."""

from __future__ import annotations

import json
import shlex
from typing import Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption


def info(
    name: Annotated[
        str,
        typer.Argument(
            help="A data set, a universe or the path of its file, tickers that were fetched, or a "
            "set of macro series."
        ),
    ],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what a data set holds, from when to when, where it came from, and what to beware of.

    Example: blportfolio data info dow30

    Of a universe the coverage is shown by year: how many of its members have prices. Of macro
    series, when each value is known and whether it is revised later.
    """
    with reported(debug=debug):
        from blportfolio.data.described import describe_data

        document = describe_data(name)
        if as_json:
            typer.echo(json.dumps({"schema_version": 1, **document}, ensure_ascii=False))
            return
        _print(document, name)


def _print(document: dict[str, Any], named: str) -> None:
    """Print what is known, one fact a line, and tables at the end.

    Args:
        document: What is known.
        named: What the user called it.
    """
    from blportfolio.cli.output import print_list

    typer.echo(f"{document['name']}: {document['title']}")
    if "first" in document:
        count = len(document["assets"])
        typer.echo(
            f"Dates      {document['first']} to {document['last']}, {document['n_dates']} of "
            f"{document['periods_per_year']:g} a year"
        )
        typer.echo(
            f"Assets     {count} in {document['currency'] or 'unknown currency'}, "
            f"{document['survivors']} of them with prices to the end"
        )
    for heading in ("source", "licence"):
        if document[heading]:  # a universe of the user's own need not state them
            typer.echo(f"{heading.capitalize():<11}{document[heading]}")
    if document.get("fetched") is False:
        typer.echo(
            f"Prices     none yet: blportfolio data fetch {shlex.quote(named)} gets those of "
            f"{len(document['tickers'])} tickers"
        )
    if document.get("missing"):
        typer.echo(f"No prices  {', '.join(document['missing'])}")
    for caveat in document["caveats"]:
        typer.echo(f"Beware     {caveat}")
    if document.get("coverage"):
        typer.echo("\nWorst coverage of the members by year")
        rows = [
            [str(c["year"]), c["date"], f"{c['priced']:g} of {c['members']:g}", f"{c['share']:.0%}"]
            for c in document["coverage"]
        ]
        print_list(["Year", "Date", "Priced", "Share"], rows)
    if document.get("series"):
        typer.echo("")
        rows = [
            [s["name"], s["first"], s["last"], f"{s['publication_lag_days']:g} d", s["revisions"]]
            for s in document["series"]
        ]
        print_list(["Series", "First", "Last", "Known after", "Revisions"], rows)
