"""Headline figures and charts of a finished backtest."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report import metrics, sharpe_interval
from blportfolio.report.charts import to_png, to_svg
from blportfolio.report.comparison import DRAWS
from blportfolio.report.inference import (
    bootstrap_sharpe_difference,
    drawdown_interval,
    turnover_interval,
)
from blportfolio.report.tables import (
    DRAWDOWN_DRAWS,
    HEADINGS,
    PAGE_HEADINGS,
    format_rows,
    summary_records,
)

CHARTS = {
    "growth": (bl.plot_growth, "Growth of 1"),
    "drawdown": (bl.plot_drawdown, "Drawdown (%)"),
    "weights": (bl.plot_weights, "Weight (%)"),
}


def run(name, objective, cost_bps=10.0, n_assets=4):
    strategy = bl.Strategy(name, objective=objective, lookback=60, cost_bps=cost_bps)
    return bl.run_backtest(strategy, make_market(1, n_assets=n_assets))


@pytest.fixture(scope="module")
def result():
    return run("tangency", bl.MaxSharpe())


@pytest.fixture(scope="module")
def other():
    return run("equal", bl.EqualWeight())


def test_headline_figures_are_those_of_the_series(result):
    summary = bl.summarise(result)
    returns = result.returns.to_numpy()
    years = (result.wealth.index[-1] - result.wealth.index[0]).days / 365.25
    wealth = np.prod(1 + returns)
    gross = np.prod(1 + result.gross_returns)
    assert summary["final_wealth"] == pytest.approx(wealth, rel=1e-12)
    assert summary["net_annualised_return"] == pytest.approx(wealth ** (1 / years) - 1, rel=1e-10)
    assert summary["gross_annualised_return"] == pytest.approx(gross ** (1 / years) - 1, rel=1e-10)
    assert summary["cost_drag"] == pytest.approx(
        summary["gross_annualised_return"] - summary["net_annualised_return"], rel=1e-12
    )
    volatility = returns.std(ddof=1) * math.sqrt(252)
    assert summary["annualised_volatility"] == pytest.approx(volatility, rel=1e-12)
    assert summary["sharpe_ratio"] == pytest.approx(returns.mean() * 252 / volatility, rel=1e-12)
    assert summary["max_drawdown"] == metrics.max_drawdown(result.wealth)
    assert summary["turnover"] == pytest.approx(result.turnover.iloc[1:].mean(), rel=1e-12)
    assert summary["n_decisions"] == len(result.weights)
    assert summary["n_periods"] == len(result.returns)
    assert summary.name == "tangency"


def test_the_interval_in_the_summary_is_that_of_the_returns(result):
    summary, interval = bl.summarise(result), sharpe_interval(result.returns)
    assert summary["sharpe_standard_error"] == interval.standard_error
    assert (summary["sharpe_low"], summary["sharpe_high"]) == (interval.low, interval.high)
    assert interval.low < interval.value < interval.high


def test_a_risk_free_rate_lowers_the_sharpe_ratio_and_nothing_else(result):
    plain, excess = bl.summarise(result), bl.summarise(result, risk_free_rate=1e-4)
    changed = [key for key in plain.index if plain[key] != excess[key]]
    assert set(changed) <= {"sharpe_ratio", "sharpe_standard_error", "sharpe_low", "sharpe_high"}
    assert excess["sharpe_ratio"] < plain["sharpe_ratio"]


def test_costs_lower_wealth_and_free_trading_has_no_drag(result):
    free = bl.summarise(run("free", bl.MaxSharpe(), cost_bps=0.0))
    assert free["cost_drag"] == 0.0
    assert bl.summarise(result)["cost_drag"] > 0
    assert bl.summarise(result)["final_wealth"] < free["final_wealth"]


def test_records_hold_the_summary_unrounded(result, other):
    records = summary_records([result, other])
    assert [record["name"] for record in records] == ["tangency", "equal"]
    for record, source in zip(records, (result, other), strict=True):
        for key, value in bl.summarise(source).items():
            assert record[key] == value
    assert isinstance(records[0]["n_decisions"], int)


def test_with_a_baseline_the_summary_has_the_difference_and_its_test(result, other):
    table = bl.summarise([result, other], baseline="equal")
    found = bootstrap_sharpe_difference(result.returns, other.returns, n_draws=DRAWS)
    assert table.loc["tangency", "sharpe_difference"] == found.value
    assert table.loc["tangency", "difference_low"] == found.low
    assert table.loc["tangency", "difference_high"] == found.high
    assert table.loc["tangency", "difference_p_value"] == found.p_value
    assert table.loc["equal", ["sharpe_difference", "difference_p_value"]].tolist() == [0, 1]
    single = bl.summarise(result, baseline=other)
    pd.testing.assert_series_equal(single, table.loc["tangency"])
    plain = bl.summarise([result, other])
    pd.testing.assert_frame_equal(plain, table[plain.columns])


@pytest.mark.parametrize("baseline", ["equals", 3])
def test_a_baseline_that_is_no_result_is_refused(result, other, baseline):
    with pytest.raises(DataError, match="`baseline` must be a BacktestResult or the name of one"):
        bl.summarise([result, other], baseline=baseline)


def test_the_records_hold_the_ranges_of_turnover_and_drawdown(result):
    (record,) = summary_records([result], seed=3)
    turnover = turnover_interval(result.turnover)
    fall = drawdown_interval(result.returns, n_draws=DRAWDOWN_DRAWS, seed=3)
    assert (record["turnover_low"], record["turnover_high"]) == (turnover.low, turnover.high)
    assert (record["max_drawdown_low"], record["max_drawdown_high"]) == (fall.low, fall.high)
    (row,) = format_rows([record], ranges=True)
    assert len(row) == len(PAGE_HEADINGS)
    assert row[5] == (
        f"{100 * turnover.value:.1f} % [{100 * turnover.low:.1f}, {100 * turnover.high:.1f}]"
    )


def test_the_printed_row_agrees_with_the_numbers(result):
    (row,) = format_rows(summary_records([result]))
    summary = bl.summarise(result)
    assert len(row) == len(HEADINGS)
    assert row[0] == "tangency"
    assert float(row[1].removesuffix(" %")) == pytest.approx(
        100 * summary["net_annualised_return"], abs=0.0501
    )
    assert float(row[4].removesuffix(" %")) == pytest.approx(
        100 * summary["max_drawdown"], abs=0.0501
    )
    assert float(row[7]) == pytest.approx(summary["final_wealth"], abs=0.00501)


def test_what_cannot_be_computed_is_printed_as_not_available():
    market = make_market(2, n_dates=100)
    strategy = bl.Strategy("one", objective=bl.EqualWeight(), lookback=60, rebalance=1000)
    single = bl.run_backtest(strategy, market)
    assert len(single.weights) == 1
    (record,) = summary_records([single])
    assert record["turnover"] is None
    assert format_rows([record])[0][5] == "n/a"


@pytest.mark.parametrize("name", list(CHARTS))
def test_every_chart_has_a_title_and_an_axis_with_its_unit(name, result):
    plot, axis = CHARTS[name]
    chart = plot(result)
    specification = chart.to_dict()
    assert specification["title"]
    assert specification["encoding"]["y"]["title"] == axis
    assert specification["encoding"]["x"]["type"] == "temporal"
    assert specification["encoding"]["color"]["title"] in ("Strategy", "Asset")
    if axis.endswith("(%)"):
        assert specification["encoding"]["y"]["axis"]["format"] == "%"


@pytest.mark.parametrize("name", ["growth", "drawdown"])
def test_several_results_are_lines_in_one_chart(name, result, other):
    plot, _ = CHARTS[name]
    chart = plot([result, other])
    assert list(chart.data["strategy"].unique()) == ["tangency", "equal"]
    assert chart.to_dict()["encoding"]["color"]["scale"]["domain"] == ["tangency", "equal"]


def test_the_growth_chart_ends_at_the_final_wealth_and_is_logarithmic(result):
    chart = bl.plot_growth(result)
    assert chart.data["value"].iloc[-1] == result.wealth.iloc[-1]
    assert chart.to_dict()["encoding"]["y"]["scale"]["type"] == "log"


def test_thinning_a_long_series_keeps_the_deepest_drawdown():
    market = make_market(3, n_dates=3000)
    strategy = bl.Strategy("long", objective=bl.EqualWeight(), lookback=60)
    long = bl.run_backtest(strategy, market)
    chart = bl.plot_drawdown(long)
    assert len(chart.data) <= 800
    assert chart.data["value"].min() == metrics.max_drawdown(long.wealth)


@pytest.mark.parametrize("n_assets", [1, 4, 20])
def test_the_layers_of_the_weights_chart_sum_to_the_invested_share(n_assets):
    result = run("tangency", bl.MaxSharpe(), n_assets=n_assets)
    data = bl.plot_weights(result).data
    assert data["asset"].nunique() <= 9
    totals = data.groupby("date")["value"].sum()
    expected = result.weights.sum(axis=1).loc[totals.index]
    np.testing.assert_allclose(totals, expected, atol=1e-12)
    assert isinstance(totals.index, pd.DatetimeIndex)


@pytest.mark.parametrize("name", list(CHARTS))
def test_charts_render_without_a_browser(name, result):
    chart = CHARTS[name][0](result)
    assert to_png(chart).startswith(b"\x89PNG\r\n\x1a\n")
    svg = to_svg(chart)
    assert svg.startswith("<svg")
    assert CHARTS[name][1] in svg
