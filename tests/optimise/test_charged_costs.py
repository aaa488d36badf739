"""Costs that follow from the backtest: the rate it charges, over the window that it shows."""

import dataclasses
import itertools

import numpy as np
import pytest
from helpers import make_market, random_covariance

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.types import DecisionContext

CHARGED = bl.Costs(trading_bps="charged", horizon="lookback")
HELD = np.array([0.7, 0.2, 0.1])


def context(**known):
    return DecisionContext(("a", "b", "c"), **known)


def problem(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(5e-4, 3e-4, size=3), random_covariance(rng, 3)


@pytest.mark.parametrize("bps", [3.0, 10.0, 25.0])
@pytest.mark.parametrize("lookback", [50, 252])
def test_they_are_the_rate_charged_over_the_length_of_the_window(bps, lookback):
    found = CHARGED.arrays(HELD, context(lookback=lookback, cost_bps=bps, horizon=21.0))
    np.testing.assert_allclose(found.trading, bps / 1e4 / lookback, rtol=1e-15)
    mean, covariance = problem(1)
    here = context(lookback=lookback, cost_bps=bps)
    written = bl.Costs(trading_bps=bps, horizon=lookback)
    one, other = (
        bl.MeanVariance(2.5, costs=c).solve_arrays(mean, covariance, previous=HELD, context=here)
        for c in (CHARGED, written)
    )
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize("objective", [bl.MeanVariance, bl.MaxSharpe, bl.MinVariance])
def test_where_nothing_is_charged_the_decision_is_that_without_costs(objective):
    mean, covariance = problem(2)
    free = context(lookback=50, cost_bps=0.0)
    one, other = (
        objective(costs=c).solve_arrays(mean, covariance, previous=HELD, context=free)
        for c in (CHARGED, bl.Costs())
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.solver == other.solver


def test_what_holding_costs_stays_where_trading_is_free():
    costs = bl.Costs(trading_bps="charged", holding_bps={"a": 3.0})
    found = costs.arrays(HELD, context(cost_bps=0.0))
    np.testing.assert_allclose(found.holding, [3e-4, 0, 0])


def test_a_longer_window_and_a_lower_rate_trade_more():
    mean, covariance = problem(3)

    def traded(bps, lookback):
        here = context(lookback=lookback, cost_bps=bps)
        objective = bl.MeanVariance(2.5, costs=CHARGED)
        return np.abs(
            objective.solve_arrays(mean, covariance, previous=HELD, context=here).weights - HELD
        ).sum()

    by_rate = [traded(bps, 50) for bps in (0, 10, 100, 5000)]
    by_window = [traded(400, lookback) for lookback in (504, 100, 20, 2)]
    for amounts in (by_rate, by_window):
        assert all(a >= b - 1e-9 for a, b in itertools.pairwise(amounts))
        assert amounts[0] > 0.1
        assert amounts[-1] < 1e-9


def test_outside_a_backtest_ten_basis_points_over_the_scenarios_are_taken():
    window = bl.make_window(make_market(4), None, 80)
    fitted = bl.HistoricalPrior().fit(window)
    held = bl.EqualWeight().solve(fitted)
    one, other = (
        bl.MeanVariance(2.5, costs=c).solve(fitted, previous_weights=held)
        for c in (CHARGED, bl.Costs(trading_bps=10, horizon=80))
    )
    np.testing.assert_array_equal(one, other)


def test_a_window_of_unknown_length_is_an_error_with_the_remedy():
    moments = bl.ReturnDistribution.from_moments([1e-3, 2e-3], np.diag([1e-4, 2e-4]))
    with pytest.raises(ConfigError, match=r"`horizon` of costs is \"lookback\".*Give a number"):
        bl.MeanVariance(costs=CHARGED).solve(moments)
    found = bl.MeanVariance(costs=bl.Costs(trading_bps="charged")).solve(moments)
    assert found.sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trading_bps": "chraged"}, r'`trading_bps` must be a number, .* or "charged", got'),
        ({"holding_bps": "charged"}, r"`holding_bps` must be a number, a table by asset, got"),
        ({"horizon": "lokback"}, r'`horizon` must be a number of periods or "lookback"'),
        ({"horizon": 0}, "`horizon` must be above 0"),
    ],
)
def test_other_words_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        bl.Costs(**options)


def plan(costs, **kwargs):
    return bl.Strategy(
        "s", objective=bl.MeanVariance(2.5, costs=costs), lookback=60, rebalance=10, **kwargs
    )


@pytest.mark.parametrize("bps", [0.0, 10.0, 25.0])
def test_a_backtest_tells_the_decision_what_it_charges(bps):
    market = make_market(5)
    charged = bl.run_backtest(plan(CHARGED), market, cost_bps=bps)
    written = bl.run_backtest(plan(bl.Costs(trading_bps=bps, horizon=60)), market, cost_bps=bps)
    np.testing.assert_array_equal(charged.weights, written.weights)
    own = bl.run_backtest(plan(CHARGED, cost_bps=bps), market)
    np.testing.assert_array_equal(own.weights, charged.weights)


def test_costs_beyond_any_gain_end_all_trading_after_the_first_purchase():
    costs = dataclasses.replace(CHARGED, horizon=1e-6)
    result = bl.run_backtest(plan(costs), make_market(6), cost_bps=9999)
    assert result.turnover.iloc[0] == pytest.approx(0.5)
    assert result.turnover.iloc[1:].max() < 1e-9


def test_each_rate_of_an_experiment_reaches_its_decisions(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        'name = "S"\n[optimise]\nmodel = "mean_variance"\n'
        '[optimise.costs]\ntrading_bps = "charged"\nhorizon = "lookback"\n'
    )
    experiment = tmp_path / "e.toml"
    experiment.write_text(
        f'name = "e"\nuniverse = "sp500_20"\nstrategies = ["{file.name}"]\n'
        "[backtest]\nlookback = 60\nrebalance = 10\ncost_bps = [0, 10, 25]\n"
    )
    rows = bl.config.load_experiment(experiment).strategies[:3]
    turnover = [bl.run_backtest(row, make_market(7)).turnover.iloc[1:].mean() for row in rows]
    assert turnover[0] > turnover[1] > turnover[2]
