"""A visitor's own prices: taken in, refused with findings, repaired, and seen by nobody else."""

import io
import stat
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

import blportfolio as bl
from blportfolio.app.session import OPEN
from blportfolio.app.uploads import words
from blportfolio.app.uploads.store import OWN
from blportfolio.data.intake import take_in


def _sidebar():
    import streamlit as st

    from blportfolio.app import sources

    with st.sidebar:
        sources.sidebar()


@pytest.fixture
def visit():
    """Opens the choice of data alone, as a new visitor."""

    def open_(**query):
        page = AppTest.from_function(_sidebar, default_timeout=60)
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception
        return page

    return open_


def csv_of(prices, **options):
    return prices.rename_axis("date").to_csv(**options).encode()


GOOD = csv_of(make_prices(1, 300, 3))


def upload(page, name, content, mime="text/csv"):
    page.button(key="upload:open").click().run()
    page.file_uploader(key="upload:file").set_value((name, content, mime)).run()
    assert not page.exception
    return page


def errors(page):
    return " ".join(element.value for element in page.error)


def test_an_uploaded_file_becomes_the_data_of_the_visitor(open_page):
    page = upload(open_page("allocate"), "mine.csv", GOOD)
    assert any("300 dates" in one.value and "3 assets" in one.value for one in page.success)
    page.button(key="upload:use").click().run()
    assert page.selectbox(key="data").value == "mine.csv"
    assert page.query_params["data"] == "mine.csv"
    source = page.session_state[OWN]["mine.csv"]
    market = bl.load_prices(source.reference)
    pd.testing.assert_frame_equal(
        market.prices, make_prices(1, 300, 3), check_names=False, check_freq=False,
        check_index_type=False, check_column_type=False,
    )  # fmt: skip
    assert source.code() == "bl.load_prices('mine.csv')"
    assert source.market().name == "mine"  # in errors of the library: not that of our own file


def test_the_file_lies_in_the_private_folder_under_a_name_of_ours(visit):
    evil = "../../../../tmp/own.csv"
    page = upload(visit(), evil, GOOD)
    page.button(key="upload:use").click().run()
    (source,) = page.session_state[OWN].values()
    path = Path(source.reference)
    (folder,) = OPEN
    assert folder in path.parents
    assert path.name == "prices.csv"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert page.selectbox(key="data").value == "own.csv"


def test_two_visitors_do_not_see_each_others_files(visit):
    first = upload(visit(), "secret.csv", GOOD)
    first.button(key="upload:use").click().run()
    second = visit(data="secret.csv")
    assert "secret.csv" not in second.selectbox(key="data").options
    assert second.selectbox(key="data").value == "sp500_20"
    assert "secret" not in " ".join(str(one.value) for one in second.caption)
    first.run()
    assert first.selectbox(key="data").value == "secret.csv"
    folders = list(OPEN)
    assert len(folders) == 2
    assert sum(any(folder.rglob("prices.csv")) for folder in folders) == 1


RETURNS = csv_of(make_prices(2, 200, 3).pct_change().dropna())


def test_a_file_of_returns_says_what_to_set_and_the_setting_helps(visit):
    page = upload(visit(), "r.csv", RETURNS)
    assert f"“{words.NUMBERS}” set to returns" in errors(page)
    assert not [one for one in page.button if one.key == "upload:use"]
    page.segmented_control(key="upload:kind").set_value("returns").run()
    assert not page.error
    page.button(key="upload:use").click().run()
    source = page.session_state[OWN]["r.csv"]
    assert dict(source.reading) == {"returns": True}
    assert source.code() == "bl.load_prices('r.csv', returns=True)"


def bad_files():
    hole = make_prices(3, 200, 3)
    hole.iloc[50:60, 1] = np.nan
    negative = make_prices(3, 200, 3)
    negative.iloc[20, 0] = -5.0
    text = make_prices(3, 60, 2).astype(object)
    text.iloc[10, 0] = "n/a?"
    return {
        "hole.csv": (csv_of(hole), words.GAPS),
        "negative.csv": (csv_of(negative), "'A0' has -5"),
        "text.csv": (csv_of(text), "text.csv"),
        "empty.csv": (b"", "empty"),
        "header.csv": (b"date,A,B\n", "header.csv"),
        "noise.parquet": (b"PAR1" + bytes(range(256)), "noise.parquet"),
        "binary.csv": (bytes(range(256)) * 20, "binary.csv"),
        "formula.csv": (b"date,A\n2020-01-01,=1+1\n2020-01-02,=cmd|'/c calc'!A0\n", "formula.csv"),
        "pickle.csv": (b"\x80\x04\x95\x00\x00", "pickle"),
    }


@pytest.mark.parametrize("name", list(bad_files()))
def test_a_bad_upload_is_a_sentence_and_the_last_good_data_stay(visit, name):
    content, said = bad_files()[name]
    page = upload(visit(), name, content)
    assert said in errors(page)
    assert "prices.csv" not in errors(page)  # its own name, not that on the disk
    assert not [one for one in page.button if one.key == "upload:use"]
    assert page.selectbox(key="data").value == "sp500_20"


def test_a_price_in_the_wrong_unit_is_found_and_repaired_in_a_copy(visit):
    prices = bl.load_dataset("sp500_20").prices.loc["2015":"2017", ["AAPL", "KO", "XOM"]].copy()
    prices.iloc[200, 1] *= 100
    page = upload(visit(), "unit.csv", csv_of(prices))
    assert any("Correct what is serious" in one.value for one in page.warning)
    tables = [one.value for one in page.dataframe if "severity" in one.value.columns]
    assert tables[0].query("repairable")["asset"].tolist() == ["KO"]
    page.button(key="upload:repair").click().run()
    assert any("Repaired in a copy" in one.value for one in page.success)
    page.button(key="upload:use").click().run()
    source = page.session_state[OWN]["unit.csv"]
    used = bl.load_prices(source.reference).prices
    assert used["KO"].pct_change().abs().max() < 0.1


def test_a_file_over_the_limit_is_refused(visit, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_MAX_UPLOAD_MB", "1")
    page = upload(visit(), "large.csv", GOOD + b" " * 2**20)
    assert "more than 1 MB" in errors(page)


def test_a_limit_that_is_no_number_is_named(visit, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_MAX_UPLOAD_MB", "much")
    page = visit()
    page.button(key="upload:open").click().run()
    assert "must be a whole number of megabytes, got 'much'" in errors(page)


def test_workbooks_and_parquet_are_read(visit):
    prices = make_prices(4, 120, 2).rename_axis("date")
    for ending in ("xlsx", "parquet", "feather"):
        stream = io.BytesIO()
        if ending == "xlsx":
            prices.to_excel(stream)
        elif ending == "parquet":
            prices.reset_index().to_parquet(stream)
        else:
            prices.reset_index().to_feather(stream)
        page = upload(visit(), f"p.{ending}", stream.getvalue(), "")
        assert any("120 dates" in one.value for one in page.success), errors(page)


def test_only_the_latest_of_many_uploads_are_kept(visit):
    page = visit()
    for number in range(7):
        upload(page, f"f{number}.csv", csv_of(make_prices(number, 80, 2)))
        page.button(key="upload:use").click().run()
    assert list(page.session_state[OWN]) == [f"f{n}.csv" for n in range(2, 7)]
    (folder,) = OPEN
    assert len(list((folder / "uploads").iterdir())) == 5


def test_tickers_that_are_none_are_refused_before_anything_is_asked(visit):
    page = visit()
    page.button(key="upload:open").click().run()
    page.text_input(key="upload:tickers").set_value("../../etc/passwd")
    next(one for one in page.button if one.label == "Download").click().run()
    assert "ticker" in errors(page)


@pytest.mark.parametrize(
    ("advice", "ours"),
    [
        ("read them with load_prices(path, returns=True) or --returns.", words.NUMBERS),
        ("Read it with --returns (returns=True).", words.NUMBERS),
        ("say which by date_order='dmy' or 'mdy' (--date-order).", words.ORDER),
        ("say which one is right by decimal='.' or ',' (--decimal).", words.MARK),
        ("say which by decimal='.' or decimal=',' (--decimal).", words.MARK),
        ("carry the last price forward with --max-gap 7 (max_gap=7)", words.GAPS),
        ("choose one by sheet='Data' (--sheet).", words.SHEET),
        ("or let them be made (adjust=True, --adjust).", words.ADJUST),
        (
            "The file is too large; raise `max_bytes` (--max-bytes) if it is meant, or split it.",
            "; split it.",
        ),
    ],
)
def test_advice_names_the_fields_and_no_flag(advice, ours):
    told = words.in_our_words(advice)
    assert ours in told
    assert "--" not in told
    assert "=" not in told


def test_an_intake_of_clean_prices_has_nothing_to_repair(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(GOOD)
    intake = take_in(path, name="mine.csv")
    assert intake.market is not None
    assert not intake.can_be_repaired
    assert intake.repair(tmp_path / "new.csv") == ()
    assert not (tmp_path / "new.csv").exists()


def test_a_broken_connection_ends_the_visit_and_is_told_once(open_page):
    page = open_page("data")
    assert not page.warning
    before = page.session_state["_folder"]
    clear_session_resource_cache("test session id")  # as Streamlit does at a disconnect
    page.run()
    assert "connection to the server broke" in page.warning[0].value
    assert page.session_state["_folder"] != before
    until = time.monotonic() + 60
    while before.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    page.run()
    assert not page.warning
