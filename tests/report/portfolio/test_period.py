"""Parts of a result, and results over the dates that they share."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report import metrics
from blportfolio.report.portfolio import (
    between,
    common_dates,
    gross_wealth,
    on_common_dates,
    shared_returns,
)


def run(name="equal", *, n_dates=320, freq="B", lookback=60, start="2000-01-03", **kwargs):
    market = bl.MarketData(make_prices(1, n_dates, freq=freq, start=start))
    strategy = bl.Strategy(name, objective=bl.MaxSharpe(), lookback=lookback)
    return bl.run_backtest(strategy, market, **kwargs)


@pytest.fixture(scope="module")
def result():
    return run()


def test_a_part_earns_what_the_whole_earned_between_its_dates(result):
    part = between(result, "2000-07-03", "2001-01-15")
    whole = result.wealth
    expected = whole.loc["2001-01-15"] / whole.loc["2000-07-03"]
    assert part.wealth.iloc[0] == 1.0
    assert part.wealth.iloc[-1] == pytest.approx(expected, rel=1e-12)
    assert part.wealth.index[0] == pd.Timestamp("2000-07-03")
    assert part.returns.index[-1] == pd.Timestamp("2001-01-15")
    pd.testing.assert_series_equal(part.returns, result.returns.loc["2000-07-04":"2001-01-15"])


def test_a_date_without_prices_stands_for_the_last_one_before_it(result):
    saturday, friday = between(result, "2000-07-08"), between(result, "2000-07-07")
    pd.testing.assert_series_equal(saturday.wealth, friday.wealth)
    assert between(result, "1990-01-01", "2050-01-01") is result


def test_the_part_of_a_run_that_stopped_there_is_that_run(result):
    stopped = run(end="2000-12-13")
    part = between(result, end="2000-12-13")
    for name in ("returns", "gross_returns", "wealth", "turnover", "costs"):
        pd.testing.assert_series_equal(getattr(part, name), getattr(stopped, name))
    for name in ("weights", "drifted_weights", "trades", "notes"):
        pd.testing.assert_frame_equal(getattr(part, name), getattr(stopped, name))
    for key in ("first_decision", "last_held", "n_decisions"):
        assert part.manifest[key] == stopped.manifest[key]


def test_the_decision_in_force_at_the_beginning_is_kept_without_what_it_cost(result):
    part = between(result, "2000-07-10")
    made = part.weights.index[0]
    assert made == pd.Timestamp("2000-06-30")
    pd.testing.assert_series_equal(part.weights.iloc[0], result.weights.loc[made])
    assert part.costs.iloc[0] == part.turnover.iloc[0] == 0.0
    assert (part.costs.iloc[1:] == result.costs.loc["2000-07-10":]).all()
    assert part.trades["date"].min() > pd.Timestamp("2000-07-10")
    recomputed = metrics.turnover(part.weights, part.drifted_weights)
    np.testing.assert_allclose(recomputed, part.turnover, atol=1e-15)


@pytest.mark.parametrize("start", ["2000-06-30", "2000-07-10", None])
def test_what_costs_took_in_a_part_is_the_product_of_its_own_costs(result, start):
    part = between(result, start, "2000-12-29")
    kept = part.wealth.iloc[-1] / gross_wealth(part).iloc[-1]
    assert kept == pytest.approx((1 - part.costs).prod(), rel=1e-12)


def test_neighbouring_parts_make_the_whole(result):
    dates = ["2000-04-28", "2000-06-15", "2000-10-31", "2001-02-02"]
    parts = [
        between(result, first, last)
        for first, last in zip([None, *dates], [*dates, None], strict=True)
    ]
    growth = np.prod([part.wealth.iloc[-1] for part in parts])
    assert growth == pytest.approx(result.wealth.iloc[-1], rel=1e-12)
    assert sum(part.costs.sum() for part in parts) == pytest.approx(result.costs.sum(), rel=1e-12)
    assert sum(len(part.trades) for part in parts) == len(result.trades)


def test_figures_and_charts_of_a_part_are_made_as_those_of_a_whole(result):
    part = between(result, "2000-09-04", "2001-02-05")
    summary = bl.summarise(part)
    assert summary["final_wealth"] == part.wealth.iloc[-1]
    assert summary["n_periods"] == len(part.returns) < len(result.returns)
    assert bl.plot_growth(part).to_dict()
    assert bl.plot_weights(part).to_dict()


def test_a_part_is_saved_and_loaded_as_it_was(result, tmp_path):
    part = between(result, "2000-09-04", "2001-02-05")
    loaded = bl.BacktestResult.load(part.save(tmp_path / "part"))
    pd.testing.assert_series_equal(loaded.returns, part.returns, check_freq=False)
    assert loaded.manifest["cut"] == {"from": "2000-09-04", "to": "2001-02-05"}


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2000-07-03", "2000-07-04", "holds 1 periods .* choose a longer stretch"),
        ("2000-07-03", "2000-06-01", "holds 0 periods"),
        ("2010-01-01", None, "choose a date between"),
        (None, "1999-01-01", "choose a date between"),
        ("yesterday", None, "`start` must be a date such as"),
        ("2000-07-03T00:00+02:00", None, "without a time zone"),
    ],
)
def test_dates_that_leave_too_little_are_refused_in_a_sentence(result, start, end, said):
    with pytest.raises(DataError, match=said) as caught:
        between(result, start, end)
    assert "\n" not in str(caught.value)


def test_results_are_cut_to_the_dates_that_they_share():
    early, late = run("early"), run("late", lookback=120)
    start, end = common_dates([early, late])
    assert (start, end) == (late.wealth.index[0], late.wealth.index[-1])
    cut, same = on_common_dates([early, late])
    assert cut.wealth.index.equals(late.wealth.index)
    assert same is late
    table = shared_returns([cut, same])
    assert table.attrs["periods_per_year"] == late.periods_per_year
    assert (table[1].to_numpy() == late.returns.to_numpy()).all()


def test_results_on_other_dates_share_the_returns_of_whole_months():
    daily = run("daily", n_dates=420, lookback=60)
    monthly = run("monthly", n_dates=24, freq="ME", lookback=6)
    parts = on_common_dates([daily, monthly])
    table = shared_returns(parts)
    assert table.attrs["periods_per_year"] == 12
    wealth = daily.wealth
    for month in table.index:
        before = wealth[: month - pd.offsets.MonthEnd(1)].iloc[-1]
        expected = wealth[:month].iloc[-1] / before - 1
        assert table.loc[month, 0] == pytest.approx(expected, abs=1e-12)
        held = monthly.returns.loc[month]
        assert table.loc[month, 1] == pytest.approx(held, abs=1e-12)


def test_results_of_other_times_have_nothing_to_compare():
    old, new = run("old"), run("new", start="2010-01-04")
    with pytest.raises(DataError, match=r"share no dates .* old 2000.*; new 2010"):
        on_common_dates([old, new])
    with pytest.raises(DataError, match="one result at least"):
        common_dates([])


def test_gross_returns_are_shared_where_they_are_asked_for():
    result = bl.run_backtest(
        bl.Strategy("s", objective=bl.MaxSharpe(), lookback=60), make_market(2), cost_bps=50
    )
    net, gross = shared_returns([result]), shared_returns([result], net=False)
    assert gross[0].sum() > net[0].sum()
