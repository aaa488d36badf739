"""What the page says of the paper's own tables, against the figures worked out by hand."""

import math

import pandas as pd
import pytest

from blportfolio.research.paper import published_table
from blportfolio.research.replication.caveats import exceptions
from blportfolio.research.replication.headline import check_convention, headline, published_headline


def test_the_headline_of_the_paper_follows_from_its_rows():
    both = published_headline("etf", "dow")
    assert both.sharpe == pytest.approx(0.498, abs=5e-4)  # printed: 50 %
    assert both.turnover == pytest.approx(-0.551, abs=5e-4)  # printed: 55 %
    assert published_headline("etf").sharpe == pytest.approx(0.447, abs=5e-4)
    assert published_headline("dow").sharpe == pytest.approx(0.548, abs=5e-4)


def test_a_headline_is_the_mean_of_ratios_over_windows_that_both_have():
    rows = {
        ("MV", 50): (0.5, 0.4),
        ("BL", 50): (1.0, 0.2),
        ("MV", 80): (1.0, 0.5),
        ("BL", 80): (1.0, 0.25),
        ("BL", 99): (9.0, 9.0),
        ("EQW", None): (0.6, None),
    }
    found = headline(rows)
    assert found.sharpe == pytest.approx(0.5)
    assert found.turnover == pytest.approx(-0.5)


@pytest.mark.parametrize("universe", ["etf", "dow"])
def test_every_printed_growth_rate_follows_from_years_of_252_days(universe):
    dates = {"etf": ("2004-04-13", "2024-02-22"), "dow": ("1994-01-05", "2024-02-22")}[universe]
    assert check_convention(published_table(universe), *dates) < 0.0001 / 2 + 1e-6


def test_the_sentences_that_are_not_literally_true_are_found_in_the_tables():
    etf = exceptions(published_table("etf"))
    assert ("Cumulative return (%), lower", "BL(50d) 542.0", "S&P500 545.8") in etf
    assert ("Volatility (%), higher", "BL(50d) 16.2", "MV(50d) 16.0") in etf
    deeper = {row[1].split()[0] for row in etf if row[0].startswith("Maximum") and "MV" in row[2]}
    assert deeper == {"BL(80d)", "BL(100d)", "BL(120d)"}
    than_equal = {row[1].split()[0] for row in etf if "EQW" in row[2] and "draw" in row[0]}
    assert than_equal == {"BL(50d)", "BL(80d)", "BL(100d)", "BL(120d)"}  # but not at 150
    dow = exceptions(published_table("dow"))
    poorer = {row[1].split()[0] for row in dow if "EQW" in row[2] and row[0].startswith("Cum")}
    assert poorer == {"BL(50d)", "BL(80d)", "BL(100d)", "BL(150d)"}


def test_printed_sharpe_ratios_fit_true_years_and_not_years_of_252_days():
    # (ln(1 + cumulative) / T + vol² / 2) / vol, maths 6.1
    for row in published_table("etf"):
        years = (pd.Timestamp("2024-02-22") - pd.Timestamp("2004-04-13")).days / 365.25
        growth = math.log(1 + row.cumulative_return) / years
        ratio = growth / row.volatility + row.volatility / 2
        assert ratio == pytest.approx(row.sharpe_ratio, abs=0.0061)
