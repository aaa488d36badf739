"""M-BL (observed views and features) against grids, closed forms and limits."""

import numpy as np
import pytest
from brute_force import axis, log_normal, moments, theta_grid
from helpers import random_covariance
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.bayes import bl_posterior, mixed_effects_posterior, shared_latent_posterior
from blportfolio.errors import BLPortfolioError, DataError

# The trapezoid rule is exact to rounding for smooth densities that vanish at both ends.
GRID = {"rtol": 0, "atol": 1e-12}


@st.composite
def problems(draw, max_assets=6):
    """Every argument of `mixed_effects_posterior` on the scale of daily returns."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_assets = draw(st.integers(1, max_assets))
    n_views = draw(st.integers(1, max_assets + 2))
    return (
        rng.normal(scale=1e-3, size=n_assets),
        random_covariance(rng, n_assets),
        rng.normal(size=(n_views, n_assets)),
        rng.normal(scale=1e-2, size=n_views),
        random_covariance(rng, n_views),
        rng.normal(scale=1e-2, size=n_assets),
        random_covariance(rng, n_assets),
        rng.normal(scale=1e-2, size=n_assets),
        draw(st.floats(-3, 3)),
    )


def assert_same(found, expected, scale, *, tolerance):
    """Mean and covariance agree, relative to their scale."""
    mean, covariance = (
        expected if isinstance(expected, tuple) else (expected.mean, expected.covariance)
    )
    np.testing.assert_allclose(found.mean, mean, rtol=tolerance, atol=tolerance * np.sqrt(scale))
    np.testing.assert_allclose(found.covariance, covariance, rtol=tolerance, atol=tolerance * scale)


TWO_ASSETS = {
    "prior_mean": np.array([0.3, -0.5]),
    "prior_covariance": np.array([[1.0, 0.4], [0.4, 0.7]]),
    "shared_mean": np.array([0.9, 0.2]),
    "shared_covariance": np.array([[0.8, -0.3], [-0.3, 0.6]]),
    "influence_mean": np.array([-0.2, 0.35]),
}


def grid_answer(pick, views, view_covariance, gamma):
    """N(θ; θ0, Σ0) N(x_S; θ, Ω^F) N(q; P(α + Fβ + γθ), Ω) summed over two dimensions."""
    p = TWO_ASSETS
    theta, _ = theta_grid(p["prior_mean"], p["prior_covariance"], reach=11, count=1201)
    log_density = log_normal(theta, p["prior_mean"], p["prior_covariance"])
    log_density = log_density + log_normal(theta, p["shared_mean"], p["shared_covariance"])
    without_views = np.exp(log_density).sum()
    error = views - (p["influence_mean"] + gamma * theta) @ pick.T
    density = np.exp(log_density + log_normal(error, np.zeros(len(views)), view_covariance))
    return *moments(density, theta), np.log(density.sum() / without_views)


@pytest.mark.parametrize("gamma", [1.6, 1.0, 0.3, -0.7])
@pytest.mark.parametrize(
    ("pick", "views", "view_covariance"),
    [
        ([[1.0, -1.0]], [0.4], [[0.3]]),
        ([[0.6, 0.9]], [-2.5], [[0.1]]),
        ([[1.0, 0.2], [-0.5, 1.0]], [0.4, 1.1], [[0.5, 0.2], [0.2, 0.8]]),
    ],
)
def test_mixed_effects_match_integration_over_a_grid(pick, views, view_covariance, gamma):
    pick, views, view_covariance = np.array(pick), np.array(views), np.array(view_covariance)
    found = mixed_effects_posterior(
        TWO_ASSETS["prior_mean"],
        TWO_ASSETS["prior_covariance"],
        pick,
        views,
        view_covariance,
        TWO_ASSETS["shared_mean"],
        TWO_ASSETS["shared_covariance"],
        TWO_ASSETS["influence_mean"],
        gamma,
    )
    mean, covariance, log_evidence = grid_answer(pick, views, view_covariance, gamma)
    np.testing.assert_allclose(found.mean, mean, **GRID)
    np.testing.assert_allclose(found.covariance, covariance, **GRID)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-12)


@given(problems())
def test_mixed_effects_equal_the_precision_form_of_theorem_3_1(problem):
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, gamma = problem
    found = mixed_effects_posterior(*problem)
    inverse, inverse_f = np.linalg.inv(omega), np.linalg.inv(omega_f)
    precision = np.linalg.inv(sigma0) + inverse_f + gamma**2 * pick.T @ inverse @ pick
    right = np.linalg.solve(sigma0, theta0) + inverse_f @ shared
    right = right + gamma * pick.T @ inverse @ (views - pick @ influence)
    expected = np.linalg.solve(precision, right), np.linalg.inv(precision)
    # Conditioning: the precision form inverts what the kernel never does.
    assert_same(found, expected, np.abs(sigma0).max(), tolerance=1e-8)


def test_the_precision_of_corollary_3_1_1_misses_gamma_squared():
    """As printed, without γ², the covariance is wrong by tens of percent at γ = 1.6."""
    p, gamma = TWO_ASSETS, 1.6
    pick, omega = np.array([[1.0, 0.2], [-0.5, 1.0]]), np.array([[0.5, 0.2], [0.2, 0.8]])
    _, covariance, _ = grid_answer(pick, np.array([0.4, 1.1]), omega, gamma)
    features = np.linalg.inv(p["prior_covariance"]) + np.linalg.inv(p["shared_covariance"])
    information = pick.T @ np.linalg.inv(omega) @ pick
    printed = np.linalg.inv(features + information)
    corrected = np.linalg.inv(features + gamma**2 * information)
    np.testing.assert_allclose(corrected, covariance, **GRID)
    assert np.abs(printed - covariance).max() > 0.2 * np.abs(covariance).max()


@given(problems())
def test_mixed_effects_are_the_shared_latent_update_and_then_the_views(problem):
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, gamma = problem
    found = mixed_effects_posterior(*problem)
    first = shared_latent_posterior(theta0, sigma0, shared, omega_f)
    second = bl_posterior(
        first.mean, first.covariance, gamma * pick, views - pick @ influence, omega
    )
    assert_same(found, second, np.abs(sigma0).max(), tolerance=1e-12)
    assert found.log_evidence == pytest.approx(second.log_evidence, rel=1e-12, abs=1e-10)


@given(problems())
def test_the_evidence_is_the_density_of_the_views_given_the_features(problem):
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, gamma = problem
    latent = shared_latent_posterior(theta0, sigma0, shared, omega_f)
    expected = log_normal(
        views,
        pick @ (influence + gamma * latent.mean),
        omega + gamma**2 * pick @ latent.covariance @ pick.T,
    )
    found = mixed_effects_posterior(*problem).log_evidence
    assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-8)


def test_integrating_unseen_views_out_leaves_the_shared_latent_model():
    """Remark 3.4, by summing the posterior over a grid of views weighted by their evidence."""
    p = TWO_ASSETS
    pick, omega = np.array([[1.0, 0.2], [-0.5, 1.0]]), np.array([[0.5, 0.2], [0.2, 0.8]])
    fixed = (omega, p["shared_mean"], p["shared_covariance"], p["influence_mean"], 1.6)
    latent = shared_latent_posterior(
        p["prior_mean"], p["prior_covariance"], p["shared_mean"], p["shared_covariance"]
    )
    centre = pick @ (p["influence_mean"] + 1.6 * latent.mean)
    reach = 9 * np.sqrt(np.diagonal(omega + 1.6**2 * pick @ latent.covariance @ pick.T))
    axes = [axis(c, r, 49) for c, r in zip(centre, reach, strict=True)]
    views = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    answers = [
        mixed_effects_posterior(p["prior_mean"], p["prior_covariance"], pick, q, *fixed)
        for q in views
    ]
    density = np.exp([a.log_evidence for a in answers])
    mass = density.sum() * np.prod([a[1] - a[0] for a in axes])
    mean, between = moments(density, np.array([a.mean for a in answers]))
    assert mass == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(mean, latent.mean, **GRID)
    np.testing.assert_allclose(answers[0].covariance + between, latent.covariance, **GRID)


@given(problems())
def test_unseen_views_integrate_out_in_closed_form(problem):
    """E[μ^M] and E[Cov] + Cov[μ^M] over q|F are the moments of SLP-BL: the tower property."""
    theta0, sigma0, pick, _, omega, shared, omega_f, influence, gamma = problem
    latent = shared_latent_posterior(theta0, sigma0, shared, omega_f)
    expected_views = pick @ (influence + gamma * latent.mean)
    spread = omega + gamma**2 * pick @ latent.covariance @ pick.T

    def answer(q):
        return mixed_effects_posterior(
            theta0, sigma0, pick, q, omega, shared, omega_f, influence, gamma
        )

    centre, unit = answer(expected_views), np.sqrt(np.diagonal(spread))
    gain = np.column_stack(
        [(answer(expected_views + u).mean - centre.mean) / u.sum() for u in np.diag(unit)]
    )
    whole = centre.mean, centre.covariance + gain @ spread @ gain.T
    assert_same(latent, whole, np.abs(sigma0).max(), tolerance=1e-9)


@given(problems())
def test_without_an_influence_of_theta_the_views_say_nothing(problem):
    """γ = 0 is SLP-BL, and the views are noise around P(α + Fβ)."""
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, _ = problem
    found = mixed_effects_posterior(*problem[:-1], 0.0)
    latent = shared_latent_posterior(theta0, sigma0, shared, omega_f)
    assert_same(found, latent, np.abs(sigma0).max(), tolerance=1e-12)
    noise = log_normal(views, pick @ influence, omega)
    assert found.log_evidence == pytest.approx(float(noise), rel=1e-9, abs=1e-8)


@given(problems())
def test_worthless_features_leave_classic_black_litterman(problem):
    """Ω^F → ∞ and (α, β, γ) = (0, 0, 1): mean, covariance and evidence."""
    theta0, sigma0, pick, views, omega, shared, omega_f, *_ = problem
    found = mixed_effects_posterior(
        theta0, sigma0, pick, views, omega, shared, 1e13 * omega_f, np.zeros(len(theta0)), 1.0
    )
    classic = bl_posterior(theta0, sigma0, pick, views, omega)
    # What is left of the features is of the order 1e-13 times a condition number.
    assert_same(found, classic, np.abs(sigma0).max(), tolerance=1e-9)
    assert found.log_evidence == pytest.approx(classic.log_evidence, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("n_views", [4, 6])
@pytest.mark.parametrize("noise", [0.0, 1e-16])
def test_certain_views_of_full_rank_reveal_theta(n_views, noise):
    """Ω → 0 with views Pr*: δ at r*, whatever prior and features say."""
    rng = np.random.default_rng(n_views)
    truth, pick = rng.normal(scale=1e-2, size=4), rng.normal(size=(n_views, 4))
    found = mixed_effects_posterior(
        rng.normal(scale=1e-3, size=4),
        random_covariance(rng, 4),
        pick,
        pick @ truth,
        noise * np.eye(n_views),
        rng.normal(scale=1e-2, size=4),
        random_covariance(rng, 4),
        np.zeros(4),
        1.0,
    )
    np.testing.assert_allclose(found.mean, truth, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.covariance, 0, rtol=0, atol=1e-14)


def test_certain_features_leave_nothing_to_the_views():
    rng = np.random.default_rng(5)
    shared = rng.normal(size=3)
    found = mixed_effects_posterior(
        np.zeros(3),
        np.eye(3),
        rng.normal(size=(2, 3)),
        rng.normal(size=2),
        np.eye(2),
        shared,
        np.zeros((3, 3)),
        rng.normal(size=3),
        1.6,
    )
    np.testing.assert_allclose(found.mean, shared, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.covariance, 0, rtol=0, atol=1e-14)


@given(problems())
def test_views_and_features_never_add_uncertainty(problem):
    theta0, sigma0, _, _, _, shared, omega_f, *_ = problem
    found = mixed_effects_posterior(*problem)
    latent = shared_latent_posterior(theta0, sigma0, shared, omega_f)
    scale = np.linalg.eigvalsh(sigma0)[-1]
    np.testing.assert_array_equal(found.covariance, found.covariance.T)
    assert np.linalg.eigvalsh(found.covariance)[0] >= -1e-13 * scale
    assert np.linalg.eigvalsh(latent.covariance - found.covariance)[0] >= -1e-12 * scale


@given(problems(), st.integers(0, 2**32 - 1))
def test_the_order_of_assets_and_views_does_not_matter(problem, seed):
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, gamma = problem
    rng = np.random.default_rng(seed)
    a, v = rng.permutation(len(theta0)), rng.permutation(len(views))
    found = mixed_effects_posterior(*problem)
    moved = mixed_effects_posterior(
        theta0[a],
        sigma0[np.ix_(a, a)],
        pick[np.ix_(v, a)],
        views[v],
        omega[np.ix_(v, v)],
        shared[a],
        omega_f[np.ix_(a, a)],
        influence[a],
        gamma,
    )
    expected = found.mean[a], found.covariance[np.ix_(a, a)]
    assert_same(moved, expected, np.abs(sigma0).max(), tolerance=1e-9)
    assert moved.log_evidence == pytest.approx(found.log_evidence, rel=1e-9, abs=1e-8)


@given(problems(), st.floats(1e-3, 1e3))
def test_returns_in_another_unit_scale_mean_and_covariance(problem, c):
    theta0, sigma0, pick, views, omega, shared, omega_f, influence, gamma = problem
    found = mixed_effects_posterior(*problem)
    scaled = mixed_effects_posterior(
        c * theta0,
        c**2 * sigma0,
        pick,
        c * views,
        c**2 * omega,
        c * shared,
        c**2 * omega_f,
        c * influence,
        gamma,
    )
    expected = c * found.mean, c**2 * found.covariance
    assert_same(scaled, expected, c**2 * np.abs(sigma0).max(), tolerance=1e-9)
    shifted = found.log_evidence - len(views) * np.log(c)
    assert scaled.log_evidence == pytest.approx(shifted, rel=1e-9, abs=1e-8)


def test_results_are_read_only_and_inputs_are_not_written_to():
    rng = np.random.default_rng(8)
    matrices = [random_covariance(rng, n) for n in (3, 2, 3)]
    problem = [
        rng.normal(size=3),
        matrices[0],
        rng.normal(size=(2, 3)),
        rng.normal(size=2),
        matrices[1],
        rng.normal(size=3),
        matrices[2],
        rng.normal(size=3),
    ]
    copies = [array.copy() for array in problem]
    found = mixed_effects_posterior(*problem, 1.6)
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
    "shared_mean": np.zeros(3),
    "shared_covariance": np.eye(3),
    "influence_mean": np.zeros(3),
    "gamma": 1.0,
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("prior_mean", np.zeros((3, 1))),
        ("prior_mean", [0.0, np.nan, 0.0]),
        ("prior_covariance", np.eye(2)),
        ("prior_covariance", np.diag([1.0, -1.0, 1.0])),
        ("pick", np.ones((3, 2))),
        ("pick", np.full((2, 3), np.nan)),
        ("views", 0.1),
        ("views", [np.inf, 0.0]),
        ("view_covariance", np.eye(3)),
        ("view_covariance", [[1.0, 0.5], [0.0, 1.0]]),
        ("shared_mean", np.zeros(2)),
        ("shared_mean", ["a", "b", "c"]),
        ("shared_covariance", np.eye(2)),
        ("shared_covariance", [[1, 2, 0], [0, 1, 0], [0, 0, 1]]),
        ("influence_mean", np.zeros(2)),
        ("influence_mean", [0.0, np.inf, 0.0]),
    ],
)
def test_a_bad_argument_of_mixed_effects_posterior_is_named(argument, value):
    with pytest.raises(DataError, match=f"`{argument}`"):
        mixed_effects_posterior(**{**GOOD, argument: value})


@pytest.mark.parametrize("gamma", [np.nan, np.inf])
def test_an_influence_that_is_not_finite_is_refused(gamma):
    with pytest.raises(BLPortfolioError, match="`gamma`"):
        mixed_effects_posterior(**{**GOOD, "gamma": gamma})


def test_an_indefinite_covariance_is_refused_not_answered_with_negative_variances():
    indefinite = [[1.0, 3.0], [3.0, 1.0]]
    good = (np.zeros(2), np.eye(2), np.eye(2), np.ones(2), np.eye(2), np.ones(2), np.eye(2))
    for position in (1, 6):
        arguments = list(good)
        arguments[position] = indefinite
        with pytest.raises(DataError, match="not positive semi-definite"):
            mixed_effects_posterior(*arguments, np.zeros(2), 1.0)


def test_contradictory_certain_views_are_refused():
    with pytest.raises(DataError, match=r"`views`.*contradict"):
        mixed_effects_posterior(
            np.zeros(2),
            np.eye(2),
            [[1, -1], [1, -1]],
            [1.0, -1.0],
            np.zeros((2, 2)),
            np.zeros(2),
            np.eye(2),
            np.zeros(2),
            1.0,
        )
