"""Macro features: what they are, when they go missing, and what is said then."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import dev_data, make_market, make_prices

import blportfolio as bl
from blportfolio.data import MacroSeries
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import (
    FEATURES,
    RSI,
    VIX,
    CreditSpread,
    FeatureChoice,
    Inflation,
    ShortRate,
    TermSpread,
    build_panel,
    choose_features,
    missing_features,
    missing_since,
)

DAY = pd.Timedelta(days=1)
dates = pd.bdate_range("2000-01-03", periods=320)
NAMES = ["credit_spread", "inflation", "short_rate", "term_spread", "vix"]


def daily(values, index=dates, lag=0, **kwargs):
    return MacroSeries(pd.Series(values, index=index, dtype=float), lag * DAY, **kwargs)


def market_with(**macro):
    return make_market(1, macro=macro)


def column(feature, market):
    (frame,) = feature.compute(market).values()
    for asset in frame:
        np.testing.assert_array_equal(frame[asset], frame["A0"])
    return frame["A0"]


def test_the_spreads_are_differences_of_the_same_reference_date():
    rng = np.random.default_rng(0)
    high, low = rng.uniform(0.04, 0.08, 320), rng.uniform(0.01, 0.04, 320)
    low[100] = np.nan
    market = market_with(
        treasury_10y=daily(high, lag=2),
        treasury_2y=daily(low, lag=1),
        moodys_baa=daily(high),
        moodys_aaa=daily(low),
    )
    credit = column(CreditSpread(), market)
    expected = high - low
    expected[[0, 100]] = np.nan, expected[99]
    np.testing.assert_allclose(credit, expected, rtol=1e-12)
    # Known when the later of the two is: two days on, a weekend apart.
    term = column(TermSpread(), market)
    for row in range(10, 90):
        last = dates[dates <= dates[row] - 2 * DAY][-1]
        assert term.iloc[row] == pytest.approx(expected[dates.get_loc(last)], rel=1e-12)


def test_a_rate_and_the_vix_are_levels():
    values = np.linspace(0.01, 0.05, 320)
    market = market_with(treasury_3m=daily(values), vix=daily(4 * values))
    np.testing.assert_array_equal(column(ShortRate(), market).iloc[1:], values[1:])
    np.testing.assert_array_equal(column(VIX(), market).iloc[1:], 4 * values[1:])


def test_inflation_is_the_change_over_twelve_months():
    months = pd.date_range("1998-01-01", "2001-06-01", freq="MS")
    index = 100 * 1.002 ** np.arange(len(months))
    index[30:] *= 1.01
    market = market_with(cpi=daily(index, months, lag=50))
    found = column(Inflation(), market)
    assert found.notna().all()
    for date, value in found.items():
        i = np.flatnonzero(months + 50 * DAY <= date)[-1]
        assert value == pytest.approx(index[i] / index[i - 12] - 1, rel=1e-12)


def test_a_month_without_an_index_leaves_the_inflation_of_the_month_before():
    months = pd.date_range("1998-01-31", "2001-06-30", freq="ME")
    index = pd.Series(100 * 1.002 ** np.arange(len(months)), index=months)
    index["1999-03-31"] *= 1.5
    gap = index.drop(pd.Timestamp("2000-06-30"))
    market = market_with(cpi=MacroSeries(gap, 20 * DAY))
    found = column(Inflation(), market)
    whole = column(Inflation(), market_with(cpi=MacroSeries(index, 20 * DAY)))
    gone = (found.index >= "2000-07-20") & (found.index < "2000-08-20")
    np.testing.assert_array_equal(found[~gone], whole[~gone])
    np.testing.assert_array_equal(found[gone], whole["2000-07-19"])


def test_inflation_needs_a_price_index_of_months():
    with pytest.raises(DataError, match="one value a month at most; 'cpi' has two in 2000-01"):
        Inflation().compute(market_with(cpi=daily(np.full(320, 100.0))))
    months = pd.date_range("1998-01-31", periods=40, freq="ME")
    with pytest.raises(DataError, match=r"'cpi' has -0\.01.*Give the index itself"):
        Inflation().compute(market_with(cpi=daily(np.full(40, -0.01), months)))


def test_less_than_a_year_of_prices_gives_no_inflation():
    months = pd.date_range("2000-01-31", periods=12, freq="ME")
    market = market_with(cpi=daily(np.arange(100.0, 112), months))
    assert column(Inflation(), market).isna().all()


def test_a_feature_goes_missing_when_its_series_has_ended():
    market = market_with(treasury_3m=daily(np.full(200, 0.05), dates[:200]))
    rate = column(ShortRate(), market)
    last = dates[199]
    assert rate.iloc[1:200].notna().all()
    np.testing.assert_array_equal(rate.iloc[200:].notna(), dates[200:] <= last + 3 * DAY)
    longer = column(ShortRate(max_age_days=30), market)
    np.testing.assert_array_equal(longer.iloc[200:].notna(), dates[200:] <= last + 30 * DAY)
    of_series = daily(np.full(200, 0.05), dates[:200], max_age=30 * DAY)
    np.testing.assert_array_equal(
        column(ShortRate(), market_with(treasury_3m=of_series)).iloc[1:], longer.iloc[1:]
    )


def test_a_spread_lasts_as_long_as_the_shorter_of_its_series():
    values = np.full(200, 0.05)
    long = daily(values, dates[:200], max_age=40 * DAY)
    short = daily(values / 2, dates[:200], max_age=10 * DAY)
    spread = column(TermSpread(), market_with(treasury_10y=long, treasury_2y=short))
    expected = dates[200:] <= dates[199] + 10 * DAY
    np.testing.assert_array_equal(spread.iloc[200:].notna(), expected)


@pytest.mark.parametrize("aged", ["treasury_10y", "treasury_2y"])
def test_a_spread_of_a_daily_series_lasts_three_days_however_long_the_other_does(aged):
    values = np.full(200, 0.05)
    series = {name: daily(values, dates[:200]) for name in ("treasury_10y", "treasury_2y")}
    plain = column(TermSpread(), market_with(**series))
    series[aged] = daily(values, dates[:200], max_age=365 * DAY)
    spread = column(TermSpread(), market_with(**series))
    np.testing.assert_array_equal(spread.iloc[200:].notna(), dates[200:] <= dates[199] + 3 * DAY)
    np.testing.assert_array_equal(spread.iloc[10:], plain.iloc[10:])
    both = {name: daily(values, dates[:200], max_age=365 * DAY) for name in series}
    assert column(TermSpread(), market_with(**both)).iloc[1:].notna().all()
    longer = column(TermSpread(max_age_days=30), market_with(**series))
    np.testing.assert_array_equal(longer.iloc[200:].notna(), dates[200:] <= dates[199] + 30 * DAY)


@pytest.mark.parametrize("aged", ["treasury_10y", "treasury_2y"])
def test_a_spread_with_a_series_of_one_value_is_no_error(aged):
    series = {name: daily([0.05], dates[:1]) for name in ("treasury_10y", "treasury_2y")}
    series[aged] = daily([0.05], dates[:1], max_age=30 * DAY)
    found = column(TermSpread(), market_with(**series)).notna()
    other = {"treasury_10y": "treasury_2y", "treasury_2y": "treasury_10y"}
    swapped = {name: series[other[name]] for name in series}
    np.testing.assert_array_equal(found, column(TermSpread(), market_with(**swapped)).notna())


def test_a_macro_series_is_made_from_the_package():
    assert bl.MacroSeries is MacroSeries
    assert "MacroSeries" in bl.__all__


def test_series_without_a_common_date_have_no_spread():
    market = market_with(
        treasury_10y=daily(np.ones(50), dates[:50]), treasury_2y=daily(np.ones(50), dates[50:100])
    )
    with pytest.raises(DataError, match="'treasury_10y' and 'treasury_2y' have none in common"):
        TermSpread().compute(market)


def test_the_series_may_have_other_names():
    market = market_with(eurozone_10y=daily(np.full(320, 0.03)), estr=daily(np.full(320, 0.01)))
    spread = column(TermSpread(long="eurozone_10y", short="estr"), market)
    np.testing.assert_allclose(spread.iloc[1:], 0.02, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_market_without_macro_series_is_told_which_one_is_needed(name):
    series = FEATURES[name]().needs[0].removeprefix("macro.")
    bare = make_market(1, name="bare")
    message = f"'{name}' needs the macro series '{series}', which 'bare' lacks. It has no macro"
    with pytest.raises(DataError, match=message):
        build_panel(bare, choose_features([name]))
    with pytest.raises(DataError, match=message):
        FEATURES[name]().compute(bare)
    optional = FeatureChoice(FEATURES[name](), name, optional=True)
    panel, notes = build_panel(bare, [optional, FeatureChoice(RSI(), "rsi")])
    assert panel.names == ("rsi_14",)
    assert notes == (f"Feature '{name}' needs the macro series '{series}', which 'bare' lacks; it "
                     "was skipped.",)  # fmt: skip


def test_a_series_that_is_misspelt_is_answered_with_the_nearest():
    market = market_with(treasury_10y=daily(np.ones(320)), treasury_2y=daily(np.ones(320)))
    choice = FeatureChoice(TermSpread(long="tresury_10y"), "term_spread")
    with pytest.raises(DataError, match=r"'tresury_10y'.*Did you mean 'treasury_10y'\?"):
        build_panel(market, [choice])


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: TermSpread(long=""), "long"),
        (lambda: TermSpread(short=None), "short"),
        (lambda: CreditSpread(risky=3), "risky"),
        (lambda: CreditSpread(safe=""), "safe"),
        (lambda: VIX(""), "series"),
        (lambda: ShortRate(max_age_days=0), "max_age_days"),
        (lambda: Inflation(max_age_days=-1.0), "max_age_days"),
        (lambda: VIX(max_age_days="9"), "max_age_days"),
    ],
)
def test_a_bad_parameter_is_named(make, field):
    with pytest.raises(ConfigError, match=f"`{field}`"):
        make()


def test_a_window_takes_macro_features_by_name(sample_market):
    names = ["term_spread", "credit_spread", "short_rate", "bollinger_bands"]
    window = bl.make_window(sample_market, "2010-06-30", 120, names)
    assert window.features.names[:3] == ("term_spread", "credit_spread", "short_rate")
    macro = sample_market.macro
    last = window.features.values[-1, 0]
    day, month = pd.Timestamp("2010-06-29"), pd.Timestamp("2010-05-31")
    ten, two = macro["treasury_10y"].values[day], macro["treasury_2y"].values[day]
    risky, safe = macro["moodys_baa"].values[month], macro["moodys_aaa"].values[month]
    assert list(last[:3]) == [ten - two, risky - safe, macro["treasury_3m"].values[day]]


def test_a_window_shows_of_each_series_what_was_published_then(sample_market):
    window = bl.make_window(sample_market, "2010-06-30", 60)
    assert list(window.macro) == list(sample_market.macro)
    for name, series in sample_market.macro.items():
        known = series.known_at(pd.Timestamp("2010-06-30"))
        pd.testing.assert_series_equal(
            window.macro[name].dropna(), known, check_freq=False, check_names=False
        )


def test_monthly_returns_take_macro_features_too(industries):
    panel, _ = build_panel(industries, choose_features(["credit_spread", "term_spread"]))
    known = ~np.isnan(panel.values[:, 0])
    assert known[:, 0].all()
    assert panel.index[known[:, 1]][0] == pd.Timestamp("1990-01-31")
    assert known[panel.index >= "1990-01-31"].all()


def test_the_features_that_no_asset_has_are_named():
    values = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan]])
    assert missing_features(values, ("a", "b", "c")) == ("c",)
    assert missing_features(np.full((2, 2), np.nan), ("a", "b")) == ("a", "b")
    assert missing_features(np.empty((0, 2)), ("a", "b")) == ()
    assert missing_features(np.empty((3, 0)), ()) == ()


def test_a_backtest_can_say_since_when_a_macro_feature_has_been_missing(sample_market):
    panel, _ = build_panel(sample_market, choose_features(["term_spread", "credit_spread", "rsi"]))

    def at(day):
        return missing_since(panel, sample_market.dates.get_loc(day))

    first_missing = {"term_spread": pd.Timestamp("2017-04-03")}
    assert at("2017-03-31") == {}
    assert at("2017-04-03") == first_missing
    assert at("2019-04-08") == first_missing
    assert at("2019-04-09") == first_missing | {"credit_spread": pd.Timestamp("2019-04-09")}
    assert at("2022-12-28") == at("2019-04-09")
    assert missing_since(panel, 0) == {"term_spread": None, "rsi_14": None}


def test_a_spell_that_ended_does_not_count():
    values = np.where((dates > dates[50]) & (dates < dates[90]), np.nan, 0.05)
    panel, _ = build_panel(market_with(vix=daily(values)), choose_features(["vix"]))
    assert missing_since(panel, 60) == {"vix": dates[dates > dates[50] + 3 * DAY][0]}
    assert missing_since(panel, 200) == {}


def test_the_packaged_credit_spread_is_that_of_fred(industries):
    fred = pd.read_csv(dev_data("macro_monthly_fred_1970_2026.csv"), index_col=0, parse_dates=True)
    last = {name: series.values for name, series in industries.macro.items()}
    spread = last["moodys_baa"] - last["moodys_aaa"]
    ours = spread.set_axis(spread.index.to_period("M"))
    theirs = ((fred["BAA"] - fred["AAA"]) / 100).set_axis(fred.index.to_period("M"))
    both = ours.index.intersection(theirs.index)
    assert len(both) == 588
    np.testing.assert_allclose(ours[both], theirs[both], atol=1e-12)
    # In the feature, each month's decision has the average of the month before.
    feature = CreditSpread().compute(industries)["credit_spread"]["NoDur"]["1970-02":]
    before = feature.index.to_period("M") - 1
    np.testing.assert_allclose(feature, theirs[before], atol=1e-12)


def test_the_packaged_term_spread_is_that_of_fred(sample_market):
    daily_fred = pd.read_csv(
        dev_data("macro_daily_1990_2026.csv.gz"), index_col=0, parse_dates=True
    )
    theirs = daily_fred["T10Y2Y"].dropna() / 100
    feature = TermSpread().compute(sample_market)["term_spread"]["KO"].dropna()
    feature = feature[:"2017-03-30"]  # on the 31st, FRED has one day more
    assert len(feature) > 6800
    # The value of a day is known the next; the last one before each date is what FRED has.
    position = theirs.index.searchsorted(feature.index) - 1
    np.testing.assert_allclose(feature, theirs.iloc[position], atol=1e-12)


def test_freds_other_series_make_the_remaining_features(sample_market):
    monthly = pd.read_csv(
        dev_data("macro_monthly_fred_1970_2026.csv"), index_col=0, parse_dates=True
    )
    days = pd.read_csv(dev_data("macro_daily_1990_2026.csv.gz"), index_col=0, parse_dates=True)
    macro = {
        "cpi": MacroSeries(monthly["CPIAUCSL"], 55 * DAY),
        "vix": MacroSeries(days["VIX"] / 100, 0 * DAY),
        "treasury_3m": MacroSeries(days["DGS3MO"] / 100, DAY),
    }
    market = replace(sample_market, macro=macro)
    window = bl.make_window(market, "2020-03-31", 60, ["inflation", "vix", "short_rate"])
    inflation, vix, rate = window.features.values[-1, 0]
    assert inflation == pytest.approx(0.023, abs=5e-4)  # February 2020, as reported: 2.3 %
    assert vix == pytest.approx(0.5354)  # the VIX closed at 53.54 on 31 March 2020
    assert rate == pytest.approx(0.0012, abs=2e-4)
    assert np.isfinite(window.features.values).all()


def test_macro_features_stop_no_price_feature():
    """A series that has ended leaves the other columns of the panel alone."""
    macro = {"vix": daily(np.full(50, 0.2), dates[:50])}
    with_macro, _ = build_panel(
        bl.MarketData(make_prices(1), macro=macro), choose_features(["vix", "rsi"])
    )
    alone, _ = build_panel(make_market(1), choose_features(["rsi"]))
    np.testing.assert_array_equal(with_macro.values[:, :, 1], alone.values[:, :, 0])
