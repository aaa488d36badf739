import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers import make_prices
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import blportfolio as bl
from blportfolio.errors import DataError

LAYOUTS = (
    *("wide.csv", "wide.csv.gz", "long.csv", "wide.txt", "wide.csv.zip", "wide.csv.zst"),
    *("wide.csv.xz", "wide.csv.bz2", "wide.parquet", "column.parquet", "long.parquet"),
    *("wide.feather", "long.feather", "wide.xlsx", "long.xlsx"),
)


@pytest.fixture
def prices():
    return make_prices(0, n_dates=60, n_assets=3).rename_axis("date")


def to_long(prices, name="close"):
    return prices.reset_index().melt("date", var_name="ticker", value_name=name)


def write(prices, path):
    """Write prices in the layout that the file's name says."""
    layout = path.name.split(".")[0]
    table = {
        "wide": lambda: prices,
        "column": lambda: prices.reset_index(),
        "long": lambda: to_long(prices).dropna(),
    }[layout]()
    with_index = layout == "wide"
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".feather":
        (table.reset_index() if with_index else table).to_feather(path)
    elif path.suffix == ".xlsx":
        table.to_excel(path, index=with_index)
    elif path.suffix == ".zst":
        text = pa.py_buffer(table.to_csv(index=with_index).encode())
        path.write_bytes(pa.compress(text, codec="zstd", asbytes=True))
    else:
        table.to_csv(path, index=with_index)
    return path


def save(text, path):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path, match, **kwargs):
    with pytest.raises(DataError, match=match) as caught:
        bl.load_prices(path, **kwargs)
    assert "\n" not in str(caught.value)


@st.composite
def price_frames(draw):
    n_dates, n_assets = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    values = draw(
        arrays(
            float,
            (n_dates, n_assets),
            elements=st.floats(0.01, 9999.0, allow_subnormal=False),
        )
    )
    values[0] = np.where(np.ptp(values, axis=0) == 0, values[0] * 2, values[0])
    labels = draw(
        st.lists(
            st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1),
            min_size=n_assets,
            max_size=n_assets,
            unique=True,
        )
    )
    labels = [f"~{label}" for label in labels]
    dates = pd.date_range("2000-01-03", periods=n_dates, freq="B", name="date")
    frame = pd.DataFrame(values.copy(), index=dates, columns=labels)
    if n_assets > 1 and n_dates > 2:
        # A late first price; two dates and the whole index must remain.
        frame.iloc[-1, 0] = frame.iloc[-2, 0] * 2
        frame.iloc[: draw(st.integers(0, n_dates - 2)), 0] = np.nan
    return frame


@pytest.mark.parametrize("name", LAYOUTS)
@given(frame=price_frames())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prices_written_in_any_layout_load_unchanged(tmp_path, name, frame):
    market = bl.load_prices(write(frame, tmp_path / name))
    loaded = market.prices[list(frame.columns)]
    assert set(market.assets) == set(frame.columns)
    np.testing.assert_array_equal(market.dates, frame.index)
    # openpyxl writes 16 digits where a float may need 17.
    lost = 1e-15 if name.endswith("xlsx") else 0.0
    np.testing.assert_allclose(loaded.to_numpy(), frame.to_numpy(), rtol=lost, atol=0)
    assert set(market.sources) == {name}


def test_what_was_read_is_noted_and_the_name_is_the_files(prices, tmp_path):
    market = bl.load_prices(write(prices, tmp_path / "long.csv"))
    assert market.name == "long"
    assert market.notes == ("Read long.csv as a long table.",)
    assert bl.load_prices(tmp_path / "long.csv", name="mine").name == "mine"


def test_the_bars_of_one_asset_take_its_name_from_the_file(prices, tmp_path):
    close = prices["A0"]
    bars = pd.DataFrame(
        {"Open": close * 0.9, "High": close * 1.1, "Low": close * 0.8, "Close": close, "Volume": 5}
    )
    bars.to_csv(tmp_path / "ACME.csv")
    market = bl.load_prices(tmp_path / "ACME.csv")
    assert market.assets == ("ACME",)
    np.testing.assert_array_equal(market.prices["ACME"], close)
    np.testing.assert_allclose(market.low["ACME"], close * 0.8, rtol=1e-15)
    assert (market.volume == 5).all(axis=None)


@pytest.mark.parametrize("adjusted", ["Adj Close", "adj_close", "Adjusted Close"])
def test_bars_are_scaled_by_the_ratio_of_adjusted_to_raw_close(prices, tmp_path, adjusted):
    close, factor = prices["A0"], np.linspace(0.5, 1, len(prices))
    bars = pd.DataFrame({"open": close - 1, "high": close + 2, "low": close - 3, "close": close})
    bars[adjusted] = close * factor
    bars.to_csv(tmp_path / "A.csv")
    market = bl.load_prices(tmp_path / "A.csv")
    np.testing.assert_array_equal(market.prices["A"], close * factor)
    for name in ("open", "high", "low"):
        loaded = getattr(market, name)["A"]
        np.testing.assert_allclose(loaded, bars[name] * factor, rtol=1e-14)
        np.testing.assert_allclose(loaded / market.prices["A"], bars[name] / close, rtol=1e-14)


def test_a_long_table_may_come_in_any_order(prices, tmp_path):
    long = to_long(prices).sample(frac=1, random_state=0)
    long.to_csv(tmp_path / "long.csv", index=False)
    loaded = bl.load_prices(tmp_path / "long.csv").prices
    np.testing.assert_array_equal(loaded.to_numpy(), prices.to_numpy())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_dates_with_a_time_zone_keep_their_local_day(prices, tmp_path, zone, suffix):
    path = tmp_path / f"wide{suffix}"
    write(prices.tz_localize(zone), path)
    np.testing.assert_array_equal(bl.load_prices(path).dates, prices.index)


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S"])
def test_iso_dates_are_read_in_every_usual_form(prices, tmp_path, form):
    prices.set_axis(prices.index.strftime(form)).to_csv(tmp_path / "p.csv", index_label="date")
    np.testing.assert_array_equal(bl.load_prices(tmp_path / "p.csv").dates, prices.index)


@pytest.mark.parametrize(
    "label", ["date", "Date", "timestamp", "", "Unnamed: 0", "Month", "any word"]
)
def test_dates_are_found_whatever_their_column_is_called(prices, tmp_path, label):
    prices.to_csv(tmp_path / "p.csv", index_label=label)
    assert bl.load_prices(tmp_path / "p.csv").assets == ("A0", "A1", "A2")


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(prices, tmp_path):
    text = prices.to_csv()
    for number, line_end in enumerate(("\r\n", "\r", "\n\n")):
        path = save("\ufeff" + text.replace("\n", line_end), tmp_path / f"p{number}.csv")
        np.testing.assert_array_equal(bl.load_prices(path).prices, prices)


BROKEN = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n \n", "is empty"),
    "header.csv": (b"date,A,B\n", "has no rows"),
    "commas.csv": (b",,\n,,\n", "is empty"),
    "words.csv": (b"hello world\nthis is\nnot prices\n", "one column"),
    "page.csv": (b"<html>\n<body>\n404\n", "one column"),
    "one_column.csv": (b"date\n2000-01-03\n2000-01-04\n", "one column"),
    "one_row.csv": (b"date,A\n2000-01-03,1\n", "two dates"),
    "no_header.csv": (b"2000-01-03,1,2\n2000-01-04,3,4\n2000-01-05,3,5\n", "no header"),
    "ragged.csv": (b"date,A\n2000-01-03,1\n2000-01-04,2,3,4\n", "4 cells where 2 were expected"),
    "quote.csv": (b'date,A\n2000-01-03,1\n"2000-01-04,2\n', "unexpected end of data"),
    "text.csv": (b"date,A\n2000-01-03,1\n2000-01-04,oops\n", "'oops' in column 'A', row 2"),
    "nul.csv": (b"date,A\n2000-01-03,1\n2000-01-04,2\0003\n", "control characters"),
    "thousands.csv": (b'date,A\n2000-01-03,1\n2000-01-04,"1,234"\n', "decimal=','"),
    "boolean.csv": (b"date,A\n2000-01-03,True\n2000-01-04,False\n", "'True' in column 'A', row 1"),
    "infinite.csv": (b"date,A\n2000-01-03,1\n2000-01-04,1e400\n", "must be positive"),
    "same_column.csv": (b"date,A,A\n2000-01-03,1,2\n2000-01-04,2,3\n", "two columns 'A'"),
    "same_date.csv": (b"date,A\n2000-01-03,1\n2000-01-03,2\n", "2000-01-03 twice"),
    "no_date.csv": (b"date,A\n2000-01-03,1\n,2\n", "no date in row 2"),
    "month_13.csv": (b"date,A\n2000-01-03,1\n2000-13-01,2\n", "'2000-13-01'"),
    "numbers.csv": (b"date,A\n1,1\n2,2\n", "YYYY-MM-DD"),
    "returns.csv": (b"date,A\n2000-01-03,-0.01\n2000-01-04,0.02\n2000-01-05,0\n", "--returns"),
    "same_row.csv": (b"date,ticker,close\n2000-01-03,A,1\n2000-01-03,A,2\n", "'A' on 2000-01-03"),
    "no_ticker.csv": (b"date,ticker,close\n2000-01-03,A,1\n2000-01-04,,2\n", "no ticker in row 2"),
    "no_price.csv": (b"date,ticker,size\n2000-01-03,A,1\n2000-01-04,A,2\n", "no price column"),
    "volume.csv": (b"date,close,volume\n2000-01-03,1,-1\n2000-01-04,2,1\n", "`volume`"),
    "neither.csv": (b"date,Soci\x81t\xe9\n2000-01-03,1\n", "neither UTF-8 nor"),
    "utf16.csv": ("date,A\n2000-01-03,1\n".encode("utf-16")[:-1], "cannot be read"),
    "escape.csv": (b"date,\x1b[31m\n2000-01-03,1\n2000-01-04,2\n", "control characters"),
    "cut.csv.gz": (gzip.compress(b"date,A\n2000-01-03,1\n" * 99)[:40], "cannot be read"),
    "prices.xlsx": (b"PK\x03\x04", "cannot be read"),
    "prices": (b"date,A\n2000-01-03,1\n", "neither CSV nor Parquet"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_sentence(name, tmp_path):
    content, match = BROKEN[name]
    refused(save(content, tmp_path / name), match)


@pytest.mark.parametrize(
    "suffix", [".csv", ".csv.gz", ".csv.zip", ".csv.xz", ".csv.bz2", ".csv.zst", ".parquet", ".pq"]
)
@given(content=st.binary(min_size=1, max_size=200))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_refused_whatever_it_is_called(tmp_path, suffix, content):
    refused(save(content, tmp_path / f"garbage{suffix}"), "garbage|prices")


def test_a_parquet_without_dates_is_refused(prices, tmp_path):
    prices.reset_index(drop=True).to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "unknown layout or date")


@pytest.mark.parametrize("value", ["x", [1.0], b"x", {"a": 1}, True])
def test_a_parquet_column_without_numbers_is_refused(prices, tmp_path, value):
    prices.assign(extra=[value] * len(prices)).to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "column 'extra'")


@pytest.mark.parametrize("name", ["missing.csv", "missing/p.parquet", "n" * 300 + ".csv"])
def test_a_path_that_does_not_exist_is_refused(tmp_path, name):
    refused(tmp_path / name, "no file|cannot be read")


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    refused(tmp_path / "folder.csv", "is a folder")


@given(
    max_gap=st.integers(1, 6),
    listed=st.integers(0, 8),
    delisted=st.integers(32, 39),
    start=st.integers(10, 20),
    length=st.integers(1, 8),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_max_gap_carries_prices_after_a_listing_and_not_before(
    tmp_path, max_gap, listed, delisted, start, length
):
    prices = make_prices(0, n_dates=40, n_assets=2).rename_axis("date")
    prices.iloc[:listed, 0] = np.nan
    prices.iloc[delisted + 1 :, 0] = np.nan
    prices.iloc[start : start + length, 0] = np.nan
    path = write(prices, tmp_path / "wide.csv")
    refused(path, f"'A0' have {length} missing")
    if length > max_gap:
        refused(path, f"'A0' have {length - max_gap} missing", max_gap=max_gap)
        return
    market = bl.load_prices(path, max_gap=max_gap)
    expected = prices.copy()
    expected.iloc[start : start + length, 0] = prices.iloc[start - 1, 0]
    expected.iloc[delisted + 1 : delisted + 1 + max_gap, 0] = prices.iloc[delisted, 0]
    np.testing.assert_array_equal(market.prices.to_numpy(), expected.to_numpy())
    added = length + min(max_gap, len(prices) - 1 - delisted)
    assert f"over {added} missing dates" in market.notes[-1]


@given(cut=st.integers(12, 38), max_gap=st.integers(0, 6), hole=st.integers(1, 5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_a_file_does_not_look_ahead(tmp_path, cut, max_gap, hole):
    """A file that ends at t gives the prices that the whole file gives up to t."""
    prices = make_prices(1, n_dates=40, n_assets=2).rename_axis("date")
    prices.iloc[20 : 20 + hole, 0] = np.nan
    if hole > max_gap:
        max_gap = hole
    whole = bl.load_prices(write(prices, tmp_path / "wide.csv"), max_gap=max_gap)
    part = bl.load_prices(write(prices.iloc[:cut], tmp_path / "wide.csv"), max_gap=max_gap)
    np.testing.assert_array_equal(part.prices, whole.prices.iloc[:cut])


def test_a_max_gap_that_counts_nothing_is_refused(prices, tmp_path):
    path = write(prices, tmp_path / "wide.csv")
    for wrong in (-1, 1.5, "2"):
        refused(path, "`max_gap` must be a whole number of 0 or more", max_gap=wrong)


def test_a_file_of_returns_becomes_growth_of_one(prices, tmp_path):
    returns = prices.pct_change().dropna()
    returns.to_csv(tmp_path / "r.csv", index_label="date")
    market = bl.load_prices(tmp_path / "r.csv", returns=True)
    np.testing.assert_allclose(market.prices.iloc[0], 1.0)
    np.testing.assert_allclose(market.prices.pct_change().dropna(), returns, atol=1e-14)
    assert market.notes[-1] == "Turned its returns into growth of 1."


def test_spaces_around_names_are_not_part_of_them(tmp_path):
    save("date , A ,B\n2000-01-03,1,2\n2000-01-04,2,3\n", tmp_path / "p.csv")
    assert bl.load_prices(tmp_path / "p.csv").assets == ("A", "B")


def test_returns_may_start_late_and_end_early_but_have_no_gap(prices, tmp_path):
    returns = prices.pct_change().iloc[1:]
    returns.iloc[:7, 1] = np.nan
    returns.iloc[20:, 0] = np.nan
    market = bl.load_prices(write(returns, tmp_path / "wide.csv"), returns=True)
    back = market.prices.pct_change(fill_method=None).iloc[1:]
    np.testing.assert_allclose(back, returns, atol=1e-14)
    assert market.prices.iloc[7, 1] == 1.0
    returns.iloc[12, 1] = np.nan
    write(returns, tmp_path / "wide.csv.gz")
    with pytest.raises(DataError, match="without gaps"):
        bl.load_prices(tmp_path / "wide.csv.gz", returns=True)
    with pytest.raises(DataError, match="carries prices"):
        bl.load_prices(tmp_path / "wide.csv", returns=True, max_gap=2)


def test_a_column_named_like_a_date_is_an_asset(tmp_path):
    save("Date,AAPL,DAY,TIME\n2000-01-03,1,2,3\n2000-01-04,2,3,4\n", tmp_path / "p.csv")
    assert bl.load_prices(tmp_path / "p.csv").assets == ("AAPL", "DAY", "TIME")


@pytest.mark.parametrize("name", LAYOUTS[:3])
def test_rows_in_another_order_are_sorted_and_said(prices, tmp_path, name):
    write(prices.iloc[::-1], tmp_path / name)
    market = bl.load_prices(tmp_path / name)
    np.testing.assert_array_equal(market.prices, prices)
    assert ("newest first" in " ".join(market.notes)) == (name != "long.csv")


def test_a_daily_bar_stamped_with_its_close_belongs_to_the_day(prices, tmp_path):
    stamped = prices.set_axis(prices.index + pd.Timedelta(hours=16))
    market = bl.load_prices(write(stamped.rename_axis("date"), tmp_path / "wide.csv"))
    assert market.dates.equals(pd.DatetimeIndex(prices.index))
    day = prices.index[-1]
    assert bl.make_window(market, as_of=str(day.date()), lookback=5).as_of == day


def test_row_numbers_left_by_an_index_are_no_prices(prices, tmp_path):
    table = prices.rename_axis("date")
    table.reset_index().to_csv(tmp_path / "wide.csv")
    long = table.reset_index().melt(id_vars="date", var_name="ticker", value_name="close")
    some = long[long["ticker"] != "A1"]
    some.to_csv(tmp_path / "long.csv")
    some.to_parquet(tmp_path / "long.parquet")
    np.testing.assert_array_equal(bl.load_prices(tmp_path / "wide.csv").prices, prices)
    for name in ("long.csv", "long.parquet"):
        np.testing.assert_array_equal(bl.load_prices(tmp_path / name).prices, prices[["A0", "A2"]])
