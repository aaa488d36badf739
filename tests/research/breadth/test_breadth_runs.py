import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.config.strategy import parse_strategy
from blportfolio.errors import ConfigError, DataError
from blportfolio.research.breadth import Settings, plan_universe, run_breadth
from blportfolio.research.breadth.runs import asks_for_costs, net_returns

PLAIN = ("equal_weight", "min_variance", "markowitz")
SMALL = Settings(windows=(20, 40), coarse_windows=(12,), costs=(0, 10), min_years=0.5)


def strategies(*names):
    return [bl.load_strategy(name) for name in names]


def small_view_free():
    """The default strategy's costs, without its features, which take long."""
    config = bl.load_strategy("view_free")
    return config.model_copy(update={"features": ("momentum",), "name": "Small"})


@pytest.mark.parametrize("name", ["markowitz", "min_variance", "equal_weight"])
@pytest.mark.parametrize("cost", [0.0, 10.0, 250.0])
def test_other_costs_of_the_same_trades_are_those_of_a_backtest(name, cost):
    market = make_market(0)
    strategy = bl.load_strategy(name).model_copy(update={"lookback": 40})
    gross = bl.run_backtest(strategy, market, cost_bps=0.0)
    charged = bl.run_backtest(strategy, market, cost_bps=cost)
    np.testing.assert_allclose(net_returns(gross, cost), charged.returns, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(net_returns(charged, cost), net_returns(gross, cost))


@pytest.mark.parametrize(
    "name",
    ["slp", "slp_costs", "slp_robust", "equilibrium", "risk_parity", "inverse_variance", "fiv"],
)
def test_a_strategy_that_does_not_ask_for_costs_decides_the_same_at_any(name):
    strategy = bl.load_strategy(name).model_copy(update={"lookback": 40, "features": ("momentum",)})
    assert not asks_for_costs(strategy)
    market = make_market(1, 130)
    first, second = (bl.run_backtest(strategy, market, cost_bps=c) for c in (0.0, 50.0))
    np.testing.assert_array_equal(first.weights, second.weights)


def test_a_strategy_that_asks_for_costs_is_run_at_each():
    assert asks_for_costs(bl.load_strategy("view_free"))
    chosen = replace(SMALL, windows=(60,))
    market = make_market(2, 200)
    found = run_breadth([small_view_free()], {"a": market}, chosen, n_jobs=1)
    assert not found.failures
    start = found.plans["a"].start
    strategy = small_view_free().model_copy(update={"lookback": 60})
    for cost in SMALL.costs:
        alone = bl.run_backtest(strategy, market, start=start, cost_bps=cost)
        run = found.runs["a", 60, cost, "Small"]
        np.testing.assert_allclose(run.returns, alone.returns, rtol=0, atol=1e-15)
        assert run.turnover == pytest.approx(alone.turnover.iloc[1:].mean())


def test_all_windows_of_a_universe_describe_the_same_days():
    found = run_breadth(strategies(*PLAIN), {"a": make_market(3)}, SMALL, n_jobs=1)
    dates = [run.returns.index for run in found.runs.values()]
    assert len(found.runs) == 3 * 2 * 2
    assert all(index.equals(dates[0]) for index in dates)
    assert dates[0][0] > found.plans["a"].start


def test_returns_are_in_excess_of_the_rate_where_there_is_one():
    market = make_market(4)
    rates = pd.Series(0.0001, index=market.dates)
    with_rate = replace(market, risk_free=rates)
    both = run_breadth(strategies("equal_weight"), {"a": market, "b": with_rate}, SMALL, n_jobs=1)
    gap = both.runs["a", 20, 0.0, "Equal weight"].returns
    gap = gap - both.runs["b", 20, 0.0, "Equal weight"].returns
    np.testing.assert_allclose(gap, 0.0001, atol=1e-15)


def test_a_window_that_is_too_long_for_a_universe_is_left_out_and_said():
    markets = {"long": make_market(5, 320), "short": make_market(5, 200)}
    chosen = replace(SMALL, windows=(20, 120))
    found = run_breadth(strategies(*PLAIN), markets, chosen, n_jobs=1)
    assert found.plans["long"].windows == (20, 120)
    assert found.plans["short"].windows == (20,)
    assert any("short, left out: window 120" in said for said in found.left_out)


def test_a_universe_that_is_too_short_is_left_out_and_only_none_at_all_is_an_error():
    short = make_market(6, 60)
    found = run_breadth(
        strategies(*PLAIN), {"long": make_market(6), "short": short}, SMALL, n_jobs=1
    )
    assert list(found.plans) == ["long"]
    assert any(said.startswith("short is left out") for said in found.left_out)
    with pytest.raises(DataError, match="No universe can be run"):
        run_breadth(strategies(*PLAIN), {"short": short}, SMALL, n_jobs=1)


def test_a_strategy_that_fails_is_said_and_the_others_go_on():
    failing = parse_strategy(
        {
            "name": "Impossible",
            "optimise": {"model": "min_variance", "constraints": {"bounds": [0.0, 0.1]}},
        },
        source="impossible.toml",
    )
    found = run_breadth([*strategies(*PLAIN), failing], {"a": make_market(7)}, SMALL, n_jobs=1)
    assert len(found.failures) == 2  # once a window, whatever the cost
    assert "Impossible failed on a with a window of 20: Impossible has no weights on" in " ".join(
        found.failures
    )
    run = found.runs["a", 20, 10.0, "Impossible"]
    assert run.returns.empty
    assert math.isnan(run.sharpe_ratio)
    assert found.good("a", 20, 10.0, "Markowitz") is not None


def test_monthly_data_have_windows_of_their_own():
    monthly = bl.MarketData(make_prices(8, 60, freq="ME"))
    plan = plan_universe("m", monthly, strategies(*PLAIN), SMALL)
    assert plan.windows == (12,)
    assert plan.periods_per_year == 12


def test_annual_data_need_thirty_returns_whatever_the_years():
    chosen = replace(SMALL, coarse_windows=(3,))
    rows = strategies("equal_weight", "min_variance")
    plan = plan_universe("y", bl.MarketData(make_prices(8, 40, freq="YE")), rows, chosen)
    assert plan.windows == (3,)
    with pytest.raises(DataError, match="it leaves 26 returns, fewer than the 30"):
        plan_universe("y", bl.MarketData(make_prices(8, 30, freq="YE")), rows, chosen)


def test_the_claim_is_judged_with_the_window_nearest_to_a_year():
    plan = plan_universe(
        "a", make_market(9, 700), strategies(*PLAIN), replace(SMALL, windows=(50, 230, 300))
    )
    assert plan.claim_window == 230


def test_one_asset_leaves_nothing_to_choose():
    found = run_breadth(strategies(*PLAIN), {"one": make_market(10, n_assets=1)}, SMALL, n_jobs=1)
    assert not found.failures
    runs = list(found.runs.values())
    for run in runs:
        np.testing.assert_allclose(run.returns, runs[0].returns, atol=2e-3)


def test_the_number_of_processes_changes_no_bit():
    markets, chosen = {"a": make_market(11, 250)}, replace(SMALL, windows=(20,))
    alone, two = (run_breadth(strategies(*PLAIN), markets, chosen, n_jobs=n) for n in (1, 2))
    assert list(alone.runs) == list(two.runs)
    for one, other in zip(alone.runs.values(), two.runs.values(), strict=True):
        assert one.returns.to_numpy().tobytes() == other.returns.to_numpy().tobytes()
        assert one.turnover == other.turnover


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"windows": ()}, "windows"),
        ({"windows": (1,)}, "windows"),
        ({"windows": (50, 50)}, "twice"),
        ({"costs": (-1,)}, "costs"),
        ({"costs": (10_000,)}, "costs"),
        ({"claim_cost": 7}, "claim_cost"),
        ({"min_years": 0}, "min_years"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Settings(**wrong)


def test_without_ten_basis_points_the_claim_takes_the_nearest_cost():
    assert Settings(costs=(0, 25, 12)).claim_cost == 12
    assert Settings().claim_cost == 10


def test_strategies_of_one_name_are_refused():
    with pytest.raises(DataError, match="name of its own"):
        run_breadth(strategies("slp", "slp"), {"a": make_market(0)}, SMALL)
