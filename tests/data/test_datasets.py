import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT

import blportfolio as bl
from blportfolio.data import dataset_info, datasets, list_macro, macro_info
from blportfolio.errors import DataError


@pytest.fixture
def copied_data(tmp_path, monkeypatch):
    """A copy of the packaged data that a test may damage."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setattr(datasets, "packaged_folder", lambda kind: tmp_path / kind)
    return tmp_path / "data"


def test_the_packaged_data_sets_are_listed_in_order():
    names = bl.list_datasets()
    assert {"industries_12", "sp500_20"} <= set(names)
    assert names == sorted(names)


@pytest.mark.parametrize("name", bl.list_datasets())
def test_every_data_set_loads_and_names_its_licence_source_and_caveats(name):
    info, market = dataset_info(name), bl.load_dataset(name)
    assert info.licence
    assert info.source
    assert info.caveats
    assert market.notes == info.caveats
    assert market.periods_per_year == info.periods_per_year
    files = [info, *(macro_info(companion) for companion in info.macro)]
    assert market.sources == {f"{file.name}/{file.file}": file.sha256 for file in files}


@pytest.mark.parametrize(
    ("wanted", "nearest"), [("sp500_2", "sp500_20"), ("industry_12", "industries_12")]
)
def test_a_near_miss_is_answered_with_the_nearest_name(wanted, nearest):
    with pytest.raises(DataError, match=f"{wanted}.*Did you mean '{nearest}'"):
        bl.load_dataset(wanted)


@pytest.mark.parametrize("name", ["zzzzzz", "", "../data/sp500_20", "/etc"])
def test_an_unknown_name_is_answered_with_what_is_known(name):
    with pytest.raises(DataError, match=r"no data set.*sp500_20"):
        bl.load_dataset(name)


def test_a_file_that_is_not_the_packaged_one_is_refused(copied_data):
    path = copied_data / "sp500_20" / "prices.csv.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="SHA-256"):
        bl.load_dataset("sp500_20")
    assert bl.load_dataset("industries_12").assets


@pytest.mark.parametrize("load", [bl.load_macro, lambda _: bl.load_dataset("sp500_20")])
def test_a_macro_file_that_is_not_the_packaged_one_is_refused_when_it_is_loaded(copied_data, load):
    (copied_data / "moodys" / "yields.csv.gz").write_bytes(b"other")
    with pytest.raises(DataError, match=r"'yields.csv.gz' of data set 'moodys' is damaged"):
        load("moodys")


def test_macro_sets_are_no_universes():
    assert list_macro() == ["moodys", "us_treasury"]
    assert not set(list_macro()) & set(bl.list_datasets())
    with pytest.raises(DataError, match=r"'us_treasury' holds macro series and no prices"):
        bl.load_dataset("us_treasury")
    with pytest.raises(DataError, match=r"'us_tresury'. Did you mean 'us_treasury'"):
        bl.load_macro("us_tresury")
    with pytest.raises(DataError, match="no macro data set 'sp500_20'"):
        bl.load_macro("sp500_20")


@pytest.mark.parametrize("name", list_macro())
def test_every_macro_set_loads_in_decimals_and_names_its_licence_source_and_caveats(name):
    info, series = macro_info(name), bl.load_macro(name)
    assert info.licence
    assert info.source
    assert info.caveats
    assert list(series) == list(info.series.values())
    raw = pd.read_csv(ROOT / "data" / name / info.file, index_col=0, parse_dates=True)
    for column, label in info.series.items():
        found = series[label].values
        assert found.name == label
        assert found.between(0, 0.2).all()
        np.testing.assert_allclose(found, raw[column].dropna() / 100, rtol=1e-15)
        assert series[label].publication_lag == pd.Timedelta(days=info.publication_lag_days)


@pytest.mark.parametrize("name", bl.list_datasets())
def test_a_data_set_brings_the_macro_series_that_its_description_names(name):
    info, market = dataset_info(name), bl.load_dataset(name)
    expected = {}
    for companion in info.macro:
        expected |= bl.load_macro(companion)
    assert list(market.macro) == list(expected)
    assert len(market.macro) == len(expected)
    assert "treasury_10y" in market.macro
    assert "nonsense" not in market.macro
    with pytest.raises(KeyError):
        market.macro["nonsense"]
    for label, series in expected.items():
        pd.testing.assert_series_equal(market.macro[label].values, series.values)
    again = pickle.loads(pickle.dumps(market))  # noqa: S301, our own bytes
    pd.testing.assert_series_equal(again.macro["moodys_baa"].values, expected["moodys_baa"].values)


def test_moodys_months_are_dated_by_their_end_and_known_within_a_week_of_it():
    series = bl.load_macro("moodys")["moodys_baa"]
    assert series.values.index.is_month_end.all()
    assert (series.known_from.day == 5).all()
    # The average of January is no part of a decision at the end of January.
    january = pd.Timestamp("2008-01-31")
    assert series.known_at(january).index[-1] == pd.Timestamp("2007-12-31")


def test_the_treasury_curve_is_valid_on_every_trading_day_until_it_ends(sample_market):
    dates = sample_market.dates
    for name in ("treasury_3m", "treasury_2y", "treasury_10y"):
        values = sample_market.macro[name].at(dates)
        known = dates[~np.isnan(values)]
        assert known[0] == pd.Timestamp("1990-01-04")
        assert known[-1] == pd.Timestamp("2017-03-31")
        assert len(known) == ((dates >= known[0]) & (dates <= known[-1])).sum()


def test_industry_dates_are_month_ends_with_a_risk_free_rate(industries):
    assert industries.dates.is_month_end.all()
    assert (np.diff(industries.dates.to_period("M").asi8) == 1).all()
    assert len(industries.risk_free) == len(industries.dates)
    assert industries.risk_free.iloc[1:].between(0, 0.02).all()
    assert industries.periods_per_year == 12
    assert len(industries.assets) == 12


def test_industry_growth_reproduces_the_returns_in_the_file(industries):
    raw = pd.read_csv(ROOT / "data/industries_12/returns.csv.gz", index_col=0, parse_dates=True)
    grown = industries.prices.pct_change().iloc[1:]
    np.testing.assert_allclose(grown.to_numpy(), raw[list(industries.assets)], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(grown.index.to_period("M"), raw.index.to_period("M"))
    np.testing.assert_array_equal(industries.risk_free.iloc[1:], raw["RF"])


def test_sample_prices_are_those_of_the_file(sample_market):
    raw = pd.read_csv(ROOT / "data/sp500_20/prices.csv.gz", index_col=0)
    assert list(sample_market.assets) == list(raw.columns)
    np.testing.assert_array_equal(sample_market.prices.to_numpy(), raw.to_numpy())
    assert [str(date.date()) for date in sample_market.dates] == list(raw.index)
