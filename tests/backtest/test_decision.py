"""One decision is the one that the walk-forward engine makes at its date."""

import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.backtest import Decision, decide

STRATEGIES = ["equal_weight", "markowitz", "min_variance", "slp", "slp_costs", "view_free", "fiv"]


@pytest.fixture(scope="module")
def stocks(sample):
    """Eight stocks over four years, one of them listed late."""
    prices = sample.prices.loc["2016-06-01":"2020-03-31"].iloc[:, :8].copy()
    prices.iloc[:500, 3] = np.nan
    return bl.MarketData(prices, macro=sample.macro, name="stocks")


@pytest.fixture(scope="module")
def sample():
    return bl.load_dataset("sp500_20")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_decision_is_that_of_the_backtest_given_the_same_weights_before(strategy, stocks):
    result = bl.run_backtest(strategy, stocks, cost_bps=25)
    for date in result.weights.index[[0, 5, -1]]:
        before = result.drifted_weights.loc[date]
        is_first = date == result.weights.index[0]
        decision = decide(
            strategy, stocks, as_of=date, cost_bps=25, previous_weights=None if is_first else before
        )
        np.testing.assert_array_equal(decision.weights, result.weights.loc[date])
        assert decision.as_of == date
        assert decision.cost == pytest.approx(result.costs[date], abs=1e-15)
        if not is_first:
            assert decision.turnover == pytest.approx(result.turnover[date], abs=1e-15)


@pytest.mark.parametrize("strategy", ["slp", "view_free", "slp_costs"])
def test_deleting_the_future_changes_no_decision(strategy, stocks):
    date = stocks.dates[700]
    past = bl.MarketData(stocks.prices.loc[:date], macro=stocks.macro, name="stocks")
    before = pd.Series({"AAPL": 0.5, "GE": 0.2})
    now, then = (
        decide(strategy, market, as_of=date, previous_weights=before) for market in (stocks, past)
    )
    np.testing.assert_array_equal(now.weights, then.weights)
    np.testing.assert_array_equal(now.distribution.mean, then.distribution.mean)
    assert now.not_eligible == then.not_eligible


def test_weights_follow_from_the_distribution_that_is_returned(stocks):
    decision = decide("slp", stocks)
    found = bl.MaxSharpe().solve(decision.distribution)
    np.testing.assert_allclose(decision.weights[found.index], found, atol=1e-12)
    fitted = decision.strategy.prior.fit(decision.window)
    np.testing.assert_allclose(decision.distribution.mean, fitted.mean, rtol=1e-12)
    np.testing.assert_allclose(
        decision.distribution.views.attribution, fitted.views.attribution, atol=1e-12
    )


def test_a_decision_between_two_dates_of_the_schedule_is_possible(stocks):
    decision = decide("view_free", stocks, as_of="2019-07-13")  # a Saturday in mid-month
    assert decision.as_of == pd.Timestamp("2019-07-12")
    assert decision.weights.sum() == pytest.approx(1)


def test_the_spread_is_that_of_weight_spread_where_nothing_else_is_told(stocks):
    decision = decide("slp", stocks)
    expected = bl.weight_spread(decision.distribution, bl.MaxSharpe(), n_draws=40, seed=3)
    found = decision.spread(n_draws=40, seed=3)
    pd.testing.assert_frame_equal(found, expected, atol=1e-12)


def test_the_spread_knows_what_the_decision_was_told_of_costs(stocks):
    """A trade that pays over a month is not the one that would have to pay in a day."""
    decision = decide("slp_costs", stocks, previous_weights=pd.Series(0.125, stocks.assets))
    spread = decision.spread(n_draws=60)
    np.testing.assert_allclose(spread["weight"], decision.weights[spread.index])
    assert (spread["lower"] <= spread["upper"]).all()
    naive = bl.weight_spread(
        decision.distribution,
        decision.strategy.objective,
        n_draws=60,
        previous_weights=pd.Series(0.125, list(decision.window.assets)),
    )
    assert np.abs(naive["weight"] - spread["weight"]).max() > 0.02


@pytest.mark.parametrize("strategy", ["equal_weight", "min_variance"])
def test_weights_that_no_expected_return_moves_have_no_spread(strategy, stocks):
    spread = decide(strategy, stocks).spread()
    np.testing.assert_array_equal(spread["lower"], spread["weight"])
    np.testing.assert_array_equal(spread["upper"], spread["weight"])


def test_a_strategy_without_a_forecast_has_no_distribution(stocks):
    decision = decide("equal_weight", stocks)
    assert decision.distribution is None
    assert decision.window.assets == stocks.assets


def test_assets_that_may_not_be_held_are_named_with_the_reason():
    prices = make_prices(2, 200, 6)
    prices.iloc[:190, 0] = np.nan  # listed late
    prices.iloc[150:, 1] = np.nan  # vanished
    prices.iloc[:, 2] = 100.0 * np.arange(200).clip(0, 1) + 1  # never changes but once
    prices.iloc[:199, 3] = np.nan
    prices.iloc[198:, 3] = [3.0, 3.1]
    market = bl.MarketData(prices, membership={"A4": [("2000-01-01", "2000-06-30")],
                                               "A5": [("2000-01-01", None)]})  # fmt: skip
    decision = decide(bl.Strategy("s", lookback=60), market)
    assert set(decision.window.assets) == set(market.assets) - set(decision.not_eligible)
    assert decision.not_eligible["A0"] == "9 returns up to 2000-10-06, and 60 are needed"
    assert decision.not_eligible["A1"].startswith("no price since 2000-")
    assert decision.not_eligible["A4"] == "not in the index on 2000-10-06"
    assert (decision.weights[list(decision.not_eligible)] == 0).all()


def test_what_is_held_and_has_no_price_any_longer_is_sold_with_a_note():
    prices = make_prices(3, 200, 3)
    prices.iloc[150:, 2] = np.nan
    decision = decide(
        bl.Strategy("s", lookback=60), bl.MarketData(prices),
        previous_weights=pd.Series({"A2": 1.0}),
    )  # fmt: skip
    assert decision.weights["A2"] == 0
    assert "A2 has had no price since" in decision.notes["message"].iloc[0]


def test_only_what_may_not_be_held_is_left_to_decide_on_is_refused():
    market = make_market(4, 100)
    with pytest.raises(bl.DataError, match=r"may hold no asset .* on 2000-02-11: A0: 29 returns"):
        decide(bl.Strategy("s", lookback=60), market, as_of="2000-02-11")
    with pytest.raises(bl.DataError, match="lies before the data"):
        decide("equal_weight", market, as_of="1999-01-01")


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (pd.Series({"A9": 1.0}), "unknown 'A9'"),
        (pd.Series({"A0": 40.0, "A1": 60.0}), "Divide percentages by 100"),
        ([0.5, 0.5], "must be a pandas Series"),
    ],
)
def test_weights_before_that_are_none_are_refused(weights, said):
    with pytest.raises(bl.DataError, match=said):
        decide(bl.Strategy("s", lookback=60), make_market(4, 100), previous_weights=weights)


def test_progress_counts_the_past_decisions_and_the_features(stocks):
    done, steps = [], []
    decide(
        "view_free",
        stocks,
        as_of="2018-12-31",
        progress=lambda n, of: done.append((n, of)),
        feature_progress=lambda n, of: steps.append((n, of)),
    )
    assert done[-1][0] == done[-1][1] == len(done)
    assert steps[-1][0] == steps[-1][1]


def test_a_singular_covariance_is_warned_of_once():
    prices = make_prices(5, 200, 3)
    prices["A2"] = prices["A1"] * 2
    with pytest.warns(bl.SingularCovarianceWarning, match="ridge"):
        decision = decide(bl.Strategy("s", lookback=60), bl.MarketData(prices))
    assert decision.notes["kind"].eq("ridge").any()


def test_one_asset_is_held_whole():
    decision = decide(bl.Strategy("s", lookback=60), make_market(6, 120, 1))
    assert isinstance(decision, Decision)
    assert decision.weights.tolist() == [1.0]
    assert repr(decision) == "Decision('s', 2000-06-16, 1 of 1 held)"


def test_no_warning_of_one_decision_is_raised_for_clean_data(stocks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decide("fiv", stocks, as_of="2018-01-31")


def test_features_of_the_past_alone_are_those_of_the_whole_history(stocks):
    """At an early date nothing later is computed, and an asset without prices yet is no trouble."""
    date = stocks.dates[400]
    steps = []
    decision = decide(
        "view_free", stocks, as_of=date, feature_progress=lambda _, of: steps.append(of)
    )
    assert max(steps) < 25  # monthly refits of the past; 45 over the whole history
    result = bl.run_backtest("view_free", stocks, end=stocks.dates[420])
    at = result.weights.index[result.weights.index <= date][-1]
    np.testing.assert_array_equal(
        decide("view_free", stocks, as_of=at,
               previous_weights=result.drifted_weights.loc[at]).weights,
        result.weights.loc[at],
    )  # fmt: skip
    assert decision.as_of == date
