import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.backtest.schedule import decision_rows

KEYS = {
    "month_end": lambda d: (d.year, d.month),
    "month_start": lambda d: (d.year, d.month),
    "quarterly": lambda d: (d.year, (d.month - 1) // 3),
    "weekly": lambda d: d.isocalendar()[:2],
}


@pytest.mark.parametrize("name", KEYS)
@given(
    start=st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2020-01-01").date()),
    drop=st.sets(st.integers(0, 299), max_size=60),
)
def test_a_schedule_decides_at_the_edges_of_its_periods(name, start, drop):
    dates = pd.date_range(start, periods=300, freq="D").delete(sorted(drop))
    rows = decision_rows(dates, name, first=0, last=len(dates) - 1)
    key = KEYS[name]
    expected = [
        i
        for i in range(len(dates) - 1)
        if (
            i > 0 and key(dates[i]) != key(dates[i - 1])
            if name == "month_start"
            else key(dates[i]) != key(dates[i + 1])
        )
    ]
    assert rows.tolist() == expected


@pytest.mark.parametrize("rebalance", [5, "5", "every_5"])
def test_every_n_periods_counts_from_the_first_decision(rebalance):
    dates = pd.date_range("2020-01-01", periods=40, freq="B")
    assert decision_rows(dates, rebalance, first=7, last=30).tolist() == [7, 12, 17, 22, 27]


def test_the_last_date_never_decides():
    dates = pd.date_range("2020-01-01", "2020-03-31", freq="D")
    rows = decision_rows(dates, "month_end", first=0, last=len(dates) - 1)
    assert [str(dates[r].date()) for r in rows] == ["2020-01-31", "2020-02-29"]


@pytest.mark.parametrize("bad", ["monthend", 0, -3, "every_0", ""])
def test_an_unknown_schedule_is_refused(bad):
    with pytest.raises(bl.ConfigError, match="rebalance"):
        bl.Strategy("s", rebalance=bad)


def test_the_nearest_schedule_is_suggested():
    with pytest.raises(bl.ConfigError, match="Did you mean 'month_end'"):
        bl.Strategy("s", rebalance="monthend")
