"""Forecasts taken for views as they stand, with the uncertainty that their record shows."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes import bl_posterior, feature_influenced_posterior
from blportfolio.errors import ConfigError
from blportfolio.features import Forecast, Momentum
from blportfolio.forecasters import LinearResidualForecaster

SEEDS = st.integers(0, 2**32 - 1)
PRIORS = [bl.SharedLatentPrior, bl.FeatureInfluencedPrior, bl.MixedEffectsPrior]
SLP = bl.SharedLatentPrior(regression="direct")


def window_of(seed, n_obs=80, n_assets=4, *, skill=0.3, noise=0.002, bias=0.0, n_forecasts=1):
    """Random returns, and forecasts that know a share of the next one."""
    rng = np.random.default_rng(seed)
    returns = make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
    values = bias + noise * rng.normal(size=(n_obs, n_assets, n_forecasts))
    values[:-1] += skill * returns.to_numpy()[1:, :, None]
    return window_with(returns, values)


def window_with(returns, values):
    names = tuple(f"f{i}" for i in range(values.shape[2]))
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), names, names)
    return bl.TrainingWindow(returns, features=panel)


def autoregressive(seed, slope, n_dates=700, n_assets=4):
    """A market whose next return is `slope` times the last, plus noise."""
    rng = np.random.default_rng(seed)
    returns = np.zeros((n_dates, n_assets))
    for t in range(1, n_dates):
        returns[t] = 3e-4 + slope * returns[t - 1] + 0.01 * rng.normal(size=n_assets)
    prices = make_prices(0, n_dates, n_assets)
    prices[:] = 100 * np.cumprod(1 + returns, axis=0)
    return bl.MarketData(prices, periods_per_year=252)


@given(seed=SEEDS, bias=st.floats(-0.01, 0.01))
@settings(max_examples=15)
def test_the_view_is_the_forecast_and_omega_the_second_moments_of_what_it_missed(seed, bias):
    """Of two assets the shrunk correlation is the sample's own."""
    window = window_of(seed, n_assets=2, bias=bias)
    fitted = SLP.fit(window)
    said = window.features.values[:, :, 0]
    errors = window.returns.to_numpy()[1:] - said[:-1]
    size = np.sqrt((errors**2).mean(axis=0))
    omega = np.corrcoef(errors.T) * np.outer(size, size)
    np.testing.assert_array_equal(fitted.views.mean, said[-1])
    np.testing.assert_allclose(fitted.views.omega, omega, rtol=1e-9)
    sigma0 = 0.05 * window.returns.cov().to_numpy()
    expected = bl_posterior(fitted.views.prior_mean, sigma0, np.eye(2), said[-1], omega)
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-9)


def test_several_forecasts_are_averaged():
    window = window_of(1, n_forecasts=3)
    average = window_with(window.returns, window.features.values.mean(axis=2, keepdims=True))
    for prior in PRIORS:
        one, many = (prior(regression="direct").fit(w) for w in (average, window))
        np.testing.assert_allclose(many.mean, one.mean, rtol=1e-12)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_a_noisier_forecaster_gets_a_larger_omega_and_a_smaller_weight(seed):
    """The same forecasts but for noise before today; today's are the same."""
    good = window_of(seed)
    values = good.features.values.copy()
    rng = np.random.default_rng(seed + 1)
    values[:-1] += 0.03 * rng.normal(size=values[:-1].shape)
    bad = window_with(good.returns, values)
    here, there = SLP.fit(good), SLP.fit(bad)
    assert (np.diagonal(there.views.omega) > np.diagonal(here.views.omega)).all()
    # `weight` compares effective and prior view covariance, view by view.
    assert (there.views.weight < here.views.weight).all()
    assert np.linalg.norm(there.mean - there.views.prior_mean) < np.linalg.norm(
        here.mean - here.views.prior_mean
    )


def test_a_biased_forecaster_pays_for_its_bias():
    plain, biased = (SLP.fit(window_of(2, bias=bias)).views for bias in (0.0, 0.02))
    gained = np.diagonal(biased.omega) - np.diagonal(plain.omega)
    assert (gained > 0.7 * 0.02**2).all()


def test_a_forecaster_that_was_always_right_is_believed():
    window = window_of(3, skill=1.0, noise=0.0)
    values = window.features.values.copy()
    values[-1] = 0.05
    fitted = SLP.fit(window_with(window.returns, values))
    np.testing.assert_allclose(fitted.mean, 0.05, rtol=1e-6)


@pytest.mark.parametrize("prior", PRIORS)
def test_an_asset_without_a_forecast_has_no_view(prior):
    values = window_of(4).features.values.copy()
    returns = window_of(4).returns
    values[-1, 1] = np.nan  # none today
    values[:60, 2] = np.nan  # too short a record
    fitted = prior(regression="direct").fit(window_with(returns, values))
    assert fitted.views.labels == ("A0", "A3")
    values[-1] = np.nan
    blind = prior(regression="direct").fit(window_with(returns, values))
    assert blind.views is None
    plain = prior().fit(bl.TrainingWindow(returns))
    np.testing.assert_array_equal(blind.mean, plain.mean)


def test_where_omega_is_learned_all_uncertainty_is_omega():
    window = window_of(5)
    fitted = bl.FeatureInfluencedPrior(regression="direct").fit(window)
    sigma = window.returns.cov().to_numpy()
    omega = 0.05 * np.diag(np.diagonal(sigma))
    expected = feature_influenced_posterior(
        fitted.views.prior_mean, 0.05 * sigma, np.eye(4), window.features.values[-1, :, 0],
        np.zeros((4, 4)), 10 * omega, 15,
    )  # fmt: skip
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-10)
    np.testing.assert_array_equal(fitted.views.mean, window.features.values[-1, :, 0])
    wary = bl.FeatureInfluencedPrior(regression="direct", feature_uncertainty="residual")
    moved = [np.linalg.norm(f.mean - f.views.prior_mean) for f in (fitted, wary.fit(window))]
    assert moved[1] < moved[0] / 2


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("regression", ["ridge", "pooled", "sur"])
def test_a_regression_may_learn_from_a_forecast_too(prior, regression):
    """Calibration: a forecast that says half of what comes is doubled, or nearly."""
    fitted = prior(regression=regression, horizon=1, ridge=0.0).fit(window_of(6, skill=0.5))
    assert fitted.views.labels == ("A0", "A1", "A2", "A3")
    said = window_of(6, skill=0.5).features.values[-1, :, 0]
    slope = np.polyfit(said, fitted.views.mean, 1)[0]
    assert 1.2 < slope < 3


@pytest.mark.parametrize(
    ("prior", "uncertainty", "words"),
    [
        (bl.SharedLatentPrior, "parameter", "would take forecasts for certain"),
        (bl.MixedEffectsPrior, "parameter", "would take forecasts for certain"),
        (bl.SharedLatentPrior, "silverman", "made of regression coefficients"),
        (bl.FeatureInfluencedPrior, "silverman", "made of regression coefficients"),
    ],
)
def test_an_uncertainty_that_only_a_regression_has_is_refused(prior, uncertainty, words):
    with pytest.raises(ConfigError, match=words):
        prior(regression="direct", feature_uncertainty=uncertainty)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_feature_that_is_no_forecast_is_refused_as_a_view(prior):
    market = make_market(7, 200)
    message = r'"direct", .*\'momentum_5\' is no forecast of returns'
    window = bl.make_window(market, lookback=80, features=[Momentum((5,)), Forecast()])
    with pytest.raises(ConfigError, match=message):
        prior(regression="direct").fit(window)
    with pytest.raises(ConfigError, match="'Momentum' is no forecast"):
        bl.Strategy("s", prior(regression="direct"), features=(Momentum((5,)),))


def test_a_strategy_file_with_another_feature_is_refused_at_once(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        'name = "s"\nfeatures = ["forecast", "rsi"]\n'
        '[prior]\nmodel = "shared_latent"\nregression = "direct"\n'
    )
    with pytest.raises(ConfigError, match="'rsi' is no forecast of returns"):
        bl.load_strategy(file)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_backtest_with_late_listings_decides_as_its_replay_does(prior):
    prices = make_prices(8, 420, 4)
    prices.iloc[:180, 1] = np.nan
    prices.iloc[380:, 2] = np.nan
    market = bl.MarketData(prices, periods_per_year=252)
    model = prior(regression="direct", tau=(0.01, 0.1))
    features = (Forecast(context=5, horizon=5),)
    strategy = bl.Strategy("views", model, features=features, lookback=60)
    result = bl.run_backtest(strategy, market)
    cut = result.weights.index[-3]
    part = bl.run_backtest(strategy, bl.MarketData(prices.loc[:cut], periods_per_year=252))
    pd.testing.assert_frame_equal(
        part.weights, result.weights.loc[part.weights.index], check_exact=True, check_freq=False
    )
    for date in result.weights.index[[4, -1]]:
        state = bl.replay_state(model, market, as_of=date, lookback=60, features=features)
        state = json.loads(json.dumps(state))
        window = bl.make_window(market, date, 60, features)
        weights = bl.MaxSharpe().solve(model.fit(window, state))
        found = result.weights.loc[date, list(weights.index)]
        np.testing.assert_allclose(weights, found, atol=1e-10)


def shares_of(market, **grid):
    """Sharpe ratios with and without views, free of costs, and how far views moved the mean."""
    forecast = Forecast(LinearResidualForecaster(), context=3, horizon=1, refit=21)
    views = bl.SharedLatentPrior(regression="direct", **grid)
    strategies = [
        bl.Strategy("views", views, features=(forecast,), lookback=120, rebalance=1, cost_bps=0),
        bl.Strategy(
            "none", bl.EquilibriumPrior(reference="min_variance"), lookback=120, rebalance=1,
            cost_bps=0,
        ),
    ]  # fmt: skip
    start = market.dates[300]
    with_views, without = (bl.run_backtest(s, market, start=start) for s in strategies)
    ratios = [bl.summarise(result)["sharpe_ratio"] for result in (with_views, without)]
    window = bl.make_window(market, market.dates[-1], 120, [forecast])
    fitted = views.fit(window)
    step = np.abs(fitted.mean - fitted.views.prior_mean)
    return ratios, (step / np.sqrt(np.diagonal(window.returns.cov()))).max()


def test_what_can_be_forecast_is_earned():
    (views, without), _ = shares_of(autoregressive(9, 0.3))
    assert views > without + 2


def test_where_nothing_can_be_forecast_views_hardly_move_the_mean():
    """By less than a hundredth of one period's volatility."""
    for seed in range(3):
        _, moved = shares_of(autoregressive(seed, 0.0, n_dates=430))
        assert moved < 0.01
