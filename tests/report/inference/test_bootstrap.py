"""The bootstrap interval of one Sharpe ratio against arch's resamples and a plain loop."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import CircularBlockBootstrap, optimal_block_length
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from blportfolio.report import bootstrap_sharpe_interval, metrics, sharpe_interval
from blportfolio.report.inference.blocks import (
    block_length,
    block_sums,
    politis_white_length,
    resampled_moments,
)
from blportfolio.report.inference.bootstrap import (
    ratios_and_gradients,
    studentised,
    studentising_errors,
)

SEEDS = st.integers(0, 2**31)


def sample(seed, n_obs=240):
    values = 0.01 * np.random.default_rng(seed).standard_t(4, size=n_obs) + 0.002
    return pd.Series(values + 0.3 * np.roll(values, 1))


def studentised_ratio(block, ratio):
    def statistic(values):
        own = values.mean() / values.std()
        z = (values - values.mean()) / values.std()
        sums = (z - own / 2 * (z**2 - 1)).reshape(-1, block).sum(axis=1)
        return np.array([(own - ratio) / math.sqrt((sums @ sums) / len(values) ** 2)])

    return statistic


def ours(values, block, n_draws, seed):
    ratio = values.mean() / values.std()
    z = (values - values.mean()) / values.std()
    means, spread = resampled_moments(np.column_stack([z, z**2 - 1]), block, n_draws, seed)
    drawn, slopes = ratios_and_gradients(ratio, means)
    return studentised(drawn - ratio, studentising_errors(slopes, spread, len(values)))


@pytest.mark.parametrize("block", [1, 6, 24])
def test_studentised_distances_have_the_distribution_of_arch_s_resamples(block):
    values = sample(1).to_numpy()
    resampler = CircularBlockBootstrap(block, values, seed=np.random.default_rng(5))
    statistic = studentised_ratio(block, values.mean() / values.std())
    expected = np.abs(resampler.apply(statistic, 1500)[:, 0])
    assert ks_2samp(ours(values, block, 4000, 2), expected).pvalue > 0.01


def test_the_interval_is_that_of_arch_made_symmetric():
    values = sample(2).to_numpy()
    statistic = studentised_ratio(6, values.mean() / values.std())
    resampler = CircularBlockBootstrap(6, values, seed=np.random.default_rng(5))
    reach = np.quantile(np.abs(resampler.apply(statistic, 3000)[:, 0]), 0.9)
    found = bootstrap_sharpe_interval(pd.Series(values), block=6, level=0.9)
    assert (found.high - found.value) / found.standard_error == pytest.approx(reach, rel=0.05)


@given(SEEDS, st.floats(0.01, 100), st.sampled_from([252.0, 12.0]))
@settings(max_examples=20)
def test_leverage_does_not_matter_and_time_scales_by_its_root(seed, factor, periods):
    returns = sample(seed, 80)
    found = bootstrap_sharpe_interval(returns, periods_per_year=1, n_draws=199)
    other = bootstrap_sharpe_interval(factor * returns, periods_per_year=periods, n_draws=199)
    for name in ("value", "standard_error", "low", "high"):
        wanted = math.sqrt(periods) * getattr(found, name)
        assert getattr(other, name) == pytest.approx(wanted, rel=1e-8)
    assert other.block == found.block
    assert found.low <= found.value <= found.high


def test_the_same_seed_gives_the_same_bytes_and_fewer_draws_are_the_first_ones():
    returns = sample(3)
    runs = [bootstrap_sharpe_interval(returns, seed=7) for _ in range(2)]
    assert repr(runs[0]) == repr(runs[1])
    values = returns.to_numpy()
    np.testing.assert_array_equal(ours(values, 6, 500, 7)[:100], ours(values, 6, 100, 7))


def test_three_digits_of_the_bounds_do_not_depend_on_the_seed():
    """In standard errors: two in a hundred."""
    bounds = [bootstrap_sharpe_interval(sample(4, 1000), seed=seed) for seed in range(8)]
    reach = np.array([(b.high - b.value) / b.standard_error for b in bounds])
    assert np.ptp(reach) < 0.15
    assert reach.std() < 0.05


def test_a_long_history_gives_the_closed_form():
    shocks = np.random.default_rng(5).standard_t(5, size=20_000)
    returns = pd.Series(0.1 + lfilter([1], [1, -0.2], shocks))
    found, closed = bootstrap_sharpe_interval(returns), sharpe_interval(returns, lags=40)
    assert found.value == closed.value == metrics.sharpe_ratio(returns)
    assert found.standard_error == pytest.approx(closed.standard_error, rel=0.05)
    assert found.high - found.value == pytest.approx(1.96 * found.standard_error, rel=0.06)


@pytest.mark.parametrize("values", [[0.01], [0.01] * 30, list(np.linspace(-1, 1, 9))])
def test_without_a_ratio_or_with_nine_returns_there_are_no_bounds(values):
    found = bootstrap_sharpe_interval(pd.Series(values))
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_returns_that_are_nearly_all_the_same_leave_the_interval_open():
    """A third of the resamples hold none of the one return that differs, so have no ratio."""
    returns = pd.Series([0.0] * 39 + [0.1])
    found = bootstrap_sharpe_interval(returns, block=1, n_draws=199)
    assert math.isfinite(found.value)
    assert math.isnan(found.low)


@given(SEEDS, st.integers(1, 40), st.integers(12, 60))
@settings(max_examples=30)
def test_sums_of_blocks_go_round_in_a_circle(seed, block, n_obs):
    block = min(block, n_obs)
    columns = np.random.default_rng(seed).normal(size=(n_obs, 2))
    expected = [columns[np.arange(s, s + block) % n_obs].sum(axis=0) for s in range(n_obs)]
    np.testing.assert_allclose(block_sums(columns, block), expected, atol=1e-12)


def test_blocks_grow_with_memory_and_stay_below_a_quarter():
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(1000, 1))
    slow = np.cumsum(noise, axis=0)
    assert block_length(noise) == 10
    assert 10 < block_length(slow) <= 250
    assert block_length(slow[:20]) <= 5
    assert block_length(noise, 10_000) == 250
    assert block_length(np.zeros((1000, 1))) == 10
    assert block_length(np.zeros((2, 1))) == 1


@given(SEEDS, st.integers(10, 600), st.floats(-0.9, 0.98))
@settings(max_examples=30)
def test_the_length_of_blocks_is_arch_s(seed, n_obs, memory):
    values = np.random.default_rng(seed).standard_t(4, size=n_obs)
    for t in range(1, n_obs):
        values[t] += memory * values[t - 1]
    with np.errstate(all="ignore"):
        expected = optimal_block_length(values)["circular"].iloc[0]
    assert politis_white_length(values) == pytest.approx(expected, rel=1e-8)
