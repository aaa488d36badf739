import datetime as dt

import numpy as np
import pytest
from planted_faults import ANY, WITH_BARS, WITH_DIVIDENDS, matches
from real_bars import sector_etfs, sp500_20, thinned

from blportfolio.data.bars import Bars
from blportfolio.data.quality import examine

TODAY = dt.date(2026, 11, 25)
DRAWS = 4
THIN = {"split 5:4": 0, "split 3:2": 2}
"""Faults that closes alone can hide: of four draws this many must be found."""
WARNINGS = {
    "split 5:4", "split 3:2", "weeks lost", "gap of an asset", "prices missing", "weekend row",
    "one foreign", "last row partial", "lasting jump", "zero volume", "missing volume",
    "high and low swapped",
}  # fmt: skip
"""Faults that are plausible rather than certain, or harmless enough to go on."""


@pytest.fixture(scope="module")
def closes():
    return Bars(sp500_20().prices.loc["1998":"2016"])


@pytest.fixture(scope="module")
def etfs():
    frames = sector_etfs().frames()
    return Bars(**{name: frame.loc["2001":"2016"] for name, frame in frames.items()})


def draws(bars, plant):
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        planted = plant(rng, thinned(bars, rng, most=6))
        report = examine(planted.bars, name="planted", today=TODAY)
        yield planted, [finding for finding in report.findings if matches(finding, planted)]


@pytest.mark.parametrize("fault", ANY)
def test_a_fault_in_real_closes_is_found(closes, fault):
    hits = [found for _, found in draws(closes, ANY[fault])]
    assert sum(map(bool, hits)) >= THIN.get(fault, DRAWS - 1)
    if fault not in WARNINGS:
        assert any(finding.severity == "serious" for found in hits for finding in found)


@pytest.mark.parametrize("fault", [*WITH_BARS, *WITH_DIVIDENDS])
def test_a_fault_in_real_bars_is_found(etfs, fault):
    hits = [found for _, found in draws(etfs, (WITH_BARS | WITH_DIVIDENDS)[fault])]
    assert sum(map(bool, hits)) >= DRAWS - 1
    if fault not in WARNINGS:
        assert all(finding.severity == "serious" for found in hits for finding in found)


@pytest.mark.parametrize("fault", ["split 3:2", "split 2:1", "split 1:4"])
def test_bars_and_volume_make_a_split_certain(etfs, fault):
    hits = [found for _, found in draws(etfs, ANY[fault])]
    assert sum(any(f.severity == "serious" for f in found) for found in hits) >= DRAWS - 1


def test_the_size_of_a_split_is_its_ratio(closes):
    hits = list(draws(closes, ANY["split 4:1"]))
    assert sum(bool(found) for _, found in hits) >= DRAWS - 1
    for planted, found in hits:
        assert all(finding.size == 4 for finding in found), planted.ticker
