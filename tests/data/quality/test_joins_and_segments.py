"""Faults that only several assets, or several dates, together can show."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from real_bars import dow, industries_12, sp500_20

from blportfolio.data.bars import Bars
from blportfolio.data.quality import examine

TODAY = dt.date(2026, 11, 25)


@pytest.fixture(scope="module")
def closes():
    return sp500_20().prices.loc["2003":"2008", ["AAPL", "BAC", "CVX", "GE", "JNJ", "KO", "PG"]]


def found(prices, kind):
    report = examine(Bars(prices), name="x", today=TODAY)
    return [finding for finding in report.findings if finding.kind == kind]


@pytest.mark.parametrize("factor", [0.8, 0.87, 1.15, 1.3])
def test_another_currency_from_a_date_on_is_a_join(closes, factor):
    prices = closes.copy()
    prices.iloc[600:] *= factor
    (finding,) = found(prices, "joined_sources")
    assert finding.severity == "serious"
    assert finding.date == prices.index[600]
    assert finding.size == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_raw_closes_before_adjusted_ones_are_a_join_and_nothing_else(closes, seed):
    rng = np.random.default_rng(seed)
    prices = closes.copy()
    prices.iloc[:700] *= rng.uniform(1.2, 3, prices.shape[1])
    report = examine(Bars(prices), name="x", today=TODAY)
    dated = [f for f in report.findings if f.date == prices.index[700]]
    assert [f.kind for f in dated] == ["joined_sources"]


@pytest.mark.parametrize("make", [sp500_20, dow, industries_12])
def test_no_crash_is_a_join_or_a_swap(make):
    prices = make().prices
    assert not found(prices, "joined_sources")
    assert not found(prices, "swapped_columns")


def test_an_industry_crash_on_one_day_is_no_join():
    """19 October 1987: shares fell by a fifth, by different amounts, and went on moving."""
    rng = np.random.default_rng(3)
    size = np.where(np.arange(400) < 200, 0.01, 0.03)
    returns = size[:, None] * rng.standard_t(4, (400, 12))
    returns[200] = -0.22 * rng.uniform(0.7, 1.3, 12)
    dates = pd.bdate_range("1987-01-05", periods=400, name="date")
    prices = pd.DataFrame(100 * np.exp(returns.cumsum(axis=0)), dates, [f"A{i}" for i in range(12)])
    assert not found(prices.rename_axis(columns="asset"), "joined_sources")


@pytest.mark.parametrize("last", [702, 720, None])
def test_two_columns_that_change_places_are_named(closes, last):
    prices = closes.copy()
    rows = slice(700, last)
    prices.iloc[rows, [1, 4]] = closes.iloc[rows, [4, 1]].to_numpy()
    (finding,) = found(prices, "swapped_columns")
    assert finding.ticker == "BAC"
    assert "JNJ" in finding.message
    assert finding.date == prices.index[700]
    assert finding.end == (None if last is None else prices.index[last - 1])
    assert finding.severity == "serious"


@pytest.mark.parametrize("factor", [1.0, 0.37])
def test_a_year_copied_from_another_asset_is_found(closes, factor):
    prices = closes.copy()
    prices.iloc[500:750, 2] = factor * closes.iloc[500:750, 5].to_numpy()
    (finding,) = found(prices, "look_alike")
    assert finding.severity == "serious"
    assert finding.ticker == "CVX"
    assert "KO" in finding.message
    assert abs((finding.date - prices.index[500]).days) <= 5
    assert abs((finding.end - prices.index[749]).days) <= 5


def test_a_past_filled_in_with_another_asset_is_a_warning(closes):
    prices = closes.copy()
    factor = closes.iloc[600, 2] / closes.iloc[600, 5]
    prices.iloc[:600, 2] = factor * closes.iloc[:600, 5].to_numpy()
    (finding,) = found(prices, "look_alike")
    assert finding.severity == "warning"


def test_a_class_of_shares_with_the_past_of_the_other_is_a_note(closes):
    prices = closes.rename(columns={"CVX": "KO-B"})
    prices.iloc[:600, 2] = closes.iloc[:600, 5].to_numpy()
    assert [f.severity for f in found(prices, "look_alike")] == ["note"]


@pytest.mark.parametrize("length", [21, 250])
def test_a_stretch_of_one_asset_pasted_twice_is_found(closes, length):
    prices = closes.copy()
    prices.iloc[700 : 700 + length, 3] = closes.iloc[300 : 300 + length, 3].to_numpy()
    (finding,) = found(prices, "duplicate_rows")
    assert (finding.ticker, finding.size) == ("GE", length)
    assert finding.date == prices.index[700]


def test_coarse_ticks_repeat_by_chance():
    rng = np.random.default_rng(0)
    steps = rng.choice([-0.01, 0, 0.01], (4000, 2))
    walk = 0.3 + np.abs(np.round(steps.cumsum(axis=0), 2))
    dates = pd.bdate_range("2000-01-03", periods=4000, name="date")
    assert not found(pd.DataFrame(walk, dates, ["A", "B"]), "duplicate_rows")


@pytest.mark.parametrize("lag", [1, -1])
def test_an_asset_whose_dates_are_a_day_off_is_found(closes, lag):
    prices = closes.copy()
    prices["JNJ"] = prices["JNJ"].shift(lag)
    prices = prices.dropna()
    findings = found(prices, "shifted_dates")
    assert {f.ticker for f in findings} == {"JNJ"}
    assert {f.size for f in findings} == {lag}


def test_the_east_trades_before_the_west():
    """What closes in Tokyo before New York opens follows it by a date, and is no fault."""
    rng = np.random.default_rng(1)
    news = rng.normal(0, 0.01, 1500)
    own = rng.normal(0, 0.006, (1500, 8))
    own[:, :6] += news[:, None]
    own[1:, 6:] += news[:-1, None]
    names = [*"ABCDEF", "7203.T", "6758.T"]
    dates = pd.bdate_range("2010-01-04", periods=1500, name="date")
    prices = pd.DataFrame(100 * np.exp(own.cumsum(axis=0)), dates, names)
    assert {f.severity for f in found(prices, "shifted_dates")} == {"note"}
