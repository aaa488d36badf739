import math

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.research.paper import (
    PUBLISHED_DATES,
    paper_cagr,
    published_table,
    read_published_weights,
)

BOTH = [(universe, row) for universe in ("etf", "dow") for row in published_table(universe)]
LABELS = [f"{universe} {row.label}" for universe, row in BOTH]


def days(universe):
    first, last = (pd.Timestamp(date) for date in PUBLISHED_DATES[universe])
    return (last - first).days


def ratios(column):
    """BL over MV at each lookback of both tables."""
    found = []
    for universe in ("etf", "dow"):
        pairs = {(row.model, row.lookback): row for row in published_table(universe)}
        for lookback in (50, 80, 100, 120, 150):
            found.append(
                getattr(pairs["BL", lookback], column) / getattr(pairs["MV", lookback], column)
            )
    return np.array(found)


def test_each_table_has_five_pairs_of_models_and_two_benchmarks():
    for universe, table, index in (("etf", 1, "S&P500"), ("dow", 2, "DJIA")):
        rows = published_table(universe)
        pairs = [(m, n) for n in (50, 80, 100, 120, 150) for m in ("MV", "BL")]
        assert [(row.model, row.lookback) for row in rows] == [("EQW", None), (index, None), *pairs]
        assert {row.table for row in rows} == {table}
        assert all((row.turnover is None) == (row.lookback is None) for row in rows)


@pytest.mark.parametrize(("universe", "row"), BOTH, ids=LABELS)
def test_years_of_252_calendar_days_give_every_printed_growth_rate(universe, row):
    dates = pd.DatetimeIndex(PUBLISHED_DATES[universe])
    growth = paper_cagr(pd.Series([1.0, 1 + row.cumulative_return], index=dates))
    assert round(100 * growth, 2) == pytest.approx(100 * row.published_cagr, abs=1e-9)


@pytest.mark.parametrize(("universe", "row"), BOTH, ids=LABELS)
def test_true_years_and_a_rate_of_0_give_every_printed_sharpe_ratio(universe, row):
    """(ln(1 + R)/T + σ²/2)/σ: the arithmetic mean of a log-normal growth over its deviation."""
    log_growth = math.log1p(row.cumulative_return) / (days(universe) / 365.25)
    implied = (log_growth + row.volatility**2 / 2) / row.volatility
    assert implied == pytest.approx(row.sharpe_ratio, abs=0.011)


def test_the_headlines_are_means_over_the_ten_pairs():
    assert 100 * (ratios("sharpe_ratio").mean() - 1) == pytest.approx(49.8, abs=0.05)
    assert 100 * (1 - ratios("turnover").mean()) == pytest.approx(55.1, abs=0.05)


def test_the_paper_does_not_beat_equal_weight_on_the_dow_by_growth():
    rows = {row.label: row for row in published_table("dow")}
    behind = [n for n in (50, 80, 100, 120, 150)
              if rows[f"BL({n}d)"].cumulative_return < rows["EQW"].cumulative_return]  # fmt: skip
    assert behind == [50, 80, 100, 150]


def test_the_tables_are_no_data_set():
    assert "paper_tables" not in bl.list_datasets()


def test_an_unknown_table_is_refused():
    with pytest.raises(ConfigError, match="etf"):
        published_table("sp500")


def test_weights_come_back_as_they_were_written(tmp_path):
    text = "date,A,B\n2001-01-02,0.25,0.75\n2001-02-01,1.0,0.0\n"
    (tmp_path / "w.csv").write_text(text)
    weights = read_published_weights(tmp_path / "w.csv")
    assert weights.loc["2001-01-02"].tolist() == [0.25, 0.75]
    assert weights.to_csv().splitlines() == text.splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,A,B\n2001-01-02,0.5,0.6\n", "sum to 1"),
        ("date,A,B\n2001-02-01,0.5,0.5\n2001-01-02,0.5,0.5\n", "rising dates"),
        ("date,A\n2001-01-02,much\n", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_file_without_weights_is_refused_in_one_sentence(tmp_path, text, message):
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_published_weights(tmp_path / "w.csv")


def test_an_absent_file_of_weights_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_published_weights(tmp_path / "none.csv")
