"""The page of a private investor: weights, orders, what to doubt, and the same in Python."""

import json
import runpy

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.app.screens.allocate.making import DONE
from blportfolio.app.uploads.store import OWN
from blportfolio.backtest import decide
from blportfolio.report.allocation import orders

HOLDINGS = b"asset,units\nAAPL,20\nKO,35\nUNKNOWN,7\n"


def texts(page):
    kinds = ("markdown", "caption", "warning", "info", "error", "success")
    return " ".join(str(one.value) for kind in kinds for one in getattr(page, kind))


def figures(page):
    return {one.label: one.value for one in page.metric}


def send(page):
    next(one for one in page.button if one.label == "Work out weights and orders").click()
    return page.run()


def weights_table(page):
    (table,) = [one.value for one in page.dataframe if "lower" in one.value.columns]
    return table.set_index("asset")


def orders_table(page):
    (table,) = [one.value for one in page.dataframe if "side" in one.value.columns]
    return table.set_index("asset")


def test_the_page_shows_weights_and_orders_at_once(open_page):
    page = open_page("allocate")
    assert not page.error
    market = bl.load_dataset("sp500_20")
    decision = decide("slp", market)
    table = weights_table(page)
    held = decision.weights[decision.weights > 0]
    np.testing.assert_allclose(table.loc[held.index, "weight"], 100 * held, atol=1e-9)
    found = orders(decision.weights, market.prices.iloc[-1], capital=10_000)
    bought = orders_table(page)["order"]
    assert bought.to_dict() == found.table["order"][found.table["order"] != 0].to_dict()
    assert figures(page)["Cash left"] == f"{found.cash:,.2f} USD"
    assert figures(page)["Effective number of assets"] == f"{1 / (held**2).sum():.1f}"
    assert "not investment advice" in texts(page)
    assert "The data end on 2022-12-28" in texts(page)
    assert not np.isnan(table.select_dtypes("number")).any().any()


@pytest.mark.parametrize(
    "strategy", ["Equal weight", "Markowitz", "Minimum variance", "SLP-BL with costs"]
)
def test_every_kind_of_strategy_has_a_page(open_page, strategy):
    page = open_page("allocate", allocate_strategy=strategy, data="industries_12")
    assert not page.error
    assert page.selectbox(key="allocate_strategy").value == strategy
    assert weights_table(page)["weight"].sum() == pytest.approx(100)
    assert "nan" not in texts(page).lower().split()


def test_money_costs_and_fractions_change_the_orders(open_page):
    page = open_page("allocate")
    page.number_input(key="allocate_capital").set_value(2_500.0)
    page.number_input(key="allocate_cost").set_value(100.0)
    page.segmented_control(key="allocate_units").set_value("fractions")
    send(page)
    bought = orders_table(page)
    assert (bought["order"] % 1 != 0).any()
    spent = (bought["order"] * bought["price"]).sum()
    assert bought["cost"].sum() == pytest.approx(0.01 * spent)
    assert 0 <= 2_500 - spent - bought["cost"].sum() < 1


def test_holdings_from_a_file_are_sold_and_outsiders_are_named(open_page):
    page = open_page("allocate")
    page.file_uploader(key="allocate_holdings_file").set_value(("h.csv", HOLDINGS, "text/csv"))
    page.run()
    send(page)
    table, ordered = weights_table(page), orders_table(page)
    market = bl.load_dataset("sp500_20")
    price = market.prices.iloc[-1]
    wealth = 10_000 + 20 * price["AAPL"] + 35 * price["KO"]
    assert table.loc["AAPL", "before"] == pytest.approx(100 * 20 * price["AAPL"] / wealth)
    assert ordered.loc["AAPL", "side"] == "Sell"
    assert ordered.loc["AAPL", "order"] == -20
    assert "no price of UNKNOWN" in texts(page)


def test_what_is_sold_of_other_assets_counts_as_money_before(open_page):
    page = open_page("allocate", state={"allocate_outside": "sell them"})
    page.file_uploader(key="allocate_holdings_file").set_value(
        ("h.csv", b"asset,units,price\nKO,35,\nOTHER,70,100\n", "text/csv")
    )
    page.run()
    price = bl.load_dataset("sp500_20").prices["KO"].iloc[-1]
    share = 35 * price / (35 * price + 7_000 + 10_000)
    assert weights_table(page).loc["KO", "before"] == pytest.approx(100 * share)
    assert orders_table(page).loc["OTHER", "side"] == "Sell"


def test_holdings_that_cannot_be_read_are_a_sentence(open_page):
    page = open_page("allocate")
    page.file_uploader(key="allocate_holdings_file").set_value(
        ("h.csv", b"asset;units\nAAPL;many\n", "text/csv")
    )
    page.run()
    assert "many" in texts(page)
    assert page.metric


def test_an_earlier_date_uses_nothing_later(open_page):
    page = open_page("allocate", allocate_date="2010-06-30")
    assert page.date_input(key="allocate_date").value.isoformat() == "2010-06-30"
    past = bl.load_dataset("sp500_20").between(None, "2010-06-30")
    weights = decide("slp", past).weights
    shown = weights_table(page)["weight"] / 100
    np.testing.assert_allclose(shown.reindex(weights.index).fillna(0), weights, atol=1e-9)


@pytest.mark.parametrize("date", ["1890-01-01", "2999-01-01", "soon"])
def test_a_date_that_is_not_in_the_data_becomes_the_last(open_page, date):
    page = open_page("allocate", allocate_date=date)
    assert not page.error
    assert page.date_input(key="allocate_date").value.isoformat() == "2022-12-28"


def test_data_of_returns_are_ordered_in_money(open_page):
    page = open_page("allocate", data="industries_12")
    assert "orders are amounts of money" in texts(page)
    assert set(orders_table(page)["price"]) == {1.0}


def test_nothing_to_invest_leaves_the_weights(open_page):
    page = open_page("allocate", allocate_capital="0")
    assert "There are no orders" in texts(page)
    assert weights_table(page)["weight"].sum() == pytest.approx(100)


@pytest.mark.parametrize("fractions", [False, True])
def test_the_python_shown_gives_the_same_weights_and_orders(open_page, tmp_path, capsys, fractions):
    page = open_page("allocate", allocate_strategy="SLP-BL with costs", allocate_cost="25")
    page.file_uploader(key="allocate_holdings_file").set_value(("h.csv", HOLDINGS, "text/csv"))
    page.run()
    if fractions:
        page.segmented_control(key="allocate_units").set_value("fractions")
        send(page)
    script = tmp_path / "same.py"
    script.write_text(page.code[0].value, encoding="utf-8")
    made = runpy.run_path(str(script))
    weights = made["decision"].weights * 100
    np.testing.assert_allclose(
        weights_table(page)["weight"].reindex(weights.index).fillna(0), weights, atol=1e-9
    )
    ordered = made["found"].table["order"]
    np.testing.assert_array_equal(orders_table(page)["order"], ordered[orders_table(page).index])
    assert f"Cash left: {made['found'].cash:.2f}" in capsys.readouterr().out


def late_and_gone():
    prices = make_prices(8, 330, 4)
    prices.iloc[:300, 0] = np.nan
    prices.iloc[290:, 1] = np.nan
    return prices


@pytest.fixture
def own_data(open_page, tmp_path):
    def open_(prices, **query):
        path = tmp_path / "prices.csv"
        prices.rename_axis("date").to_csv(path)
        from blportfolio.app.source import Source

        source = Source("My data", "upload", str(path), stamp=str(prices.shape), origin="my.csv")
        return open_page("allocate", state={OWN: {"my.csv": source}, "data": "my.csv"}, **query)

    return open_


def test_assets_that_cannot_be_held_are_named(own_data):
    page = own_data(late_and_gone())
    assert not page.error
    assert "2 of 4 assets could not be held" in texts(page)
    assert set(weights_table(page).index) <= {"A2", "A3"}


def test_one_asset_is_bought_whole(own_data):
    page = own_data(make_prices(9, 330, 1))
    assert weights_table(page)["weight"].tolist() == [100.0]
    assert figures(page)["Effective number of assets"] == "1.0"


def test_too_short_a_history_is_a_sentence(own_data):
    page = own_data(make_prices(9, 40, 3))
    assert "may hold no asset" in texts(page)
    assert not page.metric


def test_a_strategy_that_takes_long_waits_for_the_button_and_runs_in_the_background(
    open_page, monkeypatch
):
    monkeypatch.setattr("blportfolio.runs.allocating.MUCH", 0)  # else it takes as long as it says
    page = open_page("allocate", allocate_strategy="View-free", data="industries_12")
    assert "first learns from all its past decisions" in texts(page)
    assert not page.metric
    from blportfolio.app.session import OPEN

    page.date_input(key="allocate_date").set_value(pd.Timestamp("1956-06-29").date())
    send(page)
    (visit,) = OPEN.values()
    assert visit.jobs.running.kind == "allocation"
    assert any(one.label == "Cancel" for one in page.button)
    assert visit.jobs.running.wait(60)
    page.run()
    assert not page.error
    assert page.metric
    weights = decide("view_free", bl.load_dataset("industries_12"), as_of="1956-06-29").weights
    shown = weights_table(page)["weight"] / 100
    np.testing.assert_allclose(shown.reindex(weights.index).fillna(0), weights, atol=1e-9)
    (made,) = page.session_state[DONE].values()
    assert json.dumps(made.record(), allow_nan=False)


@pytest.mark.parametrize("runs", ["no_runs", "damaged_run"])
def test_no_run_is_needed(open_page, request, runs):
    request.getfixturevalue(runs)
    assert open_page("allocate").metric
