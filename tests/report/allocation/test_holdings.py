"""Holdings as people write them down, and the weights that they are."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.report.allocation import (
    checked_holdings,
    last_prices,
    read_holdings,
    snippet,
    weights_before,
)


@pytest.mark.parametrize(
    "text",
    [
        "asset,units,price\nA,10,2.5\nB,1.5,\n",
        "Ticker;Quantity;Price\nA;10;2,5\nB;1,5;\n",
        "symbol\tshares\tlast\nA\t10\t2.5\nB\t1.5\t\n",
        "\ufeffNote,Asset,Units,Price\nx,A,4,2.5\n\ny,A,6,2.5\nz,B,1.5,\n",
    ],
)
def test_separators_headings_and_decimal_marks_are_understood(text):
    found = read_holdings(text.encode(), name="h.csv").set_index("asset")
    assert found["units"].to_dict() == {"A": 10.0, "B": 1.5}
    assert found.loc["A", "price"] == 2.5
    assert np.isnan(found.loc["B", "price"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a header"),
        ("asset,units\n", "needs a header"),
        ("asset,value\nA,3\n", "no column 'units'"),
        ("units\n3\n", "no column 'asset'"),
        ("asset,units\nA,lots\n", "'lots' for units in row 2"),
        ("asset,units\nA,-3\n", "0 or more, got -3 of A"),
        ("asset,units\nA,inf\n", "0 or more"),
        ("asset,units,price\nA,1,0\n", "above 0, got 0 of A"),
    ],
)
def test_what_is_wrong_is_named(text, said):
    with pytest.raises(bl.DataError, match=said):
        read_holdings(text.encode(), name="h.csv")


def test_rows_without_an_asset_hold_nothing():
    rows = pd.DataFrame({"asset": [None, " ", "A"], "units": [5, 5, None], "price": None})
    assert checked_holdings(rows)["asset"].tolist() == ["A"]
    assert checked_holdings(rows)["units"].tolist() == [0.0]


def test_holdings_weigh_what_they_are_worth_with_the_money_beside_them():
    prices = pd.Series({"A": 10.0, "B": 5.0, "C": np.nan})
    weights, value = weights_before(pd.Series({"A": 3.0, "B": 4.0, "C": 9.0}), prices, 50.0)
    assert value == 50
    assert weights.to_dict() == {"A": 0.3, "B": 0.2, "C": 0.0}
    assert weights_before(pd.Series(dtype=float), prices, 50.0)[0] is None


def test_the_last_price_is_that_known_at_the_date():
    prices = make_prices(1, 50, 2)
    prices.iloc[30:, 1] = np.nan
    price, dated = last_prices(bl.MarketData(prices), prices.index[40])
    assert price.tolist() == [prices.iloc[40, 0], prices.iloc[29, 1]]
    assert dated.tolist() == [prices.index[40], prices.index[29]]


def test_names_in_the_python_shown_are_quoted():
    name = "x'); import os; os.abort() #"
    text = snippet(
        f"bl.load_prices({name!r})", "slp", as_of="2020-01-31", cost_bps=1.0, before={name: 0.5}
    )
    compile(text, "shown", "exec")
    assert "import os" not in [line.strip() for line in text.splitlines()]
    assert repr(name) in text
