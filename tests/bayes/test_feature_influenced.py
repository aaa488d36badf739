"""FIV-BL against the joint density of θ, q and Ω, integrated without the kernel's mixture."""

import warnings

import numpy as np
import pytest
from brute_force import (
    axis,
    inverse_wishart_draws,
    log_normal,
    log_student,
    mixture_reference,
    moments,
    relative_errors,
    student_grid,
    view_problem,
    weighted_z,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from blportfolio.bayes import feature_influenced_posterior
from blportfolio.errors import BLPortfolioWarning


def answer(problem, **kwargs):
    """The kernel for θ0, Σ0, P, Px, R, Ψ and ν, silent about Ψ and ν."""
    theta0, sigma0, pick, datum, r, psi, dof = problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BLPortfolioWarning)
        return feature_influenced_posterior(
            theta0, sigma0, pick, None, None, psi, dof, view_mean=datum, view_noise=r, **kwargs
        )


def error_moment(found, psi, dof):
    """E[εεᵀ] from E[Ω] = (Ψ + E[εεᵀ]) / (ν − k)."""
    return (dof - len(psi)) * found.omega_mean - psi


def worst(problem, **kwargs):
    """The largest relative error of the kernel against the reference, by field."""
    reference = mixture_reference(*problem)
    errors = relative_errors(answer(problem, **kwargs), reference, problem)
    if problem[-1] <= len(problem[3]):
        del errors["omega_mean"]  # does not exist
    return errors


@pytest.mark.parametrize("x", [0.1, 1.5, -3.0])
def test_one_asset_and_one_view_match_integration_over_theta_q_and_log_omega(x):
    """N(θ; θ0, Σ0) N(q; Pθ, Ω) N(Px; q, R) IW(Ω; Ψ, ν) summed over three dimensions."""
    theta0, sigma0, p, noise, psi, dof = 0.3, 1.2, 1.3, 0.7, 4.0, 7.0
    # Near the lowest Ω that matters, Ψ/90, the density in q − Pθ is 0.2 wide; the spacing is 0.1.
    theta = axis(theta0, 10 * np.sqrt(sigma0), 251)[:, None, None]
    q = axis(p * x, 10 * np.sqrt(noise), 201)[None, :, None]
    s = np.linspace(np.log(psi / 90), 18.0, 261)[None, None, :]
    omega = np.exp(s)
    log_joint = (
        -((theta - theta0) ** 2) / (2 * sigma0)
        - 0.5 * np.log(2 * np.pi * sigma0)
        - (q - p * x) ** 2 / (2 * noise)
        - 0.5 * np.log(2 * np.pi * noise)
        - (q - p * theta) ** 2 / (2 * omega)
        - 0.5 * np.log(2 * np.pi) - 0.5 * s
        + dof / 2 * np.log(psi / 2) - gammaln(dof / 2)
        - (dof / 2 + 1) * s - psi / (2 * omega)
        + s  # dΩ = Ω ds
    )  # fmt: skip
    joint = np.exp(log_joint)
    cell = np.prod([np.ptp(a) / (a.size - 1) for a in (theta, q, s)])
    mass = joint.sum()
    over_views, over_theta = joint.sum(axis=(1, 2)), joint.sum(axis=(0, 2))
    error_square = np.sum(joint.sum(axis=2) * (q - p * theta)[..., 0] ** 2) / mass
    omega_mean = np.sum(joint.sum(axis=(0, 1)) * omega.ravel()) / mass

    found = feature_influenced_posterior(
        [theta0], [[sigma0]], [[p]], [x], [[noise / p**2]], [[psi]], dof
    )
    for weights, points, mean, covariance in (
        (over_views, theta, found.mean, found.covariance),
        (over_theta, q, found.view_mean, found.view_covariance),
    ):
        expected_mean, expected_covariance = moments(weights, points)
        np.testing.assert_allclose(mean, expected_mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(covariance, expected_covariance, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        error_moment(found, np.array([[psi]]), dof), error_square, rtol=1e-12
    )
    # The tail in Ω is a power, cut at e^18: e^(−18·(ν − 1)/2) is left out.
    np.testing.assert_allclose(found.omega_mean, omega_mean, rtol=1e-11)
    assert found.log_evidence == pytest.approx(float(np.log(mass * cell)), abs=1e-11)


TWO = np.array([0.3, -0.5]), np.array([[1.0, 0.4], [0.4, 0.7]])


@pytest.mark.parametrize("x", [[0.5, 0.2], [2.5, -1.5], [-4.0, 3.0]])
@pytest.mark.parametrize(
    ("pick", "psi", "dof"),
    [
        ([[1.0, -1.0]], [[1.5]], 3.0),
        ([[1.0, 0.2], [-0.5, 1.0]], [[2.0, 0.6], [0.6, 1.5]], 5.5),
        ([[1.0, 0.2], [-0.5, 1.0]], [[0.4, 0.1], [0.1, 0.3]], 2.4),
        ([[1.0, 0.2], [-0.5, 1.0], [0.7, 0.9]], np.diag([1.0, 2.0, 1.4]) + 0.3, 4.0),
    ],
)
def test_two_assets_match_a_grid_of_gaussian_times_multivariate_t(pick, psi, dof, x):
    """Ω^F = 0: any number of views, k > m too, where PΣ0Pᵀ + R is singular."""
    pick, psi = np.array(pick), np.array(psi)
    found = feature_influenced_posterior(*TWO, pick, x, np.zeros((2, 2)), psi, dof)
    mean, covariance, second, log_evidence = student_grid(
        *TWO, pick, pick @ x, psi, dof, reach=11, count=801
    )
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, rtol=0, atol=1e-12)
    np.testing.assert_allclose(error_moment(found, psi, dof), second, rtol=0, atol=1e-11)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-11)
    np.testing.assert_allclose(found.view_mean, pick @ x, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.view_covariance, 0, rtol=0, atol=1e-15)


@pytest.mark.parametrize("conflict", [0.0, 4.0, 5.0, 5.4, 6.0, 7.0, 7.3, 8.0, 30.0])
@pytest.mark.parametrize(("psi", "dof"), [(1e-2, 3.0), (1e-4, 4.0), (1e-3, 0.3)])
def test_bimodal_posteriors_match_a_grid(psi, dof, conflict):
    """A sharp t far out in the prior's tail: modes at θ0 and at x, of either weight."""
    problem = [0.2], [[1.0]], [[1.0]], [0.2 + conflict], [[0.0]], [[psi]], dof
    arrays = [np.array(a) for a in problem[:-1]]
    theta0, sigma0, pick, datum, _, scale = arrays
    found = answer((*arrays, dof))
    # √Ψ/h > 5 keeps the trapezoid exact: its error is exp(−2π√Ψ/h).
    mean, covariance, second, log_evidence = student_grid(
        theta0, sigma0, pick, datum, scale, dof, reach=40, count=300_001
    )
    size = max(1.0, conflict**2)
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-12 * np.sqrt(size))
    np.testing.assert_allclose(found.covariance, covariance, rtol=0, atol=1e-12 * size)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-11)
    if dof > 1:
        np.testing.assert_allclose(
            error_moment(found, scale, dof), second, rtol=0, atol=1e-12 * size
        )


def test_the_bimodal_cases_are_bimodal():
    """Both in θ's mixture over u and in the variance of θ, which exceeds the prior's."""
    arrays = [np.array(a) for a in ([0.0], [[1.0]], [[1.0]], [5.4], [[0.0]], [[1e-2]])]
    problem = (*arrays, 3.0)
    assert mixture_reference(*problem).modes == 2
    found = answer(problem)
    assert 1 < found.mean[0] < 4.4  # at neither mode
    assert found.covariance[0, 0] > 3


def test_one_asset_and_two_noisy_views_match_integration_over_theta_and_q():
    """With k > m and R > 0: N(θ; θ0, Σ0) t(q − Pθ) N(Px; q, R) in three dimensions."""
    theta0, sigma0 = np.array([0.2]), np.array([[0.8]])
    pick, datum = np.array([[1.0], [-0.6]]), np.array([1.9, 0.7])
    noise, psi, dof = np.array([[0.6, 0.2], [0.2, 0.5]]), np.array([[2.0, -0.4], [-0.4, 1.5]]), 6.0
    axes = [
        axis(c, 10 * np.sqrt(v), n)
        for c, v, n in ((0.2, 0.8, 121), (1.9, 0.6, 101), (0.7, 0.5, 101))
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    theta, q = points[..., :1], points[..., 1:]
    log_density = log_normal(theta, theta0, sigma0) + log_normal(q, datum, noise)
    log_density += log_student((q - theta @ pick.T).reshape(-1, 2), psi, dof).reshape(
        theta.shape[:-1]
    )
    density = np.exp(log_density)
    cell = np.prod([np.ptp(a) / (a.size - 1) for a in axes])
    mean, covariance = moments(density, points)
    first, second = moments(density, q - theta @ pick.T)
    found = answer((theta0, sigma0, pick, datum, noise, psi, dof))
    np.testing.assert_allclose(found.mean, mean[:1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance[:1, :1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.view_mean, mean[1:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.view_covariance, covariance[1:, 1:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        error_moment(found, psi, dof), second + np.outer(first, first), rtol=0, atol=1e-11
    )
    assert found.log_evidence == pytest.approx(float(np.log(density.sum() * cell)), abs=1e-11)


@pytest.mark.parametrize("noise", [0.7, 0.0])
def test_one_view_on_five_assets_reaches_the_others_by_covariance_alone(noise):
    """θ given Pθ is Gaussian, so that y = Pθ alone need be integrated: with q when R > 0."""
    rng = np.random.default_rng(11)
    theta0, sigma0, pick, _, _, _, _ = view_problem(rng, 5, 1, n=4, conflict=0, unit=1.0)
    psi, dof, x = np.array([[1.5]]), 4.0, pick @ theta0 + 4.0
    variance = float((pick @ sigma0 @ pick.T)[0, 0])
    y = axis(float((pick @ theta0)[0]), 10 * np.sqrt(variance), 901)
    density = np.exp(-((y - pick @ theta0) ** 2) / (2 * variance))
    if noise:
        q = axis(x[0], 9 * np.sqrt(noise), 201)
        error = np.exp(log_student((q - y[:, None]).reshape(-1, 1), psi, dof)).reshape(len(y), -1)
        density = density * (error @ np.exp(-((q - x) ** 2) / (2 * noise)))
    else:
        density = density * np.exp(log_student((x - y)[:, None], psi, dof))
    mean, spread = moments(density, y)
    gain = (sigma0 @ pick.T)[:, 0] / variance
    found = answer((theta0, sigma0, pick, x, np.array([[noise]]), psi, dof))
    np.testing.assert_allclose(
        found.mean, theta0 + gain * (mean - pick @ theta0), rtol=0, atol=1e-12
    )
    expected = sigma0 + np.outer(gain, gain) * (spread - variance)
    np.testing.assert_allclose(found.covariance, expected, rtol=0, atol=1e-12)


def test_three_views_on_one_asset_match_a_grid():
    theta0, sigma0 = np.array([0.2]), np.array([[1.0]])
    pick, psi, dof = np.array([[1.0], [-0.5], [2.0]]), np.diag([1.0, 0.5, 2.0]) + 0.2, 4.0
    datum = np.array([1.5, 0.4, 2.2])  # no θ fulfils all three
    found = answer((theta0, sigma0, pick, datum, np.zeros((3, 3)), psi, dof))
    mean, covariance, second, log_evidence = student_grid(
        theta0, sigma0, pick, datum, psi, dof, reach=12, count=20_001
    )
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.covariance, covariance, rtol=0, atol=1e-13)
    np.testing.assert_allclose(error_moment(found, psi, dof), second, rtol=0, atol=1e-12)
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-12)


@pytest.mark.parametrize("conflict", [0.5, 3.0])
def test_three_assets_and_two_views_match_matrix_inverse_wishart_draws(conflict):
    """Importance sampling of Ω with no mixture identity; θ, q and Ω Rao-Blackwellised given Ω."""
    rng = np.random.default_rng(2505)
    theta0, sigma0, pick, datum, r, psi, dof = view_problem(
        rng, 3, 2, n=6, conflict=conflict, ratio=4.0, noise=0.6, unit=1.0
    )
    omega = inverse_wishart_draws(rng, psi, dof, 300_000)
    innovation, cross = datum - pick @ theta0, sigma0 @ pick.T
    total = pick @ cross + r + omega
    inverse = np.linalg.inv(total)
    solved = inverse @ innovation
    likelihood = np.exp(-0.5 * solved @ innovation) / np.sqrt(np.linalg.det(total)) / (2 * np.pi)

    found = answer((theta0, sigma0, pick, datum, r, psi, dof))
    ones = np.ones(len(omega))
    claims = []
    theta = theta0 + solved @ cross.T
    centred = theta - found.mean
    second = sigma0 - cross @ inverse @ cross.T + centred[:, :, None] * centred[:, None, :]
    claims += [(theta, likelihood, found.mean), (second, likelihood, found.covariance)]
    view = datum - solved @ r
    centred = view - found.view_mean
    second = r - r @ inverse @ r + centred[:, :, None] * centred[:, None, :]
    claims += [(view, likelihood, found.view_mean), (second, likelihood, found.view_covariance)]
    claims += [
        (omega, likelihood, found.omega_mean),
        (likelihood, ones, np.exp(found.log_evidence)),
    ]
    for values, weights, claim in claims:
        estimate, z = weighted_z(values, weights, claim)
        assert np.abs(z).max() < 4.5
        # So that the z-score means something: the draws pin each figure down to a few 1e-3.
        np.testing.assert_allclose(
            estimate, np.ravel(claim), rtol=0, atol=5e-3 * np.abs(claim).max()
        )


@st.composite
def problems(draw, *, n=(0.05, 200.0), conflict=6.0, decades=3):
    """Random problems: k below, at and above m; R of full rank, singular or zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_assets, n_views = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    theta0, sigma0, pick, datum, r, psi, dof = view_problem(
        rng,
        n_assets,
        n_views,
        n=draw(st.floats(*n)),
        conflict=draw(st.floats(0, conflict)),
        ratio=10.0 ** draw(st.floats(-decades, decades)),
    )
    kind = draw(st.sampled_from(["full", "singular", "zero"]))
    if kind == "singular":
        loading = 1e-2 * rng.normal(size=n_views)
        r = np.outer(loading, loading)
    return theta0, sigma0, pick, datum, 0 * r if kind == "zero" else r, psi, dof


@given(problems())
@settings(max_examples=60)
def test_random_problems_match_a_dense_reference_in_extended_precision(problem):
    # k > m with R = 0 leaves PΣ0Pᵀ singular: what rounding adds to its zero eigenvalues shows in
    # V and in the evidence in proportion to PΣ0Pᵀ/Ψ.
    sigma0, pick, r, psi = (problem[i] for i in (1, 2, 4, 5))
    spread = np.linalg.eigvalsh(pick @ sigma0 @ pick.T + r)
    singular = spread[0] < 1e-10 * spread[-1]
    stretched = 1 + singular * problem[-1] * spread[-1] / np.linalg.eigvalsh(psi)[0]
    for field, error in worst(problem).items():
        assert error < 1e-12 * (stretched if field != "mean" else 1.0), field


@given(problems(n=(9.0, 60.0), conflict=4.0, decades=1))
@settings(max_examples=60)
def test_sixty_nodes_are_enough_for_nine_degrees_of_freedom(problem):
    few, many = answer(problem, n_nodes=60), answer(problem, n_nodes=4000)
    for field, error in relative_errors(few, many, problem).items():
        assert error < 1e-12, field


FULL_RANK = [(3, 3, 1.0), (4, 2, 0.0), (2, 4, 1.0), (1, 1, 0.0), (5, 5, 1e-3)]


@pytest.mark.parametrize("ratio", [1e-8, 1e-4, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("n", [0.05, 0.3, 1.0, 1.9, 12.0, 1e3])
def test_automatic_nodes_reach_1e_12_for_any_scale_dof_and_conflict(n, ratio):
    """Ψ over sixteen orders of magnitude, views 0 to 1e4 standard deviations from the prior."""
    rng = np.random.default_rng(int(100 * n))
    for conflict in (0.0, 3.0, 6.0, 1e2, 1e4):
        m, k, noise = FULL_RANK[rng.integers(len(FULL_RANK))]
        problem = view_problem(rng, m, k, n=n, conflict=conflict, ratio=ratio, noise=noise)
        errors = worst(problem)
        assert max(errors.values()) < 1e-12, (conflict, m, k, noise, errors)


@pytest.mark.parametrize("ratio", [1e-10, 1e-6, 1e-2])
@pytest.mark.parametrize("conflict", [0.0, 30.0, 1e4])
def test_more_certain_features_than_assets_are_answered(ratio, conflict):
    """With k > m and R = 0, PΣ0Pᵀ + R is singular: only Ψ makes T_u definite."""
    for seed, n in enumerate((0.3, 1.0, 20.0)):
        rng = np.random.default_rng(seed)
        problem = view_problem(rng, 2, 6, n=n, conflict=conflict, ratio=ratio, noise=0.0)
        reference = mixture_reference(*problem)
        errors = relative_errors(answer(problem), reference, problem)
        # Rounding of PΣ0Pᵀ beside the Ψ/u that fills its null space, 1e-16 u / ratio: the
        # evidence feels it at every u, the moments little.
        assert max(errors["mean"], errors["covariance"]) < 1e-12 + 1e-15 / ratio, seed
        assert errors["log_evidence"] < 1e-12 + (1 + n) * 1e-15 / ratio, seed


@pytest.mark.parametrize("psi", [1e-4, 1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("dof", [2.5, 6.0])
def test_a_certain_view_said_twice_far_from_the_prior_is_answered(psi, dof):
    """P = [1, 1]ᵀ and R = 0, from where x is believed to where it is discounted, and between."""
    theta0, sigma0, pick = np.zeros(1), np.eye(1), np.ones((2, 1))
    for x in (6.0, 9.0, 10.75, 12.5, 14.0, 16.5, 30.0):
        problem = theta0, sigma0, pick, np.array([x, x]), np.zeros((2, 2)), psi * np.eye(2), dof
        errors = relative_errors(answer(problem), mixture_reference(*problem), problem)
        # Rounding of PΣ0Pᵀ beside the Ψ that fills its null space: 1e-16 / Ψ.
        assert max(errors["mean"], errors["covariance"]) < 1e-12 + 1e-15 / psi, x


@pytest.mark.parametrize("off_range", [1e-9, 1e-6])
def test_bimodal_views_that_no_theta_fulfils_are_answered(off_range):
    """As above, with Px a little off the range of P: E[u] is small but for a rare, sharp mode."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        problem = view_problem(rng, 2, 6, n=6.0, conflict=30.0, ratio=1e-6, noise=0.0)
        datum = problem[3] + off_range * 1e-2 * rng.normal(size=6)
        problem = (*problem[:3], datum, *problem[4:])
        errors = relative_errors(answer(problem), mixture_reference(*problem), problem)
        assert max(errors["mean"], errors["covariance"]) < 1e-9, seed


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_views_in_units_of_their_own_are_as_exact(seed):
    """Rows of P, Px, R and Ψ in units eight orders of magnitude apart."""
    rng = np.random.default_rng(seed)
    m, k = rng.integers(1, 6, size=2)
    problem = list(view_problem(rng, m, k, n=rng.uniform(1.5, 30), conflict=rng.uniform(0, 9)))
    unit = 10.0 ** rng.uniform(-4, 4, size=k)
    problem[2], problem[3] = problem[2] * unit[:, None], problem[3] * unit
    problem[4], problem[5] = (problem[i] * np.outer(unit, unit) for i in (4, 5))
    for field, error in worst(tuple(problem)).items():
        assert error < 1e-12, field


def test_twelve_views_on_fifteen_assets_match_the_reference():
    rng = np.random.default_rng(12)
    for n, conflict in ((5.0, 3.0), (40.0, 8.0)):
        problem = view_problem(rng, 15, 12, n=n, conflict=conflict)
        reference = mixture_reference(*problem, least_nodes=500)
        for field, error in relative_errors(answer(problem), reference, problem).items():
            assert error < 1e-12, field


def test_a_singular_prior_moves_only_inside_its_range():
    rng = np.random.default_rng(5)
    loading = rng.normal(size=(5, 2))
    theta0, _, pick, datum, r, psi, dof = view_problem(rng, 5, 3, n=6, conflict=3, unit=1.0)
    found = answer((theta0, loading @ loading.T, pick, datum, r, psi, dof))
    low = answer((np.zeros(2), np.eye(2), pick @ loading, datum - pick @ theta0, r, psi, dof))
    np.testing.assert_allclose(found.mean, theta0 + loading @ low.mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        found.covariance, loading @ low.covariance @ loading.T, rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(found.omega_mean, low.omega_mean, rtol=1e-12)
    assert found.log_evidence == pytest.approx(low.log_evidence, abs=1e-12)


def test_a_prior_without_uncertainty_stays_while_omega_is_learned():
    """Σ0 = 0 and R = 0: ε = Px − Pθ0 is seen, and Ω | ε is conjugate."""
    rng = np.random.default_rng(6)
    theta0, sigma0, pick, datum, r, psi, dof = view_problem(rng, 3, 2, n=6, conflict=3, unit=1.0)
    found = answer((theta0, 0 * sigma0, pick, datum, 0 * r, psi, dof))
    error = datum - pick @ theta0
    np.testing.assert_allclose(found.mean, theta0, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.covariance, 0, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        found.omega_mean, (psi + np.outer(error, error)) / (dof - 2), rtol=1e-12
    )
    expected = float(np.squeeze(log_student(error, psi, dof)))
    assert found.log_evidence == pytest.approx(expected, abs=1e-12)
