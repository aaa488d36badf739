"""What every feature in the registry must keep to."""

import pkgutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio import features
from blportfolio.data import MacroSeries
from blportfolio.errors import ConfigError
from blportfolio.features import FEATURES, Forecast, make_feature

NAMES = list(FEATURES)
MARKET_WIDE = [name for name in NAMES if FEATURES[name].requires == ("macro",)]
OF_ASSETS = [name for name in NAMES if name not in MARKET_WIDE]
SEEDS = st.integers(0, 2**32 - 1)
BARS = ("prices", "open", "high", "low")


def make_macro(rng):
    """Daily and monthly series that begin before the prices; daily ones lack some days."""
    days = pd.bdate_range("1999-11-01", "2001-12-31")
    months = pd.date_range("1998-01-01", "2001-12-01", freq="MS")
    daily, monthly = pd.Timedelta(days=1), pd.Timedelta(days=45)
    series = {}
    for name in ("treasury_10y", "treasury_2y", "treasury_3m", "vix"):
        values = pd.Series(0.05 + 0.001 * rng.normal(size=len(days)).cumsum(), index=days)
        values[rng.random(len(days)) < 0.02] = np.nan
        series[name] = MacroSeries(values, daily, pd.Timedelta(days=9))
    for name in ("moodys_aaa", "moodys_baa", "cpi"):
        growth = pd.Series(rng.normal(0.003, 0.004, size=len(months)), index=months)
        series[name] = MacroSeries(100 * np.exp(growth.cumsum()), monthly)
    return series


def make_data(seed, name):
    """A market of five assets with what a feature says that it needs, and no more.

    A1 is listed late, A2 is delisted early.
    """
    rng = np.random.default_rng(seed)
    prices = make_prices(seed, n_dates=320, n_assets=5)
    needs = {"prices", *FEATURES[name].requires}

    def like_prices(values):
        return pd.DataFrame(values, index=prices.index, columns=prices.columns)

    frames = {"prices": prices}
    if needs & set(BARS[1:]):
        opened = prices * like_prices(1 + 0.004 * rng.normal(size=prices.shape))
        spread = like_prices(1 + rng.uniform(0, 0.01, size=prices.shape))
        frames["open"] = opened
        frames["high"] = np.maximum(prices, opened) * spread
        frames["low"] = np.minimum(prices, opened) / spread
    if "volume" in needs:
        frames["volume"] = like_prices(rng.lognormal(12, 0.6, size=prices.shape))
    for frame in frames.values():
        frame.iloc[:30, 1] = np.nan
        frame.iloc[290:, 2] = np.nan
    return frames | ({"macro": make_macro(rng)} if "macro" in needs else {})


def frames_of(data):
    return {name: frame for name, frame in data.items() if name != "macro"}


def only(data, assets):
    return data | {name: frame[assets] for name, frame in frames_of(data).items()}


def macro_of(data, change):
    """The macro series of a market, each changed; nothing where there are none."""
    series = data.get("macro", {})
    changed = {name: replace(one, values=change(one)) for name, one in series.items()}
    return {"macro": changed} if changed else {}


def until(data, cut):
    """What was known at the close of the last of `cut` dates."""
    last = data["prices"].index[cut - 1]
    known = macro_of(data, lambda series: series.known_at(last))
    return {name: frame.iloc[:cut] for name, frame in frames_of(data).items()} | known


def scrambled_after(data, cut):
    """The same up to the close of the last of `cut` dates, and another world from then on."""
    last = data["prices"].index[cut - 1]
    after = np.arange(len(data["prices"])) >= cut
    changed = {
        name: frame.mul(np.where(after, 37.0 if name in BARS else 0.01, 1.0), axis=0)
        for name, frame in frames_of(data).items()
    }
    return changed | macro_of(
        data, lambda series: series.values * np.where(series.known_from > last, 37.0, 1.0)
    )


def scaled(data, *, prices, volume):
    return data | {
        name: frame * (prices if name in BARS else volume)
        for name, frame in frames_of(data).items()
    }


def compute(feature, data):
    feature = make_feature(feature) if isinstance(feature, str) else feature
    return feature.compute(bl.MarketData(**data, periods_per_year=252))


def assert_same(found, expected, **tolerance):
    assert list(found) == list(expected)
    for column, frame in expected.items():
        pd.testing.assert_frame_equal(found[column], frame, check_freq=False, **tolerance)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, cut=st.integers(40, 319))
@settings(max_examples=25)
def test_deleting_the_future_does_not_change_the_past(name, seed, cut):
    data = make_data(seed, name)
    full = {column: frame.iloc[:cut] for column, frame in compute(name, data).items()}
    assert_same(compute(name, until(data, cut)), full, check_exact=True)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, cut=st.integers(40, 310))
@settings(max_examples=25)
def test_scrambling_the_future_does_not_change_the_past(name, seed, cut):
    data = make_data(seed, name)
    full, other = compute(name, data), compute(name, scrambled_after(data, cut))
    assert_same(
        {column: frame.iloc[:cut] for column, frame in other.items()},
        {column: frame.iloc[:cut] for column, frame in full.items()},
        check_exact=True,
    )
    assert any(not other[column].equals(frame) for column, frame in full.items())


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, scale=st.floats(1e-4, 1e4))
@settings(max_examples=25)
def test_the_unit_of_prices_and_volumes_does_not_matter(name, seed, scale):
    data = make_data(seed, name)
    other = scaled(data, prices=scale, volume=scale)
    assert_same(compute(name, other), compute(name, data), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, power=st.integers(-6, 6), volume=st.floats(1e-4, 1e4))
@settings(max_examples=10)
def test_a_split_of_four_changes_no_bit(name, seed, power, volume):
    data = make_data(seed, name)
    other = compute(name, scaled(data, prices=4.0**power, volume=2.0**power))
    assert_same(other, compute(name, data), check_exact=True)
    other = compute(name, scaled(data, prices=4.0**power, volume=volume))
    assert_same(other, compute(name, data), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=10)
def test_an_asset_has_the_same_features_in_any_company(name, seed):
    """But for one forecaster that learns from all assets, unless each is given its own."""
    data = make_data(seed, name)
    feature = Forecast(pooled=False) if name == "forecast" else make_feature(name)
    order = list(np.random.default_rng(seed).permutation(data["prices"].columns)[:3])
    expected = {column: frame[order] for column, frame in compute(feature, data).items()}
    assert_same(compute(feature, only(data, order)), expected, check_exact=True)


def test_a_pooled_forecast_learns_from_the_company():
    data = make_data(0, "forecast")
    alone = compute("forecast", only(data, ["A0"]))["forecast_linear_residual"]["A0"]
    among = compute("forecast", data)["forecast_linear_residual"]["A0"]
    assert alone.notna().sum() > 100
    assert (among - alone).abs().max() > 0


@pytest.mark.parametrize("name", OF_ASSETS)
def test_features_are_unknown_before_listing_and_after_delisting(name):
    for frame in compute(name, make_data(1, name)).values():
        assert frame.iloc[:31, 1].isna().all()
        assert frame.iloc[290:, 2].isna().all()
        assert frame.iloc[289, 2] == frame.iloc[289, 2]
        assert frame.iloc[-1, 1] == frame.iloc[-1, 1]
        assert not np.isinf(frame.to_numpy()).any()


@pytest.mark.parametrize("name", MARKET_WIDE)
def test_a_macro_feature_is_the_same_for_every_asset(name):
    for frame in compute(name, make_data(1, name)).values():
        assert frame["A0"].notna().any()
        assert frame["A0"].nunique() > 3
        for asset in frame:
            np.testing.assert_array_equal(frame[asset], frame["A0"])


@pytest.mark.parametrize("name", NAMES)
def test_once_known_a_feature_stays_known(name):
    for frame in compute(name, make_data(2, name)).values():
        known = frame["A0"].notna().to_numpy()
        assert known.any()
        assert known[np.argmax(known) :].all()


@pytest.mark.parametrize("name", NAMES)
def test_frames_have_the_dates_and_assets_of_the_prices(name):
    data = make_data(3, name)
    for frame in compute(name, data).values():
        assert frame.index.equals(data["prices"].index)
        assert list(frame.columns) == list(data["prices"].columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_that_is_too_short_gives_no_value_and_no_error(name):
    prices = make_prices(4, n_dates=3)
    late = {
        key: replace(series, publication_lag=pd.Timedelta(days=9999))
        for key, series in make_macro(np.random.default_rng(0)).items()
    }
    frames = {key: make_prices(5, n_dates=3) for key in ("open", "high", "low", "volume")}
    for column, frame in compute(name, {"prices": prices, **frames, "macro": late}).items():
        assert frame.shape == prices.shape
        assert frame.isna().all(axis=None), column


def test_every_feature_module_is_registered():
    helpers = {"base", "panel", "registry", "windows"}
    modules = {module.name for module in pkgutil.iter_modules(features.__path__)} - helpers
    assert {feature.__module__.rsplit(".", 1)[-1] for feature in FEATURES.values()} == modules


def test_an_unknown_feature_suggests_the_nearest():
    with pytest.raises(ConfigError, match=r"'momentun'.*Did you mean 'momentum'"):
        make_feature("momentun")
