"""FIV-BL in its limits, its symmetries and units, and what it refuses."""

import warnings

import numpy as np
import pytest
from brute_force import view_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from blportfolio.bayes import (
    bl_posterior,
    feature_influenced_posterior,
    shared_latent_posterior,
)
from blportfolio.errors import BLPortfolioError, BLPortfolioWarning, DataError

FIELDS = (
    "mean",
    "covariance",
    "view_mean",
    "view_covariance",
    "omega_mean",
    "effective_view_covariance",
)


def answer(theta0, sigma0, pick, datum, r, psi, dof):
    """The kernel in view space, silent about the Ψ of a limit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BLPortfolioWarning)
        return feature_influenced_posterior(
            theta0, sigma0, pick, None, None, psi, dof, view_mean=datum, view_noise=r
        )


@st.composite
def problems(draw, max_assets=5):
    """Well-conditioned problems on the scale of daily returns, ν > k."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return view_problem(
        rng,
        draw(st.integers(1, max_assets)),
        draw(st.integers(1, max_assets)),
        n=draw(st.floats(1.5, 50)),
        conflict=draw(st.floats(0, 6)),
        ratio=10.0 ** draw(st.floats(-1, 2)),
        noise=draw(st.sampled_from([0.1, 1.0, 5.0])),
    )


def assert_near(found, expected, scale, *, tolerance):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def test_certain_views_on_every_asset_leave_the_shared_latent_model():
    """Ψ → 0 with P = I: Ω vanishes, and x is a gauge of θ itself."""
    rng = np.random.default_rng(1)
    theta0, sigma0, _, x, r, psi, dof = view_problem(rng, 4, 4, n=9, conflict=2, unit=1.0)
    latent = shared_latent_posterior(theta0, sigma0, x, r)
    for size, tolerance in ((1e-6, 1e-5), (1e-10, 1e-9), (1e-13, 1e-11)):
        found = answer(theta0, sigma0, np.eye(4), x, r, size * psi, dof)
        np.testing.assert_allclose(found.mean, latent.mean, rtol=0, atol=tolerance)
        np.testing.assert_allclose(found.covariance, latent.covariance, rtol=0, atol=tolerance)
        assert found.log_evidence == pytest.approx(latent.log_evidence, abs=tolerance)
        # With Ω = 0 the latent views are the expected returns.
        np.testing.assert_allclose(found.view_mean, latent.mean, rtol=0, atol=tolerance)
        np.testing.assert_allclose(found.view_covariance, latent.covariance, atol=tolerance)


def test_many_past_errors_and_certain_features_leave_classic_black_litterman():
    """Ω^F = 0 and ν → ∞ with Ψ = νΩ̄: classic with q = Px and Ω = Ω̄, nearer as 1/ν."""
    rng = np.random.default_rng(2)
    theta0, sigma0, pick, datum, r, omega, _ = view_problem(rng, 4, 3, n=9, conflict=2, unit=1.0)
    classic = bl_posterior(theta0, sigma0, pick, datum, omega)
    gaps = []
    for dof in (1e4, 1e5, 1e6, 1e8):
        found = answer(theta0, sigma0, pick, datum, 0 * r, dof * omega, dof)
        gaps.append(
            [
                np.abs(found.mean - classic.mean).max(),
                np.abs(found.covariance - classic.covariance).max(),
                np.abs(found.effective_view_covariance - omega).max(),
                abs(found.log_evidence - classic.log_evidence),
            ]
        )
        np.testing.assert_allclose(found.omega_mean, omega, rtol=100 / dof, atol=100 / dof)
    gaps = np.array(gaps)
    assert (gaps[-1] < 1e-6).all()
    np.testing.assert_allclose(gaps[0] / gaps[1], 10, rtol=0.05)
    np.testing.assert_allclose(gaps[1] / gaps[2], 10, rtol=0.05)


def test_noise_of_the_features_adds_to_a_well_known_omega():
    """The same with Ω^F > 0: classic with Ω = Ω̄ + R."""
    rng = np.random.default_rng(3)
    theta0, sigma0, pick, datum, r, omega, _ = view_problem(rng, 4, 3, n=9, conflict=2, unit=1.0)
    classic = bl_posterior(theta0, sigma0, pick, datum, omega + r)
    found = answer(theta0, sigma0, pick, datum, r, 1e9 * omega, 1e9)
    np.testing.assert_allclose(found.mean, classic.mean, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.covariance, classic.covariance, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.effective_view_covariance, omega + r, rtol=0, atol=1e-7)


@pytest.mark.parametrize("ratio", [1e8, 1e12, 1e16])
def test_worthless_views_leave_the_prior(ratio):
    rng = np.random.default_rng(4)
    theta0, sigma0, pick, datum, r, psi, dof = view_problem(
        rng, 4, 3, n=9, conflict=2, ratio=ratio, unit=1.0
    )
    found = answer(theta0, sigma0, pick, datum, r, psi, dof)
    np.testing.assert_allclose(found.mean, theta0, rtol=0, atol=1e3 / ratio + 1e-15)
    np.testing.assert_allclose(found.covariance, sigma0, rtol=0, atol=1e3 / ratio + 1e-14)
    # Nothing but the features speaks of q, and beside Ψ its error is one of size zero.
    np.testing.assert_allclose(found.view_mean, datum, rtol=0, atol=1e3 / ratio + 1e-14)
    np.testing.assert_allclose(found.view_covariance, r, rtol=0, atol=1e3 / ratio + 1e-14)
    np.testing.assert_allclose(found.omega_mean, psi / (dof - 3), rtol=1e3 / ratio + 1e-12)


def test_features_without_information_leave_the_prior():
    """Ω^F → ∞, where q is learned from θ0 instead."""
    rng = np.random.default_rng(5)
    theta0, sigma0, pick, datum, r, psi, dof = view_problem(rng, 4, 3, n=9, conflict=2, unit=1.0)
    found = answer(theta0, sigma0, pick, datum, 1e13 * r, psi, dof)
    np.testing.assert_allclose(found.mean, theta0, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.covariance, sigma0, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.omega_mean, psi / (dof - 3 - 1), rtol=1e-9)
    # R − RE[T⁻¹]R cancels thirteen digits of R.
    np.testing.assert_allclose(found.view_mean, pick @ theta0, rtol=0, atol=1e-1)


def test_the_influence_of_a_view_rises_and_then_falls_with_its_size():
    """Redescending: doubling an extreme view halves its effect; a Gaussian's is linear."""
    theta0, sigma0 = np.zeros(3), np.array([[1.0, 0.3, 0.1], [0.3, 0.8, 0.2], [0.1, 0.2, 1.2]])
    view, psi, dof = np.array([1.0, -1.0, 0.5]), 0.4 * np.eye(3), 6.0
    sizes = 2.0 ** np.arange(-1, 11)
    shifts, gaussian = [], []
    for c in sizes:
        found = answer(theta0, sigma0, np.eye(3), c * view, np.zeros((3, 3)), psi, dof)
        classic = bl_posterior(theta0, sigma0, np.eye(3), c * view, psi / (dof - 4))
        shifts.append(np.linalg.norm(found.mean))
        gaussian.append(np.linalg.norm(classic.mean))
    shifts, gaussian = np.array(shifts), np.array(gaussian)
    peak = shifts.argmax()
    assert 0 < peak < 5
    assert (np.diff(shifts[: peak + 1]) > 0).all()
    assert (np.diff(shifts[peak:]) < 0).all()
    # Far out the mean moves by about (ν + 1)/c, the score of the t.
    np.testing.assert_allclose(shifts[-4:-1] / shifts[-3:], 2, rtol=0.01)
    np.testing.assert_allclose(gaussian[1:] / gaussian[:-1], 2, rtol=1e-12)


def test_conflict_inflates_the_learned_view_covariance():
    rng = np.random.default_rng(6)
    theta0, sigma0, pick, _, r, psi, dof = view_problem(rng, 3, 2, n=9, conflict=0, unit=1.0)
    step = pick @ np.ones(3)
    answers = [
        answer(theta0, sigma0, pick, pick @ theta0 + c * step, r, psi, dof) for c in (0, 2, 8, 32)
    ]
    along = [step @ np.linalg.solve(a.effective_view_covariance, step) for a in answers]
    assert (np.diff(along) < 0).all()
    assert (np.diff([step @ a.omega_mean @ step for a in answers]) > 0).all()
    assert (np.diff([a.log_evidence for a in answers]) < 0).all()


def test_given_u_uncertainty_falls_but_their_mixture_may_exceed_the_prior():
    """Summing `bl_posterior` over u ~ χ²_n, weighted by its evidence, is the kernel."""
    theta0, sigma0, pick = np.zeros(2), np.array([[1.0, 0.3], [0.3, 0.8]]), np.array([[1.0, 0.4]])
    datum, r, psi, dof = np.array([7.0]), np.array([[0.02]]), np.array([[0.01]]), 3.0
    t, step = np.linspace(-25.0, 6.0, 1201, retstep=True)
    log_weights, means, covariances = [], [], []
    for u in np.exp(t):
        given_u = bl_posterior(theta0, sigma0, pick, datum, r + psi / u)
        assert np.linalg.eigvalsh(sigma0 - given_u.covariance)[0] >= -1e-14
        log_weights.append(chi2.logpdf(u, dof) + np.log(u) + given_u.log_evidence)
        means.append(given_u.mean)
        covariances.append(given_u.covariance)
    weights, means = np.exp(np.array(log_weights)), np.array(means)
    log_evidence = np.log(weights.sum() * step)
    weights /= weights.sum()
    mean = weights @ means
    between = np.einsum("n,ni,nj->ij", weights, means - mean, means - mean)
    found = answer(theta0, sigma0, pick, datum, r, psi, dof)
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        found.covariance, np.tensordot(weights, covariances, 1) + between, rtol=0, atol=1e-12
    )
    assert found.log_evidence == pytest.approx(log_evidence, abs=1e-12)
    assert np.linalg.eigvalsh(found.covariance - sigma0)[-1] > 0.5


@given(problems())
@settings(max_examples=60)
def test_every_covariance_is_symmetric_and_positive_semi_definite(problem):
    found = answer(*problem)
    for field in ("covariance", "view_covariance", "omega_mean", "effective_view_covariance"):
        matrix = getattr(found, field)
        np.testing.assert_array_equal(matrix, matrix.T)
        eigenvalues = np.linalg.eigvalsh(matrix)
        assert eigenvalues[0] >= -1e-13 * eigenvalues[-1], field
    assert np.linalg.eigvalsh(found.effective_view_covariance - problem[4])[0] > 0


@given(problems())
@settings(max_examples=60)
def test_the_effective_view_covariance_reproduces_the_mean_in_classic_black_litterman(problem):
    theta0, sigma0, pick, datum, *_ = problem
    found = answer(*problem)
    classic = bl_posterior(theta0, sigma0, pick, datum, found.effective_view_covariance)
    scale = max(np.sqrt(np.abs(sigma0).max()), np.abs(found.mean - theta0).max())
    np.testing.assert_allclose(found.mean, classic.mean, rtol=0, atol=1e-10 * scale)


@given(problems(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_order_of_assets_and_views_does_not_matter(problem, seed):
    theta0, sigma0, pick, datum, r, psi, dof = problem
    rng = np.random.default_rng(seed)
    a, v = rng.permutation(len(theta0)), rng.permutation(len(datum))
    found = answer(*problem)
    moved = answer(
        theta0[a],
        sigma0[np.ix_(a, a)],
        pick[np.ix_(v, a)],
        datum[v],
        r[np.ix_(v, v)],
        psi[np.ix_(v, v)],
        dof,
    )
    for field in FIELDS:
        expected = getattr(found, field)
        order = a if field in ("mean", "covariance") else v
        expected = expected[order] if expected.ndim == 1 else expected[np.ix_(order, order)]
        assert_near(getattr(moved, field), expected, np.abs(expected).max(), tolerance=1e-9)
    assert moved.log_evidence == pytest.approx(found.log_evidence, rel=1e-10, abs=1e-10)


@given(problems(), st.floats(1e-3, 1e3))
@settings(max_examples=40)
def test_returns_in_another_unit_scale_every_answer(problem, c):
    theta0, sigma0, pick, datum, r, psi, dof = problem
    found = answer(*problem)
    scaled = answer(c * theta0, c**2 * sigma0, pick, c * datum, c**2 * r, c**2 * psi, dof)
    for field in FIELDS:
        expected = getattr(found, field)
        expected = expected * (c if expected.ndim == 1 else c**2)
        assert_near(getattr(scaled, field), expected, np.abs(expected).max(), tolerance=1e-9)
    assert scaled.log_evidence == pytest.approx(
        found.log_evidence - len(datum) * np.log(c), rel=1e-10, abs=1e-9
    )


@given(problems(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_mixing_the_views_by_a_regular_matrix_changes_nothing_about_theta(problem, seed):
    """With P, Px, R and Ψ mixed alike the evidence shifts by −log|A| and θ stays."""
    theta0, sigma0, pick, datum, r, psi, dof = problem
    a = np.eye(len(datum)) + 0.2 * np.random.default_rng(seed).normal(size=(len(datum),) * 2)
    a = a @ a.T + 0.2 * np.eye(len(datum))
    found = answer(*problem)
    mixed = answer(
        theta0, sigma0, a @ pick, a @ datum, *(symmetric(a @ m @ a.T) for m in (r, psi)), dof
    )
    scale = max(np.abs(sigma0).max(), np.abs(found.covariance).max())
    assert_near(mixed.mean, found.mean, np.sqrt(scale), tolerance=1e-8)
    assert_near(mixed.covariance, found.covariance, scale, tolerance=1e-8)
    assert_near(mixed.omega_mean, a @ found.omega_mean @ a.T, np.abs(psi).max(), tolerance=1e-8)
    shifted = found.log_evidence - np.linalg.slogdet(a)[1]
    assert mixed.log_evidence == pytest.approx(shifted, rel=1e-9, abs=1e-8)


def symmetric(matrix):
    return (matrix + matrix.T) / 2


def test_views_of_the_features_are_their_picks():
    """`view_mean` Px and `view_noise` PΩ^FPᵀ give the identical answer."""
    rng = np.random.default_rng(7)
    theta0, sigma0, pick, _, _, psi, dof = view_problem(rng, 4, 2, n=6, conflict=0)
    x, omega_f = 1e-2 * rng.normal(size=4), np.diag(1e-4 * rng.uniform(size=4))
    direct = feature_influenced_posterior(theta0, sigma0, pick, x, omega_f, psi, dof)
    found = answer(theta0, sigma0, pick, pick @ x, symmetric(pick @ omega_f @ pick.T), psi, dof)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(direct, field), getattr(found, field))
    assert direct.log_evidence == found.log_evidence


def test_results_are_read_only_and_inputs_are_not_written_to():
    rng = np.random.default_rng(8)
    problem = view_problem(rng, 3, 2, n=6, conflict=2)
    copies = [np.array(a) for a in problem]
    found = answer(*problem)
    for field in FIELDS:
        assert not getattr(found, field).flags.writeable, field
    for array, copy in zip(problem[:-1], copies, strict=False):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable


def test_lists_and_whole_numbers_are_taken():
    found = feature_influenced_posterior(
        [0, 0], [[1, 0], [0, 1]], [[1, -1]], [1, 0], [[0, 0], [0, 0]], [[3]], 4
    )
    again = answer(
        np.zeros(2), np.eye(2), np.array([[1.0, -1]]), np.ones(1), np.zeros((1, 1)), [[3.0]], 4.0
    )
    np.testing.assert_array_equal(found.mean, again.mean)


GOOD = {
    "prior_mean": np.zeros(3),
    "prior_covariance": np.eye(3),
    "pick": np.array([[1.0, -1.0, 0.0], [0.0, 1.0, 1.0]]),
    "feature_mean": np.zeros(3),
    "feature_covariance": np.eye(3),
    "scale": np.eye(2),
    "dof": 6.0,
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("prior_mean", np.zeros((3, 1))),
        ("prior_mean", [0.0, np.nan, 0.0]),
        ("prior_covariance", np.eye(2)),
        ("prior_covariance", np.eye(3) + np.triu(np.ones((3, 3)), 1)),
        ("pick", np.ones((2, 4))),
        ("pick", np.full((2, 3), np.nan)),
        ("feature_mean", np.zeros(2)),
        ("feature_mean", [0.0, np.inf, 0.0]),
        ("feature_mean", None),
        ("feature_covariance", np.eye(2)),
        ("feature_covariance", [[1, 2, 0], [0, 1, 0], [0, 0, 1]]),
        ("feature_covariance", None),
        ("scale", np.eye(3)),
        ("scale", [[1.0, 0.5], [0.0, 1.0]]),
        ("scale", np.full((2, 2), np.nan)),
        ("scale", [[1.0, 2.0], [2.0, 1.0]]),
        ("scale", [[1.0, 20.0], [20.0, 1.0]]),
        ("scale", [[1.0, 0.0], [0.0, -0.01]]),
        ("dof", 1.0),
        ("dof", -1.0),
        ("dof", np.nan),
        ("dof", np.inf),
        ("dof", "6"),
        ("n_nodes", 0),
        ("n_nodes", 2.5),
    ],
)
def test_a_bad_argument_is_named(argument, value):
    with pytest.raises(BLPortfolioError, match=f"`{argument}`"):
        feature_influenced_posterior(**{**GOOD, argument: value})


@pytest.mark.parametrize(
    "views",
    [
        {"view_mean": np.zeros(2)},
        {"view_noise": np.eye(2)},
        {"view_mean": np.zeros(2), "view_noise": np.eye(2)},
    ],
)
def test_features_given_twice_are_refused(views):
    """Both kinds of input, or half of one, do not say what is meant."""
    with pytest.raises(DataError, match="`view_"):
        feature_influenced_posterior(**GOOD, **views)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("view_mean", np.zeros(3)),
        ("view_mean", [0.0, np.nan]),
        ("view_noise", np.eye(3)),
        ("view_noise", [[1.0, 0.5], [0.0, 1.0]]),
    ],
)
def test_a_bad_argument_in_view_space_is_named(argument, value):
    views = {"view_mean": np.zeros(2), "view_noise": np.eye(2), argument: value}
    neither = {"feature_mean": None, "feature_covariance": None}
    with pytest.raises(DataError, match=f"`{argument}`"):
        feature_influenced_posterior(**{**GOOD, **neither}, **views)


def test_no_features_at_all_are_refused():
    with pytest.raises(DataError, match="`feature_mean`"):
        feature_influenced_posterior(**{**GOOD, "feature_mean": None, "feature_covariance": None})


@pytest.mark.parametrize("argument", ["prior_covariance", "feature_covariance"])
def test_an_indefinite_covariance_is_refused(argument):
    indefinite = [[1.0, 20.0, 0.0], [20.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    with pytest.raises(DataError, match=r"positive (semi-)?definite|negative"):
        feature_influenced_posterior(**{**GOOD, argument: indefinite})


@pytest.mark.parametrize("dof", [1.2, 1.9, 2.0])
def test_too_few_degrees_of_freedom_for_a_mean_of_omega_leave_all_else(dof):
    """For k − 1 < ν ≤ k."""
    with pytest.warns(BLPortfolioWarning, match="ν"):
        found = feature_influenced_posterior(**{**GOOD, "dof": dof})
    assert np.isnan(found.omega_mean).all()
    assert found.omega_mean.shape == (2, 2)
    for field in FIELDS:
        if field != "omega_mean":
            assert np.isfinite(getattr(found, field)).all(), field
    assert np.isfinite(found.log_evidence)
    assert np.isfinite(feature_influenced_posterior(**{**GOOD, "dof": 2.1}).omega_mean).all()


def test_a_scale_far_above_the_views_is_pointed_out_with_its_size():
    """Ψ = I is the paper's rule of thumb; τ times a daily variance is 1e-5."""
    small = {"prior_covariance": 1e-5 * np.eye(3), "feature_covariance": 1e-5 * np.eye(3)}
    with pytest.warns(BLPortfolioWarning, match=r"`scale`.*\d"):
        feature_influenced_posterior(**{**GOOD, **small})
