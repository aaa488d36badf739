"""Results held against a benchmark over the dates that they share."""

import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report.inference import bootstrap_sharpe_difference
from blportfolio.report.portfolio import (
    on_common_dates,
    renamed,
    shared_returns,
    sharpe_differences,
    universes_of,
)


@pytest.fixture(scope="module")
def results():
    market = make_market(1, n_dates=400)
    return [
        bl.run_backtest(bl.Strategy(name, objective=objective, lookback=60), market)
        for name, objective in (("tangency", bl.MaxSharpe()), ("equal", bl.EqualWeight()))
    ]


@pytest.mark.parametrize("net", [True, False])
def test_a_difference_is_that_of_the_returns_that_are_shared(net, results):
    first, second = results
    (record,) = sharpe_differences(results, second, net=net, n_draws=199)
    returns = shared_returns([second, first], net=net)
    found = bootstrap_sharpe_difference(returns[1], returns[0], n_draws=199)
    assert record["difference"] == found.value
    assert (record["low"], record["high"], record["p_value"]) == (
        found.low, found.high, found.p_value,
    )  # fmt: skip
    assert (record["first"], record["second"]) == ("tangency", "equal")
    assert record["n_periods"] == len(first.returns)


def test_a_result_does_not_differ_from_itself_under_another_name(results):
    other = renamed(results[0], "the same")
    (record,) = sharpe_differences([other], results[0], n_draws=99)
    assert record["difference"] == 0
    assert record["p_value"] == 1
    assert record["finding"] == "open"
    assert other.name == "the same"
    assert results[0].name == "tangency"


def test_a_benchmark_alone_has_nothing_to_be_compared_with(results):
    with pytest.raises(DataError, match="choose one more strategy"):
        sharpe_differences([results[1]], results[1])


def test_results_on_other_dates_are_compared_by_month(results):
    prices = make_prices(2, 24, freq="ME")
    monthly = bl.run_backtest(
        bl.Strategy("monthly", objective=bl.EqualWeight(), lookback=6), bl.MarketData(prices)
    )
    parts = on_common_dates([results[0], monthly])
    (record,) = sharpe_differences([parts[0]], parts[1], n_draws=99)
    assert 2 <= record["n_periods"] <= len(monthly.returns) < len(parts[0].returns)


def test_results_are_told_apart_by_their_data(results):
    assert list(universes_of(results).values()) == [["tangency", "equal"]]
