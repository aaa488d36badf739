"""Market data: packaged data sets, the reader of users' files, and the checked container."""

from blportfolio.data.datasets import (
    DatasetInfo,
    MacroInfo,
    dataset_info,
    list_datasets,
    list_macro,
    load_dataset,
    load_macro,
    macro_info,
)
from blportfolio.data.files import load_prices
from blportfolio.data.macro import MacroSeries
from blportfolio.data.market import MarketData, check_market

__all__ = [
    "DatasetInfo",
    "MacroInfo",
    "MacroSeries",
    "MarketData",
    "check_market",
    "dataset_info",
    "list_datasets",
    "list_macro",
    "load_dataset",
    "load_macro",
    "load_prices",
    "macro_info",
]
