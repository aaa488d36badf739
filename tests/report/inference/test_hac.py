"""Error bars of the Sharpe ratio against statsmodels, Lo's formula and simulation."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.sandwich_covariance import S_hac_simple
from statsmodels.tools.numdiff import approx_fprime_cs

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import (
    metrics,
    probabilistic_sharpe,
    sharpe_difference,
    sharpe_interval,
)
from blportfolio.report.inference import newey_west_variance

SEEDS = st.integers(0, 2**32 - 1)


def autocorrelated(seed, n_periods=300, memory=0.3):
    rng = np.random.default_rng(seed)
    shocks = 0.01 * rng.standard_t(5, size=n_periods)
    values = np.zeros(n_periods)
    for t in range(n_periods):
        values[t] = 5e-4 + shocks[t] + (memory * values[t - 1] if t else 0)
    return pd.Series(values, index=pd.date_range("2000-01-03", periods=n_periods, freq="B"))


def hac_error(values, lags):
    """Standard error of the mean by statsmodels: Newey-West on a constant."""
    model = sm.OLS(values, np.ones(len(values)))
    fitted = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    return float(fitted.bse[0])


@given(SEEDS, st.integers(0, 20), st.floats(-0.5, 0.9))
@settings(max_examples=40)
def test_long_run_variance_matches_statsmodels(seed, lags, memory):
    values = autocorrelated(seed, memory=memory).to_numpy()
    error = math.sqrt(newey_west_variance(values, lags) / len(values))
    assert error == pytest.approx(hac_error(values, lags), rel=1e-10)


@given(SEEDS, st.integers(0, 15), st.sampled_from([252.0, 12.0]))
@settings(max_examples=40)
def test_the_standard_error_is_that_of_the_influence_values(seed, lags, periods):
    returns = autocorrelated(seed)
    found = sharpe_interval(returns, periods_per_year=periods, lags=lags)
    z = (returns - returns.mean()) / returns.std(ddof=0)
    ratio = returns.mean() / returns.std(ddof=0)
    influence = (z - ratio / 2 * (z**2 - 1)).to_numpy()
    expected = hac_error(influence, lags) * math.sqrt(periods)
    assert found.standard_error == pytest.approx(expected, rel=1e-9)


@given(SEEDS)
@settings(max_examples=20)
def test_influence_values_are_the_change_of_the_ratio_when_one_return_leaves(seed):
    """The jackknife estimates the same standard error without any formula."""
    returns = autocorrelated(seed, n_periods=200, memory=0.0)
    n = len(returns)
    ratios = [
        metrics.sharpe_ratio(returns.drop(date), periods_per_year=1) for date in returns.index
    ]
    jackknife = math.sqrt((n - 1) / n * ((np.array(ratios) - np.mean(ratios)) ** 2).sum())
    found = sharpe_interval(returns, periods_per_year=1, lags=0).standard_error
    assert found == pytest.approx(jackknife, rel=0.05)


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5])
def test_independent_normal_returns_give_lo_s_formula(ratio):
    n = 200_000
    quantiles = norm.ppf((np.arange(n) + 0.5) / n)
    returns = pd.Series(np.random.default_rng(0).permutation(ratio + quantiles))
    found = sharpe_interval(returns, periods_per_year=1, lags=0)
    expected = math.sqrt((1 + found.value**2 / 2) / n)
    assert found.standard_error == pytest.approx(expected, rel=1e-3)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """600 samples: the share is within 3 standard errors of 90 %."""
    rng = np.random.default_rng(1)
    truth, samples = 0.1, 600
    covered = 0
    for _ in range(samples):
        found = sharpe_interval(
            pd.Series(rng.normal(truth, 1, size=400)), periods_per_year=1, level=0.9, lags=0
        )
        covered += found.low <= truth <= found.high
    assert covered / samples == pytest.approx(0.9, abs=3 * math.sqrt(0.09 / samples))


def test_positive_autocorrelation_widens_the_interval():
    returns = autocorrelated(3, n_periods=2000, memory=0.5)
    naive, robust = (sharpe_interval(returns, lags=lags).standard_error for lags in (0, 20))
    assert robust > 1.3 * naive


@given(SEEDS, st.floats(0.5, 0.99))
@settings(max_examples=25)
def test_the_interval_is_centred_and_grows_with_its_level(seed, level):
    returns = autocorrelated(seed)
    found = sharpe_interval(returns, level=level)
    reach = norm.ppf((1 + level) / 2) * found.standard_error
    assert found.value == metrics.sharpe_ratio(returns)
    assert found.high - found.value == pytest.approx(reach, rel=1e-12)
    assert found.value - found.low == pytest.approx(reach, rel=1e-12)
    assert found.lags == int(4 * 3 ** (2 / 9))


def test_the_risk_free_rate_is_taken_off_first():
    returns = autocorrelated(4)
    plain = sharpe_interval(returns - 1e-4)
    found = sharpe_interval(returns, risk_free_rate=1e-4)
    assert found.value == pytest.approx(plain.value, rel=1e-12)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=1e-12)


@pytest.mark.parametrize("returns", [[0.01], [0.01, 0.01, 0.01]])
def test_without_a_ratio_there_is_no_interval(returns):
    found = sharpe_interval(pd.Series(returns))
    assert math.isnan(found.value)
    assert math.isnan(found.low)


def test_nine_returns_have_a_ratio_without_error_or_probability():
    nine, ten = autocorrelated(5, n_periods=9), autocorrelated(5, n_periods=10)
    found = sharpe_interval(nine)
    assert math.isfinite(found.value)
    assert math.isnan(found.standard_error)
    assert math.isnan(probabilistic_sharpe(nine))
    gap = sharpe_difference(nine, nine**2)
    assert math.isfinite(gap.value)
    assert math.isnan(gap.p_value)
    assert math.isfinite(sharpe_interval(ten).standard_error)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_probability_is_refused(level):
    with pytest.raises(ConfigError, match="`level`"):
        sharpe_interval(autocorrelated(5), level=level)


def test_more_lags_than_returns_are_cut():
    assert sharpe_interval(autocorrelated(5, n_periods=10), lags=50).lags == 9


def paired(seed, n_periods=400, shared=0.8):
    """Two strategies that earn much of the same."""
    first, common = autocorrelated(seed, n_periods), autocorrelated(seed + 1, n_periods)
    second = autocorrelated(seed + 2, n_periods)
    return shared * common + first, shared * common + 0.7 * second


@given(st.integers(0, 2**31), st.integers(0, 15), st.sampled_from([252.0, 12.0]))
@settings(max_examples=40)
def test_the_difference_has_the_delta_method_error_of_ledoit_and_wolf(seed, lags, periods):
    """Gradient by complex step, long-run covariance of means and squares by statsmodels."""
    first, second = paired(seed)
    moments = np.column_stack([first, second, first**2, second**2])

    def gap(m):
        return m[0] / np.sqrt(m[2] - m[0] ** 2) - m[1] / np.sqrt(m[3] - m[1] ** 2)

    means = moments.mean(axis=0)
    gradient = approx_fprime_cs(means, gap).ravel()
    long_run = S_hac_simple(moments - means, nlags=lags) / len(moments)
    error = math.sqrt(gradient @ long_run @ gradient / len(moments) * periods)
    found = sharpe_difference(first, second, periods_per_year=periods, lags=lags)
    assert found.standard_error == pytest.approx(error, rel=1e-8)
    assert found.first == metrics.sharpe_ratio(first, periods)
    assert found.value == found.first - metrics.sharpe_ratio(second, periods)
    reach = norm.ppf(0.975) * error
    assert (found.low, found.high) == pytest.approx(
        (found.value - reach, found.value + reach), rel=1e-8
    )


def test_what_both_earn_narrows_the_interval_of_the_difference():
    """Against the error of two unrelated ratios."""
    first, second = paired(1, shared=5.0)
    found = sharpe_difference(first, second)
    apart = math.hypot(*(sharpe_interval(r).standard_error for r in (first, second)))
    assert found.standard_error < apart / 2


def test_the_order_of_the_two_turns_the_sign_and_leverage_does_not_matter():
    first, second = paired(2)
    here, there = sharpe_difference(first, second), sharpe_difference(second, first)
    assert (here.value, here.low, here.high) == (-there.value, -there.high, -there.low)
    levered = sharpe_difference(3 * first, second)
    assert levered.value == pytest.approx(here.value, rel=1e-9)
    assert levered.standard_error == pytest.approx(here.standard_error, rel=1e-9)


def test_a_strategy_does_not_differ_from_itself():
    first, _ = paired(3)
    found = sharpe_difference(first, first)
    assert (found.value, found.standard_error, found.low, found.high) == (0, 0, 0, 0)


def test_the_interval_of_the_difference_covers_no_difference_as_often_as_it_says():
    """500 pairs of equal true ratios that share half of their variance: within 3 errors."""
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(500):
        common, own = rng.normal(0.1, 1, size=300), rng.normal(0, 1, size=(2, 300))
        found = sharpe_difference(*(pd.Series(common + o) for o in own), level=0.9, lags=0)
        covered += found.low <= 0 <= found.high
    assert covered / 500 == pytest.approx(0.9, abs=3 * math.sqrt(0.09 / 500))


def test_returns_on_other_dates_or_without_a_ratio_are_not_compared():
    first, second = paired(5)
    with pytest.raises(DataError, match="same dates"):
        sharpe_difference(first, second.iloc[1:])
    flat = sharpe_difference(first, 0 * second)
    assert math.isnan(flat.value)
    assert math.isnan(flat.high)
    with pytest.raises(ConfigError, match="`level`"):
        sharpe_difference(first, second, level=2)
