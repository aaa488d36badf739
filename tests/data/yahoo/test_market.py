import datetime as dt
import json
import warnings

import numpy as np
import pandas as pd
import pytest

from blportfolio.data import MarketData
from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import load_cached
from blportfolio.data.yahoo import download
from blportfolio.data.yahoo.fetching import BATCH, fetch
from blportfolio.data.yahoo.report import age
from blportfolio.errors import BLPortfolioWarning, DataError, OutputError

BARS = 60  # from 2 January to 25 March 2020
NOW = dt.datetime(2020, 3, 26, 12, 0, tzinfo=dt.UTC)  # before the market opens


def later(**kwargs):
    return NOW + dt.timedelta(**kwargs)


@pytest.fixture
def get(store):
    """Call `fetch` on the cache of the test, without waiting."""

    def call(tickers, *args, now=NOW, **kwargs):
        kwargs = {"cache": store, "now": now, "retries": 1, "sleep": lambda _: None} | kwargs
        return {one.ticker: one for one in fetch(tickers, *args, **kwargs).tickers}

    return call


@pytest.fixture
def load(store):
    """Call `download` on the cache of the test, without waiting."""

    def call(tickers, *args, now=NOW, **kwargs):
        kwargs = {"cache": store, "now": now, "retries": 1, "sleep": lambda _: None} | kwargs
        return download(tickers, *args, **kwargs)

    return call


def longer(yahoo, periods=BARS + 5):
    """The same history, five days on."""
    return yahoo.make_bars(1, periods=periods)


def test_download_gives_checked_market_data(yahoo, load, store):
    bars = yahoo.pay(yahoo.make_bars(1), "2020-02-03", 2.0)
    yahoo.bars = {"KO": bars, "PEP": yahoo.make_bars(2)}
    market = load("ko, PEP", name="drinks")
    assert isinstance(market, MarketData)
    assert (market.assets, market.name, market.currency) == (("KO", "PEP"), "drinks", "USD")
    np.testing.assert_allclose(market.prices["KO"], bars["adj"])
    factor = bars["adj"] / bars["close"]
    assert factor.iloc[0] < 0.99
    for name in ("open", "high", "low"):
        np.testing.assert_allclose(getattr(market, name)["KO"], bars[name] * factor)
    assert market.volume["KO"].tolist() == bars["volume"].tolist()
    assert market.sources == {f"{t}.parquet": store.digest(t) for t in ("KO", "PEP")}
    assert market.notes == ()


def test_returns_are_the_same_before_and_after_a_split_and_keep_the_dividend(yahoo, load):
    plain = yahoo.make_bars(1)
    yahoo.bars = {"KO": yahoo.split(yahoo.pay(plain, "2020-02-03", 2.0), "2020-03-02", 4.0)}
    returns = load("KO").prices["KO"].pct_change()
    expected = plain["close"].pct_change()
    paid = expected.index.get_loc(pd.Timestamp("2020-02-03"))
    before = plain["close"].iloc[paid - 1]
    expected.iloc[paid] = plain["close"].iloc[paid] / (before - 2.0) - 1
    np.testing.assert_allclose(returns[1:], expected[1:])


def test_start_and_end_are_both_included(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    market = load(["KO", "PEP"], "2020-01-10", "2020-02-10")
    assert market.dates[[0, -1]].strftime("%Y-%m-%d").tolist() == ["2020-01-10", "2020-02-10"]


def test_nothing_is_asked_for_while_the_last_finished_day_is_cached(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    assert get("KO")["KO"].status == "downloaded"
    yahoo.calls.clear()
    assert get("KO", now=later(hours=3))["KO"].status == "fresh"
    assert get("KO", end="2020-02-01", now=later(days=300))["KO"].status == "fresh"
    assert yahoo.calls == []


def test_nothing_is_asked_for_at_a_weekend_nor_before_monday_ends(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1, periods=62)}  # to Friday, 27 March 2020
    assert get("KO", now=later(days=2))["KO"].last == pd.Timestamp("2020-03-27")
    yahoo.calls.clear()
    for hours in (60, 84, 96):
        assert get("KO", now=later(hours=hours))["KO"].status == "fresh"
    assert yahoo.calls == []
    get("KO", now=later(hours=108))
    assert len(yahoo.calls) == 1


def test_a_past_end_is_not_asked_for_again_once_yahoo_has_answered_long_after(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO", end="2020-03-31", now=later(days=30))
    yahoo.calls.clear()
    assert get("KO", end="2020-03-31", now=later(days=60))["KO"].status == "fresh"
    assert yahoo.calls == []
    get("KO", end="2020-04-30", now=later(days=60))
    assert len(yahoo.calls) == 1


def test_an_update_asks_for_the_latest_days_only(yahoo, get, store):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    yahoo.bars["KO"] = longer(yahoo)
    yahoo.calls.clear()
    done = get("KO", now=later(days=7))["KO"]
    assert (done.status, done.rows, done.last) == ("updated", BARS + 5, yahoo.bars["KO"].index[-1])
    assert yahoo.calls == [("KO", "2020-03-11")]
    np.testing.assert_allclose(store.entry("KO").frame["prices"], yahoo.bars["KO"]["adj"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda fake, bars: fake.pay(bars, "2020-03-27", 1.0), "factor changed"),
        (lambda fake, bars: fake.split(bars, "2020-03-30", 2.0), "closes were revised"),
        (lambda fake, bars: fake.pay(bars, "2020-03-27", 1e-5), "dividend or split"),
    ],
    ids=["dividend", "split", "tiny dividend"],
)
def test_a_dividend_or_split_downloads_the_whole_history_again(yahoo, get, store, change, reason):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    yahoo.bars["KO"] = change(yahoo, longer(yahoo))
    done = get("KO", now=later(days=7))["KO"]
    assert done.rows == BARS + 5
    assert done.status == "redownloaded" or reason == "dividend or split"
    assert done.status != "redownloaded" or reason in done.reason
    stored = store.entry("KO").frame
    np.testing.assert_allclose(stored["prices"], yahoo.bars["KO"]["adj"], rtol=1e-12)
    np.testing.assert_allclose(stored["close"], yahoo.bars["KO"]["close"], rtol=1e-12)


def test_updates_in_steps_give_the_same_as_one_download(yahoo, get, store, tmp_path):
    """Whatever the days on which the cache is updated, dividends and splits in between."""
    full = yahoo.make_bars(1, periods=120)
    events = {20: yahoo.pay, 50: yahoo.split, 80: yahoo.pay, 110: yahoo.split}
    for stop in (15, 30, 31, 49, 55, 100, 120):
        part = full.iloc[:stop]
        for at, change in events.items():
            if at < stop:
                part = change(part, part.index[at], 2.0)
        yahoo.bars = {"KO": part}
        get("KO", now=part.index[-1].to_pydatetime() + dt.timedelta(days=1, hours=6))
    whole = PriceCache(tmp_path / "whole")
    get("KO", cache=whole, now=later(days=300))
    pd.testing.assert_frame_equal(store.entry("KO").frame, whole.entry("KO").frame, rtol=1e-9)


def test_an_earlier_start_downloads_more(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    assert get("KO", "2020-02-03")["KO"].rows == 38
    assert get("KO", "2020-03-02")["KO"].status == "fresh"
    done = get("KO", "2020-01-01")["KO"]
    assert (done.status, done.rows) == ("updated", BARS)
    assert get("KO", "2019-12-01")["KO"].rows == BARS
    yahoo.calls.clear()
    get("KO", "2019-12-15")
    assert yahoo.calls == []  # it is known that there is nothing before


def test_refresh_asks_for_everything_again(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO", "2019-06-03")
    yahoo.calls.clear()
    get("KO", refresh=True)
    assert len(yahoo.calls) == 1
    assert yahoo.calls[0][1] < "2019-06-03"


@pytest.mark.parametrize(
    "gone",
    [
        lambda bars: bars.iloc[:0],
        lambda bars: bars.iloc[-3:] * 1.5,
        lambda bars: bars.iloc[:-9] * 1.5,
        lambda bars: bars.drop(bars.index[10:40]) * 1.5,
    ],
    ids=["empty", "starts later", "ends earlier", "has a hole"],
)
def test_what_is_cached_is_kept_when_yahoo_has_less(yahoo, get, store, gone):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    before = store.entry("KO").frame
    yahoo.bars["KO"] = gone(longer(yahoo))
    done = get("KO", now=later(days=7))["KO"]
    assert (done.status, done.rows) == ("kept", BARS)
    assert done.reason
    pd.testing.assert_frame_equal(store.entry("KO").frame, before)
    get("KO", now=later(days=7), refresh=True)
    pd.testing.assert_frame_equal(store.entry("KO").frame, before)


def test_a_ticker_used_again_by_another_company_keeps_the_old_one(yahoo, get, store):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    yahoo.bars = {"KO": yahoo.make_bars(9, "2024-01-02")}
    done = get("KO", now=later(days=365 * 6))["KO"]
    assert (done.status, done.last) == ("kept", store.entry("KO").frame.index[-1])
    assert "another company" in done.reason


def test_yahoo_is_not_pestered_with_what_it_has_just_answered(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    assert get("KO", now=later(days=7))["KO"].status in {"fresh", "kept"}  # nothing new
    yahoo.calls.clear()
    get("KO", now=later(days=7, minutes=50))
    assert yahoo.calls == []
    get("KO", now=later(days=7, minutes=70))
    assert len(yahoo.calls) == 1


@pytest.mark.parametrize("start", [None, "2019-01-01"])
def test_an_empty_answer_is_not_taken_for_the_truth_for_long(yahoo, get, start):
    """Neither the dates before nor those after the cached ones count as known to be empty."""
    full = longer(yahoo)
    yahoo.bars = {"KO": full[10:50]}
    get("KO", "2020-01-16")
    yahoo.bars["KO"] = full[:0]
    done = get("KO", start, end="2020-03-20", now=later(days=30))["KO"]
    assert (done.status, done.rows) == ("kept", 40)
    yahoo.bars["KO"] = full
    yahoo.calls.clear()
    assert get("KO", start, end="2020-03-20", now=later(days=30, minutes=5))["KO"].rows == 40
    assert yahoo.calls == []
    done = get("KO", start, end="2020-03-20", now=later(days=30, hours=2))["KO"]
    assert (done.status, done.rows) == ("updated", BARS + 5)


@pytest.mark.parametrize(
    ("ticker", "zone", "now", "is_left_out"),
    [
        ("KO", "America/New_York", dt.datetime(2020, 3, 25, 19, 0, tzinfo=dt.UTC), True),
        ("KO", "America/New_York", dt.datetime(2020, 3, 25, 22, 0, tzinfo=dt.UTC), False),
        ("7203.T", "Asia/Tokyo", dt.datetime(2020, 3, 25, 3, 0, tzinfo=dt.UTC), True),
        ("7203.T", "Asia/Tokyo", dt.datetime(2020, 3, 25, 8, 0, tzinfo=dt.UTC), False),
        ("BTC-USD", "UTC", dt.datetime(2020, 3, 25, 23, 0, tzinfo=dt.UTC), True),
    ],
)
def test_the_bar_of_a_day_that_has_not_finished_is_not_stored(
    yahoo, get, store, ticker, zone, now, is_left_out
):
    yahoo.bars, yahoo.zones = {ticker: yahoo.make_bars(1)}, {ticker: zone}
    done = get(ticker, now=now)[ticker]
    assert done.rows == BARS - is_left_out
    assert ("left out 2020-03-25" in done.reason) == is_left_out
    get(ticker, now=now + dt.timedelta(days=2))
    assert len(store.entry(ticker).frame) == BARS


def test_an_unfinished_bar_is_noted_and_replaced_by_the_finished_one(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    final = yahoo.bars["KO"]["close"].iloc[-1]
    yahoo.bars["KO"].iloc[-1, :5] *= 1.01
    market = load("KO", now=later(hours=-17))
    assert any("2020-03-25" in note for note in market.notes)
    yahoo.bars["KO"].iloc[-1, :5] /= 1.01
    assert load("KO").prices["KO"].iloc[-1] == pytest.approx(final)


@pytest.mark.parametrize("back", [{"hours": -5}, {"days": -2}, {"days": -30}, {"days": -4000}])
def test_a_clock_that_was_set_back_loses_nothing(yahoo, get, load, store, back):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    before = store.entry("KO").frame
    yahoo.bars["KO"] = longer(yahoo)
    done = get("KO", now=later(**back))["KO"]
    assert done.rows == BARS
    assert ("clock" in done.reason) == (back.get("days", 0) <= -30)
    pd.testing.assert_frame_equal(store.entry("KO").frame, before)
    get("KO", now=later(**back), refresh=True)
    pd.testing.assert_frame_equal(store.entry("KO").frame, before)
    assert len(load("KO", now=later(**back)).dates) == BARS
    assert get("KO", now=later(days=7))["KO"].rows == BARS + 5  # right again


def test_prices_of_a_clock_set_back_are_not_older_than_new():
    assert age(NOW, later(days=-30)) == "0 hours old"
    assert age(NOW, later(hours=1)) == "1 hour old"
    assert age(NOW, later(days=3)) == "3 days old"


def test_what_happened_to_many_tickers_alike_is_one_note(yahoo, load):
    names = [f"T{i}" for i in range(30)]
    yahoo.bars = {name: yahoo.make_bars(i, periods=61) for i, name in enumerate(names)}
    (note,) = load(names).notes
    assert note.startswith("T0, T1, T2 and 27 more: downloaded; left out 2020-03-26")


def test_a_failed_ticker_is_named_with_its_reason_and_the_others_are_kept(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    with pytest.warns(BLPortfolioWarning, match="GONE: .*delisted"):
        market = load("KO GONE")
    assert market.assets == ("KO",)
    assert any("GONE" in note and "delisted" in note for note in market.notes)


@pytest.mark.usefixtures("yahoo")
def test_no_usable_ticker_is_an_error_with_every_reason(load):
    with pytest.raises(DataError, match=r"No ticker has prices\. GONE: .*; LOST: .*delisted"):
        load("GONE LOST")


@pytest.mark.usefixtures("yahoo")
def test_many_tickers_that_failed_alike_are_told_together(load):
    with pytest.raises(DataError, match="G0, G1, G2 and 37 more: possibly delisted") as error:
        load([f"G{i}" for i in range(40)])
    assert len(str(error.value)) < 200


def test_a_price_that_market_data_cannot_hold_leaves_out_its_ticker(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "CL=F": yahoo.make_bars(2)}
    yahoo.bars["CL=F"].iloc[30, :5] = -37.63
    with pytest.warns(BLPortfolioWarning, match="CL=F: a price of -37.63"):
        market = load("KO CL=F", now=later(days=2))
    assert market.assets == ("KO",)
    with pytest.raises(DataError, match="CL=F"):
        load("CL=F")


def test_dates_of_a_ticker_that_was_left_out_go_with_it(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "X-USD": yahoo.make_bars(2, periods=84, freq="D")}
    yahoo.bars["X-USD"].iloc[30, :5] = -1.0
    yahoo.zones = {"X-USD": "UTC"}
    with pytest.warns(BLPortfolioWarning, match="X-USD"):
        market = load("KO X-USD")
    assert market.dates.equals(yahoo.bars["KO"].index)


def test_a_missing_day_is_carried_forward_and_noted(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    yahoo.bars["PEP"].iloc[10, :6] = np.nan
    market = load("KO PEP")
    assert market.prices["PEP"].iloc[10] == market.prices["PEP"].iloc[9]
    assert any("PEP" in note for note in market.notes)
    with pytest.warns(BLPortfolioWarning, match="PEP: missing from 2020-01-16 to 2020-01-16"):
        assert load("KO PEP", max_gap=0).assets == ("KO",)


def test_missing_days_in_every_ticker_are_an_error(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    yahoo.bars["PEP"].iloc[10, :6] = np.nan
    yahoo.bars["KO"].iloc[20, :6] = np.nan
    with pytest.raises(DataError, match="missing"):
        load("KO PEP", max_gap=0)


def test_a_hole_that_is_too_long_leaves_out_its_ticker_and_no_other(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    yahoo.bars["PEP"].iloc[10:17, :6] = np.nan
    with pytest.warns(BLPortfolioWarning, match="PEP: missing from 2020-01-16 to 2020-01-24"):
        market = load("KO PEP")
    assert market.assets == ("KO",)
    assert any("PEP: missing from" in note for note in market.notes)
    assert load("KO PEP", max_gap=7).assets == ("KO", "PEP")


def test_currencies_that_differ_are_noted_and_none_is_claimed(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "SAP.DE": yahoo.make_bars(2)}
    yahoo.zones = {"SAP.DE": "Europe/Berlin"}
    market = load("KO SAP.DE")
    assert market.currency == ""
    assert any("EUR, USD" in note for note in market.notes)


def test_without_a_network_one_sentence_says_so(yahoo, load):
    yahoo.failing = {"*": ConnectionError("Could not resolve host: query2.finance.yahoo.com")}
    with pytest.raises(DataError) as caught:
        load("KO PEP")
    message = str(caught.value)
    assert "Yahoo cannot be reached" in message
    assert "offline_ok" in message
    assert "\n" not in message


def test_cached_prices_do_without_a_network_if_that_is_ok_and_their_age_is_noted(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    load("KO")
    yahoo.failing = {"*": ConnectionError("Could not resolve host")}
    with pytest.raises(DataError, match="prices of 1 of 1 tickers"):
        load("KO", now=later(days=9))
    market = load("KO", now=later(days=9), offline_ok=True)
    assert len(market.dates) == BARS
    assert any("9 days old" in note for note in market.notes)
    with pytest.warns(BLPortfolioWarning, match="PEP: .*resolve host"):
        assert load("KO PEP", now=later(days=9), offline_ok=True).assets == ("KO",)


def test_without_a_network_and_a_cache_there_is_nothing_even_if_that_is_ok(yahoo, load):
    yahoo.failing = {"*": TimeoutError("timed out")}
    with pytest.raises(DataError, match="No ticker has prices"):
        load("KO", offline_ok=True)


def test_fresh_prices_need_no_network(yahoo, load, request):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    before = load("KO")
    request.getfixturevalue("no_network")
    pd.testing.assert_frame_equal(load("KO", now=later(hours=2)).prices, before.prices)


def test_a_rate_limit_stops_asking_and_keeps_what_came_before(yahoo, get, store):
    names = [f"T{i:02d}" for i in range(3 * BATCH)]
    yahoo.bars = {name: yahoo.make_bars(1, periods=5) for name in names}
    yahoo.failing = dict.fromkeys(names[BATCH:], 429)
    done = get(names)
    assert [done[name].status for name in names] == ["downloaded"] * BATCH + ["failed"] * 2 * BATCH
    assert "Too Many Requests" in done[names[-1]].reason
    assert set(yahoo.requested) == set(names[: 2 * BATCH])
    assert store.tickers() == tuple(names[:BATCH])


def test_prices_kept_because_of_a_rate_limit_come_with_a_warning(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    load("KO")
    yahoo.failing = {"KO": 429}
    with pytest.warns(BLPortfolioWarning, match="cached before: KO: Too Many Requests"):
        assert len(load("KO", now=later(days=9)).dates) == BARS


def test_a_damaged_file_is_set_aside_and_downloaded_again(yahoo, get, store):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    content = store.path("KO").read_bytes()
    store.path("KO").write_bytes(content[:-100])
    done = get("KO")["KO"]
    assert (done.status, done.rows) == ("downloaded", BARS)
    assert "KO.parquet.damaged" in done.reason
    assert (store.folder / "KO.parquet.damaged").read_bytes() == content[:-100]


def test_a_damaged_file_without_a_network_fails_that_ticker_alone(yahoo, get, store):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    get("KO PEP")
    store.path("KO").write_bytes(b"")
    yahoo.failing = {"*": ConnectionError("Could not resolve host")}
    done = get("KO PEP", offline_ok=True)
    assert (done["KO"].status, done["PEP"].status) == ("failed", "fresh")
    assert "damaged" in done["KO"].reason
    assert (store.folder / "KO.parquet.damaged").exists()


def test_a_full_disk_stops_with_an_error_and_loses_nothing(yahoo, get, store, monkeypatch):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    before = store.path("KO").read_bytes()
    yahoo.bars["KO"] = longer(yahoo)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        get("KO", now=later(days=7))
    assert store.path("KO").read_bytes() == before


def test_progress_counts_tickers(yahoo, get):
    names = [f"T{i:02d}" for i in range(BATCH + 1)]
    yahoo.bars = {name: yahoo.make_bars(1, periods=5) for name in names}
    seen = []
    get(names, progress=lambda *state: seen.append(state))
    assert seen == [("prices", done, BATCH + 1) for done in (0, BATCH, BATCH + 1)]


def test_an_interrupt_keeps_what_was_finished(yahoo, get, store):
    names = [f"T{i:02d}" for i in range(BATCH + 1)]
    yahoo.bars = {name: yahoo.make_bars(1, periods=5) for name in names}

    def interrupt(name, done, total):
        del name, total
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(names, progress=interrupt)
    assert store.tickers() == tuple(names[:BATCH])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("",), "empty"),
        (([],), "empty"),
        (("../x",), "no ticker"),
        ((["KO", 3],), "must be text"),
        ((["KO PEP"],), "no ticker"),
        (("K\u00d6",), "no ticker"),
        (("A" * 40,), "no ticker"),
        ((7,), "must be text or a list"),
        (("KO", "yesterday"), "`start`"),
        (("KO", None, 5), "`end`"),
        (("KO", "2020-02-01", "2020-01-01"), "before `start`"),
    ],
)
@pytest.mark.usefixtures("no_network")
def test_a_malformed_argument_is_refused_before_anything_is_asked(load, arguments, word):
    with pytest.raises(DataError, match=word):
        load(*arguments)


def test_tickers_are_unified(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    assert list(get(" ko,KO;\nKo ")) == ["KO"]


@pytest.mark.usefixtures("no_network")
def test_loading_cached_prices_never_asks_yahoo(store):
    with pytest.raises(DataError, match="not in the cache"):
        load_cached("KO", cache=store)


def test_dates_without_prices_are_an_error(yahoo, get, store):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    get("KO")
    with pytest.raises(DataError, match="no price between 2021-01-01 and the end"):
        load_cached("KO", "2021-01-01", cache=store)


def test_a_report_is_ready_for_json(yahoo, get):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    records = [one.record() for one in get("KO GONE").values()]
    assert json.loads(json.dumps(records)) == [
        {
            "ticker": "KO",
            "status": "downloaded",
            "reason": "",
            "first": "2020-01-02",
            "last": "2020-03-25",
            "rows": BARS,
        },
        {**records[1], "status": "failed", "first": None, "last": None, "rows": 0},
    ]


def test_the_clock_is_read_where_no_time_is_given(yahoo, store):
    yahoo.bars = {"KO": yahoo.make_bars(1)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = fetch("KO", cache=store)
    assert abs(report.tickers[0].fetched - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


# Assets that are not known to the same date.


def test_an_asset_that_could_not_be_updated_is_not_taken_for_a_delisted_one(yahoo, load):
    """The others go on; without the cut it would look as if it had ended."""
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    load("KO PEP")
    yahoo.bars = {"KO": longer(yahoo, 90), "PEP": yahoo.make_bars(2, periods=90)}
    yahoo.failing = {"PEP": 429}
    with pytest.warns(BLPortfolioWarning, match="Used as cached before: PEP"):
        market = load("KO PEP", now=later(days=40))
    assert any("after 2020-03-25: the cached prices of PEP" in note for note in market.notes)
    assert market.dates[-1] == pd.Timestamp("2020-03-25")
    assert market.lifetimes()["survives"].all()
    with pytest.raises(DataError, match="2020-03-25: the cached prices of PEP go no further"):
        load("KO PEP", "2020-04-01", now=later(days=40), offline_ok=True)


def test_an_asset_that_yahoo_no_longer_has_ends_where_it_was_delisted(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "PEP": yahoo.make_bars(2)}
    load("KO PEP")
    yahoo.bars = {"KO": longer(yahoo, 90)}
    with pytest.warns(BLPortfolioWarning, match="PEP"):
        market = load("KO PEP", now=later(days=50))
    assert market.dates[-1] == yahoo.bars["KO"].index[-1]
    assert market.lifetimes()["survives"].to_dict() == {"KO": True, "PEP": False}


def test_a_date_that_has_not_finished_everywhere_is_left_out(yahoo, load):
    """At 12 o'clock in London Tokyo has closed and New York not opened."""
    yahoo.bars = {"KO": yahoo.make_bars(1, periods=61), "7203.T": yahoo.make_bars(2, periods=61)}
    yahoo.zones = {"7203.T": "Asia/Tokyo"}
    market = load("KO 7203.T")
    assert any("after 2020-03-25: the cached prices of KO" in note for note in market.notes)
    assert market.dates[-1] == pd.Timestamp("2020-03-25")
    evening = load("KO 7203.T", now=later(hours=10))
    assert evening.dates[-1] == pd.Timestamp("2020-03-26")


@pytest.mark.parametrize("calendar", ["union", "common"])
def test_a_weekend_is_known_of_stocks_that_were_fetched_on_friday(yahoo, load, calendar):
    friday = NOW + dt.timedelta(days=1, hours=10)
    yahoo.bars = {"KO": yahoo.make_bars(1, periods=62)}
    load("KO", now=friday)
    yahoo.bars["X-USD"] = yahoo.make_bars(2, periods=90, freq="D")
    yahoo.zones = {"X-USD": "UTC"}
    market = load("KO X-USD", now=friday + dt.timedelta(days=2), calendar=calendar)
    days = {"union": "2020-03-28", "common": "2020-03-27"}
    assert market.dates[-1] == pd.Timestamp(days[calendar])


def test_a_universe_is_downloaded_by_its_path_with_its_members_and_its_own_rules(
    yahoo, load, tmp_path
):
    yahoo.bars = {"KO": yahoo.make_bars(1), "SPY": yahoo.make_bars(2)}
    yahoo.bars["SPY"].iloc[10:17, :6] = np.nan
    text = 'tickers = ["KO"]\nbenchmarks = ["SPY"]\n'
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    market = load(tmp_path / "own.toml", max_gap=7)
    assert (market.name, market.assets) == ("own", ("KO", "SPY"))
    assert market.membership["SPY"] == ()
    assert any("Coverage of own" in note for note in market.notes)
    assert load(str(tmp_path / "own.toml"), name="mine").assets == ("KO",)


def test_tickers_without_two_different_prices_in_the_dates_are_left_out(yahoo, load):
    yahoo.bars = {"KO": yahoo.make_bars(1), "NEW": yahoo.make_bars(2).iloc[20:]}
    yahoo.bars["FLAT"] = yahoo.make_bars(3)
    yahoo.bars["FLAT"].iloc[:, :5] = 7.0
    with pytest.warns(BLPortfolioWarning, match="NEW: fewer than two.*FLAT: the price never"):
        market = load("KO NEW FLAT", end="2020-01-30")
    assert market.assets == ("KO",)
