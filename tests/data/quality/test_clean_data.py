import datetime as dt

import pandas as pd
import pytest
from real_bars import CLEAN, dow, sector_etfs

from blportfolio.data.bars import Bars
from blportfolio.data.quality import examine

TODAY = dt.date(2026, 11, 25)
TRUE_FAULTS = {("sector_etfs", "QQQ", "2000-03-20")}
"""The source of the ETFs did not adjust the 2:1 split of QQQ on that day."""


@pytest.mark.parametrize("name", CLEAN)
def test_clean_real_data_have_nothing_serious(name):
    report = examine(CLEAN[name](), name=name, today=TODAY)
    serious = {
        (name, finding.ticker, str(finding.date.date()))
        for finding in report.findings
        if finding.severity == "serious"
    }
    assert serious <= TRUE_FAULTS


@pytest.mark.parametrize("name", CLEAN)
def test_clean_real_data_have_at_most_two_warnings_in_a_million_rows(name):
    bars = CLEAN[name]()
    report = examine(bars, name=name, today=TODAY)
    count = sum(finding.severity == "warning" for finding in report.findings)
    assert count <= 2 * max(1, bars.prices.size / 1e6)


@pytest.mark.parametrize("frequency", ["W-FRI", "ME", "QE"])
@pytest.mark.parametrize("name", ["sp500_20", "sp500_427", "dow"])
def test_lower_frequencies_of_clean_data_have_no_fault(name, frequency):
    prices = CLEAN[name]().prices.resample(frequency).last()
    report = examine(Bars(prices), name=name, today=TODAY)
    assert not [f for f in report.findings if f.severity != "note"]


def test_crashes_of_banks_are_no_faults_even_alone():
    """AIG lost 61 % in a day and Citigroup 39 %, in September 2008 and February 2009."""
    frames = dow().frames()
    for ticker in ("AIG", "C", "BAC", "GM"):
        alone = Bars(**{name: frame[[ticker]] for name, frame in frames.items()})
        report = examine(alone, name=ticker, today=TODAY)
        assert not report.is_serious
        closes = Bars(frames["prices"][[ticker]].dropna())
        assert not examine(closes, name=ticker, today=TODAY).is_serious


def test_spin_offs_in_closes_are_not_serious():
    """Altria fell by 70 % when it spun off Philip Morris, Kraft by 34 % with its groceries."""
    closes = dow().close
    for ticker in ("MO", "MDLZ", "DD", "HON"):
        alone = Bars(closes[[ticker]].dropna())
        assert not examine(alone, name=ticker, today=TODAY).is_serious


def test_the_attacks_of_2001_and_the_storm_of_2012_are_no_gaps():
    dates = sector_etfs().prices.index
    for day in ("2001-09-11", "2012-10-29"):
        assert pd.Timestamp(day) not in dates
    report = examine(sector_etfs(), name="etfs", today=TODAY)
    assert "calendar_gap" not in {finding.kind for finding in report.findings}
