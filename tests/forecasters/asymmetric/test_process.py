import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric import (
    KINDS,
    ResidualProcess,
    make_process,
    ssm_matrices,
)

kinds = st.sampled_from(sorted(KINDS))
seeds = st.integers(0, 2**32 - 1)


@st.composite
def processes(draw):
    """A process of either kind wherever one exists."""
    kind = draw(kinds)
    d = draw(st.integers(3, 12))
    least = -(d - 2) / d if kind == "affine" else -0.95
    gamma = draw(st.floats(least, 0.95))
    return kind, make_process(kind, d, gamma, np.random.default_rng(draw(seeds)))


def features(a, b, c, count):
    """P_k = G_k + Σ K_{k-κ} P_κ of definition 4.1, term by term."""
    power = [np.linalg.matrix_power(a, k) for k in range(count)]
    found = []
    for k in range(count):
        p = c @ power[k]
        for earlier in range(k):
            p = p + (c @ power[k - earlier - 1] @ b) * found[earlier]
        found.append(p)
    return np.array(found)


@given(processes())
def test_coefficients_sum_to_one_and_end_in_gamma(drawn):
    kind, process = drawn
    assert process.coefficients.sum() == pytest.approx(1, abs=1e-12)
    assert process.gamma == process.coefficients[-1]
    if kind == "affine":
        assert np.linalg.norm(process.coefficients) == pytest.approx(1, abs=1e-7)
    else:
        assert np.ptp(process.coefficients[:-1]) == 0


@given(processes(), seeds)
def test_the_state_space_recurrence_gives_the_same_series(drawn, seed):
    _, process = drawn
    a, b, c = ssm_matrices(process.coefficients)
    rng = np.random.default_rng(seed)
    steps = process.draw(5, "all", 0.0, rng)
    for context, truth in zip(steps.context, steps.truth, strict=True):
        state, series = context.copy(), []
        for _ in range(process.dimension + 1):
            u = c @ state
            series.append(u)
            state = a @ state + b * u
        np.testing.assert_allclose(series, np.append(context, truth), rtol=0, atol=1e-12)


@given(processes())
def test_features_are_orthonormal_and_the_next_is_their_combination(drawn):
    _, process = drawn
    d = process.dimension
    p = features(*ssm_matrices(process.coefficients), d + 1)
    np.testing.assert_allclose(p[:d] @ p[:d].T, np.eye(d), atol=1e-9)
    np.testing.assert_allclose(p[d], process.coefficients, atol=1e-9)
    assert p[d - 1] @ p[d] == pytest.approx(process.gamma, abs=1e-9)


@given(processes(), seeds, st.sampled_from([0.0, 0.05]))
def test_regimes_hold_the_steps_that_they_name(drawn, seed, noise):
    _, process = drawn
    hidden = {}
    for regime in ("con", "inc"):
        steps = process.draw(50, regime, noise, np.random.default_rng(seed))
        assert steps.context.shape == (50, process.dimension)
        assert steps.target.shape == steps.truth.shape == (50,)
        hidden[regime] = steps.context[:, -1] * steps.truth
    if noise == 0:
        assert (hidden["con"] > 0).all()
        assert (hidden["inc"] < 0).all()


@pytest.mark.parametrize(("kind", "d", "gamma"), [("affine", 8, 0.6), ("sym", 4, 0.3)])
def test_flips_are_as_frequent_and_as_large_as_the_angle_says(kind, d, gamma):
    process = make_process(kind, d, gamma, np.random.default_rng(1))
    phi = math.acos(gamma / np.linalg.norm(process.coefficients))
    assert process.angle == pytest.approx(phi)
    n = 200_000
    steps = process.draw(n, "all", 0.0, np.random.default_rng(2))
    flips = steps.context[:, -1] * steps.truth < 0
    assert flips.mean() == pytest.approx(phi / math.pi, abs=4 * math.sqrt(0.25 / n))
    norm = process.coefficients @ process.coefficients
    expected = norm * (1 - math.sin(phi) * math.cos(phi) / phi)
    assert process.flip_variance == pytest.approx(expected)
    squares = steps.truth[flips] ** 2
    error = squares.std() / math.sqrt(len(squares))
    assert squares.mean() == pytest.approx(expected, abs=4 * error)
    drawn = process.draw(50_000, "inc", 0.0, np.random.default_rng(3)).truth ** 2
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / math.sqrt(50_000))


def test_flips_have_the_values_of_the_maths_page():
    process = ResidualProcess(np.array([0.8, 0.6]))  # unit variances, γ = 0.6
    assert process.flip_probability == pytest.approx(0.2952, abs=5e-5)
    assert process.flip_variance == pytest.approx(0.4824, abs=5e-5)


def test_noise_has_the_stated_standard_deviation_on_every_value():
    process = make_process("affine", 8, 0.6, np.random.default_rng(0))
    noisy = process.draw(100_000, "all", 0.5, np.random.default_rng(1))
    np.testing.assert_allclose(noisy.context.var(axis=0), 1.25, atol=0.03)
    assert (noisy.target - noisy.truth).std() == pytest.approx(0.5, abs=0.01)


def test_same_seed_same_windows():
    first, second = (
        make_process("affine", 8, 0.6, np.random.default_rng(7)).draw(
            300, "inc", 0.05, np.random.default_rng(8)
        )
        for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("affin", 8, 0.6), "There is no kind 'affin'"),
        (("sym", 1, 0.6), "`dimension` must be a whole number of 2 or more"),
        (("affine", 2, 0.0), "`dimension` must be a whole number of 3 or more"),
        (("sym", 4.0, 0.6), "`dimension` must be a whole number"),
        (("sym", 4, 1.0), "`gamma` must lie between -1 and 1"),
        (("sym", 4, float("nan")), "`gamma` must lie between -1 and 1"),
        (("affine", 4, -0.6), "`gamma` must be -0.5 or more"),
    ],
)
def test_a_process_that_does_not_exist_is_refused(arguments, words):
    with pytest.raises(ConfigError, match=words):
        make_process(*arguments, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((5, "conn", 0.0), "There is no regime 'conn'"),
        ((0, "all", 0.0), "`n` must be 1 or more"),
        ((5, "all", -1.0), "`noise` must be a standard deviation"),
        ((5, "all", float("inf")), "`noise` must be a standard deviation"),
        ((5, "inc", 0.0), "`gamma` of 0.9999 leaves"),
    ],
)
def test_a_draw_that_cannot_be_made_is_refused(arguments, words):
    process = make_process("sym", 4, 0.9999, np.random.default_rng(0))
    with pytest.raises(ConfigError, match=words):
        process.draw(*arguments, np.random.default_rng(0))
