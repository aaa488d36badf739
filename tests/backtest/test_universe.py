import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.errors import SingularCovarianceWarning


def run(market, **kwargs):
    plan = {"objective": bl.EqualWeight(), "lookback": 30, **kwargs}
    return bl.run_backtest(bl.Strategy("e", **plan), market)


def test_an_asset_enters_when_it_has_a_full_lookback():
    prices = make_prices(1, 250, 3)
    prices.iloc[:100, 2] = np.nan
    result = run(bl.MarketData(prices), rebalance=1)
    held = result.weights["A2"] > 0
    assert held.idxmax() == prices.index[130]  # 30 returns need 31 prices
    assert held.loc[prices.index[130] :].all()
    assert result.weights.loc[prices.index[129]].tolist() == [0.5, 0.5, 0.0]
    entered = result.notes[result.notes["message"].str.startswith("Entered")]
    assert entered["message"].tolist() == ["Entered: A2."]


def test_a_vanished_asset_keeps_its_last_price_until_the_next_decision():
    prices = make_prices(2, 200, 2)
    prices.iloc[121:, 1] = np.nan
    result = run(bl.MarketData(prices), rebalance=40)
    bought = prices.index[110]
    assert result.weights.loc[bought].tolist() == [0.5, 0.5]
    start, last, end = prices.iloc[110], prices.iloc[120], prices.iloc[150]
    value = 0.5 * end["A0"] / start["A0"] + 0.5 * last["A1"] / start["A1"]
    gross = (1 + result.gross_returns).loc[prices.index[111] : prices.index[150]].prod()
    assert gross == pytest.approx(value, rel=1e-12)
    sold = prices.index[150]
    assert result.weights.loc[sold].tolist() == [1.0, 0.0]
    assert result.drifted_weights.loc[sold, "A1"] == pytest.approx(
        0.5 * last["A1"] / start["A1"] / value, rel=1e-12
    )
    sale = result.trades.set_index(["date", "asset"]).loc[(sold, "A1")]
    assert (sale["reason"], sale["weight_after"]) == ("delisted", 0.0)
    assert sale["value"] == pytest.approx(-sale["weight_before"] * result.wealth[sold], rel=1e-12)
    said = result.notes[result.notes["kind"] == "delisted"]
    assert said["date"].tolist() == [sold]
    assert said["message"].tolist() == [
        f"A1 has had no price since {prices.index[120].date()}; sold at that."
    ]


def test_nothing_is_known_of_an_end_before_it_comes():
    prices = make_prices(3, 200, 3)
    ending = prices.copy()
    ending.iloc[150:, 2] = np.nan
    whole, cut = (bl.run_backtest(bl.Strategy("m", lookback=40), bl.MarketData(p))
                  for p in (prices, ending))  # fmt: skip
    before = prices.index[149]
    pd.testing.assert_frame_equal(whole.weights.loc[:before], cut.weights.loc[:before])


def test_only_members_are_held():
    prices = make_prices(4, 200, 3)
    day = prices.index
    membership = {"A0": ((day[0], None),), "A1": ((day[0], day[99]),), "A2": ((day[150], None),)}
    result = run(bl.MarketData(prices, membership=membership), rebalance=1)
    assert result.weights.loc[day[99]].tolist() == [0.5, 0.5, 0.0]
    assert result.weights.loc[day[100]].tolist() == [1.0, 0.0, 0.0]
    assert result.weights.loc[day[150]].tolist() == [0.5, 0.0, 0.5]
    reasons = result.trades.set_index(["date", "asset"])["reason"]
    assert reasons[day[100], "A1"] == "left"
    assert set(reasons.drop((day[100], "A1"))) == {"rebalance"}


def test_a_stock_that_does_not_trade_is_not_a_safe_haven():
    prices = make_prices(5, 200, 3)
    prices.iloc[60:140, 1] = prices.iloc[60, 1]
    result = run(bl.MarketData(prices), objective=bl.MinVariance(), rebalance=1)
    assert result.weights.loc[prices.index[100], "A1"] == 0.0


def test_a_hole_in_the_universe_is_held_in_cash():
    prices = make_prices(6, 200, 2)
    day = prices.index
    membership = {"A0": ((day[0], day[80]),), "A1": ((day[120], None),)}
    result = run(bl.MarketData(prices, membership=membership), rebalance=10)
    empty = result.weights.loc[day[90] : day[119]]
    assert len(empty)
    assert (empty == 0).all(axis=None)
    assert (result.gross_returns.loc[day[91] : day[119]] == 0).all()


def test_fewer_observations_than_assets_is_a_warning_not_an_error():
    market = bl.MarketData(make_prices(7, 120, 12))
    strategy = bl.Strategy("wide", lookback=10, rebalance=5)
    with pytest.warns(SingularCovarianceWarning, match="singular at") as caught:
        result = bl.run_backtest(strategy, market)
    assert len(caught) == 1
    np.testing.assert_allclose(result.weights.sum(axis=1), 1.0, rtol=1e-12)
    assert (result.notes["kind"] == "ridge").sum() == len(result.weights)


@pytest.mark.parametrize("name", ["markowitz", "min_variance", "equilibrium", "slp"])
def test_a_short_window_of_many_assets_runs_with_every_model(name):
    market = bl.MarketData(make_prices(8, 420, 60))
    plan = bl.load_strategy(name).model_copy(update={"lookback": 50, "rebalance": 63})
    if name in {"markowitz"}:
        with pytest.warns(SingularCovarianceWarning):
            result = bl.run_backtest(plan, market)
    else:
        result = bl.run_backtest(plan, market)
    np.testing.assert_allclose(result.weights.sum(axis=1), 1.0, rtol=1e-12)
    assert (result.weights >= 0).all(axis=None)


def test_capitalisation_weights_are_those_known_at_the_decision():
    prices = make_prices(9, 200, 3)
    caps = pd.DataFrame(
        [[1.0, 1.0, 2.0], [6.0, 2.0, 2.0]],
        index=[prices.index[0], prices.index[100]],
        columns=prices.columns,
    )
    market = bl.MarketData(prices, market_weights=caps)
    strategy = bl.Strategy(
        "cap", prior=bl.EquilibriumPrior(reference="market_cap"), lookback=30, rebalance=1
    )
    result = bl.run_backtest(strategy, market)
    np.testing.assert_allclose(result.weights.loc[prices.index[99]], [0.25, 0.25, 0.5], atol=1e-9)
    np.testing.assert_allclose(result.weights.loc[prices.index[100]], [0.6, 0.2, 0.2], atol=1e-9)


@pytest.mark.parametrize("with_rate", [False, True])
def test_an_asset_that_grows_like_cash_is_not_a_risky_asset(with_rate):
    prices = make_prices(10, 200, 3)
    rates = pd.Series(np.random.default_rng(0).uniform(0, 2e-4, size=200), index=prices.index)
    rates.iloc[0] = 0.0
    growth = rates if with_rate else 1e-4
    prices["A2"] = 100 * np.cumprod(np.full(200, 1.0) + growth)
    market = bl.MarketData(prices, risk_free=rates if with_rate else None)
    result = run(market, objective=bl.MinVariance())
    assert (result.weights["A2"] == 0).all()
