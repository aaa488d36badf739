import bz2
import gzip
import io
import lzma
import os
import pickle
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import make_prices
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blportfolio.data.files import load_prices, read_bars
from blportfolio.errors import BLPortfolioError, DataError

ENDINGS = ("csv", "csv.gz", "csv.zip", "csv.xz", "csv.bz2", "csv.zst", "parquet", "feather", "xlsx")
PRICES = make_prices(0, n_dates=30, n_assets=3).rename_axis("date").round(2)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):  # noqa: D105
        return os.mkdir, ("pickle_was_executed",)


def content_of(ending, frame=PRICES):
    """Bytes of a valid file."""
    text = frame.to_csv().encode()
    memory = io.BytesIO()
    if ending == "csv.zip":
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("p.csv", text)
    elif ending == "parquet":
        frame.to_parquet(memory)
    elif ending == "feather":
        frame.reset_index().to_feather(memory)
    elif ending == "xlsx":
        frame.to_excel(memory)
    pack = {
        "csv": bytes,
        "csv.gz": gzip.compress,
        "csv.xz": lzma.compress,
        "csv.bz2": bz2.compress,
        "csv.zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
    }.get(ending)
    return pack(text) if pack else memory.getvalue()


CONTENT = {ending: content_of(ending) for ending in ENDINGS}


def save(path, content):
    path.write_bytes(content)
    return path


def refused(path, match, **options):
    for read in (read_bars, load_prices):
        with pytest.raises(DataError, match=match) as caught:
            read(path, **options)
        assert "\n" not in str(caught.value)
        assert str(caught.value).isprintable()


def outcome(read, path):
    """What a refusal says, "" where the file is read; any other error goes through."""
    try:
        read(path)
    except BLPortfolioError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ending", ENDINGS)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path, ending, data):
    """Flipped bytes, cut ends and lost pieces never end in another error."""
    content = bytearray(CONTENT[ending])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "lose", "zero", "repeat"]))
        if what == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif what == "cut":
            content = content[: max(place, 1)]
        elif what == "lose":
            content = content[:place] + content[place + data.draw(st.integers(1, 40)) :] or b"x"
            content = bytearray(content)
        elif what == "zero":
            content[place : place + 4] = bytes(len(content[place : place + 4]))
        else:
            content[place:place] = content[place : place + 40]
    path = save(tmp_path / f"p.{ending}", bytes(content))
    for read in (read_bars, load_prices):
        said = outcome(read, path)
        assert "\n" not in said
        assert said.isprintable()


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != "csv"])
def test_a_cut_binary_file_is_always_refused(tmp_path, ending):
    content = CONTENT[ending]
    for end in range(1, len(content) - 1, max(1, len(content) // 40)):
        refused(save(tmp_path / f"p.{ending}", content[:end]), "cannot be read|empty|as ")


@pytest.mark.parametrize("ending", ENDINGS)
@given(content=st.binary(max_size=300))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_refused(tmp_path, ending, content):
    refused(save(tmp_path / f"garbage.{ending}", content), "garbage")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
@pytest.mark.parametrize("ending", ["csv.gz", "csv.xz", "csv.bz2", "csv.zst"])
def test_a_damaged_archive_leaves_no_memory_set_aside(tmp_path, ending):
    """A process that holds gigabytes of addresses can no longer start another one."""

    def pages():
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0])

    content = CONTENT[ending]
    path = save(tmp_path / f"p.{ending}", content[:20] + b"\xff" * 8 + content[28:60])
    refused(path, "cannot be read|no rows|header|binary")
    before = pages()
    for _ in range(5):
        refused(path, "cannot be read|no rows|header|binary")
    assert (pages() - before) * os.sysconf("SC_PAGE_SIZE") < 2**28


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_under_another_name_is_refused_and_not_run(
    tmp_path, monkeypatch, ending, protocol
):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(Bomb(), protocol)
    refused(save(tmp_path / f"p.{ending}", content), "'p\\.")
    assert not (tmp_path / "pickle_was_executed").exists()


def test_an_arrow_extension_with_pickled_metadata_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    field = pa.field(
        "A",
        pa.binary(),
        metadata={
            b"ARROW:extension:name": b"arrow.py_extension_type",
            b"ARROW:extension:metadata": pickle.dumps(Bomb()),
        },
    )
    table = pa.table([pa.array([b"x"])], schema=pa.schema([field]))
    pq.write_table(table, tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "no prices in column 'A'")
    assert not (tmp_path / "pickle_was_executed").exists()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path, ending):
    path = save(tmp_path / f"p.{ending}", CONTENT[ending])
    refused(path, "more than 100 bytes; raise `max_bytes`", max_bytes=100)
    assert read_bars(path, max_bytes=100_000).bars.prices.shape == (30, 3)


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e not in {"csv", "feather"}])
def test_a_file_that_grows_above_the_limit_is_refused(tmp_path, ending):
    """A bomb: a few kilobytes that unpack to megabytes."""
    dates = pd.to_datetime(["2000-01-03"] * 20_000).rename("date")
    frame = pd.DataFrame(1.0, dates, ["A", "B"])
    path = save(
        tmp_path / f"p.{ending}",
        content_of(ending, frame.iloc[: 2000 if ending == "xlsx" else None]),
    )
    size = path.stat().st_size
    limit = 150_000
    assert size < limit
    refused(path, "more than 150000 bytes when decompressed", max_bytes=limit)


def test_a_compressed_feather_bomb_is_refused(tmp_path):
    table = pa.table({"date": pa.array(np.zeros(10**6)), "A": pa.array(np.zeros(10**6))})
    with pa.OSFile(str(tmp_path / "p.feather"), "wb") as file:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(file, table.schema, options=options) as writer:
            writer.write_table(table)
    refused(tmp_path / "p.feather", "more than 100000 bytes when decompressed", max_bytes=100_000)


@pytest.mark.parametrize("cell", ["=1+1", "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "@SUM(A1)"])
def test_a_formula_in_text_is_refused_and_named(tmp_path, cell):
    rows = PRICES.astype(str)
    rows.iloc[4, 1] = cell
    rows.to_csv(tmp_path / "p.csv")
    finding = read_bars(tmp_path / "p.csv").findings[0]
    assert finding.kind == "formula_cell"
    assert finding.severity == "serious"
    with pytest.raises(DataError, match=r"column 'A1', row 5.*never computed"):
        load_prices(tmp_path / "p.csv")


@pytest.mark.parametrize("formula", ["=A1*2", "=SUM(B2:B3)", '=HYPERLINK("http://x","y")'])
@pytest.mark.parametrize("where", ["B3", "A1", "D30"])
def test_a_formula_in_a_workbook_is_refused_with_its_cell(tmp_path, formula, where):
    PRICES.to_excel(tmp_path / "p.xlsx")
    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    book.active[where] = formula
    book.save(tmp_path / "p.xlsx")
    refused(tmp_path / "p.xlsx", f"formula in cell {where} .*paste values")


@pytest.mark.parametrize("label", ["=cmd|x", "@x|y!z", "A\x1b[31m", "A\u202eB"])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_a_label_that_could_do_harm_is_refused(tmp_path, label, layout):
    frame = PRICES.rename(columns={"A1": label})
    if layout == "long":
        frame = frame.reset_index().melt("date", var_name="ticker", value_name="close")
    frame.to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "label")


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a.csv", "b.csv"], "exactly one file"),
        ([], "exactly one file"),
        (["../a.csv"], "suspicious name"),
        (["/etc/a.csv"], "suspicious name"),
        (["x/../../a.csv"], "suspicious name"),
        (["C:\\a.csv"], "suspicious name"),
        (["folder/"], "exactly one file"),
    ],
)
def test_an_archive_with_other_than_one_plain_file_is_refused(tmp_path, names, match):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name in names:
            archive.writestr(name, CONTENT["csv"])
    refused(tmp_path / "p.zip", match)


def test_a_zip_of_one_csv_is_read_whatever_its_own_name(tmp_path):
    (tmp_path / "p.zip").write_bytes(CONTENT["csv.zip"])
    np.testing.assert_array_equal(read_bars(tmp_path / "p.zip").bars.prices, PRICES)


def test_folders_and_attributes_of_macos_in_a_zip_are_no_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("prices/", "")
        archive.writestr("prices/p.csv", CONTENT["csv"])
        archive.writestr("__MACOSX/prices/._p.csv", "attributes")
    np.testing.assert_array_equal(read_bars(tmp_path / "p.zip").bars.prices, PRICES)


def test_a_pipe_and_a_device_are_refused_and_a_link_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    refused(tmp_path / "pipe.csv", "no regular file")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    refused(tmp_path / "zero.csv", "no regular file")
    save(tmp_path / "p.csv", CONTENT["csv"])
    (tmp_path / "link.csv").symlink_to(tmp_path / "p.csv")
    np.testing.assert_array_equal(read_bars(tmp_path / "link.csv").bars.prices, PRICES)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_absurd_number_of_columns_is_refused(tmp_path, monkeypatch, ending):
    n = 100_001
    if ending == "csv":
        text = "date" + ",A" * n + "\n" + ("2000-01-03" + ",1" * n + "\n") * 2
        path = save(tmp_path / "p.csv", text.encode())
    else:
        monkeypatch.setattr("blportfolio.data.files.columnar.MOST_COLUMNS", n := 100)
        column = pa.array([1.0, 2.0])
        path = tmp_path / "p.parquet"
        pq.write_table(pa.table([column] * (n + 1), names=[f"A{k}" for k in range(n + 1)]), path)
    with pytest.raises(DataError, match=r"more than 100(000)? columns"):
        read_bars(path)


def test_a_table_that_would_spread_beyond_the_limit_is_refused(tmp_path):
    dates = pd.date_range("1800-01-01", periods=3000)
    table = pd.DataFrame({"date": dates, "ticker": [f"T{n}" for n in range(3000)], "close": 1.0})
    table.to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "3000 dates × 3000 assets", max_bytes=10**7)


def test_a_workbook_with_xml_entities_is_refused(tmp_path):
    memory = io.BytesIO(CONTENT["xlsx"])
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with zipfile.ZipFile(memory) as old, zipfile.ZipFile(tmp_path / "p.xlsx", "w") as new:
        for member in old.infolist():
            content = evil if member.filename == "xl/styles.xml" else old.read(member)
            new.writestr(member.filename, content)
    refused(tmp_path / "p.xlsx", "XML entities")


def test_a_workbook_with_a_lone_far_cell_is_read_quickly_or_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "date"
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "p.xlsx")
    refused(tmp_path / "p.xlsx", "one column|no rows|right of|more than")


def test_several_sheets_are_refused_until_one_is_named(tmp_path):
    with pd.ExcelWriter(tmp_path / "p.xlsx") as writer:
        PRICES.to_excel(writer, sheet_name="prices")
        (2 * PRICES).to_excel(writer, sheet_name="twice")
        pd.DataFrame().to_excel(writer, sheet_name="empty")
    refused(tmp_path / "p.xlsx", r"several sheets, 'prices', 'twice'; say which .*--sheet")
    refused(tmp_path / "p.xlsx", "no sheet 'other'", sheet="other")
    read = read_bars(tmp_path / "p.xlsx", sheet="twice")
    np.testing.assert_array_equal(read.bars.prices, 2 * PRICES)
    assert "Read its sheet 'twice'." in read.inferred


def test_a_sheet_of_no_workbook_is_refused(tmp_path):
    refused(save(tmp_path / "p.csv", CONTENT["csv"]), "`sheet` names a sheet", sheet="x")


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, None])
def test_a_limit_that_is_no_whole_number_is_refused(tmp_path, limit):
    refused(save(tmp_path / "p.csv", CONTENT["csv"]), "`max_bytes` must be", max_bytes=limit)


@pytest.mark.parametrize(
    ("content", "ending", "match"),
    [
        (b"PAR1xxxxPAR1", "csv", "it is Parquet"),
        (b"\xd0\xcf\x11\xe0", "xlsx", "old Excel"),
        (b"%PDF-1.4", "csv", "PDF"),
        (CONTENT["xlsx"], "csv", "Excel workbook"),
        (CONTENT["csv.gz"], "csv", "compressed by gzip"),
        (CONTENT["csv"], "parquet", "as Parquet"),
        (CONTENT["csv"], "xlsx", "as Excel"),
        (CONTENT["csv"], "xls", "neither CSV nor"),
        (CONTENT["csv"], "pkl", "neither CSV nor"),
    ],
)
def test_a_file_of_another_format_than_its_name_says_so(tmp_path, content, ending, match):
    refused(save(tmp_path / f"p.{ending}", content), match)


@pytest.mark.parametrize(
    "text",
    [
        "date,A\n2000-01-03,1\n2000-01-04,2\n" + "the end\n" * 50_000,
        "date,A\n" + "9" * 100_000 + "x,1\n2000-01-03,1\n2000-01-04,2\n",
        "date," + "a." * 50_000 + "\n2000-01-03,1\n2000-01-04,2\n",
        "date,A\n2000-01-03," + "9" * 100_000 + "\n2000-01-04," + "1" * 100_000 + "x\n",
        '"' * 200_000,
        "date,A\n" + "2000-01-03 " * 9_000 + ",1\n2000-01-04,2\n",
    ],
    ids=["footers", "digits", "label", "number", "quotes", "dates"],
)
def test_text_made_to_be_slow_ends_soon(tmp_path, text):
    said = outcome(load_prices, save(tmp_path / "p.csv", text.encode()))
    assert "\n" not in said
    assert len(said) < 500


def test_a_row_longer_than_a_block_of_the_reader_is_read(tmp_path):
    n = 25_000
    names = ",".join(f"ASSET{k}" for k in range(n))
    rows = "".join(f"2000-01-0{d}" + f",1234567.{d:<040}" * n + "\n" for d in (3, 4))
    path = save(tmp_path / "p.csv", f"date,{names}\n{rows}".encode())
    assert read_bars(path).bars.prices.shape == (2, n)


WORDS = (
    *("", "0", "-1", "2020-01-02", "1,5", "date", "ticker", "close", "NaN", "=1", "1e400", "'"),
    *('"', "2020-W60", "31/12/2020", "C", "0.5 Dividend", "1.2.3 Dividend", "2:0 Stock Splits"),
    *("TRUE", "1577836800", "43831", "1e300", "9" * 400, "2020年", "__MACOSX"),
)


@given(data=st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_with_cells_that_belong_elsewhere_ends_in_one_line(tmp_path, data):
    """Words that one layout or another gives a meaning, anywhere in the header and the data."""
    labels = st.sampled_from(["date", "ticker", "field", "ret", "prc", "year", "t", "close", "A"])
    cells = st.sampled_from(WORDS) | st.integers(10, 99).map(str)
    width = data.draw(st.integers(1, 5))
    rows = [data.draw(st.lists(labels | cells, min_size=width, max_size=width))]
    rows += data.draw(
        st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12)
    )
    path = save(tmp_path / "p.csv", "\n".join(map(",".join, rows)).encode())
    for read in (read_bars, load_prices):
        said = outcome(read, path)
        assert "\n" not in said
        assert said.isprintable()


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_text_cut_anywhere_in_its_first_rows_ends_in_one_line(tmp_path, cut):
    lines = CONTENT["csv"].decode().splitlines()[:4]
    text = "\n".join(lines)[cut:] + "\n2000-01-10\n"
    said = outcome(load_prices, save(tmp_path / "p.csv", text.encode()))
    assert "\n" not in said
