import numpy as np
import pandas as pd
import pytest
from helpers import dev_data, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.data.adjustment import adjust_closes
from blportfolio.data.bars import Bars
from blportfolio.errors import DataError

RATIOS = (2.0, 3.0, 1.5, 0.1, 4 / 3)


def zeros(prices):
    return pd.DataFrame(0.0, prices.index, prices.columns)


def with_split(bars, row, column, ratio):
    """What the source would have quoted had the split happened: dearer old shares."""
    close, dividends, splits = bars.close.copy(), bars.dividends.copy(), bars.splits.copy()
    close.iloc[:row, column] *= ratio
    dividends.iloc[:row, column] *= ratio
    splits.iloc[row, column] = ratio
    return Bars(close, close, dividends=dividends, splits=splits)


def with_dividend(bars, row, column, share):
    """What the source would have quoted had a share of the price been paid out at `row`."""
    close, dividends = bars.close.copy(), bars.dividends.copy()
    before = close.iloc[row - 1, column]
    dividends.iloc[row, column] = share * before
    close.iloc[row:, column] *= 1 - share
    dividends.iloc[row + 1 :, column] *= 1 - share
    return Bars(close, close, dividends=dividends, splits=bars.splits)


def returns(bars):
    return adjust_closes(bars)[0].prices.pct_change().iloc[1:]


@settings(max_examples=40)
@given(
    seed=st.integers(0, 100),
    events=st.lists(
        st.tuples(
            st.integers(1, 59), st.integers(0, 2), st.sampled_from(RATIOS), st.floats(0.001, 0.3)
        ),
        max_size=6,
        unique_by=lambda event: event[:2],
    ),
)
def test_splits_and_dividends_leave_adjusted_returns_unchanged(seed, events):
    prices = make_prices(seed, 60, 3)
    bars = Bars(prices, prices, dividends=zeros(prices), splits=zeros(prices))
    for row, column, ratio, share in events:
        bars = with_dividend(bars, row, column, share)
        if seed % 2:
            bars = with_split(bars, row, column, ratio)
    np.testing.assert_allclose(returns(bars), prices.pct_change().iloc[1:], rtol=0, atol=1e-11)


@given(seed=st.integers(0, 30), row=st.integers(1, 59), ratio=st.sampled_from(RATIOS))
def test_a_split_already_taken_out_of_the_closes_is_not_taken_out_again(seed, row, ratio):
    prices = make_prices(seed, 60, 1)
    splits = zeros(prices)
    splits.iloc[row, 0] = ratio
    adjusted, notes = adjust_closes(Bars(prices, splits=splits))
    pd.testing.assert_frame_equal(adjusted.prices, prices)
    assert notes == ("Adjusted the closes by 0 dividends and 0 splits that the file lists.",)


def test_the_last_close_is_left_as_it_is():
    prices = make_prices(1, 30, 2)
    dividends = zeros(prices)
    dividends.iloc[10] = 1.0
    adjusted, _ = adjust_closes(Bars(prices, dividends=dividends))
    np.testing.assert_array_equal(adjusted.prices.iloc[10:], prices.iloc[10:])
    assert (adjusted.prices.iloc[:10] < prices.iloc[:10]).all(axis=None)


def test_a_dividend_after_a_gap_is_set_against_the_last_close():
    prices = make_prices(2, 30, 1)
    prices.iloc[8:10] = np.nan
    dividends = zeros(prices)
    dividends.iloc[10] = 2.0
    adjusted, _ = adjust_closes(Bars(prices, dividends=dividends))
    factor = adjusted.prices.iloc[7, 0] / prices.iloc[7, 0]
    assert factor == pytest.approx(1 - 2.0 / prices.iloc[7, 0], rel=1e-14)


@pytest.mark.parametrize(
    ("dividend", "split", "match"),
    [(1e9, 0, "dividend of 'A0'"), (-1, 0, "dividend of 'A0'"), (0, -2, "split of 'A0'")],
)
def test_an_impossible_event_is_refused_by_name_and_date(dividend, split, match):
    prices = make_prices(3, 30, 1)
    dividends, splits = zeros(prices), zeros(prices)
    dividends.iloc[5], splits.iloc[5] = dividend, split
    with pytest.raises(DataError, match=rf"{match}.*{prices.index[5].date()}"):
        adjust_closes(Bars(prices, dividends=dividends, splits=splits))


def test_a_file_of_closes_with_dividends_is_adjusted_when_asked_to(tmp_path):
    prices = make_prices(5, 40, 1).iloc[:, 0]
    table = pd.DataFrame({"close": prices, "high": prices * 1.01, "dividend": 0.0})
    table.iloc[20, 2] = 3.0
    path = tmp_path / "KO.csv"
    table.to_csv(path, index_label="date")
    plain, adjusted = bl.load_prices(path), bl.load_prices(path, adjust=True)
    np.testing.assert_array_equal(plain.prices["KO"], prices)
    factor = adjusted.prices["KO"].iloc[19] / prices.iloc[19]
    assert factor == pytest.approx(1 - 3.0 / prices.iloc[19], rel=1e-14)
    np.testing.assert_allclose(adjusted.high, adjusted.prices * 1.01)
    assert "Adjusted the closes by 1 dividends" in adjusted.notes[-1]
    with pytest.raises(DataError, match="adjust"):
        bl.load_prices(path, adjust=True, returns=True)


def test_without_dividends_and_splits_there_is_nothing_to_adjust_by():
    with pytest.raises(DataError, match="needs dividends or splits"):
        adjust_closes(Bars(make_prices(4)))


def test_adjusted_etfs_are_those_of_an_independent_adjustment():
    table = pd.read_csv(dev_data("sector_etf_ohlcv_2000_2019.csv.gz"), parse_dates=["date"])
    wide = {
        name: table.pivot(index="date", columns="ticker", values=name)
        for name in ("close", "adj_close", "dividends")
    }
    adjusted, _ = adjust_closes(Bars(wide["close"], dividends=wide["dividends"].fillna(0.0)))
    np.testing.assert_allclose(
        adjusted.prices.pct_change(fill_method=None),
        wide["adj_close"].pct_change(fill_method=None),
        rtol=0,
        atol=2e-5,  # closes from 8 up are rounded to four decimals
    )
