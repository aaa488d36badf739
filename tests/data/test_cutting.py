import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError

FREQUENCIES = {"weekly": ("W", 52), "monthly": ("ME", 12), "quarterly": ("QE", 4)}


def with_bars(prices, **more):
    volume = pd.DataFrame(1.0, prices.index, prices.columns).where(prices.notna())
    return bl.MarketData(
        prices, open=prices * 0.99, high=prices * 1.02, low=prices * 0.97, volume=volume, **more
    )


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_bars_of_a_period_are_those_of_pandas_resampling(frequency):
    market = with_bars(make_prices(0, 700, 3))
    code, periods = FREQUENCIES[frequency]
    lower = market.to_frequency(frequency)
    n = len(lower.dates)
    assert lower.periods_per_year == periods
    for name, how in {
        "prices": "last", "open": "first", "high": "max", "low": "min", "volume": "sum",
    }.items():  # fmt: skip
        expected = getattr(getattr(market, name).resample(code), how)()
        np.testing.assert_array_equal(getattr(lower, name), expected.iloc[:n])
        assert len(expected) - n in (0, 1)


def test_a_period_is_labelled_by_its_last_date_in_the_data():
    prices = make_prices(1, 80, 1, start="2024-03-01")
    prices = prices.drop(pd.Timestamp("2024-03-29"))  # Good Friday
    monthly = bl.MarketData(prices).to_frequency("monthly")
    assert monthly.dates[0] == pd.Timestamp("2024-03-28")


@pytest.mark.parametrize("frequency", FREQUENCIES)
@given(cut=st.integers(150, 399), seed=st.integers(0, 50), ends=st.integers(120, 420))
@settings(max_examples=25)
def test_a_lower_frequency_knows_no_future(frequency, cut, seed, ends):
    """Deleting the future takes periods away and changes none."""
    prices = make_prices(seed, 400, 3)
    prices.iloc[ends:, 1] = np.nan
    whole = bl.MarketData(prices).to_frequency(frequency)
    part = bl.MarketData(prices.iloc[:cut]).to_frequency(frequency)
    n = len(part.dates)
    pd.testing.assert_frame_equal(part.prices, whole.prices.iloc[:n], check_freq=False)
    np.testing.assert_array_equal(part.members(), whole.members()[:n])
    assert part.dates[-1] <= prices.index[cut - 1]


def test_returns_compound_to_the_same_wealth_at_any_frequency():
    market = make_market(2, 600, 4)
    daily = market.returns()
    for frequency in FREQUENCIES:
        lower = market.to_frequency(frequency)
        span = (daily.index > lower.dates[0]) & (daily.index <= lower.dates[-1])
        np.testing.assert_allclose(
            (1 + lower.returns()).prod(), (1 + daily[span]).prod(), rtol=1e-12
        )


def test_the_risk_free_rate_compounds():
    prices = make_prices(3, 300, 2)
    rates = pd.Series(np.linspace(0, 3e-4, 300), index=prices.index)
    lower = bl.MarketData(prices, risk_free=rates).to_frequency("monthly")
    span = (prices.index > lower.dates[0]) & (prices.index <= lower.dates[-1])
    assert np.prod(1 + lower.risk_free) == pytest.approx(np.prod(1 + rates[span]), rel=1e-12)
    assert lower.risk_free.iloc[0] == 0


def test_what_an_asset_lost_before_it_vanished_counts_and_it_cannot_be_bought_afterwards():
    prices = make_prices(4, 300, 3)
    prices.iloc[140, 1] *= 0.1
    prices.iloc[141:, 1] = np.nan
    assert prices.index[140].month == prices.index[145].month
    lower = bl.MarketData(prices).to_frequency("monthly")
    at = lower.dates.searchsorted(prices.index[140])
    assert lower.prices.iloc[at, 1] == prices.iloc[140, 1]
    assert not lower.members()[at, 1]
    assert lower.members()[at - 1].all()
    assert lower.members()[:, [0, 2]].all()
    result = bl.run_backtest(
        bl.Strategy("e", objective=bl.EqualWeight(), lookback=3, rebalance=1), lower
    )
    assert result.weights.loc[lower.dates[at], "A1"] == 0
    assert result.drifted_weights.loc[lower.dates[at], "A1"] < 0.1


def test_an_unfinished_period_is_left_out_and_said():
    prices = make_prices(5, 60, 2, start="2024-01-01")  # to 2024-03-22
    lower = bl.MarketData(prices).to_frequency("monthly")
    assert [str(d.date()) for d in lower.dates] == ["2024-01-31", "2024-02-29"]
    assert lower.notes[-1] == "Left out the last 16 dates: their period is not over."


def test_a_period_of_data_that_trade_at_weekends_ends_at_its_last_day():
    prices = make_prices(6, 59, 2, freq="D", start="2024-01-01")  # to Wednesday 2024-02-28
    assert len(bl.MarketData(prices).to_frequency("weekly").dates) == 8
    longer = make_prices(6, 63, 2, freq="D", start="2024-01-01")  # to Sunday 2024-03-03
    assert len(bl.MarketData(longer).to_frequency("weekly").dates) == 9


def test_a_frequency_that_is_not_lower_is_refused(industries):
    with pytest.raises(DataError, match="must be lower"):
        industries.to_frequency("monthly")
    with pytest.raises(ConfigError, match="frequency"):
        industries.to_frequency("hourly")
    with pytest.raises(DataError, match="fewer than two whole"):
        make_market(7, 30, 2).to_frequency("quarterly")


def test_log_and_simple_returns_agree(sample_market):
    simple, log = sample_market.returns(), sample_market.returns("log")
    np.testing.assert_allclose(np.expm1(log), simple, atol=1e-15)
    pd.testing.assert_frame_equal(
        simple, sample_market.prices.pct_change().iloc[1:], check_exact=False, rtol=1e-12
    )


def test_excess_returns_subtract_the_rate_of_the_same_kind(industries):
    rates = industries.risk_free.iloc[1:]
    np.testing.assert_allclose(
        industries.returns(excess=True), industries.returns().sub(rates, axis=0), atol=1e-16
    )
    np.testing.assert_allclose(
        np.exp(industries.returns("log", excess=True)),
        (1 + industries.returns()).div(1 + rates, axis=0),
        rtol=1e-12,
    )


def test_returns_that_cannot_be_made_are_refused(sample_market):
    with pytest.raises(DataError, match="with_risk_free"):
        sample_market.returns(excess=True)
    with pytest.raises(ConfigError, match="kind"):
        sample_market.returns("geometric")


def test_a_yield_becomes_the_rate_known_at_the_beginning_of_each_period(sample_market):
    market = sample_market.between("1990-02-01", "2017-03-29")
    bill = bl.load_macro("us_treasury")["treasury_3m"]
    rates = market.with_risk_free(bill).risk_free
    day = pd.Timestamp("2007-07-02")  # a Monday: three days after Friday's close
    friday = pd.Timestamp("2007-06-29")
    assert rates[day] == pytest.approx(bill.known_at(friday).iloc[-1] * 3 / 365, rel=1e-12)
    shorter = market.between(None, friday).with_risk_free(bill).risk_free
    pd.testing.assert_series_equal(shorter, rates[:friday])
    yearly = (1 + rates).groupby(rates.index.year).prod() - 1
    # Kenneth French's one-month bill, compounded: near the three-month yield.
    french = bl.load_dataset("industries_12").risk_free
    compare = (1 + french).groupby(french.index.year).prod() - 1
    assert (yearly - compare).loc[1991:2015].abs().max() < 0.011
    with pytest.raises(DataError, match="no valid value"):
        sample_market.with_risk_free(bill)
    with pytest.raises(DataError, match="MacroSeries"):
        market.with_risk_free(rates)


def test_a_span_of_dates_keeps_everything_else(sample_market):
    part = sample_market.between("2000-01-01", "2000-12-31")
    assert str(part.dates[0].date()) == "2000-01-03"
    assert str(part.dates[-1].date()) == "2000-12-29"
    pd.testing.assert_frame_equal(part.prices, sample_market.prices.loc["2000"])
    assert part.macro is sample_market.macro
    assert part.sources == sample_market.sources


def test_assets_not_listed_in_a_span_are_left_out_by_name():
    prices = make_prices(8, 200, 3)
    prices.iloc[:120, 2] = np.nan
    day = prices.index
    membership = dict.fromkeys(prices, ((day[0], None),))
    market = with_bars(prices, membership=membership)
    part = market.between(None, day[100])
    assert part.assets == ("A0", "A1")
    assert set(part.membership) == {"A0", "A1"}
    assert "Left out A2" in part.notes[-1]
    with pytest.raises(DataError, match="fewer than two dates"):
        market.between("2030-01-01")
    with pytest.raises(DataError, match="`start`"):
        market.between("soon")


def test_lifetimes_flag_survivors():
    prices = make_prices(9, 50, 3)
    prices.iloc[:10, 1] = np.nan
    prices.iloc[30:, 2] = np.nan
    day = prices.index
    membership = {"A0": ((day[5], day[9]),), "A1": ((day[0], None),)}
    lives = bl.MarketData(prices, membership=membership).lifetimes()
    assert lives["survives"].tolist() == [True, True, False]
    assert lives["first"].tolist() == [day[0], day[10], day[0]]
    assert lives["last"].tolist() == [day[49], day[49], day[29]]
    assert lives["n_member_dates"].tolist() == [5, 40, 0]
