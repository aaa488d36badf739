import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from blportfolio.errors import ConfigError
from blportfolio.forecasters.attention import (
    AttentionSettings,
    Parameters,
    forward,
    initial_parameters,
    jacobian,
    last_step_attention,
    loss_and_gradient,
)
from blportfolio.forecasters.attention.parameters import trained_values, with_trained
from blportfolio.forecasters.entmax import entmax

OPTIONS = [
    {
        "activation": activation,
        "positions": positions,
        "train_output": train_output,
        "skip": skip,
        "scaling": scaling,
    }
    for activation, positions, train_output, skip, scaling in itertools.product(
        ("softmax", "sparsemax"),
        (False, True),
        (False, True),
        ("none", "fixed", "trained"),
        ("ntk", "mean_field"),
    )
]


def some_network(options, d=5, width=8, seed=1):
    """A network with nothing at its start, and the settings that it has."""
    model = AttentionSettings(width=width, **options)
    rng = np.random.default_rng(seed)
    start = initial_parameters(d, model, rng, skip=0.3)
    values = trained_values(start, model)
    return with_trained(start, model, values + 0.3 * rng.standard_normal(len(values))), model


def by_hand(window, network, model):
    """The formula of the model for one window, a neuron at a time."""
    total = 0.0
    for r in range(model.width):
        logits = window[-1] * network.weights[r] * window
        if network.bias is not None:
            logits = logits + network.bias[r]
        p = softmax(logits) if model.activation == "softmax" else entmax(logits, 2.0)
        total += network.output[r] * (p @ window)
    scale = model.width if model.scaling == "mean_field" else np.sqrt(model.width)
    skip = {"none": 0.0, "fixed": 1.0, "trained": network.skip}[model.skip]
    return total / scale + skip * window[-1]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_forward_is_the_formula_and_its_gradient_that_of_central_differences(options):
    network, model = some_network(options)
    rng = np.random.default_rng(2)
    x, y, gain = rng.normal(size=(30, 5)), rng.normal(size=30), rng.uniform(0.5, 2, size=30)
    forecast = forward(x, network, model)
    expected = [by_hand(row, network, model) for row in x]
    np.testing.assert_allclose(forecast, expected, rtol=1e-13, atol=1e-15)

    def half_loss(values):
        changed = with_trained(network, model, values)
        return np.mean((gain * forward(x, changed, model) - y) ** 2) / 2

    values = trained_values(network, model)
    steps = 1e-5 * np.eye(len(values))
    expected = [(half_loss(values + e) - half_loss(values - e)) / 2e-5 for e in steps]
    loss, gradient = loss_and_gradient(x, y, network, model, gain)
    assert loss == pytest.approx(2 * half_loss(values), rel=1e-14)
    np.testing.assert_allclose(gradient, expected, atol=1e-8 * np.abs(gradient).max())
    slopes = jacobian(x, network, model)
    residual = gain * (gain * forecast - y)
    np.testing.assert_allclose(gradient, slopes.T @ residual / 30, atol=1e-14)


def test_trained_values_and_with_trained_are_inverse():
    for options in OPTIONS:
        network, model = some_network(options)
        values = trained_values(network, model)
        again = with_trained(network, model, values * 2)
        np.testing.assert_array_equal(trained_values(again, model), values * 2)


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("activation", ["softmax", "sparsemax"])
def test_a_forecast_has_the_same_bits_whatever_rows_stand_beside_it(activation, positions):
    network, model = some_network({"activation": activation, "positions": positions}, 20, 64)
    x = np.random.default_rng(3).normal(size=(500, 20))
    together = forward(x, network, model)
    for n in (1, 2, 3, 101, 499):
        np.testing.assert_array_equal(forward(x[:n], network, model), together[:n])
        np.testing.assert_array_equal(forward(x[-n:], network, model), together[-n:])


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_pairs_of_neurons_start_at_exactly_zero(d, seed):
    rng = np.random.default_rng(seed)
    model = AttentionSettings(width=16, positions=bool(seed % 2))
    x = rng.normal(size=(9, d)) * 10.0 ** rng.integers(-6, 7, size=(9, 1))
    np.testing.assert_array_equal(forward(x, initial_parameters(d, model, rng), model), 0.0)


@pytest.mark.parametrize("size", [1e-200, 1e-12, 1e12, 1e100, 1e250])
@pytest.mark.parametrize("activation", ["softmax", "sparsemax"])
def test_attention_of_any_size_of_values_stays_inside_the_window(size, activation):
    network, _ = some_network({"activation": activation, "positions": True})
    x = size * np.random.default_rng(4).normal(size=(50, 5))
    one = Parameters(network.weights[:2], np.array([np.sqrt(2.0), 0.0]), network.bias[:2])
    single = AttentionSettings(width=2, activation=activation, positions=True)
    mean = forward(x, one, single)
    room = 1e-12 * np.abs(x).max()
    assert (mean <= x.max(axis=1) + room).all()
    assert (mean >= x.min(axis=1) - room).all()


def test_attention_on_the_last_step_is_told_by_sign_of_output():
    """Reading note 6: at d = 8, E S_d is 0.233 for w = +1 and 0.068 for w = -1 [maths 1.7]."""
    model = AttentionSettings(width=2)
    x = np.random.default_rng(5).normal(size=(200_000, 8))
    plus, minus = last_step_attention(
        x, Parameters(np.array([1.0, -1]), np.array([1.0, -1])), model
    )
    assert (plus, minus) == (pytest.approx(0.233, abs=2e-3), pytest.approx(0.068, abs=2e-3))
    np.testing.assert_allclose(plus, softmax(x[:, -1:] * x, axis=1)[:, -1].mean(), rtol=1e-12)


def test_attention_on_the_last_step_is_nan_for_a_sign_that_no_neuron_has():
    model = AttentionSettings(width=2, balanced=False)
    plus, minus = last_step_attention(np.ones((3, 4)), Parameters(np.ones(2), np.ones(2)), model)
    assert plus == 0.25
    assert np.isnan(minus)


# Result A: where a_r w_r > 0 and the a_r sum to zero, the forecast has the sign of the last value.


def aligned_network(rng, width):
    output = np.tile([1.0, -1.0], width // 2)
    return Parameters(output * np.abs(rng.standard_normal(width)), output)


@pytest.mark.parametrize("activation", ["softmax", "sparsemax"])
def test_an_aligned_network_follows_the_sign_of_the_last_value_in_10000_windows(activation):
    rng = np.random.default_rng(6)
    x = rng.normal(size=(10_000, 8))
    model = AttentionSettings(width=64, activation=activation)
    forecast = forward(x, aligned_network(rng, 64), model)
    violations = np.count_nonzero(forecast * x[:, -1] < 0)
    assert violations == 0
    assert np.count_nonzero(forecast) > 9_900
    y = -np.sign(x[:, -1]) * np.abs(rng.normal(size=len(x)))  # sign-inconsistent steps
    assert np.mean((forecast - y) ** 2) >= np.mean(y**2)


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    st.floats(1, 2),
    st.lists(st.floats(0.0, 5), min_size=2, max_size=2),
)
@settings(max_examples=300)
def test_every_regularised_argmax_is_monotone_in_the_last_value_times_weight(window, alpha, sizes):
    """x_d (g_w(x) - g_w'(x)) (w - w') ≥ 0 for every α-entmax, the lemma behind result A."""
    x = np.array(window)
    plus, minus = sizes[0], -sizes[1]
    gap = (entmax(x[-1] * plus * x, alpha) - entmax(x[-1] * minus * x, alpha)) @ x
    assert x[-1] * gap >= -1e-9 * max(np.abs(x).max() ** 2, 1e-300)


@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_the_first_update_of_every_neuron_has_the_sign_of_its_output_on_consistent_steps(
    d, pairs, n, seed
):
    """Result B: whatever n, m, d; a neuron may only stay where every window is flat to it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = np.sign(x[:, -1]) * np.abs(rng.normal(size=n))
    model = AttentionSettings(width=2 * pairs)
    start = initial_parameters(d, model, rng)
    _, gradient = loss_and_gradient(x, y, start, model)
    assert (start.output * -gradient >= 0).all()
    if d > 1:
        assert (start.output * -gradient > 0).all()


def test_a_flat_window_says_nothing_to_attention():
    """Result C: its variance is 0 to the bit, so that no weight learns from it."""
    network, model = some_network({})
    flat = np.tile(np.array([[0.1], [-3.7], [1e12], [0.0]]), (1, 5))
    np.testing.assert_array_equal(jacobian(flat, network, model), 0.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 3}, "even number"),
        ({"width": 0, "balanced": False}, "a whole number from 1 to"),
        ({"width": True}, "a whole number from 1 to"),
        ({"positions": "no"}, "`positions` must be true or false"),
        ({"scaling": "nkt"}, "Did you mean 'ntk'"),
        ({"skip": "yes"}, "`skip` has no choice 'yes'"),
        ({"activation": "softmx"}, "Did you mean 'softmax'"),
    ],
)
def test_a_wrong_setting_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        AttentionSettings(**options)
