import numpy as np
import pandas as pd
import pytest
from helpers import dev_data

import blportfolio as bl
from blportfolio.data.macro_files import list_macro_layouts, macro_layout
from blportfolio.errors import ConfigError, DataError

MONTH = pd.Timedelta(days=30)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "macro.csv"
    file.write_text(
        "date,rate,index\n2020-01-01,5.25,-3\n2020-02-01,,4\n2020-03-01,5.00,5.5\n",
        encoding="utf-8",
    )
    return file


def test_a_user_s_series_get_their_lag_and_unit(path):
    series = bl.read_macro(path, publication_lag=MONTH, unit="percent", revisions="revised")
    rate = series["rate"]
    assert rate.values.tolist() == [0.0525, 0.05]
    assert rate.revisions == "revised"
    assert str(rate.known_from[0].date()) == "2020-01-31"
    assert series["index"].values.iloc[0] == -0.03


def test_months_labelled_by_their_first_day_are_known_after_their_end(path):
    series = bl.read_macro(
        path, publication_lag={"index": MONTH}, unit="level", dates="month_start"
    )
    assert list(series) == ["index"]
    assert series["index"].values.index[0] == pd.Timestamp("2020-01-31")
    assert series["index"].known_from[0] == pd.Timestamp("2020-03-01")
    assert series["index"].values.tolist() == [-3, 4, 5.5]


def test_no_series_is_read_without_a_lag(path):
    with pytest.raises(ConfigError, match="before it was known"):
        bl.read_macro(path)
    with pytest.raises(ConfigError, match="publication_lag"):
        bl.read_macro(path, publication_lag=-MONTH)
    with pytest.raises(ConfigError, match="publication_lag"):
        bl.read_macro(path, publication_lag=30)
    with pytest.raises(ConfigError, match="needs `layout`"):
        bl.read_macro(path, layout="fred_daily", publication_lag=MONTH)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"unit": "bp"}, "unit"),
        ({"dates": "month_end"}, "dates"),
        ({"revisions": "maybe"}, "revisions"),
    ],
)
def test_an_unknown_option_is_refused(path, options, match):
    with pytest.raises(ConfigError, match=match):
        bl.read_macro(path, publication_lag=MONTH, **options)


def test_a_file_without_the_columns_of_its_layout_is_refused(path):
    with pytest.raises(DataError, match=r"none of the columns.*it has rate, index"):
        bl.read_macro(path, layout="fred_daily")
    with pytest.raises(ConfigError, match="Did you mean 'fred_daily'"):
        bl.read_macro(path, layout="fred_dayly")


def test_what_the_file_gets_wrong_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("date,a\n2020-01-01,1\n2020-02-01,oops\n", encoding="utf-8")
    with pytest.raises(DataError, match="oops"):
        bl.read_macro(tmp_path / "m.csv", publication_lag=MONTH)


@pytest.mark.parametrize("name", list_macro_layouts())
def test_every_layout_states_source_licence_and_caveats(name):
    layout = macro_layout(name)
    assert layout.source
    assert layout.licence
    assert layout.caveats
    assert all(series.revisions != "unknown" for series in layout.series.values())
    assert all(series.publication_lag_days >= 1 for series in layout.series.values())


def test_a_monthly_fred_file_is_known_when_it_was_published():
    series = bl.read_macro(dev_data("macro_monthly_fred_1970_2026.csv"), layout="fred_monthly")
    cpi = series["cpi"]
    # The CPI of August 2008 was released on 16 September 2008.
    before, after = pd.Timestamp("2008-09-15"), pd.Timestamp("2008-10-01")
    assert cpi.known_at(before).index[-1] == pd.Timestamp("2008-07-31")
    assert cpi.known_at(after).index[-1] == pd.Timestamp("2008-08-31")
    assert cpi.revisions == "revised"
    assert pd.Timestamp("2025-10-31") not in cpi.values.index  # the shutdown
    # Moody's yields of the file are those packaged, to the last digit.
    packaged = bl.load_macro("moodys")["moodys_baa"].values
    both = packaged.index.intersection(series["moodys_baa"].values.index)
    assert len(both) == 588
    np.testing.assert_allclose(series["moodys_baa"].values[both], packaged[both], rtol=1e-12)


def test_a_daily_fred_file_agrees_with_the_packaged_curve():
    series = bl.read_macro(dev_data("macro_daily_1990_2026.csv.gz"), layout="fred_daily")
    packaged = bl.load_macro("us_treasury")
    both = packaged["treasury_10y"].values.index.intersection(series["treasury_10y"].values.index)
    gap = packaged["treasury_10y"].values[both] - series["treasury_10y"].values[both]
    assert len(both) > 6800
    assert gap.abs().max() <= 0.0002 + 1e-12
    assert series["vix"].values["2008-11-20"] == pytest.approx(0.8086)


def test_the_bill_of_the_factor_file_is_a_daily_rate():
    series = bl.read_macro(
        dev_data("fama_french5_daily_1990_2026.csv.gz"), layout="fama_french_daily"
    )
    year = series["bill_daily_best"].values["2007"]
    assert (1 + year).prod() - 1 == pytest.approx(0.047, abs=0.003)
    assert series["market_excess"].values.std() * np.sqrt(252) == pytest.approx(0.18, abs=0.02)


def test_features_of_a_user_s_series_see_it_only_when_it_is_known(path):
    series = bl.read_macro(path, publication_lag={"rate": MONTH}, unit="percent")
    rate = series["rate"]
    decisions = pd.DatetimeIndex(["2020-01-30", "2020-01-31", "2020-04-01"])
    np.testing.assert_array_equal(rate.at(decisions, pd.Timedelta(days=90)), [np.nan, 0.0525, 0.05])


QUARTERS = "date,a\n2020-01-01,1\n2020-04-01,2\n2020-07-01,4\n"


def test_quarters_labelled_by_their_first_day_are_known_after_their_end(tmp_path):
    (tmp_path / "q.csv").write_text(QUARTERS, encoding="utf-8")
    with pytest.raises(DataError, match="'quarter_start'"):
        bl.read_macro(tmp_path / "q.csv", publication_lag=MONTH, dates="month_start")
    series = bl.read_macro(tmp_path / "q.csv", publication_lag=MONTH, dates="quarter_start")["a"]
    assert series.values.index[0] == pd.Timestamp("2020-03-31")
    assert series.known_from[0] == pd.Timestamp("2020-03-31") + MONTH


def test_percent_signs_are_not_divided_by_100_twice(tmp_path):
    text = "date,a\n2020-01-31,0.5%\n2020-02-29,0.25%\n2020-03-31,1%\n"
    for written in (text.replace("%", " bps"), text):
        (tmp_path / "m.csv").write_text(written, encoding="utf-8")
        with pytest.raises(DataError, match="percent signs"):
            bl.read_macro(tmp_path / "m.csv", publication_lag=MONTH, unit="percent")
    series = bl.read_macro(tmp_path / "m.csv", publication_lag=MONTH)["a"]
    np.testing.assert_allclose(series.values, [0.005, 0.0025, 0.01])


def test_a_file_named_after_percent_is_no_file_of_percent_signs(tmp_path):
    text = "date,a\n2020-01-31,0.5\n2020-02-29,0.25\n2020-03-31,1.5\n"
    (tmp_path / "percent.csv").write_text(text, encoding="utf-8")
    path = tmp_path / "percent.csv"
    series = bl.read_macro(path, publication_lag=MONTH, unit="percent")["a"]
    np.testing.assert_allclose(series.values, [0.005, 0.0025, 0.015])
