import dataclasses
import datetime as dt
import pkgutil

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_faults import ANY

from blportfolio.data import quality
from blportfolio.data.bars import Bars
from blportfolio.data.quality import CHECKS, KINDS, examine
from blportfolio.data.quality.evidence import Evidence
from blportfolio.data.quality.form import check_form

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
FREQUENCIES = {"B": 252.0, "D": 365.0, "W-FRI": 52.0, "ME": 12.0, "BME": 12.0}


def make_bars(seed, n_dates=300, n_assets=5, freq="B"):
    """Clean simulated bars with all frames but currencies."""
    prices = make_prices(seed, n_dates, n_assets, freq=freq)
    rng = np.random.default_rng(seed + 1)
    spread = np.abs(rng.normal(0, 0.006, size=(3, *prices.shape)))
    opens = prices * np.exp(rng.normal(0, 0.004, size=prices.shape))
    zero = prices * 0.0
    return Bars(
        prices,
        close=prices.copy(),
        open=opens,
        high=np.maximum(opens, prices) * (1 + spread[0]),
        low=np.minimum(opens, prices) * (1 - spread[1]),
        volume=(zero + 1e6) * np.exp(rng.normal(0, 0.4, size=prices.shape)),
        dividends=zero,
        splits=zero,
    )


def told(report):
    return sorted(
        (f.kind, f.severity, f.ticker or "", str(f.date), round(f.size or 0, 6))
        for f in report.findings
    )


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@given(seed=st.integers(0, 2**32 - 1), freq=st.sampled_from(list(FREQUENCIES)))
@settings(max_examples=10)
def test_every_check_is_silent_on_clean_simulated_data(check, seed, freq):
    bars = make_bars(seed, n_dates=200, freq=freq)
    found = list(check(Evidence(bars, FREQUENCIES[freq], NOW)))
    assert not [finding for finding in found if finding.kind != "survivorship"]


@given(seed=st.integers(0, 2**32 - 1), n_dates=st.integers(1, 40), n_assets=st.integers(1, 7))
@settings(max_examples=40)
def test_small_samples_make_no_alarm(seed, n_dates, n_assets):
    prices = make_prices(seed, n_dates, n_assets)
    assert not examine(Bars(prices), name="small", today=TODAY).findings


def test_every_module_of_checks_is_registered():
    helpers = {
        "evidence", "examine", "findings", "kinds", "repair", "repaired_file", "split_odds",
        "words",
    }  # fmt: skip
    modules = {m.name for m in pkgutil.iter_modules(quality.__path__)} - helpers
    used = {check.__module__.rpartition(".")[2] for check in [*CHECKS.values(), check_form]}
    assert modules == used


@pytest.fixture(scope="module")
def faulty():
    """Small data with each fault that prices alone can show."""
    base = Bars(make_prices(3, 700, 5))
    return {
        name: plant(np.random.default_rng(1), base).bars
        for name, plant in ANY.items()
        if "reused" not in name
    }


def test_every_finding_has_a_kind_a_remedy_and_a_plain_sentence(faulty):
    for bars in faulty.values():
        for finding in examine(bars, name="faulty", today=TODAY).findings:
            assert finding.kind in KINDS
            assert finding.remedy.endswith(".")
            assert finding.message.endswith((".", "!"))
            assert "\n" not in finding.message + finding.cause + finding.remedy
            assert set(finding.record()) >= {"kind", "severity", "ticker", "date", "size"}


def test_each_kind_says_the_unit_of_its_size():
    assert all("size: " in text for text in KINDS.values())


def test_permuting_assets_permutes_nothing_but_the_input(faulty):
    for name, bars in faulty.items():
        order = np.random.default_rng(0).permutation(bars.prices.columns)
        frames = {key: frame[order] for key, frame in bars.frames().items()}
        there, back = (examine(b, name="x", today=TODAY) for b in (bars, Bars(**frames)))
        assert told(there) == told(back), name


LEVELS = {"returns", "returns in percent", "gross returns", "returns of one asset", "log prices"}


def test_findings_do_not_depend_on_the_unit_of_currency(faulty):
    for name, bars in faulty.items():
        if name in LEVELS or "not positive" in name:
            continue
        scaled = dataclasses.replace(bars, prices=bars.prices * 0.37)
        there, back = (examine(b, name="x", today=TODAY) for b in (bars, scaled))
        assert told(there) == told(back), name


def test_examining_changes_nothing(faulty):
    for bars in faulty.values():
        before = bars.prices.copy()
        examine(bars, name="x", today=TODAY)
        pd.testing.assert_frame_equal(bars.prices, before)


@pytest.mark.parametrize("frame", ["open", "high", "low"])
@pytest.mark.parametrize("value", [0.0, -3.0, np.inf])
def test_no_field_of_a_bar_may_be_zero_negative_or_infinite(frame, value):
    bars = make_bars(5)
    wrong = bars.frames()[frame].copy()
    wrong.iloc[100, 2] = value
    report = examine(dataclasses.replace(bars, **{frame: wrong}), name="x", today=TODAY)
    (finding,) = [f for f in report.findings if f.kind == "impossible_bar"]
    assert (finding.ticker, finding.date) == ("A2", bars.prices.index[100])
    assert finding.severity == "serious"
