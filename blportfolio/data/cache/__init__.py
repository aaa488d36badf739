"""The local cache of prices: one Parquet file a ticker, never half written, nothing ever lost."""

from blportfolio.data.cache.price_file import DamagedFileError, Entry, PriceInfo
from blportfolio.data.cache.store import PriceCache, Written

__all__ = ["DamagedFileError", "Entry", "PriceCache", "PriceInfo", "Written"]
