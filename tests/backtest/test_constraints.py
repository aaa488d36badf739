"""Constraints and costs in a walk-forward backtest."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.backtest.schedule import periods_between
from blportfolio.errors import InfeasibleError


def strategy(objective, **kwargs):
    return bl.Strategy("s", objective=objective, lookback=60, **kwargs)


def test_bounds_and_groups_hold_at_every_decision():
    constraints = {
        "bounds": {"A0": [0, 0.2], "*": [0.05, 0.5]},
        "groups": {"G": ["A1", "A2"]},
        "group_bounds": {"G": [0.3, 0.6]},
    }
    result = bl.run_backtest(strategy(bl.MaxSharpe(constraints=constraints)), make_market(1))
    weights = result.weights
    assert len(weights) > 5
    assert weights["A0"].max() <= 0.2 + 1e-9
    assert weights.drop(columns="A0").to_numpy().min() >= 0.05 - 1e-9
    group = weights["A1"] + weights["A2"]
    assert group.between(0.3 - 1e-9, 0.6 + 1e-9).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)


def test_turnover_is_limited_from_the_second_decision_on():
    limited = bl.MaxSharpe(constraints=bl.Constraints(turnover=0.1))
    result = bl.run_backtest(strategy(limited), make_market(2))
    assert result.turnover.iloc[0] == pytest.approx(0.5)
    assert result.turnover.iloc[1:].max() <= 0.1 + 1e-9
    free = bl.run_backtest(strategy(bl.MaxSharpe()), make_market(2))
    assert free.turnover.iloc[1:].max() > 0.1


def test_costs_in_the_objective_make_a_no_trade_region():
    market = make_market(3, n_dates=400)
    turnovers = [
        bl.run_backtest(
            strategy(bl.MeanVariance(10.0, costs=bl.Costs(trading_bps=bps))), market
        ).turnover.iloc[1:]
        for bps in (0, 20, 200, 20_000)
    ]
    means = [series.mean() for series in turnovers]
    assert means[0] > means[1] > means[2] > means[3]
    assert turnovers[3].max() <= 1e-9  # nothing is worth that much


def test_an_asset_that_left_does_not_use_up_the_turnover():
    prices = make_prices(4, n_dates=300)
    prices.loc[prices.index[180] :, "A3"] = np.nan
    limited = bl.MinVariance(constraints=bl.Constraints(turnover=0.02))
    result = bl.run_backtest(strategy(limited), bl.MarketData(prices))
    gone = result.trades.query("reason == 'delisted'")
    assert len(gone) == 1
    date = gone["date"].iloc[0]
    sold = result.drifted_weights.loc[date, "A3"]
    assert sold > 0.05
    assert result.weights.loc[date].sum() == pytest.approx(1.0, abs=1e-9)
    assert result.turnover.loc[date] <= 0.02 + sold + 1e-9


def test_an_impossible_constraint_is_reported_with_the_date():
    objective = bl.MaxSharpe(constraints=bl.Constraints(bounds=(0, 0.2)))
    with pytest.raises(
        InfeasibleError, match=r"s has no weights on \d{4}-\d\d-\d\d\. .*budget"
    ) as e:
        bl.run_backtest(strategy(objective), make_market(5))
    assert sorted(c.must_give for c in e.value.conflicts) == pytest.approx([0.05, 0.2])


def test_limits_that_gave_way_are_noted():
    objective = bl.MinVariance(
        constraints=bl.Constraints(bounds=(0, 0.3), trade_bounds=1e-5, relax=True)
    )
    result = bl.run_backtest(strategy(objective), make_market(6))
    notes = result.notes.query("kind == 'optimiser'")
    assert len(notes)
    assert result.weights.to_numpy().max() <= 0.3 + 1e-9


def test_a_target_that_is_out_of_reach_is_noted_in_its_own_words():
    objective = bl.TargetReturn(target=9.0, unit="year", fallback="nearest")
    result = bl.run_backtest(strategy(objective), make_market(7))
    notes = result.notes.query("kind == 'fallback'")
    assert len(notes) == len(result.weights)
    assert notes["message"].str.contains("out of reach").all()


def test_a_years_volatility_is_met_in_the_units_of_the_data():
    market = make_market(8)
    result = bl.run_backtest(
        strategy(bl.TargetVolatility(target=0.16, constraints=bl.Constraints(cash=(0, 1)))), market
    )
    for date, weights in result.weights.iterrows():
        window = bl.make_window(market, as_of=date, lookback=60)
        risk = np.sqrt(weights @ np.cov(window.returns, rowvar=False) @ weights * 252)
        assert risk <= 0.16 * (1 + 1e-6)


def test_cvar_sees_the_returns_of_its_window():
    market = make_market(9)
    result = bl.run_backtest(strategy(bl.MinCVaR(level=0.9)), market)
    date = result.weights.index[-1]
    window = bl.make_window(market, as_of=date, lookback=60)
    direct = bl.MinCVaR(level=0.9).solve(bl.HistoricalPrior().fit(window))
    np.testing.assert_allclose(result.weights.loc[date], direct, atol=1e-7)


@pytest.mark.parametrize(
    ("schedule", "periods"),
    [("month_end", 21), ("quarterly", 63), ("weekly", 252 / 52), (10, 10), ("every_5", 5)],
)
def test_the_horizon_of_a_trade_follows_from_the_schedule(schedule, periods):
    assert periods_between(schedule, 252) == pytest.approx(periods)


def test_monthly_data_decided_weekly_or_monthly_have_a_horizon_of_one():
    assert periods_between("weekly", 12) == 1
    assert periods_between("month_end", 12) == 1


@pytest.mark.parametrize(
    "objective",
    [
        bl.MeanVariance(costs=bl.Costs(trading_bps=10)),
        bl.MaxSharpe(constraints=bl.Constraints(bounds=(0, 0.4), turnover=0.2)),
        bl.RobustMeanVariance(),
        bl.MinCVaR(),
        bl.TargetVolatility(target=0.2, fallback="nearest"),
    ],
    ids=lambda objective: type(objective).__name__,
)
def test_deleting_the_future_changes_no_weight(objective):
    prices = make_prices(11, n_dates=260)
    whole = bl.run_backtest(strategy(objective), bl.MarketData(prices)).weights
    cut = bl.run_backtest(strategy(objective), bl.MarketData(prices.iloc[:200])).weights
    assert len(cut) > 3
    pd.testing.assert_frame_equal(whole.loc[cut.index], cut, check_exact=True)
