"""What the doctor says of missing prices agrees with what loading does to them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from real_bars import sp500_20

from blportfolio.data.bars import Bars
from blportfolio.data.files import load_prices
from blportfolio.data.quality import examine
from blportfolio.errors import DataError

TODAY = dt.date(2026, 11, 25)


@pytest.fixture
def prices():
    return sp500_20().prices.loc["2003":"2004"].iloc[:, :6].copy()


def findings_of(prices):
    return examine(Bars(prices), name="x", today=TODAY).findings


@pytest.mark.parametrize(
    ("rows", "columns", "gap"),
    [([50], [1], 1), ([50, 51, 52], [0, 1], 3), ([50], [0, 1, 2, 3], 1), (range(50, 90), [2], 40)],
)
def test_a_gap_that_is_refused_names_the_option_that_fills_it(prices, rows, columns, gap, tmp_path):
    prices.iloc[list(rows), columns] = np.nan
    found = findings_of(prices)
    assert len(found) == len(columns)
    assert all(f.severity != "note" and f"--max-gap {gap} " in f.remedy for f in found)
    prices.to_csv(tmp_path / "x.csv")
    with pytest.raises(DataError):
        load_prices(tmp_path / "x.csv")
    load_prices(tmp_path / "x.csv", max_gap=gap)


def test_holidays_of_an_exchange_are_notes_and_load(prices, tmp_path):
    prices = prices.set_axis(["AAA", "BBB", "CCC", "DDD.T", "EEE.T", "FFF.T"], axis=1)
    prices.columns.name = "asset"
    closed = [*range(80, 88), 150, 151, 300]
    prices.iloc[closed, 3:] = np.nan
    found = [f for f in findings_of(prices) if f.kind in {"missing_price", "calendar_gap"}]
    assert {f.severity for f in found} <= {"note"}
    prices.to_csv(tmp_path / "x.csv")
    load_prices(tmp_path / "x.csv")


def test_an_asset_with_one_price_is_serious(prices):
    prices.iloc[:-1, 2] = np.nan
    (finding,) = [f for f in findings_of(prices) if f.severity == "serious"]
    assert (finding.ticker, finding.kind) == (prices.columns[2], "missing_price")


def test_two_equal_rows_never_change():
    dates = pd.to_datetime(["2020-01-02", "2020-01-03"])
    prices = pd.DataFrame({"A": [5.0, 5.0], "B": [5.0, 6.0]}, dates)
    assert [(f.ticker, f.severity) for f in findings_of(prices)] == [("A", "serious")]


def test_independence_day_moves_in_leap_years_too():
    """4 July 2004 was a Sunday, so that exchanges closed on the Monday."""
    found = findings_of(sp500_20().prices.loc["2001-10":"2005-05"].iloc[:, :3])
    assert not [f for f in found if f.kind == "calendar_gap"]
