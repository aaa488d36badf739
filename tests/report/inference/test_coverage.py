"""How often the intervals hold the truth, on returns with fat tails and memory.

BLPORTFOLIO_FULL=1 pytest -n 0 -s on this file prints the table of docs/inference.md.
"""

import math
import os

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from blportfolio.report import (
    bootstrap_sharpe_difference,
    bootstrap_sharpe_interval,
    pooled_sharpe_difference,
    sharpe_difference,
    sharpe_interval,
)

FULL = pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ, reason="minutes of simulation; set BLPORTFOLIO_FULL"
)
KINDS = {
    "normal": "independent normal",
    "t4": "independent Student t, 4 degrees of freedom",
    "t4 ar": "t4 with autoregression 0.3",
    "t6 garch": "t6, GARCH(1,1) 0.08 and 0.90, autoregression 0.05",
}
BURN = 200


def shocks(rng, kind, n_obs, n_series):
    """(n_obs, n_series) of mean 0 and variance 1, 0.7 of which all have in common."""
    shape = (n_obs + BURN, n_series + 1)
    freedom = {"t4": 4, "t4 ar": 4, "t6 garch": 6}.get(kind)
    if freedom is None:
        values = rng.normal(size=shape)
    else:
        values = rng.standard_t(freedom, size=shape) / math.sqrt(freedom / (freedom - 2))
    if kind == "t6 garch":
        variance = np.ones(n_series + 1)
        for t in range(len(values)):
            values[t] *= np.sqrt(variance)
            variance = 0.02 + 0.08 * values[t] ** 2 + 0.9 * variance
    memory = {"t4 ar": 0.3, "t6 garch": 0.05}.get(kind, 0.0)
    values = math.sqrt(1 - memory**2) * lfilter([1], [1, -memory], values, axis=0)[BURN:]
    return math.sqrt(0.7) * values[:, :1] + math.sqrt(0.3) * values[:, 1:]


def missed(kind, n_obs, n_samples, *, ratio, n_draws=499):
    """Share of samples whose 95 % interval misses the truth, by method."""
    misses = {"one, bootstrap": 0, "one, HAC": 0, "difference, bootstrap": 0, "difference, HAC": 0}
    for sample in range(n_samples):
        rng = np.random.default_rng([sample, n_obs, list(KINDS).index(kind)])
        values = ratio + shocks(rng, kind, n_obs, 2)
        first, second = (pd.Series(column) for column in values.T)
        options = {"periods_per_year": 1, "n_draws": n_draws, "seed": sample}
        found = {
            "one, bootstrap": bootstrap_sharpe_interval(first, **options),
            "one, HAC": sharpe_interval(first, periods_per_year=1),
            "difference, bootstrap": bootstrap_sharpe_difference(first, second, **options),
            "difference, HAC": sharpe_difference(first, second, periods_per_year=1),
        }
        for method, interval in found.items():
            truth = ratio if method.startswith("one") else 0
            misses[method] += not interval.low <= truth <= interval.high
        for method in ("difference, bootstrap", "difference, HAC"):
            rejects = found[method].p_value <= 0.05
            assert rejects == (not found[method].low <= 0 <= found[method].high)
    return {method: count / n_samples for method, count in misses.items()}


def test_bootstrap_intervals_hold_the_truth_as_often_as_they_say_in_a_small_simulation():
    """200 samples: 0.05 within 3 standard errors, one of which is 0.0154."""
    found = missed("t4 ar", 120, 200, ratio=0.2, n_draws=199)
    assert found["one, bootstrap"] == pytest.approx(0.05, abs=0.046)
    assert found["difference, bootstrap"] == pytest.approx(0.05, abs=0.046)


@FULL
@pytest.mark.slow
@pytest.mark.parametrize("n_obs", [120, 300, 1000, 5000])
@pytest.mark.parametrize("kind", KINDS)
def test_bootstrap_intervals_hold_the_truth_as_often_as_they_say(kind, n_obs):
    """2,000 samples have a standard error of 0.5 points about 95 %."""
    found = missed(kind, n_obs, 2000, ratio=0.2 if n_obs <= 300 else 0.06)
    print(f"\n{kind:>9} {n_obs:>5} " + "  ".join(f"{k}: {1 - v:.1%}" for k, v in found.items()))  # noqa: T201
    # Variances that stay high for longer than the history cannot be learned from it.
    slow = {120: 0.015, 300: 0.04, 1000: 0.015}.get(n_obs, 0.0) if kind == "t6 garch" else 0.0
    assert found["one, bootstrap"] == pytest.approx(0.05, abs=0.025 + slow)
    assert found["difference, bootstrap"] == pytest.approx(0.05, abs=0.025)


def universes(seed, n_years, *, shared=0.7):
    """Two weekly universes and a monthly one: what strategies differ by is largely the same."""
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2000-01-07", periods=52 * n_years, freq="W-FRI")
    market = rng.standard_t(4, size=(len(weeks), 1)) / math.sqrt(2)
    tilts = rng.standard_t(4, size=(len(weeks), 2)) / math.sqrt(2)

    pairs = {}
    for name in ("a", "b", "c"):
        own = rng.standard_t(4, size=(len(weeks), 2)) / math.sqrt(2)
        values = 0.1 + market + math.sqrt(shared) * tilts + math.sqrt(1 - shared) * own
        pairs[name] = tuple(pd.Series(column, weeks) for column in values.T)
    monthly = tuple(series.resample("ME").sum() for series in pairs.pop("c"))
    pairs["b"] = tuple(series.iloc[len(weeks) // 3 :] for series in pairs["b"])  # a late listing
    return {**pairs, "c": monthly}, {"a": 52, "b": 52, "c": 12}


def pooled_misses(n_samples, n_years):
    """Share of samples whose pooled 95 % interval misses 0; and if universes were independent."""
    jointly, apart = 0, 0
    for seed in range(n_samples):
        pairs, periods = universes(seed, n_years)
        found = pooled_sharpe_difference(pairs, periods_per_year=periods)
        jointly += not found.low <= 0 <= found.high
        errors = [gap.standard_error for gap in found.universes.values()]
        apart += abs(found.value) > 1.96 * math.hypot(*errors) / len(errors)
    return jointly / n_samples, apart / n_samples


def test_the_pooled_difference_keeps_its_size_where_universes_share_a_factor():
    """150 samples: within 3 standard errors; as if independent it would reject far too often."""
    jointly, apart = pooled_misses(150, 8)
    assert jointly == pytest.approx(0.05, abs=0.053)
    assert apart > 0.12


@FULL
@pytest.mark.slow
@pytest.mark.parametrize(("n_years", "most"), [(5, 0.08), (10, 0.075), (20, 0.07)])
def test_the_pooled_difference_nears_its_size_with_the_years(n_years, most):
    jointly, apart = pooled_misses(2000, n_years)
    print(f"\npooled, {n_years} years: {1 - jointly:.1%}; as if independent: {1 - apart:.1%}")  # noqa: T201
    assert 0.03 < jointly < most
