import shutil

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT

import blportfolio as bl
from blportfolio.data import dataset_info, datasets
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
    assert market.sources == {f"{name}/{info.file}": info.sha256}


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
