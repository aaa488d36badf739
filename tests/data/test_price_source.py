import datetime as dt

import pandas as pd
import pytest
from helpers import make_prices

from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.cache.inventory import inventory
from blportfolio.data.described import describe_data
from blportfolio.data.price_source import open_file, open_named
from blportfolio.data.quality import Finding, repair
from blportfolio.data.quality.words import (
    count_findings,
    counts_in_words,
    place_in_words,
    size_in_words,
)
from blportfolio.errors import DataError


def finding(**changes):
    told = {"kind": "calendar_gap", "severity": "note", "message": "m", "cause": "c", "remedy": "r"}
    return Finding(**{**told, **changes})


def stored(cache, ticker, days_ago=0, seed=0):
    prices = make_prices(seed, 30, 1)["A0"]
    fetched = dt.datetime(2024, 3, 11, 12, tzinfo=dt.UTC) - dt.timedelta(days=days_ago)
    info = PriceInfo(ticker, "yahoo", fetched.isoformat(), "2000-01-01", "2024-03-08", "USD")
    cache.write(ticker, pd.DataFrame({"prices": prices.to_numpy()}, index=prices.index), info)
    return prices


def test_counts_sizes_and_places_read_as_sentences():
    some = [finding(severity="serious"), finding(severity="warning"), finding(severity="warning")]
    assert counts_in_words(count_findings(some)) == "1 serious, 2 warnings, 0 notes"
    assert size_in_words(finding(size=1)) == "1 period"
    assert size_in_words(finding(size=2)) == "2 periods"
    assert size_in_words(finding()) == ""
    date = pd.Timestamp("2020-01-02")
    assert place_in_words(finding(ticker="AB", date=date)) == "AB 2020-01-02"
    assert place_in_words(finding(ticker="AB", date=date, message="AB fell")) == "2020-01-02"
    assert place_in_words(finding(ticker="A\x1b[31mB")) == r"A\x1b[31mB"


def test_a_file_is_examined_as_it_stands_and_once_more_when_repaired(tmp_path):
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    path = tmp_path / "broken.csv"
    prices.to_csv(path, index_label="date")
    source = open_file(path)
    report = source.examine()
    assert report.is_serious
    assert report.name == "broken.csv"
    bars, log = repair(source.bars, report)
    assert log
    assert not source.examine_repaired(bars, source.unrepaired).is_serious


def test_a_name_that_is_nothing_says_what_is_near(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="sp500_20"):
        open_named("sp500_2O")
    with pytest.raises(DataError, match="is a folder"):
        open_named(str(tmp_path))


def test_the_cache_is_listed_with_dates_source_and_age(tmp_path):
    cache = PriceCache(tmp_path)
    prices = stored(cache, "AAPL", days_ago=3)
    stored(cache, "VOD.L")
    cache.path("KO").write_bytes(b"not Parquet")
    rows = {r.ticker: r for r in inventory(cache, now=dt.datetime(2024, 3, 11, 12, tzinfo=dt.UTC))}
    assert list(rows) == ["AAPL", "KO", "VOD.L"]
    apple = rows["AAPL"]
    assert (apple.first, apple.last, apple.rows) == (prices.index[0], prices.index[-1], 30)
    assert apple.age_days == pytest.approx(3)
    assert (apple.source, apple.currency) == ("yahoo", "USD")
    assert rows["VOD.L"].age_days == pytest.approx(0)
    assert rows["KO"].problem
    assert rows["KO"].first is None


def test_an_empty_cache_lists_nothing(tmp_path):
    assert inventory(PriceCache(tmp_path / "missing")) == []


@pytest.mark.parametrize("name", ["sp500_20", "industries_12"])
def test_a_packaged_set_says_where_it_came_from_and_on_what_terms(name):
    told = describe_data(name)
    assert told["source"]
    assert told["licence"]
    assert told["caveats"]
    assert all(len(digest) == 64 for digest in told["sources"].values())


def test_a_universe_without_prices_names_the_tickers_it_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path))
    told = describe_data("sector_etfs")
    assert told["fetched"] is False
    assert "XLE" in told["tickers"]
    assert "coverage" not in told


def test_cached_tickers_say_when_they_were_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path))
    cache = PriceCache(tmp_path)
    stored(cache, "AAPL", days_ago=3)
    stored(cache, "KO", seed=1)
    told = describe_data("AAPL KO")
    assert told["assets"] == ["AAPL", "KO"]
    assert told["fetched_utc"].startswith("2024-03-08")
    assert told["source"] == "yahoo"
    assert open_named("AAPL KO").examine().n_assets == 2
