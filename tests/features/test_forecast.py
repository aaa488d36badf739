"""Forecasts as features: what they forecast, when they learn, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.features import FeatureChoice, Forecast, Momentum, build_panel
from blportfolio.forecasters import (
    FORECASTERS,
    LinearForecaster,
    LinearResidualForecaster,
    MeanForecaster,
    ZeroForecaster,
)

PLAIN = LinearResidualForecaster(penalties=0.0)


def forecast(market, **settings):
    (frame,) = Forecast(**settings).compute(market).values()
    return frame


def size_of(returns, row, train):
    """Root mean square return of an asset in the `train` rows to this one."""
    return np.sqrt(np.nanmean(returns[max(0, row + 1 - train) : row + 1] ** 2))


def least_squares(returns, context, horizon, row, train, *, in_units=True):
    """Weights on past returns by brute force, from windows whose target is known at `row`."""
    design, target = [], []
    for end in range(len(returns)):
        if end <= row - train or end + horizon > row:
            continue
        for asset in range(returns.shape[1]):
            window = returns[end - context + 1 : end + 1, asset] if end >= context else []
            if len(window) == context and np.isfinite(window).all():
                unit = size_of(returns[:, asset], end, train) if in_units else 1.0
                design.append([1.0, *(window / unit)])
                target.append(returns[end + 1 : end + 1 + horizon, asset].mean() / unit)
    return np.linalg.lstsq(np.array(design), np.array(target), rcond=None)[0]


def test_a_linear_residual_forecast_is_least_squares_of_the_mean_return_ahead():
    """Through what returns sum to it is unconstrained: no weights that add up to one.

    All assets are in units of their own volatility.
    """
    market = make_market(1, 260, 3)
    found = forecast(market, forecaster=PLAIN, context=4, horizon=5, refit=30, train=100)
    returns = market.prices.pct_change().to_numpy()
    first = 4 + 5 + 60
    assert found.iloc[:first].isna().all(axis=None)
    assert found.iloc[first:].notna().all(axis=None)
    for row in (first, first + 29, first + 30, 259):
        refit = first + (row - first) // 30 * 30
        weights = least_squares(returns, 4, 5, refit, 100)
        units = [size_of(returns[:, asset], row, 100) for asset in range(3)]
        expected = weights[0] * np.array(units) + weights[1:] @ returns[row - 3 : row + 1]
        np.testing.assert_allclose(found.iloc[row], expected, rtol=1e-6)


def test_an_asset_of_its_own_forecaster_learns_from_itself_alone():
    market = make_market(2, 220, 3)
    settings = {"forecaster": PLAIN, "context": 3, "horizon": 2, "refit": 25, "train": "all"}
    found = forecast(market, pooled=False, **settings)
    returns = market.prices.pct_change().to_numpy()
    weights = least_squares(returns[:, [1]], 3, 2, 215, 10_000, in_units=False)
    expected = weights[0] + weights[1:] @ returns[217:220, 1]
    np.testing.assert_allclose(found.iloc[219, 1], expected, rtol=1e-6)
    assert np.abs(found - forecast(market, **settings)).max().max() > 1e-6


def test_returns_are_in_excess_of_the_risk_free_rate_as_those_of_windows():
    prices = make_prices(3, 200, 2)
    rate = pd.Series(np.linspace(0.0, 0.004, 200), index=prices.index)
    excess = prices.pct_change().sub(rate, axis=0).fillna(0.0)
    settings = {"context": 3, "horizon": 2}
    with_rate = forecast(bl.MarketData(prices, risk_free=rate), **settings)
    same = forecast(bl.MarketData((1 + excess).cumprod()), **settings)
    np.testing.assert_allclose(with_rate, same, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize(("pooled", "changed"), [(False, 150), (True, 100)])
def test_what_lies_further_back_than_train_does_not_matter(pooled, changed):
    """But for the unit of assets that share a forecaster, which reaches `train` further back."""
    prices = make_prices(4, 400, 2)
    other = prices.copy()
    other.iloc[:changed] = make_prices(5, changed, 2).to_numpy() / 3
    settings = {"context": 5, "horizon": 3, "train": 120, "pooled": pooled}
    here, there = (forecast(bl.MarketData(p), **settings) for p in (prices, other))
    np.testing.assert_allclose(here.iloc[-30:], there.iloc[-30:], rtol=1e-8)
    everything = [
        forecast(bl.MarketData(p), **settings | {"train": "all"}) for p in (prices, other)
    ]
    assert not np.allclose(*(frame.iloc[-30:] for frame in everything), rtol=1e-3)


def test_a_wild_asset_does_not_decide_what_a_calm_one_is_told():
    """A calm asset has the forecasts that it had without the wild one, nearly."""
    rng = np.random.default_rng(5)
    returns = 0.01 * rng.normal(size=(700, 5)) + 0.001
    returns[:, 4] = 0.05 * rng.normal(size=700) - 0.005
    prices = make_prices(0, 700, 5)
    prices[:] = 100 * np.cumprod(1 + returns, axis=0)
    settings = {"forecaster": LinearForecaster(), "context": 5, "horizon": 1}
    among = forecast(bl.MarketData(prices), **settings).iloc[-300:, :4]
    alone = forecast(bl.MarketData(prices.iloc[:, :4]), **settings).iloc[-300:]
    assert np.abs(among - alone).mean(axis=None) < 5e-4
    assert (among > 0).mean(axis=None) > 0.9


def test_cash_in_the_company_does_not_teach_that_returns_go_on():
    """In its own unit it is a return that can be told beforehand: it counts as less calm."""
    prices = make_prices(1, 700, 4)
    prices["A3"] = 100 * np.cumprod(1 + np.random.default_rng(1).normal(1e-4, 1e-5, size=700))
    said = forecast(bl.MarketData(prices), context=5, horizon=5).iloc[-300:, :3].to_numpy()
    past = prices.pct_change().rolling(5).mean().iloc[-300:, :3].to_numpy()
    assert abs(np.polyfit(past.ravel(), said.ravel(), 1)[0]) < 0.1


@pytest.mark.parametrize("pooled", [True, False])
def test_progress_is_told_from_the_first_refit_to_the_last(pooled):
    calls = []
    feature = Forecast(ZeroForecaster(), refit=40, pooled=pooled)
    choices = [FeatureChoice(feature, "forecast"), FeatureChoice(Momentum((5,)), "momentum")]
    panel, _ = build_panel(
        make_market(6, 300, 3), choices, progress=lambda *done: calls.append(done)
    )
    totals = {total for _, total in calls}
    assert len(totals) == 1
    assert calls[0][0] == 0
    assert calls[-1][0] == calls[-1][1]
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    silent, _ = build_panel(make_market(6, 300, 3), choices)
    np.testing.assert_array_equal(panel.values, silent.values)


def test_a_training_span_below_the_minimum_is_taken_as_it_is_and_none_at_all_is_refused():
    market = make_market(7, 200, 1)
    settings = {"forecaster": LinearForecaster(), "context": 5, "horizon": 4}
    assert forecast(market, train=30, pooled=False, **settings).iloc[-50:].notna().all(axis=None)
    words = "^Feature 'forecast' cannot be computed. `train` of 4 leaves nothing to learn from"
    with pytest.raises(ConfigError, match=words):
        build_panel(market, [FeatureChoice(Forecast(train=4, **settings), "forecast")])


def test_what_is_predictable_is_forecast():
    rng = np.random.default_rng(6)
    returns = np.zeros((900, 2))
    for t in range(1, 900):
        returns[t] = -0.5 * returns[t - 1] + 0.01 * rng.normal(size=2)
    prices = make_prices(0, 900, 2)
    prices[:] = 100 * np.cumprod(1 + returns, axis=0)
    found = forecast(bl.MarketData(prices), context=5, horizon=1)
    known = found.notna().all(axis=1).to_numpy() & (np.arange(900) < 899)
    said, came = found[known].to_numpy(), returns[1:][known[:-1]]
    assert np.corrcoef(said.ravel(), came.ravel())[0, 1] > 0.45
    slope = np.polyfit(returns[known].ravel(), said.ravel(), 1)[0]
    assert -0.6 < slope < -0.4


def test_defaults_are_one_month_ahead_from_one_month_and_five_years():
    daily = make_market(7, 500, 2, periods_per_year=252)
    spelt = forecast(daily, context=21, horizon=21, refit=21, train=1260)
    pd.testing.assert_frame_equal(forecast(daily), spelt)
    monthly = make_market(7, 200, 2, periods_per_year=12)
    spelt = forecast(monthly, context=12, horizon=1, refit=1, train=120)
    pd.testing.assert_frame_equal(forecast(monthly), spelt)


def test_forecasters_are_told_apart_by_name_and_the_panel_knows_what_is_a_forecast():
    market = make_market(8, 200, 2)
    features = [Forecast(), Momentum((5,)), Forecast(ZeroForecaster())]
    choices = [FeatureChoice(feature, "a feature") for feature in features]
    panel, _ = build_panel(market, choices)
    assert panel.names == ("forecast_linear_residual", "momentum_5", "forecast_zero")
    assert panel.forecasts == ("forecast_linear_residual", "forecast_zero")
    window = bl.make_window(market, lookback=80, features=features)
    assert window.features.forecasts == panel.forecasts
    assert window.arrays().forecasts == panel.forecasts
    with pytest.raises(ConfigError, match="Two features give the column 'forecast_zero'"):
        build_panel(market, [choices[2], choices[2]])
    others = [
        Forecast(),
        Forecast(horizon=5),
        Forecast(horizon=5, pooled=False),
        Forecast(LinearResidualForecaster(penalties=(0.1, 2)), train="all"),
        Forecast(MeanForecaster(shared=False)),
    ]
    panel, _ = build_panel(market, [FeatureChoice(feature, "a feature") for feature in others])
    assert panel.names == (
        "forecast_linear_residual",
        "forecast_linear_residual_horizon_5",
        "forecast_linear_residual_horizon_5_pooled_false",
        "forecast_linear_residual_penalties_0.1_2.0_train_all",
        "forecast_mean_shared_false",
    )
    with pytest.raises(bl.DataError, match="`forecasts` names 'x'"):
        bl.FeaturePanel(np.zeros((1, 1, 1)), market.dates[:1], ("A",), ("f",), ("x",))


@pytest.mark.parametrize("pooled", [True, False])
def test_a_constant_a_late_and_a_gone_asset_disturb_nobody(pooled):
    prices = make_prices(9, 400, 4)
    prices["A1"] = 7.0
    prices.iloc[0, 1] = 7.01
    prices.iloc[:150, 2] = np.nan
    prices.iloc[300:, 3] = np.nan
    found = forecast(bl.MarketData(prices), context=5, horizon=4, pooled=pooled)
    assert found["A0"].iloc[100:].notna().all()
    assert np.isfinite(found["A1"].iloc[100:]).all()
    assert found["A2"].iloc[:155].isna().all()
    assert found["A2"].iloc[-100:].notna().all()
    assert found["A3"].iloc[300:].isna().all()
    assert np.abs(found.to_numpy()[np.isfinite(found)]).max() < 0.02


@pytest.mark.parametrize(
    "settings", [{"horizon": 500}, {"context": 500}, {"context": 199}, {"horizon": 130}]
)
def test_a_series_too_short_for_the_settings_has_no_forecast(settings):
    assert forecast(make_market(10, 200, 2), **settings).isna().all(axis=None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"context": 0}, "`context` must be a whole number of periods, 1 or more, got 0"),
        ({"horizon": 2.5}, "`horizon`"),
        ({"refit": True}, "`refit`"),
        ({"train": "some"}, "`train` .* or \"all\", got 'some'"),
        ({"pooled": 1}, "`pooled` must be true or false"),
        ({"forecaster": ZeroForecaster}, "`forecaster` must be a forecaster such as"),
        ({"forecaster": "zero"}, "`forecaster`"),
    ],
)
def test_a_wrong_setting_is_named(settings, words):
    with pytest.raises(ConfigError, match=words):
        Forecast(**settings)


@pytest.mark.parametrize("name", sorted(FORECASTERS))
def test_every_forecaster_of_the_registry_serves_as_a_feature(name):
    if name == "multi_head_attention":
        pytest.importorskip("torch")
    market = make_market(11, 150, 2)
    feature = Forecast(FORECASTERS[name](), context=8, horizon=3, refit=60)
    (found,) = feature.compute(market).values()
    assert feature.column == f"forecast_{name}_context_8_horizon_3_refit_60"
    assert np.isfinite(found.iloc[-70:]).all(axis=None)
    assert np.abs(found.iloc[-70:]).max(axis=None) < 0.1


SLOW = {"attention", "multi_head_attention", "autoregression"}


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("name", sorted(set(FORECASTERS) - SLOW))
def test_no_forecaster_sees_the_future_not_by_one_bit(name, pooled):
    prices = make_prices(12, 260, 3)
    prices.iloc[:60, 1] = np.nan
    settings = {"context": 6, "horizon": 4, "refit": 15, "train": 80, "pooled": pooled}
    full = forecast(bl.MarketData(prices), forecaster=FORECASTERS[name](), **settings)
    for cut in (120, 171, 259):
        part = forecast(
            bl.MarketData(prices.iloc[:cut]), forecaster=FORECASTERS[name](), **settings
        )
        pd.testing.assert_frame_equal(part, full.iloc[:cut], check_exact=True, check_freq=False)
