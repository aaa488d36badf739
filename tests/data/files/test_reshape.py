import numpy as np
import pandas as pd
import pytest
from vendor_files import ASSETS, DATES, make_bars, spell_dates, wide_rows, write_rows, yahoo_levels

import blportfolio as bl
from blportfolio.data.files import read_bars
from blportfolio.errors import DataError

BARS = make_bars()
CLOSE = BARS["Close"]
LONG = CLOSE.reset_index().melt("Date", var_name="ticker", value_name="close")


def assert_reads(path, expected=CLOSE, **options):
    read = read_bars(path, **options)
    assert not read.findings
    pd.testing.assert_frame_equal(
        read.bars.prices[list(expected.columns)], expected, check_names=False, check_freq=False
    )
    assert read.bars.prices.shape == expected.shape
    return read


@pytest.mark.parametrize("fill", ["blank", "short", "all"])
def test_dividends_and_splits_in_rows_of_their_own_are_taken_from_a_yahoo_page(tmp_path, fill):
    fields = ("Open", "High", "Low", "Close", "Adj Close", "Volume")
    days = spell_dates(CLOSE.index, DATES["investing"])
    rows = [[day, *(BARS[f]["AAPL"].iloc[n] for f in fields)] for n, day in enumerate(days)]
    events = {9: "0.77 Dividend", 5: "3:2 Stock Splits"}
    for place, text in events.items():
        row = {"blank": [text, *[""] * 5], "short": [text], "all": [text] * 6}[fill]
        rows.insert(place + 1, [days[place], *row])
    header = ["Date", *fields[:3], "Close*", "Adj Close**", "Volume"]
    path = write_rows(tmp_path / "AAPL.csv", [header, *rows[::-1]])
    read = assert_reads(path, BARS["Adj Close"][["AAPL"]])
    assert read.bars.dividends["AAPL"].to_dict() == {
        day: 0.77 if n == 9 else 0.0 for n, day in enumerate(CLOSE.index)
    }
    assert read.bars.splits["AAPL"].iloc[5] == 1.5
    assert (read.bars.splits["AAPL"] != 0).sum() == 1
    assert "Took dividends and splits from 2 rows of their own." in read.inferred


@pytest.mark.parametrize("layout", ["wide", "long", "levels"])
def test_headers_between_the_data_of_joined_files_are_left_out(tmp_path, layout):
    if layout == "levels":
        frame = yahoo_levels(BARS, adjusted=False)
        text = frame.iloc[:20].to_csv() + frame.iloc[20:].to_csv()
    else:
        frame = CLOSE.reset_index() if layout == "wide" else LONG
        text = frame.iloc[:20].to_csv(index=False) + frame.iloc[20:].to_csv(index=False)
    (tmp_path / "p.csv").write_text(text)
    read = assert_reads(tmp_path / "p.csv")
    assert any("between the data" in note for note in read.inferred)


def test_a_header_of_another_order_between_the_data_is_a_serious_fault(tmp_path):
    text = CLOSE.iloc[:20].to_csv() + CLOSE.iloc[20:, ::-1].to_csv()
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError, match="where a number was expected"):
        bl.load_prices(tmp_path / "p.csv")


MELTED = {
    "plain": (["date", "ticker", "field", "value"], ["open", "close", "volume"]),
    "bloomberg": (["Date", "Security", "Variable", "Value"], ["PX_OPEN", "PX_LAST", "PX_VOLUME"]),
    "excel": (["Datum", "Symbol", "", "Wert"], ["Eröffnung", "Schluss", "Volumen"]),
}


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize("kind", MELTED)
def test_a_table_of_fields_and_values_is_taken_apart(tmp_path, kind, ending):
    labels, fields = MELTED[kind]
    frames = {f: BARS[name] for f, name in zip(fields, ("Open", "Close", "Volume"), strict=True)}
    table = pd.concat(
        frame.reset_index().melt("Date").assign(field=field) for field, frame in frames.items()
    )[["Date", "variable", "field", "value"]].set_axis(labels, axis=1)
    path = tmp_path / f"p.{ending}"
    write = {"csv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}[ending]
    write(path, index=False)
    read = assert_reads(path)
    np.testing.assert_array_equal(read.bars.open[list(ASSETS)], BARS["Open"])
    np.testing.assert_array_equal(read.bars.volume[list(ASSETS)], BARS["Volume"])


def test_a_field_that_a_melted_table_has_twice_is_refused(tmp_path):
    table = LONG.assign(field="close").rename(columns={"close": "value"})
    table = pd.concat([table, table.assign(field="open"), table.iloc[:1].assign(value=1.0)])
    table.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(DataError, match="AAPL, close twice, with different values"):
        read_bars(tmp_path / "p.csv")


@pytest.mark.parametrize("index", [True, False])
def test_a_frame_that_pandas_melted_is_read(tmp_path, index):
    CLOSE.reset_index().melt("Date").to_csv(tmp_path / "p.csv", index=index)
    assert_reads(tmp_path / "p.csv")


@pytest.mark.parametrize("first", ["date", "ticker"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_merged_cells_of_dates_or_tickers_are_filled_down_and_said(tmp_path, first, ending):
    keys = ["Date", "ticker"] if first == "date" else ["ticker", "Date"]
    table = LONG.sort_values(keys)[[*keys, "close"]]
    if ending == "xlsx":
        table.set_index(keys).to_excel(tmp_path / "p.xlsx")
    else:
        table.assign(**{keys[0]: table[keys[0]].where(~table[keys[0]].duplicated())}).to_csv(
            tmp_path / "p.csv", index=False
        )
    read = assert_reads(tmp_path / f"p.{ending}")
    assert any("merged cells" in note for note in read.inferred)


def test_tickers_that_are_missing_are_not_taken_for_merged_cells(tmp_path):
    table = LONG.assign(ticker=LONG["ticker"].where(np.arange(len(LONG)) % 2 == 0))
    table.to_csv(tmp_path / "p.csv", index=False)
    kinds = {finding.kind for finding in read_bars(tmp_path / "p.csv").findings}
    assert kinds == {"missing_ticker"}


def test_year_month_and_day_in_columns_of_their_own_are_joined(tmp_path):
    table = CLOSE.reset_index(drop=True)
    for n, part in enumerate(("Year", "Month", "Day")):
        table.insert(n, part, getattr(CLOSE.index, part.lower()))
    table.to_csv(tmp_path / "p.csv", index=False)
    assert_reads(tmp_path / "p.csv")


def test_parts_of_dates_beside_the_dates_are_no_assets(tmp_path):
    table = CLOSE.reset_index()
    for part in ("year", "month", "day", "quarter"):
        table[part.title()] = getattr(CLOSE.index, part)
    table["Weekday"] = CLOSE.index.day_of_week
    table.to_csv(tmp_path / "p.csv", index=False)
    assert_reads(tmp_path / "p.csv")
    table.assign(Day=CLOSE["AAPL"].to_numpy()).to_csv(tmp_path / "q.csv", index=False)
    assert sorted(read_bars(tmp_path / "q.csv").bars.prices) == sorted([*CLOSE, "Day"])


def test_tickers_that_are_all_called_like_fields_stay_tickers(tmp_path):
    long = LONG.assign(
        ticker=LONG["ticker"].map(dict(zip(ASSETS, ["LOW", "NAV", "OPEN"], strict=True)))
    )
    long.to_csv(tmp_path / "p.csv", index=False)
    assert list(read_bars(tmp_path / "p.csv").bars.prices) == ["LOW", "NAV", "OPEN"]


def test_dates_that_are_spelt_once_more_beside_are_left_out(tmp_path):
    table = CLOSE.reset_index()
    table.insert(1, "TIME PERIOD", spell_dates(CLOSE.index, DATES["oracle"]))
    table.to_csv(tmp_path / "p.csv", index=False)
    read = assert_reads(tmp_path / "p.csv")
    assert "Left out 'TIME PERIOD': its dates once more." in read.inferred


@pytest.mark.parametrize("name", ["PERMNO", "TICKER"])
def test_the_marks_of_crsp_are_understood(tmp_path, name):
    """A minus marks an average of bid and ask, 0 a missing price, a letter a missing return."""
    rows = [[name, "date", "PRC", "VOL", "RET"]]
    for n, day in enumerate(spell_dates(CLOSE.index, DATES["compact"])):
        price = CLOSE["AAPL"].iloc[n]
        rows.append([14593, day, {3: -price, 39: 0}.get(n, price), 100, "C" if not n else 0.01])
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    assert not read.findings
    expected = CLOSE["AAPL"].where(np.arange(len(CLOSE)) != 39)
    np.testing.assert_array_equal(read.bars.prices["14593"], expected)
    assert any("averages of bid and ask" in note for note in read.inferred)


def test_letters_in_place_of_crsp_returns_are_missing(tmp_path):
    returns = CLOSE["AAPL"].pct_change().round(6)
    rows = [["PERMNO", "date", "RET"]]
    rows += [
        [14593, day, "C" if np.isnan(value) else value]
        for day, value in zip(spell_dates(CLOSE.index, "%Y%m%d"), returns, strict=True)
    ]
    path = write_rows(tmp_path / "p.csv", rows)
    np.testing.assert_array_equal(read_bars(path).bars.prices["14593"], returns.iloc[1:])


@pytest.mark.parametrize("blank", ["", ","])
def test_pairs_of_dates_and_prices_are_refused_with_the_remedy(tmp_path, blank):
    days = spell_dates(CLOSE.index, DATES["american"])
    last = spell_dates(CLOSE.index[::-1], DATES["american"])
    head = f"AAPL US Equity,,{blank}MSFT US Equity,\nDate,PX_LAST,{blank}Date,PX_LAST\n"
    named = f"AAPL_Date,AAPL,{blank}MSFT_Date,MSFT\n"
    for header in (head, *([named] if not blank else [])):
        text = header + "".join(
            f"{a},1{n},{blank}{b},2{n}\n" for n, (a, b) in enumerate(zip(days, last, strict=True))
        )
        (tmp_path / "p.csv").write_text(text)
        with pytest.raises(DataError, match=r"several columns of dates.*date, ticker and close"):
            read_bars(tmp_path / "p.csv")


def test_a_sheet_that_is_hidden_is_not_asked_about(tmp_path):
    with pd.ExcelWriter(tmp_path / "p.xlsx", engine="openpyxl") as writer:
        CLOSE.to_excel(writer, sheet_name="prices")
        (2 * CLOSE).to_excel(writer, sheet_name="old")
        writer.book["old"].sheet_state = "hidden"
    assert "Read its sheet 'prices'." in assert_reads(tmp_path / "p.xlsx").inferred
    assert_reads(tmp_path / "p.xlsx", 2 * CLOSE, sheet="old")


def test_a_total_row_below_and_wide_rows_are_no_events(tmp_path):
    rows = wide_rows(CLOSE.rename(columns={"AAPL": "Dividend Fund"}))
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    np.testing.assert_array_equal(read.bars.prices["Dividend Fund"], CLOSE["AAPL"])
