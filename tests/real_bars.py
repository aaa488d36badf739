"""Real data as bars: packaged sets, and the development data where they are."""

import functools

import numpy as np
import pandas as pd
from helpers import dev_data

import blportfolio as bl
from blportfolio.data.bars import Bars


def frames_of(table, fields):
    table = table.assign(date=pd.to_datetime(table["date"]), ticker=table["ticker"].astype(str))
    wide = table.pivot(index="date", columns="ticker", values=list(fields))
    return {
        name: wide[column].astype("Float64").astype(float).rename_axis(columns="asset")
        for column, name in fields.items()
    }


OHLCV = {
    "adj_close": "prices",
    "close": "close",
    "open": "open",
    "high": "high",
    "low": "low",
    "volume": "volume",
}


def sp500_20():
    return Bars(bl.load_dataset("sp500_20").prices)


def industries_12():
    return Bars(bl.load_dataset("industries_12").prices)


@functools.cache
def sector_etfs():
    table = pd.read_csv(dev_data("sector_etf_ohlcv_2000_2019.csv.gz"))
    return Bars(**frames_of(table, OHLCV | {"dividends": "dividends"}))


@functools.cache
def dow():
    return Bars(**frames_of(pd.read_parquet(dev_data("dow_ohlcv_1991_2018.parquet")), OHLCV))


def sp500_427():
    prices = pd.read_parquet(dev_data("sp500_scale_adjclose_2010_2019_wide.parquet"))
    return Bars(prices.set_index("date").astype(float))


def sp500_427_volume():
    prices = sp500_427().prices
    volume = pd.read_parquet(dev_data("sp500_scale_volume_2017_2019_wide.parquet"))
    volume = volume.set_index("date").astype(float)
    return Bars(prices.loc[volume.index], volume=volume[prices.columns])


def stocks_19():
    table = pd.read_csv(
        dev_data("pypfopt_19stocks_1990_2018.csv.gz"), index_col=0, parse_dates=True
    )
    return Bars(table)


def index_levels():
    parts = {
        name: pd.read_csv(dev_data(f"{name}_index_1985_2018.csv.gz")) for name in ("djia", "sp500")
    }
    table = pd.concat([part.assign(ticker=name) for name, part in parts.items()])
    return Bars(**frames_of(table, OHLCV))


def volatility_index():
    macro = pd.read_csv(dev_data("macro_daily_1990_2026.csv.gz"), index_col=0, parse_dates=True)
    return Bars(macro[[c for c in macro if "VIX" in c.upper()]].dropna())


CLEAN = {
    f.__name__: functools.cache(f)
    for f in (
        sp500_20, industries_12, sector_etfs, dow, sp500_427, sp500_427_volume, stocks_19,
        index_levels, volatility_index,
    )
}  # fmt: skip


def thinned(bars, rng, most=20):
    """At most `most` random assets, so that many draws take little time."""
    count = bars.prices.shape[1]
    columns = np.sort(rng.choice(count, min(most, count), replace=False))
    return Bars(**{name: frame.iloc[:, columns] for name, frame in bars.frames().items()})
