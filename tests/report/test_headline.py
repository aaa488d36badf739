import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report.headline import BETTER, best_in_columns, headline_figures


@pytest.fixture(scope="module")
def results():
    market = make_market(3, 400, 4)
    strategies = [bl.load_strategy(name) for name in ("markowitz", "equal_weight")]
    changed = {"lookback": 60, "cost_bps": 50.0}
    return [bl.run_backtest(one.model_copy(update=changed), market) for one in strategies]


def test_over_all_dates_they_are_those_of_the_summary(results):
    figures = headline_figures(results)
    for result in results:
        known = bl.summarise(result)
        row = figures.loc[result.name]
        assert row["annualised_return"] == known["net_annualised_return"]
        same = ["annualised_volatility", "sharpe_ratio", "sharpe_low", "sharpe_high", "turnover"]
        same += ["max_drawdown", "cost_drag", "final_wealth"]
        for key in same:
            assert row[key] == known[key]


def test_gross_figures_follow_from_gross_returns_and_say_the_same_of_trading(results):
    net, gross = headline_figures(results), headline_figures(results, net=False)
    for result in results:
        earned = result.gross_returns.to_numpy()
        row = gross.loc[result.name]
        assert row["final_wealth"] == pytest.approx(np.prod(1 + earned), rel=1e-12)
        ratio = earned.mean() / earned.std(ddof=1) * 252**0.5
        assert row["sharpe_ratio"] == pytest.approx(ratio, rel=1e-12)
        assert row["annualised_return"] > net.loc[result.name, "annualised_return"]
        gap = row["annualised_return"] - net.loc[result.name, "annualised_return"]
        assert row["cost_drag"] == pytest.approx(gap, rel=1e-9)
        assert row["turnover"] == net.loc[result.name, "turnover"]


def test_a_later_start_leaves_the_returns_from_there(results):
    start = results[0].wealth.index[100]
    figures = headline_figures(results, start=start)
    for result in results:
        kept = result.returns[result.returns.index > start]
        grown = float((1 + kept).prod())
        assert figures.loc[result.name, "final_wealth"] == pytest.approx(grown, rel=1e-12)


def test_too_short_a_stretch_is_an_error_that_names_it(results):
    with pytest.raises(DataError, match="longer stretch"):
        headline_figures(results, start=results[0].wealth.index[-2])


def test_below_ten_periods_there_is_no_interval_and_the_rest_stands(results):
    figures = headline_figures(results, start=results[0].wealth.index[-6])
    assert figures[["sharpe_low", "sharpe_high"]].isna().all(axis=None)
    assert figures["annualised_return"].notna().all()


def table(**columns):
    base = {key: [0.1, 0.1, 0.1] for key in BETTER}
    return pd.DataFrame({**base, **columns}, index=["a", "b", "c"])


def test_the_best_is_the_highest_return_the_lowest_risk_and_the_shallowest_fall():
    best = best_in_columns(
        table(
            annualised_return=[0.1, 0.2, 0.0],
            annualised_volatility=[0.3, 0.2, 0.1],
            max_drawdown=[-0.5, -0.1, -0.2],
        )
    )
    assert best == {
        "annualised_return": ["b"],
        "annualised_volatility": ["c"],
        "max_drawdown": ["b"],
    }


def test_equal_figures_share_the_mark_and_a_column_of_equals_has_none():
    best = best_in_columns(table(sharpe_ratio=[1.0, 1.0, 0.5], turnover=[0.0, 0.0, 0.0]))
    assert best == {"sharpe_ratio": ["a", "b"]}


def test_an_undefined_figure_is_never_the_best():
    assert best_in_columns(table(sharpe_ratio=[np.nan, -1.0, -2.0])) == {"sharpe_ratio": ["b"]}
    assert best_in_columns(table(sharpe_ratio=[np.nan, np.nan, -2.0])) == {}
