import json
import logging

import numpy as np
import pandas as pd
import pytest
import yfinance
from helpers import make_prices

from blportfolio.data.cache import PriceCache

COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("time.sleep", lambda _: None)
    return PriceCache(tmp_path / "cache")


@pytest.fixture
def yahoo(monkeypatch):
    """A download that knows the tickers A0 … A3 and fails for others as yfinance does."""
    prices = make_prices(0, 50)

    def download(tickers, **_):
        parts = {}
        for ticker in tickers:
            close = prices.get(ticker, pd.Series(np.nan, index=prices.index))
            parts[ticker] = pd.DataFrame(dict.fromkeys(COLUMNS, close))
            if ticker not in prices:
                reason = "YFPricesMissingError('possibly delisted; no price data found')"
                logging.getLogger("yfinance").error("%s: %s", [ticker], reason)
        return pd.concat(parts, axis=1, names=["Ticker", "Price"])

    monkeypatch.setattr(yfinance, "download", download)


def breaks(monkeypatch, error):
    def download(**_):
        raise error

    monkeypatch.setattr(yfinance, "download", download)


@pytest.mark.usefixtures("yahoo")
def test_fetch_prints_one_row_a_ticker_and_names_those_that_failed(call, cache):
    done = call("data", "fetch", "a0", "A1,GONE")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Ticker", "A0", "A1", "GONE"]
    assert lines[1].split()[1:] == ["downloaded", "2000-01-03", "2000-03-10", "50"]
    assert done.stderr == ("warning: GONE has no prices: possibly delisted; no price data found\n")
    assert cache.tickers() == ("A0", "A1")


@pytest.mark.usefixtures("yahoo")
def test_fetch_as_json_is_one_object(call, cache):
    done = call("data", "fetch", "A0", "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert document["schema_version"] == 1
    assert document["cache"] == str(cache.folder)
    assert document["tickers"][0]["status"] == "downloaded"


@pytest.mark.usefixtures("yahoo")
def test_fetch_of_nothing_usable_fails(call):
    done = call("data", "fetch", "GONE")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: No ticker has prices. GONE: ")


@pytest.mark.usefixtures("yahoo")
@pytest.mark.parametrize("ticker", ["../x", "", "A B\x00", "=cmd|' /C calc'!A0"])
def test_fetch_refuses_a_hostile_ticker(call, ticker, tmp_path):
    done = call("data", "fetch", ticker)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
    assert not (tmp_path / "cache").exists()


def test_fetch_without_a_network_says_so_in_one_sentence(call, monkeypatch):
    breaks(monkeypatch, ConnectionError("Could not resolve host: query2.finance.yahoo.com"))
    done = call("data", "fetch", "A0")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: Yahoo cannot be reached")
    assert "--offline-ok" in done.stderr
    assert done.stderr.count("\n") == 1


def test_fetch_without_a_network_is_content_with_the_cache_if_told_so(call, monkeypatch, request):
    request.getfixturevalue("yahoo")
    call("data", "fetch", "A0")
    breaks(monkeypatch, ConnectionError("Could not resolve host"))
    done = call("data", "fetch", "A0", "--refresh", "--offline-ok", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["tickers"][0]["status"] == "kept"


def test_an_interrupted_fetch_ends_with_130(call, monkeypatch):
    breaks(monkeypatch, KeyboardInterrupt())
    assert call("data", "fetch", "A0").exit_code == 130


def test_fetch_from_files_needs_no_network(call, tmp_path, monkeypatch, cache):
    breaks(monkeypatch, ConnectionError("no network"))
    make_prices(0, 50).to_csv(tmp_path / "mine.csv", index_label="date")
    done = call("data", "fetch", "A0", "A1", "--from-files", tmp_path / "mine.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert cache.tickers() == ("A0", "A1")


def test_dates_that_files_are_not_cut_to_are_warned_of(call, tmp_path, cache):
    make_prices(0, 50).to_csv(tmp_path / "mine.csv", index_label="date")
    words = ["--from-files", tmp_path / "mine.csv", "--start", "2000-02-01"]
    done = call("data", "fetch", "A0", *words)
    assert (done.exit_code, len(cache.entry("A0").frame)) == (0, 50)
    assert done.stderr == "warning: --start left out: all dates are imported.\n"
