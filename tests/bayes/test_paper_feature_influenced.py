"""FIV-BL as the paper writes it: Theorem 3.3 averaged over the prior of Ω."""

import warnings

import numpy as np
import pytest
from brute_force import precision_form_given_omega, view_problem, weighted_z
from scipy.integrate import quad
from scipy.special import gamma
from scipy.stats import chi2, invwishart, wishart

from blportfolio.bayes import (
    bl_posterior,
    feature_influenced_posterior,
    paper_feature_influenced_posterior,
)
from blportfolio.errors import BLPortfolioError, BLPortfolioWarning, DataError

THETA0, SIGMA0 = np.array([0.3, -0.5]), np.array([[1.0, 0.4], [0.4, 0.7]])
X, OMEGA_F = np.array([1.4, -1.1]), np.array([[0.8, -0.2], [-0.2, 0.6]])
ONE = THETA0, SIGMA0, np.array([[1.0, -0.6]]), X, OMEGA_F, np.array([[1.5]])
PICK = np.array([[1.0, 0.2], [-0.5, 1.0]])
TWO = THETA0, SIGMA0, PICK, X, OMEGA_F, np.array([[6.0, 1.5], [1.5, 0.4]])
FIELDS = (
    "mean",
    "covariance",
    "view_mean",
    "view_covariance",
    "omega_mean",
    "effective_view_covariance",
)


def quietly(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BLPortfolioWarning)
        return paper_feature_influenced_posterior(*args, **kwargs)


def theorem_3_3(omega, problem=TWO):
    """μ_{θ|Ω} and Σ_{θ|Ω} as printed, for (N, k, k) Ω."""
    theta0, sigma0, pick, x, omega_f, _ = problem
    return precision_form_given_omega(theta0, sigma0, pick, x, omega_f, omega)


def mixture_z(draws, covariances, found, weights=None):
    """z-scores of E[μ] and of E[Σ] + Cov[μ] for the package's figures."""
    weights = np.ones(len(draws)) if weights is None else weights
    _, mean = weighted_z(draws, weights, found.mean)
    centred = draws - found.mean
    second = covariances + centred[:, :, None] * centred[:, None, :]
    _, covariance = weighted_z(second, weights, found.covariance)
    return mean, covariance


@pytest.mark.parametrize("dof", [0.5, 1.5, 6.0, 200.0])
@pytest.mark.parametrize("psi", [0.01, 1.5, 100.0])
def test_one_view_matches_theorem_3_3_on_a_dense_grid_of_omega(psi, dof):
    """Ω = Ψ/u, u ~ χ²_ν, in precision form at every node."""
    problem = (*ONE[:-1], np.array([[psi]]))
    t = np.linspace(np.log(chi2.isf(1e-15, dof)), np.log(dof) - 45 / min(dof, 2.0) * 2, 6001)
    weights = chi2.pdf(np.exp(t), dof) * np.exp(t)
    means, covariances = theorem_3_3((psi / np.exp(t))[:, None, None], problem)
    weights = weights / weights.sum()
    mean = weights @ means
    between = np.einsum("n,ni,nj->ij", weights, means - mean, means - mean)
    found = quietly(*problem, dof)
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-11)
    expected = np.tensordot(weights, covariances, 1) + between
    np.testing.assert_allclose(found.covariance, expected, rtol=0, atol=1e-11)


def test_one_view_matches_adaptive_quadrature_of_its_two_integrals():
    """f_j = E[(u/(A₀u + Ψ))ʲ] with A₀ = PΣ0Pᵀ, and mean and covariance in terms of f₁ and f₂."""
    theta0, sigma0, pick, x, omega_f, psi = ONE
    dof, b, d = 6.0, (sigma0 @ pick.T)[:, 0], float((pick @ (x - theta0))[0])
    a0, r = float((pick @ sigma0 @ pick.T)[0, 0]), float((pick @ omega_f @ pick.T)[0, 0])
    f1, f2 = (
        quad(
            lambda u, j=j: chi2.pdf(u, dof) * (u / (a0 * u + psi[0, 0])) ** j,
            0,
            120,
            epsabs=0,
            epsrel=1e-12,
            limit=200,
        )[0]
        for j in (1, 2)
    )
    found = paper_feature_influenced_posterior(*ONE, dof)
    np.testing.assert_allclose(found.mean, theta0 + b * d * f1, rtol=0, atol=1e-11)
    expected = sigma0 + np.outer(b, b) * (r * f2 + d**2 * (f2 - f1**2) - f1)
    np.testing.assert_allclose(found.covariance, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dof", [0.5, 0.2, 0.05, 0.01])
def test_one_view_with_hardly_a_degree_of_freedom_keeps_all_of_its_law(dof):
    """The law of u is all but flat in log u, but smooth in v = u^{ν/2}: E[u/(u + Ψ)]."""
    psi, power = 1.5, 2 / dof
    constant = 0.5 ** (dof / 2) / gamma(dof / 2 + 1)
    expected, _ = quad(
        lambda v: constant * np.exp(-(v**power) / 2) * v**power / (v**power + psi),
        0,
        90 ** (1 / power),
        points=[(0.01 * psi) ** (1 / power), psi ** (1 / power)],
        epsabs=0,
        epsrel=1e-12,
        limit=500,
    )
    found = quietly([0.0], [[1.0]], [[1.0]], [1.0], [[0.0]], [[psi]], dof)
    np.testing.assert_allclose(found.mean, expected, rtol=1e-10)


@pytest.mark.parametrize("dof", [3.5, 9.0])
def test_one_view_matches_draws_of_u(dof):
    rng = np.random.default_rng(1)
    omega = ONE[-1] / rng.chisquare(dof, size=(200_000, 1, 1))
    for z in mixture_z(*theorem_3_3(omega, ONE), paper_feature_influenced_posterior(*ONE, dof)):
        assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_the_moments_match_forward_simulation_of_the_story(problem):
    """Equation (3.10): draw q ~ N(Px, R) and Ω ~ IW, then θ | q, Ω by classic Black-Litterman."""
    theta0, sigma0, pick, x, omega_f, psi = problem
    dof, count, k = 9.0, 200_000, len(pick)
    rng = np.random.default_rng(2)
    omega = np.reshape(invwishart.rvs(dof, psi, size=count, random_state=rng), (count, k, k))
    q = rng.multivariate_normal(pick @ x, pick @ omega_f @ pick.T, size=count, method="cholesky")
    inverse = np.linalg.inv(omega)
    covariance = np.linalg.inv(np.linalg.inv(sigma0) + pick.T @ inverse @ pick)
    right = np.linalg.solve(sigma0, theta0) + np.einsum("ki,nkl,nl->ni", pick, inverse, q)
    normal = rng.standard_normal((count, 2, 1))
    theta = (covariance @ right[..., None] + np.linalg.cholesky(covariance) @ normal)[..., 0]
    found = paper_feature_influenced_posterior(
        *problem, dof, omega_draws=200_000, rng=np.random.default_rng(3)
    )
    for z in mixture_z(theta, np.zeros((count, 2, 2)), found):
        assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("dof", [2.5, 4.0, 9.0])
def test_two_views_match_theorem_3_3_averaged_over_scipy_draws(dof):
    rng = np.random.default_rng(4)
    omega = invwishart.rvs(dof, TWO[-1], size=100_000, random_state=rng)
    found = quietly(*TWO, dof, omega_draws=200_000, rng=np.random.default_rng(5))
    # The package's own error adds less than half the variance: a little is added to 4.5.
    for z in mixture_z(*theorem_3_3(omega), found):
        assert np.abs(z).max() < 4.5 * np.sqrt(1.5)


def test_one_scalar_for_all_views_is_not_exact_in_the_papers_version():
    """Ω = Ψ/u with u ~ χ²_{ν−k+1} gives ε its law, but is not Ω; (3.10) averages over Ω."""
    dof = 4.0
    rng = np.random.default_rng(6)
    surrogate = TWO[-1] / rng.chisquare(dof - 1, size=(200_000, 1, 1))
    found = quietly(*TWO, dof, omega_draws=200_000, rng=np.random.default_rng(7))
    mean, covariance = mixture_z(*theorem_3_3(surrogate), found)
    assert np.abs(mean).max() > 8
    assert np.abs(covariance).max() > 8


def test_certain_views_lose_the_prior():
    """Ω → 0 with P = I gives N(x, Ω^F); the coherent model keeps the prior."""
    problem = THETA0, SIGMA0, np.eye(2), X, OMEGA_F, 1e-10 * np.eye(2), 6.0
    found = quietly(*problem, rng=np.random.default_rng(8))
    np.testing.assert_allclose(found.mean, X, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.covariance, OMEGA_F, rtol=0, atol=1e-8)
    coherent = feature_influenced_posterior(*problem)
    assert np.abs(coherent.mean - X).max() > 0.2
    assert np.linalg.eigvalsh(OMEGA_F - coherent.covariance)[0] > 0.1


def test_worthless_views_leave_the_prior():
    found = quietly(*TWO[:-1], 1e10 * TWO[-1], 6.0, rng=np.random.default_rng(9))
    np.testing.assert_allclose(found.mean, THETA0, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.covariance, SIGMA0, rtol=0, atol=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_given_omega_the_covariance_is_the_error_of_a_gain_that_ignores_feature_noise(seed):
    """Joseph's form for the gain with Ω alone, when the views' noise is Ω + R; never the best."""
    rng = np.random.default_rng(seed)
    m, dof = 4, 1e12  # Ω is known to a millionth
    theta0, sigma0, pick, _, _, omega, _ = view_problem(rng, m, 1, n=9, conflict=0, unit=1.0)
    x, root = rng.normal(size=m), rng.normal(size=(m, m))
    omega_f = root @ root.T / m
    found = quietly(theta0, sigma0, pick, x, omega_f, (dof - 2) * omega, dof)
    r = pick @ omega_f @ pick.T
    gain = sigma0 @ pick.T / (pick @ sigma0 @ pick.T + omega)
    shrink = np.eye(m) - gain @ pick
    joseph = shrink @ sigma0 @ shrink.T + gain @ (omega + r) @ gain.T
    np.testing.assert_allclose(found.covariance, joseph, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.mean, theta0 + gain @ pick @ (x - theta0), rtol=0, atol=1e-9)
    coherent = feature_influenced_posterior(
        theta0, sigma0, pick, x, omega_f, (dof - 2) * omega, dof
    )
    eigenvalues = np.linalg.eigvalsh(found.covariance - coherent.covariance)
    assert eigenvalues[0] > -1e-9
    assert eigenvalues[-1] > 1e-3


@pytest.mark.parametrize("k", [2, 3])
def test_given_omega_the_covariance_is_above_the_coherent_one_for_several_views(k):
    rng = np.random.default_rng(k)
    theta0, sigma0, pick, datum, r, omega, _ = view_problem(rng, 4, k, n=9, conflict=1, unit=1.0)
    dof = 1e9
    views = {"view_mean": datum, "view_noise": r}
    given = theta0, sigma0, pick, None, None, (dof - k - 1) * omega, dof
    found = quietly(*given, omega_draws=2000, rng=rng, **views)
    coherent = feature_influenced_posterior(*given, **views)
    # Ω varies by √(2/ν) = 5e-5 in a draw, by 1e-6 in the mean of 2000.
    best = bl_posterior(theta0, sigma0, pick, datum, omega + r)
    np.testing.assert_allclose(coherent.covariance, best.covariance, rtol=0, atol=1e-6)
    assert np.linalg.eigvalsh(found.covariance - coherent.covariance)[0] > -1e-4
    assert np.abs(found.covariance - coherent.covariance).max() > 1e-2


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_nothing_is_learned_about_views_or_their_covariance(problem):
    _, _, pick, x, omega_f, psi = problem
    found = paper_feature_influenced_posterior(*problem, 9.0, rng=np.random.default_rng(10))
    np.testing.assert_allclose(found.view_mean, pick @ x, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.view_covariance, pick @ omega_f @ pick.T, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.omega_mean, psi / (9.0 - len(pick) - 1), rtol=1e-14)
    assert np.isnan(found.log_evidence)


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_the_effective_view_covariance_reproduces_the_mean(problem):
    """Also in classic Black-Litterman with q = Px."""
    theta0, sigma0, pick, x, *_ = problem
    found = paper_feature_influenced_posterior(*problem, 9.0, rng=np.random.default_rng(11))
    effective = found.effective_view_covariance
    np.testing.assert_array_equal(effective, effective.T)
    assert np.linalg.eigvalsh(effective)[0] > 0
    classic = bl_posterior(theta0, sigma0, pick, pick @ x, effective)
    np.testing.assert_allclose(found.mean, classic.mean, rtol=0, atol=1e-10)


def test_the_same_seed_gives_the_same_answer_and_one_view_needs_none():
    def answer(seed, problem=TWO):
        return paper_feature_influenced_posterior(
            *problem, 9.0, omega_draws=500, rng=np.random.default_rng(seed)
        )

    for field in FIELDS:
        np.testing.assert_array_equal(getattr(answer(1), field), getattr(answer(1), field))
        np.testing.assert_array_equal(
            getattr(answer(1, ONE), field),
            getattr(paper_feature_influenced_posterior(*ONE, 9.0), field),
        )
    assert (answer(1).mean != answer(2).mean).any()


def test_more_draws_come_nearer():
    exact = quietly(*TWO, 9.0, omega_draws=200_000, rng=np.random.default_rng(12))

    def gap(draws):
        gaps = [
            quietly(*TWO, 9.0, omega_draws=draws, rng=np.random.default_rng(s)).mean - exact.mean
            for s in range(20)
        ]
        return np.sqrt(np.mean(np.square(gaps)))

    # 1/√100, and 20 repetitions know a root mean square to a sixth.
    assert 5 < gap(100) / gap(10_000) < 20


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_views_of_the_features_are_their_picks(problem):
    theta0, sigma0, pick, x, omega_f, psi = problem
    r = pick @ omega_f @ pick.T
    views = {"view_mean": pick @ x, "view_noise": (r + r.T) / 2}
    direct = paper_feature_influenced_posterior(*problem, 9.0, rng=np.random.default_rng(13))
    found = paper_feature_influenced_posterior(
        theta0, sigma0, pick, None, None, psi, 9.0, rng=np.random.default_rng(13), **views
    )
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(direct, field), getattr(found, field))


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
@pytest.mark.parametrize("c", [1e-2, 30.0])
def test_returns_in_another_unit_scale_every_answer(problem, c):
    theta0, sigma0, pick, x, omega_f, psi = problem
    found = paper_feature_influenced_posterior(*problem, 9.0, rng=np.random.default_rng(14))
    scaled = paper_feature_influenced_posterior(
        c * theta0, c**2 * sigma0, pick, c * x, c**2 * omega_f, c**2 * psi, 9.0,
        rng=np.random.default_rng(14),
    )  # fmt: skip
    for field in FIELDS:
        expected = getattr(found, field)
        expected = expected * (c if expected.ndim == 1 else c**2)
        np.testing.assert_allclose(
            getattr(scaled, field), expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max()
        )


@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_results_are_read_only_symmetric_and_positive_semi_definite(problem):
    copies = [a.copy() for a in problem]
    found = paper_feature_influenced_posterior(*problem, 9.0, rng=np.random.default_rng(15))
    for field in FIELDS:
        value = getattr(found, field)
        assert not value.flags.writeable, field
        if value.ndim == 2:
            np.testing.assert_array_equal(value, value.T)
            assert np.linalg.eigvalsh(value)[0] > 0, field
    for array, copy in zip(problem, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable


def test_few_degrees_of_freedom_leave_all_but_the_mean_of_omega():
    """For ν ≤ k + 1."""
    with pytest.warns(BLPortfolioWarning, match="ν"):
        found = paper_feature_influenced_posterior(*TWO, 3.0, rng=np.random.default_rng(16))
    assert np.isnan(found.omega_mean).all()
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.covariance).all()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("prior_mean", np.zeros((2, 1))),
        ("prior_covariance", np.eye(3)),
        ("pick", np.ones((2, 3))),
        ("feature_mean", [0.0, np.nan]),
        ("feature_covariance", [[1.0, 0.5], [0.0, 1.0]]),
        ("scale", np.eye(3)),
        ("scale", [[1.0, 0.5], [0.0, 1.0]]),
        ("scale", [[1.0, 2.0], [2.0, 1.0]]),
        ("scale", np.zeros((2, 2))),
        ("dof", 1.0),
        ("scale", np.ones((2, 2))),
        ("omega_draws", 0),
        ("omega_draws", -1),
        ("omega_draws", 2.5),
        ("omega_draws", True),
        ("rng", None),
        ("rng", 7),
    ],
)
def test_a_bad_argument_is_named(argument, value):
    names = ("prior_mean", "prior_covariance", "pick", "feature_mean", "feature_covariance")
    good = dict(zip((*names, "scale"), TWO, strict=True))
    good |= {"dof": 6.0, "rng": np.random.default_rng(0), argument: value}
    with pytest.raises(BLPortfolioError, match=f"`{argument}`"):
        paper_feature_influenced_posterior(**good)


def test_features_given_twice_or_not_at_all_are_refused():
    views = {"view_mean": np.zeros(2), "view_noise": np.eye(2)}
    with pytest.raises(DataError, match="`view_"):
        paper_feature_influenced_posterior(*TWO, 6.0, **views)
    with pytest.raises(DataError, match="`feature_mean`"):
        paper_feature_influenced_posterior(*TWO[:3], None, None, TWO[-1], 6.0)


def random_problem(seed, k, n_assets=4):
    rng = np.random.default_rng(seed)
    theta0, sigma0, pick, datum, r, omega, _ = view_problem(
        rng, n_assets, k, n=9, conflict=1, unit=1.0
    )
    return (theta0, sigma0, pick, None, None, omega), {"view_mean": datum, "view_noise": r}


@pytest.mark.parametrize(("k", "dof"), [(2, 1.5), (3, 2.2), (2, 1.01), (3, 2.02)])
@pytest.mark.parametrize("seed", range(10))
def test_hardly_more_degrees_of_freedom_than_there_must_be_give_an_answer(seed, k, dof):
    problem, views = random_problem(seed, k)
    found = quietly(*problem, dof, omega_draws=4000, rng=np.random.default_rng(seed), **views)
    assert np.isnan(found.omega_mean).all()
    for name in ("mean", "covariance", "effective_view_covariance"):
        assert np.isfinite(getattr(found, name)).all(), name
    assert np.linalg.eigvalsh(found.covariance)[0] > -1e-9
    again = bl_posterior(*problem[:3], views["view_mean"], found.effective_view_covariance)
    np.testing.assert_allclose(again.mean, found.mean, rtol=0, atol=1e-6)


@pytest.mark.parametrize("problem", [TWO, (*TWO[:-1], np.array([[1.0, -0.3], [-0.3, 0.5]]))])
def test_below_k_degrees_of_freedom_it_is_the_average_over_draws_of_scipy(problem):
    """M = (PΣ0Pᵀ + Ω)⁻¹ = W(I + PΣ0PᵀW)⁻¹ by scipy's W = Ω⁻¹ ~ W(Ψ⁻¹, 1.5), all of them."""
    theta0, sigma0, pick, x, omega_f, psi = problem
    count, dof = 100_000, 1.5
    precision = wishart.rvs(dof, np.linalg.inv(psi), size=count, random_state=20)
    gain = precision @ np.linalg.inv(np.eye(2) + pick @ sigma0 @ pick.T @ precision)
    gain = sigma0 @ pick.T @ (gain + gain.transpose(0, 2, 1)) / 2
    means = theta0 + gain @ (pick @ (x - theta0))
    r = pick @ omega_f @ pick.T
    covariances = sigma0 - gain @ pick @ sigma0 + gain @ r @ gain.transpose(0, 2, 1)
    found = quietly(*problem, dof, omega_draws=400_000, rng=np.random.default_rng(21))
    for z in mixture_z(means, covariances, found):
        assert np.abs(z).max() < 5


@pytest.mark.parametrize("factor", [10 * 252, 1e-5])
@pytest.mark.parametrize("problem", [ONE, TWO], ids=["one view", "two views"])
def test_psi_on_another_scale_is_a_warning_as_of_the_coherent_kernel(problem, factor):
    theta0, sigma0, pick, x, _, _ = problem
    spread = np.diag(np.diagonal(pick @ sigma0 @ pick.T))
    given = theta0, sigma0, pick, x, 1e-4 * np.eye(2)
    dof = len(pick) + 11.0  # κ = ν − k − 1 = 10
    for kernel in (paper_feature_influenced_posterior, feature_influenced_posterior):
        more = (
            {"rng": np.random.default_rng(0), "omega_draws": 50}
            if kernel is paper_feature_influenced_posterior
            else {}
        )
        with pytest.warns(BLPortfolioWarning, match="`scale` Ψ implies") as caught:
            kernel(*given, factor * spread, dof, **more)
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kernel(*given, 10 * spread, dof, **more)


@pytest.mark.parametrize(
    "kernel", [paper_feature_influenced_posterior, feature_influenced_posterior]
)
def test_too_small_a_psi_is_none_where_the_noise_of_the_features_is_not_small(kernel):
    """That is SLP-BL. Too large a one is too large beside PΣ0Pᵀ, whatever the noise."""
    one = THETA0, SIGMA0, ONE[2], X
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel(*one, OMEGA_F, [[1e-8]], 12.0)
    with pytest.warns(BLPortfolioWarning, match="takes the views as certain"):
        kernel(*one, 1e-6 * OMEGA_F, [[1e-8]], 12.0)
    with pytest.warns(BLPortfolioWarning, match="leaves the prior as it was"):
        kernel(*one, 1e6 * OMEGA_F, [[1e5]], 12.0)


@pytest.mark.parametrize(("rng", "kind"), [(3, "int"), (None, "NoneType"), (np.random, "module")])
def test_what_came_as_a_source_of_randomness_is_named_with_what_to_pass(rng, kind):
    with pytest.raises(DataError, match=rf"got {kind}\. Pass np\.random\.default_rng\(0\)"):
        paper_feature_influenced_posterior(*TWO, 6.0, rng=rng)


def test_a_singular_psi_is_refused_for_one_view_too():
    with pytest.raises(DataError, match="`scale` must be positive definite"):
        quietly(*ONE[:-1], [[0.0]], 6.0)
