"""Probabilistic and deflated Sharpe ratios against the examples of the papers that define them."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import fsolve
from scipy.stats import kurtosis, norm, skew

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import (
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record_length,
    probabilistic_sharpe,
    sharpe_interval,
)


def with_ratio(values, ratio):
    """Returns of that ratio per period, by the deviation with n, as in the papers."""
    return pd.Series((values - values.mean()) / values.std() + ratio)


def hedge_fund(skewness, peakedness):
    """24 months with these moments, found numerically."""
    middle = np.linspace(-1, 1, 22)

    def months(ends):
        return np.concatenate([middle, ends])

    def miss(ends):
        values = months(ends)
        return [skew(values) - skewness, kurtosis(values, fisher=False) - peakedness]

    return months(fsolve(miss, [-5.0, -2.0]))


def test_two_years_of_a_hedge_fund_give_the_paper_s_probability():
    """Bailey and López de Prado (2012): S 0.458 a month, γ₃ −2.448, γ₄ 10.164."""
    returns = with_ratio(hedge_fund(-2.448, 10.164), 0.458)
    assert skew(returns) == pytest.approx(-2.448, abs=1e-6)
    found = probabilistic_sharpe(returns, periods_per_year=12, lags=0)
    assert found == pytest.approx(0.913, abs=5e-4)


def test_normal_moments_give_the_paper_s_higher_probability():
    """The same example had the months been normal: 0.982."""
    values = norm.ppf((np.arange(24) + 0.5) / 24)
    values = np.sign(values) * np.abs(values) ** fsolve(
        lambda p: kurtosis(np.sign(values) * np.abs(values) ** p[0], fisher=False) - 3, [1.0]
    )
    found = probabilistic_sharpe(with_ratio(values, 0.458), periods_per_year=12, lags=0)
    assert found == pytest.approx(0.982, abs=5e-4)


def analyst():
    """S 2.5 a year of 250 days, 1,250 days, γ₃ −3, γ₄ 10: two values, the lower one 105 times."""
    values = np.ones(1250)
    values[::12] = -10.0
    assert (values < 0).sum() == 105
    return with_ratio(values, 2.5 / math.sqrt(250))


def test_the_example_of_the_deflated_sharpe_ratio_gives_its_numbers():
    """Bailey and López de Prado (2014): 100 trials, V ½ a year; S₀ 0.1132 a day, DSR 0.9004."""
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    returns = analyst()
    assert skew(returns) == pytest.approx(-3, abs=0.01)
    assert kurtosis(returns, fisher=False) == pytest.approx(10, abs=0.05)
    found = deflated_sharpe(
        returns, trials=100, trial_sharpes=[2.0, 1.0], periods_per_year=250, lags=0
    )
    assert found == pytest.approx(0.9004, abs=1e-3)


def test_46_trials_are_the_most_that_the_example_survives():
    """The same paper: with 46 instead of 100 independent trials the DSR is 0.95 (its text)."""
    found = deflated_sharpe(
        analyst(), trials=46, trial_sharpes=[2.0, 1.0], periods_per_year=250, lags=0
    )
    assert found == pytest.approx(0.9505, abs=1e-3)


@pytest.mark.parametrize("trials", [10, 100, 1000])
def test_the_expected_maximum_is_that_of_simulated_trials(trials):
    highest = np.random.default_rng(0).normal(size=(4000, trials)).max(axis=1)
    found = expected_maximum_sharpe(trials, 1.0)
    assert found == pytest.approx(highest.mean(), abs=0.04)
    assert expected_maximum_sharpe(trials, 9.0) == pytest.approx(3 * found, rel=1e-12)


@given(st.integers(0, 2**31), st.floats(-1, 1), st.integers(0, 10))
@settings(max_examples=30)
def test_the_minimum_track_record_is_where_the_probability_is_reached(seed, benchmark, lags):
    rng = np.random.default_rng(seed)
    values = rng.standard_t(5, size=200)
    returns = with_ratio(values, 0.1)
    length = minimum_track_record_length(returns, benchmark, periods_per_year=252, lags=lags)
    # With z = (S − S₀)√(n − 1)/√v the same z at another length is z √((N − 1)/(n − 1)).
    distance = norm.ppf(probabilistic_sharpe(returns, benchmark, lags=lags))
    assert norm.cdf(distance * math.sqrt((length - 1) / 199)) == pytest.approx(0.95, abs=1e-9)


def test_a_ratio_below_the_benchmark_never_gets_there():
    assert minimum_track_record_length(analyst(), 3.0, periods_per_year=250) == math.inf


def test_the_default_agrees_with_the_interval_beside_it():
    returns = pd.Series(np.random.default_rng(1).normal(0.05, 1, size=500))
    interval = sharpe_interval(returns, level=0.9)
    assert probabilistic_sharpe(returns, interval.low) == pytest.approx(0.95, abs=2e-3)
    assert probabilistic_sharpe(returns, interval.value) == pytest.approx(0.5, abs=2e-2)


def test_one_trial_is_not_deflated_and_more_of_them_cost_more():
    returns = pd.Series(np.random.default_rng(2).normal(0.05, 1, size=500))
    plain = probabilistic_sharpe(returns)
    assert deflated_sharpe(returns) == deflated_sharpe(returns, trials=1) == plain
    counts = [deflated_sharpe(returns, trials=trials) for trials in (1, 2, 10, 100)]
    assert counts == sorted(counts, reverse=True)
    spread = [deflated_sharpe(returns, trial_sharpes=[0, s, 2 * s]) for s in (0.1, 0.5, 1.0)]
    assert spread == sorted(spread, reverse=True)


def test_without_known_trials_their_ratios_vary_as_the_estimate_does():
    returns = pd.Series(np.random.default_rng(3).normal(0.05, 1, size=500))
    error = sharpe_interval(returns).standard_error
    highest = expected_maximum_sharpe(20, error**2)
    assert deflated_sharpe(returns, trials=20) == probabilistic_sharpe(returns, highest)
    assert deflated_sharpe(returns, trials=20, trial_sharpes=[0.5]) == deflated_sharpe(
        returns, trials=20
    )


def test_what_cannot_be_is_refused_and_flat_returns_have_no_probability():
    flat, returns = pd.Series([0.01] * 20), analyst()
    assert math.isnan(probabilistic_sharpe(flat))
    assert math.isnan(deflated_sharpe(flat, trials=5))
    assert math.isnan(minimum_track_record_length(flat))
    assert math.isnan(probabilistic_sharpe(pd.Series([0.01])))
    with pytest.raises(ConfigError, match="`trials`"):
        expected_maximum_sharpe(0, 1.0)
    with pytest.raises(ConfigError, match="`variance`"):
        expected_maximum_sharpe(3, -1.0)
    with pytest.raises(ConfigError, match="as many as"):
        deflated_sharpe(returns, trials=2, trial_sharpes=[1.0, 2.0, 3.0])
    with pytest.raises(ConfigError, match="`level`"):
        minimum_track_record_length(returns, level=0.5)
    with pytest.raises(DataError, match="`trial_sharpes`"):
        deflated_sharpe(returns, trial_sharpes=[1.0, math.nan])
