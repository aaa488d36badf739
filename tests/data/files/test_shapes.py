import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from vendor_files import make_bars, spell_dates, wide_rows, write_rows

import blportfolio as bl
from blportfolio.data.files import read_bars
from blportfolio.data.files.shapes import find_bar
from blportfolio.data.files.words import field_of
from blportfolio.errors import DataError

BARS = make_bars()
CLOSE = BARS["Close"]
SPREAD = np.random.default_rng(1).normal(0, 0.005, len(CLOSE))
BAR = pd.DataFrame(
    {
        "open": (BARS["Close"]["^GSPC"] * (1 + SPREAD)).round(2),
        "high": BARS["High"]["^GSPC"],
        "low": BARS["Low"]["^GSPC"],
        "close": BARS["Close"]["^GSPC"],
        "volume": BARS["Volume"]["^GSPC"],
    }
)
EPOCH = ((CLOSE.index - pd.Timestamp("1970-01-01")).days * 86_400_000).tolist()
DAYS = spell_dates(CLOSE.index, "%Y.%m.%d")
LANGUAGES = {
    "German": ("Datum", "Eröffnung", "Hoch", "Tief", "Schluss", "Volumen"),
    "Investing, German": ("Datum", "Eröffn.", "Hoch", "Tief", "Zuletzt", "Vol."),
    "Investing, French": ("Date", "Ouv.", " Plus Haut", "Plus Bas", "Dernier", "Vol."),
    "Investing, Spanish": ("Fecha", "Apertura", "Máximo", "Mínimo", "Último", "Vol."),
    "Investing, Italian": ("Data", "Apertura", "Massimo", "Minimo", "Ultimo", "Vol."),
    "Investing, Russian": ("Дата", "Откр.", "Макс.", "Мин.", "Цена", "Объём"),
    "French": ("date", "ouv", "haut", "bas", "clot", "vol"),
    "Polish": ("Data", "Otwarcie", "Najwyzszy", "Najnizszy", "Zamkniecie", "Wolumen"),
    "Chinese": ("日期", "开盘", "最高", "最低", "收盘", "成交量"),
    "Japanese": ("日付", "始値", "高値", "安値", "終値", "出来高"),
    "Eikon": ("Date", "Price Open", "Price High", "Price Low", "Price Close", "Volume"),
    "units": ("Date", "Open (USD)", "High (USD)", "Low ($)", "Close [USD]", "Volume (shares)"),
    "MetaStock": ("<DTYYYYMMDD>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
}


def assert_bar(path):
    read = read_bars(path)
    assert not read.findings
    bars = read.bars
    for name, frame in (("prices", BAR["close"]), *BAR.drop(columns="close").items()):
        np.testing.assert_array_equal(getattr(bars, name).iloc[:, 0], frame)
    np.testing.assert_array_equal(bars.prices.index, CLOSE.index)
    return read


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fields_of_a_bar_are_known_in_many_languages(tmp_path, language):
    days = spell_dates(CLOSE.index, "%Y%m%d" if language == "MetaStock" else "%Y-%m-%d")
    rows = [[day, *row] for day, row in zip(days, BAR.to_numpy().tolist(), strict=True)]
    read = assert_bar(write_rows(tmp_path / "A.csv", [LANGUAGES[language], *rows]))
    assert read.bars.prices.columns.tolist() == ["A"]


HEADERLESS = {
    "Binance": lambda n, bar: [EPOCH[n], *bar, EPOCH[n] + 86_399_999, 1.5, 100, 2.5, 3.5, 0],
    "Kraken": lambda n, bar: [EPOCH[n] // 1000, *bar, 12],
    "MetaTrader": lambda n, bar: [DAYS[n], "00:00", *bar],
    "HistData": lambda n, bar: [DAYS[n].replace(".", "") + " 170000", *bar],
}


@pytest.mark.parametrize("vendor", HEADERLESS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_bars_without_a_header_are_told_by_their_highs_and_lows(tmp_path, vendor, ending):
    rows = [HEADERLESS[vendor](n, bar) for n, bar in enumerate(BAR.to_numpy().tolist())]
    path = tmp_path / f"BTC.{ending}"
    if ending == "csv":
        write_rows(path, rows)
    else:
        pd.DataFrame(rows).to_excel(path, index=False, header=False)
    assert any("has no header" in note for note in assert_bar(path).inferred)


@pytest.mark.parametrize("first", [DAYS, EPOCH])
def test_assets_without_a_header_are_refused(tmp_path, first):
    """A row of prices must not become the names of assets."""
    rows = [
        [day, *row, 5.0] for day, row in zip(first, CLOSE.iloc[:, ::-1].to_numpy(), strict=True)
    ]
    with pytest.raises(DataError, match="no header"):
        read_bars(write_rows(tmp_path / "p.csv", rows))


def test_bars_whose_labels_are_not_known_are_refused_and_not_taken_for_assets(tmp_path):
    table = BAR.set_axis(["Avaus", "Ylin", "Alin", "Päätös", "Vaihto"], axis=1)
    table.to_csv(tmp_path / "p.csv")
    with pytest.raises(DataError, match=r"'Ylin' is never below 'Alin'.*name the columns open"):
        read_bars(tmp_path / "p.csv")


@given(seed=st.integers(0, 10_000), n_assets=st.integers(4, 8))
@settings(max_examples=60)
def test_four_assets_are_never_taken_for_a_bar(seed, n_assets):
    prices = make_prices(seed, n_dates=60, n_assets=n_assets).to_numpy()
    assert find_bar(prices / prices[0]) is None


def test_yields_by_maturity_are_no_bar():
    steps = np.cumsum(np.random.default_rng(0).normal(0, 0.02, (250, 4)), axis=0) / 10
    assert find_bar(4 + np.array([0.0, 0.3, 0.35, 0.5]) + steps) is None


@pytest.mark.parametrize(
    ("labels", "left_out"),
    [
        (["snapped_at", "price", "market_cap", "something else"], "something else"),
        (["Date", "Price", "CVol", "Holdings"], "Holdings"),
        (["As Of", "NAV per Share", "Ex-Dividends", "Shares Outstanding"], "Shares Outstanding"),
    ],
)
def test_columns_beside_a_column_of_prices_are_no_assets(tmp_path, labels, left_out):
    rows = [
        [day, 10 + n, 5, 1000 + n] for n, day in enumerate(spell_dates(CLOSE.index, "%Y-%m-%d"))
    ]
    read = read_bars(write_rows(tmp_path / "A.csv", [labels, *rows]))
    assert read.bars.prices.columns.tolist() == ["A"]
    assert f"Left out the columns {left_out}." in read.inferred


def test_the_second_of_two_kinds_of_volume_is_left_out_and_two_prices_are_a_fault(tmp_path):
    table = BAR.assign(**{"Wolumen": 1.0})
    table.to_csv(tmp_path / "A.csv")
    assert "Left out the columns Wolumen." in assert_bar(tmp_path / "A.csv").inferred
    BAR[["close"]].assign(**{"Closing Price": 7.0}).to_csv(tmp_path / "B.csv")
    with pytest.raises(DataError, match="two columns of the close, 'close' and 'Closing Price'"):
        bl.load_prices(tmp_path / "B.csv")


def test_the_letters_of_polygon_are_fields_beside_their_dates_alone(tmp_path):
    table = BAR.rename(columns=lambda name: name[0])
    table.assign(vw=1.0, n=5).set_axis(pd.Index(EPOCH, name="t")).to_csv(tmp_path / "A.csv")
    assert_bar(tmp_path / "A.csv")
    CLOSE.set_axis(["C", "L", "H"], axis=1).assign(O=2.0).to_csv(tmp_path / "B.csv")
    assert sorted(read_bars(tmp_path / "B.csv").bars.prices.columns) == ["C", "H", "L", "O"]


@pytest.mark.parametrize("label", ["ts_code", "Ticker Symbol", "fund", "tic", "股票代码", ""])
@pytest.mark.parametrize("price", ["close", "Closing Price ($)", "OBS_VALUE"])
def test_tickers_are_told_by_what_they_hold(tmp_path, label, price):
    long = CLOSE.reset_index().melt("Date", var_name=label, value_name=price)
    long.assign(kind="EQ", note=[f"row {n}" for n in range(len(long))]).drop(columns="note").to_csv(
        tmp_path / "p.csv", index=False
    )
    read = read_bars(tmp_path / "p.csv")
    np.testing.assert_array_equal(read.bars.prices[list(CLOSE)], CLOSE)


ODD = ("TRUE", "NA", "NAN", "NULL", "None", "1101.TW", "000001.SZ", "2020", "MAR", "DEC", "DATE")


@pytest.mark.parametrize(
    ("layout", "ending"),
    [
        (layout, ending)
        for layout in ("wide", "long", "levels")
        for ending in ("csv", "parquet", "feather", "xlsx")
        if (layout, ending) != ("levels", "feather")  # it has one level of labels
    ],
)
def test_tickers_that_look_like_something_else_survive(tmp_path, ending, layout):
    frame = make_prices(0, n_dates=20, n_assets=len(ODD)).round(2)
    frame = frame.set_axis(list(ODD), axis=1).rename_axis("Date")
    table = {
        "wide": frame,
        "long": frame.reset_index().melt("Date", var_name="ticker", value_name="close"),
        "levels": pd.concat({"Close": frame, "Open": frame}, axis=1),
    }[layout]
    path = tmp_path / f"p.{ending}"
    index = layout != "long"
    if ending in {"parquet", "feather"}:
        flat = table.reset_index() if index and ending == "feather" else table
        getattr(flat, f"to_{ending}")(path)
    else:
        (table.to_csv if ending == "csv" else table.to_excel)(path, index=index)
    market = bl.load_prices(path)
    np.testing.assert_array_equal(market.prices[list(ODD)], frame)
    assert len(market.assets) == len(ODD)


def test_tickers_that_differ_in_case_alone_are_different_assets_and_said(tmp_path):
    frame = CLOSE.set_axis(["Abc", "ABC", "X"], axis=1)
    frame.to_csv(tmp_path / "p.csv")
    read = read_bars(tmp_path / "p.csv")
    np.testing.assert_array_equal(read.bars.prices, frame)
    assert "Took Abc, ABC for different assets." in read.inferred


def test_a_boolean_cell_of_a_workbook_is_the_ticker_that_excel_shows(tmp_path):
    long = CLOSE.reset_index().melt("Date", var_name="ticker", value_name="close")
    long["ticker"] = long["ticker"].astype(object).replace({"AAPL": True})
    long.to_excel(tmp_path / "p.xlsx", index=False)
    assert "TRUE" in read_bars(tmp_path / "p.xlsx").bars.prices


def test_tickers_that_begin_like_a_field_are_assets(tmp_path):
    rows = wide_rows(CLOSE.set_axis(["BAS.DE", "LOW.US", "MAX.PA"], axis=1))
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    assert list(read.bars.prices.columns) == ["BAS.DE", "LOW.US", "MAX.PA"]


@pytest.mark.parametrize(
    ("label", "name"),
    [("Close (USD)", "close"), ("Closing Price ($)", "close"), ("Adj. Close**", "adjusted")],
)
def test_a_unit_after_a_label_does_not_hide_its_field(label, name):
    assert field_of(label) == name


def test_a_label_over_two_lines_is_one_label(tmp_path):
    table = CLOSE.set_axis([f"{name}\nclose" for name in CLOSE], axis=1)
    table.to_csv(tmp_path / "p.csv")
    np.testing.assert_array_equal(read_bars(tmp_path / "p.csv").bars.prices[list(CLOSE)], CLOSE)
