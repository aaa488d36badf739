"""Solves with semi-definite matrices against numpy's pseudo-inverse."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.bayes import bl_posterior
from blportfolio.bayes.linalg import factorise
from blportfolio.errors import DataError

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 8), st.floats(1e-12, 1e6))
@settings(max_examples=60)
def test_a_definite_matrix_is_solved_as_numpy_solves_it(seed, size, scale):
    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, size, scale=scale)
    factor = factorise(matrix)
    accuracy = 1e-13 * np.linalg.cond(matrix)
    for right in (rng.normal(size=size), rng.normal(size=(size, 3))):
        expected = np.linalg.solve(matrix, right)
        solved = factor.solve(right)
        assert solved.shape == right.shape
        np.testing.assert_allclose(solved, expected, rtol=0, atol=accuracy * np.abs(expected).max())
    assert factor.rank == size
    assert factor.null_space.shape == (size, 0)
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-9)


@given(SEEDS, st.integers(2, 8), st.data())
@settings(max_examples=60)
def test_a_singular_matrix_is_solved_by_its_pseudo_inverse(seed, size, data):
    rng = np.random.default_rng(seed)
    rank = data.draw(st.integers(1, size - 1))
    matrix = random_covariance(rng, size, n_obs=rank)
    factor = factorise(matrix)
    assert factor.rank == rank
    values = np.linalg.eigvalsh(matrix)[-rank:]
    accuracy = 1e-12 * values[-1] / values[0]
    pseudo = np.linalg.pinv(matrix, rcond=1e-12, hermitian=True)
    for right in (rng.normal(size=size), rng.normal(size=(size, 3))):
        expected = pseudo @ right
        np.testing.assert_allclose(
            factor.solve(right), expected, rtol=0, atol=accuracy * np.abs(pseudo).max()
        )
    assert factor.log_determinant == pytest.approx(np.log(values).sum(), abs=1e-6 + accuracy)
    np.testing.assert_allclose(
        matrix @ factor.null_space, 0, rtol=0, atol=1e-13 * np.abs(matrix).max()
    )
    np.testing.assert_allclose(
        factor.null_space.T @ factor.null_space, np.eye(size - rank), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("size", [1, 3])
def test_the_zero_matrix_has_rank_zero_and_solves_to_zero(size):
    factor = factorise(np.zeros((size, size)))
    assert factor.rank == 0
    assert factor.log_determinant == 0.0
    np.testing.assert_array_equal(factor.solve(np.ones(size)), np.zeros(size))
    np.testing.assert_array_equal(factor.solve(np.ones((size, 2))), np.zeros((size, 2)))


def test_variances_of_very_different_size_are_not_taken_for_singular():
    variances = np.array([1e-20, 1.0, 1e8])
    factor = factorise(np.diag(variances))
    assert factor.rank == 3
    np.testing.assert_allclose(factor.solve(np.ones(3)), 1 / variances, rtol=1e-14)


@pytest.mark.parametrize("rounding", [-1e-18, 0.0])
def test_what_is_rounding_beside_its_terms_has_no_rank(rounding):
    factor = factorise(np.array([[rounding]]), scale=1e-4)
    assert factor.rank == 0
    np.testing.assert_array_equal(factor.solve(np.ones(1)), [0.0])
    mixed = factorise(np.diag([1e-4, rounding]), scale=1e-4)
    assert mixed.rank == 1
    np.testing.assert_allclose(mixed.solve(np.ones(2)), [1e4, 0.0], rtol=1e-12)


def test_rounding_above_zero_has_no_rank_either():
    assert factorise(np.array([[1e-22]]), scale=1e-4).rank == 0


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=30)
def test_the_scale_of_its_own_terms_changes_nothing(seed, size):
    matrix = random_covariance(np.random.default_rng(seed), size)
    plain, scaled = factorise(matrix), factorise(matrix, scale=float(np.abs(matrix).max()))
    assert scaled.rank == plain.rank == size
    np.testing.assert_array_equal(scaled.solve(np.eye(size)), plain.solve(np.eye(size)))


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [2.0, 1.0]], [[-1e-18]], [[1.0, 0], [0, -1e-3]]])
def test_an_indefinite_matrix_is_told_from_rounding(matrix):
    with pytest.raises(
        DataError, match=r"not positive semi-definite; its smallest eigenvalue is -"
    ):
        factorise(np.array(matrix))


def test_the_message_says_of_which_covariances_it_speaks():
    with pytest.raises(
        DataError,
        match=r"prior's covariance plus that of the views.*is -1\.9\. Give covariances without",
    ):
        bl_posterior([0, 0], [[1, 2], [2, 1]], [[1, -1]], [0], [[0.1]])


@given(SEEDS, st.sampled_from([1, 5, 64, 65, 150]), st.booleans())
@settings(max_examples=20)
def test_what_is_whitened_has_the_products_of_a_solve(seed, size, is_singular):
    """Within a block of rows and across several."""
    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, size, n_obs=max(1, size // 2) if is_singular else 2 * size + 9)
    factor, right = factorise(matrix), rng.normal(size=(size, 3))
    white, expected = factor.whiten(right), right.T @ factor.solve(right)
    accuracy = 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(white.T @ white, expected, rtol=0, atol=accuracy)
