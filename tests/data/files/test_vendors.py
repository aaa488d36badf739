import csv

import numpy as np
import pandas as pd
import pytest
from helpers import dev_data
from vendor_files import (
    ASSETS,
    DATES,
    NUMBERS,
    make_bars,
    spell_dates,
    wide_rows,
    write_rows,
    yahoo_levels,
)

import blportfolio as bl
from blportfolio.data.files import read_bars
from blportfolio.errors import DataError

BARS = make_bars()
CLOSE = BARS["Close"]
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


def assert_reads(path, expected, **options):
    read = read_bars(path, **options)
    assert not read.findings
    got = read.bars.prices[list(expected.columns)]
    np.testing.assert_array_equal(got.index, expected.index)
    np.testing.assert_array_equal(got.to_numpy(), expected.to_numpy())
    assert read.bars.prices.shape == expected.shape
    return read


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_numbers_of_every_locale_give_the_same_prices(tmp_path, number, delimiter):
    rows = wide_rows(CLOSE, number=NUMBERS[number])
    path = write_rows(tmp_path / "p.csv", rows, delimiter=DELIMITERS[delimiter])
    assert_reads(path, CLOSE)


@pytest.mark.parametrize("form", DATES)
@pytest.mark.parametrize("delimiter", ["comma", "semicolon"])
def test_dates_of_every_form_give_the_same_index(tmp_path, form, delimiter):
    rows = wide_rows(CLOSE, date=DATES[form])
    path = write_rows(tmp_path / "p.csv", rows, delimiter=DELIMITERS[delimiter])
    assert_reads(path, CLOSE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read_and_an_old_one_is_said(tmp_path, encoding):
    named = CLOSE.set_axis(["Société", "Münchener", "A"], axis=1)
    read = assert_reads(write_rows(tmp_path / "p.csv", wide_rows(named), encoding=encoding), named)
    assert any("Windows-1252" in note for note in read.inferred) == (encoding == "cp1252")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "xlsx", "parquet"])
@pytest.mark.parametrize("by", ["column", "ticker"])
@pytest.mark.parametrize("adjusted", [True, False])
@pytest.mark.parametrize("ticker", [None, "AAPL"])
def test_the_header_rows_of_yfinance_are_read(tmp_path, ending, by, adjusted, ticker):
    frame = yahoo_levels(BARS, by=by, adjusted=adjusted, ticker=ticker)
    path = tmp_path / f"p.{ending}"
    write = {"xlsx": frame.to_excel, "parquet": frame.to_parquet}.get(ending, frame.to_csv)
    write(path)
    names = list(ASSETS) if ticker is None else [ticker]
    read = assert_reads(path, BARS["Adj Close" if adjusted else "Close"][names])
    assert (read.bars.close is not None) == adjusted
    for name in ("Open", "High", "Low", "Volume"):
        got = getattr(read.bars, name.lower())[names]
        np.testing.assert_array_equal(got, BARS[name][names])


@pytest.mark.parametrize("first", ["", "Price"])
@pytest.mark.parametrize("index_row", [True, False])
def test_header_rows_of_old_yfinance_without_level_names_are_read(tmp_path, first, index_row):
    frame = yahoo_levels(BARS)
    fields, tickers = zip(*frame.columns, strict=True)
    rows = [[first, *fields], ["" if index_row else "Date", *tickers]]
    rows += [["Date", *[""] * len(fields)]] * index_row
    body = wide_rows(frame.set_axis(range(frame.shape[1]), axis=1))[1:]
    assert_reads(write_rows(tmp_path / "p.csv", [*rows, *body]), BARS["Adj Close"])


def test_flattened_columns_of_yfinance_are_read(tmp_path):
    frame = yahoo_levels(BARS, adjusted=False)
    flat = {
        "tuples": [str(label) for label in frame.columns],
        "fields_first": [f"{field}_{ticker}" for field, ticker in frame.columns],
        "tickers_first": [f"{ticker}.{field}" for field, ticker in frame.columns],
    }
    for name, labels in flat.items():
        frame.set_axis(labels, axis=1).to_csv(tmp_path / f"{name}.csv")
        assert_reads(tmp_path / f"{name}.csv", CLOSE)


def one_asset(name="AAPL"):
    return {field: frame[name] for field, frame in BARS.items()}


VENDORS = {
    "investing": (
        ["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"],
        lambda b, d: [d["american"], b["Close"], b["Open"], b["High"], b["Low"], "1.20M", "-0.5%"],
    ),
    "nasdaq": (
        ["Date", "Close/Last", "Volume", "Open", "High", "Low"],
        lambda b, d: [
            *(d["american"], f"${b['Close']}", b["Volume"]),
            *(f"${b[name]}" for name in ("Open", "High", "Low")),
        ],
    ),
    "stooq": (
        ["Date", "Open", "High", "Low", "Close", "Volume"],
        lambda b, d: [d["iso"], *(b[n] for n in ("Open", "High", "Low", "Close", "Volume"))],
    ),
    "stooq_bulk": (
        ["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"],
        lambda b, d: [
            *("AAPL", "D", d["compact"], "000000"),
            *(b[n] for n in ("Open", "High", "Low", "Close", "Volume")),
        ],
    ),
    "alphavantage": (
        ["timestamp", "1. open", "2. high", "3. low", "4. close", "6. volume"],
        lambda b, d: [d["iso"], *(b[n] for n in ("Open", "High", "Low", "Close", "Volume"))],
    ),
    "refinitiv": (
        ["Exchange Date", "Close", "Net", "%Chg", "Open", "Low", "High", "Volume", "Turnover"],
        lambda b, d: [
            *(d["oracle"], b["Close"], "-0.01", "-1.00%", b["Open"], b["Low"], b["High"]),
            *(b["Volume"], "1,234,567"),
        ],
    ),
    "yahoo_page": (
        ["Date", "Open", "High", "Low", "Close* ", "Volume"],
        lambda b, d: [d["investing"], *(b[n] for n in ("Open", "High", "Low", "Close", "Volume"))],
    ),
    "google": (
        ["Date", "Close"],
        lambda b, d: [d["clock"], b["Close"]],
    ),
}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_bars_of_each_vendor_give_the_same_closes(tmp_path, vendor, newest_first):
    header, spell = VENDORS[vendor]
    dates = {name: spell_dates(CLOSE.index, form) for name, form in DATES.items()}
    bars = one_asset()
    rows = [
        spell(
            {name: series.iloc[n] for name, series in bars.items()},
            {name: texts[n] for name, texts in dates.items()},
        )
        for n in range(len(CLOSE))
    ]
    rows = rows[::-1] if newest_first else rows
    path = write_rows(tmp_path / "AAPL.csv", [header, *rows], quoting=csv.QUOTE_ALL)
    read = assert_reads(path, CLOSE[["AAPL"]])
    assert any("newest first" in note for note in read.inferred) == newest_first or (
        vendor == "stooq_bulk"
    )


def test_a_bloomberg_sheet_with_fields_below_tickers_is_read(tmp_path):
    rows = wide_rows(CLOSE, date=DATES["british"])
    tickers = ["", *(f"{name} US Equity" for name in ASSETS)]
    title = ["Start Date", "20/12/2019"]
    rows = [title, ["End Date", "13/02/2020"], [], tickers, ["Dates", *["PX_LAST"] * 3], *rows[1:]]
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    np.testing.assert_array_equal(read.bars.prices, CLOSE)
    assert list(read.bars.prices.columns) == tickers[1:]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_titles_units_and_footers_are_left_out_and_said(tmp_path, ending):
    rows = wide_rows(CLOSE)
    rows = [
        ["Prices of three assets"],
        ["# downloaded on 2020-03-01 by hand, not checked"],
        [],
        rows[0],
        ["", "USD", "USD", "USD"],
        *rows[1:],
        [],
        ["Total", "1", "2", "3"],
        ["Source: the vendor. Past performance is no guide."],
    ]
    path = tmp_path / f"p.{ending}"
    if ending == "csv":
        write_rows(path, rows)
    else:
        rows = [[*row, *[""] * (4 - len(row))] for row in rows]
        cells = [[float(c) if n and c[:1].isdigit() else c for n, c in enumerate(r)] for r in rows]
        pd.DataFrame(cells).to_excel(path, index=False, header=False)
    read = assert_reads(path, CLOSE)
    assert read.bars.currencies == dict.fromkeys(ASSETS, "USD")
    said = " ".join(read.inferred)
    for part in ("Skipped 2 lines above the header", "row of units", "Left out 2 lines below"):
        assert part in said


@pytest.mark.parametrize(
    ("form", "ends"),
    [("%Y-%m", True), ("%b %Y", True), ("%Y%m", True), ("%m/%Y", True), ("%YM%m", True)],
)
def test_labels_of_months_stand_for_their_last_day(tmp_path, form, ends):
    months = pd.date_range("2019-01-31", periods=14, freq="ME", name="Date")
    frame = CLOSE.iloc[:14].set_axis(months)
    path = write_rows(tmp_path / "p.csv", wide_rows(frame, date=form))
    assert any("months" in note for note in assert_reads(path, frame).inferred) == ends


@pytest.mark.parametrize("unit", ["serial", "seconds", "milliseconds"])
def test_dates_that_are_numbers_are_told_by_their_size(tmp_path, unit):
    days = (CLOSE.index - pd.Timestamp("1970-01-01")).days
    numbers = {"serial": days + 25569, "seconds": days * 86400, "milliseconds": days * 86400000}
    CLOSE.set_axis(pd.Index(numbers[unit], name="Date")).to_csv(tmp_path / "p.csv")
    assert_reads(tmp_path / "p.csv", CLOSE)
    CLOSE.set_axis(pd.Index(numbers[unit], name="Date")).to_excel(tmp_path / "p.xlsx")
    assert_reads(tmp_path / "p.xlsx", CLOSE)


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"])
def test_dates_without_evidence_are_refused_until_the_order_is_given(tmp_path, form):
    frame = CLOSE[(CLOSE.index.day <= 12)]
    path = write_rows(tmp_path / "p.csv", wide_rows(frame, date=form))
    with pytest.raises(DataError, match="date_order='dmy' or 'mdy' \\(--date-order\\)"):
        read_bars(path)
    assert_reads(path, frame, date_order="mdy" if form[1] == "m" else "dmy")


def test_day_first_beside_month_first_is_refused(tmp_path):
    rows = wide_rows(CLOSE, date=DATES["british"])
    rows[-1][0] = "02/28/2020"
    with pytest.raises(DataError, match="mixes day-first and month-first"):
        read_bars(write_rows(tmp_path / "p.csv", rows))


def test_an_order_that_the_dates_contradict_is_refused(tmp_path):
    path = write_rows(tmp_path / "p.csv", wide_rows(CLOSE, date=DATES["british"]))
    with pytest.raises(DataError, match="`date_order` is 'mdy', but"):
        read_bars(path, date_order="mdy")


@pytest.mark.parametrize("form", ["%d/%m/%y", "%d-%b-%y"])
def test_years_of_two_digits_are_refused_until_the_order_is_given(tmp_path, form):
    path = write_rows(tmp_path / "p.csv", wide_rows(CLOSE, date=form))
    with pytest.raises(DataError, match="two digits"):
        read_bars(path)
    assert_reads(path, CLOSE, date_order="dmy")


def test_a_comma_that_may_be_either_mark_is_refused_until_decided(tmp_path):
    frame = (CLOSE[["^GSPC"]] / 1000).round(3)
    rows = wide_rows(frame, number=lambda v: f"{v:.3f}".replace(".", ","))
    path = write_rows(tmp_path / "p.csv", rows, delimiter=";")
    with pytest.raises(DataError, match=r"decimal='\.' or decimal=',' \(--decimal\)"):
        read_bars(path)
    assert_reads(path, frame, decimal=",")
    assert_reads(path, (frame * 1000).round(0), decimal=".")


def test_numbers_with_both_decimal_marks_are_refused(tmp_path):
    rows = wide_rows(CLOSE, number=german)
    rows[3][1] = "0.91"
    with pytest.raises(DataError, match="different decimal marks"):
        read_bars(write_rows(tmp_path / "p.csv", rows, delimiter=";"))


def german(value):
    return NUMBERS["german"](value)


@pytest.mark.parametrize("mark", ["", "-", "null", "N/A", "#N/A", "NaN", ".", "n.a.", "None"])
@pytest.mark.parametrize("number", ["plain", "german"])
def test_every_mark_of_a_missing_price_is_understood(tmp_path, mark, number):
    frame = CLOSE.copy()
    frame.iloc[:7, 1] = np.nan
    rows = wide_rows(frame, number=NUMBERS[number])
    rows = [[mark if cell == "" else cell for cell in row] for row in rows]
    assert_reads(write_rows(tmp_path / "p.csv", rows, delimiter=";"), frame)


def test_percent_strings_become_decimal_returns(tmp_path):
    returns = CLOSE.pct_change().iloc[1:].round(4)
    rows = wide_rows(returns, number=lambda v: f"{100 * v:.2f}%")
    path = write_rows(tmp_path / "r.csv", rows)
    market = bl.load_prices(path, returns=True)
    back = market.prices.pct_change().iloc[1:]
    np.testing.assert_allclose(back, returns, atol=1e-12)
    with pytest.raises(DataError, match="--returns"):
        bl.load_prices(path)


def test_prices_read_as_returns_are_refused(tmp_path):
    path = write_rows(tmp_path / "p.csv", wide_rows(CLOSE[["BRK-B"]]))
    with pytest.raises(DataError, match="holds prices"):
        bl.load_prices(path, returns=True)


@pytest.mark.parametrize(
    "name",
    [
        "sector_etf_ohlcv_2000_2019.csv.gz",
        "dow_ohlcv_1991_2018.parquet",
        "djia_index_1985_2018.csv.gz",
        "pypfopt_19stocks_1990_2018.csv.gz",
        "sp500_scale_adjclose_2010_2019_wide.parquet",
    ],
)
def test_real_files_are_read_as_pandas_reads_them(name):
    path = dev_data(name)
    read = read_bars(path)
    assert not read.findings
    assert not read.holds_returns
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    value = "adj_close" if "adj_close" in table else None
    if "ticker" in table:
        table["ticker"] = table["ticker"].astype(str)
        expected = table.pivot(index="date", columns="ticker", values=value)
    else:
        expected = table.set_index(table.columns[0] if "date" in table else table.index.name or [])
        expected = expected[[value]] if value else expected
    np.testing.assert_allclose(
        read.bars.prices.to_numpy(), expected.to_numpy(dtype=float), rtol=1e-12
    )
