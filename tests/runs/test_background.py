"""What the dashboard has done in the background: downloads written to a file, allocations."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.backtest import decide
from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.reload import code_of, reload_market
from blportfolio.report.allocation import Allocation
from blportfolio.runs.allocating import allocation, takes_long
from blportfolio.runs.fetching import fetch_prices, write_market


def silent(*_):
    """Hear no progress."""


def test_a_market_is_read_back_from_its_file_exactly(tmp_path):
    prices = make_prices(1, 200, 3)
    prices.iloc[:50, 1] = np.nan
    prices.iloc[150:, 2] = np.nan
    market = bl.MarketData(prices, high=prices * 1.01, low=prices * 0.99, volume=prices * 1e4)
    write_market(market, tmp_path / "prices.parquet")
    again = reload_market("upload", str(tmp_path / "prices.parquet"), {})
    for name in ("prices", "high", "low", "volume"):
        np.testing.assert_array_equal(getattr(again, name), getattr(market, name))
    assert again.assets == market.assets


def test_tickers_in_the_cache_serve_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://localhost:9")
    last = pd.Timestamp(dt.datetime.now(dt.UTC).date()) - pd.Timedelta(days=400)
    prices = make_prices(2, 300, 2).set_axis(["AAA", "BBB"], axis=1)
    prices.index = pd.bdate_range(end=last, periods=300)
    store = PriceCache()
    for ticker in prices:
        frame = prices[[ticker]].set_axis(["prices"], axis=1)
        info = PriceInfo(ticker=ticker, source="yahoo", fetched_utc="2020-01-01T00:00:00+00:00",
                         asked_from=str(prices.index[0].date()), asked_to=str(last.date()),
                         currency="USD")  # fmt: skip
        store.write(ticker, frame, info)
    result = fetch_prices({"tickers": "aaa, bbb", "start": None}, tmp_path, silent)
    assert result["tickers"] == ["AAA", "BBB"]
    assert result["currency"] == "USD"
    assert json.dumps(result, allow_nan=False)
    again = reload_market("upload", str(tmp_path / result["file"]), {})
    np.testing.assert_array_equal(again.prices, prices)


def test_without_a_network_and_a_cache_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://localhost:9")
    monkeypatch.setattr("blportfolio.runs.fetching.RETRIES", 0)
    with pytest.raises(bl.DataError, match=r"No ticker has prices.*choose a packaged data set"):
        fetch_prices({"tickers": "AAPL", "start": "2020-01-01"}, tmp_path, silent)


def test_too_many_tickers_are_refused(tmp_path):
    names = " ".join(f"T{i}" for i in range(101))
    with pytest.raises(bl.DataError, match="101 tickers are too many"):
        fetch_prices({"tickers": names, "start": None}, tmp_path, silent)


def test_an_allocation_in_the_background_is_the_decision_with_its_spread(tmp_path):
    steps = []
    settings = {
        "strategy": "view_free",
        "source": {"kind": "packaged", "reference": "industries_12", "reading": {}},
        "as_of": "1956-06-29",
        "previous": {"NoDur": 0.4},
        "cost_bps": 20.0,
    }
    result = allocation(settings, tmp_path, lambda name, *_: steps.append(name))
    made = Allocation.from_record(json.loads(json.dumps(result, allow_nan=False))["record"])
    market = bl.load_dataset("industries_12")
    decision = decide("view_free", market, as_of="1956-06-29", cost_bps=20.0,
                      previous_weights=pd.Series({"NoDur": 0.4}))  # fmt: skip
    np.testing.assert_array_equal(made.table["weight"], decision.weights)
    assert made.figures.cost == pytest.approx(decision.cost)
    assert set(steps) == {
        "Loading the data", "Computing features", "Learning from past decisions",
        "Drawing expected returns",
    }  # fmt: skip


def test_what_takes_long_is_told_before_it_is_begun():
    stocks, months = bl.load_dataset("sp500_20"), bl.load_dataset("industries_12")
    assert takes_long("view_free", stocks)
    assert takes_long("fiv", stocks)
    assert not takes_long("slp", stocks)
    assert not takes_long("equal_weight", stocks)
    assert not takes_long("view_free", months)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("packaged", "sp500_20", {}), "bl.load_dataset('sp500_20')"),
        (("upload", "a'b.csv", {"returns": True, "max_gap": 3}),
         "bl.load_prices(\"a'b.csv\", max_gap=3, returns=True)"),
    ],
)  # fmt: skip
def test_the_python_that_loads_data_is_written_out(arguments, code):
    assert code_of(*arguments) == code
    assert code_of("upload", "AAA BBB", {}, start="2020-01-01") == (
        "bl.download('AAA BBB', start='2020-01-01')"
    )
    with pytest.raises(bl.ConfigError, match="kind"):
        code_of("stolen", "x", {})
