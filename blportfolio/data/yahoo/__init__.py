"""Prices from Yahoo Finance: asked for, checked, joined to the cache, and loaded."""

from blportfolio.data.yahoo.fetching import fetch
from blportfolio.data.yahoo.market import download
from blportfolio.data.yahoo.report import Fetched, FetchReport

__all__ = ["FetchReport", "Fetched", "download", "fetch"]
