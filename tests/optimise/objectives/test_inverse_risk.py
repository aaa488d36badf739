"""Weights by inverse volatility and variance against the definition and minimum variance."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.optimise import InverseVariance, InverseVolatility

SEEDS = st.integers(0, 2**32 - 1)
OBJECTIVES = [InverseVolatility(), InverseVariance()]


def make_distribution(covariance):
    size = len(covariance)
    assets = [f"A{i}" for i in range(size)]
    return bl.ReturnDistribution(np.zeros(size), covariance, np.zeros((size, size)), assets)


def test_weights_are_in_proportion_to_the_inverse():
    found = make_distribution(np.array([[0.04, 0.01], [0.01, 0.01]]))
    np.testing.assert_allclose(InverseVolatility().solve(found), [1 / 3, 2 / 3], rtol=1e-15)
    np.testing.assert_allclose(InverseVariance().solve(found), [1 / 5, 4 / 5], rtol=1e-15)


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=40)
def test_inverse_variance_is_minimum_variance_without_correlations(seed, size):
    variances = np.random.default_rng(seed).uniform(0.01, 1, size)
    found = make_distribution(np.diag(variances))
    np.testing.assert_allclose(
        InverseVariance().solve(found), bl.MinVariance().solve(found), atol=1e-14
    )


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=40)
def test_weight_times_risk_is_the_same_for_every_asset(seed, size):
    covariance = random_covariance(np.random.default_rng(seed), size)
    variances = np.diagonal(covariance)
    for objective, risk in zip(OBJECTIVES, (np.sqrt(variances), variances), strict=True):
        product = objective.solve(make_distribution(covariance)).to_numpy() * risk
        np.testing.assert_allclose(product, product[0], rtol=1e-13)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e6, 1e300])
def test_the_unit_of_the_covariance_does_not_matter(objective, scale):
    covariance = random_covariance(np.random.default_rng(1), 5, scale=1.0)
    mean = np.zeros(5)
    np.testing.assert_allclose(
        objective.solve_arrays(mean, scale * covariance).weights,
        objective.solve_arrays(mean, covariance).weights,
        rtol=1e-12,
    )


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_an_asset_without_variance_is_refused_by_name(objective):
    found = make_distribution(np.diag([1.0, 0.0, 2.0]))
    with pytest.raises(DataError, match=r"`covariance`.*'A1' is 0.*Drop"):
        objective.solve(found)
    with pytest.raises(DataError, match="row 1 is 0"):
        objective.solve_arrays(np.zeros(3), np.diag([1.0, 0.0, 2.0]))
    with pytest.raises(DataError, match=r"'A4' and 3 more is 0"):
        objective.solve(make_distribution(np.zeros((8, 8))))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_singular_covariance_needs_no_ridge(objective):
    weights = objective.solve(make_distribution(np.ones((3, 3))))
    np.testing.assert_allclose(weights, 1 / 3, rtol=1e-15)
    assert weights.attrs["solution"]["ridge"] == 0
