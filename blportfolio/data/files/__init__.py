"""Files that people have: reads prices from CSV, Parquet, Feather and Excel."""

from blportfolio.data.files.load import load_prices

__all__ = ["load_prices"]
