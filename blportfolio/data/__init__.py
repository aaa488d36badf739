"""Market data: packaged sets, universes, downloads, users' files, and the checked container."""

from blportfolio.data.datasets import (
    DatasetInfo,
    MacroInfo,
    dataset_info,
    list_datasets,
    list_macro,
    load_dataset,
    load_macro,
    macro_info,
    packaged_datasets,
)
from blportfolio.data.files import load_prices
from blportfolio.data.macro import MacroSeries
from blportfolio.data.macro_files import list_macro_layouts, macro_layout, read_macro
from blportfolio.data.market import MarketData, check_market
from blportfolio.data.universe import Universe, find_universe, is_universe, list_universes
from blportfolio.data.yahoo import download

__all__ = [
    "DatasetInfo",
    "MacroInfo",
    "MacroSeries",
    "MarketData",
    "Universe",
    "check_market",
    "dataset_info",
    "download",
    "find_universe",
    "is_universe",
    "list_datasets",
    "list_macro",
    "list_macro_layouts",
    "list_universes",
    "load_dataset",
    "load_macro",
    "load_prices",
    "macro_info",
    "macro_layout",
    "packaged_datasets",
    "read_macro",
]
