import datetime as dt
import json

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import make_prices
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from vendor_files import DATES, make_bars, spell_dates, wide_rows, write_rows

import blportfolio as bl
from blportfolio.data.files import read_bars
from blportfolio.errors import DataError

CLOSE = make_bars()["Close"]
NAMES = {
    "de": ["Januar", "Februar", "Dezember"],
    "es": ["enero", "febrero", "diciembre"],
    "nl": ["januari", "februari", "december"],
    "ru": ["января", "февраля", "декабря"],
    "no": ["jan.", "feb.", "des."],
}
FORMS = {
    "basic": lambda d: f"{d:%Y%m%d}T160000",
    "basic with a zone": lambda d: f"{d:%Y%m%d}T160000Z",
    "basic with a blank": lambda d: f"{d:%Y%m%d} 1600",
    "weekday before day": lambda d: f"{d:%A %d/%m/%Y}",
    "week and day": lambda d: "{}-W{:02d}-{}".format(*d.isocalendar()),
    "Japanese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "Korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일",
    "Korean with points": lambda d: f"{d.year}. {d.month}. {d.day} 오후 3:30:00",
    "Czech": lambda d: f"{d.day}. {d.month}. {d.year}",
    "C": lambda d: f"{d:%a %b %d} 00:00:00 {d:%Y}",
    "JavaScript": lambda d: f"{d:%a %b %d %Y} 00:00:00 GMT-0500 (Eastern Standard Time)",
    "SAS": lambda d: f"{d:%d%b%Y}".upper(),
    ".NET": lambda d: f"{d.month}/{d.day}/{d.year} 12:00:00 AM",
    "zone without colon": lambda d: f"{d:%Y-%m-%d}T05:00:00.000+0000",
    "text of a spreadsheet": lambda d: f"'{d:%Y-%m-%d}",
    "daylight saving": lambda d: f"{d:%Y-%m-%d} 00:00:00{'-05:00' if d.month > 1 else '-04:00'}",
    **{
        language: lambda d, names=names: (
            f"{d.day}. {names[d.month % 12 - 1 if d.month < 12 else 2]} {d.year}"
        )
        for language, names in NAMES.items()
    },
}


def write_wide(path, spell, frame=CLOSE, **options):
    rows = wide_rows(frame)
    for row, day in zip(rows[1:], frame.index, strict=True):
        row[0] = spell(day)
    return write_rows(path, rows, **options)


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_read_in_the_spellings_of_many_tools(tmp_path, form):
    read = read_bars(write_wide(tmp_path / "p.csv", FORMS[form]))
    assert not read.findings
    np.testing.assert_array_equal(read.bars.prices.index, CLOSE.index)
    np.testing.assert_array_equal(read.bars.prices, CLOSE)


@pytest.mark.parametrize(
    ("label", "spell", "freq", "what"),
    [
        ("Week", lambda d: "{}-W{:02d}".format(*d.isocalendar()), "W-SUN", "weeks"),
        ("Quarter", lambda d: f"{d.year}Q{d.quarter}", "QE", "months"),
        ("Quarter", lambda d: f"Q{d.quarter} {d.year}", "QE", "months"),
        ("Year", lambda d: str(d.year), "YE", "years"),
        ("Jahr", lambda d: str(d.year), "YE", "years"),
    ],
)
def test_labels_of_periods_stand_for_their_last_day(tmp_path, label, spell, freq, what):
    ends = pd.date_range("1995-01-01", periods=20, freq=freq)
    rows = [[label, "A"], *([spell(day), 1.5 + n] for n, day in enumerate(ends))]
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    np.testing.assert_array_equal(read.bars.prices.index, ends)
    assert any(what in note for note in read.inferred)


def test_a_week_that_no_year_has_is_unreadable(tmp_path):
    rows = [["Week", "A"], ["2021-W52", 1], ["2021-W53", 2], ["2022-W01", 3]]
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    assert [finding.kind for finding in read.findings] == ["unreadable_date"]


@pytest.mark.parametrize("form", ["%b-%y", "%b'%y"])
def test_months_with_short_years_are_refused_until_the_order_is_given(tmp_path, form):
    months = CLOSE.iloc[:14].set_axis(pd.date_range("2019-01-31", periods=14, freq="ME"))
    path = write_wide(tmp_path / "p.csv", lambda d: d.strftime(form), months)
    with pytest.raises(DataError, match="two digits"):
        read_bars(path)
    np.testing.assert_array_equal(read_bars(path, date_order="mdy").bars.prices.index, months.index)


@pytest.mark.parametrize(
    ("start", "zero"),
    [("2018-05-02", "1970-01-01"), ("1990-01-02", "1970-01-01"), ("1950-06-01", "1899-12-30")],
)
def test_days_since_1970_and_early_days_of_excel_are_told_by_their_weekends(tmp_path, start, zero):
    frame = CLOSE.set_axis(pd.date_range(start, periods=len(CLOSE), freq="B"))
    path = write_wide(tmp_path / "p.csv", lambda d: str((d - pd.Timestamp(zero)).days), frame)
    np.testing.assert_array_equal(read_bars(path).bars.prices.index, frame.index)


def test_days_that_may_count_from_1970_or_be_excels_are_refused(tmp_path):
    frame = CLOSE.set_axis(pd.date_range("2017-01-31", periods=len(CLOSE), freq="ME"))
    path = write_wide(tmp_path / "p.csv", lambda d: str((d - pd.Timestamp(0)).days), frame)
    with pytest.raises(DataError, match="days of Excel or days since 1970"):
        read_bars(path)


@pytest.mark.parametrize("typed", [True, False])
def test_the_days_of_a_workbook_that_counts_from_1904_are_right(tmp_path, typed):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["Date", *CLOSE])
    for day, row in zip(CLOSE.index, CLOSE.to_numpy().tolist(), strict=True):
        count = (day - pd.Timestamp("1904-01-01")).days
        book.active.append([day.to_pydatetime() if typed else count, *row])
    book.save(tmp_path / "p.xlsx")
    np.testing.assert_array_equal(read_bars(tmp_path / "p.xlsx").bars.prices.index, CLOSE.index)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_midnights_further_east_written_in_utc_are_the_days_that_begin(tmp_path, zone, ending):
    frame = CLOSE.tz_localize(zone).tz_convert("UTC")
    path = tmp_path / f"p.{ending}"
    (frame.to_csv if ending == "csv" else frame.to_parquet)(path)
    read = read_bars(path)
    np.testing.assert_array_equal(read.bars.prices.index, CLOSE.index)
    assert any("midnights further east" in note for note in read.inferred)


def test_closes_in_utc_and_days_of_crypto_are_left_where_they_are(tmp_path):
    daily = make_prices(0, n_dates=40, n_assets=2)
    daily.index = pd.date_range("2020-01-01", periods=40, name="date")
    for name, frame, hours in (("a", CLOSE, 21), ("b", daily, 23)):
        stamped = frame.set_axis(frame.index + pd.Timedelta(hours=hours)).tz_localize("UTC")
        stamped.rename_axis("date").to_csv(tmp_path / f"{name}.csv")
        read = read_bars(tmp_path / f"{name}.csv")
        np.testing.assert_array_equal(read.bars.prices.index, frame.index)


def test_closes_of_the_middle_east_and_weeks_that_end_on_sundays_are_left_where_they_are(tmp_path):
    sundays = pd.date_range("2020-01-05", periods=40, freq="W-SUN")
    days = pd.date_range("2020-01-05", periods=60)
    riyadh = days[~days.day_of_week.isin([4, 5])][:40]
    for name, dates, clock in (
        ("weeks", sundays, "23:00:00"),
        ("Riyadh", riyadh, "15:00:00"),
        ("Riyadh in UTC", riyadh, "12:00:00Z"),
    ):
        rows = wide_rows(CLOSE.set_axis(dates), date=f"%Y-%m-%d {clock}")
        read = read_bars(write_rows(tmp_path / f"{name}.csv", rows))
        np.testing.assert_array_equal(read.bars.prices.index, dates)


def test_a_second_bar_of_the_last_day_is_a_conflict_and_no_bar_of_its_own(tmp_path):
    rows = wide_rows(CLOSE, date="%Y-%m-%d 00:00:00-05:00")
    rows.append([rows[-1][0].replace("00:00:00", "13:24:11"), "1", "2", "3"])
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    assert [finding.kind for finding in read.findings] == ["conflicting_rows"]
    np.testing.assert_array_equal(read.bars.prices, CLOSE)


def test_chinese_text_of_old_programs_is_read_and_said(tmp_path):
    rows = [["日期", "股票代码", "收盘价"]]
    days = spell_dates(CLOSE.index, "%Y-%m-%d")
    rows += [[d, "000001", p] for d, p in zip(days, CLOSE["AAPL"], strict=True)]
    read = read_bars(write_rows(tmp_path / "p.csv", rows, encoding="gb18030"))
    np.testing.assert_array_equal(read.bars.prices["000001"], CLOSE["AAPL"])
    assert any("GB 18030" in note for note in read.inferred)


def test_western_text_with_two_letters_in_a_row_is_not_taken_for_chinese(tmp_path):
    named = CLOSE.set_axis(["Größe A", "Größe B", "Größe C"], axis=1)
    read = read_bars(write_rows(tmp_path / "p.csv", wide_rows(named), encoding="cp1252"))
    assert list(read.bars.prices.columns) == list(named.columns)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (json.dumps({"Note": "Thank you for using our API!"}, indent=1), "JSON.*Thank you"),
        (json.dumps([{"date": "2020-01-02", "close": 1.5}]), "JSON"),
        ("<!DOCTYPE html>\n<html><head><title>Sign in, please</title>", "web page.*Sign in"),
        ("<?xml version='1.0'?>\n<Workbook/>", "XML"),
    ],
)
def test_what_is_no_table_is_named_and_quoted(tmp_path, text, what):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError, match=what):
        read_bars(tmp_path / "p.csv")


@pytest.mark.parametrize("aligned", [True, False])
def test_cells_that_blanks_separate_are_read(tmp_path, aligned):
    table = CLOSE.reset_index()
    text = table.to_string(index=False) if aligned else table.to_csv(sep=" ", index=False)
    (tmp_path / "p.txt").write_text(text)
    read = read_bars(tmp_path / "p.txt")
    np.testing.assert_array_equal(read.bars.prices, CLOSE)
    assert "Its cells are separated by blanks." in read.inferred


@pytest.mark.parametrize("sign", ["{:.0f} bps", "{:.0f}bp", "{:.2f}-"])
def test_basis_points_and_signs_behind_are_read(tmp_path, sign):
    basis_points = np.arange(40) * 7.0 + 3
    wide = CLOSE[["AAPL"]].assign(AAPL=basis_points)
    expected = -basis_points if "-" in sign else basis_points / 1e4
    rows = wide_rows(wide, number=sign.format)
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    np.testing.assert_allclose(read.bars.prices["AAPL"], expected, rtol=1e-15)


@pytest.mark.parametrize(("freq", "size"), [("B", 0.4), ("W-FRI", 1.2), ("ME", 4.0)])
def test_returns_in_percent_without_a_sign_are_refused(tmp_path, freq, size):
    returns = np.random.default_rng(0).normal(0, size, (60, 3)).clip(-0.99, 99).round(3)
    frame = pd.DataFrame(returns, pd.date_range("2010-01-29", periods=60, freq=freq), list("ABC"))
    (frame / 100).to_csv(tmp_path / "decimal.csv")
    assert len(bl.load_prices(tmp_path / "decimal.csv", returns=True).dates) == 61
    frame.to_csv(tmp_path / "percent.csv")
    with pytest.raises(DataError, match="in percent"):
        bl.load_prices(tmp_path / "percent.csv", returns=True)


def test_decimal_numbers_of_parquet_keep_their_last_bit(tmp_path):
    column = pa.array([f"{v:.2f}" for v in CLOSE["^GSPC"]]).cast(pa.decimal128(12, 2))
    pq.write_table(pa.table({"date": pa.array(CLOSE.index.date), "A": column}), tmp_path / "p.pq")
    np.testing.assert_array_equal(read_bars(tmp_path / "p.pq").bars.prices["A"], CLOSE["^GSPC"])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("'Date','A'\n'Mon','1'\n'Tue','2'\n", "no row with a date that can be read"),
        ("Date,A\n2020-01-02,1,25\n2020-01-03,1,50\n", "separate cells by semicolons"),
    ],
)
def test_a_refusal_says_what_to_do(tmp_path, text, match):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError, match=match):
        read_bars(tmp_path / "p.csv")


def test_a_date_beside_a_settings_row_does_not_hide_the_names(tmp_path):
    rows = wide_rows(CLOSE, date=DATES["american"])
    day = f"{dt.date(2020, 1, 2):%m/%d/%Y}"
    head = [["Security", *CLOSE], ["Start Date", day], ["Period", "D"], ["Currency", *["USD"] * 3]]
    path = write_rows(tmp_path / "p.csv", [*head, [], ["Date", *["Last Price"] * 3], *rows[1:]])
    read = read_bars(path)
    np.testing.assert_array_equal(read.bars.prices[list(CLOSE)], CLOSE)
    assert read.bars.currencies == dict.fromkeys(CLOSE, "USD")
