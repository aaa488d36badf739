import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vendor_files import NUMBERS, make_bars, wide_rows, write_rows, yahoo_levels

import blportfolio as bl
from blportfolio.data.files import read_bars
from blportfolio.errors import DataError

BARS = make_bars()
CLOSE = BARS["Close"]
LONG = CLOSE.reset_index().melt("Date", var_name="ticker", value_name="close")


def spoiled(tmp_path, kind):
    """A file with one fault of a kind, at row 5, and its path."""
    wide, long = wide_rows(CLOSE), [list(LONG.columns), *LONG.astype(str).to_numpy().tolist()]
    rows = long if kind in {"missing_ticker", "conflicting_long", "same_long"} else wide
    if kind == "unreadable_cell":
        rows[5][2] = "oops"
    elif kind == "unreadable_date":
        rows[5][0] = "2019-13-45"
    elif kind == "missing_date":
        rows[5][0] = ""
    elif kind == "missing_ticker":
        rows[5][1] = " "
    elif kind in {"conflicting_rows", "same_rows", "conflicting_long", "same_long"}:
        again = list(rows[5])
        again[2] = "1.23" if "conflicting" in kind else again[2]
        rows.append(again)
    elif kind in {"conflicting_columns", "same_columns"}:
        other = 3 if "conflicting" in kind else 2
        rows = [[*row, row[other]] for row in rows]
        rows[0][-1] = rows[0][2]
    return write_rows(tmp_path / f"{kind}.csv", rows)


SERIOUS = {
    "unreadable_cell": ("unreadable_cell", "'oops' in column 'BRK-B', row 5"),
    "unreadable_date": ("unreadable_date", "'2019-13-45' in column 'Date', row 5"),
    "missing_date": ("missing_date", "no date in row 5"),
    "missing_ticker": ("missing_ticker", "no ticker in row 5"),
    "conflicting_rows": ("conflicting_rows", "2019-12-26 twice, with different values"),
    "conflicting_long": ("conflicting_rows", "'AAPL' on 2019-12-26 twice, with different"),
    "conflicting_columns": ("conflicting_columns", "two columns 'BRK-B', with different"),
}
HARMLESS = {
    "same_rows": ("duplicate_rows", "2019-12-26 twice, with the same values"),
    "same_long": ("duplicate_rows", "'AAPL' on 2019-12-26 twice, with the same"),
    "same_columns": ("duplicate_columns", "two columns 'BRK-B', with the same values"),
}


@pytest.mark.parametrize("kind", SERIOUS)
def test_a_serious_fault_is_stepped_over_when_reading_and_refused_when_loading(tmp_path, kind):
    path = spoiled(tmp_path, kind)
    found, words = SERIOUS[kind]
    read = read_bars(path)
    assert [(f.kind, f.severity) for f in read.findings] == [(found, "serious")]
    assert words in read.findings[0].message
    bars = read.bars.prices.reindex_like(CLOSE)
    differs = ~((bars == CLOSE) | (bars.isna() & CLOSE.isna()))
    assert differs.to_numpy().sum() <= CLOSE.shape[1]
    with pytest.raises(DataError) as caught:
        bl.load_prices(path)
    assert str(caught.value) == f"{read.findings[0].message} {read.findings[0].remedy}"


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_stands_twice_and_agrees_is_dropped_with_a_warning(tmp_path, kind):
    path = spoiled(tmp_path, kind)
    found, words = HARMLESS[kind]
    read = read_bars(path)
    assert [(f.kind, f.severity, f.fixable) for f in read.findings] == [(found, "warning", True)]
    assert words in read.findings[0].message
    market = bl.load_prices(path)
    np.testing.assert_array_equal(market.prices[CLOSE.columns], CLOSE)
    assert any(words in note for note in market.notes)


def test_every_fault_of_a_file_is_found_at_once(tmp_path):
    rows = wide_rows(CLOSE)
    rows[3][1], rows[4][2], rows[5][0], rows[6][0] = "oops", "=1+1", "", "32/13/2020"
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    kinds = {finding.kind for finding in read.findings}
    assert kinds == {"unreadable_cell", "formula_cell", "missing_date", "unreadable_date"}


def test_rows_and_columns_without_numbers_are_left_out_and_said(tmp_path):
    frame = CLOSE.assign(EMPTY=np.nan)
    frame.iloc[7] = np.nan
    read = read_bars(write_rows(tmp_path / "p.csv", wide_rows(frame)))
    np.testing.assert_array_equal(read.bars.prices, CLOSE.drop(index=CLOSE.index[7]))
    said = " ".join(read.inferred)
    assert "Left out 1 row that has no numbers." in said
    assert "Left out EMPTY: no prices." in said


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("layout", ["wide", "long", "levels"])
def test_shuffled_rows_and_columns_give_the_same_data(tmp_path, layout, data):
    table = {
        "wide": CLOSE.reset_index(),
        "long": LONG.assign(volume=range(len(LONG))),
        "levels": yahoo_levels(BARS),
    }[layout]
    rows = data.draw(st.permutations(range(len(table))))
    columns = data.draw(st.permutations(range(table.shape[1])))
    original, shuffled = tmp_path / "a.csv", tmp_path / "b.csv"
    table.to_csv(original, index=layout == "levels")
    table.iloc[rows, columns].to_csv(shuffled, index=layout == "levels")
    one, other = read_bars(original).bars, read_bars(shuffled).bars
    for name, frame in one.frames().items():
        pd.testing.assert_frame_equal(frame, other.frames()[name][frame.columns])


@given(
    values=st.lists(
        st.floats(1e-3, 1e9, allow_subnormal=False), min_size=6, max_size=6, unique=True
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    mark=st.sampled_from([".", ","]),
    quoted=st.booleans(),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_float_survives_every_locale_to_its_last_bit(
    tmp_path, values, delimiter, mark, quoted
):
    frame = pd.DataFrame(
        np.reshape(values, (3, 2)), pd.date_range("2020-01-29", periods=3, name="Date"), ["A", "B"]
    )
    number = lambda v: repr(float(v)).replace(".", mark)  # noqa: E731
    rows = wide_rows(frame, number=number)
    path = write_rows(tmp_path / "p.csv", rows, delimiter=delimiter, quoting=int(quoted))
    read = read_bars(path, decimal=mark)
    np.testing.assert_array_equal(read.bars.prices, frame)


def test_a_market_written_and_read_again_is_identical(tmp_path, sample_market):
    prices = sample_market.prices
    prices.to_csv(tmp_path / "p.csv")
    prices.to_csv(tmp_path / "semicolons.csv", sep=";", decimal=",")
    prices.to_parquet(tmp_path / "p.parquet")
    prices.reset_index().to_feather(tmp_path / "p.feather")
    prices.reset_index().melt("date").rename(columns={"asset": "ticker"}).to_parquet(
        tmp_path / "long.parquet"
    )
    for path in tmp_path.iterdir():
        market = bl.load_prices(path)
        pd.testing.assert_frame_equal(market.prices, prices)


def test_nothing_is_inferred_silently(tmp_path):
    rows = [
        ["Prices of the day"],
        *wide_rows(CLOSE[::-1], number=NUMBERS["german"], date="%d.%m.%Y"),
    ]
    path = write_rows(tmp_path / "p.csv", rows, delimiter=";", encoding="utf-16")
    market = bl.load_prices(path)
    said = " ".join(market.notes)
    for part in (
        "as a wide table",
        "UTF-16",
        "semicolons",
        "Skipped 1 line",
        "day-first, as 13.02.2020 shows",
        "decimal mark is ','",
        "thousands",
        "newest first; sorted",
    ):
        assert part in said


def test_tickers_keep_their_leading_zeros(tmp_path):
    long = LONG.assign(
        ticker=LONG["ticker"].map(dict(zip(CLOSE.columns, ["0005", "0700", "7203"], strict=True)))
    )
    long.to_csv(tmp_path / "p.csv", index=False)
    assert list(read_bars(tmp_path / "p.csv").bars.prices.columns) == ["0005", "0700", "7203"]


def test_a_missing_mark_is_a_fine_ticker(tmp_path):
    long = LONG.assign(ticker=LONG["ticker"].replace({"AAPL": "NA", "BRK-B": "NULL"}))
    long.to_csv(tmp_path / "p.csv", index=False)
    assert list(read_bars(tmp_path / "p.csv").bars.prices.columns) == ["NA", "NULL", "^GSPC"]


def test_splits_of_one_are_none_and_dividends_are_nought_where_missing(tmp_path):
    bars = {name: frame["AAPL"] for name, frame in BARS.items()}
    table = pd.DataFrame({"Close": bars["Close"], "Dividends": np.nan, "Split Coefficient": 1.0})
    table.iloc[4, 1:] = [0.5, 2.0]
    table.to_csv(tmp_path / "AAPL.csv")
    read = read_bars(tmp_path / "AAPL.csv").bars
    assert read.dividends["AAPL"].tolist() == [0.5 if n == 4 else 0.0 for n in range(len(CLOSE))]
    assert read.splits["AAPL"].tolist() == [2.0 if n == 4 else 0.0 for n in range(len(CLOSE))]


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_bars_stamped_with_the_times_of_their_exchanges_share_the_day(tmp_path, layout):
    hours = pd.to_timedelta([9, 16, 22], unit="h")
    parts = [
        CLOSE[[name]].set_axis(CLOSE.index + hour).rename_axis("Date").reset_index()
        for name, hour in zip(CLOSE.columns, hours, strict=True)
    ]
    if layout == "wide":
        CLOSE.set_axis(CLOSE.index + hours[1]).rename_axis("Date").to_csv(tmp_path / "p.csv")
    else:
        pd.concat([p.melt("Date", var_name="ticker", value_name="close") for p in parts]).to_csv(
            tmp_path / "p.csv", index=False
        )
    np.testing.assert_array_equal(read_bars(tmp_path / "p.csv").bars.prices, CLOSE)


@pytest.mark.parametrize("option", [{"date_order": "ymd"}, {"decimal": ";"}])
def test_an_option_without_such_a_choice_is_refused(tmp_path, option):
    path = write_rows(tmp_path / "p.csv", wide_rows(CLOSE))
    with pytest.raises(bl.ConfigError, match="has no choice"):
        read_bars(path, **option)


def test_dates_that_a_spreadsheet_has_half_swapped_are_refused(tmp_path):
    """Opened as month-first, 02/01/2020 became a date of February and 20/01/2020 stayed text."""
    cells = [
        f"{d:%Y}-{d.day:02d}-{d.month:02d}" if d.day <= 12 else f"{d:%d/%m/%Y}" for d in CLOSE.index
    ]
    rows = [[*row] for row in wide_rows(CLOSE)]
    for row, cell in zip(rows[1:], cells, strict=True):
        row[0] = cell
    with pytest.raises(DataError, match="swapped day and month"):
        read_bars(write_rows(tmp_path / "p.csv", rows))


def test_numbers_half_of_which_are_percent_are_a_serious_fault(tmp_path):
    rows = wide_rows(CLOSE)
    rows[4][1] += "%"
    read = read_bars(write_rows(tmp_path / "p.csv", rows))
    assert [(f.kind, f.severity) for f in read.findings] == [("mixed_percent", "serious")]


def test_a_long_table_of_returns_is_read(tmp_path):
    returns = CLOSE.pct_change().iloc[1:]
    returns.reset_index().melt("Date", var_name="ticker", value_name="ret").to_csv(
        tmp_path / "r.csv", index=False
    )
    assert read_bars(tmp_path / "r.csv").holds_returns
    market = bl.load_prices(tmp_path / "r.csv", returns=True)
    np.testing.assert_allclose(market.prices.pct_change().iloc[1:], returns, atol=1e-12)


def test_a_last_price_beside_the_close_is_no_raw_close(tmp_path):
    table = pd.DataFrame({"Close": CLOSE["AAPL"], "Last": 2 * CLOSE["AAPL"], "Value": 5.0})
    table.to_csv(tmp_path / "A.csv")
    bars = read_bars(tmp_path / "A.csv").bars
    np.testing.assert_array_equal(bars.prices["A"], CLOSE["AAPL"])
    assert bars.close is None


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("asset,2020-01-02,2020-01-03,2020-01-06\nA,1,2,3\n", "dates along the first row"),
        ("Date,A,Date,B\n2020-01-02,1,2020-01-02,5\n2020-01-03,2,2020-01-03,6\n", "several col"),
        ("Date,A,\n2020-01-02,1,5\n2020-01-03,2,6\n", "no name for its column 3"),
        ("Date,A\n2020-01-02,1,5\n2020-01-03,2,5\n", "no name for its column 3"),
        ("Date,Open\n2020-01-02,1\n\n\n", "two dates"),
    ],
)
def test_a_layout_that_is_not_known_is_refused_with_what_it_is(tmp_path, text, match):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError, match=match):
        bl.load_prices(tmp_path / "p.csv")


def test_currencies_are_taken_from_a_row_of_units_or_a_column(tmp_path):
    currency = {"AAPL": "USD", "BRK-B": "EUR", "^GSPC": "GBP"}
    rows = wide_rows(CLOSE)
    write_rows(tmp_path / "w.csv", [rows[0], ["Currency", *currency.values()], *rows[1:]])
    LONG.assign(currency=LONG["ticker"].map(currency)).to_csv(tmp_path / "l.csv", index=False)
    for name in ("w.csv", "l.csv"):
        assert read_bars(tmp_path / name).bars.currencies == currency


def test_the_asset_of_bars_is_the_files_name_without_the_endings_of_formats(tmp_path):
    table = pd.DataFrame({"Close": CLOSE["AAPL"]})
    for name in ("BRK.B.csv", "BRK.B.csv.gz", "BRK.B.txt"):
        table.to_csv(tmp_path / name)
        assert list(read_bars(tmp_path / name).bars.prices.columns) == ["BRK.B"]


def test_the_decimal_mark_that_is_told_wins_over_what_is_usual(tmp_path):
    rows = wide_rows(CLOSE[["^GSPC"]].round(-1), number=lambda v: f"{v:,.0f}".replace(",", "."))
    path = write_rows(tmp_path / "p.csv", rows)
    np.testing.assert_array_equal(
        read_bars(path, decimal=",").bars.prices, CLOSE[["^GSPC"]].round(-1)
    )
    path = write_rows(tmp_path / "q.csv", wide_rows(CLOSE))
    with pytest.raises(DataError, match="`decimal` is ',', but"):
        read_bars(path, decimal=",")
