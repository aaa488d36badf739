"""Maps onto the simplex against brute force, and what holds for every row of logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.special import softmax as scipy_softmax

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import entmax as module
from blportfolio.forecasters.entmax import (
    entmax,
    softmax,
    sparsemax,
    tsallis_conjugate,
    tsallis_negentropy,
)

ALPHAS = [1.0, 1.0001, 1.1, 1.25, 1.5, 1.75, 1.999, 2.0]
alphas = st.one_of(st.sampled_from(ALPHAS), st.floats(1.0, 2.0))
rows = st.lists(st.floats(-30, 30), min_size=1, max_size=12).map(np.array)


def draw(seed, size, scale=2.0):
    return scale * np.random.default_rng(seed).normal(size=size)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("seed", range(4))
def test_no_other_point_of_the_simplex_has_a_larger_objective(alpha, seed):
    z = draw(seed, 6)

    def negative(p):
        return float(tsallis_negentropy(np.clip(p, 0, None), alpha) - p @ z)

    found = minimize(
        negative,
        np.full(6, 1 / 6),
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    p = entmax(z, alpha)
    assert negative(p) <= found.fun + 1e-9
    np.testing.assert_allclose(p, found.x, atol=2e-4)
    assert tsallis_conjugate(z, alpha) == pytest.approx(-negative(p), abs=1e-12)


def test_sparsemax_is_the_projection_that_brute_force_over_supports_finds():
    for seed in range(50):
        z = draw(seed, 5, 1.0)
        best, value = None, np.inf
        for bits in range(1, 32):
            kept = np.array([bool(bits >> i & 1) for i in range(5)])
            p = np.where(kept, z - (z[kept].sum() - 1) / kept.sum(), 0.0)
            if (p >= 0).all() and ((p - z) ** 2).sum() < value:
                best, value = p, ((p - z) ** 2).sum()
        np.testing.assert_allclose(sparsemax(z), best, atol=1e-14)


def test_softmax_is_that_of_scipy():
    z = draw(1, (4, 3, 7), 20.0)
    np.testing.assert_allclose(softmax(z), scipy_softmax(z, axis=-1), rtol=1e-13)
    np.testing.assert_allclose(tsallis_conjugate(z, 1.0), logsumexp(z, axis=-1), rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-6, 0.1, 1.0, 100.0])
def test_sorting_and_newton_find_the_same(scale):
    z = draw(2, (200, 40), scale)
    shifted = z - z.max(axis=1, keepdims=True)
    np.testing.assert_allclose(module._by_newton(shifted, 1.5), entmax(z, 1.5), atol=1e-13)
    nearly = module._by_newton(shifted, 2 - 1e-15)
    np.testing.assert_allclose(nearly, entmax(z, 2.0), atol=1e-12)


def test_two_logits_have_the_closed_forms():
    gap = np.linspace(-3, 3, 61)
    z = np.stack([gap, np.zeros(61)], axis=1)
    np.testing.assert_allclose(sparsemax(z)[:, 0], np.clip((1 + gap) / 2, 0, 1), atol=1e-15)
    kept = np.clip(gap, -2, 2)  # √p1 - √p2 = gap/2 and p1 + p2 = 1
    expected = 0.5 + kept / 8 * np.sqrt(8 - kept**2)
    np.testing.assert_allclose(entmax(z, 1.5)[:, 0], expected, atol=1e-15)


@given(rows, alphas)
def test_probabilities_lie_on_the_simplex_in_the_order_of_their_logits(z, alpha):
    p = entmax(z, alpha)
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-14)
    order = np.argsort(z)
    assert (np.diff(p[order]) >= -1e-15).all()


@given(rows, alphas)
def test_the_threshold_equation_holds_on_the_support(z, alpha):
    """On the support p^(α-1) - (α-1) z is one constant τ, off it (α-1) z ≤ τ."""
    p, slope = entmax(z, alpha), alpha - 1
    if slope < 1e-3:
        return
    kept = p > 1e-12
    tau = slope * z[kept] - p[kept] ** slope
    assert np.ptp(tau) <= 1e-9 * (1 + np.abs(z).max())
    assert (slope * z[p == 0] <= tau.max() + 1e-9).all()


@given(st.integers(0, 10**6), alphas, st.integers(2, 10))
def test_the_gradient_is_monotone(seed, alpha, size):
    """<p(t) - p(s), t - s> ≥ 0: the lemma under which attention follows the last sign."""
    t, s = draw(seed, (2, size), 3.0)
    assert (entmax(t, alpha) - entmax(s, alpha)) @ (t - s) >= -1e-13


@given(st.integers(0, 10**6), alphas, st.floats(-1e6, 1e6))
def test_a_shift_changes_nothing_and_a_permutation_permutes(seed, alpha, shift):
    z = draw(seed, 9)
    p = entmax(z, alpha)
    moved = entmax((z + shift) - shift, alpha)
    np.testing.assert_array_equal(moved, entmax(np.asarray((z + shift) - shift), alpha))
    np.testing.assert_allclose(entmax(z + shift, alpha), moved, atol=1e-9)
    np.testing.assert_allclose(entmax(z[::-1], alpha), p[::-1], atol=1e-14)
    expected = tsallis_conjugate(z, alpha) + shift
    assert tsallis_conjugate(z + shift, alpha) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.integers(0, 10**6), alphas)
def test_entmax_is_the_gradient_of_the_conjugate(seed, alpha):
    z, step = draw(seed, 5), 1e-6
    eye = np.eye(5)
    slope = tsallis_conjugate(z + step * eye, alpha) - tsallis_conjugate(z - step * eye, alpha)
    np.testing.assert_allclose(slope / (2 * step), entmax(z, alpha), atol=2e-6)


def test_alpha_near_one_and_two_reaches_softmax_and_sparsemax():
    z = draw(5, (30, 20))
    for gap in (1e-3, 1e-6, 1e-9, 1e-13):
        assert np.abs(entmax(z, 1 + gap) - softmax(z)).max() < 10 * gap + 1e-14
        assert np.abs(entmax(z, 2 - gap) - sparsemax(z)).max() < 10 * gap + 1e-14
    assert tsallis_negentropy([0.5, 0.5], 1 + 1e-12) == pytest.approx(-np.log(2), rel=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_huge_and_tiny_logits_are_safe(alpha):
    big = np.array([[1e308, -1e308, 0.0], [1e308, 1e308, -1e308], [-1e308, -1e308, -1e308]])
    expected = [[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(entmax(big, alpha), expected, atol=1e-15)
    np.testing.assert_allclose(entmax([1e-320, 0.0], alpha), 0.5, atol=1e-15)
    np.testing.assert_allclose(entmax([0.0, -np.inf, 0.0], alpha), [0.5, 0, 0.5], atol=1e-15)
    assert np.isfinite(tsallis_conjugate([0.0, -np.inf], alpha))
    np.testing.assert_array_equal(entmax([[7.0]], alpha), [[1.0]])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_row_does_not_depend_by_one_bit_on_the_rows_beside_it(alpha):
    z = draw(8, (57, 33), 3.0)
    together = entmax(z, alpha)
    for row in range(57):
        np.testing.assert_array_equal(entmax(z[row], alpha), together[row])
        np.testing.assert_array_equal(entmax(z[row:], alpha)[0], together[row])


@pytest.mark.parametrize("alpha", [1.01, 1.3, 1.5, 1.9, 2.0])
def test_many_equal_logits_share_alike(alpha):
    np.testing.assert_allclose(entmax(np.full(20_000, 3.0), alpha), 1 / 20_000, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.9, 2.1, np.nan, True, "sparse", None])
def test_alpha_outside_one_and_two_is_refused(alpha):
    with pytest.raises(ConfigError, match="`alpha` must lie between 1"):
        entmax([0.0, 1.0], alpha)


@pytest.mark.parametrize("logits", [[np.nan, 1.0], [np.inf, 0.0], [-np.inf, -np.inf], [], 3.0])
def test_logits_without_an_answer_are_refused(logits):
    with pytest.raises(DataError, match="`logits` must"):
        entmax(logits, 1.5)
