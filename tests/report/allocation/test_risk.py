"""Risk shares, intervals and concentration against what they are defined by."""

import numpy as np
import pytest
from helpers import random_covariance
from scipy.stats import norm

from blportfolio.errors import DataError
from blportfolio.report.allocation import (
    effective_number,
    expected_return,
    risk_contributions,
    volatility,
)


@pytest.mark.parametrize("seed", range(5))
def test_risk_shares_are_the_sensitivity_of_volatility_to_each_weight(seed):
    rng = np.random.default_rng(seed)
    sigma = random_covariance(rng, 6)
    weights = rng.normal(size=6)

    def log_volatility(w):
        return 0.5 * np.log(w @ sigma @ w)

    step = 1e-6
    slopes = []
    for i in range(6):
        up, down = weights.copy(), weights.copy()
        up[i] *= 1 + step
        down[i] *= 1 - step
        slopes.append((log_volatility(up) - log_volatility(down)) / (2 * step))
    shares = risk_contributions(weights, sigma)
    np.testing.assert_allclose(shares, slopes, atol=1e-8)
    assert shares.sum() == pytest.approx(1)


def test_without_risk_there_is_nothing_to_share():
    np.testing.assert_array_equal(risk_contributions([0.0, 0.0], np.eye(2)), [0, 0])
    np.testing.assert_array_equal(risk_contributions([0.5, 0.5], np.zeros((2, 2))), [0, 0])
    with pytest.raises(DataError, match="shape"):
        risk_contributions([0.5, 0.5], np.eye(3))


@pytest.mark.parametrize(
    ("weights", "number"),
    [([0.25] * 4, 4), ([1, 0, 0], 1), ([0.5, -0.5], 2), ([0.1, 0.1], 2), ([0, 0], 0)],
)
def test_equal_positions_count_as_that_many(weights, number):
    assert effective_number(weights) == pytest.approx(number)


def test_the_expected_return_lies_where_draws_from_the_posterior_do():
    rng = np.random.default_rng(3)
    weights, mean = np.array([0.7, 0.3]), np.array([0.01, 0.02])
    spread = random_covariance(rng, 2)
    found = expected_return(weights, mean, spread, 12)
    draws = rng.multivariate_normal(mean, spread, size=200_000) @ weights * 12
    assert found.value == pytest.approx(12 * 0.013)
    np.testing.assert_allclose(
        [found.low, found.high], np.quantile(draws, [0.05, 0.95]), atol=0.02 * draws.std()
    )


def test_the_volatility_lies_in_its_interval_as_often_as_it_says():
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(4_000):
        returns = rng.normal(scale=0.02, size=(40, 1))
        found = volatility(np.ones(1), np.cov(returns, rowvar=False).reshape(1, 1), 40, 52)
        hits += found.low <= 0.02 * np.sqrt(52) <= found.high
    error = np.sqrt(0.9 * 0.1 / 4_000)
    assert abs(hits / 4_000 - 0.9) < norm.ppf(0.9995) * error
