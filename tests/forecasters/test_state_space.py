"""One sequence map as recurrence, as masked attention and in chunks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.state_space import (
    new_columns,
    segment_products,
    semiseparable_order,
    ssd,
    ssd_chunked,
    ssd_kernel,
    ssd_recurrent,
)

DECAYS = {
    "zero": [0.0],
    "negative": -np.linspace(0.1, 1.0, 19),
    "near one": [0.99999],
    "one": [1.0],
    "near minus one": [-0.99999],
    "mixed": [0.0, 0.99999, -0.9, 0.5, -1e-200, 1.0],
}


def draw(seed, steps, states, channels, *, is_scalar=False, kind="mixed"):
    rng = np.random.default_rng(seed)
    a = rng.choice(DECAYS[kind], (steps,) if is_scalar else (steps, states))
    b, c = rng.normal(size=(2, steps, states))
    return a, b, c, rng.normal(size=(steps, channels))


def assert_same(got, expected, tolerance=1e-12):
    assert np.abs(got - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("kind", DECAYS)
@pytest.mark.parametrize("is_scalar", [True, False], ids=["scalar", "diagonal"])
@pytest.mark.parametrize("steps", [1, 2, 63, 64, 65, 1000])
def test_three_realisations_agree(kind, is_scalar, steps):
    a, b, c, x = draw(steps, steps, 3, 2, is_scalar=is_scalar, kind=kind)
    expected = ssd_recurrent(a, b, c, x)
    assert_same(ssd_kernel(a, b, c) @ x, expected)
    assert_same(ssd_chunked(a, b, c, x), expected)


@pytest.mark.parametrize("kind", DECAYS)
def test_three_realisations_agree_at_4096_steps(kind):
    a, b, c, x = draw(7, 4096, 2, 1, kind=kind)
    expected = ssd_recurrent(a, b, c, x)
    assert_same(ssd_kernel(a, b, c) @ x, expected)
    for chunk in (64, 100, 512):
        assert_same(ssd_chunked(a, b, c, x, chunk=chunk), expected)


@given(
    st.integers(0, 10**6),
    st.integers(1, 60),
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(1, 70),
    st.booleans(),
    st.sampled_from(sorted(DECAYS)),
)
def test_realisations_agree_for_all_shapes(seed, steps, states, channels, chunk, is_scalar, kind):
    a, b, c, x = draw(seed, steps, states, channels, is_scalar=is_scalar, kind=kind)
    expected = ssd_recurrent(a, b, c, x)
    assert expected.shape == (steps, channels)
    scale = 1e-13 * (np.abs(ssd_kernel(np.abs(a), np.abs(b), np.abs(c))) @ np.abs(x)).max()
    np.testing.assert_allclose(ssd_kernel(a, b, c) @ x, expected, rtol=0, atol=scale)
    np.testing.assert_allclose(ssd_chunked(a, b, c, x, chunk=chunk), expected, atol=scale)


def test_the_recurrence_is_exact_arithmetic_of_its_definition():
    a, b, c, x = draw(3, 12, 3, 1, kind="negative")
    state, expected = [Fraction(0)] * 3, []
    for t in range(12):
        state = [
            Fraction(a[t, n]) * state[n] + Fraction(b[t, n]) * Fraction(x[t, 0]) for n in range(3)
        ]
        expected.append(float(sum(Fraction(c[t, n]) * state[n] for n in range(3))))
    assert_same(ssd_recurrent(a, b, c, x)[:, 0], np.array(expected), 1e-14)


def test_constant_decays_are_the_sum_of_filters_of_scipy():
    decay, weight = np.array([0.99, -0.7, 0.0]), np.array([1.0, 2.0, -0.5])
    x = np.random.default_rng(5).normal(size=(300, 2))
    expected = sum(lfilter([w], [1, -d], x, axis=0) for d, w in zip(decay, weight, strict=True))
    a, b, c = (np.tile(row, (300, 1)) for row in (decay, np.ones(3), weight))
    for got in (ssd_recurrent(a, b, c, x), ssd_kernel(a, b, c) @ x, ssd_chunked(a, b, c, x)):
        assert_same(got, expected, 1e-13)


def test_the_mask_holds_the_product_of_every_segment():
    a = np.array([9.0, 0.5, 0.0, -2.0, 3.0])
    mask = segment_products(a)
    for j in range(5):
        for i in range(5):
            assert mask[j, i] == (np.prod(a[i + 1 : j + 1]) if j >= i else 0.0)
    both = segment_products(np.stack([a, 2 * a], axis=1))
    np.testing.assert_array_equal(both[..., 0], mask)
    np.testing.assert_array_equal(both[..., 1], segment_products(2 * a))


def test_the_form_with_a_mask_of_ones_is_exact_but_breaks_down_in_long_sequences():
    """c'ⁿ = cⁿ Π a, b'ⁿ = bⁿ / Π a: the products underflow, so the package never forms them."""
    a = np.random.default_rng(1).uniform(0.3, 0.9, (4096, 2))
    _, b, c, x = draw(1, 4096, 2, 1)
    product = np.cumprod(a, axis=0)
    short = slice(0, 200)
    rescaled = np.tril((c * product)[short] @ (b[short] / product[short]).T) @ x[short]
    assert_same(rescaled, ssd_recurrent(a, b, c, x)[short])
    with np.errstate(all="ignore"):
        assert not np.isfinite((c * product)[-1] @ (b / product).T).all()
    assert np.isfinite(ssd_chunked(a, b, c, x)).all()


def test_the_future_changes_no_output():
    a, b, c, x = draw(11, 150, 4, 2)
    changed = x.copy()
    changed[100:] = 1e6
    for run in (ssd_recurrent, ssd_chunked):
        np.testing.assert_array_equal(run(a, b, c, x)[:100], run(a, b, c, changed)[:100])
    assert not np.triu(ssd_kernel(a, b, c), 1).any()


def test_the_order_of_a_diagonal_kernel_is_the_number_of_its_states():
    rng = np.random.default_rng(2)
    for states in (1, 2, 4):
        _, b, c, _ = draw(states, 40, states, 1)
        kernel = ssd_kernel(rng.uniform(-0.5, 1, (40, states)), b, c)
        assert semiseparable_order(kernel) == states
        assert np.linalg.matrix_rank(kernel) == 40


def test_a_matrix_of_order_two_may_have_no_narrow_attention():
    corner = np.eye(20)
    corner[-1, 0] = 1
    assert semiseparable_order(corner) == 2
    assert new_columns(corner) == 19
    a, b, c, _ = draw(4, 20, 2, 1, is_scalar=True, kind="near one")
    assert new_columns(ssd_kernel(a, b, c)) == 2


def test_softmax_attention_has_no_finite_state_even_for_logits_of_rank_one():
    q, k = np.random.default_rng(0).normal(size=(2, 40))
    weights = np.tril(np.exp(np.outer(q, k)))
    assert semiseparable_order(weights / weights.sum(axis=1, keepdims=True)) > 5


@pytest.mark.parametrize(("steps", "chunk"), [(1, 64), (64, 64), (65, 64), (4096, 128)])
def test_the_chunked_form_makes_one_python_step_for_each_chunk(steps, chunk, monkeypatch):
    calls = []
    inner = ssd._one_chunk

    def counted(*args):
        calls.append(args[0].shape[0])
        return inner(*args)

    monkeypatch.setattr(ssd, "_one_chunk", counted)
    ssd_chunked(*draw(0, steps, 2, 1), chunk=chunk)
    assert len(calls) == -(-steps // chunk)
    assert sum(calls) == steps


def test_wrong_shapes_say_which_argument_and_what_was_expected():
    a, b, c, x = draw(0, 10, 3, 2)
    cases = [
        ((a[:, :2], b, c, x), r"`a` must have shape \(10,\)"),
        ((a, b[0], c, x), r"`b` must have shape \(T, N\)"),
        ((a, b, c[:9], x), r"`c` must have shape \(10, 3\)"),
        ((a, b, c, x[:9]), r"`x` must have shape \(10, P\)"),
        ((a, b, c, x[:, 0]), r"`x` must have shape \(10, P\)"),
        ((np.full((10, 3), np.nan), b, c, x), "`a` must be finite"),
    ]
    for arguments, message in cases:
        for run in (ssd_recurrent, ssd_chunked):
            with pytest.raises(DataError, match=message):
                run(*arguments)
    for chunk in (0, 2.5, True):
        with pytest.raises(ConfigError, match="`chunk` must be a whole number"):
            ssd_chunked(a, b, c, x, chunk=chunk)
    with pytest.raises(DataError, match="`matrix` must have shape"):
        semiseparable_order(np.ones((2, 3)))
