"""Downloads prices in the background, into one file that is read like any other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.data import MarketData, download
from blportfolio.data.tickers import split_tickers
from blportfolio.errors import BLPortfolioWarning, DataError

FILE = "prices.parquet"
MOST = 100
"""Tickers that one visitor may ask for at once."""
RETRIES = 1
HINT = (
    "Without a network, choose a packaged data set, or a file of prices; `blportfolio data fetch` "
    "on a machine with a network fills the cache."
)

Progress = Callable[..., None]


def fetch_prices(settings: Mapping[str, Any], folder: Path, progress: Progress) -> dict[str, Any]:
    """Download tickers and write their prices to a file.

    Args:
        settings: `tickers`, as text, and `start`, ISO or None.
        folder: Where the file is written.
        progress: Called with the name of a step, steps done and all.

    Returns:
        `file`, its name in the folder; `tickers` that it holds; `first` and `last` date, ISO;
        `currency`; `said`, what there is to know, in sentences.

    Raises:
        DataError: If a ticker is malformed, too many are asked for, or none can be had.
    """
    names = split_tickers(str(settings["tickers"]))
    if len(names) > MOST:
        raise DataError(f"{len(names)} tickers are too many at once; name {MOST} at most.")
    progress("Asking Yahoo Finance", 0, len(names))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BLPortfolioWarning)
        try:
            market = download(
                list(names),
                start=settings.get("start"),
                offline_ok=True,
                progress=progress,
                retries=RETRIES,
            )
        except DataError as error:
            raise DataError(f"{error} {HINT}") from error
    write_market(market, folder / FILE)
    said = [str(one.message) for one in caught if issubclass(one.category, BLPortfolioWarning)]
    return {
        "file": FILE,
        "tickers": list(market.assets),
        "first": str(market.dates[0].date()),
        "last": str(market.dates[-1].date()),
        "currency": market.currency,
        "said": list(dict.fromkeys([*said, *market.notes])),
    }


def write_market(market: MarketData, path: Path) -> None:
    """Write prices, and bars where there are any, so that `load_prices` gives them back exactly.

    Args:
        market: The data.
        path: New Parquet file: one row a date and ticker.
    """
    frames = {
        name: frame
        for name in ("open", "high", "low", "volume")
        if (frame := getattr(market, name)) is not None
    }
    frames["close"] = market.prices
    labels: list[Any] = [market.dates, list(market.assets)]
    rows: pd.Index = pd.MultiIndex.from_product(labels, names=["date", "ticker"])
    table = pd.DataFrame({name: f.to_numpy().ravel() for name, f in frames.items()}, index=rows)
    table.dropna(subset="close").reset_index().to_parquet(path, index=False)
