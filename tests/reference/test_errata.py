"""Lin, Hu, Chiou and Lin (2025): each printed formula that fails, beside the one that holds.

Every test has an oracle that is neither: a grid, draws with a stated standard error, scipy, exact
fractions, or units. The table of errata in docs/methods.md names these tests.
"""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from brute_force import axis, log_normal, moments, theta_grid, weighted_z
from helpers import make_prices, random_covariance
from scipy.stats import invgamma, invwishart, norm, t

import blportfolio as bl
from blportfolio.bayes import (
    bl_posterior,
    feature_influenced_posterior,
    inverse_wishart_mean,
    mixed_effects_posterior,
    paper_feature_influenced_posterior,
    shared_latent_posterior,
    student_log_density,
)
from blportfolio.bayes.hyperparameters import silverman_factor
from blportfolio.errors import DataError
from blportfolio.features import OBV
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.priors.base import explain_views
from blportfolio.report import metrics
from blportfolio.types import ArrayViews

# The trapezoid rule is exact to rounding for smooth densities that vanish at both ends.
GRID = {"rtol": 0, "atol": 1e-11}
THETA0 = np.array([0.3, -0.5])
SIGMA0 = np.array([[1.0, 0.4], [0.4, 0.7]])
X = np.array([0.9, 0.2])
OMEGA_F = np.array([[0.8, -0.3], [-0.3, 0.6]])
PICK = np.array([[1.0, 0.2], [-0.5, 1.0]])
OMEGA = np.array([[0.5, 0.2], [0.2, 0.8]])


def relative_error(found, truth):
    return np.abs(found - truth).max() / np.abs(truth).max()


def prior_on_a_grid():
    theta, _ = theta_grid(THETA0, SIGMA0, reach=11, count=801)
    return theta, log_normal(theta, THETA0, SIGMA0)


# Section 3.1 and 3.2: Gaussian posteriors


def test_corollary_3_1_1_needs_gamma_squared():
    """Printed: G^M = Σ0⁻¹ + (Ω^F)⁻¹ + PᵀΩ⁻¹P. Oracle: a grid, at γ = 1.6."""
    gamma, influence, views = 1.6, np.array([-0.2, 0.35]), np.array([0.4, 1.1])
    theta, log_density = prior_on_a_grid()
    log_density = log_density + log_normal(theta, X, OMEGA_F)
    error = views - (influence + gamma * theta) @ PICK.T
    _, covariance = moments(np.exp(log_density + log_normal(error, np.zeros(2), OMEGA)), theta)
    ours = mixed_effects_posterior(THETA0, SIGMA0, PICK, views, OMEGA, X, OMEGA_F, influence, gamma)
    np.testing.assert_allclose(ours.covariance, covariance, **GRID)
    information = PICK.T @ np.linalg.inv(OMEGA) @ PICK
    printed = np.linalg.inv(np.linalg.inv(SIGMA0) + np.linalg.inv(OMEGA_F) + information)
    assert relative_error(printed, covariance) == pytest.approx(0.50, abs=0.005)


def test_the_law_in_corollary_3_1_1_is_that_of_the_next_return_and_not_of_theta():
    """Printed with θ as its argument: N(μ, Σ + G⁻¹). Oracle: a grid for θ, draws for r̃."""
    sigma = 4 * SIGMA0
    theta, log_density = prior_on_a_grid()
    mean, covariance = moments(np.exp(log_density + log_normal(theta, X, OMEGA_F)), theta)
    ours = shared_latent_posterior(THETA0, SIGMA0, X, OMEGA_F)
    np.testing.assert_allclose(ours.covariance, covariance, **GRID)
    printed = sigma + ours.covariance
    assert relative_error(printed, covariance) == pytest.approx(11.3, abs=0.05)
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(mean, covariance, size=100_000)
    returns = drawn + rng.multivariate_normal(np.zeros(2), sigma, size=100_000)
    _, z = weighted_z((returns - mean)[:, :, None] * (returns - mean)[:, None], np.ones(100_000),
                      printed)  # fmt: skip
    assert np.abs(z).max() < 4


def test_corollary_3_2_1_needs_the_inverse_of_the_precision():
    """Printed: mean = G^F[Σ0⁻¹θ0 + (Ω^F)⁻¹x]. Oracles: a grid, and units."""
    theta, log_density = prior_on_a_grid()
    truth, _ = moments(np.exp(log_density + log_normal(theta, X, OMEGA_F)), theta)

    def printed(unit=1.0):
        precision = np.linalg.inv(unit**2 * SIGMA0) + np.linalg.inv(unit**2 * OMEGA_F)
        right = np.linalg.solve(unit**2 * SIGMA0, unit * THETA0)
        return precision @ (right + np.linalg.solve(unit**2 * OMEGA_F, unit * X))

    ours = shared_latent_posterior(THETA0, SIGMA0, X, OMEGA_F).mean
    np.testing.assert_allclose(ours, truth, **GRID)
    assert relative_error(printed(), truth) == pytest.approx(7.0, abs=0.05)
    # Percent for decimals must multiply an expected return by 100; as printed, by 100⁻³.
    percent = shared_latent_posterior(100 * THETA0, 1e4 * SIGMA0, 100 * X, 1e4 * OMEGA_F).mean
    np.testing.assert_allclose(percent, 100 * ours, rtol=1e-12)
    np.testing.assert_allclose(printed(100.0), printed() / 100**3, rtol=1e-12)


def test_definition_3_2_needs_one_row_of_omega_for_each_view():
    """Printed: Ω of the size of the assets. Oracle: the matrix product does not exist."""
    pick, views = np.array([[1.0, -1.0, 0.0]]), np.array([0.1])
    with pytest.raises(ValueError, match="mismatch"):
        pick.T @ np.linalg.inv(np.eye(3)) @ pick
    with pytest.raises(DataError, match="`view_covariance`"):
        bl_posterior(np.zeros(3), np.eye(3), pick, views, np.eye(3))
    found = bl_posterior(np.zeros(3), np.eye(3), pick, views, np.eye(1))
    assert found.covariance.shape == (3, 3)


def test_remark_3_5_holds_for_fewer_views_than_assets_only_as_a_limit():
    """Printed: x → P⁻¹q, (Ω^F)⁻¹ → PᵀΩ⁻¹P. Oracle: classic Black-Litterman on a grid."""
    pick, views, omega = np.array([[0.6, 0.9]]), np.array([-0.8]), np.array([[0.3]])
    theta, log_density = prior_on_a_grid()
    error = views - theta @ pick.T
    truth, covariance = moments(np.exp(log_density + log_normal(error, [0.0], omega)), theta)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.inv(pick)
    information = pick.T @ np.linalg.inv(omega) @ pick
    assert np.linalg.matrix_rank(information) == 1  # so that no Ω^F is its inverse
    x = np.linalg.pinv(pick) @ views  # any x with Px = q
    gaps = []
    for small in (1e-3, 1e-6):
        spread = np.linalg.inv(information + small * np.eye(2))
        found = shared_latent_posterior(THETA0, SIGMA0, x, (spread + spread.T) / 2)
        gaps.append(np.abs(found.mean - truth).max())
        np.testing.assert_allclose(found.covariance, covariance, atol=10 * small)
    assert gaps[0] < 2e-3
    assert gaps[1] == pytest.approx(gaps[0] / 1000, rel=0.01)


# Section 3.3: feature-influenced views


def theorem_3_3(theta0, sigma0, pick, x, omega_f, omega):
    """μ_{θ|Ω} and Σ_{θ|Ω}, as printed."""
    information = pick.T @ np.linalg.inv(omega) @ pick
    covariance = np.linalg.inv(np.linalg.inv(sigma0) + information)
    mean = covariance @ (np.linalg.solve(sigma0, theta0) + information @ x)
    return mean, covariance + covariance @ information @ omega_f @ information @ covariance


def given_omega(omega, *, pick=None, theta0=THETA0):
    pick = np.eye(2) if pick is None else pick
    return theorem_3_3(theta0, SIGMA0, pick, X, OMEGA_F, omega)


def test_remark_3_7_holds_for_certain_views_and_not_for_a_vanishing_precision():
    """Printed: Ω → 0, "or equivalently" Ω⁻¹ → 0. Oracle: θ = q + ε by draws, q ~ N(x, Ω^F)."""
    mean, covariance = given_omega(1e-9 * OMEGA)
    np.testing.assert_allclose(mean, X, atol=1e-8)
    np.testing.assert_allclose(covariance, OMEGA_F, atol=1e-8)
    q = np.random.default_rng(1).multivariate_normal(X, OMEGA_F, size=50_000)
    each = np.array(
        [bl_posterior(THETA0, SIGMA0, np.eye(2), v, 1e-9 * OMEGA).mean for v in q[:500]]
    )
    np.testing.assert_allclose(each, q[:500], atol=1e-7)
    _, z = weighted_z(q, np.ones(len(q)), mean)
    assert np.abs(z).max() < 4
    mean, covariance = given_omega(1e9 * OMEGA)  # Ω⁻¹ → 0 is the other end: the prior
    np.testing.assert_allclose(mean, THETA0, atol=1e-8)
    np.testing.assert_allclose(covariance, SIGMA0, atol=1e-8)


def test_certain_views_of_the_printed_model_lose_the_prior_and_of_the_coherent_one_do_not():
    """Remark 3.7, P = I. Oracle: SLP-BL on a grid, which is what exact views leave."""
    theta, log_density = prior_on_a_grid()
    truth, covariance = moments(np.exp(log_density + log_normal(theta, X, OMEGA_F)), theta)
    ours = feature_influenced_posterior(THETA0, SIGMA0, np.eye(2), X, OMEGA_F, 1e-11 * OMEGA, 12.0)
    np.testing.assert_allclose(ours.mean, truth, atol=1e-10)
    np.testing.assert_allclose(ours.covariance, covariance, atol=1e-10)
    printed = given_omega(1e-11 * OMEGA)
    assert relative_error(printed[1], covariance) == pytest.approx(1.27, abs=0.005)
    other_prior = given_omega(1e-11 * OMEGA, theta0=THETA0 + 100)
    np.testing.assert_allclose(other_prior[0], printed[0], atol=1e-7)


def test_remarks_3_3_and_3_7_need_picks_of_full_column_rank():
    """Printed for any P. Oracle: what P cannot see keeps its prior, by a change of variables."""
    spread = np.array([[1.0, -1.0]])  # says nothing on the sum of the two
    certain = bl_posterior(THETA0, SIGMA0, spread, [0.4], [[0.0]])
    # Given θ1 − θ2 the sum is normal with this variance, by the conditional law of (sum, spread).
    joint = np.array([[1.0, 1.0], [1.0, -1.0]]) @ SIGMA0 @ np.array([[1.0, 1.0], [1.0, -1.0]]).T
    left = joint[0, 0] - joint[0, 1] ** 2 / joint[1, 1]
    assert np.ones(2) @ certain.covariance @ np.ones(2) == pytest.approx(left, rel=1e-12)
    assert left > 1.0  # not δ_{r*}
    _, covariance = given_omega(np.array([[1e-9]]), pick=spread)
    assert np.ones(2) @ covariance @ np.ones(2) > left - 1e-6  # nor N(x, Ω^F)
    assert np.abs(covariance - OMEGA_F).max() > 0.1
    tall = np.vstack([spread, [[1.0, 1.0]], [[1.0, 0.0]]])
    full = bl_posterior(THETA0, SIGMA0, tall, tall @ X, np.zeros((3, 3)))
    np.testing.assert_allclose(full.mean, X, atol=1e-12)
    np.testing.assert_allclose(full.covariance, 0, atol=1e-12)


M = 2
NU = 4.0  # the paper's rule ν' = m + 2
PSI = np.array([[1.0, 0.3], [0.3, 0.5]])


@pytest.fixture(scope="module")
def wishart_draws():
    return invwishart(df=NU, scale=PSI).rvs(300_000, random_state=2)


def densities(draws, point):
    """N(point; 0, Σ') of each 2 × 2 draw."""
    det = draws[:, 0, 0] * draws[:, 1, 1] - draws[:, 0, 1] ** 2
    square = draws[:, 1, 1] * point[0] ** 2 + draws[:, 0, 0] * point[1] ** 2
    square = (square - 2 * draws[:, 0, 1] * point[0] * point[1]) / det
    return np.exp(-square / 2) / (2 * np.pi * np.sqrt(det))


@pytest.mark.parametrize("point", [(0.6, 0.4), (1.5, -1.0), (-3.0, 2.0)])
def test_lemma_d_3_has_fewer_degrees_of_freedom(wishart_draws, point):
    """Printed: t_ν'. Oracle: the mean of N(θ; μ', Σ') over scipy's draws, with its error."""
    values = densities(wishart_draws, np.array(point))
    error = values.std() / np.sqrt(len(values))
    dof = NU - M + 1
    ours, printed = (
        np.exp(student_log_density(np.array(point), np.zeros(M), PSI / dof, degrees)[0])
        for degrees in (dof, NU)
    )
    assert abs(values.mean() - ours) < 4 * error
    assert abs(values.mean() - printed) > 20 * error


def test_the_kernel_displayed_in_lemma_d_3_is_not_to_be_divided_by_nu(wishart_draws):
    """Printed: (1 + eᵀΨ'⁻¹e/ν')^…. Oracle: a ratio of two densities, which needs no constant."""
    point = np.array([1.5, -1.0])
    here, centre = densities(wishart_draws, point), densities(wishart_draws, np.zeros(2))
    ratio = here.mean() / centre.mean()
    error = (here - ratio * centre).std() / centre.mean() / np.sqrt(len(here))
    square = point @ np.linalg.solve(PSI, point)
    assert abs(ratio - (1 + square) ** (-(NU + 1) / 2)) < 4 * error
    assert abs(ratio - (1 + square / NU) ** (-(NU + 1) / 2)) > 50 * error


@pytest.mark.parametrize(("dof", "factor"), [(4.0, 3.0), (7.0, 1.5), (12.0, 11 / 9)])
def test_the_covariance_of_lemma_d_3_divides_by_two_less(dof, factor):
    """Printed: Ψ'/(ν' − m + 1). Oracles: scipy's inverse-Wishart mean and t variance."""
    truth = invwishart(df=dof, scale=PSI).mean()
    marginal = t(df=dof - M + 1, scale=np.sqrt(PSI[0, 0] / (dof - M + 1))).var()
    ours = inverse_wishart_mean(PSI, dof)
    np.testing.assert_allclose(ours, truth, rtol=1e-12)
    assert ours[0, 0] == pytest.approx(marginal, rel=1e-12)
    printed = PSI / (dof - M + 1)
    np.testing.assert_allclose(truth, factor * printed, rtol=1e-12)


@pytest.mark.parametrize("dof", [1.5, 2.5, 3.0])
def test_the_covariance_of_lemma_d_3_exists_only_above_m_plus_one(dof):
    """Printed: for ν' > m − 1. Oracle: scipy's variance of the marginal t."""
    assert not np.isfinite(t(df=dof - M + 1).var())
    assert np.isnan(inverse_wishart_mean(PSI, dof)).all()
    assert np.isfinite(PSI / (dof - M + 1)).all()  # as printed


def test_corollary_3_3_2_needs_no_vanishing_covariance():
    """Printed: Σ → 0, so that r̃ has the law of θ. Oracle: draws of Σ', θ and r̃ in turn."""
    rng, dof, n = np.random.default_rng(3), 12.0, 200_000
    sigma = np.array([[2.0, 0.6], [0.6, 1.0]])
    covariances = invwishart(df=dof, scale=PSI).rvs(n, random_state=rng)
    roots = np.linalg.cholesky(covariances + sigma)
    returns = np.einsum("nij,nj->ni", roots, rng.standard_normal((n, 2)))
    outer = returns[:, :, None] * returns[:, None]
    ours = sigma + inverse_wishart_mean(PSI, dof)
    printed = PSI / (dof - M + 1)
    assert np.abs(weighted_z(outer, np.ones(n), ours)[1]).max() < 4
    assert np.abs(weighted_z(outer, np.ones(n), printed)[1]).min() > 50


def test_the_recipe_of_corollary_3_3_2_throws_the_asset_covariance_away():
    """Printed: Ψ' = I and Σ → 0. Oracle: the conditions of an optimum under Σ + Cov[θ]."""
    mean = np.array([3e-4, 4e-4, 5e-4])
    spherical = np.eye(3) / (3 + 2 - 3 + 1)
    np.testing.assert_allclose(long_only_max_sharpe(mean, spherical), mean / mean.sum(), rtol=1e-9)
    for seed in (4, 5):
        sigma = random_covariance(np.random.default_rng(seed), 3) + 1e-4 * np.diag([1, 4, 9])
        weights = long_only_max_sharpe(mean, 1.05 * sigma)
        held = weights > 0
        marginal = (sigma @ weights)[held] / mean[held]
        np.testing.assert_allclose(marginal, marginal[0], rtol=1e-9)
        assert np.abs(weights - mean / mean.sum()).sum() / 2 > 0.15


def test_two_omegas_give_the_same_covariance_in_one_dimension():
    """Printed: Ω is a function of Σ'. Oracle: exact fractions, s0 = 1, f = 0.6."""
    prior, spread = Fraction(1), Fraction(6, 10)

    def implied(omega):
        gain = prior / (prior + omega)
        return prior - gain * prior + gain**2 * spread

    assert implied(Fraction(1, 3)) == implied(Fraction(1, 11)) == Fraction(47, 80)
    for omega in (1 / 3, 1 / 11):
        one = np.eye(1)
        found = theorem_3_3(np.zeros(1), one, one, np.ones(1), 0.6 * one, omega * one)[1]
        assert found.item() == pytest.approx(0.5875, abs=1e-15)
    # Up to f = s0/2 the map is one to one: decreasing in the gain.
    gains = np.linspace(0.001, 0.999, 999)
    assert (np.diff(1 - gains + gains**2 * 0.5) < 0).all()
    assert not (np.diff(1 - gains + gains**2 * 0.6) < 0).all()


def test_two_omega_matrices_give_the_same_covariance():
    """The same for two assets and P = I. Oracle: Theorem 3.3 as printed, applied to both."""
    spread = 0.6 * np.eye(2)
    rotation = np.array([[0.8, -0.6], [0.6, 0.8]])
    first = rotation @ np.diag([1 / 3, 1 / 3]) @ rotation.T
    found = [
        theorem_3_3(THETA0, np.eye(2), np.eye(2), X, spread, omega)[1]
        for omega in (first, rotation @ np.diag([1 / 11, 1 / 3]) @ rotation.T)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-14)


def test_with_fewer_views_than_assets_most_covariances_have_no_omega():
    """Printed: Ω(Σ') exists. Oracle: v with PΣ0v = 0 keeps vᵀΣ0v whatever Ω is."""
    rng = np.random.default_rng(6)
    pick = np.array([[1.0, -0.5]])
    hidden = np.linalg.solve(SIGMA0, [0.5, 1.0])  # PΣ0 · hidden = 0
    for omega in 10.0 ** rng.uniform(-6, 6, size=50):
        _, covariance = given_omega(np.array([[omega]]), pick=pick)
        np.testing.assert_allclose(covariance @ hidden, SIGMA0 @ hidden, rtol=1e-7)
    wanted = inverse_wishart_mean(np.eye(2), NU)  # the rule of thumb asks for this one
    assert np.abs(wanted @ hidden - SIGMA0 @ hidden).max() > 0.1


def test_the_rule_of_thumb_is_out_of_reach_on_the_scale_of_returns(sample_market):
    """Printed: Ψ' = I, E[Σ'] = I/3. Oracle: Σ' ⪯ (1 + λ)Σ0, λ the top of Σ0⁻¹Ω^F; and draws."""
    returns = sample_market.prices.pct_change().iloc[-252:].to_numpy()
    sigma = np.cov(returns, rowvar=False)
    sigma0, size = 0.05 * sigma, len(sigma)
    ceiling = (1 + 1 / 0.05) * np.linalg.eigvalsh(sigma0)[-1]  # even with all of Σ for Ω^F
    rng = np.random.default_rng(7)
    tops = []
    for power in rng.uniform(-10, 0, size=200):
        omega = random_covariance(rng, size, scale=10**power)
        gain = np.linalg.solve(sigma0 + omega, sigma0).T
        implied = sigma0 - gain @ sigma0 + gain @ sigma @ gain.T
        tops.append(np.linalg.eigvalsh((implied + implied.T) / 2)[-1])
    assert max(tops) <= ceiling
    assert 70 * ceiling < 1 / 3
    # Instead Ψ' = (ν' − m − 1) Σ_{θ|Ω0}, whose mean is in reach by construction.
    dof = size + 6.0
    attainable = (implied + implied.T) / 2
    found = inverse_wishart_mean((dof - size - 1) * attainable, dof)
    np.testing.assert_allclose(found, attainable, rtol=1e-12)


def test_equation_e_4_needs_the_transpose():
    """Printed: Var[Mq] = M Var[q] M⁻¹. Oracle: the sample covariance of Mq, an exact identity."""
    rng = np.random.default_rng(8)
    draws = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3))
    matrix = rng.normal(size=(3, 3))
    truth = np.cov(draws @ matrix.T, rowvar=False)
    variance = np.cov(draws, rowvar=False)
    np.testing.assert_allclose(matrix @ variance @ matrix.T, truth, rtol=1e-12)
    printed = matrix @ variance @ np.linalg.inv(matrix)
    assert np.abs(printed - printed.T).max() > 0.1  # no covariance at all
    assert 2.0**2 * 9.0 != 2.0 * 9.0 / 2.0  # q → 2q quadruples a variance; as printed it stays


def omega_grid(prior_mean, prior_variance, datum, noise, scale, dof):
    """θ and Ω by a grid of the directed model, one asset and one view; q is summed out.

    Returns E[θ], Var[θ] and E[Ω].
    """
    theta = axis(prior_mean, 9 * np.sqrt(prior_variance), 1201)[:, None]
    log_omega = np.linspace(np.log(scale / dof) - 4, np.log(scale / dof) + 12, 2401)[None]
    omega = np.exp(log_omega)
    log_density = norm.logpdf(theta, prior_mean, np.sqrt(prior_variance))
    log_density = log_density + norm.logpdf(datum, theta, np.sqrt(omega + noise))
    log_density = log_density + invgamma.logpdf(omega, dof / 2, scale=scale / 2) + log_omega
    weights = np.exp(log_density - log_density.max())
    points = np.stack(np.broadcast_arrays(theta, omega), axis=-1)
    mean, covariance = moments(weights, points)
    return mean[0], covariance[0, 0], mean[1]


@pytest.mark.parametrize(
    ("datum", "coherent", "jeffrey"),
    [(0.8, (0.441, 0.601, 0.916), (0.533, 0.682)), (6.0, (1.667, 1.114, 3.391), (3.417, 1.362))],
)
def test_equation_3_10_is_not_the_posterior_of_the_graph(datum, coherent, jeffrey):
    """Printed as p(θ|F); it is Jeffrey's rule. Oracle: a grid over θ and Ω, q summed out.

    The figures are those of docs/methods.md.
    """
    noise, scale, dof = 0.7, 4.0, 6.0
    problem = ([0.2], [[1.0]], [[1.0]], [datum], [[noise]], [[scale]], dof)
    mean, variance, omega = omega_grid(0.2, 1.0, datum, noise, scale, dof)
    ours = feature_influenced_posterior(*problem)
    assert ours.mean[0] == pytest.approx(mean, abs=1e-8)
    assert ours.covariance[0, 0] == pytest.approx(variance, abs=1e-8)
    assert ours.omega_mean[0, 0] == pytest.approx(omega, abs=1e-5)
    printed = paper_feature_influenced_posterior(*problem)
    assert (mean, variance, omega) == pytest.approx(coherent, abs=5e-4)
    assert (printed.mean[0], printed.covariance[0, 0]) == pytest.approx(jeffrey, abs=5e-4)
    assert printed.omega_mean[0, 0] == scale / (dof - 2)  # the prior's, whatever the datum


@pytest.mark.parametrize("noise", [0.0, 1.0, 100.0, 1e6])
def test_in_equation_3_10_worthless_features_move_the_mean_as_exact_ones_do(noise):
    """Printed: Ω^F does not enter E[θ]. Oracle: a grid, whose mean returns to the prior."""
    problem = ([0.2], [[1.0]], [[1.0]], [0.8], [[noise]], [[4.0]], 6.0)
    mean, _, _ = omega_grid(0.2, 1.0, 0.8, noise, 4.0, 6.0)
    assert feature_influenced_posterior(*problem).mean[0] == pytest.approx(mean, abs=1e-8)
    printed = paper_feature_influenced_posterior(*problem).mean[0]
    assert printed == pytest.approx(0.533, abs=5e-4)
    if noise >= 1e6:
        assert mean == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_given_omega_the_printed_covariance_is_never_below_the_coherent_one(seed):
    """It is the error of a gain that ignores Ω^F. Oracle: Kalman's optimality, in Loewner order."""
    rng = np.random.default_rng(seed)
    theta0, sigma0, omega_f = (
        rng.normal(size=4),
        random_covariance(rng, 4),
        random_covariance(rng, 4),
    )
    pick, omega = rng.normal(size=(2, 4)), random_covariance(rng, 2)
    noise = pick @ omega_f @ pick.T
    _, printed = theorem_3_3(theta0, sigma0, pick, theta0, omega_f, omega)
    coherent = bl_posterior(theta0, sigma0, pick, pick @ theta0, omega + noise).covariance
    gain = sigma0 @ pick.T @ np.linalg.inv(pick @ sigma0 @ pick.T + omega)
    left = np.eye(4) - gain @ pick
    joseph = left @ sigma0 @ left.T + gain @ (omega + noise) @ gain.T
    np.testing.assert_allclose(printed, joseph, rtol=1e-8, atol=1e-12 * np.abs(sigma0).max())
    gap = np.linalg.eigvalsh(printed - coherent)
    assert gap[0] > -1e-10 * gap[-1]
    assert gap[-1] > 0


def test_under_the_graph_of_figure_3_features_alone_say_nothing_about_theta():
    """θ → q ← F with q unseen. Oracle: exact fractions over a table of probabilities."""
    theta = {0: Fraction(1, 3), 1: Fraction(2, 3)}
    feature = {0: Fraction(1, 4), 1: Fraction(3, 4)}
    q = {(a, f): Fraction(1 + a + 3 * f, 6) for a in theta for f in feature}  # P(q = 1 | θ, F)
    for f in feature:
        joint = {a: sum(theta[a] * feature[f] * p for p in (q[a, f], 1 - q[a, f])) for a in theta}
        assert joint[1] / sum(joint.values()) == theta[1]


def test_generalised_least_squares_are_needed_for_efficiency_and_not_against_bias():
    """Appendix D.4. Oracle: the exact mean and covariance of an estimator linear in the data."""
    rng = np.random.default_rng(9)
    design = np.column_stack([np.ones(60), rng.normal(size=60)])
    errors = np.diag(np.linspace(0.2, 3.0, 60) ** 2) + 0.3  # unequal and correlated
    precision = np.linalg.inv(errors)
    ordinary = np.linalg.solve(design.T @ design, design.T)
    general = np.linalg.solve(design.T @ precision @ design, design.T @ precision)
    for estimator in (ordinary, general):
        np.testing.assert_allclose(estimator @ design, np.eye(2), atol=1e-12)  # no bias
    variances = [(e @ errors @ e.T)[1, 1] for e in (ordinary, general)]
    assert variances[0] == pytest.approx(4.3 * variances[1], rel=0.01)


# The coherent model: figures that docs/methods.md states


CONFLICT = {0.5: 0.29, 1.0: 0.57, 2.0: 1.07, 4.0: 1.58, 8.0: 0.93, 16.0: 0.44, 32.0: 0.22}


@pytest.mark.parametrize(("view", "shift"), CONFLICT.items())
def test_a_view_that_conflicts_strongly_is_discounted(view, shift):
    """Table "Conflict" of docs/methods.md. Oracle: a grid of normal prior × t likelihood."""
    dof = 6.0
    theta = axis(view / 2, view / 2 + 12, 40_001)
    density = norm.pdf(theta) * t(df=dof, scale=np.sqrt((dof - 2) / dof)).pdf(view - theta)
    mean = density @ theta / density.sum()
    found = feature_influenced_posterior([0.0], [[1.0]], [[1.0]], [view], [[0.0]], [[dof - 2]], dof)
    assert found.mean[0] == pytest.approx(mean, abs=1e-10)
    assert found.mean[0] == pytest.approx(shift, abs=0.005)
    classic = bl_posterior([0.0], [[1.0]], [[1.0]], [view], [[1.0]]).mean[0]
    assert classic == pytest.approx(view / 2, rel=1e-12)


def test_the_effective_view_covariance_explains_fiv_bl_view_by_view():
    """V_eff. Oracle: classic Black-Litterman with q = Px and Ω = V_eff."""
    found = feature_influenced_posterior(THETA0, SIGMA0, PICK, X, OMEGA_F, 5 * OMEGA, 9.0)
    classic = bl_posterior(THETA0, SIGMA0, PICK, PICK @ X, found.effective_view_covariance)
    np.testing.assert_allclose(classic.mean, found.mean, rtol=1e-12)
    views = explain_views(
        ArrayViews(
            PICK,
            found.view_mean,
            found.omega_mean,
            THETA0,
            SIGMA0,
            ("a", "b"),
            covariance=found.view_covariance,
            effective=found.effective_view_covariance,
            datum=PICK @ X,
            expected=found.effective_view_covariance,
        )
    )
    np.testing.assert_allclose(views.attribution.sum(axis=1), found.mean - THETA0, rtol=1e-12)


NODES = {15: 5e-3, 25: 5e-5, 40: 1e-8, 60: 1e-12}


@pytest.mark.parametrize(("n_nodes", "error"), NODES.items())
def test_the_quadrature_converges_as_stated(n_nodes, error):
    """Table "Nodes" of docs/methods.md. Oracle: a grid over two assets, R = 0."""
    theta, log_density = prior_on_a_grid()
    dof, scale, view = 5.0, 2 * OMEGA, np.array([1.5, -0.5])
    n = dof - 1
    e = view - theta @ PICK.T
    square = np.einsum("...i,ij,...j->...", e, np.linalg.inv(scale), e)
    density = np.exp(log_density) * (1 + square) ** (-(n + 2) / 2)
    mean, covariance = moments(density, theta)
    fixed = {"view_mean": view, "view_noise": np.zeros((2, 2))}
    problem = (THETA0, SIGMA0, PICK, None, None, scale, dof)
    found = feature_influenced_posterior(*problem, n_nodes=n_nodes, **fixed)
    assert relative_error(found.mean, mean) < error
    assert relative_error(found.covariance, covariance) < error
    best = feature_influenced_posterior(*problem, **fixed)
    np.testing.assert_allclose(best.mean, mean, **GRID)
    np.testing.assert_allclose(best.covariance, covariance, **GRID)


# Section 4 and the scripts that were released with it


def released_inputs(returns, levels):
    """Σ, r̄, Λ and p̄ in the manner of the released scripts, for a window ending now.

    The level of the adjusted price is regressed on same-day indicators in price units, and
    Λ = B diag(h Var f) Bᵀ. Least squares and two of the nine indicators stand in for theirs.
    """
    smooth = [levels.rolling(20).mean(), levels.ewm(span=14).mean()]
    start = returns.index[0]
    variances, predicted = [], []
    for asset in levels.columns:
        design = np.column_stack([frame.loc[start:, asset] for frame in smooth])
        centre = design.mean(axis=0)
        price = levels.loc[start:, asset].to_numpy()
        beta, *_ = np.linalg.lstsq(design - centre, price - price.mean())
        variances.append(beta**2 @ design.var(axis=0, ddof=1))
        predicted.append(price.mean() + (design[-1] - centre) @ beta)
    factor = silverman_factor(2 * levels.shape[1], len(returns))
    sigma, mean = returns.cov().to_numpy(), returns.mean().to_numpy()
    return sigma, mean, factor * np.diag(variances), np.array(predicted)


def released_moments(sigma, mean, spread, predicted):
    """Σ + M, M, and the bracket that either multiplies: M = (Σ⁻¹ + Λ⁻¹)⁻¹, τ = 1."""
    middle = np.linalg.inv(np.linalg.inv(sigma) + np.linalg.inv(spread))
    bracket = np.linalg.solve(sigma, mean) + np.linalg.solve(spread, predicted)
    return sigma + middle, middle, bracket


def released_weights(returns, levels):
    total, _, bracket = released_moments(*released_inputs(returns, levels))
    return long_only_max_sharpe(total @ bracket, total)


def shared_latent_weights(prices):
    """Ours, on the last 120 returns."""
    window = bl.make_window(bl.MarketData(prices), lookback=120, features=["rsi", "sma_distance"])
    fitted = bl.SharedLatentPrior(reference="inverse_variance").fit(window)
    return bl.MaxSharpe().solve(fitted).to_numpy()


def window_and_levels(prices):
    return prices.pct_change().iloc[-120:], prices


def test_the_released_mean_is_not_a_posterior_mean():
    """Released: (Σ + M)(Σ⁻¹r̄ + Λ⁻¹p̄), where M belongs in front. Oracle: a grid, two assets."""
    prices = make_prices(11, n_dates=320, n_assets=2)
    sigma, mean, spread, predicted = released_inputs(*window_and_levels(prices))
    total, middle, bracket = released_moments(sigma, mean, spread, predicted)
    theta, _ = theta_grid(mean, sigma, reach=11, count=801)
    log_density = log_normal(theta, mean, sigma) + log_normal(theta, predicted, spread)
    truth, covariance = moments(np.exp(log_density - log_density.max()), theta)
    np.testing.assert_allclose(middle @ bracket, truth, rtol=1e-8)
    np.testing.assert_allclose(middle, covariance, rtol=1e-8, atol=1e-12)
    # Λ is in price² and dwarfs Σ, so that M is all but Σ, and the released mean twice the true one.
    np.testing.assert_allclose(total @ bracket, 2 * truth, rtol=1e-3)


def test_the_unit_of_prices_changes_the_released_weights_and_none_of_ours():
    """A price is added to a return. Oracle: dimensions; one asset quoted in tenths."""
    prices = make_prices(15, n_dates=320)
    tenths = prices * np.array([10.0, 1.0, 1.0, 1.0])
    before, after = (released_weights(*window_and_levels(p)) for p in (prices, tenths))
    assert np.abs(before - after).sum() / 2 == pytest.approx(0.16, abs=0.005)
    ours = [shared_latent_weights(p) for p in (prices, tenths)]
    np.testing.assert_allclose(ours[0], ours[1], atol=1e-9)


@pytest.mark.parametrize(("factor", "shift"), [(0.5, 0.121), (0.93, 0.011)])
def test_later_splits_and_dividends_change_the_released_weights_of_the_past(factor, shift):
    """Adjusted levels embed the future. Oracle: deleting it; returns of the past are the same."""
    prices = make_prices(15, n_dates=320)
    adjusted = prices * np.array([factor, 1.0, 1.0, 1.0])  # the event comes after the last date
    known, later = window_and_levels(prices), window_and_levels(adjusted)
    np.testing.assert_allclose(later[0], known[0], atol=1e-12)
    before, after = released_weights(*known), released_weights(*later)
    assert np.abs(after - before).sum() / 2 == pytest.approx(shift, abs=0.001)
    assert after[0] > before[0]  # the past "knows" which share was to be split
    ours = [shared_latent_weights(p) for p in (prices, adjusted)]
    np.testing.assert_allclose(ours[0], ours[1], atol=1e-9)


def test_volume_scaled_by_its_full_range_looks_ahead():
    """Released: OBV to [0, 1] by its range over the sample. Oracle: deleting the future."""
    prices = make_prices(14, n_dates=320, n_assets=1)
    volume = 1e6 * np.exp(np.random.default_rng(14).normal(size=prices.shape))
    volume = pd.DataFrame(volume, index=prices.index, columns=prices.columns)

    def released(rows):
        balance = (np.sign(prices.diff()).fillna(0.0) * volume).cumsum().iloc[:rows]
        return ((balance - balance.min()) / (balance.max() - balance.min())).iloc[:160]

    def ours(rows):
        market = bl.MarketData(prices.iloc[:rows], volume=volume.iloc[:rows])
        return OBV().compute(market)["obv_20"].iloc[:160]

    assert (released(320) - released(160)).abs().to_numpy().max() > 0.1
    pd.testing.assert_frame_equal(ours(320), ours(160))


ETF = "2004-04-13", "2024-02-22"
DOW = "1994-01-05", "2024-02-22"
# Model, cumulative return, CAGR as printed, Sharpe ratio, volatility, turnover: all but the ratio
# in percent. Tables 1 and 2.
TABLE_1 = """
EQW      450.74 6.11 0.61 16.40 -
S&P500   545.77 6.69 0.59 19.03 -
MV(50d)  134.12 3.00 0.35 15.99 61.75
BL(50d)  541.99 6.67 0.66 16.24 24.30
MV(80d)  291.21 4.85 0.50 16.33 49.38
BL(80d)  609.66 7.04 0.69 16.12 19.56
MV(100d) 411.83 5.84 0.57 16.91 48.73
BL(100d) 602.75 7.01 0.70 15.91 18.63
MV(120d) 412.87 5.84 0.57 17.12 41.72
BL(120d) 587.50 6.93 0.70 15.74 18.09
MV(150d) 249.11 4.44 0.45 17.37 38.84
BL(150d) 556.13 6.75 0.68 15.91 17.00
"""
TABLE_2 = """
EQW      4606.66 9.22 0.75 19.54 -
DJIA     932.51  5.49 0.52 17.97 -
MV(50d)  774.08  5.09 0.45 20.83 65.48
BL(50d)  3980.23 8.86 0.78 17.84 34.85
MV(80d)  1081.47 5.82 0.51 20.26 53.94
BL(80d)  4603.82 9.22 0.84 16.81 25.62
MV(100d) 1529.60 6.60 0.55 20.59 47.79
BL(100d) 4557.03 9.19 0.85 16.56 23.41
MV(120d) 1577.61 6.67 0.57 20.07 44.30
BL(120d) 4819.83 9.33 0.87 16.42 20.89
MV(150d) 2208.84 7.45 0.62 20.03 39.70
BL(150d) 3405.78 8.49 0.80 16.51 19.17
"""


def published():
    """(dates, model, cumulative return, CAGR, Sharpe ratio, volatility, turnover), decimals."""
    for dates, table in ((ETF, TABLE_1), (DOW, TABLE_2)):
        for line in table.split("\n")[1:-1]:
            model, *cells = line.split()
            cumulative, cagr, ratio, volatility, turnover = (
                np.nan if cell == "-" else float(cell) for cell in cells
            )
            yield (dates, model, cumulative / 100, cagr / 100, ratio, volatility / 100,
                   turnover / 100)  # fmt: skip


@pytest.mark.parametrize("row", list(published()), ids=lambda row: f"{row[0][0][:4]} {row[1]}")
def test_the_printed_growth_rates_count_252_calendar_days_as_a_year(row):
    """Printed: years = calendar days / 252. Oracle: the table's own cumulative returns."""
    dates, _, cumulative, printed, ratio, volatility, _ = row
    days = (pd.Timestamp(dates[1]) - pd.Timestamp(dates[0])).days
    assert days == {"2004": 7254, "1994": 11005}[dates[0][:4]]
    digit = 0.00005 + 1e-9
    assert (1 + cumulative) ** (252 / days) - 1 == pytest.approx(printed, abs=digit)
    ours = metrics.cagr(pd.Series([1.0, 1 + cumulative], index=pd.to_datetime(dates)))
    assert 1.45 < ours / printed < 1.49
    # The table's other columns know the true years: mean over volatility gives its Sharpe ratio.
    mean = np.log1p(ours) + volatility**2 / 2
    assert mean / volatility == pytest.approx(ratio, abs=0.0062)
    wrong = np.log1p(printed) + volatility**2 / 2
    assert abs(wrong / volatility - ratio) > 0.08


def test_the_headline_is_against_markowitz_alone():
    """Abstract: "relative to Markowitz and the index baselines". Oracle: tables 1 and 2."""
    rows = {(dates[0], model): rest for dates, model, *rest in published()}
    pairs = [(key, (key[0], key[1].replace("BL", "MV"))) for key in rows if key[1][:2] == "BL"]

    def gain(against):
        return np.mean([rows[key][2] / rows[against(key, other)][2] - 1 for key, other in pairs])

    index = {ETF[0]: "S&P500", DOW[0]: "DJIA"}
    assert gain(lambda _, other: other) == pytest.approx(0.4975, abs=5e-5)
    assert gain(lambda key, _: (key[0], index[key[0]])) == pytest.approx(0.3775, abs=5e-5)
    assert gain(lambda key, _: (key[0], "EQW")) == pytest.approx(0.1143, abs=5e-5)
    cut = np.mean([1 - rows[key][4] / rows[other][4] for key, other in pairs])
    assert cut == pytest.approx(0.551, abs=5e-4)
