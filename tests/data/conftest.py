"""Yahoo without a network: yfinance's own code over canned replies of the chart API."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yfinance
from yfinance import cache as yfinance_cache
from yfinance import multi
from yfinance.data import YfData

from blportfolio.data.cache import PriceCache

NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}


def make_bars(seed=0, start="2020-01-02", periods=60, freq="B"):
    """Closes of a random walk with the bars around them, as one exchange would report them."""
    draws = np.random.default_rng(seed).random((periods, 2))  # the same first days, however many
    dates = pd.date_range(start, periods=periods, freq=freq)
    close = 100 * np.exp(np.cumsum(0.04 * (draws[:, 0] - 0.5)))
    frame = pd.DataFrame({"open": close * 0.99, "high": close * 1.02}, index=dates)
    frame["low"], frame["close"], frame["adj"] = close * 0.98, close, close
    frame["volume"] = (1000 + 8000 * draws[:, 1]).astype("int64")
    frame["dividends"], frame["splits"] = 0.0, 0.0
    return frame


def pay(bars, day, amount):
    """The same bars after a dividend: earlier adjusted closes fall by its share of the price."""
    bars = bars.copy()
    at = bars.index.get_loc(pd.Timestamp(day))
    factor = 1 - amount / bars["close"].iloc[at - 1]
    bars.iloc[:at, bars.columns.get_loc("adj")] *= factor
    bars.iloc[at, bars.columns.get_loc("dividends")] = amount
    return bars


def split(bars, day, ratio):
    """The same bars after a split: later quotes are lower, and earlier ones are restated."""
    bars = bars.copy()
    bars[["open", "high", "low", "close", "adj"]] /= ratio
    bars.loc[pd.Timestamp(day), "splits"] = ratio
    return bars


class FakeYahoo:
    """Answers the HTTP requests of yfinance.

    Attributes:
        bars: What there is, by ticker.
        zones: Time zone of an exchange by ticker; New York by default, None to leave it out.
        failing: By ticker, a status code or an exception that is given instead.
            calls: Ticker and first day of each request for prices.
        requested: Ticker of each request.
    """

    make_bars = staticmethod(make_bars)
    pay = staticmethod(pay)
    split = staticmethod(split)

    def __init__(self):
        self.bars, self.zones, self.failing, self.calls = {}, {}, {}, []
        self.requested = []
        self.currency, self.kind = "USD", "EQUITY"

    def get(self, url, params=None, timeout=None, **rest):
        del timeout, rest
        ticker = url.rsplit("/", 1)[-1]
        self.requested.append(ticker)
        if "period1" in params:
            first = pd.Timestamp(params["period1"], unit="s").normalize()
            self.calls.append((ticker, str(first.date())))
        failure = self.failing.get(ticker, self.failing.get("*"))
        if isinstance(failure, Exception):
            raise failure
        if isinstance(failure, int):
            return self.reply(url, failure, {"chart": {"result": None, "error": None}})
        if "/chart/" not in url or ticker not in self.bars:
            return self.reply(url, 404, {"chart": {"result": None, "error": NOT_FOUND}})
        chart = {"result": [self.chart(ticker, params)], "error": None}
        return self.reply(url, 200, {"chart": chart})

    @staticmethod
    def reply(url, status, document):
        text = json.dumps(document)
        return SimpleNamespace(
            status_code=status, text=text, url=url, json=lambda: json.loads(text), headers={}
        )

    def chart(self, ticker, params):
        zone = self.zones.get(ticker, "America/New_York")
        bars = self.bars[ticker]
        stamps = (bars.index + pd.Timedelta(hours=9.5)).tz_localize(zone or "UTC")
        seconds = stamps.tz_convert("UTC").as_unit("s").asi8
        inside = np.full(len(bars), True)
        if "period1" in params:
            inside = (seconds >= params["period1"]) & (seconds < params["period2"])
        bars, seconds = bars[inside], seconds[inside].tolist()
        meta = {"instrumentType": self.kind, "currency": self.currency, "symbol": ticker}
        meta |= {"exchangeTimezoneName": zone, "validRanges": ["1d", "max"], "priceHint": 2}
        if zone is None:
            del meta["exchangeTimezoneName"]
        if not len(bars):
            return {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        quote = {name: listed(bars[name]) for name in ("open", "high", "low", "close", "volume")}
        events = {"dividends": {}, "splits": {}}
        for at, (paid, ratio) in enumerate(zip(bars["dividends"], bars["splits"], strict=True)):
            stamp = seconds[at]
            if paid:
                events["dividends"][str(stamp)] = {"amount": paid, "date": stamp}
            if ratio:
                parts = {"numerator": ratio, "denominator": 1, "splitRatio": f"{ratio:g}:1"}
                events["splits"][str(stamp)] = {"date": stamp, **parts}
        return {
            "meta": meta,
            "timestamp": seconds,
            "events": events,
            "indicators": {"quote": [quote], "adjclose": [{"adjclose": listed(bars["adj"])}]},
        }


def listed(series):
    return [None if pd.isna(value) else value for value in series.tolist()]


@pytest.fixture
def yahoo(monkeypatch):
    """A Yahoo that answers from memory; the whole of yfinance but its HTTP session is real."""
    fake = FakeYahoo()
    session = multi.new_session()
    monkeypatch.setattr(session, "get", fake.get)
    monkeypatch.setattr(multi, "new_session", lambda: session)
    monkeypatch.setattr(YfData, "_get_cookie_and_crumb", lambda *_, **__: (None, "basic"))
    monkeypatch.setattr(yfinance_cache, "get_tz_cache", yfinance_cache._TzCacheDummy)
    monkeypatch.setattr("yfinance.base._tz_info_fetch_ctr", 2)
    monkeypatch.setattr(YfData, "cache_get", YfData.get)  # which would remember replies
    return fake


@pytest.fixture
def no_network(monkeypatch):
    """Any call of yfinance is a failure of the test."""

    def called(**kwargs):
        pytest.fail(f"Yahoo was asked for {kwargs['tickers']}")

    monkeypatch.setattr(yfinance, "download", called)


@pytest.fixture
def store(tmp_path):
    return PriceCache(tmp_path / "cache", timeout=20)
