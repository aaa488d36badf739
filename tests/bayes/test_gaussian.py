"""Black-Litterman and SLP-BL kernels against brute force, other libraries and limits."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from blportfolio.bayes import bl_posterior, equilibrium_returns, shared_latent_posterior
from blportfolio.errors import ConfigError, DataError


@st.composite
def problems(draw, max_assets=6):
    """θ0, Σ0, P, q and Ω on the scale of daily returns."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_assets = draw(st.integers(1, max_assets))
    n_views = draw(st.integers(1, max_assets + 2))
    return (
        rng.normal(scale=1e-3, size=n_assets),
        random_covariance(rng, n_assets),
        rng.normal(size=(n_views, n_assets)),
        rng.normal(scale=1e-2, size=n_views),
        random_covariance(rng, n_views),
    )


def grid_posterior(prior_mean, prior_covariance, pick, views, view_covariance):
    """Integrate prior × likelihood over two dimensions by the trapezoid rule."""
    reach = 12 * np.sqrt(np.diagonal(prior_covariance))
    axes = [np.linspace(m - r, m + r, 1601) for m, r in zip(prior_mean, reach, strict=True)]
    theta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    likelihood = multivariate_normal(np.zeros(len(views)), view_covariance)
    density = multivariate_normal(prior_mean, prior_covariance).pdf(theta)
    density = density * likelihood.pdf(
        np.reshape(theta @ np.transpose(pick) - views, (1601, 1601, -1))
    )
    mass = density.sum() * cell
    mean = np.einsum("ij,ijk->k", density, theta) * cell / mass
    centred = theta - mean
    covariance = np.einsum("ij,ijk,ijl->kl", density, centred, centred, optimize=True) * cell / mass
    return mean, covariance, np.log(mass)


@pytest.mark.parametrize(
    ("pick", "views", "view_covariance"),
    [
        ([[1.0, -1.0]], [0.4], [[0.3]]),
        ([[0.6, 0.9]], [-2.5], [[0.1]]),
        ([[1.0, 0.2], [-0.5, 1.0]], [0.4, 1.1], [[0.5, 0.2], [0.2, 0.8]]),
    ],
)
def test_bl_posterior_matches_integration_over_a_grid(pick, views, view_covariance):
    problem = ([0.3, -0.5], [[1.0, 0.4], [0.4, 0.7]], pick, views, view_covariance)
    found = bl_posterior(*problem)
    mean, covariance, log_evidence = grid_posterior(*map(np.array, problem))
    np.testing.assert_allclose(found.mean, mean, atol=1e-10, rtol=0)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-10, rtol=0)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-10)


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_shared_latent_posterior_matches_integration_over_a_grid(scale):
    prior = np.array([0.3, -0.5]), np.array([[1.0, 0.4], [0.4, 0.7]])
    view = np.array([1.2, 0.1]), scale * np.array([[0.5, -0.2], [-0.2, 0.4]])
    found = shared_latent_posterior(*prior, *view)
    mean, covariance, log_evidence = grid_posterior(*prior, np.eye(2), *view)
    np.testing.assert_allclose(found.mean, mean, atol=1e-10, rtol=0)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-10, rtol=0)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-10)


@given(problems())
@settings(max_examples=60)
def test_gain_form_equals_the_precision_form_of_the_paper(problem):
    theta0, sigma0, pick, views, omega = problem
    found = bl_posterior(*problem)
    precision = np.linalg.inv(sigma0) + pick.T @ np.linalg.inv(omega) @ pick
    right = np.linalg.solve(sigma0, theta0) + pick.T @ np.linalg.solve(omega, views)
    scale = np.abs(sigma0).max()
    np.testing.assert_allclose(
        found.mean, np.linalg.solve(precision, right), rtol=1e-6, atol=1e-8 * np.sqrt(scale)
    )
    np.testing.assert_allclose(
        found.covariance, np.linalg.inv(precision), rtol=1e-6, atol=1e-8 * scale
    )


@given(problems())
@settings(max_examples=60)
def test_evidence_is_the_normal_density_of_the_views(problem):
    theta0, sigma0, pick, views, omega = problem
    expected = multivariate_normal.logpdf(
        views, pick @ theta0, pick @ sigma0 @ pick.T + omega, allow_singular=True
    )
    assert bl_posterior(*problem).log_evidence == pytest.approx(expected, rel=1e-8, abs=1e-6)


@given(problems())
@settings(max_examples=60)
def test_shared_latent_is_black_litterman_with_identity_picks(problem):
    theta0, sigma0, *_ = problem
    rng = np.random.default_rng(len(theta0))
    forecast = rng.normal(scale=1e-2, size=len(theta0))
    omega = random_covariance(rng, len(theta0))
    latent = shared_latent_posterior(theta0, sigma0, forecast, omega)
    classic = bl_posterior(theta0, sigma0, np.eye(len(theta0)), forecast, omega)
    np.testing.assert_array_equal(latent.mean, classic.mean)
    np.testing.assert_array_equal(latent.covariance, classic.covariance)
    assert latent.log_evidence == classic.log_evidence


@given(problems())
@settings(max_examples=40)
def test_worthless_views_leave_the_prior(problem):
    theta0, sigma0, pick, views, omega = problem
    found = bl_posterior(theta0, sigma0, pick, views, 1e14 * omega)
    np.testing.assert_allclose(found.mean, theta0, atol=1e-9, rtol=0)
    np.testing.assert_allclose(found.covariance, sigma0, atol=1e-9 * np.abs(sigma0).max(), rtol=0)


@given(problems())
@settings(max_examples=40)
def test_certain_views_are_fulfilled(problem):
    theta0, sigma0, pick, views, _ = problem
    pick, views = pick[: len(theta0)], views[: len(theta0)]
    found = bl_posterior(theta0, sigma0, pick, views, np.zeros((len(views), len(views))))
    total = pick @ sigma0 @ pick.T
    accuracy = 1e-12 * np.linalg.cond(total)
    np.testing.assert_allclose(pick @ found.mean, views, atol=accuracy, rtol=0)
    np.testing.assert_allclose(
        pick @ found.covariance @ pick.T, 0 * total, atol=accuracy * np.abs(total).max(), rtol=0
    )


def test_exact_features_replace_the_prior_and_worthless_ones_leave_it():
    rng = np.random.default_rng(3)
    theta0, sigma0 = rng.normal(scale=1e-3, size=5), random_covariance(rng, 5)
    forecast, omega = rng.normal(scale=1e-3, size=5), random_covariance(rng, 5)
    exact = shared_latent_posterior(theta0, sigma0, forecast, 1e-14 * omega)
    np.testing.assert_allclose(exact.mean, forecast, atol=1e-12, rtol=0)
    np.testing.assert_allclose(exact.covariance, 0, atol=1e-16, rtol=0)
    zero = shared_latent_posterior(theta0, sigma0, forecast, np.zeros((5, 5)))
    np.testing.assert_allclose(zero.mean, forecast, atol=1e-14, rtol=0)
    worthless = shared_latent_posterior(theta0, sigma0, forecast, 1e14 * omega)
    np.testing.assert_allclose(worthless.mean, theta0, atol=1e-13, rtol=0)
    np.testing.assert_allclose(worthless.covariance, sigma0, atol=1e-16, rtol=0)


def test_a_flat_prior_leaves_the_pure_forecast():
    rng = np.random.default_rng(4)
    forecast, omega = rng.normal(scale=1e-3, size=4), random_covariance(rng, 4)
    found = shared_latent_posterior(np.ones(4), 1e8 * np.eye(4), forecast, omega)
    np.testing.assert_allclose(found.mean, forecast, atol=1e-10, rtol=0)
    np.testing.assert_allclose(found.covariance, omega, atol=1e-9, rtol=0)


@given(problems())
@settings(max_examples=60)
def test_views_never_add_uncertainty(problem):
    """In the Loewner order the covariance of θ never exceeds its prior."""
    sigma0 = problem[1]
    after = bl_posterior(*problem).covariance
    scale = np.linalg.eigvalsh(sigma0)[-1]
    assert np.linalg.eigvalsh(sigma0 - after)[0] >= -1e-12 * scale
    assert np.linalg.eigvalsh(after)[0] >= -1e-12 * scale
    np.testing.assert_array_equal(after, after.T)


@given(problems())
@settings(max_examples=40)
def test_one_more_view_never_adds_uncertainty(problem):
    theta0, sigma0, pick, views, omega = problem
    fewer = bl_posterior(theta0, sigma0, pick[:-1], views[:-1], omega[:-1, :-1]).covariance
    all_views = bl_posterior(*problem).covariance
    assert np.linalg.eigvalsh(fewer - all_views)[0] >= -1e-12 * np.linalg.eigvalsh(sigma0)[-1]


@given(problems(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_order_of_assets_and_views_does_not_matter(problem, seed):
    theta0, sigma0, pick, views, omega = problem
    rng = np.random.default_rng(seed)
    a, v = rng.permutation(len(theta0)), rng.permutation(len(views))
    found = bl_posterior(*problem)
    moved = bl_posterior(
        theta0[a], sigma0[np.ix_(a, a)], pick[np.ix_(v, a)], views[v], omega[np.ix_(v, v)]
    )
    scale = np.abs(sigma0).max()
    np.testing.assert_allclose(moved.mean, found.mean[a], rtol=1e-8, atol=1e-9 * np.sqrt(scale))
    np.testing.assert_allclose(
        moved.covariance, found.covariance[np.ix_(a, a)], rtol=1e-8, atol=1e-10 * scale
    )
    assert moved.log_evidence == pytest.approx(found.log_evidence, rel=1e-8, abs=1e-6)


@given(problems(), st.floats(1e-3, 1e3))
@settings(max_examples=40)
def test_returns_in_another_unit_scale_mean_and_covariance(problem, c):
    theta0, sigma0, pick, views, omega = problem
    found = bl_posterior(*problem)
    scaled = bl_posterior(c * theta0, c**2 * sigma0, pick, c * views, c**2 * omega)
    scale = np.abs(sigma0).max()
    np.testing.assert_allclose(
        scaled.mean, c * found.mean, rtol=1e-8, atol=1e-9 * c * np.sqrt(scale)
    )
    np.testing.assert_allclose(
        scaled.covariance, c**2 * found.covariance, rtol=1e-8, atol=1e-10 * c**2 * scale
    )
    assert scaled.log_evidence == pytest.approx(
        found.log_evidence - len(views) * np.log(c), rel=1e-8, abs=1e-6
    )


@given(problems())
@settings(max_examples=40)
def test_views_one_after_another_equal_views_at_once(problem):
    """For views with independent errors, in mean, covariance and evidence."""
    theta0, sigma0, pick, views, omega = problem
    noise = np.diagonal(omega)
    together = bl_posterior(theta0, sigma0, pick, views, np.diag(noise))
    mean, covariance, log_evidence = theta0, sigma0, 0.0
    for row, view, variance in zip(pick, views, noise, strict=True):
        step = bl_posterior(mean, covariance, [row], [view], [[variance]])
        mean, covariance = step.mean, step.covariance
        log_evidence += step.log_evidence
    scale = np.abs(sigma0).max()
    np.testing.assert_allclose(mean, together.mean, rtol=1e-7, atol=1e-8 * np.sqrt(scale))
    np.testing.assert_allclose(covariance, together.covariance, rtol=1e-7, atol=1e-9 * scale)
    assert log_evidence == pytest.approx(together.log_evidence, rel=1e-8, abs=1e-6)


def test_without_views_the_posterior_is_the_prior():
    theta0, sigma0 = np.array([0.1, 0.2]), np.array([[1.0, 0.3], [0.3, 2.0]])
    found = bl_posterior(theta0, sigma0, np.empty((0, 2)), [], np.empty((0, 0)))
    np.testing.assert_array_equal(found.mean, theta0)
    np.testing.assert_array_equal(found.covariance, sigma0)
    assert found.log_evidence == 0.0


def test_a_singular_prior_moves_only_inside_its_range():
    rng = np.random.default_rng(5)
    loading = rng.normal(size=(5, 2))
    sigma0 = 1e-4 * loading @ loading.T
    pick, views, omega = rng.normal(size=(3, 5)), rng.normal(size=3), 1e-4 * np.eye(3)
    found = bl_posterior(np.zeros(5), sigma0, pick, views, omega)
    low = bl_posterior(np.zeros(2), 1e-4 * np.eye(2), pick @ loading, views, omega)
    np.testing.assert_allclose(found.mean, loading @ low.mean, rtol=1e-10)
    np.testing.assert_allclose(
        found.covariance, loading @ low.covariance @ loading.T, atol=1e-18, rtol=1e-9
    )
    assert found.log_evidence == pytest.approx(low.log_evidence, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
@settings(max_examples=25)
def test_evidence_of_redundant_certain_views_is_the_density_on_their_range(seed, rank):
    rng = np.random.default_rng(seed)
    loading, pick = rng.normal(size=(4, rank)), rng.normal(size=(5, 4))
    sigma0, views = loading @ loading.T, pick @ loading @ rng.normal(size=rank)
    found = bl_posterior(np.zeros(4), sigma0, pick, views, np.zeros((5, 5)))
    total = pick @ sigma0 @ pick.T
    expected = multivariate_normal.logpdf(views, np.zeros(5), total, allow_singular=True)
    assert found.log_evidence == pytest.approx(expected, rel=1e-6, abs=1e-5)


def test_a_prior_without_uncertainty_ignores_uncertain_views():
    found = bl_posterior([0.01, 0.02], np.zeros((2, 2)), [[1.0, -1.0]], [0.5], [[0.1]])
    np.testing.assert_array_equal(found.mean, [0.01, 0.02])
    np.testing.assert_array_equal(found.covariance, np.zeros((2, 2)))


@pytest.mark.parametrize("combined", [True, False])
def test_a_redundant_certain_view_counts_once(combined):
    rng = np.random.default_rng(6)
    theta0, sigma0 = rng.normal(size=4), random_covariance(rng, 4, scale=1.0)
    pick = rng.normal(size=(2, 4))
    twice = np.vstack([pick, pick[0] + pick[1] if combined else pick[:1]])
    views = np.array([0.3, -0.2])
    again = np.append(views, views.sum() if combined else views[0])
    once = bl_posterior(theta0, sigma0, pick, views, np.zeros((2, 2)))
    found = bl_posterior(theta0, sigma0, twice, again, np.zeros((3, 3)))
    np.testing.assert_allclose(found.mean, once.mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.covariance, once.covariance, atol=1e-12, rtol=0)


def test_a_view_said_twice_with_independent_errors_counts_as_one_of_half_the_variance():
    theta0, sigma0 = np.array([0.1, 0.2]), np.array([[1.0, 0.3], [0.3, 2.0]])
    twice = bl_posterior(theta0, sigma0, [[1, -1], [1, -1]], [0.5, 0.5], 0.4 * np.eye(2))
    once = bl_posterior(theta0, sigma0, [[1, -1]], [0.5], [[0.2]])
    np.testing.assert_allclose(twice.mean, once.mean, atol=1e-14)
    np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0])
def test_contradictory_certain_views_are_refused(scale):
    with pytest.raises(DataError, match=r"`views`.*contradict"):
        bl_posterior(
            np.zeros(2),
            scale**2 * np.eye(2),
            [[1, -1], [1, -1]],
            np.array([1.0, -1.0]) * scale,
            np.zeros((2, 2)),
        )


def test_a_certain_view_against_a_certain_prior_is_refused():
    with pytest.raises(DataError, match=r"`views`.*certain prior"):
        bl_posterior([0.1, 0.1], np.diag([0.0, 1.0]), [[1, 0]], [0.2], [[0.0]])


def test_a_forecast_outside_what_prior_and_features_allow_has_no_evidence():
    found = shared_latent_posterior(
        [0.1, 0.1], np.diag([0.0, 1.0]), [0.3, 0.3], np.diag([0.0, 1.0])
    )
    assert found.log_evidence == -np.inf
    np.testing.assert_allclose(found.mean, [0.1, 0.2], atol=1e-15)


def test_more_views_than_assets_with_certainty_are_refused_unless_they_agree():
    rng = np.random.default_rng(7)
    pick, truth = rng.normal(size=(5, 2)), np.array([0.02, -0.01])
    agreed = bl_posterior(np.zeros(2), np.eye(2), pick, pick @ truth, np.zeros((5, 5)))
    np.testing.assert_allclose(agreed.mean, truth, atol=1e-12)
    with pytest.raises(DataError, match="contradict"):
        bl_posterior(np.zeros(2), np.eye(2), pick, rng.normal(size=5), np.zeros((5, 5)))


def test_results_are_read_only_and_inputs_are_not_written_to():
    rng = np.random.default_rng(8)
    problem = [
        rng.normal(size=3),
        random_covariance(rng, 3),
        rng.normal(size=(2, 3)),
        rng.normal(size=2),
        random_covariance(rng, 2),
    ]
    copies = [array.copy() for array in problem]
    latent = [problem[0], problem[1], problem[0], problem[1]]
    for found in (bl_posterior(*problem), shared_latent_posterior(*latent)):
        assert not found.mean.flags.writeable
        assert not found.covariance.flags.writeable
    for array, copy in zip(problem, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable


GOOD = {
    "prior_mean": np.zeros(3),
    "prior_covariance": np.eye(3),
    "pick": np.ones((2, 3)),
    "views": np.zeros(2),
    "view_covariance": np.eye(2),
}
LATENT = {
    "prior_mean": np.zeros(3),
    "prior_covariance": np.eye(3),
    "feature_mean": np.zeros(3),
    "feature_covariance": np.eye(3),
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("prior_mean", np.zeros((3, 1))),
        ("prior_mean", [0.0, np.nan, 0.0]),
        ("prior_mean", ["a", "b", "c"]),
        ("prior_covariance", np.eye(2)),
        ("prior_covariance", np.ones((3, 2))),
        ("prior_covariance", np.full((3, 3), np.inf)),
        ("prior_covariance", np.eye(3) + np.triu(np.ones((3, 3)), 1)),
        ("prior_covariance", np.diag([1.0, -1.0, 1.0])),
        ("pick", np.ones((3, 2))),
        ("pick", np.ones(3)),
        ("pick", np.full((2, 3), np.nan)),
        ("views", 0.1),
        ("views", [np.inf, 0.0]),
        ("view_covariance", np.ones(2)),
        ("view_covariance", np.eye(3)),
        ("view_covariance", [[1.0, 0.5], [0.0, 1.0]]),
    ],
)
def test_a_bad_argument_of_bl_posterior_is_named(argument, value):
    with pytest.raises(DataError, match=f"`{argument}`"):
        bl_posterior(**{**GOOD, argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("feature_mean", np.zeros(2)),
        ("feature_mean", [0.0, np.nan, 0.0]),
        ("feature_covariance", np.eye(2)),
        ("feature_covariance", [[1, 2, 0], [0, 1, 0], [0, 0, 1]]),
        ("prior_covariance", -np.eye(3)),
    ],
)
def test_a_bad_argument_of_shared_latent_posterior_is_named(argument, value):
    with pytest.raises(DataError, match=f"`{argument}`"):
        shared_latent_posterior(**{**LATENT, argument: value})


@given(problems(), st.floats(0.1, 10))
@settings(max_examples=25)
def test_the_market_is_optimal_at_its_equilibrium_returns(problem, delta):
    sigma = problem[1]
    weights = np.random.default_rng(0).dirichlet(np.ones(len(sigma)))
    implied = equilibrium_returns(sigma, weights, risk_aversion=delta)
    np.testing.assert_allclose(
        np.linalg.solve(delta * sigma, implied), weights, atol=1e-12 * np.linalg.cond(sigma)
    )
    assert not implied.flags.writeable


def test_bad_arguments_of_equilibrium_returns_are_named():
    with pytest.raises(DataError, match="`market_weights`"):
        equilibrium_returns(np.eye(2), [1.0], risk_aversion=2.5)
    with pytest.raises(DataError, match="`covariance`"):
        equilibrium_returns(np.ones((2, 3)), [0.5, 0.5], risk_aversion=2.5)
    with pytest.raises(ConfigError, match="`risk_aversion`"):
        equilibrium_returns(np.eye(2), [0.5, 0.5], risk_aversion=0.0)


@pytest.mark.parametrize("solve", [bl_posterior, shared_latent_posterior])
def test_an_indefinite_prior_is_refused_not_answered_with_negative_variances(solve):
    indefinite, identity = [[1.0, 2.0], [2.0, 1.0]], np.eye(2)
    views = ([0.0, 0.0], indefinite) + ((identity,) if solve is bl_posterior else ())
    with pytest.raises(DataError, match="not positive semi-definite"):
        solve(*views, [1.0, 1.0], identity)
