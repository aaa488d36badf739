from dataclasses import replace

import numpy as np
import pytest

from blportfolio.forecasters import AttentionForecaster, hankel_windows
from blportfolio.forecasters.attention import (
    AttentionSettings,
    attention_weights,
    forward,
    initial_parameters,
    step_weights,
)

VARIANTS = {
    "published": {},
    "sparsemax": {"activation": "sparsemax"},
    "positions and skip": {"positions": True, "skip": "trained"},
    "mean field": {"scaling": "mean_field", "balanced": False},
}


def network(settings, context_length=6, seed=0):
    rng = np.random.default_rng(seed)
    made = initial_parameters(context_length, settings, rng, skip=0.3)
    if made.bias is None:
        return made
    return replace(made, bias=rng.standard_normal(made.bias.shape))


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_attention_of_every_neuron_is_a_distribution_over_the_steps(changes):
    settings = AttentionSettings(width=8, **changes)
    x = np.random.default_rng(1).standard_normal((30, 6))
    weights = attention_weights(x, network(settings), settings)
    assert weights.shape == (30, 6, 8)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)


def test_attention_is_the_softmax_of_the_last_value_times_the_weight_times_each_value():
    settings = AttentionSettings(width=4)
    parameters = network(settings)
    x = np.array([[0.5, -1.0, 2.0, 0.1, 0.0, -0.7]])
    weights = attention_weights(x, parameters, settings)
    for neuron, w in enumerate(parameters.weights):
        exponentials = np.exp(x[0] * x[0, -1] * w)
        np.testing.assert_allclose(weights[0, :, neuron], exponentials / exponentials.sum())


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_forecast_is_the_values_of_the_window_times_their_weights(changes):
    settings = AttentionSettings(width=8, **changes)
    parameters = network(settings)
    x = np.random.default_rng(2).standard_normal((40, 6))
    products = (step_weights(x, parameters, settings) * x).sum(axis=1)
    np.testing.assert_allclose(products, forward(x, parameters, settings), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("normalise", ["window", "train", "none"])
def test_a_fitted_forecaster_says_what_each_value_counts_in_its_forecasts(normalise):
    series = np.random.default_rng(3).standard_normal((120, 2))
    windows = hankel_windows(series, 5, 2)
    fitted = AttentionForecaster(width=4, steps=5, normalise=normalise).fit(windows)
    ahead = fitted.predict(windows.context)
    for step in range(2):
        weights = fitted.step_weights(windows.context, step=step)
        np.testing.assert_allclose((weights * windows.context).sum(axis=1), ahead[:, step])
        attention = fitted.attention(windows.context, step=step)
        assert attention.shape == (len(windows), 5, 4)
        np.testing.assert_allclose(attention.sum(axis=1), 1.0, rtol=1e-12)
