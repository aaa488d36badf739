import os

import numpy as np
import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.asymmetric import make_process
from blportfolio.forecasters.attention import (
    AttentionSettings,
    Parameters,
    alignment,
    forward,
    initial_parameters,
    kernel_drift,
    largest_step,
    loss_and_gradient,
    tangent_kernel,
    train,
)
from blportfolio.forecasters.attention.parameters import trained_values, with_trained
from blportfolio.forecasters.attention_kernel import kernel_features

FULL = pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ, reason="minutes long; set BLPORTFOLIO_FULL to run it"
)


def draw(regime="all", *, gamma=0.6, n=300, seed=0, kind="affine", d=8):
    """Windows, targets, and 4,000 sign-inconsistent steps of the same process."""
    rng = np.random.default_rng(seed)
    process = make_process(kind, d, gamma, rng)
    return process.draw(n, regime, 0.05, rng), process.draw(4_000, "inc", 0.05, rng)


def trained(data, model, *, seed=0, **options):
    start = initial_parameters(data.context.shape[1], model, np.random.default_rng(seed))
    return train(data.context, data.target, start, model, **options)


def relative_error(data, training, model):
    """MSE over that of the forecast zero."""
    forecast = forward(data.context, training.parameters, model)
    return np.mean((forecast - data.target) ** 2) / np.mean(data.target**2)


@pytest.mark.parametrize("seed", range(3))
def test_the_first_step_aligns_every_neuron_on_sign_consistent_steps(seed):
    data, _ = draw("con", seed=seed)
    training = trained(data, AttentionSettings(width=128), steps=1, seed=seed)
    assert alignment(training.initial, training.parameters).update_sign == 1.0


def test_adam_is_that_of_its_authors():
    """Kingma and Ba (2015), algorithm 1, in plain loops on the same gradients."""
    data, _ = draw(n=50)
    model = AttentionSettings(width=4, positions=True, skip="trained")
    start = initial_parameters(8, model, np.random.default_rng(0))
    values = trained_values(start, model)
    m, v = np.zeros_like(values), np.zeros_like(values)
    for t in range(1, 8):
        now = with_trained(start, model, values)
        _, gradient = loss_and_gradient(data.context, data.target, now, model)
        for i, g in enumerate(gradient):
            m[i] = 0.9 * m[i] + (1 - 0.9) * g
            v[i] = 0.999 * v[i] + (1 - 0.999) * g**2
            values[i] -= 0.02 * (m[i] / (1 - 0.9**t)) / (np.sqrt(v[i] / (1 - 0.999**t)) + 1e-8)
    training = trained(data, model, steps=7, optimiser="adam", learning_rate=0.02)
    got = trained_values(training.parameters, model)
    np.testing.assert_allclose(got, values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_negative_gamma_turns_the_alignment_round(seed):
    """Measured: first step 0.000, cosine after 20 steps -0.74 to -0.81 [maths 8, item 3]."""
    data, test = draw("all", gamma=-0.6, n=600, seed=seed)
    model = AttentionSettings(width=128)
    training = trained(data, model, steps=20, keep=(1,), seed=seed)
    assert alignment(training.initial, training.kept[1]).update_sign == 0.0
    assert alignment(training.initial, training.parameters).update_cosine < -0.5
    forecast = forward(test.context, training.parameters, model)
    assert np.mean(np.sign(forecast) == np.sign(test.truth)) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_the_model_of_the_paper_fails_on_sign_inconsistent_steps(seed):
    """Measured at n 600, m 128, 300 steps: 3.5 to 3.9 times the error of zero [maths 8, item 4]."""
    data, test = draw("con", n=600, seed=seed)
    model = AttentionSettings(width=64)
    training = trained(data, model, steps=100, seed=seed)
    forecast = forward(test.context, training.parameters, model)
    assert relative_error(test, training, model) > 2
    assert relative_error(data, training, model) < 0.5
    assert np.mean(np.sign(forecast) == np.sign(test.truth)) < 0.1


def test_weights_align_in_the_mean_field_but_not_in_the_tangent_kernel_regime():
    """Measured: 0.84 to 0.87 at m = 128, and 0.50 to 0.52 at m = 512 [maths 4.2]."""
    data, _ = draw("all", n=120)
    lazy = trained(data, AttentionSettings(width=512), steps=100)
    assert 0.45 <= alignment(lazy.initial, lazy.parameters).weight_sign <= 0.6
    model = AttentionSettings(width=128, scaling="mean_field")
    rich = trained(data, model, steps=300)
    assert alignment(rich.initial, rich.parameters).weight_sign > 0.75
    wide = AttentionSettings(width=512)
    assert kernel_drift(data.context, lazy.initial, lazy.parameters, wide) < 0.1
    assert kernel_drift(data.context, rich.initial, rich.parameters, model) > 0.3


@pytest.mark.parametrize("kind", ["sym", "affine"])
def test_positional_bias_and_skip_close_the_gap(kind):
    """Measured after 1,500 steps: 0.01 to 0.03 times the error of zero [maths 4.4]."""
    d, gamma = (8, 0.6) if kind == "affine" else (4, 0.3)
    data, test = draw("con", kind=kind, d=d, gamma=gamma)
    model = AttentionSettings(width=32, positions=True, skip="fixed")
    training = trained(data, model, steps=300, optimiser="adam", learning_rate=0.05)
    assert relative_error(test, training, model) < 0.05


@pytest.mark.slow
@FULL
@pytest.mark.parametrize("regime", ["all", "con"])
def test_weights_align_as_measured_at_full_settings(regime):
    """Measured: 0.52 / 0.50 (m = 512, tangent kernel), 0.84 / 0.88 (mean field) [maths 4.2]."""
    for scaling, low, high in (("ntk", 0.45, 0.6), ("mean_field", 0.75, 1.0)):
        data, test = draw(regime, n=500)
        model = AttentionSettings(width=512, scaling=scaling)
        training = trained(data, model, steps=3_000, keep=(1,))
        assert alignment(training.initial, training.kept[1]).update_sign == 1.0
        assert low <= alignment(training.initial, training.parameters).weight_sign <= high
        assert relative_error(test, training, model) > (1.8 if regime == "all" else 3.5)


def flow(x, y, test, steps):
    """Closed form of gradient descent with the infinite-width kernel, λ_max-limited steps."""
    features = kernel_features(x, 256)
    values, vectors = np.linalg.eigh(features.T @ features / len(x))
    values = np.maximum(values, 0)
    shrunk = 1 - np.clip(values / values[-1], 0, 1)
    share = (1 - shrunk**steps) / np.where(values > 0, values, 1)
    share = np.where(values > 1e-14 * values[-1], share, steps / values[-1])
    weights = vectors @ (share * (vectors.T @ (features.T @ y / len(x))))
    return kernel_features(test, 256) @ weights


def gap_to_the_kernel(width, seed=0, steps=200):
    data, _ = draw("all", n=300, seed=seed)
    test, _ = draw("all", n=500, seed=seed + 100)
    model = AttentionSettings(width=width)
    training = trained(data, model, steps=steps, seed=seed)
    expected = flow(data.context, data.target, test.context, steps)
    forecast = forward(test.context, training.parameters, model)
    return np.linalg.norm(forecast - expected) / np.linalg.norm(expected)


def test_a_wide_network_trains_as_its_infinite_width_kernel_says():
    """Measured over 200 steps: 1.2 %, 0.7 %, 0.6 % at m = 64, 512, 4,096 [maths 4.3]."""
    assert gap_to_the_kernel(512, steps=100) < 0.012


@pytest.mark.slow
@FULL
def test_the_gap_to_the_kernel_closes_as_the_network_widens():
    gaps = [np.mean([gap_to_the_kernel(m, seed) for seed in range(3)]) for m in (64, 512, 4_096)]
    assert gaps[2] < gaps[0]
    assert gaps[2] < 0.015


def test_the_largest_step_is_that_of_the_largest_eigenvalue():
    data, _ = draw(n=80)
    for options in ({}, {"positions": True, "train_output": True, "skip": "trained"}):
        model = AttentionSettings(width=32, **options)
        start = initial_parameters(8, model, np.random.default_rng(1))
        largest = np.linalg.eigvalsh(tangent_kernel(data.context, start, model))[-1] / 80
        assert largest_step(data.context, start, model) == pytest.approx(1 / largest, rel=1e-5)
        doubled = largest_step(data.context, start, model, np.full(80, 2.0))
        assert doubled == pytest.approx(0.25 / largest, rel=1e-5)


def test_gradient_descent_never_raises_the_loss_even_when_the_step_is_far_too_large():
    data, _ = draw(n=100)
    model = AttentionSettings(width=16)
    start = initial_parameters(8, model, np.random.default_rng(0))
    rate = 300 * largest_step(data.context, start, model)
    training = train(data.context, data.target, start, model, steps=60, learning_rate=rate)
    assert training.learning_rate < rate
    assert (np.diff(training.losses) <= 1e-9 * training.losses[0]).all()
    assert training.losses[-1] < training.losses[0]


def test_early_stopping_gives_back_the_best_parameters():
    rng = np.random.default_rng(0)
    x, later = rng.normal(size=(40, 8)), rng.normal(size=(60, 8))
    y, wanted = rng.normal(size=40), rng.normal(size=60)
    model = AttentionSettings(width=32, positions=True, train_output=True)
    training = trained(
        type("Data", (), {"context": x, "target": y}),
        model,
        steps=300,
        optimiser="adam",
        learning_rate=0.05,
        held_out=(later, wanted, None),
        patience=10,
        keep=range(301),
    )
    stopped = len(training.held_out_losses) - 1
    assert stopped == training.best_step + 10 < 300
    assert training.best_step == np.argmin(training.held_out_losses)
    assert training.parameters is training.kept[training.best_step]
    best = np.mean((forward(later, training.parameters, model) - wanted) ** 2)
    assert best == training.held_out_losses.min()


def test_training_is_deterministic_and_reports_its_progress():
    data, _ = draw(n=100)
    model = AttentionSettings(width=16)
    told = []
    options = {"steps": 12, "optimiser": "adam", "batch_size": 32, "seed": 5}
    first = trained(data, model, progress=lambda *step: told.append(step), **options)
    again = trained(data, model, **options)
    np.testing.assert_array_equal(first.parameters.weights, again.parameters.weights)
    assert [step[:2] for step in told] == [(k, 12) for k in range(1, 13)]
    assert [step[2] for step in told] == first.losses[1:].tolist()
    other = trained(data, model, **(options | {"seed": 6}))
    assert (other.parameters.weights != first.parameters.weights).any()


def test_nothing_to_learn_stops_at_once():
    model = AttentionSettings(width=16)
    for x in (np.zeros((10, 4)), np.ones((10, 4)), np.random.default_rng(0).normal(size=(10, 4))):
        data = type("Data", (), {"context": x, "target": np.zeros(10)})
        training = trained(data, model, steps=50)
        assert len(training.losses) == 1
        assert training.losses[0] == 0.0


def test_nothing_that_moved_has_no_alignment():
    start = Parameters(np.array([1.0, -2.0]), np.array([1.0, 1.0]))
    found = alignment(start, start)
    assert (found.update_cosine, found.update_sign, found.weight_sign) == (0.0, 0.0, 0.5)
    flat = np.ones((3, 4))
    assert kernel_drift(flat, start, start, AttentionSettings(width=2)) == 0.0


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"optimiser": "sgd"}, ConfigError, "`optimiser` has no choice 'sgd'"),
        ({"learning_rate": -1.0}, ConfigError, "`learning_rate` must be a number above 0"),
        ({"y": np.zeros(3)}, DataError, r"`x` and `y` must have shapes"),
    ],
)
def test_a_wrong_argument_is_named(options, error, said):
    model = AttentionSettings(width=2)
    start = initial_parameters(3, model, np.random.default_rng(0))
    given = {"x": np.ones((4, 3)), "y": np.ones(4), "steps": 1} | options
    with pytest.raises(error, match=said):
        train(given.pop("x"), given.pop("y"), start, model, **given)
