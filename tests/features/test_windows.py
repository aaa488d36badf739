"""Cutting windows: who is eligible, what may be seen, and what goes wrong."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import FEATURES, WindowMaker, default_lookback

PRICE_FEATURES = [name for name, feature in FEATURES.items() if feature.requires == ("prices",)]


def brute_force_eligible(market, row, lookback):
    """Apply the documented rule to one date, asset by asset."""
    date = market.dates[row]
    chosen = []
    for asset in market.assets:
        last = market.prices[asset].iloc[max(row - lookback, 0) : row + 1].to_numpy()
        changes = last[1:] / last[:-1] - 1
        spans = (market.membership or {asset: [(market.dates[0], None)]}).get(asset, ())
        member = any(a <= date and (b is None or date <= b) for a, b in spans)
        enough = len(last) == lookback + 1 and np.isfinite(last).all()
        if enough and member and len(set(changes)) > 1:
            chosen.append(asset)
    return chosen


@pytest.fixture(scope="module")
def ragged():
    """A1 is listed late, A2 delisted early, A3 stands still for a while, A4 joins and leaves."""
    prices = make_prices(3, n_dates=120, n_assets=5)
    prices.iloc[:40, 1] = np.nan
    prices.iloc[90:, 2] = np.nan
    prices.iloc[50:70, 3] = prices.iloc[50, 3]
    dates = prices.index
    always = ((dates[0], None),)
    membership = dict.fromkeys(prices.columns, always)
    membership["A4"] = ((dates[20], dates[45]), (dates[80], None))
    return bl.MarketData(prices, membership=membership)


@pytest.mark.parametrize("lookback", [2, 5, 19, 20, 21, 60])
def test_eligibility_follows_the_documented_rule_on_every_date(ragged, lookback):
    maker = WindowMaker(ragged, lookback=lookback)
    for row in range(len(ragged.dates)):
        columns = maker.columns(row)
        found = range(5) if columns is None else columns
        expected = brute_force_eligible(ragged, row, lookback)
        assert [ragged.assets[i] for i in found] == expected, row


def test_a_window_holds_the_eligible_assets_only(ragged):
    assert bl.make_window(ragged, ragged.dates[39], 20).assets == ("A0", "A2", "A3", "A4")
    assert bl.make_window(ragged, ragged.dates[100], 60).assets == ("A0", "A1", "A3", "A4")
    assert "A3" not in bl.make_window(ragged, ragged.dates[69], 19).assets
    assert "A4" not in bl.make_window(ragged, ragged.dates[60], 20).assets


def test_a_window_holds_the_last_simple_returns():
    market = make_market(1)
    window = bl.make_window(market, lookback=30)
    expected = market.prices.pct_change().iloc[-30:]
    np.testing.assert_allclose(window.returns, expected, rtol=1e-12)
    assert window.returns.index.equals(pd.DatetimeIndex(expected.index))
    assert window.as_of == market.dates[-1]


@given(st.integers(0, 2**32 - 1), st.integers(70, 318))
@settings(max_examples=25)
def test_no_window_sees_the_future(seed, row):
    prices = make_prices(seed)
    rates = pd.Series(np.linspace(0, 1e-4, 320), index=prices.index)
    full = bl.MarketData(prices, risk_free=rates, periods_per_year=252)
    past = bl.MarketData(
        prices.iloc[: row + 1], risk_free=rates.iloc[: row + 1], periods_per_year=252
    )
    names = PRICE_FEATURES
    seen = bl.make_window(full, prices.index[row], 60, names)
    known = bl.make_window(past, None, 60, names)
    pd.testing.assert_frame_equal(seen.returns, known.returns, check_exact=True)
    np.testing.assert_array_equal(seen.features.values, known.features.values)
    assert seen.as_of == known.as_of == prices.index[row]


def test_a_weekend_uses_the_last_period_before_it():
    market = make_market(2)
    assert market.dates[99].day_of_week == 4
    for later in ("0h", "30h", "60h"):
        window = bl.make_window(market, market.dates[99] + pd.Timedelta(later), 50)
        assert window.as_of == market.dates[99]
    assert bl.make_window(market, str(market.dates[100].date()), 50).as_of == market.dates[100]


def test_returns_are_in_excess_of_the_risk_free_rate():
    prices = make_prices(4, n_dates=80)
    rates = pd.Series(np.random.default_rng(0).uniform(0, 1e-3, 80), index=prices.index)
    market = bl.MarketData(prices, risk_free=rates)
    expected = prices.pct_change().sub(rates, axis=0).iloc[-30:]
    np.testing.assert_allclose(bl.make_window(market, lookback=30).returns, expected, atol=1e-15)
    assert WindowMaker(market, lookback=30).is_excess
    assert not WindowMaker(bl.MarketData(prices), lookback=30).is_excess


def test_market_weights_are_the_last_known_ones_of_the_eligible_assets(ragged):
    dates = ragged.dates
    caps = pd.DataFrame(
        [[1.0, 1, 1, 1, 1], [6, 5, 4, 3, 2]], index=[dates[10], dates[60]], columns=ragged.assets
    )
    market = bl.MarketData(ragged.prices, market_weights=caps)
    before = bl.make_window(market, dates[59], 9).market_weights
    np.testing.assert_allclose(before[["A0", "A1", "A2", "A4"]], [0.25, 0.25, 0.25, 0.25])
    after = bl.make_window(market, dates[100], 20).market_weights
    np.testing.assert_allclose(after[["A0", "A1", "A3", "A4"]], np.array([6, 5, 3, 2]) / 16)


def test_market_weights_of_the_future_are_not_used():
    prices = make_prices(5, n_dates=80)
    caps = pd.DataFrame(1.0, index=prices.index[70:], columns=prices.columns)
    market = bl.MarketData(prices, market_weights=caps)
    assert bl.make_window(market, prices.index[69], 20).market_weights is None
    assert bl.make_window(market, prices.index[70], 20).market_weights is not None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"as_of": "1990-01-01"}, DataError, "`as_of` 1990-01-01 lies before.*2000-01-03"),
        ({"as_of": "soon"}, DataError, "`as_of` must be a date"),
        ({"as_of": pd.NaT}, DataError, "`as_of` must be a date"),
        ({"lookback": 320}, DataError, "needs 321 prices; there are 320"),
        ({"lookback": 1}, DataError, "`lookback` must be 2"),
        ({"lookback": 60.0}, DataError, "`lookback` must be 2"),
        ({"lookback": "60"}, DataError, "`lookback` must be 2"),
        ({"as_of": "2000-02-01", "lookback": 60}, DataError, "Shorten the lookback"),
        ({"features": ["rsj"]}, ConfigError, "'rsj'.*Did you mean 'rsi'"),
        ({"features": ["volume_ratio"]}, DataError, "needs 'volume'"),
    ],
)
def test_a_window_that_cannot_be_cut_says_why(arguments, error, message):
    with pytest.raises(error, match=message):
        bl.make_window(make_market(6), **arguments)


def test_prices_that_are_no_market_data_yet_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"`market` must be MarketData, got DataFrame.*load_prices"):
        bl.make_window(make_prices(6))


def test_a_single_feature_may_be_given_by_its_name():
    window = bl.make_window(make_market(6), lookback=60, features="rsi")
    assert window.features.names == ("rsi_14",)


def test_a_date_at_which_no_asset_is_eligible_is_an_error():
    prices = make_prices(7, n_dates=80)
    market = bl.MarketData(
        prices, membership=dict.fromkeys(prices.columns, ((prices.index[60], None),))
    )
    with pytest.raises(DataError, match="No asset has 20 returns"):
        bl.make_window(market, prices.index[50], 20)


def test_the_default_lookback_is_a_year_but_never_below_sixty():
    assert default_lookback(make_market(8)) == 252
    assert default_lookback(make_market(8, periods_per_year=12)) == 60


def test_features_in_a_window_are_those_of_its_dates():
    market = make_market(9)
    window = bl.make_window(market, lookback=30, features=["rsi", FEATURES["momentum"]((5,))])
    expected = FEATURES["momentum"]((5,)).compute(market)["momentum_5"].iloc[-30:]
    np.testing.assert_array_equal(window.features.values[:, :, 1], expected)
    assert window.features.names == ("rsi_14", "momentum_5")


def test_macro_series_show_only_what_was_published():
    from blportfolio.data.market import MacroSeries

    prices = make_prices(10, n_dates=100)
    months = pd.date_range("1999-12-31", periods=8, freq="ME")
    series = MacroSeries(pd.Series(np.arange(8.0), index=months), pd.Timedelta("40D"))
    market = bl.MarketData(prices, macro={"cpi": series})
    window = bl.make_window(market, "2000-04-10", 20)
    assert list(window.macro["cpi"]) == [0.0, 1.0, 2.0]
