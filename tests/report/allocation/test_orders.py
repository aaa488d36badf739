"""Orders: what they may cost, where they lead, and what they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError
from blportfolio.report.allocation import orders

NAMES = [f"A{i}" for i in range(6)]


@st.composite
def situations(draw, *, whole=None):
    size = draw(st.integers(1, 6))
    share = st.floats(0, 1)
    raw = np.array(draw(st.lists(share, min_size=size, max_size=size)))
    invested = draw(st.sampled_from([1.0, 1.0, 0.7]))
    weights = raw / raw.sum() * invested if raw.sum() > 1e-3 else np.full(size, invested / size)
    weights = np.where(weights < 1e-6, 0.0, weights)
    prices = draw(st.lists(st.floats(0.01, 5_000), min_size=size, max_size=size))
    units = st.one_of(st.just(0.0), st.integers(0, 300).map(float), st.floats(0, 50))
    holdings = draw(st.lists(units, min_size=size, max_size=size))
    index = NAMES[:size]
    return {
        "weights": pd.Series(weights, index),
        "prices": pd.Series(prices, index),
        "holdings": pd.Series(holdings, index).round(4),
        "capital": draw(st.floats(1, 1e6)),
        "cost_bps": draw(st.sampled_from([0.0, 10.0, 100.0, 500.0])),
        "whole_shares": draw(st.booleans()) if whole is None else whole,
    }


@given(situations())
def test_no_order_spends_more_than_there_is_and_nothing_is_sold_short(situation):
    found = orders(**situation)
    table = found.table
    spent = (table["order"] * table["price"]).sum()
    assert found.cash >= 0
    assert found.cash == pytest.approx(
        situation["capital"] - spent - found.cost, abs=1e-7 * found.wealth
    )
    assert (table["units"] >= 0).all()
    np.testing.assert_allclose(table["units"], table["held"] + table["order"], atol=1e-9)


@given(situations())
def test_costs_are_the_rate_of_all_that_is_bought_and_sold(situation):
    found = orders(**situation)
    traded = (found.table["order"].abs() * found.table["price"]).sum()
    assert found.cost == pytest.approx(traded * situation["cost_bps"] / 10_000, rel=1e-12)
    assert found.turnover == pytest.approx(traded / 2 / found.wealth)


@given(situations(whole=True))
def test_orders_are_whole_shares_unless_all_of_a_holding_is_sold(situation):
    table = orders(**situation).table
    whole = table["order"] == table["order"].round()
    assert (whole | (table["units"] == 0)).all()


@given(situations(whole=True))
def test_no_position_is_a_share_or_more_from_its_target(situation):
    found = orders(**situation)
    table = found.table
    after_costs = found.wealth - found.cost
    gap = (table["units"] * table["price"] - table["target"] * after_costs).abs()
    # Rounding saves or adds costs of a share each; a share that was held in part is one more.
    allowed = table["price"] * (1 + (table["held"] % 1 > 0)) + 0.06 * table["price"].sum()
    assert (gap <= allowed * (1 + 1e-9) + 1e-9).all()


@given(situations(whole=False))
def test_fractions_lead_to_the_target_weights_after_costs(situation):
    situation["capital"] += 1e4  # of which a ten-thousandth of a share is a small part
    found = orders(**situation)
    dust = 1e-4 * found.table["price"].sum() / found.wealth
    np.testing.assert_allclose(found.table["weight"], found.table["target"], atol=2 * dust + 1e-9)


def test_the_cost_of_fractions_is_that_of_the_engine():
    """The engine takes rate × Σ|w_new − w_before| of wealth and invests what is left."""
    weights, prices = pd.Series({"A": 0.5, "B": 0.5}), pd.Series({"A": 10.0, "B": 20.0})
    found = orders(weights, prices, capital=0, holdings=pd.Series({"A": 1000.0}), cost_bps=100,
                   whole_shares=False, lot=1e-8)  # fmt: skip
    left = found.wealth - found.cost
    # Σ|V·w − before| = (10,000 − V/2) + V/2 = 10,000 whatever V is.
    assert found.cost == pytest.approx(100.0, abs=1e-5)
    assert found.table["units"].tolist() == pytest.approx([left / 20, left / 40], abs=1e-6)


def test_money_left_by_rounding_down_goes_to_the_largest_remainders():
    weights = pd.Series({"A": 0.4, "B": 0.35, "C": 0.25})
    prices = pd.Series({"A": 100.0, "B": 100.0, "C": 100.0})
    # Ideal units of 1,060: 4.24, 3.71 and 2.65: down to 4, 3 and 2, then one more of B.
    found = orders(weights, prices, capital=1060, cost_bps=0)
    assert found.table["units"].tolist() == [4, 4, 2]
    assert found.cash == pytest.approx(60)


def test_what_the_weights_leave_in_cash_stays_there():
    found = orders(pd.Series({"A": 0.6}), pd.Series({"A": 7.0}), capital=100, cost_bps=0)
    assert found.table["units"].tolist() == [8]
    assert found.cash == pytest.approx(44)


def test_nothing_is_traded_where_the_target_is_held_already():
    found = orders(pd.Series({"A": 0.5, "B": 0.5}), pd.Series({"A": 10.0, "B": 20.0}),
                   capital=0, holdings=pd.Series({"A": 20.0, "B": 10.0}))  # fmt: skip
    assert (found.table["order"] == 0).all()
    assert (found.cost, found.cash, found.turnover) == (0, 0, 0)
    assert found.notes == ()


def test_orders_come_in_lots():
    found = orders(pd.Series({"A": 1.0}), pd.Series({"A": 3.0}), capital=1000, lot=100, cost_bps=0)
    assert found.table["order"].tolist() == [300]


def test_holdings_outside_the_weights_are_named_and_kept_or_sold():
    given_ = {
        "weights": pd.Series({"A": 1.0}),
        "prices": pd.Series({"A": 10.0, "X": 5.0}),
        "capital": 100.0,
        "holdings": pd.Series({"X": 20.5, "Y": 3.0}),
        "cost_bps": 0.0,
    }
    kept = orders(**given_)
    assert kept.kept == {"X": 20.5, "Y": 3.0}
    assert kept.wealth == 100
    assert "no price of Y" in kept.notes[0]
    assert "X is not among the assets" in kept.notes[1]
    sold = orders(**given_, outside="sell")
    assert sold.kept == {"Y": 3.0}
    assert sold.table.loc["X", ["order", "units", "target"]].tolist() == [-20.5, 0, 0]
    assert sold.table.loc["A", "units"] == 20
    assert sold.cash == pytest.approx(2.5)


def test_a_share_that_is_too_dear_is_named():
    found = orders(pd.Series({"A": 0.9, "B": 0.1}), pd.Series({"A": 10.0, "B": 700.0}), capital=500)
    assert found.notes[0].startswith("No whole share of B fits its target")
    assert "% of the wealth stays in cash" in found.notes[1]


def test_a_price_that_is_older_than_the_others_is_named():
    found = orders(
        pd.Series({"A": 0.5, "B": 0.5}),
        pd.Series({"A": 10.0, "B": 10.0}),
        capital=500,
        priced_on=pd.Series({"A": "2020-01-31", "B": "2019-06-28"}),
    )
    assert found.notes == ("The last price of B is of 2019-06-28; check it before you trade.",)


def test_short_positions_are_sold_short():
    weights = pd.Series({"A": 0.8, "B": -0.3})
    found = orders(weights, pd.Series({"A": 10.0, "B": 10.0}), capital=1000, cost_bps=0)
    assert found.table["units"].tolist() == [80, -30]
    assert found.cash == pytest.approx(500)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": pd.Series({"A": 0.8, "B": 0.4})}, "would have to be borrowed"),
        ({"prices": pd.Series({"A": 10.0})}, "lacks a price above 0 of B"),
        ({"prices": pd.Series({"A": 10.0, "B": -1.0})}, "above 0; B has -1"),
        ({"prices": {"A": 10.0}}, "must be a pandas Series"),
        ({"capital": 0.0}, "nothing to invest"),
    ],
)
def test_what_cannot_be_ordered_is_refused(change, said):
    usual = {
        "weights": pd.Series({"A": 0.5, "B": 0.5}),
        "prices": pd.Series({"A": 10.0, "B": 10.0}),
        "capital": 100.0,
    }
    with pytest.raises(DataError, match=said):
        orders(**{**usual, **change})


@pytest.mark.parametrize(
    "change",
    [{"capital": -1.0}, {"capital": float("nan")}, {"lot": 0.5}, {"lot": 0.0}, {"outside": "burn"},
     {"cost_bps": -1.0}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(change):
    usual = {"capital": 100.0, "weights": pd.Series({"A": 1.0}), "prices": pd.Series({"A": 1.0})}
    with pytest.raises(ConfigError):
        orders(**{**usual, **change})


def test_no_order_is_minus_nothing():
    found = orders(
        pd.Series({"A": 1.0, "B": 0.0}), pd.Series({"A": 10.0, "B": 10.0}), capital=100.0
    )
    assert not np.signbit(found.table["order"]).any()
    assert not np.signbit(found.table["value"]).any()
