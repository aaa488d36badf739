"""The test of Ledoit and Wolf against plain loops over the paper's formulas, and its laws."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.covariance.kernel import QuadraticSpectral
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import bootstrap_sharpe_difference, metrics, sharpe_difference
from blportfolio.report.inference.blocks import drawn_starts
from blportfolio.report.inference.hac import prewhitened_variance

SEEDS = st.integers(0, 2**31)


def paired(seed, n_obs=240, edge=0.0):
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, size=n_obs)
    own = rng.standard_t(5, size=(2, n_obs))
    for t in range(1, n_obs):
        common[t] += 0.2 * common[t - 1]
    first = 0.01 * (common + own[0]) + 0.001 + edge
    return pd.Series(first), pd.Series(0.01 * (common + 0.7 * own[1]) + 0.001)


def moments(pair):
    """The vector v of the paper's Section 2: both means, both uncentred second moments."""
    return np.array([*pair.mean(axis=0), *(pair**2).mean(axis=0)])


def gap(v):
    return v[0] / math.sqrt(v[2] - v[0] ** 2) - v[1] / math.sqrt(v[3] - v[1] ** 2)


def gradient(v):
    """∇f of the paper's Section 3.1."""
    one, other = v[2] - v[0] ** 2, v[3] - v[1] ** 2
    return np.array(
        [v[2] / one**1.5, -v[3] / other**1.5, -0.5 * v[0] / one**1.5, 0.5 * v[1] / other**1.5]
    )


def deviations(pair, v):
    return np.column_stack([pair, pair**2]) - v


def long_run(residuals, bandwidth):
    """Autocovariances with the weights of arch's quadratic spectral kernel."""
    weights = QuadraticSpectral(residuals, bandwidth=bandwidth, center=False).kernel_weights
    total = residuals.T @ residuals
    for lag in range(1, len(residuals)):
        product = residuals[lag:].T @ residuals[:-lag]
        total = total + weights[lag] * (product + product.T)
    return total / len(residuals)


def plain_p_value(first, second, block, n_draws, seed):
    """Section 3.2 with loops: resample, recompute everything, compare."""
    pair = np.column_stack([first, second])
    n_obs, v = len(pair), moments(pair)
    memory_free = prewhitened_variance(deviations(pair, v) @ gradient(v))
    statistic = abs(metrics.sharpe_ratio(first, 1) - metrics.sharpe_ratio(second, 1))
    statistic /= math.sqrt(memory_free / n_obs)
    further = 0
    for starts in np.concatenate(list(drawn_starts(n_obs, block, n_draws, seed))):
        drawn = np.vstack([pair[np.arange(s, s + block) % n_obs] for s in starts])
        v_star = moments(drawn)
        y = deviations(drawn, v_star)
        psi = np.zeros((4, 4))
        for j in range(len(starts)):
            zeta = y[j * block : (j + 1) * block].sum(axis=0) / math.sqrt(block)
            psi += np.outer(zeta, zeta) / len(starts)
        slope = gradient(v_star)
        error = math.sqrt(slope @ psi @ slope / len(drawn))
        further += abs(gap(v_star) - gap(v)) / error >= statistic
    return (further + 1) / (n_draws + 1)


@given(SEEDS, st.sampled_from([1, 5, 7, 60]), st.sampled_from([0.0, 0.001, 0.003]))
@settings(max_examples=8)
def test_the_p_value_is_that_of_the_paper_s_formulas_on_the_same_draws(seed, block, edge):
    first, second = paired(seed, edge=edge)
    found = bootstrap_sharpe_difference(first, second, block=block, n_draws=99, seed=seed)
    assert found.p_value == plain_p_value(first, second, block, 99, seed)
    assert found.block == block


@given(SEEDS, st.floats(-0.4, 0.8))
@settings(max_examples=6)
def test_the_standard_error_is_arch_s_quadratic_spectral_kernel_after_prewhitening(seed, memory):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=150)
    for t in range(1, 150):
        values[t] += memory * values[t - 1]
    centred = values - values.mean()
    slope = np.linalg.lstsq(centred[:-1, None], centred[1:], rcond=None)[0][0]
    left = centred[1:] - slope * centred[:-1]
    again = np.linalg.lstsq(left[:-1, None], left[1:], rcond=None)[0][0]
    bandwidth = 1.3221 * (4 * again**2 / (1 - again) ** 4 * 149) ** 0.2
    expected = float(long_run(left[:, None], bandwidth).squeeze()) * 149 / 150 / (1 - slope) ** 2
    assert prewhitened_variance(values) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("values", [[1.0, 3.0, 2.0], [2.0] * 9, [8.0, 4.0, 2.0, 1.0, 0.5]])
def test_what_has_no_memory_to_estimate_has_its_plain_variance_or_nearly(values):
    found = prewhitened_variance(np.array(values))
    assert found == pytest.approx(np.var(values)) or len(values) == 5
    assert 0 <= found < math.inf


def test_alternating_values_have_hardly_a_long_run_variance():
    assert prewhitened_variance(np.tile([1.0, -1.0], 100)) < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_the_standard_error_is_near_that_of_the_paper_s_vector_autoregression(seed):
    """The paper takes a VAR(1) off the four moments, we an AR(1) off their combination."""
    first, second = paired(seed, 3000)
    pair = np.column_stack([first, second])
    v = moments(pair)
    y = deviations(pair, v)
    slopes = np.linalg.lstsq(y[:-1], y[1:], rcond=None)[0].T
    residuals = y[1:] - y[:-1] @ slopes.T
    recoloured = np.linalg.solve(np.eye(4) - slopes, long_run(residuals, 2.0))
    psi = np.linalg.solve(np.eye(4) - slopes, recoloured.T)
    expected = math.sqrt(gradient(v) @ psi @ gradient(v) / len(pair))
    found = bootstrap_sharpe_difference(first, second, periods_per_year=1, n_draws=1)
    assert found.standard_error == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("ratios", [(0.0, 0.0), (0.1, 0.3)])
def test_independent_normal_returns_give_memmel_s_formula(ratios):
    """Memmel (2003): (2 − 2ρ + ½(S₁² + S₂² − 2 S₁ S₂ ρ²))/n."""
    rng = np.random.default_rng(0)
    n_obs, rho = 200_000, 0.6
    drawn = rng.multivariate_normal(ratios, [[1, rho], [rho, 1]], size=n_obs)
    first, second = pd.Series(drawn[:, 0]), pd.Series(drawn[:, 1])
    one, other = ratios
    variance = 2 - 2 * rho + 0.5 * (one**2 + other**2 - 2 * one * other * rho**2)
    expected = math.sqrt(variance / n_obs)
    found = sharpe_difference(first, second, periods_per_year=1, lags=0)
    assert found.standard_error == pytest.approx(expected, rel=0.01)


def test_long_histories_give_the_p_value_of_the_normal_distribution():
    first, second = paired(4, 20_000, edge=0.0002)
    found = bootstrap_sharpe_difference(first, second)
    closed = sharpe_difference(first, second)
    assert 0.01 < closed.p_value < 0.9
    assert found.p_value == pytest.approx(closed.p_value, abs=0.03)
    assert found.low == pytest.approx(closed.low, abs=0.05 * closed.standard_error * 1.96)


@given(SEEDS, st.floats(0.1, 20), st.floats(0.1, 20))
@settings(max_examples=15)
def test_leverage_does_not_matter_and_the_order_turns_the_sign(seed, here, there):
    first, second = paired(seed)
    found = bootstrap_sharpe_difference(first, second, n_draws=199)
    levered = bootstrap_sharpe_difference(here * first, there * second, n_draws=199)
    turned = bootstrap_sharpe_difference(second, first, n_draws=199)
    assert (levered.low, levered.high) == pytest.approx((found.low, found.high), rel=1e-7)
    assert levered.p_value == found.p_value
    assert turned.value == -found.value
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), rel=1e-7)
    assert turned.p_value == found.p_value


@given(SEEDS, st.sampled_from([0.8, 0.9, 0.95, 0.99]), st.floats(-0.01, 0.01))
@settings(max_examples=30)
def test_the_interval_holds_what_the_test_does_not_reject(seed, level, edge):
    first, second = paired(seed, 60, edge)
    found = bootstrap_sharpe_difference(first, second, n_draws=199, level=level)
    assert 0 < found.p_value <= 1
    assert found.low <= found.value <= found.high
    assert (found.p_value <= 1 - level + 1e-12) == (not found.low <= 0 <= found.high)


def test_the_same_seed_gives_the_same_bytes_and_another_one_nearly_the_same():
    first, second = paired(6)
    runs = [bootstrap_sharpe_difference(first, second, seed=seed) for seed in (1, 1, 2)]
    assert repr(runs[0]) == repr(runs[1])
    assert runs[0].p_value != runs[2].p_value
    assert runs[0].p_value == pytest.approx(runs[2].p_value, abs=0.03)


def test_the_risk_free_rate_is_taken_off_both():
    first, second = paired(7)
    plain = bootstrap_sharpe_difference(first - 1e-3, second - 1e-3, n_draws=99)
    found = bootstrap_sharpe_difference(first, second, risk_free_rate=1e-3, n_draws=99)
    assert found.p_value == plain.p_value
    assert found.value == pytest.approx(plain.value, rel=1e-12)


@pytest.mark.parametrize("factor", [1.0, 3.0, 1 / 3])
def test_a_strategy_does_not_differ_from_itself_at_any_leverage(factor):
    first, _ = paired(8)
    for compare in (bootstrap_sharpe_difference, sharpe_difference):
        found = compare(first, factor * first)
        assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_nearly_the_same_returns_are_compared_and_not_drowned_in_rounding():
    """Tilts of every size are the same tilt: the p-value is that of a small one."""
    first, second = paired(9)
    wanted = bootstrap_sharpe_difference(first, first + 1e-4 * second, n_draws=499)
    found = bootstrap_sharpe_difference(first, first + 1e-8 * second, n_draws=499)
    assert found.p_value == pytest.approx(wanted.p_value, abs=0.01)
    assert found.value == pytest.approx(1e-4 * wanted.value, rel=0.01)
    nearest = bootstrap_sharpe_difference(first, first + 1e-12 * second, n_draws=499)
    assert 0 < nearest.p_value <= 1
    assert abs(nearest.value) < 1e-8


def test_without_a_ratio_or_with_nine_returns_there_is_no_verdict():
    first, second = paired(10)
    flat = bootstrap_sharpe_difference(first, 0 * second)
    assert math.isnan(flat.p_value)
    assert math.isnan(flat.low)
    short = bootstrap_sharpe_difference(first[:9], second[:9])
    assert short.value == sharpe_difference(first[:9], second[:9]).value
    assert math.isnan(short.p_value)
    enough = bootstrap_sharpe_difference(first[:10], second[:10])
    assert 0 < enough.p_value <= 1


def test_the_loss_of_everything_and_long_rest_are_returns_like_others():
    first, second = paired(11)
    second.iloc[100:] = 0.0
    second.iloc[99] = -1.0
    found = bootstrap_sharpe_difference(first, second)
    assert 0 < found.p_value <= 1
    assert math.isnan(found.low) or found.low <= found.value


def test_a_ratio_without_uncertainty_has_no_p_value():
    """Returns of two equally likely values have no influence to first order."""
    coin = pd.Series(np.tile([1.0, -1.0], 50))
    found = bootstrap_sharpe_difference(0.1 + coin, 0.2 + coin)
    assert math.isnan(found.p_value)
    assert math.isnan(sharpe_difference(0.1 + coin, 0.2 + coin, lags=0).p_value)


def test_what_cannot_be_is_refused():
    first, second = paired(12)
    with pytest.raises(DataError, match="same dates"):
        bootstrap_sharpe_difference(first, second.iloc[1:])
    with pytest.raises(ConfigError, match="`n_draws`"):
        bootstrap_sharpe_difference(first, second, n_draws=0)
    with pytest.raises(ConfigError, match="`block`"):
        bootstrap_sharpe_difference(first, second, block=0)
    with pytest.raises(ConfigError, match="`level`"):
        bootstrap_sharpe_difference(first, second, level=95)


def test_too_few_draws_for_a_level_leave_the_interval_open():
    first, second = paired(13)
    found = bootstrap_sharpe_difference(first, second, n_draws=10)
    assert math.isnan(found.low)
    assert 0 < found.p_value <= 1
