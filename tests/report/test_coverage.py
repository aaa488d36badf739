import datetime as dt
import io
import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

import blportfolio as bl
from blportfolio.data import find_universe
from blportfolio.errors import DataError
from blportfolio.report.coverage import (
    age_in_words,
    asset_coverage,
    coverage_in_words,
    frequency_in_words,
    member_counts,
    members_in_words,
    membership_spells,
    robust_scores,
    unusual_returns,
)
from blportfolio.report.coverage_charts import plot_coverage, plot_membership, plot_price
from blportfolio.report.data_tables import csv_of, findings_table


@pytest.fixture
def holey():
    """Prices of five assets: whole, late, gone, with two gaps, without any."""
    prices = make_prices(0, 100, 5)
    prices.iloc[:30, 1] = np.nan
    prices.iloc[80:, 2] = np.nan
    prices.iloc[10:13, 3] = np.nan
    prices.iloc[50, 3] = np.nan
    prices.iloc[:, 4] = np.nan
    return prices


def values_of(chart):
    """The rows that a chart draws, by layer."""
    document = json.loads(chart.to_json())
    layers = document.get("layer", [document])
    data = document.get("data", {}).get("name")
    names = [layer.get("data", {}).get("name", data) for layer in layers]
    return [document["datasets"][name] for name in names]


@given(known=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12))
def test_coverage_is_what_pandas_counts(known):
    dates = pd.bdate_range("2020-01-01", periods=len(known))
    prices = pd.DataFrame(np.where(known, 1.0, np.nan), index=dates, columns=list("ABC"))
    table = asset_coverage(prices).set_index("asset")
    for asset in prices:
        row, own = table.loc[asset], prices[asset]
        assert row["n_prices"] == own.count()
        assert row["share"] == own.count() / len(own)
        first, last = own.first_valid_index(), own.last_valid_index()
        if first is None:
            assert pd.isna(row["first"])
            assert row["life"] == "no price"
        else:
            assert (row["first"], row["last"]) == (first, last)
            assert row["inside"] == own.loc[first:last].isna().sum()
            assert row["before"] == (dates < first).sum()
            assert row["after"] == (dates > last).sum()
    assert (table[["n_prices", "before", "inside", "after"]].sum(axis=1) == len(dates)).all()


def test_the_least_covered_come_first_and_words_count_them(holey):
    table = asset_coverage(holey)
    assert list(table["asset"]) == ["A4", "A1", "A2", "A3", "A0"]
    assert list(table["life"]) == [
        "no price", "begins later", "ends earlier", "throughout", "throughout",
    ]  # fmt: skip
    words = coverage_in_words(table)
    assert words.startswith(
        "1 of 5 assets have a price on every date, 1 begin later, 1 end earlier, 1 have gaps, 1 "
        "have no price at all."
    )
    assert str(holey.index[0].date()) in words


def test_nothing_to_look_at_is_a_sentence():
    empty = pd.DataFrame(index=pd.DatetimeIndex([]))
    for look in (asset_coverage, unusual_returns, plot_coverage):
        with pytest.raises(DataError, match="at least"):
            look(empty)


def test_the_chart_draws_each_stretch_and_marks_what_is_missing(holey):
    bars, marks = values_of(plot_coverage(holey))
    stretches = {asset: [b for b in bars if b["asset"] == asset] for asset in holey}
    assert [len(stretches[asset]) for asset in holey] == [1, 1, 1, 3, 0]
    assert {(m["asset"], m["mark"]) for m in marks} == {
        ("A1", "begins later"), ("A2", "ends earlier"), ("A3", "gap"),
    }  # fmt: skip
    gaps = sorted(m["n_dates"] for m in marks if m["mark"] == "gap")
    assert gaps == [1, 3]


def test_of_five_hundred_assets_the_least_covered_are_drawn_and_the_title_says_so():
    prices = make_prices(1, 60, 500)
    prices.iloc[:20, 123] = np.nan
    chart = plot_coverage(prices)
    bars, marks = values_of(chart)
    assert len({bar["asset"] for bar in bars}) == 40
    assert bars[0]["asset"] == marks[0]["asset"] == "A123"
    assert chart.to_dict()["title"]["text"][1] == "the 40 least covered of 500"
    assert len(plot_coverage(prices.iloc[:, :20]).to_dict()["title"]["text"]) == 1


def test_scores_are_those_of_scipys_median_absolute_deviation():
    rng = np.random.default_rng(3)
    returns = rng.standard_t(3, size=(400, 4)) / 100
    returns[::7, 1] = np.nan
    scores = robust_scores(returns)
    for column in range(4):
        own = returns[:, column]
        spread = median_abs_deviation(own, scale="normal", nan_policy="omit")
        np.testing.assert_allclose(scores[:, column], (own - np.nanmedian(own)) / spread)


def test_where_most_returns_are_equal_the_mean_deviation_stands_in():
    own = np.zeros(100)
    own[::10] = 0.01
    own[50] = 1.0
    scores = robust_scores(np.column_stack([own, np.zeros(100), np.full(100, np.nan)]))
    assert scores[50, 0] > 20
    assert np.isnan(scores[:, 1:]).all()


def test_a_planted_spike_is_listed_with_what_the_others_did():
    prices = make_prices(4, 500, 6)
    prices.iloc[200, 2] *= 3
    found = unusual_returns(prices)
    assert list(found["asset"]) == ["A2", "A2"]
    spike = found.set_index("date").loc[prices.index[200]]
    expected = prices.iloc[200] / prices.iloc[199] - 1
    assert spike["return"] == pytest.approx(expected["A2"])
    assert spike["others"] == pytest.approx(expected.drop("A2").median())
    assert spike["score"] > 10
    assert len(unusual_returns(prices, most=1)) == 1
    assert unusual_returns(prices, beyond=1e9).empty


def test_one_asset_two_prices_and_broken_prices_are_looked_at_without_a_warning(holey):
    assert unusual_returns(holey.iloc[:2, :1]).empty
    assert unusual_returns(holey.iloc[:1]).empty
    broken = holey.copy()
    broken.iloc[40, 0] = -1.0
    broken.iloc[41, 0] = 0.0
    broken.iloc[42, 0] = np.inf
    assert np.isfinite(unusual_returns(broken, beyond=0.0)["return"]).all()


@pytest.mark.parametrize(
    ("last", "periods", "old"),
    [
        ("2024-03-08", 252, False),  # the Friday before
        ("2024-03-05", 252, False),
        ("2024-03-01", 252, True),
        ("2024-02-29", 12, False),  # March has not ended
        ("2023-11-30", 12, True),
        ("2023-12-31", 4, False),
        ("2022-12-31", 1, False),
        ("2024-02-20", 52, True),
        ("2024-03-20", 252, False),  # of the future; the doctor says so
    ],
)
def test_data_are_old_by_their_own_frequency(last, periods, old):
    words = age_in_words(pd.Timestamp(last), periods_per_year=periods, today=dt.date(2024, 3, 11))
    assert bool(words) is old
    assert not old or last in words


def test_the_age_is_told_in_days_and_then_in_years():
    day = dt.date(2024, 3, 11)
    assert "30 days ago" in age_in_words(
        pd.Timestamp("2024-02-10"), periods_per_year=252, today=day
    )
    assert "4.2 years ago" in age_in_words(
        pd.Timestamp("2020-01-01"), periods_per_year=252, today=day
    )


def test_frequencies_have_names():
    assert frequency_in_words(252) == "daily"
    assert frequency_in_words(12) == "monthly"
    assert frequency_in_words(26) == "26 times a year"
    assert frequency_in_words(None) == "unknown"


def test_membership_is_listed_by_spell():
    prices = make_prices(0, 50, 3)
    a, b = prices.index[5], prices.index[20]
    market = bl.MarketData(prices, membership={"A0": ((a, b), (prices.index[30], None)), "A1": ()})
    spells = membership_spells(market)
    assert list(spells["asset"]) == ["A0", "A0"]
    assert spells["last"].isna().tolist() == [False, True]
    assert (spells["first"][0], spells["last"][0]) == (a, b)
    assert membership_spells(bl.MarketData(prices)).empty


def test_members_and_those_with_prices_are_counted_by_date():
    prices = make_prices(0, 40, 3)
    prices.iloc[:10, 1] = np.nan
    day = prices.index
    market = bl.MarketData(prices, membership={"A0": ((day[5], day[19]),), "A1": ((day[0], None),)})
    covered = member_counts(market)
    assert covered["members"].tolist() == [1] * 5 + [2] * 15 + [1] * 20
    assert covered["priced"].tolist() == [0] * 5 + [1] * 5 + [2] * 10 + [1] * 20
    words = members_in_words(covered)
    assert words.startswith(
        f"1 of 1 members have a price on the last date; at worst 0 of 1, on {day[0].date()}"
    )
    nobody = bl.MarketData(prices, membership={"A0": ((day[5], day[19]),)})
    assert member_counts(nobody)["share"].iloc[-1] == 1


def test_csv_is_read_back_and_runs_nothing():
    prices = make_prices(0, 5, 2).rename(columns={"A0": "=cmd()"})
    text = csv_of(prices)
    assert text.splitlines()[0] == "date,'=cmd(),A1"
    again = pd.read_csv(io.StringIO(text), index_col="date", parse_dates=True)
    np.testing.assert_array_equal(again, prices)
    assert again.index.equals(prices.index.rename("date"))
    cells = csv_of(pd.DataFrame({"what": ["@SUM(1)", "fine", None], "n": [-1.5, 2, 3]}))
    assert cells == "what,n\n'@SUM(1),-1.5\nfine,2.0\n,3.0\n"


def test_the_chart_of_membership_has_every_change():
    universe = find_universe("dow30")
    dates = pd.bdate_range("1991-01-02", "2019-12-31")
    prices = pd.DataFrame(1.0, index=dates, columns=list(universe.tickers)[::2])
    covered = universe.coverage(prices)
    (rows,) = values_of(plot_membership(covered))
    drawn = pd.DataFrame(rows).pivot_table(index="date", columns="line", values="count")
    drawn.index = pd.DatetimeIndex(drawn.index)
    again = drawn.reindex(dates).ffill()
    np.testing.assert_array_equal(again["Members"], covered["members"])
    np.testing.assert_array_equal(again["Members with prices"], covered["priced"])


def test_a_spike_of_one_day_stays_in_the_chart_of_ten_thousand():
    prices = make_prices(0, 10_000, 1)["A0"]
    prices.iloc[5_003] *= 40
    (rows,) = values_of(plot_price(prices, name="A0", currency="USD"))
    assert len(rows) <= 1_700
    assert max(row["price"] for row in rows) == prices.max()
    assert min(row["price"] for row in rows) == prices.min()
    title = plot_price(prices, name="A0", log=False).to_dict()["title"]
    assert title["text"] == ["A0", "Adjusted price, linear scale"]


def test_an_asset_without_prices_is_a_sentence(holey):
    with pytest.raises(DataError, match="no price above zero"):
        plot_price(holey["A4"], name="A4")
    with pytest.raises(DataError, match="No asset has a price"):
        plot_coverage(holey[["A4"]])


def test_findings_are_listed_as_the_doctor_has_them():
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    report = bl.MarketData(prices).quality()
    table = findings_table(report)
    assert len(table) == len(report.findings)
    row = table[table["kind"] == "unit mixup"].iloc[0]
    assert row["asset"] == "A1"
    assert row["severity"] == "serious"
    assert row["date"] == prices.index[100]
    assert row["repairable"]
    assert row["do"]
    assert "price ÷ price expected" in row["what"]
    clean = findings_table(bl.load_dataset("industries_12").quality())
    assert set(clean["severity"]) <= {"note"}
    assert (clean["asset"] == "all").all()
