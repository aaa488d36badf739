"""One fault is told once, and none hides another."""

import datetime as dt

import numpy as np
from planted_faults import faults_for, matches
from real_bars import sector_etfs

from blportfolio.data.quality import examine

TODAY = dt.date(2026, 11, 25)


def test_bars_on_another_basis_do_not_hide_another_company():
    bars = sector_etfs()
    for seed in (1, 2, 9):
        planted = faults_for(bars)["ticker reused"](np.random.default_rng(seed), bars)
        report = examine(planted.bars, name="x", today=TODAY)
        assert any(matches(finding, planted) for finding in report.findings)
