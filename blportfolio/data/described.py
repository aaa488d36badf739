"""What is known of data by name: contents, source, licence, caveats, coverage of a universe."""

from __future__ import annotations

from typing import Any

from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import cached_tickers
from blportfolio.data.datasets import (
    dataset_info,
    list_macro,
    load_dataset,
    load_macro,
    macro_info,
    packaged_datasets,
)
from blportfolio.data.market import MarketData
from blportfolio.data.universe import find_universe, is_universe
from blportfolio.data.universes import is_fetched


def describe_data(name: str) -> dict[str, Any]:
    """Return what is known of data, ready for JSON.

    Args:
        name: A data set, a universe or the path of its file, tickers that were fetched, or a set
            of macro series.

    Returns:
        `name`, `title`, `source`, `licence` and `caveats`; of prices the contents as in
        `describe_contents`; of a universe whether it is `fetched`, its `tickers`, those that are
        `missing`, and `coverage`, the worst of each year; of macro series each of the `series`.

    Raises:
        DataError: If there is no such data, or they cannot be read.
        ConfigError: If the file of a universe is wrong.
    """
    if is_universe(name):
        return _of_universe(name)
    if name in list_macro():
        return _of_macro(name)
    if name not in packaged_datasets() and cached_tickers(name):
        return _of_tickers(name)
    return _of_dataset(name)


def describe_contents(market: MarketData) -> dict[str, Any]:
    """Return what market data hold: dates, periods, currency, assets, survivors, digests."""
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


def _of_dataset(name: str) -> dict[str, Any]:
    described = dataset_info(name)
    return {
        "name": name,
        "title": described.title,
        "source": described.source,
        "licence": described.licence,
        **describe_contents(load_dataset(name)),
        "caveats": list(described.caveats),
    }


def _of_tickers(name: str) -> dict[str, Any]:
    market = load_dataset(name)
    infos = [PriceCache().info(ticker) for ticker in market.assets]
    return {
        "name": name,
        "title": "Cached prices",
        "source": ", ".join(sorted({info.source for info in infos})),
        "licence": "",
        "fetched_utc": min(info.fetched_utc for info in infos),
        **describe_contents(market),
        "caveats": list(market.notes),
    }


def _of_universe(name: str) -> dict[str, Any]:
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
        document |= describe_contents(market)
        document["missing"] = sorted(set(universe.tickers) - set(market.assets))
        document["coverage"] = [
            {"year": year, "date": str(worst.index[0].date()), **worst.iloc[0].to_dict()}
            for year in sorted(set(market.dates.year))
            for worst in [covered[market.dates.year == year].nsmallest(1, "share")]
        ]
    return document


def _of_macro(name: str) -> dict[str, Any]:
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
