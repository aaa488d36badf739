"""What a decision tells the optimiser, what the optimiser says back, and errors on the way."""

import pickle

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.backtest.ledger import gist
from blportfolio.backtest.schedule import periods_between
from blportfolio.errors import Conflict, InfeasibleError
from blportfolio.report.tables import remarks, summary_records


def strategy(objective, **kwargs):
    return bl.Strategy("s", **{"objective": objective, "lookback": 60, **kwargs})


def late_market(seed=1, n_dates=300, first=150):
    """Four assets, the last of which is listed late."""
    prices = make_prices(seed, n_dates)
    prices.iloc[:first, 3] = np.nan
    return bl.MarketData(prices)


BENCHMARK = {"A0": 0.2, "A1": 0.2, "A2": 0.1, "A3": 0.5}


def test_a_benchmark_is_spread_over_what_may_be_held():
    result = bl.run_backtest(strategy(bl.MinTrackingError(BENCHMARK)), late_market())
    early = result.weights["A3"] == 0
    assert early.any()
    assert not early.all()
    np.testing.assert_allclose(result.weights[early].iloc[0], [0.4, 0.4, 0.2, 0], atol=1e-9)
    np.testing.assert_allclose(result.weights.iloc[-1], list(BENCHMARK.values()), atol=1e-9)


def test_a_tracking_error_is_measured_from_the_benchmark_that_may_be_held():
    market = late_market()
    limited = bl.MeanVariance(1.0, constraints={"benchmark": BENCHMARK, "tracking_error": 0.003})
    result = bl.run_backtest(strategy(limited), market)
    for date, weights in result.weights.iterrows():
        window = bl.make_window(market, as_of=date, lookback=60)
        held = list(window.assets)
        gap = weights[held] - pd.Series(BENCHMARK)[held] / pd.Series(BENCHMARK)[held].sum()
        assert np.sqrt(gap @ np.cov(window.returns, rowvar=False) @ gap) <= 0.003 * (1 + 1e-8)


def test_a_benchmark_of_which_nothing_may_be_held_is_refused_with_the_date():
    objective = bl.MinTrackingError({"A3": 1.0})
    with pytest.raises(
        bl.DataError, match=r"s has no weights on 2000-\d\d-\d\d\. `benchmark` .* start later"
    ):
        bl.run_backtest(strategy(objective), late_market())


def test_a_long_short_benchmark_keeps_its_weights():
    benchmark = {"A0": 0.3, "A1": 0.1, "A2": -0.1, "A3": -0.3}
    free = bl.Constraints(bounds=(-1, 1), budget=0.3)
    result = bl.run_backtest(strategy(bl.MinTrackingError(benchmark, constraints=free)),
                             late_market())  # fmt: skip
    np.testing.assert_allclose(result.weights.iloc[0], [0.3, 0.1, -0.1, 0], atol=1e-9)


def test_a_limit_per_year_of_monthly_data_knows_its_periods(industries):
    objective = bl.TargetVolatility(0.1, constraints=bl.Constraints(cash=(0, 1)))
    plan = strategy(objective, lookback=120)
    result = bl.run_backtest(plan, industries, start="2010-01-01")
    date = result.weights.index[5]
    window = bl.make_window(industries, as_of=date, lookback=120)
    weights = result.weights.loc[date]
    risk = np.sqrt(weights @ np.cov(window.returns, rowvar=False) @ weights * 12)
    assert risk == pytest.approx(0.1, rel=1e-6)


def test_market_weights_of_the_data_are_a_benchmark():
    prices = make_prices(3)
    caps = pd.DataFrame([[4.0, 3.0, 2.0, 1.0]], index=prices.index[:1], columns=prices.columns)
    market = bl.MarketData(prices, market_weights=caps / caps.sum(axis=1).iloc[0])
    result = bl.run_backtest(strategy(bl.MinTrackingError("market_cap")), market)
    np.testing.assert_allclose(result.weights, [[0.4, 0.3, 0.2, 0.1]] * len(result.weights),
                               atol=1e-9)  # fmt: skip


def falling_market():
    """Prices that fall in the middle of the data, so that nothing is worth holding then."""
    prices = make_prices(5, 420, 3)
    drift = np.where((np.arange(420) > 150) & (np.arange(420) < 260), 0.99, 1.002)
    return bl.MarketData(prices * np.cumprod(drift)[:, None])


def test_after_a_fallback_to_cash_the_next_purchase_is_a_first_one():
    limited = bl.MaxSharpe(fallback="cash", constraints=bl.Constraints(turnover=0.1))
    result = bl.run_backtest(strategy(limited), falling_market())
    invested = result.weights.sum(axis=1)
    in_cash = invested[invested == 0].index
    assert len(in_cash)
    assert invested.iloc[-1] == pytest.approx(1)
    was_held = result.drifted_weights.abs().sum(axis=1) > 0
    usual = was_held & ~result.weights.index.isin(in_cash)
    assert result.turnover[usual].max() <= 0.1 + 1e-9


def test_cash_that_is_allowed_is_left_at_the_pace_that_turnover_allows():
    slow = bl.Constraints(cash=(0, 1), turnover=0.1)
    objective = bl.MeanVariance(2.0, constraints=slow)
    prices = make_prices(5, 420, 3)
    drift = np.where(np.arange(420) < 200, 0.98, 1.01)
    market = bl.MarketData(prices * np.cumprod(drift)[:, None])
    result = bl.run_backtest(strategy(objective), market)
    assert result.weights.iloc[0].sum() == pytest.approx(0, abs=1e-9)
    assert result.weights.sum(axis=1).max() > 0.5
    assert result.turnover.iloc[1:].max() <= 0.1 + 1e-9


def test_the_reason_of_a_fallback_is_told_apart_from_other_remarks():
    constraints = {"groups": {"G": ["A3"]}, "group_bounds": {"G": [0, 0.2]}}
    objective = bl.TargetReturn(
        target=9.0, unit="year", fallback="nearest", constraints=constraints
    )
    result = bl.run_backtest(strategy(objective), late_market())
    notes = result.notes.groupby("kind")["message"]
    assert notes.get_group("fallback").str.contains("out of reach").all()
    assert notes.get_group("optimiser").str.contains("group G names no asset").all()
    assert len(notes.get_group("fallback")) == len(result.weights)


def test_what_the_optimiser_says_is_shown_once_with_a_count():
    market = falling_market()
    result = bl.run_backtest(strategy(bl.MaxSharpe()), market)
    noted = result.notes.query("kind == 'fallback'")
    (said,) = remarks(summary_records([result]))
    assert said == (
        f"s at {len(noted)} of {len(result.weights)} decisions, first on "
        f"{noted['date'].iloc[0].date()}: No allowed portfolio has an expected return above 0; "
        "held min_variance instead."
    )
    relaxed = bl.MinVariance(constraints=bl.Constraints(bounds=(0, 0.4), turnover=1e-5, relax=True))
    result = bl.run_backtest(strategy(relaxed), market)
    assert result.notes["message"].nunique() > 3  # each with figures of its own
    (said,) = remarks(summary_records([result]))
    assert "A turnover of at most 1e-05 contradicts" in said


def test_an_error_of_the_data_names_strategy_and_date_too():
    constraints = {"factors": {"beta": {"A0": 1.0, "A1": 1.0, "A2": 1.0}},
                   "factor_bounds": {"beta": [0, 2]}}  # fmt: skip
    objective = bl.MinVariance(constraints=constraints)
    with pytest.raises(bl.DataError, match=r"^s has no weights on \d{4}-.*no loading for 'A3'"):
        bl.run_backtest(strategy(objective), late_market())


def test_an_impossible_limit_on_trades_names_the_way_out():
    prices = make_prices(5, 300, 3)
    objective = bl.MinVariance(constraints=bl.Constraints(bounds=(0, 0.34), turnover=1e-6))
    with pytest.raises(InfeasibleError, match="With `relax` limits on trades give"):
        bl.run_backtest(strategy(objective), bl.MarketData(prices))


def test_an_error_survives_the_way_out_of_a_worker_process():
    objective = bl.MaxSharpe(constraints=bl.Constraints(bounds=(0, 0.2)))
    with pytest.raises(InfeasibleError) as error:
        bl.run_backtest(strategy(objective), make_market(5))
    copy = pickle.loads(pickle.dumps(error.value))  # noqa: S301, our own
    assert str(copy) == str(error.value)
    assert copy.conflicts == error.value.conflicts
    assert isinstance(copy.conflicts[0], Conflict)
    assert "\n" not in str(copy)


def test_the_manifest_says_over_how_many_periods_a_trade_is_spread():
    result = bl.run_backtest(strategy(bl.MinVariance(), rebalance="quarterly"), make_market(1))
    assert result.manifest["periods_between_decisions"] == periods_between("quarterly", 252) == 63


def test_a_trade_is_spread_over_the_periods_between_decisions():
    """Trading 10 bp at a horizon of 10 is 1 bp at a horizon of 1; holding knows no horizon."""
    market = make_market(6)
    held = {"holding_bps": {"A0": 1}, "borrow_bps": {"A1": 0.2, "A2": 0.1}}
    costs = [
        bl.Costs(trading_bps=10, impact_bps=20, **held),
        bl.Costs(trading_bps=1, impact_bps=2, **held, horizon=1),
    ]
    short = bl.Constraints(bounds=(-0.5, 1))
    plans = [strategy(bl.MeanVariance(5.0, costs=c, constraints=short), rebalance=10)
             for c in costs]  # fmt: skip
    first, second = (bl.run_backtest(plan, market).weights for plan in plans)
    assert np.abs(first.diff().to_numpy()[1:]).max() > 0.01
    assert (first[["A1", "A2"]] < -0.01).any().all()
    np.testing.assert_allclose(first, second, atol=1e-9)


def test_only_what_is_sold_by_force_widens_the_turnover():
    prices = make_prices(4, n_dates=420)
    prices.loc[prices.index[180] :, "A3"] = np.nan
    limited = bl.MeanVariance(0.1, constraints=bl.Constraints(turnover=0.03))
    result = bl.run_backtest(strategy(limited), bl.MarketData(prices))
    gone = result.drifted_weights["A3"].where(result.weights["A3"] == 0, 0.0)
    assert (gone > 0.01).sum() == 1
    assert (result.turnover - gone).iloc[1:].max() <= 0.03 + 1e-9
    assert (result.turnover.iloc[1:] > 0.029).sum() > 5  # it wants to trade more


@pytest.mark.parametrize(
    "objective", [bl.MinCVaR(level=0.9), bl.RobustMeanVariance(confidence=0.99)], ids=str
)
def test_a_decision_is_what_the_fitted_distribution_alone_gives(objective):
    """Expected returns that are no sample means, their uncertainty, and scenarios about them."""
    market, prior = make_market(9), bl.EquilibriumPrior(risk_aversion=40.0, tau=0.5)
    weights = bl.run_backtest(strategy(objective, prior=prior), market).weights.iloc[-1]
    fitted = prior.fit(bl.make_window(market, as_of=weights.name, lookback=60))
    np.testing.assert_allclose(weights, objective.solve(fitted), atol=1e-7)


def test_limits_find_their_assets_when_one_before_them_is_not_listed_yet():
    prices = make_prices(12)
    prices.iloc[:150, 0] = np.nan
    limits = {"bounds": {"A2": (0, 0.1), "A3": (0.35, 0.9)}, "trade_bounds": {"A1": 0.01}}
    market = bl.MarketData(prices)
    result = bl.run_backtest(strategy(bl.MeanVariance(0.5, constraints=limits)), market)
    assert (result.weights["A0"] == 0).sum() > 3
    assert result.weights["A2"].max() <= 0.1 + 1e-12
    assert result.weights["A3"].min() >= 0.35 - 1e-12
    moved = (result.weights["A1"] - result.drifted_weights["A1"]).abs()
    assert moved.iloc[1:].max() <= 0.01 + 1e-12


def test_notes_that_differ_in_figures_alone_have_the_same_gist():
    texts = [f"Held the largest, {figure}." for figure in ("0.000418", "9.13e-05", "-2", "1e+06")]
    assert {gist(text) for text in texts} == {"Held the largest, #."}
