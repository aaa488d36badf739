"""Market data: packaged data sets, the reader of users' files, and the checked container."""

from blportfolio.data.datasets import DatasetInfo, dataset_info, list_datasets, load_dataset
from blportfolio.data.files import load_prices
from blportfolio.data.market import MacroSeries, MarketData, check_market

__all__ = [
    "DatasetInfo",
    "MacroSeries",
    "MarketData",
    "check_market",
    "dataset_info",
    "list_datasets",
    "load_dataset",
    "load_prices",
]
