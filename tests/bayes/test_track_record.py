"""Ω learned from noisy view errors, against grids, matrix draws and conjugate updates."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import invwishart, multivariate_normal

from blportfolio.bayes.track_record import (
    completed_squared_error,
    expected_squared_error,
    information_share,
)

SEEDS = st.integers(0, 2**32 - 1)


def grid_of_one_view(error, noise, scale, dof):
    """E[ε² | e] and E[Ω | e] by a trapezoid over (ε, log Ω) of the model as it is written."""
    reach = 12 * np.sqrt(noise)
    epsilon = np.linspace(min(0, error) - reach, max(0, error) + reach, 2401)[:, None]
    log_omega = np.linspace(np.log(scale) - 5, np.log(scale) + 40 / dof + 12, 1501)
    omega = np.exp(log_omega)
    prior = -dof / 2 * log_omega - scale / (2 * omega)  # IW(Ψ, ν) dΩ in log Ω
    density = prior - epsilon**2 / (2 * omega) - log_omega / 2
    density = density - (error - epsilon) ** 2 / (2 * noise)
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    return float((weight * epsilon**2).sum()), float((weight * omega).sum())


@pytest.mark.parametrize("dof", [3.5, 12.0, 60.0])
@pytest.mark.parametrize(("error", "noise", "scale"), [(0, 1, 2), (1.5, 1, 2), (-6, 0.5, 4)])
def test_the_expected_square_of_one_error_is_that_of_a_grid_over_error_and_omega(
    error, noise, scale, dof
):
    found = expected_squared_error(
        np.array([float(error)]), np.array([[float(noise)]]), np.array([[float(scale)]]), dof
    )
    square, omega = grid_of_one_view(error, noise, scale, dof)
    assert found[0, 0] == pytest.approx(square, rel=1e-8)
    # IW(Ψ + E[ε²], ν + 1) has exactly the posterior mean of Ω.
    assert (scale + found[0, 0]) / (dof - 1) == pytest.approx(omega, rel=1e-6)


@pytest.mark.parametrize("size", [1.0, 6.0])
def test_the_expected_square_of_two_errors_is_that_of_weighted_matrix_draws(size):
    """Draws of Ω, weighted by N(e; 0, Ω + N); given Ω the error ε is Gaussian."""
    rng = np.random.default_rng(4)
    noise, scale = random_covariance(rng, 2, scale=1.0), random_covariance(rng, 2, scale=8.0)
    error, dof = size * rng.normal(size=2), 9.0
    draws = invwishart(dof, scale).rvs(200_000, random_state=rng)
    total = draws + noise
    solved = np.linalg.solve(total, draws)
    shift = np.einsum("nji,j->ni", solved, error)
    squares = draws - draws @ solved + shift[:, :, None] * shift[:, None, :]
    distance = np.einsum("i,ni->n", error, np.linalg.solve(total, error[:, None])[:, :, 0])
    weight = np.exp(-0.5 * (distance + np.linalg.slogdet(total)[1]))
    weight /= weight.sum()
    found = expected_squared_error(error, noise, scale, dof)
    for sample, expected in ((squares, found), (draws, (scale + found) / (dof - 2))):
        mean = np.einsum("n,nij->ij", weight, sample)
        deviation = np.sqrt(np.einsum("n,nij->ij", weight**2, (sample - mean) ** 2))
        assert (np.abs(mean - expected) < 5 * deviation).all()
        np.testing.assert_allclose(mean, expected, rtol=0.03)


@given(SEEDS, st.integers(1, 5), st.floats(0.5, 50))
@settings(max_examples=30)
def test_an_error_seen_without_noise_is_itself(seed, size, excess):
    rng = np.random.default_rng(seed)
    error, scale = rng.normal(size=size), random_covariance(rng, size, scale=1.0)
    found = expected_squared_error(error, np.zeros((size, size)), scale, size + excess)
    np.testing.assert_allclose(found, np.outer(error, error), rtol=1e-9, atol=1e-12)


@given(SEEDS, st.integers(1, 4), st.floats(2, 50))
@settings(max_examples=20)
def test_an_error_drowned_in_noise_confirms_the_prior(seed, size, strength):
    rng = np.random.default_rng(seed)
    error, scale = rng.normal(size=size), random_covariance(rng, size, scale=1.0)
    noise = 1e9 * random_covariance(rng, size, scale=1.0)
    found = expected_squared_error(error, noise, scale, size + 1 + strength)
    np.testing.assert_allclose(found, scale / strength, rtol=1e-3, atol=1e-5)


@given(SEEDS, st.integers(1, 4), st.floats(0.5, 50))
@settings(max_examples=40)
def test_it_follows_any_change_of_coordinates_and_is_positive_definite(seed, size, excess):
    """Permutations, units and signs of views among them; N may be singular."""
    rng = np.random.default_rng(seed)
    error = 2 * rng.normal(size=size)
    scale = random_covariance(rng, size, scale=1.0)
    noise = random_covariance(rng, size, scale=1.0, n_obs=rng.integers(1, 5))
    turn = rng.normal(size=(size, size)) + 2 * np.eye(size)
    here = expected_squared_error(error, noise, scale, size + excess)
    moved_noise, moved_scale = (turn @ matrix @ turn.T for matrix in (noise, scale))
    there = expected_squared_error(
        turn @ error, (moved_noise + moved_noise.T) / 2, (moved_scale + moved_scale.T) / 2,
        size + excess,
    )  # fmt: skip
    np.testing.assert_allclose(
        there, turn @ here @ turn.T, rtol=1e-6, atol=1e-8 * np.abs(there).max()
    )
    assert np.linalg.eigvalsh(here)[0] > -1e-12 * np.abs(here).max()
    np.testing.assert_array_equal(here, here.T)
    opposite = expected_squared_error(-error, noise, scale, size + excess)
    np.testing.assert_allclose(opposite, here, rtol=1e-9, atol=1e-12)


@st.composite
def partly_seen(draw):
    """A generator, Ψ of all views, the positions seen, and a squared error of those."""
    rng = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(2, 6))
    scale = random_covariance(rng, size, scale=1.0)
    seen = np.sort(rng.permutation(size)[: draw(st.integers(1, size))])
    squared = random_covariance(rng, len(seen), scale=1.0, n_obs=draw(st.integers(1, 6)))
    return rng, scale, seen, squared


@given(partly_seen(), st.floats(0.5, 50))
@settings(max_examples=60)
def test_unseen_errors_are_imputed_by_the_conditional_of_the_t_law(problem, strength):
    """ε has covariance C = Ψ/κ and is t with κ + 2 degrees of freedom.

    Given s seen errors, C's Schur complement is scaled by (κ + ε_sᵀC_ss⁻¹ε_s) / (κ + s).
    """
    _, scale, seen, squared = problem
    found = completed_squared_error(squared, seen, scale, strength)
    rest = np.setdiff1d(np.arange(len(scale)), seen)
    omega = scale / strength
    precision = np.linalg.inv(omega)
    expected = np.zeros_like(scale)
    expected[np.ix_(seen, seen)] = squared
    if len(rest):
        left = np.linalg.inv(precision[np.ix_(rest, rest)])
        distance = np.trace(np.linalg.inv(omega[np.ix_(seen, seen)]) @ squared)
        slope = -left @ precision[np.ix_(rest, seen)]
        expected[np.ix_(rest, seen)] = slope @ squared
        expected[np.ix_(seen, rest)] = (slope @ squared).T
        expected[np.ix_(rest, rest)] = slope @ squared @ slope.T + left * (strength + distance) / (
            strength + len(seen)
        )
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())
    assert np.linalg.eigvalsh(found)[0] > -1e-10 * np.abs(found).max()


@given(partly_seen(), st.floats(0.5, 50))
@settings(max_examples=40)
def test_imputation_does_not_depend_on_the_order_of_views(problem, strength):
    rng, scale, seen, squared = problem
    order = rng.permutation(len(scale))  # entry i of the new order is old view order[i]
    here = completed_squared_error(squared, seen, scale, strength)
    place = np.argsort(order)[seen]
    by_place = np.argsort(place)
    there = completed_squared_error(
        squared[np.ix_(by_place, by_place)], place[by_place], scale[np.ix_(order, order)], strength
    )
    np.testing.assert_allclose(there, here[np.ix_(order, order)], rtol=1e-9, atol=1e-11)


@given(partly_seen(), st.floats(0.5, 50))
@settings(max_examples=40)
def test_views_that_err_as_expected_leave_the_expectation_of_all(problem, strength):
    _, scale, seen, _ = problem
    expected = scale / strength
    found = completed_squared_error(expected[np.ix_(seen, seen)], seen, scale, strength)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@given(SEEDS, st.integers(1, 5))
@settings(max_examples=30)
def test_the_share_of_information_is_one_without_noise_and_none_when_drowned(seed, size):
    rng = np.random.default_rng(seed)
    omega, noise = random_covariance(rng, size), random_covariance(rng, size)
    assert information_share(np.zeros((size, size)), omega) == pytest.approx(1.0, rel=1e-9)
    assert information_share(1e9 * noise, omega) == pytest.approx(0.0, abs=1e-6)
    shares = [information_share(level * noise, omega) for level in (0.0, 0.3, 1.0, 3.0, 10.0)]
    assert shares == sorted(shares, reverse=True)


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=30)
def test_the_share_of_information_does_not_depend_on_coordinates(seed, size):
    rng = np.random.default_rng(seed)
    omega = random_covariance(rng, size, scale=1.0)
    noise = random_covariance(rng, size, scale=1.0, n_obs=int(rng.integers(1, 6)))
    turn = rng.normal(size=(size, size)) + 2 * np.eye(size)
    there = information_share(turn @ noise @ turn.T, turn @ omega @ turn.T)
    assert there == pytest.approx(information_share(noise, omega), rel=1e-5)


def test_the_share_of_information_is_that_of_simulated_scores():
    """Variance of ∂ log N(e; 0, sΩ + N)/∂s at s = 1, over its value k/2 without noise."""
    rng = np.random.default_rng(8)
    omega, noise = random_covariance(rng, 3, scale=1.0), random_covariance(rng, 3, scale=0.7)
    draws = rng.multivariate_normal(np.zeros(3), omega + noise, size=400_000)
    step = 1e-4
    up, down = (
        multivariate_normal(np.zeros(3), (1 + sign * step) * omega + noise).logpdf(draws)
        for sign in (1, -1)
    )
    scores = (up - down) / (2 * step)
    assert information_share(noise, omega) == pytest.approx(scores.var() / 1.5, rel=0.02)
