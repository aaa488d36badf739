"""`blportfolio data info`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption

if TYPE_CHECKING:
    from blportfolio.data import MarketData


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
        from blportfolio.data import is_universe, list_macro, packaged_datasets
        from blportfolio.data.cached import cached_tickers

        if is_universe(name):
            document = _of_universe(name)
        elif name in list_macro():
            document = _of_macro(name)
        elif name not in packaged_datasets() and cached_tickers(name):
            document = _of_tickers(name)
        else:
            document = _of_dataset(name)
        if as_json:
            typer.echo(json.dumps({"schema_version": 1, **document}, ensure_ascii=False))
            return
        _print(document, name)


def _of_dataset(name: str) -> dict[str, Any]:
    from blportfolio.data import dataset_info, load_dataset

    described = dataset_info(name)
    market = load_dataset(name)
    return {
        "name": name,
        "title": described.title,
        "source": described.source,
        "licence": described.licence,
        **_contents(market),
        "caveats": list(described.caveats),
    }


def _of_tickers(name: str) -> dict[str, Any]:
    from blportfolio.data import load_dataset
    from blportfolio.data.cache import PriceCache

    market = load_dataset(name)
    infos = [PriceCache().info(ticker) for ticker in market.assets]
    return {
        "name": name,
        "title": "Cached prices",
        "source": ", ".join(sorted({info.source for info in infos})),
        "licence": "",
        "fetched_utc": min(info.fetched_utc for info in infos),
        **_contents(market),
        "caveats": list(market.notes),
    }


def _of_universe(name: str) -> dict[str, Any]:
    from blportfolio.data import find_universe, load_dataset
    from blportfolio.data.universes import is_fetched

    universe = find_universe(name)
    document: dict[str, Any] = {
        "name": universe.name,
        "title": universe.file.title,
        "source": universe.file.source,
        "licence": universe.file.licence,
        "tickers": list(universe.tickers),
        "fetched": is_fetched(universe),
        "caveats": list(universe.file.caveats),
    }
    if document["fetched"]:
        market = load_dataset(name, min_coverage=0)
        document["caveats"] = list(market.notes)
        covered = universe.coverage(market.prices)
        document |= _contents(market)
        document["missing"] = sorted(set(universe.tickers) - set(market.assets))
        document["coverage"] = [
            {"year": year, "date": str(worst.index[0].date()), **worst.iloc[0].to_dict()}
            for year in sorted(set(market.dates.year))
            for worst in [covered[market.dates.year == year].nsmallest(1, "share")]
        ]
    return document


def _of_macro(name: str) -> dict[str, Any]:
    from blportfolio.data import load_macro, macro_info

    described = macro_info(name)
    return {
        "name": name,
        "title": described.title,
        "source": described.source,
        "licence": described.licence,
        "series": [
            {
                "name": label,
                "first": str(series.values.index[0].date()),
                "last": str(series.values.index[-1].date()),
                "publication_lag_days": series.publication_lag.total_seconds() / 86400,
                "revisions": series.revisions,
            }
            for label, series in load_macro(name).items()
        ],
        "caveats": list(described.caveats),
    }


def _contents(market: MarketData) -> dict[str, Any]:
    lives = market.lifetimes()
    return {
        "first": str(market.dates[0].date()),
        "last": str(market.dates[-1].date()),
        "n_dates": len(market.dates),
        "periods_per_year": market.periods_per_year,
        "currency": market.currency,
        "assets": list(market.assets),
        "survivors": int(lives["survives"].sum()),
        "sources": dict(market.sources),
    }


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
