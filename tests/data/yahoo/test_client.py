import logging
import socket
import threading
import urllib.error

import numpy as np
import pandas as pd
import pytest
import yfinance

from blportfolio.data.bars import FRAMES
from blportfolio.data.yahoo.client import ask
from blportfolio.data.yahoo.table import clean_bars, split_table

START, END = pd.Timestamp("2019-01-01"), pd.Timestamp("2020-12-31")
QUIET = {"retries": 0}
DATES = pd.date_range("2020-01-02", periods=4, freq="B")
COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume", "Dividends", "Stock Splits"]


def table_of(*tickers, dates=DATES):
    """A table as yfinance gives with group_by="ticker"."""
    columns = pd.MultiIndex.from_product([tickers, COLUMNS], names=["Ticker", "Price"])
    values = np.arange(1.0, len(dates) * len(columns) + 1).reshape(len(dates), -1)
    return pd.DataFrame(values, index=dates, columns=columns)


def same_bars(got, bars):
    expected = bars.rename(columns={"adj": "prices"})[list(FRAMES)].astype(float)
    pd.testing.assert_frame_equal(got, expected, check_freq=False, check_names=False, rtol=1e-12)


def test_several_tickers_come_as_yahoo_quotes_them(yahoo):
    yahoo.bars = {
        "AAPL": yahoo.pay(yahoo.make_bars(1), "2020-02-03", 0.8),
        "BRK-B": yahoo.make_bars(2),
    }
    answers = ask(["BRK-B", "AAPL"], START, END, **QUIET)
    assert list(answers) == ["BRK-B", "AAPL"]
    for ticker, answer in answers.items():
        assert answer.kind == "answered"
        same_bars(answer.frame, yahoo.bars[ticker])


def test_one_ticker_comes_alike(yahoo):
    yahoo.bars = {"^GSPC": yahoo.split(yahoo.make_bars(3), "2020-02-03", 4.0)}
    same_bars(ask(["^GSPC"], START, END, **QUIET)["^GSPC"].frame, yahoo.bars["^GSPC"])


def test_the_last_day_is_included(yahoo):
    yahoo.bars = {"KO": yahoo.make_bars(4)}
    last = yahoo.bars["KO"].index[20]
    assert ask(["KO"], START, last, **QUIET)["KO"].frame.index[-1] == last


def test_dates_are_those_of_the_exchange(yahoo):
    yahoo.bars = {"7203.T": yahoo.make_bars(5), "KO": yahoo.make_bars(6)}
    yahoo.zones = {"7203.T": "Asia/Tokyo"}
    for ticker, answer in ask(["7203.T", "KO"], START, END, **QUIET).items():
        assert answer.frame.index.equals(yahoo.bars[ticker].index), ticker


def test_a_fund_with_capital_gains_is_read(yahoo):
    yahoo.kind, yahoo.bars = "ETF", {"SPY": yahoo.make_bars(7)}
    same_bars(ask(["SPY"], START, END, **QUIET)["SPY"].frame, yahoo.bars["SPY"])


def test_days_without_a_price_are_left_out(yahoo):
    yahoo.bars = {"KO": yahoo.make_bars(8)}
    yahoo.bars["KO"].iloc[[3, 9], :6] = np.nan
    assert len(ask(["KO"], START, END, **QUIET)["KO"].frame) == 58


def test_a_delisted_ticker_is_missing_with_yahoos_reason_and_the_other_is_kept(yahoo):
    yahoo.bars = {"KO": yahoo.make_bars(9)}
    answers = ask(["GONE", "KO"], START, END, **QUIET)
    assert answers["KO"].kind == "answered"
    assert answers["GONE"].kind == "missing"
    assert "delisted" in answers["GONE"].reason
    assert answers["GONE"].frame.empty


def test_no_prices_in_the_dates_is_missing(yahoo):
    yahoo.bars = {"KO": yahoo.make_bars(10)}
    answer = ask(["KO"], pd.Timestamp("2030-01-01"), pd.Timestamp("2030-02-01"), **QUIET)["KO"]
    assert (answer.kind, answer.frame.empty) == ("missing", True)
    assert "no price data found" in answer.reason


def test_a_missing_time_zone_is_missing(yahoo):
    yahoo.bars, yahoo.zones = {"KO": yahoo.make_bars(11)}, {"KO": None}
    answer = ask(["KO"], START, END, **QUIET)["KO"]
    assert answer.kind == "missing"
    assert answer.reason


@pytest.mark.parametrize(
    ("failure", "kind", "word"),
    [
        (429, "limited", "Too Many Requests"),
        (ConnectionError("Could not resolve host: query1"), "unreachable", "resolve host"),
        (TimeoutError("timed out after 10 s"), "unreachable", "timed out"),
        (ConnectionResetError("reset by peer"), "unreachable", "reset"),
    ],
    ids=["429", "no network", "timeout", "reset"],
)
def test_trouble_of_one_ticker_is_told_from_a_missing_one(yahoo, failure, kind, word):
    yahoo.bars = {"KO": yahoo.make_bars(12)}
    yahoo.failing = {"AAPL": failure}
    answers = ask(["AAPL", "KO"], START, END, **QUIET)
    assert (answers["AAPL"].kind, answers["KO"].kind) == (kind, "answered")
    assert word in answers["AAPL"].reason
    assert "\n" not in answers["AAPL"].reason


def test_a_lost_connection_is_no_delisted_ticker_even_if_its_time_zone_is_known(yahoo, monkeypatch):
    class Known:
        def lookup(self, ticker):
            del ticker
            return "America/New_York"

    monkeypatch.setattr("yfinance.cache.get_tz_cache", Known)
    yahoo.failing = {"*": ConnectionError("Could not resolve host")}
    answers = ask(["KO", "PEP"], START, END, **QUIET)
    assert {answer.kind for answer in answers.values()} == {"unreachable"}
    assert {answer.reason for answer in answers.values()} == {"Could not resolve host"}


def test_only_what_is_unanswered_is_asked_again_after_growing_waits(yahoo):
    yahoo.bars = {"KO": yahoo.make_bars(13), "AAPL": yahoo.make_bars(14)}
    yahoo.failing = {"AAPL": 429}
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            yahoo.failing.clear()

    answers = ask(["KO", "AAPL"], START, END, retries=5, sleep=sleep, rng=np.random.default_rng(1))
    assert {answer.kind for answer in answers.values()} == {"answered"}
    assert [0.5 <= wait / 2**n <= 1 for n, wait in enumerate(waits)] == [True] * 3
    assert [ticker for ticker, _ in yahoo.calls].count("KO") == 1


def test_no_thread_that_waits_for_yahoo_holds_up_the_end_of_the_program(yahoo, monkeypatch):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    daemons, chart = [], yahoo.chart

    def noted(*args):
        daemons.append(threading.current_thread().daemon)
        return chart(*args)

    monkeypatch.setattr(yahoo, "chart", noted)
    ask(["KO", "PEP"], START, END, **QUIET)
    assert set(daemons) == {True}


def test_where_there_is_no_network_one_more_try_is_enough(yahoo):
    waits = []
    for error in (OSError("Could not resolve host: query1"), ConnectionError("refused")):
        yahoo.failing = {"*": error}
        ask(["KO", "PEP"], START, END, retries=3, sleep=waits.append)
    assert len(waits) == 1 + 3


@pytest.mark.usefixtures("yahoo")
def test_what_is_not_there_is_not_asked_for_again():
    ask(["GONE"], START, END, retries=3, sleep=lambda _: pytest.fail("waited"))


@pytest.mark.usefixtures("yahoo")
def test_nothing_is_printed_and_the_logger_is_as_before(capfd, caplog):
    logger = logging.getLogger("yfinance")
    before = (logger.propagate, list(logger.handlers), yfinance.config.debug.hide_exceptions)
    ask(["GONE"], START, END, **QUIET)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    after = (logger.propagate, list(logger.handlers), yfinance.config.debug.hide_exceptions)
    assert after == before


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), KeyError("chart"), RuntimeError("x"), Exception("any"), TypeError("y")],
    ids=lambda e: type(e).__name__,
)
def test_whatever_yfinance_raises_is_a_reason(monkeypatch, error):
    def broken(tickers, **_):
        if "BAD" in tickers:
            raise error
        return table_of(*tickers)

    monkeypatch.setattr(yfinance, "download", broken)
    answers = ask(["KO", "BAD"], START, END, **QUIET)
    assert (answers["KO"].kind, answers["BAD"].kind) == ("answered", "missing")
    assert str(error.args[0]) in answers["BAD"].reason


@pytest.mark.parametrize(
    "error",
    [
        OSError("nothing goes out"),
        socket.gaierror(-2, "Name or service not known"),
        urllib.error.URLError("no route to host"),
        TimeoutError(),
        Exception("no network"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_error_of_the_network_is_told_by_its_class_or_its_words(monkeypatch, error):
    def broken(**_):
        raise error

    monkeypatch.setattr(yfinance, "download", broken)
    answer = ask(["KO"], START, END, **QUIET)["KO"]
    assert answer.kind == "unreachable"
    assert answer.reason.startswith(type(error).__name__)
    assert not answer.reason.endswith((":", " "))


@pytest.mark.parametrize("table", [None, pd.DataFrame(), table_of("KO").iloc[:0]])
def test_an_empty_answer_is_missing(monkeypatch, table):
    monkeypatch.setattr(yfinance, "download", lambda **_: table)
    answer = ask(["KO"], START, END, **QUIET)["KO"]
    assert (answer.kind, answer.frame.empty) == ("missing", True)
    assert answer.reason


def shapes():
    """Every arrangement of the same two tickers."""
    table = table_of("KO", "PEP")
    yield "ticker first", table
    yield "price first", table.swaplevel(axis=1).sort_index(axis=1)
    yield "no names", table.rename_axis(columns=[None, None])
    yield "in a time zone", table.set_axis(DATES.tz_localize("America/New_York"))
    yield "midnight in UTC", table.set_axis(DATES.tz_localize("UTC"))
    yield "hours in UTC", table.set_axis((DATES + pd.Timedelta(hours=14)).tz_localize("UTC"))
    yield "newest first", table.iloc[::-1]
    yield "a date twice", pd.concat([table.iloc[:1] * 2, table])
    yield "lower-case tickers", table.rename(columns=str.lower, level=0)
    yield "whole volumes", table.astype({("KO", "Volume"): "int64", ("PEP", "Volume"): "Int64"})
    yield "single precision", table.astype("float32")
    yield "text", table.astype(str)
    yield "dates as text", table.set_axis(DATES.strftime("%Y-%m-%d"))


@pytest.mark.parametrize("table", [pytest.param(table, id=name) for name, table in shapes()])
def test_every_shape_of_the_table_gives_the_same_bars(table):
    expected = split_table(table_of("KO", "PEP"), ["KO", "PEP"])
    got = split_table(table, ["KO", "PEP"])
    for ticker in ("KO", "PEP"):
        pd.testing.assert_frame_equal(got[ticker], expected[ticker], check_freq=False)


def test_plain_columns_belong_to_the_one_ticker_asked_for():
    plain = table_of("KO")["KO"]
    got = split_table(plain, ["KO"])["KO"]
    pd.testing.assert_frame_equal(got, split_table(table_of("KO"), ["KO"])["KO"])
    assert split_table(plain, ["KO", "PEP"]) == {}


def test_tickers_named_like_columns_are_told_apart():
    table = table_of("OPEN", "LOW")
    for shape in (table, table.swaplevel(axis=1)):
        got = split_table(shape, ["OPEN", "LOW"])
        assert got["LOW"]["open"].iloc[0] == 9.0


def test_a_ticker_without_a_number_is_absent():
    table = table_of("KO", "GONE")
    table["GONE"] = np.nan
    assert list(split_table(table, ["KO", "GONE"])) == ["KO"]


def test_closes_stand_in_for_absent_adjusted_ones_and_no_events_are_zero():
    part = table_of("KO")["KO"][["Close", "Volume"]]
    bars = clean_bars(part, "KO")
    assert bars["prices"].equals(bars["close"])
    assert (bars[["dividends", "splits"]] == 0).all(axis=None)
    assert bars["open"].isna().all()


def test_a_missing_or_infinite_adjusted_close_takes_the_next_factor():
    part = table_of("KO")["KO"]
    part["Close"], part["Adj Close"] = 10.0, [5.0, np.inf, 8.0, np.nan]
    assert clean_bars(part, "KO")["prices"].tolist() == [5.0, 8.0, 8.0, 8.0]


def test_quotes_of_zero_are_unknown():
    part = table_of("KO")["KO"]
    part.loc[DATES[1], ["Open", "High"]] = 0.0
    part.loc[DATES[2], ["Open", "High", "Low", "Close", "Adj Close"]] = 0.0
    bars = clean_bars(part, "KO")
    assert bars.index.tolist() == [DATES[0], DATES[1], DATES[3]]
    assert bars["open"].isna().tolist() == [False, True, False]


@pytest.mark.usefixtures("yahoo")
def test_a_class_of_shares_with_a_dot_is_explained():
    assert "BRK-B" in ask(["BRK.B"], START, END, **QUIET)["BRK.B"].reason
    assert "dash" not in ask(["VOD.L"], START, END, **QUIET)["VOD.L"].reason


def test_hours_in_utc_are_days_at_the_exchange():
    midnights = DATES.tz_localize("Asia/Tokyo").tz_convert("UTC")
    part = table_of("7203.T")["7203.T"].set_axis(midnights)
    assert clean_bars(part, "7203.T").index.tolist() == DATES.tolist()


def test_hours_in_utc_stay_on_their_days_where_the_exchange_is_unknown():
    mornings = DATES.tz_localize("UTC") + pd.Timedelta(hours=3)
    part = table_of("ABC.XX")["ABC.XX"].set_axis(mornings)
    assert clean_bars(part, "ABC.XX").index.tolist() == DATES.tolist()
