"""Forecast, loss and hand-written gradient of the two-layer attention model, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from blportfolio.forecasters.attention.parameters import (
    AttentionSettings,
    Parameters,
    join_trained,
)
from blportfolio.forecasters.entmax import sparsemax
from blportfolio.types import FloatArray

CHUNK = 2**16  # attention weights held at a time: half a megabyte, which a cache can hold
LARGEST = np.finfo(float).max


class Attention(NamedTuple):
    """What all neurons see in n windows; slopes are empty where they were not asked for.

    Attributes:
        mean: (n, width) ⟨p_r, x⟩.
        last: (n, width) attention on the last step.
        variance: (n, width) V_r ≥ 0: d⟨p_r, x⟩/dw_r = x_d V_r.
        slope: (n, context_length, width) d⟨p_r, x⟩/db_r, where there are biases.
    """

    mean: FloatArray
    last: FloatArray
    variance: FloatArray
    slope: FloatArray


def forward(x: FloatArray, parameters: Parameters, settings: AttentionSettings) -> FloatArray:
    """Return (n_windows,) forecasts f(x) for (n_windows, context_length) windows.

    Each row is computed by itself: it has the same bits whatever rows stand beside it.
    """
    forecasts = np.empty(len(x))
    for rows in chunks(x, parameters):
        seen = attend(x[rows], parameters, settings)
        forecasts[rows] = _combine(x[rows], seen.mean, parameters, settings)
    return forecasts


def loss_and_gradient(
    x: FloatArray,
    y: FloatArray,
    parameters: Parameters,
    settings: AttentionSettings,
    gain: FloatArray | None = None,
) -> tuple[float, FloatArray]:
    """Return the mean squared error and the gradient of half of it.

    With e_i = k_i f(x_i) - y_i, the gradient of Σ e_i² / 2n by neuron r is (Lemma E.5, and
    likewise for what the paper does not train)

        dw_r = c a_r Σ_i e_i k_i x_{i,d} V_{i,r} / n,      da_r = c Σ_i e_i k_i ⟨p_{i,r}, x_i⟩ / n,
        db_r = c a_r Σ_i e_i k_i d⟨p_{i,r}, x_i⟩/db_r / n,   ds = Σ_i e_i k_i x_{i,d} / n.

    Args:
        x: (n_windows, context_length) windows.
        y: (n_windows,) targets.
        parameters: Where to take them.
        settings: The model.
        gain: (n_windows,) k_i, what multiplies each forecast; by default 1.

    Returns:
        The loss, and the gradient in the order of `trained_values`.
    """
    factor, skip = settings.factor, 0.0
    weights, output = np.zeros(settings.width), np.zeros(settings.width)
    bias = None if parameters.bias is None else np.zeros_like(parameters.bias)
    total = 0.0
    for rows in chunks(x, parameters):
        part = x[rows]
        seen = attend(part, parameters, settings, slopes=True)
        forecast = _combine(part, seen.mean, parameters, settings)
        if gain is None:
            error = upstream = forecast - y[rows]
        else:
            error = gain[rows] * forecast - y[rows]
            upstream = gain[rows] * error
        total += float(error @ error)
        weights += (upstream * part[:, -1]) @ seen.variance
        skip += float(upstream @ part[:, -1])
        if settings.train_output:
            output += upstream @ seen.mean
        if bias is not None:
            bias += (upstream @ seen.slope.reshape(len(part), -1)).reshape(-1, settings.width).T
    weights *= factor * parameters.output
    output *= factor
    if bias is not None:
        bias *= factor * parameters.output[:, None]
    gradient = join_trained(weights, output, bias, skip, settings)
    return total / len(x), gradient / len(x)


def jacobian(x: FloatArray, parameters: Parameters, settings: AttentionSettings) -> FloatArray:
    """Return (n_windows, n_trained) derivatives of every forecast by what is trained."""
    blocks = []
    for rows in chunks(x, parameters):
        part = x[rows]
        seen = attend(part, parameters, settings, slopes=True)
        scaled = settings.factor * parameters.output
        columns = [scaled * part[:, -1:] * seen.variance]
        if settings.train_output:
            columns.append(settings.factor * seen.mean)
        if parameters.bias is not None:
            by_neuron = np.swapaxes(scaled * seen.slope, 1, 2)
            columns.append(by_neuron.reshape(len(part), -1))
        if settings.skip == "trained":
            columns.append(part[:, -1:])
        blocks.append(np.hstack(columns))
    return np.vstack(blocks)


def attend(
    x: FloatArray, parameters: Parameters, settings: AttentionSettings, *, slopes: bool = False
) -> Attention:
    """Return what every neuron sees in every window, all of them at once.

    For both activations dp/dz = κ (diag(q) - q qᵀ / Σq): the softmax has q = p, κ = 1, taken here
    before it is normalised, so that κ = 1/Σq; the sparsemax has q = 1 where p > 0, κ = 1. With
    x̄ = ⟨q, x⟩/Σq the slope is κ q (x - x̄), and V = κ (⟨q, x²⟩ - ⟨q, x⟩ x̄). Values are counted
    from the last one, so that a flat window has variance 0 to the bit.
    """
    is_softmax, empty = settings.activation == "softmax", np.empty(0)
    last = x[:, -1:]
    with np.errstate(over="ignore", under="ignore"):
        p, centred = _weights(x, parameters, settings)
        sums = _sums(p, centred, 3 if slopes else 2)
        mean, mass = sums[1] / sums[0] + last, p[:, -1, :] / sums[0]
        if not slopes:
            return Attention(mean, mass, empty, empty)
        q = p if is_softmax else (p > 0).astype(float)
        q0, q1, q2 = sums if is_softmax else _sums(q, centred, 3)
        kappa = 1 / q0 if is_softmax else np.ones_like(q0)
        middle = q1 / q0
        variance = kappa * np.maximum(q2 - q1 * middle, 0.0)
        if parameters.bias is None:
            return Attention(mean, mass, variance, empty)
        slope = centred[:, :, None] - middle[:, None, :]
        slope *= q
        slope *= kappa[:, None, :]
        return Attention(mean, mass, variance, slope)


def attention_weights(
    x: FloatArray, parameters: Parameters, settings: AttentionSettings
) -> FloatArray:
    """Return the (n, context_length, width) attention p_r of every neuron on every step.

    Non-negative, and one in sum over the steps: ⟨p_r, x⟩ is what neuron r sees.
    """
    with np.errstate(over="ignore", under="ignore"):
        p, _ = _weights(x, parameters, settings)
        normalised: FloatArray = p / p.sum(axis=1, keepdims=True)
    return normalised


def chunks(x: FloatArray, parameters: Parameters) -> Iterator[slice]:
    """Return the rows of one chunk of windows after another."""
    step = max(1, CHUNK // (len(parameters.weights) * x.shape[1]))
    return (slice(start, start + step) for start in range(0, len(x), step))


def _weights(
    x: FloatArray, parameters: Parameters, settings: AttentionSettings
) -> tuple[FloatArray, FloatArray]:
    """Return (n, context_length, width) attention before it is normalised, and x less its last."""
    last = x[:, -1:]
    # Beyond about 1e154 the product of two values leaves the floating-point range; attention is
    # one-hot long before, so that the largest number serves as well.
    centred = x - last
    sharpness = np.clip(last * parameters.weights, -LARGEST, LARGEST)
    top = np.where(sharpness >= 0, centred.max(axis=1)[:, None], centred.min(axis=1)[:, None])
    # Steps by neurons: sums over a window then run along whole rows of neurons.
    logits = centred[:, :, None] - top[:, None, :]
    logits *= sharpness[:, None, :]
    if parameters.bias is not None:
        logits += parameters.bias.T
        logits -= logits.max(axis=1, keepdims=True)
    if settings.activation == "softmax":
        return np.exp(logits, out=logits), centred
    return np.swapaxes(sparsemax(np.swapaxes(logits, 1, 2)), 1, 2), centred


def _combine(
    x: FloatArray, mean: FloatArray, parameters: Parameters, settings: AttentionSettings
) -> FloatArray:
    network: FloatArray = settings.factor * (mean * parameters.output).sum(axis=1)
    return network + parameters.skip * x[:, -1] if settings.skip != "none" else network


def _sums(weights: FloatArray, values: FloatArray, n_powers: int) -> FloatArray:
    """Return (n_powers, n, width) sums over the window of weights times powers of its values."""
    powers = np.stack([values**power for power in range(n_powers)], axis=1)
    sums: FloatArray = np.moveaxis(np.matmul(powers, weights), 1, 0)
    return sums
