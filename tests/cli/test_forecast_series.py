import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

from blportfolio.cli.forecast_series import load_series
from blportfolio.data import load_prices
from blportfolio.errors import ConfigError, DataError

N = 60


@pytest.fixture
def frame():
    values = np.cumsum(np.random.default_rng(0).normal(size=(N, 2)), axis=0) - 3
    return pd.DataFrame(values, columns=["load", "heat"])


def levels(path, *columns, **reading):
    return load_series(str(path), levels=True, columns=columns, reading=reading).panel


def with_first(name, values):
    return lambda frame: frame.set_axis(frame.columns, axis=1).assign(**{name: values})[
        [name, *frame.columns]
    ]


@pytest.mark.parametrize(
    ("change", "options", "labels"),
    [
        (None, {"index": False}, ("load", "heat")),
        (None, {"index": False, "header": False}, ("column 1", "column 2")),
        (None, {"index": False, "sep": ";", "decimal": ","}, ("load", "heat")),
        (None, {"index": False, "sep": "\t"}, ("load", "heat")),
        (None, {"index": False, "header": False, "sep": " "}, ("column 1", "column 2")),
        (None, {}, ("load", "heat")),  # the row numbers of a frame are no series
        (with_first("time", range(N)), {"index": False}, ("load", "heat")),
        (with_first("step", range(1, N + 1)), {"index": False}, ("load", "heat")),
    ],
)
def test_numbers_without_dates_are_taken_by_row_however_they_are_written(
    frame, tmp_path, change, options, labels
):
    path = tmp_path / "levels.csv"
    (change(frame) if change else frame).to_csv(path, **options)
    panel = levels(path)
    assert panel.labels == labels
    assert panel.dates is None
    np.testing.assert_array_equal(panel.values, frame)


def test_one_column_of_decimal_commas_is_one_series(frame, tmp_path):
    path = tmp_path / "levels.csv"
    frame[["load"]].to_csv(path, index=False, sep=";", decimal=",")
    np.testing.assert_array_equal(levels(path).values, frame[["load"]])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Datum", pd.date_range("2001-01-30", periods=N).strftime("%Y%m%d").astype(int)),
        ("Tag", pd.date_range("2001-01-30", periods=N).strftime("%d.%m.%Y")),
        ("year", range(1900, 1900 + N)),
    ],
)
def test_dates_are_no_series_however_they_are_written(frame, tmp_path, name, values):
    path = tmp_path / "levels.csv"
    with_first(name, values)(frame).to_csv(path, index=False)
    panel = levels(path)
    assert panel.labels == ("load", "heat")
    assert str(panel.dates[0])[:10] in ("2001-01-30", "1900-12-31")


def test_rows_of_unlike_length_are_refused(tmp_path):
    path = tmp_path / "levels.csv"
    path.write_text("a\n" + "1,5\n" * 40, encoding="utf-8")
    np.testing.assert_array_equal(levels(path).values, np.full((40, 1), 1.5))
    path.write_text("a,b\n" + "1,2\n3,4,5\n" * 40, encoding="utf-8")
    with pytest.raises(DataError, match="3 cells where 2 were expected"):
        levels(path)


def test_only_the_columns_asked_for_must_be_numbers(tmp_path):
    prices = make_prices(0, N, 3)
    prices["note"], prices["flat"], prices["gap"] = "x", 5.0, prices.iloc[:, 0]
    prices.iloc[20:30, -1] = np.nan
    first = prices.columns[0]
    prices.to_csv(tmp_path / "prices.csv", index_label="date")
    path = str(tmp_path / "prices.csv")
    with pytest.raises(DataError, match="'x' in column 'note'"):
        load_series(path, levels=False, reading={})
    for is_level in (False, True):
        found = load_series(path, levels=is_level, columns=[first], reading={})
        assert found.panel.labels == (first,)
        with pytest.raises(ConfigError, match=r"has no column 'nota'\. Did you mean 'note'"):
            load_series(path, levels=is_level, columns=["nota"], reading={})
    by_row = prices.reset_index(drop=True)[["note", first]]
    by_row.to_csv(tmp_path / "rows.csv", index=False)
    assert levels(tmp_path / "rows.csv", first).labels == (first,)


def test_assets_of_a_long_table_can_be_chosen(tmp_path):
    prices = make_prices(0, N, 3)
    long = prices.rename_axis("date").reset_index()
    long = long.melt("date", var_name="ticker", value_name="close")
    long.to_csv(tmp_path / "long.csv", index=False)
    third, first = prices.columns[2], prices.columns[0]
    market = load_prices(tmp_path / "long.csv", assets=[third, first, third])
    assert set(market.assets) == {first, third}
    np.testing.assert_allclose(market.prices[third], prices[third])
    with pytest.raises(ConfigError, match="has no column 'ZZ'"):
        load_prices(tmp_path / "long.csv", assets=["ZZ"])


def test_prices_without_dates_are_told_of_levels(frame, tmp_path):
    path = tmp_path / "rows.csv"
    (frame + 100).to_csv(path, index=False)
    with pytest.raises(DataError, match="Or take its numbers by row, as they are: --levels"):
        load_series(str(path), levels=False, reading={})
