"""The default strategy on markets of every shape: it never crashes, looks ahead or goes idle."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.config import StrategyConfig


def default(**changes):
    """The packaged strategy with other values of the file's first level."""
    config = bl.load_strategy("view_free")
    return StrategyConfig(**{**config.model_dump(), **changes})


def run(prices, lookback=50, **options):
    periods = options.pop("periods_per_year", 252)
    market = bl.MarketData(prices, periods_per_year=periods)
    return bl.run_backtest(default(lookback=lookback), market, **options)


def check(result):
    weights = result.weights.to_numpy()
    assert np.isfinite(weights).all()
    assert weights.min() >= -1e-9
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-8)
    assert np.isfinite(result.returns).all()


@pytest.mark.parametrize("n_assets", [1, 2, 5])
@pytest.mark.parametrize("lookback", [50, 252])
def test_it_decides_for_one_or_two_or_a_few_assets_in_short_and_long_windows(n_assets, lookback):
    result = run(make_prices(1, n_dates=480, n_assets=n_assets), lookback)
    check(result)
    assert len(result.views)


@pytest.mark.parametrize("lookback", [50, 120])
def test_it_decides_on_monthly_data(lookback):
    prices = make_prices(2, n_dates=150, n_assets=3, freq="ME", start="1990-01-31")
    result = run(prices, lookback, periods_per_year=12, start="1999-06-01")
    check(result)
    assert len(result.views)


def test_an_asset_listed_late_is_held_before_its_forecasts_and_long_features_are_known():
    """Momentum of a year and forecasts are unknown then; its short features give it a view."""
    prices = make_prices(3, n_dates=520, n_assets=4)
    prices.iloc[:330, 3] = np.nan
    result = run(prices)
    check(result)
    held = result.weights["A3"]
    since = held.index[held > 0][0]
    assert prices["A3"].notna().loc[:since].sum() < 80
    seen = result.views[result.views["view_on"] == "A3"]
    assert seen["date"].iloc[0] == since  # long before 252 returns of it are known


def test_an_asset_that_ends_is_no_obstacle():
    prices = make_prices(4, n_dates=420, n_assets=4)
    prices.iloc[300:, 0] = np.nan
    result = run(prices)
    check(result)
    assert result.weights["A0"].iloc[-1] == 0


def test_deleting_the_future_changes_no_decision():
    prices = make_prices(5, n_dates=420, n_assets=3)
    whole, known = run(prices), run(prices.iloc[:300])
    both = known.weights.index
    np.testing.assert_array_equal(whole.weights.loc[both], known.weights)


def test_neither_the_order_of_assets_nor_the_unit_of_prices_matters():
    prices = make_prices(6, n_dates=330, n_assets=4)
    order = ["A3", "A1", "A0", "A2"]
    one, other = run(prices), run(prices[order] * np.array([10.0, 1.0, 0.1, 3.0]))
    np.testing.assert_allclose(other.weights[prices.columns], one.weights, rtol=0, atol=1e-5)


def test_dearer_trades_are_fewer_and_none_are_made_that_no_gain_can_pay():
    prices = make_prices(7, n_dates=420, n_assets=4)
    turnover = [run(prices, cost_bps=bps).turnover.iloc[1:] for bps in (0, 10, 25, 9999)]
    means = [series.mean() for series in turnover]
    assert means[0] > means[1] > means[2]
    assert turnover[3].max() < 1e-8


def test_it_allocates_outside_a_backtest_and_its_state_survives_json():
    market = bl.MarketData(make_prices(8, n_dates=320), periods_per_year=252)
    strategy = default(lookback=60)
    prior, features = strategy.prior_model(), strategy.feature_choices()
    state = bl.replay_state(prior, market, lookback=60, features=features)
    window = bl.make_window(market, None, 60, features)
    held = pd.Series({"A0": 0.4, "A1": 0.2, "A2": 0.2, "A3": 0.2})
    weights = [
        strategy.objective().solve(prior.fit(window, known), previous_weights=held)
        for known in (state, json.loads(json.dumps(state)))
    ]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert weights[0].sum() == pytest.approx(1.0, abs=1e-9)
    labels = prior.labels()
    assert len(labels) == 9
    assert labels[0] == "reference=equal, tau=0.0005"
