"""What every feature in the registry must keep to."""

import pkgutil

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio import features
from blportfolio.errors import ConfigError
from blportfolio.features import FEATURES, make_feature

NAMES = list(FEATURES)
SEEDS = st.integers(0, 2**32 - 1)


def make_frames(seed, n_dates=320):
    """Prices and volumes of five assets; A1 is listed late, A2 is delisted early."""
    prices = make_prices(seed, n_dates=n_dates, n_assets=5)
    volume = pd.DataFrame(
        np.random.default_rng(seed).lognormal(12, 0.6, size=prices.shape),
        index=prices.index,
        columns=prices.columns,
    )
    prices.iloc[:30, 1] = volume.iloc[:30, 1] = np.nan
    prices.iloc[290:, 2] = volume.iloc[290:, 2] = np.nan
    return prices, volume


def as_market(prices, volume):
    return bl.MarketData(prices, volume=volume, periods_per_year=252)


def compute(name, prices, volume):
    return make_feature(name).compute(as_market(prices, volume))


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, cut=st.integers(40, 319))
@settings(max_examples=25)
def test_deleting_the_future_does_not_change_the_past(name, seed, cut):
    prices, volume = make_frames(seed)
    full = compute(name, prices, volume)
    past = compute(name, prices.iloc[:cut], volume.iloc[:cut])
    assert list(past) == list(full)
    for column, frame in full.items():
        pd.testing.assert_frame_equal(
            past[column], frame.iloc[:cut], check_exact=True, check_freq=False
        )


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, cut=st.integers(40, 310))
@settings(max_examples=25)
def test_scrambling_the_future_does_not_change_the_past(name, seed, cut):
    prices, volume = make_frames(seed)
    full = compute(name, prices, volume)
    prices.iloc[cut:] *= 37.0
    volume.iloc[cut:] *= 0.01
    scrambled = compute(name, prices, volume)
    for column, frame in full.items():
        pd.testing.assert_frame_equal(
            scrambled[column].iloc[:cut], frame.iloc[:cut], check_exact=True
        )


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS, scale=st.floats(1e-4, 1e4))
@settings(max_examples=25)
def test_the_unit_of_prices_and_volumes_does_not_matter(name, seed, scale):
    prices, volume = make_frames(seed)
    scaled = compute(name, prices * scale, volume * scale)
    for column, frame in compute(name, prices, volume).items():
        pd.testing.assert_frame_equal(scaled[column], frame, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=10)
def test_an_asset_has_the_same_features_in_any_company(name, seed):
    prices, volume = make_frames(seed)
    order = list(np.random.default_rng(seed).permutation(prices.columns)[:3])
    moved = compute(name, prices[order], volume[order])
    for column, frame in compute(name, prices, volume).items():
        pd.testing.assert_frame_equal(moved[column], frame[order], check_exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_features_are_unknown_before_listing_and_after_delisting(name):
    for frame in compute(name, *make_frames(1)).values():
        assert frame.iloc[:31, 1].isna().all()
        assert frame.iloc[290:, 2].isna().all()
        assert frame.iloc[289, 2] == frame.iloc[289, 2]
        assert frame.iloc[-1, 1] == frame.iloc[-1, 1]
        assert not np.isinf(frame.to_numpy()).any()


@pytest.mark.parametrize("name", NAMES)
def test_once_known_a_feature_stays_known(name):
    for frame in compute(name, *make_frames(2)).values():
        known = frame["A0"].notna().to_numpy()
        assert known.any()
        assert known[np.argmax(known) :].all()


@pytest.mark.parametrize("name", NAMES)
def test_frames_have_the_dates_and_assets_of_the_prices(name):
    prices, volume = make_frames(3)
    for frame in compute(name, prices, volume).values():
        assert frame.index.equals(prices.index)
        assert list(frame.columns) == list(prices.columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_that_is_too_short_gives_no_value_and_no_error(name):
    prices, volume = make_prices(4, n_dates=3), make_prices(5, n_dates=3)
    for column, frame in compute(name, prices, volume).items():
        assert frame.shape == prices.shape
        assert frame.isna().all(axis=None), column


def test_every_feature_module_is_registered():
    helpers = {"base", "panel", "registry", "windows"}
    modules = {module.name for module in pkgutil.iter_modules(features.__path__)} - helpers
    assert {feature.__module__.rsplit(".", 1)[-1] for feature in FEATURES.values()} == modules


def test_an_unknown_feature_suggests_the_nearest():
    with pytest.raises(ConfigError, match=r"'momentun'.*Did you mean 'momentum'"):
        make_feature("momentun")
