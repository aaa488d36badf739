"""An allocation: its table, figures, doubts, record and files."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.backtest import decide
from blportfolio.report.allocation import Allocation, allocate, orders, risk_contributions
from blportfolio.report.allocation.charts import plot_weight_against_risk, plot_weight_spread
from blportfolio.report.allocation.tables import combined, orders_csv, weights_csv


def strategy(**parts):
    usual = {"prior": bl.SharedLatentPrior(), "features": ("momentum",), "lookback": 60}
    return bl.Strategy("s", **{**usual, **parts})


@pytest.fixture(scope="module")
def market():
    prices = make_prices(7, 320, 5)
    prices.iloc[250:, 4] = np.nan
    return bl.MarketData(prices, currency="EUR")


@pytest.fixture(scope="module")
def allocation(market):
    before = pd.Series({"A0": 0.5, "A4": 0.2})
    return allocate(decide(strategy(), market, previous_weights=before), market, n_draws=50)


def test_the_table_has_weights_spread_risk_and_prices_of_every_asset(allocation, market):
    decision = decide(strategy(), market, previous_weights=pd.Series({"A0": 0.5, "A4": 0.2}))
    table = allocation.table
    assert tuple(table.index) == market.assets
    spread = decision.spread(n_draws=50)
    np.testing.assert_array_equal(table.loc[spread.index, "lower"], spread["lower"])
    np.testing.assert_array_equal(table["before"], [0.5, 0, 0, 0, 0.2])
    held = list(decision.window.assets)
    np.testing.assert_allclose(
        table.loc[held, "risk_share"],
        risk_contributions(table.loc[held, "weight"], decision.distribution.covariance),
    )
    assert table["risk_share"].sum() == pytest.approx(1)
    assert table.loc["A4", "price"] == market.prices["A4"].dropna().iloc[-1]
    assert table.loc["A4", "priced_on"] == market.prices["A4"].dropna().index[-1]
    assert not table.loc["A4", "eligible"]


def test_the_figures_are_those_of_the_distribution_per_year(allocation, market):
    decision = decide(strategy(), market, previous_weights=pd.Series({"A0": 0.5, "A4": 0.2}))
    found, held = decision.distribution, list(decision.window.assets)
    weights = decision.weights[held].to_numpy()
    figures = allocation.figures
    assert figures.expected_return.value == pytest.approx(252 * weights @ found.mean)
    assert figures.volatility.value == pytest.approx(
        np.sqrt(252 * weights @ found.covariance @ weights)
    )
    assert figures.net_return == pytest.approx(figures.expected_return.value - decision.cost)
    assert figures.cost == pytest.approx(
        0.001 * (decision.weights - decision.previous_weights).abs().sum()
    )
    assert figures.expected_return.low < figures.expected_return.value
    assert figures.effective_number == pytest.approx(1 / (weights**2).sum())


def test_a_record_survives_json(allocation):
    text = json.dumps(allocation.record(), allow_nan=False)
    again = Allocation.from_record(json.loads(text))
    pd.testing.assert_frame_equal(again.table, allocation.table, check_dtype=False)
    assert again.figures == allocation.figures
    assert again.doubts == allocation.doubts
    assert again.record() == allocation.record()
    with pytest.raises(bl.DataError, match="no record"):
        Allocation.from_record({"assets": []})


def test_what_cannot_be_held_and_is_gone_is_told(allocation):
    told = " ".join(allocation.doubts)
    assert "A4 has had no price since" in told
    assert "1 of 5 assets could not be held" in told


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"prior": bl.HistoricalPrior()}, "least certain of all"),
        ({"prior": bl.HistoricalPrior(), "objective": bl.MinVariance()}, "risk alone"),
        ({"objective": bl.EqualWeight()}, "makes no forecast"),
    ],
)
def test_weights_without_a_range_say_why(parts, said):
    market = make_market(3, 200)
    found = allocate(decide(strategy(**parts), market), market)
    assert any(said in doubt for doubt in found.doubts)
    assert (found.table["lower"] == found.table["weight"]).all()
    if "EqualWeight" in repr(parts):
        assert found.figures.expected_return is None
        assert found.figures.net_return is None
        assert found.figures.volatility.value > 0


def test_prices_made_from_returns_are_told_from_money():
    returns = make_prices(2, 200).pct_change().dropna()
    growth = bl.MarketData.from_returns(returns)
    assert not allocate(decide(strategy(), growth), growth, n_draws=2).is_priced
    market = make_market(2, 200)
    assert allocate(decide(strategy(), market), market, n_draws=2).is_priced


def test_another_market_is_refused(market):
    with pytest.raises(bl.DataError, match="has other assets"):
        allocate(decide(strategy(), market), make_market(1))


def test_nothing_after_the_date_is_in_an_allocation(market):
    date = market.dates[280]
    past = bl.MarketData(market.prices.loc[:date], currency="EUR")
    records = [
        allocate(decide(strategy(), data, as_of=date), data, n_draws=10).record()
        for data in (market, past)
    ]
    for record in records:
        del record["decision"]["data"]
    assert records[0] == records[1]


@pytest.fixture(scope="module")
def ordered(allocation):
    return orders(
        allocation.table["weight"],
        allocation.table["price"],
        capital=10_000,
        holdings=pd.Series({"A0": 12.0, "=HYPERLINK(1)": 4.0}),
    )


def test_one_table_holds_weights_spread_and_orders(allocation, ordered):
    table = combined(allocation, ordered)
    assert (table["weight"].diff().dropna() <= 0).all()
    assert table.loc["A0", "held"] == 12
    np.testing.assert_allclose(
        table["order"] * table["price"], table["value"], rtol=1e-12, atol=1e-12
    )
    assert set(combined(allocation, None)) < set(table)


def test_files_for_a_spreadsheet_hold_no_formula(market):
    evil = market.prices.rename(columns={"A0": "=1+1", "A1": "@SUM(1)"})
    evil_market = bl.MarketData(evil)
    found = allocate(decide(strategy(), evil_market), evil_market, n_draws=2)
    bought = orders(found.table["weight"], found.table["price"], capital=1e5)
    for text in (weights_csv(found, bought), orders_csv(found, bought), weights_csv(found)):
        rows = list(csv.reader(io.StringIO(text)))
        assert all(len(row) == len(rows[0]) for row in rows)
        assert not any(cell[:1] in ("=", "@", "+") for row in rows for cell in row)
    rows = list(csv.DictReader(io.StringIO(orders_csv(found, bought))))
    assert {row["side"] for row in rows} == {"buy"}
    assert sum(float(row["value"]) for row in rows) + bought.cost + bought.cash == pytest.approx(
        1e5
    )


def drawn(chart):
    document = chart.to_dict()
    return document, [row for rows in document["datasets"].values() for row in rows]


def test_the_chart_of_weights_shows_range_target_and_current_weight(allocation):
    _, rows = drawn(plot_weight_spread(allocation))
    targets = {r["asset"]: r["share"] for r in rows if r.get("what") == "Target"}
    current = {r["asset"]: r["share"] for r in rows if r.get("what") == "Current"}
    assert targets == pytest.approx({a: allocation.table.loc[a, "weight"] for a in targets})
    assert current["A4"] == 0.2
    assert all(r["lower"] <= r["upper"] for r in rows if "lower" in r)


def test_without_holdings_no_current_weight_is_drawn():
    market = make_market(3, 200)
    found = allocate(decide(strategy(), market), market, n_draws=4)
    _, rows = drawn(plot_weight_spread(found))
    assert "Current" not in {row.get("what") for row in rows}


def test_the_chart_of_risk_shows_both_shares(allocation):
    _, rows = drawn(plot_weight_against_risk(allocation))
    for what in ("Weight", "Share of risk"):
        assert sum(r["share"] for r in rows if r.get("what") == what) == pytest.approx(1)


def test_a_large_universe_is_drawn_by_its_largest_weights():
    market = make_market(5, 200, 45)
    found = allocate(decide(strategy(objective=bl.EqualWeight()), market), market)
    document, rows = drawn(plot_weight_spread(found))
    assert len({row["asset"] for row in rows}) == 30
    assert document["title"]["subtitle"] == "the largest; 15 more in the table"


def test_a_target_outside_its_own_range_is_told():
    market = bl.load_dataset("sp500_20")
    found = allocate(decide("slp_costs", market), market, n_draws=60)
    held = found.table[found.table["weight"] > 0]
    assert (held["weight"] > held["upper"]).any()
    assert any("outside its own range" in doubt for doubt in found.doubts)


def test_an_expected_return_is_worth_as_many_returns_as_its_range_says(allocation, market):
    decision = decide(strategy(), market, previous_weights=pd.Series({"A0": 0.5, "A4": 0.2}))
    found = decision.distribution
    weights = decision.weights[list(decision.window.assets)].to_numpy()
    sigma = found.covariance - found.mean_covariance
    figures = allocation.figures
    average = 252 * np.sqrt(weights @ sigma @ weights / figures.mean_worth)
    reach = figures.expected_return.high - figures.expected_return.value
    assert reach / 1.6448536 == pytest.approx(average, rel=1e-6)


def test_weights_that_depend_on_risk_alone_expect_nothing(market):
    made = allocate(decide("min_variance", market), market)
    assert made.figures.expected_return is None
    assert made.figures.net_return is None
    assert made.figures.mean_is_known
    assert "depend on risk alone" in made.doubts[0]
