"""Calendar returns, rolling figures, falls and trades, against other ways to compute them."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.report import metrics
from blportfolio.report.portfolio import (
    annual_returns,
    between,
    cost_drag,
    costs_by_year,
    decisions,
    gross_wealth,
    holdings,
    monthly_returns,
    rolling_sharpe,
    rolling_volatility,
    window_of,
    worst_drawdowns,
)


def growth(returns, start="2000-01-31", freq="B"):
    dates = pd.date_range(start, periods=len(returns) + 1, freq=freq)
    return pd.Series(np.cumprod([1.0, *(1 + np.asarray(returns))]), index=dates)


@pytest.fixture(scope="module")
def wealth():
    return growth(np.random.default_rng(1).normal(0.0003, 0.01, 700))


@pytest.fixture(scope="module")
def result():
    market = make_market(1, n_dates=700)
    return bl.run_backtest(bl.Strategy("s", objective=bl.MaxSharpe(), lookback=60), market)


def test_months_and_years_are_those_of_a_resampled_series(wealth):
    table = monthly_returns(wealth)
    months = wealth.resample("ME").last().pct_change().dropna()
    found = table.drop(columns="year").to_numpy().ravel()
    np.testing.assert_allclose(found[~np.isnan(found)], months.to_numpy(), rtol=1e-12)
    years = wealth.resample("YE").last().pct_change().dropna()
    np.testing.assert_allclose(table["year"].iloc[1:], years, rtol=1e-12)
    assert list(table.columns) == [*range(1, 13), "year"]
    assert math.isnan(table.loc[2000, 1])  # the last day of January is where growth begins


returns_drawn = st.lists(st.floats(-0.5, 0.8), min_size=1, max_size=150)


@given(returns_drawn, st.sampled_from(["B", "ME", "W", "QE"]))
def test_months_compound_to_their_year_and_years_to_the_whole(returns, freq):
    wealth = growth(returns, freq=freq)
    table = monthly_returns(wealth)
    by_month = (1 + table.drop(columns="year")).prod(axis=1)
    np.testing.assert_allclose(by_month, 1 + table["year"], rtol=1e-9)
    assert (1 + table["year"]).prod() == pytest.approx(wealth.iloc[-1], rel=1e-9)


def test_a_year_is_whole_when_it_was_held_from_end_to_end():
    daily = growth(np.zeros(600) + 1e-4, start="2000-06-30")
    assert annual_returns(daily)["whole"].tolist() == [False, True, False]
    whole = growth(np.zeros(24) + 0.01, start="1999-12-31", freq="ME")
    table = annual_returns(whole)
    assert table["whole"].tolist() == [True, True]
    assert table["first"].tolist() == [pd.Timestamp("1999-12-31"), pd.Timestamp("2000-12-31")]
    np.testing.assert_allclose(table["return"], 1.01**12 - 1, rtol=1e-12)
    first_of_month = growth(np.zeros(24) + 0.01, start="1999-12-01", freq="MS")
    assert annual_returns(first_of_month)["whole"].tolist() == [True, True]
    late = pd.Series(1.0, pd.date_range("2000-01-31", "2001-11-30", freq="ME"))
    assert annual_returns(late)["whole"].tolist() == [False, False]  # a month is missing


def test_a_month_without_a_period_leaves_its_return_to_the_next():
    wealth = pd.Series([1, 1.1, 1.21], index=pd.to_datetime(["2020-01-31", "2020-02-28",
                                                             "2020-04-30"]))  # fmt: skip
    table = monthly_returns(wealth)
    assert math.isnan(table.loc[2020, 3])
    assert table.loc[2020, 4] == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [pd.Series([1.0, 1.1]), growth([0.1, -1.0]), growth([])])
def test_growth_without_dates_or_to_nothing_has_no_calendar(bad):
    with pytest.raises(DataError, match="`wealth` must be"):
        monthly_returns(bad)


@pytest.mark.parametrize("window", [2, 21, 252])
def test_rolling_figures_are_those_of_each_window_alone(wealth, window):
    returns = wealth.pct_change().dropna()
    ratio, volatility = rolling_sharpe(returns, window), rolling_volatility(returns, window)
    assert len(ratio) == len(volatility) == len(returns) - window + 1
    for row in range(window - 1, len(returns), 97):
        own = returns.iloc[row - window + 1 : row + 1]
        date = returns.index[row]
        assert ratio[date] == pytest.approx(metrics.sharpe_ratio(own), rel=1e-7)
        assert volatility[date] == pytest.approx(metrics.annualised_volatility(own), rel=1e-9)


def test_windows_whose_returns_do_not_vary_have_a_volatility_of_0_and_no_ratio():
    returns = pd.Series(
        [0.0] * 10 + [0.01, -0.01] * 5 + [0.001] * 10,
        index=pd.date_range("2020-01-01", periods=30),
    )
    volatility, ratio = rolling_volatility(returns, 5), rolling_sharpe(returns, 5)
    assert (volatility.iloc[:6] == 0).all()
    assert (volatility.iloc[-6:] == 0).all()
    assert not ratio.index.isin(volatility.index[volatility == 0]).any()
    assert np.isfinite(ratio).all()


def test_the_whole_as_one_window_has_the_ratio_of_the_whole(result):
    ratio = rolling_sharpe(result.returns, len(result.returns), result.periods_per_year)
    assert ratio.item() == pytest.approx(bl.summarise(result)["sharpe_ratio"], rel=1e-9)


def test_a_window_is_stated_in_periods_of_the_data():
    assert window_of(1, 252) == 252
    assert window_of(3, 12) == 36
    with pytest.raises(ConfigError, match="1 periods of these data"):
        window_of(1, 1)


@pytest.mark.parametrize(
    ("returns", "window", "error", "said"),
    [
        ([0.1, 0.2], 3, DataError, "There are 2 returns, fewer than the 3"),
        ([0.1, 0.2], 1, ConfigError, "2 periods or more, got 1"),
        ([0.1, 0.2], 2.5, ConfigError, "2 periods or more"),
        ([0.1, math.nan], 2, DataError, "must be finite"),
    ],
)
def test_a_window_that_cannot_be_filled_is_refused(returns, window, error, said):
    series = pd.Series(returns, index=pd.date_range("2020-01-01", periods=len(returns)))
    with pytest.raises(error, match=said):
        rolling_sharpe(series, window)


def all_falls(wealth):
    """Every fall found by looking at each date: (peak, trough, recovery or None, depth)."""
    falls, values = [], wealth.to_numpy()
    row = 0
    while row < len(values) - 1:
        if values[row + 1] >= values[row]:
            row += 1
            continue
        back = [i for i in range(row + 1, len(values)) if values[i] >= values[row]]
        stop = back[0] if back else len(values)
        trough = min(range(row, stop), key=lambda i: values[i])
        falls.append((row, trough, back[0] if back else None, values[trough] / values[row] - 1))
        row = stop if back else len(values)
    return sorted(falls, key=lambda fall: fall[3])


@given(st.lists(st.sampled_from([-0.3, -0.1, -0.02, 0.0, 0.05, 0.2]), min_size=1, max_size=60))
def test_the_worst_falls_are_those_found_date_by_date(steps):
    wealth = growth(steps)
    found, expected = worst_drawdowns(wealth), all_falls(wealth)
    assert len(found) == min(5, len(expected))
    assert (found["depth"] <= 0).all()
    assert found["depth"].is_monotonic_increasing
    np.testing.assert_allclose(found["depth"], [fall[3] for fall in expected[:5]], atol=1e-12)
    if len(found):
        assert found["depth"].iloc[0] == pytest.approx(metrics.max_drawdown(wealth), abs=1e-12)
    by_peak = {wealth.index[peak]: (trough, back) for peak, trough, back, _ in expected}
    for fall in found.itertuples():
        trough, back = by_peak[fall.peak]
        assert fall.depth == pytest.approx(wealth.iloc[trough] / wealth[fall.peak] - 1, abs=1e-12)
        assert wealth[fall.trough] == pytest.approx(wealth.iloc[trough], rel=1e-12)
        end = wealth.index[-1] if back is None else wealth.index[back]
        assert (fall.recovered is pd.NaT) == (back is None)
        assert fall.days == (end - fall.peak).days
        assert fall.days_down == (fall.trough - fall.peak).days


def test_a_fall_that_is_not_over_has_no_date_of_recovery():
    table = worst_drawdowns(growth([0.1, -0.2, 0.05], freq="D"))
    assert table["recovered"].isna().all()
    assert table["days_up"].isna().all()
    assert table["days"].tolist() == [2]


def test_growth_that_never_falls_has_no_falls():
    table = worst_drawdowns(growth([0.1, 0.0, 0.1]))
    assert table.empty
    assert list(table.columns)[:4] == ["depth", "peak", "trough", "recovered"]
    with pytest.raises(ConfigError, match="1 or more"):
        worst_drawdowns(growth([0.1]), 0)


def test_decisions_add_up_to_the_ledger(result):
    table, trades = decisions(result), result.trades
    made = trades.groupby("date").size().reindex(table.index, fill_value=0)
    assert table["trades"].tolist() == made.tolist()
    bought = trades[trades["trade"] > 0].groupby("date")["trade"].sum()
    np.testing.assert_allclose(table["bought"], bought.reindex(table.index, fill_value=0))
    np.testing.assert_allclose((table["bought"] + table["sold"]) / 2, table["turnover"])
    rate = result.manifest["cost_bps"]
    np.testing.assert_allclose(table["cost_bps"], rate * (table["bought"] + table["sold"]))
    assert table["is_purchase"].tolist() == [True] + [False] * (len(table) - 1)


def test_an_equal_portfolio_has_as_many_effective_assets_as_assets():
    equal = bl.run_backtest(bl.Strategy("e", objective=bl.EqualWeight(), lookback=60),
                            make_market(3, n_assets=5))  # fmt: skip
    table = holdings(equal)
    np.testing.assert_allclose(table["effective"], 5)
    np.testing.assert_allclose(table["largest"], 0.2)
    np.testing.assert_allclose(table["net"], 1)
    assert (table["held"] == 5).all()


def test_effective_assets_lie_between_one_and_those_held(result):
    table = holdings(result)
    assert (table["effective"] >= 1 - 1e-12).all()
    assert (table["effective"] <= table["held"] + 1e-9).all()


def test_what_costs_took_is_in_the_growth_of_both_kinds(result):
    row = cost_drag([result]).iloc[0]
    summary = bl.summarise(result)
    assert row["drag_bps"] == pytest.approx(1e4 * summary["cost_drag"], rel=1e-9)
    years = (result.wealth.index[-1] - result.wealth.index[0]).days / 365.25
    assert row["paid_bps"] * years == pytest.approx(costs_by_year([result]).to_numpy().sum())
    before = np.append(1.0, np.cumprod(1 + result.gross_returns))
    np.testing.assert_allclose(gross_wealth(result), before)
    free = bl.run_backtest(bl.Strategy("free", objective=bl.MaxSharpe(), lookback=60),
                           bl.MarketData(make_prices(1, 300)), cost_bps=0)  # fmt: skip
    assert cost_drag([free])["drag_bps"].item() == 0


def test_costs_by_year_are_those_of_the_ledger_over_wealth(result):
    by_hand = {}
    for date in result.weights.index:
        paid = result.trades.loc[result.trades["date"] == date, "cost"].sum()
        year = by_hand.setdefault(date.year, 0.0)
        by_hand[date.year] = year + 1e4 * paid / result.wealth[date]
    np.testing.assert_allclose(costs_by_year([result])["s"], list(by_hand.values()))


def test_a_part_of_a_result_has_figures_of_its_own(result):
    part = between(result, "2001-03-05", "2002-02-01")
    assert len(decisions(part)) == len(part.weights) < len(result.weights)
    assert not decisions(part)["is_purchase"].any()
    assert cost_drag([part])["drag_bps"].item() > 0
