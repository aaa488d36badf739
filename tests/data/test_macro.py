"""When a macro-economic value is known, until when it is valid, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from helpers import dev_data, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.data import MacroSeries
from blportfolio.errors import DataError

DAY = pd.Timedelta(days=1)
MONTHS = pd.date_range("2000-01-01", periods=24, freq="MS")


def monthly(lag=35, **kwargs):
    return MacroSeries(pd.Series(np.arange(24.0), index=MONTHS), lag * DAY, **kwargs)


@given(
    seed=st.integers(0, 2**32 - 1),
    lag=st.integers(0, 60),
    age=st.one_of(st.none(), st.integers(0, 120)),
)
@settings(max_examples=50)
def test_a_value_is_used_from_its_publication_until_its_age_ends(seed, lag, age):
    """Date by date, from the rule as it is written down."""
    rng = np.random.default_rng(seed)
    gaps = rng.choice([1, 1, 1, 3, 30, 31], size=30)
    dates = pd.Timestamp("2000-01-03") + pd.to_timedelta(np.cumsum(gaps), unit="D")
    series = MacroSeries(
        pd.Series(rng.normal(size=30), index=dates), lag * DAY, None if age is None else age * DAY
    )
    days = pd.date_range("2000-01-01", dates[-1] + 300 * DAY)
    found = series.at(days)
    for day, value in zip(days, found, strict=True):
        published = [i for i in range(30) if dates[i] + lag * DAY <= day]
        expected = np.nan
        if published:
            i = published[-1]
            past = (dates[1 : i + 1] - dates[:i]).days[-21:]
            span = 3 * np.median(past) if age is None and i else age
            if span is not None and day <= dates[i] + lag * DAY + span * DAY:
                expected = series.values.iloc[i]
        np.testing.assert_equal(value, expected)


def test_a_month_labelled_by_its_first_day_is_known_after_it_has_ended():
    series = monthly()
    at = series.at(pd.DatetimeIndex(["2000-03-31", "2000-04-04", "2000-04-05", "2000-05-05"]))
    np.testing.assert_array_equal(at, [1.0, 1.0, 2.0, 2.0])


def test_the_last_value_goes_after_three_periods_unless_told_otherwise():
    last = MONTHS[-1] + 35 * DAY
    days = last + pd.to_timedelta([0, 93, 94, 120, 121], unit="D")
    np.testing.assert_array_equal(monthly().at(days), [23, 23, np.nan, np.nan, np.nan])
    longer = monthly(max_age=120 * DAY)
    np.testing.assert_array_equal(longer.at(days), [23, 23, 23, 23, np.nan])
    np.testing.assert_array_equal(longer.at(days, 93 * DAY), monthly().at(days))


def test_a_period_is_told_from_past_dates_only():
    """A series that turns from quarterly to daily must not shorten the life of its past."""
    quarters = pd.date_range("1990-03-31", periods=12, freq="QE")
    later = pd.bdate_range(quarters[-1] + DAY, periods=400)
    both = pd.Series(1.0, index=quarters.append(later))
    past, full = MacroSeries(both.iloc[:12], 0 * DAY), MacroSeries(both, 0 * DAY)
    assert pd.isna(full.valid_until()[0])
    pd.testing.assert_index_equal(full.valid_until()[1:12], past.valid_until()[1:])
    assert full.valid_until()[-1] == later[-1] + 3 * DAY


def test_one_value_tells_no_period():
    days = pd.DatetimeIndex(["2000-01-01", "2000-01-02"])
    one = pd.Series([7.0], index=days[:1])
    assert np.isnan(MacroSeries(one, 0 * DAY).at(days)).all()
    np.testing.assert_array_equal(MacroSeries(one, 0 * DAY, DAY).at(days), 7.0)


def test_a_holiday_neither_ends_the_day_before_nor_shows_the_day_after():
    days = pd.bdate_range("2000-01-03", periods=10)
    values = pd.Series(np.arange(10.0), index=days)
    values.iloc[6] = np.nan
    series = MacroSeries(values, 0 * DAY)
    np.testing.assert_array_equal(series.at(days), [np.nan, 1, 2, 3, 4, 5, 5, 7, 8, 9])
    assert len(series.values) == 9
    assert series.known_at(days[6]).iloc[-1] == 5.0


@given(cut=st.integers(3, 23), lag=st.integers(0, 60))
@settings(max_examples=40)
def test_no_later_value_changes_what_was_known(cut, lag):
    full = monthly(lag)
    part = MacroSeries(full.values.iloc[:cut], lag * DAY)
    days = pd.date_range(MONTHS[1], MONTHS[cut] + (lag - 1) * DAY)
    np.testing.assert_array_equal(part.at(days), full.at(days))


def test_the_callers_series_can_change_without_changing_ours():
    values = pd.Series(np.arange(24.0), index=MONTHS)
    series = MacroSeries(values, 0 * DAY)
    values.iloc[:] = -1.0
    assert series.values.iloc[-1] == 23.0


def test_a_time_zone_is_dropped_and_the_local_date_kept():
    zoned = pd.Series(np.arange(24.0), index=MONTHS.tz_localize("America/New_York"))
    assert MacroSeries(zoned, 0 * DAY).values.index.equals(MONTHS)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (np.arange(24.0), "must be a Series by date, got ndarray"),
        (pd.Series(np.arange(24.0)), "DatetimeIndex"),
        (pd.Series(np.arange(24.0), index=MONTHS[::-1]), "sorted by date"),
        (pd.Series([1.0, 2.0], index=[MONTHS[0]] * 2), "2000-01-01 twice"),
        (pd.Series([1.0, np.inf], index=MONTHS[:2]), "must be finite, got inf on 2000-02-01"),
        (pd.Series(["a", "b"], index=MONTHS[:2]), "numbers only"),
        (pd.Series([np.nan, None], index=MONTHS[:2]), "one value at least"),
        (pd.Series([], index=MONTHS[:0], dtype=float), "one value at least"),
    ],
    ids=["array", "no dates", "unsorted", "twice", "infinite", "text", "missing", "empty"],
)
def test_values_that_are_no_series_of_numbers_by_date_are_refused(values, match):
    with pytest.raises(DataError, match=match):
        MacroSeries(values, 0 * DAY)


@pytest.mark.parametrize("name", ["publication_lag", "max_age"])
@pytest.mark.parametrize("span", [35, "35", 35.0, pd.NaT])
def test_a_span_without_a_unit_is_refused(name, span):
    spans = {"publication_lag": DAY} | {name: span}
    with pytest.raises(DataError, match=f"`{name}` must be a span of time"):
        MacroSeries(pd.Series(1.0, index=MONTHS), **spans)


@pytest.mark.parametrize("name", ["publication_lag", "max_age"])
def test_a_negative_span_would_look_ahead_and_is_refused(name):
    spans = {"publication_lag": DAY} | {name: -DAY}
    with pytest.raises(DataError, match=f"`{name}` must be 0 or more"):
        MacroSeries(pd.Series(1.0, index=MONTHS), **spans)


@pytest.mark.parametrize(
    ("macro", "match"),
    [
        ([monthly()], "`macro` must map names to MacroSeries, got list"),
        ({"cpi": monthly().values}, "got Series for 'cpi'"),
        ({"": monthly()}, "empty label"),
    ],
)
def test_a_market_takes_macro_series_by_name_only(macro, match):
    with pytest.raises(DataError, match=match):
        bl.MarketData(make_prices(0, 40, 2), macro=macro)


def test_a_market_keeps_its_own_mapping_of_macro_series():
    macro = {"cpi": monthly()}
    market = bl.MarketData(make_prices(0, 40, 2), macro=macro)
    macro.clear()
    assert list(market.macro) == ["cpi"]


def test_fred_months_are_known_in_the_month_after_and_vix_on_its_day():
    """FRED labels a month by its first day: the lag counts from there."""
    fred = pd.read_csv(dev_data("macro_monthly_fred_1970_2026.csv"), index_col=0, parse_dates=True)
    baa, cpi = MacroSeries(fred["BAA"], 35 * DAY), MacroSeries(fred["CPIAUCSL"], 55 * DAY)
    for date in pd.bdate_range("2000-01-03", "2024-12-31", freq="BME"):
        yields, prices = baa.known_at(date).index[-1], cpi.known_at(date).index[-1]
        assert yields == (date.to_period("M") - 1).to_timestamp()
        # The index of the month before is out by the 25th of this one.
        assert prices == (date.to_period("M") - 1).to_timestamp()
        assert cpi.known_at(date.replace(day=20)).index[-1] < prices
    assert pd.Timestamp("2025-10-01") not in cpi.values.index
    shutdown = pd.DatetimeIndex(["2025-12-20", "2026-01-20"])
    september_then_november = fred["CPIAUCSL"].loc[["2025-09-01", "2025-11-01"]]
    np.testing.assert_array_equal(cpi.at(shutdown), september_then_november)


def test_the_vix_is_valid_on_every_trading_day(sample_market):
    daily = pd.read_csv(dev_data("macro_daily_1990_2026.csv.gz"), index_col=0, parse_dates=True)
    vix = MacroSeries(daily["VIX"] / 100, 0 * DAY)
    values = vix.at(sample_market.dates)
    assert np.isnan(values[:1]).all()
    assert not np.isnan(values[1:]).any()
    same_day = (daily["VIX"] / 100).reindex(sample_market.dates)
    known = same_day.notna().to_numpy() & ~np.isnan(values)
    np.testing.assert_array_equal(values[known], same_day[known])
    assert known.mean() > 0.99
