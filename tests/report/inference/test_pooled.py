"""The mean over universes against one universe, plain loops over months, and limits."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import pooled_sharpe_difference, sharpe_difference

SEEDS = st.integers(0, 2**31)


def paired(seed, start="2000-01-03", n_obs=600, freq="B"):
    rng = np.random.default_rng(seed)
    common, own = rng.standard_t(5, size=n_obs), rng.standard_t(5, size=(2, n_obs))
    dates = pd.date_range(start, periods=n_obs, freq=freq)
    return tuple(pd.Series(0.01 * (common + o) + 0.0005, dates) for o in own)


@given(SEEDS, st.integers(0, 12))
@settings(max_examples=15)
def test_one_universe_of_monthly_returns_is_its_own_mean(seed, lags):
    first, second = paired(seed, n_obs=120, freq="ME")
    found = pooled_sharpe_difference({"u": (first, second)}, periods_per_year=12, lags=lags)
    alone = sharpe_difference(first, second, periods_per_year=12, lags=lags)
    for name in ("value", "standard_error", "lags"):
        assert getattr(found, name) == pytest.approx(getattr(alone, name), rel=1e-9)
    assert found.p_value > alone.p_value  # few months count as few
    assert found.low < alone.low
    assert math.isnan(found.low_elsewhere)


@pytest.mark.parametrize(("n_months", "lags"), [(60, 3), (120, 4), (240, 4), (480, 5)])
def test_the_interval_has_the_fixed_bandwidth_quantile_of_kiefer_and_vogelsang(n_months, lags):
    pair = paired(3, n_obs=n_months, freq="ME")
    found = pooled_sharpe_difference({"u": pair}, periods_per_year=12, lags=lags)
    b = (lags + 1) / n_months
    expected = 1.96 + 2.9694 * b + 0.4160 * b**2 - 0.5324 * b**3  # (2005), table 1, Bartlett
    reach = (found.high - found.low) / 2
    assert reach / found.standard_error == pytest.approx(expected, rel=0.015)


@given(SEEDS, st.floats(0.5, 0.99))
@settings(max_examples=10)
def test_the_interval_holds_zero_where_the_p_value_says_so(seed, level):
    found = pooled_sharpe_difference({"u": paired(seed, n_obs=300)}, level=level)
    if abs(found.p_value - (1 - level)) > 1e-9:
        assert (found.low <= 0 <= found.high) is (found.p_value > 1 - level)


def test_no_more_months_than_lags_leave_the_interval_open():
    found = pooled_sharpe_difference({"u": paired(3, n_obs=15)})
    assert math.isfinite(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.p_value)


def plain_error(pairs, periods, lags):
    """Month by month, universe by universe, straight from the formula."""
    months = {}
    for name, (first, second) in pairs.items():
        scale = math.sqrt(periods[name]) / len(first) / len(pairs)
        z = [(r - r.mean()) / r.std(ddof=0) for r in (first, second)]
        s = [r.mean() / r.std(ddof=0) for r in (first, second)]
        psi = [z[i] - s[i] / 2 * (z[i] ** 2 - 1) for i in range(2)]
        for date in first.index:
            key = (date.year, date.month)
            months[key] = months.get(key, 0.0) + scale * (psi[0][date] - psi[1][date])
    (year, month), last = min(months), max(months)
    line = []
    while (year, month) <= last:
        line.append(months.get((year, month), 0.0))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    total = sum(m * m for m in line)
    for lag in range(1, lags + 1):
        products = sum(line[i] * line[i - lag] for i in range(lag, len(line)))
        total += 2 * (1 - lag / (lags + 1)) * products
    return math.sqrt(total)


@pytest.mark.parametrize("lags", [0, 3])
def test_daily_monthly_late_and_separate_universes_add_up_as_the_formula_says(lags):
    pairs = {
        "daily": paired(1),
        "monthly": paired(2, "1999-06-30", 36, "ME"),
        "late": paired(3, "2001-03-05", 200),
        "separate": paired(4, "2004-01-05", 150),
    }
    periods = {"daily": 252, "monthly": 12, "late": 252, "separate": 252}
    found = pooled_sharpe_difference(pairs, periods_per_year=periods, lags=lags)
    assert found.standard_error == pytest.approx(plain_error(pairs, periods, lags), rel=1e-9)
    gaps = [
        sharpe_difference(*pair, periods_per_year=periods[name]) for name, pair in pairs.items()
    ]
    assert found.value == pytest.approx(np.mean([gap.value for gap in gaps]), rel=1e-12)
    assert found.universes == dict(zip(pairs, gaps, strict=True))
    assert found.low <= found.value <= found.high


def test_the_same_universe_twice_tells_no_more_than_once():
    pair = paired(5)
    once = pooled_sharpe_difference({"a": pair})
    twice = pooled_sharpe_difference({"a": pair, "b": pair})
    assert twice.standard_error == pytest.approx(once.standard_error, rel=1e-9)
    assert twice.p_value == pytest.approx(once.p_value, rel=1e-9)


def test_unrelated_universes_narrow_the_interval_by_the_root_of_their_number():
    pairs = {str(i): paired(10 + i, n_obs=5000) for i in range(4)}
    found = pooled_sharpe_difference(pairs)
    alone = [pooled_sharpe_difference({"u": pair}).standard_error for pair in pairs.values()]
    expected = math.sqrt(sum(error**2 for error in alone)) / 4
    assert found.standard_error == pytest.approx(expected, rel=0.1)


def test_universes_that_move_against_one_another_tell_more():
    first, second = paired(6)
    found = pooled_sharpe_difference({"a": (first, second), "b": (3 * second, 7 * first)})
    assert (found.value, found.standard_error, found.p_value) == (0, 0, 1)


@given(SEEDS, st.floats(0.1, 10))
@settings(max_examples=8)
def test_leverage_and_the_order_of_universes_do_not_matter_and_a_swap_turns_the_sign(seed, factor):
    pairs = {"a": paired(seed), "b": paired(seed + 1, n_obs=300)}
    found = pooled_sharpe_difference(pairs)
    levered = {name: (factor * one, two) for name, (one, two) in reversed(pairs.items())}
    turned = {name: (two, one) for name, (one, two) in pairs.items()}
    for other, sign in ((levered, 1), (turned, -1)):
        there = pooled_sharpe_difference(other)
        assert there.value == pytest.approx(sign * found.value, rel=1e-7, abs=1e-12)
        assert there.standard_error == pytest.approx(found.standard_error, rel=1e-7)
        assert there.p_value == pytest.approx(found.p_value, rel=1e-6)
    assert 0 < found.p_value <= 1


def test_universes_as_a_sample_have_the_interval_of_a_t_test():
    pairs = {str(i): paired(20 + i) for i in range(5)}
    found = pooled_sharpe_difference(pairs, level=0.9)
    gaps = [gap.value for gap in found.universes.values()]
    expected = ttest_1samp(gaps, 0).confidence_interval(0.9)
    assert (found.low_elsewhere, found.high_elsewhere) == pytest.approx(tuple(expected), rel=1e-9)
    assert found.not_below == np.mean([gap >= 0 for gap in gaps])
    assert found.spread == pytest.approx(np.std(gaps, ddof=1))
    assert student.ppf(0.95, 4) * found.spread / math.sqrt(5) == pytest.approx(
        found.high_elsewhere - found.value
    )


def test_a_universe_without_a_ratio_is_left_out_and_named():
    first, second = paired(7)
    found = pooled_sharpe_difference({"good": (first, second), "flat": (first, 0 * second)})
    alone = pooled_sharpe_difference({"good": (first, second)})
    assert found.left_out == ("flat",)
    assert found.value == alone.value
    assert found.standard_error == alone.standard_error
    none = pooled_sharpe_difference({"flat": (first, 0 * second)})
    assert math.isnan(none.value)
    assert math.isnan(none.p_value)


def test_what_cannot_be_is_refused():
    first, second = paired(8)
    with pytest.raises(DataError, match="one universe"):
        pooled_sharpe_difference({})
    with pytest.raises(ConfigError, match="`periods_per_year`"):
        pooled_sharpe_difference({"a": (first, second)}, periods_per_year={"b": 252})
    with pytest.raises(ConfigError, match="`level`"):
        pooled_sharpe_difference({"a": (first, second)}, level=95)
    with pytest.raises(DataError, match="same dates"):
        pooled_sharpe_difference({"a": (first, second.iloc[1:])})
    numbered = (first.reset_index(drop=True), second.reset_index(drop=True))
    with pytest.raises(DataError, match="indexed by dates"):
        pooled_sharpe_difference({"a": numbered})
