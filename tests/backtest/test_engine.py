import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.config import packaged_names

SCHEDULES = ["month_end", "month_start", "weekly", "quarterly", 21, 1]


def simulate_in_currency(result, market, rate):
    """Trade shares and cash period by period; return wealth after each period."""
    prices = market.prices
    rates = market.risk_free
    decisions = set(result.weights.index)
    last = result.returns.index[-1]
    shares = pd.Series(0.0, index=prices.columns)
    cash, wealth = 1.0, {}
    for date in prices.index[prices.index >= result.weights.index[0]]:
        price = prices.loc[date]
        if len(wealth) and rates is not None:
            cash *= 1 + rates.loc[date]
        value = float((shares * price).sum()) + cash
        wealth[date] = value
        if date in decisions and date != last:
            wanted = result.weights.loc[date] * value
            cost = rate * float((wanted - shares * price).abs().sum())
            after = value - cost
            shares = result.weights.loc[date] * after / price
            cash = after - float((shares * price).sum())
        if date == last:
            break
    return pd.Series(wealth)


@pytest.mark.parametrize("rebalance", SCHEDULES)
@pytest.mark.parametrize("bps", [0.0, 10.0, 75.0])
def test_wealth_equals_a_simulation_in_shares_and_cash(rebalance, bps):
    market = make_market(3, 300, 5)
    strategy = bl.Strategy("m", lookback=40, rebalance=rebalance, cost_bps=bps)
    result = bl.run_backtest(strategy, market)
    slow = simulate_in_currency(result, market, bps / 10_000)
    np.testing.assert_allclose(result.wealth, slow, rtol=1e-12)
    assert list(result.wealth.index) == list(slow.index)


def test_cash_earns_the_risk_free_rate(industries):
    falling = make_prices(1, 200, 3)
    drift = 0.999 ** np.arange(200)
    prices = falling.iloc[[0]].to_numpy() * (falling / falling.iloc[0]) ** 0.1 * drift[:, None]
    frame = pd.DataFrame(prices, index=falling.index, columns=falling.columns)
    rates = pd.Series(0.0002, index=frame.index)
    market = bl.MarketData(frame, risk_free=rates)
    strategy = bl.Strategy("c", objective=bl.MaxSharpe(fallback="cash"), lookback=60)
    result = bl.run_backtest(strategy, market)
    assert (result.weights.sum(axis=1) == 0).all()
    np.testing.assert_allclose(result.returns, 0.0002, rtol=1e-12)
    assert set(result.notes["kind"]) == {"fallback"}
    assert industries.risk_free is not None


def test_a_hand_calculated_case_of_timing_cost_and_drift():
    """Two assets, decisions every 2 periods at equal weight, 1 % cost on each unit traded."""
    dates = pd.date_range("2020-01-01", periods=7, freq="D")
    prices = pd.DataFrame(
        {"A": [10.0, 10, 11, 22, 22, 22, 44], "B": [5.0, 6, 5, 5, 7.5, 15, 15]}, index=dates
    )
    market = bl.MarketData(prices)
    strategy = bl.Strategy("e", objective=bl.EqualWeight(), lookback=2, rebalance=2, cost_bps=100)
    result = bl.run_backtest(strategy, market)
    assert list(result.weights.index) == [dates[2], dates[4]]
    assert list(result.returns.index) == list(dates[3:])
    # Decision 1 at dates[2]: buys 1 unit in all, costs 1 %. A doubles, B stands: gross 50 %.
    np.testing.assert_allclose(result.gross_returns, [0.5, 1 / 6, 0.5, 1 / 3], rtol=1e-14)
    np.testing.assert_allclose(result.drifted_weights.iloc[1], [4 / 7, 3 / 7], rtol=1e-14)
    np.testing.assert_allclose(result.turnover, [0.5, 1 / 14], rtol=1e-14)
    np.testing.assert_allclose(result.costs, [0.01, 0.01 / 7], rtol=1e-14)
    second = (1 - 0.01 / 7) * 1.5 - 1
    np.testing.assert_allclose(result.returns, [0.99 * 1.5 - 1, 1 / 6, second, 1 / 3], rtol=1e-13)
    assert bl.summarise(result)["turnover"] == pytest.approx(1 / 14, rel=1e-14)


@pytest.mark.parametrize("name", packaged_names("strategies"))
def test_the_ledger_adds_up(name, sample_market):
    recent = bl.MarketData(sample_market.prices.iloc[-1200:], macro=sample_market.macro)
    result = bl.run_backtest(name, recent, start="2020-01-01", cost_bps=25)
    trades = result.trades.set_index(["date", "asset"])
    moved = (result.weights - result.drifted_weights).to_numpy().ravel()
    np.testing.assert_allclose(trades["trade"], moved[moved != 0], atol=1e-15)
    by_date = result.trades.groupby("date")
    before = result.wealth.loc[result.weights.index]
    decided = result.weights.index  # at some of which nothing is traded
    traded = by_date["value"].apply(lambda v: v.abs().sum()).reindex(decided, fill_value=0.0)
    costs = by_date["cost"].sum().reindex(decided, fill_value=0.0)
    np.testing.assert_allclose(traded / 2 / before, result.turnover, rtol=1e-12)
    np.testing.assert_allclose(costs / before, result.costs, rtol=1e-12)
    np.testing.assert_allclose(costs, 0.0025 * traded, rtol=1e-12)
    np.testing.assert_allclose((1 + result.returns).cumprod(), result.wealth.iloc[1:], rtol=1e-12)
    first = [result.returns.index[result.returns.index > d][0] for d in result.costs.index]
    paid = (1 + result.returns[first]) / (1 + result.gross_returns[first])
    np.testing.assert_allclose(paid, 1 - result.costs, rtol=1e-12)
    others = result.returns.index.difference(first)
    np.testing.assert_array_equal(result.returns[others], result.gross_returns[others])


@given(seed=st.integers(0, 10_000), bps=st.floats(0, 300), more=st.floats(0, 300))
@settings(max_examples=20)
def test_costs_never_raise_wealth(seed, bps, more):
    market = make_market(seed, 160, 3)
    strategy = bl.Strategy("m", lookback=30)
    cheap = bl.run_backtest(strategy, market, cost_bps=bps)
    dear = bl.run_backtest(strategy, market, cost_bps=bps + more)
    assert (dear.wealth.to_numpy() <= cheap.wealth.to_numpy() * (1 + 1e-12)).all()
    pd.testing.assert_frame_equal(dear.weights, cheap.weights)


def test_without_costs_net_is_gross(sample_market):
    result = bl.run_backtest("markowitz", sample_market, start="2018-01-01", cost_bps=0)
    pd.testing.assert_series_equal(result.returns, result.gross_returns, check_names=False)
    assert (result.costs == 0).all()


def test_one_asset_trades_once_and_then_never():
    market = make_market(5, 200, 1)
    result = bl.run_backtest(bl.Strategy("one", lookback=30), market)
    assert (result.weights == 1).all(axis=None)
    assert list(result.turnover) == [0.5] + [0.0] * (len(result.turnover) - 1)
    held = market.prices.loc[result.weights.index[0] :, "A0"]
    np.testing.assert_allclose(result.wealth, 0.999 * held / held.iloc[0] + 0.001 * (
        held.index == held.index[0]), rtol=1e-12)  # fmt: skip


def scrambled(market, cut, seed):
    """The market with everything after row `cut` replaced by other prices."""
    prices = market.prices.copy()
    rng = np.random.default_rng(seed)
    shape = prices.iloc[cut + 1 :].shape
    prices.iloc[cut + 1 :] = prices.iloc[cut].to_numpy() * np.exp(
        np.cumsum(rng.normal(0, 0.05, size=shape), axis=0)
    )
    return bl.MarketData(prices, periods_per_year=market.periods_per_year)


@pytest.mark.parametrize("name", packaged_names("strategies"))
@given(seed=st.integers(0, 1000), cut=st.integers(290, 350))
@settings(max_examples=4)
def test_no_strategy_looks_ahead(name, seed, cut):
    """Deleting or scrambling everything after t changes no weight at t or before."""
    market = make_market(seed, 360, 4)
    plan = bl.load_strategy(name).model_copy(update={"lookback": 120, "rebalance": 11})
    full = bl.run_backtest(plan, market, start=market.dates[200])
    until = market.dates[cut]
    deleted = bl.MarketData(market.prices.iloc[: cut + 1], periods_per_year=252)
    for other in (deleted, scrambled(market, cut, seed)):
        result = bl.run_backtest(plan, other, start=market.dates[200])
        known = result.weights.loc[:until]
        assert len(known) > 5
        pd.testing.assert_frame_equal(known, full.weights.loc[known.index], check_exact=True)
        earned = result.returns.loc[:until]
        pd.testing.assert_series_equal(earned, full.returns.loc[earned.index], check_exact=True)


@pytest.mark.parametrize("name", packaged_names("strategies"))
def test_permuting_assets_permutes_weights(name):
    market = make_market(11, 420, 6)
    order = [4, 0, 5, 2, 1, 3]
    shuffled = bl.MarketData(market.prices.iloc[:, order])
    plan = bl.load_strategy(name).model_copy(update={"lookback": 120})
    first, second = bl.run_backtest(plan, market), bl.run_backtest(plan, shuffled)
    pd.testing.assert_frame_equal(
        first.weights, second.weights[first.weights.columns], rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(first.wealth, second.wealth, rtol=1e-9)


@pytest.mark.parametrize("name", packaged_names("strategies"))
@pytest.mark.parametrize("factor", [1e-3, 7.3])
def test_scaling_all_prices_changes_nothing(name, factor):
    market = make_market(12, 420, 5)
    scaled = bl.MarketData(market.prices * factor)
    plan = bl.load_strategy(name).model_copy(update={"lookback": 120})
    first, second = bl.run_backtest(plan, market), bl.run_backtest(plan, scaled)
    pd.testing.assert_frame_equal(first.weights, second.weights, rtol=0, atol=1e-8)


def test_start_and_end_bound_decisions_and_holding(sample_market):
    result = bl.run_backtest("equal_weight", sample_market, start="2001-03-10", end="2003-06-15")
    assert result.weights.index[0] == pd.Timestamp("2001-03-30")
    assert result.returns.index[0] == pd.Timestamp("2001-04-02")
    assert result.returns.index[-1] == pd.Timestamp("2003-06-13")
    assert result.manifest["first_decision"] == "2001-03-30"


def test_excess_returns_train_the_models_and_the_manifest_says_so(industries):
    seen = []

    class Spy:
        def fit(self, window):
            seen.append(window)
            return bl.HistoricalPrior().fit(window)

    strategy = bl.Strategy("spy", prior=Spy(), lookback=60, rebalance=12)
    result = bl.run_backtest(strategy, industries, end="1960-12-31")
    window = seen[0]
    simple = industries.prices.pct_change().loc[window.returns.index]
    rates = industries.risk_free.loc[window.returns.index]
    np.testing.assert_allclose(window.returns, simple.sub(rates, axis=0), atol=1e-15)
    assert result.manifest["returns"] == "excess"
    assert window.as_of == result.weights.index[0]
    assert len(window.returns) == 60


def test_progress_counts_every_decision(sample_market):
    calls = []
    result = bl.run_backtest(
        "equal_weight", sample_market, start="2020-01-01", progress=lambda *c: calls.append(c)
    )
    n = len(result.weights)
    assert calls == [(i + 1, n) for i in range(n)]


def test_numbers_of_a_result_cannot_be_overwritten(sample_market):
    result = bl.run_backtest("equal_weight", sample_market, start="2020-01-01")
    with pytest.raises(ValueError, match="read-only"):
        result.returns.iloc[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        result.weights.iloc[0, 0] = 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"strategy": "slpp"}, bl.ConfigError, "Did you mean 'slp'"),
        ({"strategy": 3}, bl.ConfigError, "`strategy` must be"),
        ({"cost_bps": -1}, bl.ConfigError, "`cost_bps`"),
        ({"start": "soon"}, bl.DataError, "`start` must be a date"),
        ({"start": "2030-01-01"}, bl.DataError, "no decision to make"),
        ({"end": "1980-01-01"}, bl.DataError, "no decision to make"),
        ({"start": "2010-01-01", "end": "2009-01-01"}, bl.DataError, "no decision to make"),
        ({"strategy": bl.Strategy("long", lookback=99_999)}, bl.DataError, "Shorten the lookback"),
    ],
)
def test_bad_arguments_get_one_clear_sentence(sample_market, arguments, error, words):
    arguments = {"strategy": "equal_weight", **arguments}
    with pytest.raises(error, match=words):
        bl.run_backtest(arguments.pop("strategy"), sample_market, **arguments)
