"""The inverse-Wishart and multivariate t laws against scipy and against each other."""

import numpy as np
import pytest
from brute_force import inverse_wishart_draws, weighted_z
from helpers import random_covariance
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import multigammaln
from scipy.stats import invwishart, kstest, multivariate_t

from blportfolio.bayes.inverse_wishart import (
    bartlett_factors,
    inverse_wishart_log_density,
    inverse_wishart_mean,
    sample_inverse_wishart,
)
from blportfolio.bayes.student import sample_student, student_log_density
from blportfolio.errors import BLPortfolioError

PSI = np.array([[2.0, 0.6, -0.3], [0.6, 1.5, 0.2], [-0.3, 0.2, 1.1]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.01, 40))
def test_the_inverse_wishart_density_is_that_of_scipy(seed, size, excess):
    rng = np.random.default_rng(seed)
    psi, omega = random_covariance(rng, size), random_covariance(rng, size)
    dof = size - 1 + excess
    found = inverse_wishart_log_density(omega, psi, dof)
    expected = invwishart.logpdf(omega, df=dof, scale=psi)
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.05, 60))
def test_the_t_density_is_that_of_scipy(seed, size, dof):
    rng = np.random.default_rng(seed)
    scale, location = random_covariance(rng, size), rng.normal(size=size)
    points = location + rng.normal(scale=0.05, size=(6, size))
    found = student_log_density(points, location, scale, dof)
    expected = multivariate_t.logpdf(points, location, scale, df=dof)
    assert found.shape == (6,)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dof", [0.4, 1.0, 3.5, 20.0])
@pytest.mark.parametrize("error", [0.0, 0.7, -6.0])
def test_one_error_under_an_inverse_gamma_variance_is_t(error, dof):
    """∫ N(e; 0, Ω) IW(Ω; Ψ, ν) dΩ = t_n(e; 0, Ψ/n), n = ν: k = 1 by adaptive quadrature."""
    psi = 1.3

    def joint(s):
        omega = np.exp(s)
        log_normal = -0.5 * (np.log(2 * np.pi) + s + error**2 / omega)
        return np.exp(log_normal + s + inverse_wishart_log_density([[omega]], [[psi]], dof))

    total, _ = quad(
        joint, np.log(psi) - 9, 45 / (dof + 1) * 2 + 6, epsabs=0, epsrel=1e-11, limit=400
    )
    found = student_log_density([[error]], [0.0], [[psi / dof]], dof)[0]
    assert np.log(total) == pytest.approx(found, abs=1e-10)


@pytest.mark.parametrize("dof", [3.0, 6.5])
def test_two_errors_under_an_inverse_wishart_covariance_are_t_with_fewer_degrees_of_freedom(dof):
    """For k = 2, n = ν − 1: trapezoid rule over Ω = LLᵀ, L = [[eˢ, 0], [e^{s+t}w, eᵗ]]."""
    psi, error = PSI[:2, :2], np.array([1.4, -0.8])
    s, t, w = (
        np.linspace(*ends, count).reshape(shape)
        for ends, count, shape in (
            ((-2.6, 34 / dof + 9), 181, (-1, 1, 1)),
            ((-2.6, 34 / dof + 9), 181, (1, -1, 1)),
            ((-11.0, 11.0), 181, (1, 1, -1)),
        )
    )
    a, c = np.exp(s), np.exp(t)
    # Ω⁻¹ = [[w² + 1/a², −w/c], [−w/c, 1/c²]], |Ω| = a²c², dΩ = 4a⁴c³ ds dt dw.
    first, second, third = w**2 + 1 / a**2, -w / c, 1 / c**2
    log_determinant = 2 * (s + t)
    log_density = (
        dof / 2 * np.log(np.linalg.det(psi)) - dof * np.log(2) - multigammaln(dof / 2, 2)
        - (dof + 3) / 2 * log_determinant
        - (psi[0, 0] * first + 2 * psi[0, 1] * second + psi[1, 1] * third) / 2
    )  # fmt: skip
    volume = np.log(4) + 4 * s + 3 * t
    cell = np.prod([np.ptp(g) / (g.size - 1) for g in (s, t, w)])
    assert np.exp(log_density + volume).sum() * cell == pytest.approx(1.0, abs=1e-9)
    quadratic = error[0] ** 2 * first + 2 * error[0] * error[1] * second + error[1] ** 2 * third
    joint = log_density + volume - np.log(2 * np.pi) - log_determinant / 2 - quadratic / 2
    n = dof - 1
    found = student_log_density(error, np.zeros(2), psi / n, n)[0]
    assert np.log(np.exp(joint).sum() * cell) == pytest.approx(found, abs=1e-9)
    for i, j, k in ((20, 25, 95), (28, 18, 85), (22, 22, 90)):
        lower = np.array([[a[i, 0, 0], 0], [a[i, 0, 0] * c[0, j, 0] * w[0, 0, k], c[0, j, 0]]])
        at = inverse_wishart_log_density(lower @ lower.T, psi, dof)
        assert at == pytest.approx(log_density[i, j, k], rel=1e-10, abs=1e-9)


@pytest.mark.parametrize("dof", [9.0, 12.7])
def test_draws_have_the_moments_of_the_inverse_wishart_law(dof):
    draws = sample_inverse_wishart(PSI, dof, 200_000, rng=np.random.default_rng(1))
    assert draws.shape == (200_000, 3, 3)
    np.testing.assert_allclose(draws, draws.transpose(0, 2, 1), rtol=1e-12)
    ones = np.ones(len(draws))
    mean = PSI / (dof - 4)
    _, z = weighted_z(draws, ones, mean)
    assert np.abs(z).max() < 4.5
    # E[Ω⁻¹] = νΨ⁻¹, and the variances of scipy.
    _, z = weighted_z(np.linalg.inv(draws), ones, dof * np.linalg.inv(PSI))
    assert np.abs(z).max() < 4.5
    _, z = weighted_z((draws - mean) ** 2, ones, invwishart.var(df=dof, scale=PSI))
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("dof", [2.2, 3.5, 7.0])
def test_every_direction_of_a_draw_is_inverse_chi_square(dof):
    """The law of aᵀΨa/aᵀΩa is χ² of ν − k + 1 degrees of freedom, also where Ω has no mean."""
    draws = sample_inverse_wishart(PSI, dof, 20_000, rng=np.random.default_rng(2))
    for a in (*np.eye(3), np.array([1.0, -2.0, 0.5])):
        ratio = (a @ PSI @ a) / (draws @ a @ a)
        assert kstest(ratio, "chi2", args=(dof - 2,)).pvalue > 1e-4


@pytest.mark.parametrize("dof", [3, 7])
def test_draws_have_the_law_of_inverted_sums_of_squares(dof):
    """Determinant, trace and an off-diagonal entry of Ω = (Σ_j z_j z_jᵀ)⁻¹."""
    rng = np.random.default_rng(2)
    draws = sample_inverse_wishart(PSI, dof, 20_000, rng=rng)
    others = inverse_wishart_draws(rng, PSI, dof, 20_000)
    statistics = (
        lambda x: np.linalg.slogdet(x)[1],
        lambda x: np.trace(x, axis1=1, axis2=2),
        lambda x: x[:, 0, 1],
    )
    for statistic in statistics:
        assert kstest(statistic(draws), statistic(others)).pvalue > 1e-4


def test_one_by_one_draws_are_psi_over_chi_square():
    draws = sample_inverse_wishart([[2.5]], 3.3, 20_000, rng=np.random.default_rng(3))
    assert kstest(2.5 / draws.ravel(), "chi2", args=(3.3,)).pvalue > 1e-4


def test_the_mean_is_that_of_scipy_and_absent_for_few_degrees_of_freedom():
    for dof in (4.3, 6.0, 30.0):
        np.testing.assert_allclose(
            inverse_wishart_mean(PSI, dof), invwishart.mean(df=dof, scale=PSI), rtol=1e-14
        )
    for dof in (2.5, 3.0, 4.0):
        assert np.isnan(inverse_wishart_mean(PSI, dof)).all()


@pytest.mark.parametrize("dof", [9.0, 40.0])
def test_t_draws_have_location_and_covariance_of_the_t(dof):
    location = np.array([0.3, -1.0, 2.0])
    draws = sample_student(location, PSI, dof, 200_000, rng=np.random.default_rng(4))
    assert draws.shape == (200_000, 3)
    ones = np.ones(len(draws))
    _, z = weighted_z(draws, ones, location)
    assert np.abs(z).max() < 4.5
    centred = draws - location
    _, z = weighted_z(centred[:, :, None] * centred[:, None, :], ones, PSI * dof / (dof - 2))
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("dof", [0.7, 3.0])
def test_t_draws_share_one_chi_square_between_their_components(dof):
    """The Mahalanobis distance over k is F(k, n): not so for independent t components."""
    draws = sample_student(np.zeros(3), PSI, dof, 20_000, rng=np.random.default_rng(5))
    distance = np.einsum("ni,ij,nj->n", draws, np.linalg.inv(PSI), draws) / 3
    assert kstest(distance, "f", args=(3, dof)).pvalue > 1e-4


def test_errors_of_drawn_covariances_are_t():
    """The two samplers agree: ε | Ω ~ N(0, Ω) is t_n with scale Ψ/n, n = ν − k + 1."""
    rng, dof = np.random.default_rng(6), 5.0
    omega = sample_inverse_wishart(PSI, dof, 20_000, rng=rng)
    normal = rng.standard_normal((20_000, 3))
    errors = np.einsum("nij,nj->ni", np.linalg.cholesky(omega), normal)
    n = dof - 2
    direct = sample_student(np.zeros(3), PSI / n, n, 20_000, rng=rng)
    for direction in (np.array([1.0, 0, 0]), np.array([1.0, -1.0, 0.5])):
        assert kstest(errors @ direction, direct @ direction).pvalue > 1e-4


def test_the_same_seed_gives_the_same_draws():
    def draw():
        rng = np.random.default_rng(7)
        return (
            sample_inverse_wishart(PSI, 6.0, 10, rng=rng),
            sample_student(np.zeros(3), PSI, 4.0, 10, rng=rng),
        )

    for first, second in zip(draw(), draw(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda rng: sample_inverse_wishart(PSI, 2.0, 5, rng=rng), "dof"),
        (lambda rng: sample_inverse_wishart(PSI[:2], 6.0, 5, rng=rng), "scale"),
        (lambda rng: sample_inverse_wishart(-PSI, 6.0, 5, rng=rng), "scale"),
        (lambda _: inverse_wishart_mean(PSI, 1.0), "dof"),
        (lambda _: inverse_wishart_log_density(PSI, PSI, 2.0), "dof"),
        (lambda _: inverse_wishart_log_density(PSI[:2, :2], PSI, 6.0), "omega"),
        (lambda _: inverse_wishart_log_density(PSI, np.ones((3, 3)), 6.0), "scale"),
        (lambda _: inverse_wishart_log_density(np.ones((3, 3)), PSI, 6.0), "omega"),
        (lambda _: student_log_density(np.zeros(3), np.zeros(3), PSI, 0.0), "dof"),
        (lambda _: student_log_density(np.zeros(2), np.zeros(3), PSI, 3.0), "points"),
        (lambda _: student_log_density(np.zeros(3), np.zeros(3), np.ones((3, 3)), 3.0), "scale"),
        (lambda rng: sample_student(np.zeros(3), PSI, -1.0, 5, rng=rng), "dof"),
        (lambda rng: sample_student(np.zeros(2), PSI, 3.0, 5, rng=rng), "scale"),
        (lambda rng: sample_inverse_wishart(np.ones((3, 3)), 6.0, 5, rng=rng), "scale"),
        *(
            (lambda rng, n=n: sample_inverse_wishart(PSI, 6.0, n, rng=rng), "n")
            for n in (-1, 0, 2.5, True, "5")
        ),
        *(
            (lambda rng, n=n: sample_student(np.zeros(3), PSI, 6.0, n, rng=rng), "n")
            for n in (-1, 0, 2.5)
        ),
        (lambda _: student_log_density([0.0, np.nan, 0.0], np.zeros(3), PSI, 3.0), "points"),
        (lambda _: student_log_density([[0.0, np.inf, 0.0]], np.zeros(3), PSI, 3.0), "points"),
    ],
)
def test_a_bad_argument_is_named(call, name):
    with pytest.raises(BLPortfolioError, match=f"`{name}`"):
        call(np.random.default_rng(0))


@pytest.mark.parametrize("dof", [2.2, 7.0])
def test_bartletts_factors_make_wishart_matrices(dof):
    """E[AAᵀ] = νI, and aᵀAAᵀa is χ²_ν, also where its inverse has no mean."""
    factors = bartlett_factors(dof, 3, 50_000, np.random.default_rng(8))
    assert not np.triu(factors, 1).any()
    wishart = factors @ factors.transpose(0, 2, 1)
    _, z = weighted_z(wishart, np.ones(len(wishart)), dof * np.eye(3))
    assert np.abs(z).max() < 4.5
    direction = np.array([1.0, -2.0, 2.0]) / 3
    assert kstest(wishart @ direction @ direction, "chi2", args=(dof,)).pvalue > 1e-4
