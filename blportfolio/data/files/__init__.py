"""Files that people have: reads prices from CSV, Parquet, Feather and Excel."""

from blportfolio.data.files.load import load_prices
from blportfolio.data.files.read import MAX_BYTES, ReadBars, read_bars

__all__ = ["MAX_BYTES", "ReadBars", "load_prices", "read_bars"]
