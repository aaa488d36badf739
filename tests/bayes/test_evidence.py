"""Log scores and averages over models, against joint densities, scipy and draws."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import multivariate_normal

from blportfolio.bayes.evidence import (
    Dispersion,
    average_moments,
    evidence_weights,
    gaussian_log_density,
    predictive_log_score,
)

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)


@given(SEEDS, SIZES, st.sampled_from([1e-4, 1.0, 1e3]))
@settings(max_examples=60)
def test_the_gaussian_density_is_that_of_scipy(seed, size, scale):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size, scale=scale)
    point, mean = np.sqrt(scale) * rng.normal(size=(2, size))
    expected = multivariate_normal(mean, covariance).logpdf(point)
    assert gaussian_log_density(point, mean, covariance) == pytest.approx(expected, rel=1e-9)


def on_its_range(point, mean, root):
    """Log density by an orthonormal basis of the range of C = LLᵀ, where nothing is singular."""
    basis = np.linalg.qr(root)[0]
    inside = basis.T @ root
    return float(multivariate_normal(cov=inside @ inside.T).logpdf(basis.T @ (point - mean)))


@given(SEEDS, st.integers(2, 6), st.integers(1, 5))
@example(seed=42, size=4, rank=3)  # the last Cholesky pivots are rounding, yet not that small
@example(seed=1151, size=4, rank=3)
@settings(max_examples=60)
def test_of_a_singular_covariance_it_is_the_density_on_its_range(seed, size, rank):
    rng = np.random.default_rng(seed)
    rank = min(rank, size - 1)
    root = np.linalg.qr(rng.normal(size=(size, rank)))[0] * rng.uniform(0.5, 2.0, size=rank)
    mean = rng.normal(size=size)
    point = mean + root @ rng.normal(size=rank)
    found = gaussian_log_density(point, mean, root @ root.T)
    assert found == pytest.approx(on_its_range(point, mean, root), abs=1e-6)
    by_scipy = multivariate_normal(mean, root @ root.T, allow_singular=True).logpdf(point)
    assert found == pytest.approx(float(by_scipy), abs=1e-6)


@given(SEEDS)
@settings(max_examples=20)
def test_with_fewer_returns_than_assets_scores_compare_posteriors_on_the_range(seed):
    rng = np.random.default_rng(seed)
    n_obs, size = 15, int(rng.integers(16, 30))
    sample = 0.01 * rng.normal(size=(n_obs, size))
    covariance = np.cov(sample.T)
    basis = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][: n_obs - 1]
    realised, forecast = 0.01 * rng.normal(size=(21, size)), 1e-3 * rng.normal(size=size)
    for tau in (0.01, 0.1, 1.0):
        mean, spread = tau / (1 + tau) * forecast, tau / (1 + tau) * covariance
        found = predictive_log_score(realised, mean, spread, covariance)
        inside = basis @ (covariance / 21 + spread) @ basis.T
        law = multivariate_normal(basis @ mean, inside)
        assert found == pytest.approx(law.logpdf(basis @ realised.mean(axis=0)), abs=1e-6)


def log_joint(returns, mean, mean_covariance, covariance):
    """Log density of all returns at once, θ integrated out: cov I ⊗ Σ + 11ᵀ ⊗ C."""
    count = len(returns)
    total = np.kron(np.eye(count), covariance) + np.kron(np.ones((count, count)), mean_covariance)
    return multivariate_normal(np.tile(mean, count), total).logpdf(returns.ravel())


@given(SEEDS, st.integers(1, 4), st.integers(1, 12), st.sampled_from([1e-4, 1.0]))
@settings(max_examples=60)
def test_scores_compare_posteriors_as_the_joint_density_of_all_returns_does(
    seed, size, count, scale
):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size, scale=scale)
    returns = np.sqrt(scale) * rng.normal(size=(count, size))
    means = np.sqrt(scale) * rng.normal(size=(3, size))
    spreads = [
        random_covariance(rng, size, scale=0.1 * scale),
        random_covariance(rng, size, scale=scale, n_obs=1),
        np.zeros((size, size)),
    ]
    posteriors = list(zip(means, spreads, strict=True))
    left_out = [
        log_joint(returns, mean, spread, covariance)
        - predictive_log_score(returns, mean, spread, covariance)
        for mean, spread in posteriors
    ]
    np.testing.assert_allclose(left_out, left_out[0], rtol=0, atol=1e-9)


def eigenbasis(covariance):
    values, vectors = np.linalg.eigh(covariance)
    return values, vectors


@given(SEEDS, SIZES, st.integers(2, 20), st.floats(0.2, 5))
@settings(max_examples=40)
def test_the_dispersion_is_that_of_the_principal_components_and_what_it_was_before(
    seed, size, count, before
):
    """50 degrees of freedom are those of before; components by the eigenvectors of Σ."""
    rng = np.random.default_rng(seed)
    covariance, returns = random_covariance(rng, size), 0.01 * rng.normal(size=(count, size))
    shape = rng.uniform(0.5, 1.5, size=size)
    shape /= shape.mean()
    found = Dispersion(before, shape).after(returns, covariance)
    values, vectors = eigenbasis(covariance)
    ratio = np.var(returns @ vectors, axis=0, ddof=1) * (count - 1) / values
    level = ((ratio / shape).sum() + 50 * before) / (size * (count - 1) + 50)
    expected = (ratio / level + 50 * shape) / (count - 1 + 50)
    assert found.size == pytest.approx(level, rel=1e-7)
    np.testing.assert_allclose(found.shape, expected / expected.mean(), rtol=1e-6)
    # The mean return, by which posteriors are judged, has no part in it.
    moved = Dispersion(before, shape).after(returns + 0.05, covariance)
    assert moved.size == pytest.approx(found.size, rel=1e-6)
    # Returns twice as large and Σ four times as large are another unit.
    other = Dispersion(before, shape).after(2 * returns, 4 * covariance)
    assert other.size == pytest.approx(found.size, rel=1e-7)


@given(SEEDS, SIZES)
@settings(max_examples=20)
def test_the_dispersion_of_one_period_comes_from_the_return_itself(seed, size):
    rng = np.random.default_rng(seed)
    covariance, point = random_covariance(rng, size), 0.01 * rng.normal(size=size)
    found = Dispersion().after(point[None], covariance)
    squares = point @ np.linalg.solve(covariance, point)
    assert found.size == pytest.approx((squares + 50) / (size + 50), rel=1e-7)


@given(SEEDS, st.integers(2, 6), st.floats(0.1, 10))
@settings(max_examples=30)
def test_a_corrected_covariance_keeps_its_directions(seed, size, level):
    rng = np.random.default_rng(seed)
    covariance, shape = random_covariance(rng, size), rng.uniform(0.5, 2, size=size)
    values, vectors = eigenbasis(covariance)
    found = Dispersion(level, shape).corrected(covariance)
    expected = (vectors * (level * shape * values)) @ vectors.T
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(
        Dispersion(level).corrected(covariance), level * covariance, rtol=1e-8, atol=1e-16
    )


@pytest.mark.parametrize("count", [1, 21])
def test_size_and_shape_converge_to_the_truth(count):
    """Returns four times as wild as Σ says, and sixteen times so in its safest direction."""
    rng = np.random.default_rng(4)
    covariance = random_covariance(rng, 5)
    values, vectors = eigenbasis(covariance)
    factors = np.array([16.0, 4, 4, 4, 4])
    truth = (vectors * (factors * values)) @ vectors.T
    found, path = Dispersion(), []
    for _ in range(600):
        returns = rng.multivariate_normal(np.zeros(5), truth, size=count)
        found = found.after(returns, covariance)
        path.append(found.size * found.shape)
    np.testing.assert_allclose(np.mean(path[200:], axis=0), factors, rtol=0.2)


def test_of_a_singular_covariance_only_its_range_counts():
    rng = np.random.default_rng(5)
    root = rng.normal(size=(8, 3))
    returns = rng.normal(size=(21, 3)) @ root.T
    found = Dispersion().after(returns, root @ root.T)
    latent = returns @ np.linalg.pinv(root).T
    squares = 20 * np.var(latent, axis=0, ddof=1).sum()
    assert found.size == pytest.approx((squares + 50) / (3 * 20 + 50), rel=1e-7)
    assert found.shape.shape == (3,)
    assert np.linalg.matrix_rank(found.corrected(root @ root.T)) == 3


def test_the_shape_of_another_number_of_assets_is_read_at_the_same_relative_ranks():
    shape = np.array([3.0, 1.0, 0.5])
    found = Dispersion(1.0, shape).corrected(np.diag(np.arange(1.0, 6.0)))
    np.testing.assert_allclose(np.diagonal(found), [3, 4, 3, 3, 2.5])


def test_the_right_dispersion_scores_best():
    rng = np.random.default_rng(6)
    covariance, spread = random_covariance(rng, 3), random_covariance(rng, 3, scale=1e-6)
    totals = dict.fromkeys((0.5, 1.5, 3.0, 6.0), 0.0)
    for _ in range(500):
        returns = rng.multivariate_normal(np.zeros(3), 3 * covariance, size=10)
        for s in totals:
            sigma = Dispersion(s).corrected(covariance)
            totals[s] += predictive_log_score(returns, np.zeros(3), spread, sigma)
    assert max(totals, key=totals.get) == 3


@given(SEEDS, SIZES)
@settings(max_examples=20)
def test_the_score_of_one_return_is_its_predictive_density(seed, size):
    rng = np.random.default_rng(seed)
    covariance, spread = random_covariance(rng, size), random_covariance(rng, size)
    returns, mean = 0.01 * rng.normal(size=(1, size)), 0.01 * rng.normal(size=size)
    expected = multivariate_normal(mean, covariance + spread).logpdf(returns[0])
    found = predictive_log_score(returns, mean, spread, covariance)
    assert found == pytest.approx(float(expected), abs=1e-9)


@given(SEEDS, SIZES, st.integers(2, 15))
@settings(max_examples=20)
def test_neither_the_order_of_periods_nor_the_unit_of_returns_ranks_posteriors(seed, size, count):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size)
    returns = 0.01 * rng.normal(size=(count, size))
    means, spreads = 0.01 * rng.normal(size=(2, size)), (covariance, 0.1 * covariance)

    def lead(sample, c=1.0):
        here, there = (
            predictive_log_score(c * sample, c * mean, c**2 * spread, c**2 * covariance)
            for mean, spread in zip(means, spreads, strict=True)
        )
        return here - there

    assert lead(rng.permutation(returns)) == pytest.approx(lead(returns), abs=1e-9)
    assert lead(returns, 100.0) == pytest.approx(lead(returns), abs=1e-9)


def test_on_average_nothing_scores_better_than_the_truth():
    """A logarithmic score is proper: returns drawn from one posterior prefer that one."""
    rng = np.random.default_rng(1)
    covariance = random_covariance(rng, 2, scale=1.0)
    truth = rng.normal(size=2), random_covariance(rng, 2, scale=0.3)
    others = [(truth[0] + 0.5, truth[1]), (truth[0], 4 * truth[1]), (truth[0], truth[1] / 8)]
    leads = []
    for _ in range(4000):
        theta = rng.multivariate_normal(*truth)
        returns = rng.multivariate_normal(theta, covariance, size=5)
        best = predictive_log_score(returns, *truth, covariance)
        leads.append([best - predictive_log_score(returns, *o, covariance) for o in others])
    mean, error = np.mean(leads, axis=0), np.std(leads, axis=0) / np.sqrt(len(leads))
    assert (mean > 5 * error).all()


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(-1e5, 1e5))
@settings(max_examples=60)
def test_weights_are_posterior_probabilities_whatever_the_common_constant(scores, constant):
    found = evidence_weights(np.array(scores) + constant)
    assert found.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(found, softmax(scores), rtol=1e-9, atol=1e-9)


def test_scores_far_apart_neither_overflow_nor_divide_by_nothing():
    np.testing.assert_array_equal(evidence_weights(np.array([1e6, 0.0, -1e9])), [1, 0, 0])
    np.testing.assert_array_equal(evidence_weights(np.array([-1e9])), [1])


@given(SEEDS, SIZES, st.integers(1, 5))
@settings(max_examples=40)
def test_averaged_moments_are_those_of_the_raw_moments_and_semi_definite(seed, size, count):
    """Cov = E[xxᵀ] − E[x]E[x]ᵀ, summed model by model."""
    rng = np.random.default_rng(seed)
    weights, means = rng.dirichlet(np.ones(count)), rng.normal(size=(count, size))
    covariances = np.array([random_covariance(rng, size, scale=1.0) for _ in range(count)])
    mean, covariance = average_moments(weights, means, covariances)
    parts = list(zip(weights, means, covariances, strict=True))
    second = sum(w * (c + np.outer(m, m)) for w, m, c in parts)
    np.testing.assert_allclose(mean, sum(w * m for w, m, _ in parts), atol=1e-12)
    np.testing.assert_allclose(covariance, second - np.outer(mean, mean), atol=1e-11)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-12
    within = np.einsum("g,gij->ij", weights, covariances)
    assert np.linalg.eigvalsh(covariance - within)[0] >= -1e-12


def test_averaged_moments_are_those_of_draws_from_the_mixture():
    rng = np.random.default_rng(2)
    weights, means = np.array([0.2, 0.5, 0.3]), rng.normal(size=(3, 2))
    covariances = np.array([random_covariance(rng, 2, scale=0.5) for _ in range(3)])
    counts = rng.multinomial(400_000, weights)
    parts = zip(means, covariances, counts, strict=True)
    draws = np.vstack([rng.multivariate_normal(m, c, size=n) for m, c, n in parts])
    mean, covariance = average_moments(weights, means, covariances)
    centred = draws - mean
    products = centred[:, :, None] * centred[:, None, :]
    for sample, expected in ((draws, mean), (products, covariance)):
        error = sample.std(axis=0) / np.sqrt(len(draws))
        assert (np.abs(sample.mean(axis=0) - expected) < 5 * error).all()


def test_one_model_is_its_own_average():
    rng = np.random.default_rng(3)
    mean, covariance = rng.normal(size=3), random_covariance(rng, 3)
    found = average_moments(np.ones(1), mean[None], covariance[None])
    np.testing.assert_array_equal(found[0], mean)
    np.testing.assert_allclose(found[1], covariance, rtol=1e-14)
