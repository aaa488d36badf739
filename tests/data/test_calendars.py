import datetime as dt

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.data.bars import Bars
from blportfolio.data.calendars import align_calendars
from blportfolio.data.exchanges import column_groups
from blportfolio.data.sessions import currency_of, is_complete
from blportfolio.errors import ConfigError, DataError

UTC = dt.UTC


def two_exchanges(n_dates=600, seed=0, *, named=True):
    """Two American and two British stocks with closures of their own."""
    names = ["KO", "PG", "VOD.L", "BP.L"] if named else ["a", "b", "c", "d"]
    prices = make_prices(seed, n_dates, 4).set_axis(names, axis=1).rename_axis("date")
    rng = np.random.default_rng(seed)
    closed = rng.choice(np.arange(5, n_dates - 5), 24, replace=False)
    prices.iloc[np.sort(closed[:12]), :2] = np.nan
    prices.iloc[np.sort(closed[12:]), 2:] = np.nan
    return prices


def exchange_groups(prices):
    return [tuple(prices.columns[group]) for group in column_groups(prices)]


@pytest.mark.parametrize("named", [True, False])
def test_holidays_of_two_exchanges_are_recognised_and_bridged(named):
    prices = two_exchanges(named=named)
    names = list(prices.columns)
    assert exchange_groups(prices) == [tuple(names[:2]), tuple(names[2:])]
    aligned, notes = align_calendars(Bars(prices))
    pd.testing.assert_frame_equal(aligned.prices, prices.ffill())
    assert len(notes) == 2
    assert all("closed on 12 dates" in note for note in notes)
    bl.MarketData(aligned.prices)


def test_a_bridged_day_is_a_flat_bar_without_volume():
    prices = two_exchanges()
    factor = 2.0
    bars = Bars(
        prices,
        close=prices * factor,
        high=prices * factor * 1.01,
        volume=prices.notna() * 7.0,
        dividends=prices.notna() * 0.1,
    )
    aligned, _ = align_calendars(bars)
    hole = prices.isna().to_numpy()
    assert (aligned.volume.to_numpy()[hole] == 0).all()
    assert (aligned.dividends.to_numpy()[hole] == 0).all()
    high = aligned.market_frames()["high"].to_numpy()
    np.testing.assert_allclose(high[hole], aligned.prices.to_numpy()[hole])
    np.testing.assert_allclose(high[~hole], 1.01 * prices.to_numpy()[~hole])


@pytest.mark.parametrize("named", [True, False])
def test_a_gap_of_one_asset_is_no_holiday(named):
    prices = two_exchanges(named=named)
    open_here = prices.iloc[300:320].notna().all(axis=1).to_numpy().argmax() + 300
    prices.iloc[open_here, 0] = np.nan
    aligned, _ = align_calendars(Bars(prices))
    assert aligned.prices.isna().sum().tolist() == [1, 0, 0, 0]
    assert np.isnan(aligned.prices.iloc[open_here, 0])
    filled, notes = align_calendars(Bars(prices), max_gap=1)
    assert filled.prices.iloc[open_here, 0] == prices.iloc[:open_here, 0].dropna().iloc[-1]
    assert any("over 1 missing dates" in note for note in notes)


def test_gaps_in_one_exchange_are_left_alone():
    prices = make_prices(3, 500, 4)
    rng = np.random.default_rng(3)
    for column in range(4):
        prices.iloc[rng.choice(np.arange(1, 499), 3, replace=False), column] = np.nan
    aligned, notes = align_calendars(Bars(prices))
    pd.testing.assert_frame_equal(aligned.prices, prices)
    assert notes == ()
    assert len(exchange_groups(prices)) == 1


@given(cut=st.integers(20, 119), seed=st.integers(0, 40), delisted=st.integers(60, 125))
def test_bridging_knows_no_future(cut, seed, delisted):
    """What is on a date does not depend on the dates after it, delistings included."""
    prices = two_exchanges(120, seed)
    prices.iloc[delisted:, 3] = np.nan
    whole = align_calendars(Bars(prices))[0].prices
    part = align_calendars(Bars(prices.iloc[:cut]))[0].prices
    pd.testing.assert_frame_equal(part, whole.iloc[:cut])


@given(cut=st.integers(20, 119), seed=st.integers(0, 40), delisted=st.integers(60, 125))
def test_common_dates_know_no_future(cut, seed, delisted):
    """A date is kept or not whatever comes after it, also while an exchange is closed."""
    prices = two_exchanges(120, seed)
    prices.iloc[delisted:, 3] = np.nan
    whole = align_calendars(Bars(prices), calendar="common")[0].prices
    part = align_calendars(Bars(prices.iloc[:cut]), calendar="common")[0].prices
    pd.testing.assert_frame_equal(part, whole.loc[: prices.index[cut - 1]])


def test_common_dates_end_with_the_last_on_which_both_exchanges_traded():
    prices = two_exchanges()
    prices.iloc[-2:, :2] = np.nan
    common, _ = align_calendars(Bars(prices), calendar="common", max_gap=5)
    assert common.prices.index[-1] == prices.index[-3]


def test_carried_prices_of_many_assets_are_one_note():
    prices = make_prices(7, 200, 40)
    for column in range(40):
        prices.iloc[10 + 3 * column, column] = np.nan
    _, notes = align_calendars(Bars(prices), max_gap=2)
    assert len(notes) == 1
    assert "last price of 40 assets" in notes[0]
    assert "1 of A0, 1 of A1, 1 of A2 and 37 more" in notes[0]


@pytest.mark.parametrize("max_gap", [-1, 1.5, "5", None, True])
def test_a_gap_that_is_no_number_of_dates_is_refused(max_gap):
    with pytest.raises(DataError, match="max_gap"):
        align_calendars(Bars(make_prices(6)), max_gap=max_gap)


@given(seed=st.integers(0, 20), order=st.permutations(range(4)))
def test_the_order_of_the_assets_does_not_matter(seed, order):
    prices = two_exchanges(600, seed, named=False)
    straight = align_calendars(Bars(prices))[0].prices
    turned = align_calendars(Bars(prices.iloc[:, order]))[0].prices
    pd.testing.assert_frame_equal(turned, straight.iloc[:, order])


def test_stocks_beside_a_crypto_currency_are_carried_over_weekends_or_joined_on_weekdays():
    every_day = make_prices(4, 800, 3, freq="D").set_axis(["x", "y", "z"], axis=1)
    prices = every_day.copy()
    prices.loc[prices.index.day_of_week >= 5, ["x", "y"]] = np.nan
    prices = prices.loc[prices.index[prices["x"].notna()][0] :]
    assert exchange_groups(prices) == [("x", "y"), ("z",)]
    aligned, _ = align_calendars(Bars(prices))
    assert not aligned.prices.isna().any(axis=None)
    common, notes = align_calendars(Bars(prices), calendar="common")
    assert (common.prices.index.day_of_week < 5).all()
    assert "Dropped" in notes[0]
    pd.testing.assert_frame_equal(common.prices, prices.dropna())


def test_common_dates_keep_dividends_and_splits_of_dropped_ones():
    prices = two_exchanges()
    rng = np.random.default_rng(5)
    dividends = pd.DataFrame(rng.poisson(0.05, prices.shape), prices.index, prices.columns) * 1.0
    splits = pd.DataFrame(
        np.where(rng.random(prices.shape) < 0.05, 2.0, 0.0), prices.index, prices.columns
    )
    common, _ = align_calendars(Bars(prices, dividends=dividends, splits=splits), calendar="common")
    assert common.prices.notna().all(axis=None)
    np.testing.assert_allclose(common.dividends.sum(), dividends.sum())
    np.testing.assert_array_equal(
        common.splits.where(common.splits > 0, 1).prod(), splits.where(splits > 0, 1).prod()
    )


def test_complete_data_are_returned_as_they_are():
    bars = Bars(make_prices(6))
    for calendar in ("union", "common"):
        aligned, notes = align_calendars(bars, calendar=calendar, max_gap=3)
        pd.testing.assert_frame_equal(aligned.prices, bars.prices)
        assert notes == ()
    with pytest.raises(ConfigError, match="calendar"):
        align_calendars(bars, calendar="julian")


@pytest.mark.parametrize(
    ("ticker", "moment", "finished"),
    [
        ("AAPL", dt.datetime(2024, 7, 1, 20, 29, tzinfo=UTC), False),  # 16:29 in New York
        ("AAPL", dt.datetime(2024, 7, 1, 20, 30, tzinfo=UTC), True),
        ("AAPL", dt.datetime(2024, 1, 2, 21, 0, tzinfo=UTC), True),
        ("BRK-B", dt.datetime(2024, 7, 1, 20, 30, tzinfo=UTC), True),
        ("7203.T", dt.datetime(2024, 7, 1, 6, 59, tzinfo=UTC), False),  # 15:59 in Tokyo
        ("7203.T", dt.datetime(2024, 7, 1, 7, 0, tzinfo=UTC), True),
        ("VOD.L", dt.datetime(2024, 7, 1, 16, 0, tzinfo=UTC), False),
        ("BTC-USD", dt.datetime(2024, 7, 1, 23, 59, tzinfo=UTC), False),
        ("BTC-USD", dt.datetime(2024, 7, 2, 0, 0, tzinfo=UTC), True),
        ("ABC.XYZ", dt.datetime(2024, 7, 2, 11, 59, tzinfo=UTC), False),  # who knows where
        ("ABC.XYZ", dt.datetime(2024, 7, 2, 12, 0, tzinfo=UTC), True),
        ("PTT.BK", dt.datetime(2024, 7, 1, 10, 10, tzinfo=UTC), True),  # 17:10 in Bangkok
        ("^N225", dt.datetime(2024, 7, 2, 11, 59, tzinfo=UTC), False),
        ("^N225", dt.datetime(2024, 7, 2, 12, 0, tzinfo=UTC), True),
    ],
)
def test_a_bar_is_finished_half_an_hour_after_its_exchange_closes(ticker, moment, finished):
    day = pd.Timestamp("2024-07-01")
    if moment.month == 1:
        day = pd.Timestamp("2024-01-02")
        finished = moment >= dt.datetime(2024, 1, 2, 21, 30, tzinfo=UTC)  # winter time
    assert is_complete(ticker, day, moment) is finished


def test_a_ticker_tells_its_currency_or_nothing():
    known = {"KO": "USD", "BF.B": "USD", "VOD.L": "GBp", "SAP.DE": "EUR", "BTC-EUR": "EUR"}
    unknown = {"ABC.XYZ": "", "^GSPC": "", "EURUSD=X": "", "ES=F": ""}
    assert {t: currency_of(t) for t in known | unknown} == known | unknown
