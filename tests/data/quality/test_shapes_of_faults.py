"""Faults at the ends of the data, of volumes, of the adjustment, and values that are no prices."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from real_bars import dow, sector_etfs, sp500_20

from blportfolio.data.bars import Bars
from blportfolio.data.quality import examine

TODAY = dt.date(2026, 11, 25)


def between(bars, first, last):
    frames = {name: frame.loc[first:last] for name, frame in bars.frames().items()}
    kept = frames["prices"].columns[frames["prices"].notna().all()]
    return Bars(**{name: frame[kept] for name, frame in frames.items()})


@pytest.fixture(scope="module")
def etfs():
    return between(sector_etfs(), "2003", "2007-11-20")


def found(bars, kind):
    report = examine(bars, name="x", today=TODAY)
    return [finding for finding in report.findings if finding.kind == kind]


@pytest.mark.parametrize("row", [0, -1])
def test_a_wrong_price_at_an_end_is_doubted(row):
    prices = sp500_20().prices.loc["2003":"2006"].copy()
    prices.iloc[row, 3] *= 1.5
    (finding,) = found(Bars(prices), "unexplained_jump")
    assert finding.ticker == prices.columns[3]
    assert finding.date == prices.index[row]
    assert finding.severity == "warning"


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_a_last_day_of_little_volume_is_unfinished(etfs, share):
    volume = etfs.volume.copy()
    volume.iloc[-1] *= share
    (finding,) = found(dataclasses.replace(etfs, volume=volume), "partial_last_day")
    assert finding.date == volume.index[-1]


@pytest.mark.parametrize("day", ["2003-11-28", "2004-11-26", "2005-11-25", "2006-12-22"])
def test_a_half_day_before_a_holiday_is_finished(day):
    for bars in (sector_etfs(), dow()):
        assert not found(between(bars, "2001", day), "partial_last_day")


def test_a_last_day_without_range_is_unfinished(etfs):
    frames = {name: frame.copy() for name, frame in etfs.frames().items()}
    for name in ("open", "high", "low"):
        frames[name].iloc[-1] = frames["close"].iloc[-1]
    assert found(Bars(**frames), "partial_last_day")


@pytest.mark.parametrize("factor", [100, 1000, 0.01])
def test_a_new_unit_of_volume_is_found(etfs, factor):
    volume = etfs.volume.copy()
    volume.iloc[400:, 2] *= factor
    (finding,) = found(dataclasses.replace(etfs, volume=volume), "strange_volume")
    assert finding.ticker == volume.columns[2]
    assert finding.date == volume.index[400]
    assert finding.size == pytest.approx(factor, rel=1)


@pytest.mark.parametrize("length", [8, 60])
def test_a_volume_that_repeats_is_found(etfs, length):
    volume = etfs.volume.copy()
    volume.iloc[400 : 400 + length, 2] = volume.iloc[400, 2]
    (finding,) = found(dataclasses.replace(etfs, volume=volume), "strange_volume")
    assert (finding.date, finding.size) == (volume.index[400], length)


@pytest.mark.parametrize("make", [sector_etfs, dow])
def test_volumes_and_adjustments_of_real_bars_are_not_strange(make):
    assert not found(make(), "strange_volume")
    assert not found(make(), "mixed_scale")


@pytest.mark.parametrize("factor", [0.6, 0.75, 1.4])
def test_adjusted_prices_on_another_basis_from_a_date_on_are_found(etfs, factor):
    prices = etfs.prices.copy()
    prices.iloc[:500, 4] *= factor
    (finding,) = found(dataclasses.replace(etfs, prices=prices), "mixed_scale")
    assert finding.ticker == prices.columns[4]
    assert finding.date == prices.index[500]
    assert finding.severity == "serious"


def test_dividends_of_several_assets_that_fall_by_them_are_judged_together():
    """No asset alone would tell: eight dividends each, of a usual move's size."""
    rng = np.random.default_rng(5)
    dates = pd.bdate_range("2010-01-04", periods=500, name="date")
    names = pd.Index([f"A{i}" for i in range(12)], name="asset")
    returns = rng.normal(0, 0.01, (500, 12))
    paid = np.zeros((500, 12))
    for column in range(12):
        paid[40 + 3 * column :: 60, column] = 0.01
    for falls, severities in ((np.log1p(-paid), {"warning"}), (0.0, set())):
        prices = pd.DataFrame(100 * np.exp((returns + falls).cumsum(axis=0)), dates, names)
        dividends = pd.DataFrame(paid, dates, names) * prices.shift(1).fillna(100)
        got = found(Bars(prices, dividends=dividends), "unadjusted_dividend")
        assert {finding.severity for finding in got} == severities


def test_filled_weekends_are_a_warning_even_for_one_asset():
    prices = sp500_20().prices.loc["2003":"2006", ["KO"]]
    every_day = pd.date_range(prices.index[0], prices.index[-1], name="date")
    findings = found(Bars(prices.reindex(every_day).ffill()), "stale_prices")
    assert [finding.severity for finding in findings] == ["warning"]
    assert "Weekends" in findings[0].cause


def test_prices_that_trade_at_weekends_are_not_stale():
    rng = np.random.default_rng(0)
    dates = pd.date_range("2018-01-01", periods=900, name="date")
    walk = 9000 * np.exp(rng.normal(0, 0.03, (900, 2)).cumsum(axis=0))
    assert not found(Bars(pd.DataFrame(walk, dates, ["BTC", "ETH"])), "stale_prices")


def test_an_account_that_earns_nothing_for_a_time_is_a_note():
    rates = np.r_[np.full(400, 0.04), np.zeros(300), np.full(300, 0.02)] / 252
    dates = pd.bdate_range("2008-01-01", periods=1000, name="date")
    prices = pd.DataFrame({"CASH": 100 * np.cumprod(1 + rates)}, dates)
    (finding,) = found(Bars(prices), "stale_prices")
    assert finding.severity == "note"


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_values_that_are_often_negative_are_told_once_an_asset(first):
    rng = np.random.default_rng(2)
    dates = pd.bdate_range("2008-01-01", periods=1000, name="date")
    turns = 2 * np.pi * np.arange(1000) / 90
    values = np.sin(turns)[:, None] + rng.normal(0, 0.05, (1000, 2))
    values[0] = first
    (one, two) = found(Bars(pd.DataFrame(values, dates, ["A", "B"])), "non_positive_price")
    assert [one.ticker, two.ticker] == ["A", "B"]
    assert ("cumulated from 0" in one.cause) == (first == 0)


@pytest.mark.parametrize("unit", [1.0, 100.0, 1e4])
def test_returns_in_any_unit_are_told_even_below_a_first_price(unit):
    rng = np.random.default_rng(7)
    dates = pd.bdate_range("2008-01-01", periods=300, name="date")
    values = unit * rng.standard_t(4, (300, 3)) * 0.01
    values[0, 0] = 100.0
    report = examine(Bars(pd.DataFrame(values, dates, list("ABC"))), name="x", today=TODAY)
    (finding,) = [f for f in report.findings if f.severity != "note"]
    assert finding.kind == "returns_not_prices"


@pytest.mark.parametrize("one", [1, 100])
def test_ratios_of_prices_are_told_from_prices(one):
    rng = np.random.default_rng(7)
    dates = pd.bdate_range("2008-01-01", periods=300, name="date")
    values = one * (1 + rng.normal(0, 0.01, (300, 3)))
    (finding,) = found(Bars(pd.DataFrame(values, dates, list("ABC"))), "returns_not_prices")
    assert str(one) in finding.cause


def test_a_fund_that_keeps_its_value_holds_prices():
    rng = np.random.default_rng(7)
    dates = pd.bdate_range("2008-01-01", periods=600, name="date")
    values = np.round(1 + rng.normal(0, 0.004, (600, 2)), 2)
    assert not found(Bars(pd.DataFrame(values, dates, ["M", "N"])), "returns_not_prices")
