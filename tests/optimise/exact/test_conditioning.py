"""What counts as a covariance and as singular, the ridge, and condition numbers."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import DataError, SingularCovarianceWarning
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.optimise.exact.conditioning import condition_number, power_of_four, regularise

SEEDS = st.integers(0, 2**32 - 1)


@given(st.floats(1e-300, 1e300))
def test_a_power_of_four_brings_any_size_near_1_and_keeps_its_digits(size):
    factor = power_of_four(size)
    assert 0.25 <= factor * size < 4
    assert factor * size / factor == size
    assert np.log2(factor) % 2 == 0


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "not positive semi-definite.*-1"),
        (np.zeros((2, 2)), "is zero"),
        ([[1.0, 0.2], [0.1, 1.0]], "symmetric"),
        ([[1.0, 0.0], [0.0, -1.0]], "variances"),
        (np.eye(3), "shape"),
        ([[np.nan, 0.0], [0.0, 1.0]], "finite"),
    ],
)
def test_a_matrix_that_is_no_covariance_is_refused(covariance, message):
    with pytest.raises(DataError, match=f"(?s)`covariance`.*{message}"):
        long_only_max_sharpe([0.1, 0.2], covariance)


def test_an_indefinite_covariance_is_refused_with_its_condition_number():
    with pytest.raises(DataError, match=r"smallest eigenvalue is -1, its largest 3 .* number 3\b"):
        long_only_max_sharpe([0.1, 0.2], [[1.0, 2.0], [2.0, 1.0]])


@given(SEEDS, st.integers(1, 30), st.floats(-10, 10))
@settings(max_examples=40)
def test_the_condition_number_is_that_of_the_inverse(seed, size, exponent):
    covariance = 10**exponent * random_covariance(np.random.default_rng(seed), size)
    exact = np.linalg.cond(covariance, 1)
    assert exact / 3 <= condition_number(covariance) <= exact * (1 + 1e-6)


def test_a_singular_matrix_has_an_infinite_condition_number_until_it_has_a_ridge():
    ones = np.ones((4, 4)) - 1e-3 * np.eye(4)
    assert condition_number(ones) == np.inf
    assert condition_number(np.ones((2, 2)), ridge=1.0) == pytest.approx(3.0)


def test_a_solution_says_the_condition_number_and_what_was_done_about_it():
    rng = np.random.default_rng(5)
    mean = np.full(10, 1e-3)
    assets = [f"A{i}" for i in range(10)]
    regular, singular = random_covariance(rng, 10), random_covariance(rng, 10, n_obs=5)
    found = bl.ReturnDistribution(mean, regular, np.zeros((10, 10)), assets)
    record = bl.MaxSharpe().solve(found).attrs["solution"]
    assert record["condition"] == pytest.approx(np.linalg.cond(regular, 1), rel=0.5)
    found = bl.ReturnDistribution(mean, singular, np.zeros((10, 10)), assets)
    with pytest.warns(SingularCovarianceWarning, match=r"condition number is above 1e\+12.*1e-08"):
        record = bl.MaxSharpe().solve(found).attrs["solution"]
    mended = singular + record["ridge"] * np.eye(10)
    assert record["condition"] == pytest.approx(np.linalg.cond(mended, 1), rel=0.5)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=300)
def test_fewer_returns_than_assets_are_always_seen_to_be_singular(seed, size):
    """Also where one small pivot makes the rounding in the next look like variance."""
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size, n_obs=int(rng.integers(1, size)))
    assert regularise(covariance)[1] > 0


def test_a_singular_matrix_whose_pivots_hide_it_gets_a_ridge():
    covariance = random_covariance(np.random.default_rng(2877), 3, n_obs=2)
    pivots = np.diagonal(np.linalg.cholesky(covariance)) ** 2 / np.diagonal(covariance)
    assert pivots.min() > 1e-12
    assert regularise(covariance)[1] > 0
