import dataclasses

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.data.market import MacroSeries, infer_periods_per_year
from blportfolio.errors import DataError


@pytest.fixture
def prices():
    return make_prices(0, n_dates=40, n_assets=3)


def with_value(prices, row, column, value):
    changed = prices.copy()
    changed.iloc[row, column] = value
    return changed


@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, np.inf, -np.inf])
def test_a_price_that_is_not_positive_and_finite_is_refused_by_name_and_date(prices, value):
    with pytest.raises(DataError, match=rf"'A1'.*{prices.index[7].date()}"):
        bl.MarketData(with_value(prices, 7, 1, value))


@pytest.mark.parametrize("value", [1e-308, 5e-324, 1e308])
def test_a_price_whose_return_would_overflow_is_refused(prices, value):
    with pytest.raises(DataError, match="'A1' go from"):
        bl.MarketData(with_value(prices, 7, 1, value))


def test_returns_passed_as_prices_are_recognised(prices):
    with pytest.raises(DataError, match="returns=True"):
        bl.MarketData(prices.pct_change().dropna())


@given(first=st.integers(0, 20), last=st.integers(22, 39))
@settings(max_examples=25)
def test_missing_prices_before_the_first_and_after_the_last_are_kept(first, last):
    prices = make_prices(0, n_dates=40, n_assets=3)
    prices.iloc[:first, 1] = np.nan
    prices.iloc[last + 1 :, 1] = np.nan
    kept = bl.MarketData(prices).prices
    np.testing.assert_array_equal(kept.to_numpy(), prices.to_numpy())


@given(first=st.integers(1, 38), length=st.integers(1, 38))
@settings(max_examples=25)
def test_a_gap_inside_an_assets_life_is_refused(first, length):
    prices = make_prices(0, n_dates=40, n_assets=3)
    length = min(length, 39 - first)
    prices.iloc[first : first + length, 2] = np.nan
    with pytest.raises(
        DataError, match=rf"'A2' have {length} missing .*{prices.index[first].date()}"
    ):
        bl.MarketData(prices)


def test_an_asset_without_any_price_is_refused(prices):
    with pytest.raises(DataError, match="'A0' are all missing"):
        bl.MarketData(prices.assign(A0=np.nan))


def test_an_asset_whose_price_never_changes_is_refused(prices):
    with pytest.raises(DataError, match="'A2' never change"):
        bl.MarketData(prices.assign(A2=7.0))


def test_unsorted_dates_are_refused(prices):
    with pytest.raises(DataError, match="sorted by date"):
        bl.MarketData(prices.iloc[::-1])


def test_a_date_that_stands_twice_is_refused(prices):
    with pytest.raises(DataError, match=rf"{prices.index[-1].date()} twice"):
        bl.MarketData(pd.concat([prices, prices.iloc[-1:]]))


def test_a_row_without_a_date_is_refused(prices):
    with pytest.raises(DataError, match="without a date"):
        bl.MarketData(prices.set_axis([pd.NaT, *prices.index[1:]], axis=0))


def test_an_index_of_numbers_is_refused(prices):
    with pytest.raises(DataError, match="DatetimeIndex"):
        bl.MarketData(prices.reset_index(drop=True))


def test_a_time_zone_is_dropped_and_the_local_date_kept(prices):
    market = bl.MarketData(prices.tz_localize("Asia/Tokyo"))
    assert market.dates.tz is None
    np.testing.assert_array_equal(market.dates, prices.index)


@pytest.mark.parametrize("label", ["", " ", np.nan])
def test_an_empty_label_is_refused(prices, label):
    with pytest.raises(DataError, match="empty label"):
        bl.MarketData(prices.set_axis(["A", label, "C"], axis=1))


def test_labels_that_are_equal_as_text_are_refused(prices):
    with pytest.raises(DataError, match="'1' more than once"):
        bl.MarketData(prices.set_axis(["1", 1, "C"], axis=1))


@pytest.mark.parametrize("label", ["\x1b[31mred", "a\nb", "nul\0", "\u202eevil"])
def test_a_label_that_cannot_be_printed_is_refused(prices, label):
    with pytest.raises(DataError, match="cannot be printed"):
        bl.MarketData(prices.set_axis(["A", label, "C"], axis=1))


def test_text_among_the_prices_is_refused(prices):
    with pytest.raises(DataError, match="numbers only"):
        bl.MarketData(prices.astype(object).assign(A1="x"))


@pytest.mark.parametrize("value", [[1.0, 2.0], {"A": 1.0}, None, np.ones((3, 2))])
def test_prices_that_are_no_frame_are_refused(value):
    with pytest.raises(DataError, match="must be a DataFrame"):
        bl.MarketData(value)


def test_one_date_or_no_asset_is_too_little(prices):
    for small in (prices.iloc[:1], prices.iloc[:, :0], prices.iloc[:0]):
        with pytest.raises(DataError, match="two dates and one asset"):
            bl.MarketData(small)


def test_the_callers_frame_can_change_without_changing_the_market(prices):
    before = prices.copy()
    market = bl.MarketData(prices)
    prices.iloc[:] = 1.0
    np.testing.assert_array_equal(market.prices.to_numpy(), before.to_numpy())


def test_market_weights_that_are_one_fixed_vector_are_refused(prices):
    with pytest.raises(DataError, match="know the future"):
        bl.MarketData(prices, market_weights=pd.Series(1 / 3, index=prices.columns))


def test_market_weights_of_other_assets_are_refused(prices):
    with pytest.raises(DataError, match="assets of `prices`"):
        bl.MarketData(prices, market_weights=prices[["A0", "A1"]])


def test_market_weights_come_back_in_the_order_of_the_prices(prices):
    market = bl.MarketData(prices, market_weights=prices[["A2", "A0", "A1"]])
    pd.testing.assert_frame_equal(
        market.market_weights, prices, check_names=False, check_freq=False
    )


def test_negative_market_weights_are_refused(prices):
    with pytest.raises(DataError, match="`market_weights` must hold finite numbers"):
        bl.MarketData(prices, market_weights=-prices)


@pytest.mark.parametrize(
    "rates",
    [
        lambda index: pd.Series(0.0, index=index[1:]),
        lambda index: pd.Series(0.0, index=index + pd.Timedelta(days=1)),
        lambda index: pd.Series(np.nan, index=index),
        lambda index: pd.Series(4.5, index=index),
    ],
    ids=["shorter", "other dates", "missing", "percent"],
)
def test_a_risk_free_rate_that_does_not_fit_is_refused(prices, rates):
    with pytest.raises(DataError, match="`risk_free` must"):
        bl.MarketData(prices, risk_free=rates(prices.index))


@pytest.mark.parametrize("name", ["open", "high", "low", "volume"])
def test_bars_must_have_the_assets_of_the_prices_and_no_negative_number(prices, name):
    with pytest.raises(DataError, match=f"`{name}` must have the dates and assets"):
        bl.MarketData(prices, **{name: prices[["A1", "A0"]]})
    aligned = bl.MarketData(prices, **{name: prices[["A1", "A0", "A2"]]})
    pd.testing.assert_frame_equal(getattr(aligned, name), aligned.prices)
    with pytest.raises(DataError, match=f"`{name}` must hold finite numbers"):
        bl.MarketData(prices, **{name: -prices})


@pytest.mark.parametrize("name", ["open", "high", "low", "volume"])
def test_bars_of_other_dates_are_refused(prices, name):
    with pytest.raises(DataError, match=f"`{name}` must have the dates and assets"):
        bl.MarketData(prices, **{name: prices.set_axis(prices.index + pd.Timedelta(days=365))})


def test_membership_of_an_unknown_asset_is_refused(prices):
    with pytest.raises(DataError, match="unknown asset 'B'"):
        bl.MarketData(prices, membership={"B": ((prices.index[0], None),)})


def test_membership_includes_both_ends_of_an_interval(prices):
    first, last = prices.index[5], prices.index[9]
    market = bl.MarketData(prices, membership={"A0": ((first, last),), "A1": ((last, None),)})
    inside = pd.DataFrame(market.members(), index=market.dates)
    assert inside.iloc[4].tolist() == [False, False, False]
    assert inside.loc[first].tolist() == [True, False, False]
    assert inside.loc[last].tolist() == [True, True, False]
    assert inside.iloc[10].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("freq", "periods"),
    [("B", 252), ("D", 365), ("W-FRI", 52), ("ME", 12), ("MS", 12), ("QE", 4), ("YE", 1)],
)
def test_the_periods_of_a_year_are_told_from_the_dates(freq, periods):
    dates = pd.date_range("2000-01-03", periods=60, freq=freq)
    assert infer_periods_per_year(dates) == periods
    assert bl.MarketData(make_prices(0, 60, 2, freq=freq)).periods_per_year == periods


def test_holidays_do_not_change_the_periods_of_a_year():
    rng = np.random.default_rng(0)
    dates = pd.bdate_range("2000-01-03", periods=300)
    assert infer_periods_per_year(dates[rng.random(300) > 0.1]) == 252


def test_intraday_prices_are_refused_unless_the_period_is_given():
    hourly = make_prices(0, 60, 2, freq="h")
    with pytest.raises(DataError, match="resample"):
        bl.MarketData(hourly)
    assert bl.MarketData(hourly, periods_per_year=8760).periods_per_year == 8760


@pytest.mark.parametrize("periods", [0, -1, float("nan")])
def test_periods_per_year_must_be_above_zero(prices, periods):
    with pytest.raises(DataError, match="above 0"):
        bl.MarketData(prices, periods_per_year=periods)


@given(seed=st.integers(0, 2**32 - 1), freq=st.sampled_from(["B", "W-FRI", "ME", "QE", "YE"]))
@settings(max_examples=40)
def test_growth_of_one_reproduces_the_returns(seed, freq):
    prices = make_prices(seed, 30, 3, freq=freq)
    returns = prices.pct_change().iloc[1:]
    rates = pd.Series(np.linspace(0, 0.01, 29), index=returns.index)
    market = bl.MarketData.from_returns(returns, risk_free=rates)
    np.testing.assert_allclose(
        market.prices.pct_change().iloc[1:].to_numpy(), returns.to_numpy(), rtol=0, atol=1e-13
    )
    assert (market.prices.iloc[0] == 1).all()
    np.testing.assert_array_equal(market.dates[1:], returns.index)
    assert market.dates[0] < returns.index[0]
    np.testing.assert_array_equal(market.risk_free.iloc[1:], rates)


@pytest.mark.parametrize("value", [-1.0, -2.0, np.nan, np.inf])
def test_an_impossible_return_is_refused_by_name_and_date(prices, value):
    returns = with_value(prices.pct_change().iloc[1:], 4, 2, value)
    with pytest.raises(DataError, match=rf"'A2' has .*{returns.index[4].date()}"):
        bl.MarketData.from_returns(returns)


@given(lag=st.integers(0, 90), day=st.integers(0, 400))
@settings(max_examples=50)
def test_a_macro_value_is_known_only_once_published(lag, day):
    dates = pd.date_range("2000-01-31", periods=12, freq="ME")
    series = MacroSeries(pd.Series(np.arange(12.0), index=dates), pd.Timedelta(days=lag))
    as_of = dates[0] + pd.Timedelta(days=day)
    known = series.known_at(as_of)
    expected = sum((as_of - date).days >= lag for date in dates)
    assert known.tolist() == list(range(expected))


def test_part_of_the_assets_and_dates_can_be_cut_out_with_replace(prices):
    rates = pd.Series(1e-4, index=prices.index)
    whole = bl.MarketData(prices, high=prices * 1.1, volume=prices, risk_free=rates)
    part = dataclasses.replace(whole, prices=whole.prices[["A2", "A0"]].iloc[3:])
    assert part.assets == ("A2", "A0")
    np.testing.assert_allclose(part.high, part.prices * 1.1)
    assert part.risk_free.index.equals(part.prices.index)


def test_a_risk_free_rate_of_other_dates_does_not_fit_returns(prices):
    returns = prices.pct_change().iloc[1:]
    late = pd.Series(0.0, index=returns.index + pd.Timedelta(days=4000))
    for rates in (late, late.iloc[:5], 0.0001):
        with pytest.raises(DataError, match="`risk_free` must"):
            bl.MarketData.from_returns(returns, risk_free=rates)
