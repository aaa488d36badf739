import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.data.bars import FRAMES
from blportfolio.data.cache import PriceCache
from blportfolio.data.cache.merging import complete_frame, merge
from blportfolio.data.cache.price_file import DamagedFileError, Entry, PriceInfo, decode, encode
from blportfolio.data.paths import cache_folder
from blportfolio.errors import DataError, OutputError

INFO = PriceInfo("KO", "yahoo", "2024-01-02T00:00:00+00:00", "2020-01-01", "2020-06-01", "USD")


def history(seed=0, start="2020-01-01", periods=40, factor=1.0):
    rng = np.random.default_rng(seed)
    dates = pd.date_range(start, periods=periods, freq="B")
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, periods)))
    frame = pd.DataFrame({"close": close, "prices": close * factor}, index=dates)
    frame["open"], frame["high"], frame["low"] = close * 0.99, close * 1.01, close * 0.98
    frame["volume"] = rng.integers(1, 9999, periods).astype(float)
    return complete_frame(frame, "KO")


def child(code, *arguments, **kwargs):
    """Start Python on `code`, with what it needs imported."""
    prelude = (
        "import os, sys, time, signal, dataclasses\n"
        "import numpy as np, pandas as pd\n"
        "from blportfolio.data.cache import PriceCache\n"
        "from blportfolio.data.cache.price_file import PriceInfo\n"
        "from blportfolio.data.cache import price_file\n"
        "def history(periods):\n"
        "    dates = pd.date_range('2020-01-01', periods=periods, freq='B', name='date')\n"
        "    return pd.DataFrame({'close': np.arange(1.0, periods + 1)}, index=dates)\n"
        "info = PriceInfo('KO', 'yahoo', '2024-01-02T00:00:00+00:00', '2020-01-01', '2020-06-01')\n"
    )
    command = [sys.executable, "-c", prelude + code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def same(got, expected):
    pd.testing.assert_frame_equal(got, expected, check_freq=False)


def test_what_is_written_is_read_back_exactly(store):
    frame = history()
    written = store.write("KO", frame, INFO)
    assert written.outcome == "downloaded"
    entry = store.entry("KO")
    pd.testing.assert_frame_equal(entry.frame, frame, check_exact=True, check_freq=False)
    assert entry.info == INFO
    assert store.tickers() == ("KO",)
    assert store.entry("PEP") is None


def test_the_file_is_parquet_that_anyone_can_read(store):
    store.write("KO", history(), INFO)
    table = pq.read_table(store.path("KO"), page_checksum_verification=True)
    assert table.column_names == ["date", *FRAMES]
    assert {str(table.schema.field(name).type) for name in FRAMES} == {"double"}
    same(pd.read_parquet(store.path("KO")).set_index("date")[["close"]], history()[["close"]])


@pytest.mark.parametrize("ticker", ["CON", "AUX.L", "^GSPC", "M&M.NS", "EURUSD=X", "BRK-B", "LPT1"])
def test_every_ticker_has_a_file_of_its_own_inside_the_folder(store, ticker):
    store.write(ticker, history(), PriceInfo(ticker, "f", INFO.fetched_utc, "2020", "2020"))
    assert store.tickers() == (ticker,)
    assert store.path(ticker).parent == store.folder
    assert store.path(ticker).stem.split(".")[0] not in {"CON", "AUX", "LPT1"}


def test_other_files_in_the_folder_are_no_tickers(store):
    store.write("KO", history(), INFO)
    for name in ("my own.parquet", "ko2.parquet", "CON.parquet", "x.csv", "%2E%2E.parquet"):
        (store.folder / name).write_bytes(b"")
    assert store.tickers() == ("KO",)


def test_no_ticker_leaves_the_folder(store):
    for ticker in ("../KO", "/etc/passwd", "KO/../../x", "..", "C:\\KO", "KO\0", "KO\n"):
        with pytest.raises(DataError, match="no ticker"):
            store.path(ticker)


def test_a_file_cut_at_any_byte_is_damaged(store):
    store.write("KO", history(periods=5), INFO)
    path = store.path("KO")
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedFileError, match="'KO' are damaged"):
            store.entry("KO")
        with pytest.raises(DamagedFileError):
            store.read(["KO"])


@given(st.data())
def test_a_flipped_bit_never_goes_unnoticed(data):
    content = bytearray(encode(Entry(history(periods=30), INFO)))
    at = data.draw(st.integers(0, len(content) * 8 - 1))
    content[at // 8] ^= 1 << at % 8
    with pytest.raises(DamagedFileError):
        decode(bytes(content))


class Bomb:
    def __reduce__(self):  # noqa: D105
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("content", [pickle.dumps(Bomb()), b"", b"PAR1" * 9, b"date,close\n" * 20])
def test_other_files_under_the_name_are_refused_and_not_executed(
    store, content, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    store.folder.mkdir()
    store.path("KO").write_bytes(content)
    with pytest.raises(DamagedFileError):
        store.entry("KO")
    assert not (tmp_path / "exploded").exists()


def test_the_file_of_another_ticker_is_damaged(store):
    store.write("KO", history(), INFO)
    store.path("KO").rename(store.path("PEP"))
    with pytest.raises(DamagedFileError, match="holds 'KO'"):
        store.entry("PEP")
    with pytest.raises(DamagedFileError, match="holds 'KO'"):
        store.read(["PEP"])


def test_a_file_of_a_later_version_is_neither_damaged_nor_read(store, monkeypatch):
    monkeypatch.setattr("blportfolio.data.cache.price_file.SCHEMA_VERSION", 99)
    store.write("KO", history(), INFO)
    monkeypatch.undo()
    with pytest.raises(DataError, match="upgrade") as caught:
        store.entry("KO")
    assert not isinstance(caught.value, DamagedFileError)
    with pytest.raises(DataError, match="upgrade") as caught:
        store.info("KO")
    assert not isinstance(caught.value, DamagedFileError)


def test_damaged_files_are_set_aside_one_beside_the_other(store):
    for content in (b"one", b"two"):
        store.folder.mkdir(exist_ok=True)
        store.path("KO").write_bytes(content)
        store.set_aside("KO")
    assert {path.read_bytes() for path in store.folder.glob("*.damaged")} == {b"one", b"two"}
    assert store.tickers() == ()


def test_a_file_that_is_whole_is_not_set_aside(store):
    store.write("KO", history(), INFO)
    assert store.set_aside("KO") is None
    assert store.entry("KO") is not None


def test_killed_while_writing_the_old_file_stays_and_the_next_writer_tidies_up(store):
    store.write("KO", history(), INFO)
    before = store.path("KO").read_bytes()
    code = (
        "def die(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "setattr(os, sys.argv[2], die)\n"
        "PriceCache(sys.argv[1]).write('KO', history(50), info)\n"
    )
    for moment in ("fsync", "replace"):
        process = child(code, store.folder, moment)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert store.path("KO").read_bytes() == before
        assert list(store.folder.glob("*.tmp"))
        store.write("PEP", history(), PriceInfo("PEP", "f", INFO.fetched_utc, "2020", "2020"))
        assert not list(store.folder.glob("*.tmp"))


def test_killed_at_any_moment_what_was_there_is_there(store):
    """A writer is killed again and again; its last finished file is always whole."""
    code = (
        "cache = PriceCache(sys.argv[1])\n"
        "for periods in range(int(sys.argv[2]), 10000):\n"
        "    cache.write('KO', history(periods), info)\n"
        "    print(periods, flush=True)\n"
    )
    done = 2
    for wait in (0.002, 0.011, 0.023):
        process = child(code, store.folder, done + 1)
        done = int(process.stdout.readline())
        time.sleep(wait)
        process.kill()
        output, _ = process.communicate()
        done = max([done, *map(int, output.split(b"\n")[:-1])])
        assert len(store.entry("KO").frame) in (done, done + 1)


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_full_disk_is_an_error_and_the_old_file_stays(store, monkeypatch, step):
    store.write("KO", history(), INFO)
    before = store.path("KO").read_bytes()

    def full(*args, **kwargs):
        if step == "open" and args[1:] != ("wb",):
            return opened(*args, **kwargs)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    opened = Path.open
    monkeypatch.setattr(Path if step == "open" else os, step, full)
    with pytest.raises(OutputError, match="No space left on device"):
        store.write("KO", history(periods=50), INFO)
    monkeypatch.undo()
    assert store.path("KO").read_bytes() == before
    assert not list(store.folder.glob("*.tmp"))


def test_a_file_size_limit_of_the_system_is_an_error_and_the_old_file_stays(store):
    resource = pytest.importorskip("resource")
    store.write("KO", history(), INFO)
    before = store.path("KO").read_bytes()
    code = (
        "from blportfolio.errors import OutputError\n"
        "import resource\n"
        "cache, frame = PriceCache(sys.argv[1]), history(5000)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    cache.write('KO', frame, info)\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    output, errors = child(code, store.folder).communicate()
    assert b"cannot be written to" in output, errors
    assert store.path("KO").read_bytes() == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096


def test_two_processes_that_write_at_once_lose_nothing(store):
    """Each adds dates of its own; in the end all are there."""
    code = (
        "cache = PriceCache(sys.argv[1])\n"
        "for periods in range(3 + int(sys.argv[2]), 33, 2):\n"
        "    cache.write('KO', history(periods).iloc[-3:], info, whole=False)\n"
        "    own = dataclasses.replace(info, ticker=f'T{periods}')\n"
        "    cache.write(own.ticker, history(periods), own)\n"
    )
    store.write("KO", pd.DataFrame({"close": [1.0, 2.0]}, index=history(periods=2).index), INFO)
    processes = [child(code, store.folder, number) for number in (0, 1)]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    assert store.entry("KO").frame["close"].tolist() == list(range(1, 33))
    assert len(store.tickers()) == 31
    assert [len(store.entry(f"T{n}").frame) for n in range(3, 33)] == list(range(3, 33))


def test_a_reader_beside_a_writer_sees_whole_files_only(store):
    code = (
        "cache = PriceCache(sys.argv[1])\n"
        "for periods in range(3, 33):\n"
        "    cache.write('KO', history(periods), info)\n"
        "    print(flush=True)\n"
    )
    process = child(code, store.folder)
    process.stdout.readline()
    while process.poll() is None:
        assert store.read(["KO"]).prices["KO"].notna().all()
    process.communicate()
    assert len(store.entry("KO").frame) == 32


def test_a_lock_that_is_never_released_is_an_error_that_names_place_and_holder(store):
    store.write("KO", history(), INFO)
    store.timeout = 0.1
    with FileLock(store.folder / ".lock"), pytest.raises(OutputError) as caught:
        store.write("KO", history(), INFO)
    assert str(store.folder) in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="BLPORTFOLIO_CACHE"):
        PriceCache(tmp_path / "file" / "cache").write("KO", history(), INFO)


def test_the_folder_is_chosen_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path))
    assert PriceCache().folder == tmp_path
    monkeypatch.setenv("BLPORTFOLIO_CACHE", "")
    assert cache_folder().parts[-2:] == ("blportfolio", "prices")


def test_tickers_are_read_on_the_union_of_their_dates_in_the_order_asked_for(store):
    early, late = history(1, periods=10), history(2, "2020-01-08", periods=10)
    store.write("KO", early, INFO)
    store.write("PEP", late, PriceInfo("PEP", "f", INFO.fetched_utc, "2020", "2020"))
    bars = store.read(["PEP", "KO"])
    assert list(bars.prices.columns) == ["PEP", "KO"]
    assert bars.prices.index.equals(early.index.union(late.index))
    for name, frame in bars.frames().items():
        expected = pd.concat({"PEP": late[name], "KO": early[name]}, axis=1, sort=True)
        expected = expected.fillna(0.0) if name in ("dividends", "splits") else expected
        pd.testing.assert_frame_equal(frame, expected, check_freq=False, check_names=False)
    assert set(store.read(["KO"], ["volume"]).frames()) == {"prices", "volume"}


def test_a_ticker_that_is_not_cached_is_named(store):
    with pytest.raises(DataError, match=r"'KO' is not in the cache.*data fetch KO"):
        store.read(["KO"])


def test_the_digest_changes_with_the_prices_alone(store):
    store.write("KO", history(), INFO)
    before = store.digest("KO")
    store.write("KO", history(), INFO)
    assert store.digest("KO") == before
    store.write("KO", history(periods=41), INFO)
    assert store.digest("KO") != before
    with pytest.raises(DataError, match="'PEP' is not in the cache"):
        store.digest("PEP")


# How new prices join old ones.


def test_later_dates_are_added_where_the_overlap_agrees():
    full = history(periods=60)
    merged = merge(full[:50], full[40:], whole=False)
    assert merged.outcome == "updated"
    same(merged.frame, full)


def test_an_answer_without_new_dates_is_fresh():
    assert merge(history(), history()[-5:], whole=False).outcome == "fresh"


@pytest.mark.parametrize("change", ["close", "prices"])
def test_a_revised_close_or_factor_asks_for_the_whole_history(change):
    full = history(periods=60)
    part = full[40:].copy()
    part[change] *= 1.001
    merged = merge(full[:50], part, whole=False)
    assert merged.outcome == "revised"
    same(merged.frame, full[:50])
    revised = full.copy()
    revised[change] *= 1.001
    replaced = merge(full[:50], revised, whole=True)
    assert replaced.outcome == "redownloaded"
    same(replaced.frame, revised)


@pytest.mark.parametrize("event", ["dividends", "splits"])
def test_an_event_after_the_cached_dates_asks_for_the_whole_history(event):
    full = history(periods=60)
    full.iloc[55, full.columns.get_loc(event)] = 0.5
    assert merge(full[:50], full[40:], whole=False).outcome == "revised"
    assert merge(full[:50], full, whole=True).outcome == "updated"


def test_prices_of_no_common_date_ask_for_the_whole_history():
    merged = merge(history(), history(1, "2022-01-03"), whole=False)
    assert merged.outcome == "revised"


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (history(periods=60, factor=0.9).iloc[5:], "another company"),
        (history(periods=60, factor=0.9).iloc[:30], "ends earlier"),
        (history(periods=60, factor=0.9).drop(history().index[7]), "lacks 1 of 40"),
        (history(1, "2024-01-01"), "another company"),
        (history(periods=60, factor=0.9)[["prices", "close"]], "has no open"),
        (history().iloc[:0], "gave no prices"),
    ],
    ids=["starts later", "ends earlier", "has a hole", "reused ticker", "no bars", "empty"],
)
def test_a_history_that_would_lose_dates_is_not_taken(new, why):
    merged = merge(history(), complete_frame(new, "KO"), whole=True)
    assert merged.outcome == "kept"
    assert why in merged.reason
    same(merged.frame, history())


@given(
    st.integers(2, 60), st.integers(0, 59), st.integers(0, 60), st.booleans(),
    st.sampled_from([1.0, 1.0 + 1e-7, 0.97]), st.sets(st.integers(0, 59), max_size=4),
)  # fmt: skip
def test_no_date_is_ever_lost(n_old, first, count, whole, factor, holes):
    full = history(3, periods=60)
    new = full.iloc[first : first + count].copy()
    new["prices"] *= factor
    new = new.drop([full.index[i] for i in holes if full.index[i] in new.index])
    old = full[:n_old]
    merged = merge(old, new, whole=whole)
    assert old.index.isin(merged.frame.index).all()
    assert merged.frame.index.is_monotonic_increasing
    assert merged.frame.index.is_unique
    # Prices are of one history: the factor is the same on every date.
    ratio = merged.frame["prices"] / merged.frame["close"]
    assert ratio.max() - ratio.min() < 1e-6


def test_an_import_keeps_what_a_download_gave_and_the_other_way_round(store):
    store.write("KO", history(periods=60), INFO)
    short = PriceInfo("KO", "file x.csv", "2025-01-01T00:00:00+00:00", "2020-01-01", "2020-02-01")
    written = store.write("KO", history(periods=20, factor=0.5), short)
    assert (written.outcome, store.entry("KO").info) == ("kept", INFO)
    same(store.entry("KO").frame, history(periods=60))
    longer = store.write("KO", history(periods=80), short)
    assert (longer.outcome, longer.entry.info.source) == ("updated", "file x.csv")
    assert longer.entry.info.asked_to == INFO.asked_to


@pytest.mark.parametrize(
    "frame",
    [history()[["volume"]], history()[::-1], pd.concat([history(), history()])],
    ids=["no price", "newest first", "dates twice"],
)
def test_a_malformed_frame_is_refused(store, frame):
    with pytest.raises(DataError, match="KO"):
        store.write("KO", frame, INFO)
    assert store.tickers() == ()


def test_the_description_of_a_file_is_read_alone(store):
    store.write("KO", history(), INFO)
    assert store.info("KO") == store.entry("KO").info
    with pytest.raises(DataError, match="blportfolio data fetch PEP"):
        store.info("PEP")
    store.path("PEP").write_bytes(b"no parquet")
    with pytest.raises(DamagedFileError, match="'PEP' are damaged"):
        store.info("PEP")
    pd.DataFrame({"a": [1.0]}).to_parquet(store.path("PEP"))
    with pytest.raises(DamagedFileError, match="'PEP' are damaged"):
        store.info("PEP")


def test_prices_are_known_to_the_last_day_on_which_the_source_had_none():
    assert INFO.known_to == pd.Timestamp(INFO.asked_to)
    missed = replace(INFO, missed_utc="2031-05-06T07:08:09+00:00")
    assert missed.known_to == pd.Timestamp("2031-05-06")


# Histories of two sources.


def sources(factor=0.8, *, has_bars=True, noise=0.0):
    """The days 0 to 400 of a history, and 100 to 500 of it as another source would tell them."""
    full = history(periods=500)
    full["prices"] *= np.linspace(0.9, 1.0, 500)
    full.iloc[::60, full.columns.get_loc("dividends")] = 0.5
    rng = np.random.default_rng(0)
    other = full.iloc[100:].copy()
    other["prices"] *= factor * (1 + noise * rng.uniform(-1, 1, len(other)))
    if not has_bars:
        other = complete_frame(other[["prices"]], "KO")
    return full, full.iloc[:400], other


@pytest.mark.parametrize("has_bars", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_two_sources_of_the_same_returns_are_one_history_whichever_came_first(has_bars, is_first):
    full, long, other = sources(has_bars=has_bars, noise=1e-5)
    old, new = (long, other) if is_first else (other, long)
    merged = merge(old, new, whole=True)
    assert merged.outcome == "updated"
    assert "returns agree" in merged.reason
    assert merged.frame.index.equals(full.index)
    returns = merged.frame["prices"].pct_change()
    np.testing.assert_allclose(returns[1:], full["prices"].pct_change()[1:], atol=1e-4)
    if has_bars:
        same(merged.frame.drop(columns="prices"), full.drop(columns="prices"))
    else:
        assert merged.frame["open"].notna().sum() == 400
        later = merged.frame["close"].pct_change().iloc[400:]
        np.testing.assert_allclose(later, full["prices"].pct_change().iloc[400:], atol=1e-4)


def test_a_split_after_the_first_source_ended_moves_its_bars_and_volumes_to_one_level():
    full, long, other = sources(1.0)
    split = other.copy()
    split[["prices", "close", "open", "high", "low", "dividends"]] /= 4
    split["volume"] *= 4
    same(merge(long, split, whole=True).frame, full)


@pytest.mark.parametrize(
    "fault", ["a dividend that one lacks", "another company", "too few common days"]
)
def test_sources_that_disagree_are_not_made_one_history(fault):
    _, long, other = sources()
    if fault == "too few common days":
        other = other.iloc[60:]
    elif fault == "another company":
        other = other.assign(prices=history(5, periods=500)["prices"].to_numpy()[100:])
    else:
        other.loc[other.index[150] :, "prices"] *= 1.004
    merged = merge(long, other, whole=True)
    assert merged.outcome == "kept"
    same(merged.frame, long)
