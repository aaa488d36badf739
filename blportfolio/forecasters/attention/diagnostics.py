"""What a trained attention network has become: alignment, drift of its kernel, where it looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.forecasters.attention.layer import attend, attention_weights, chunks, jacobian
from blportfolio.forecasters.attention.parameters import AttentionSettings, Parameters
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class Alignment:
    """How far weights follow the sign of their output weight, the claim of theorem 5.2.

    Attributes:
        update_cosine: Cosine of w(T) - w(0) and a; 0 where nothing moved.
        update_sign: Share of neurons whose w(T) - w(0) has the sign of a.
        weight_sign: Share of neurons whose w(T) has the sign of a; about 0.5 at the start.
    """

    update_cosine: float
    update_sign: float
    weight_sign: float


def alignment(initial: Parameters, parameters: Parameters) -> Alignment:
    """Return how far the updates and the weights are aligned with the output weights."""
    output = initial.output
    update = parameters.weights - initial.weights
    length = float(np.linalg.norm(update) * np.linalg.norm(output))
    return Alignment(
        float(update @ output) / length if length else 0.0,
        float(np.mean(np.sign(update) == np.sign(output))),
        float(np.mean(np.sign(parameters.weights) == np.sign(output))),
    )


def tangent_kernel(
    x: FloatArray, parameters: Parameters, settings: AttentionSettings
) -> FloatArray:
    """Return the (n_windows, n_windows) tangent kernel H = J Jᵀ of all that is trained."""
    slopes = jacobian(x, parameters, settings)
    return slopes @ slopes.T


def kernel_drift(
    x: FloatArray, initial: Parameters, parameters: Parameters, settings: AttentionSettings
) -> float:
    """Return ‖H(T) - H(0)‖ / ‖H(0)‖ in the Frobenius norm; 0 where H(0) is zero."""
    before = tangent_kernel(x, initial, settings)
    after = tangent_kernel(x, parameters, settings)
    size = float(np.linalg.norm(before))
    return float(np.linalg.norm(after - before)) / size if size else 0.0


def last_step_attention(
    x: FloatArray, parameters: Parameters, settings: AttentionSettings
) -> tuple[float, float]:
    """Return the mean attention on the last step of neurons with a > 0, and of those with a < 0.

    NaN where there are none of a sign.
    """
    mass = np.zeros(settings.width)
    for rows in chunks(x, parameters):
        mass += attend(x[rows], parameters, settings).last.sum(axis=0)
    mass /= len(x)
    sides = [mass[parameters.output > 0], mass[parameters.output < 0]]
    plus, minus = (float(side.mean()) if len(side) else float("nan") for side in sides)
    return plus, minus


def step_weights(x: FloatArray, parameters: Parameters, settings: AttentionSettings) -> FloatArray:
    """Return the (n, context_length) weight that each value of a window has in its forecast.

    f(x) = Σ_k v_k(x) x_k with v_k = c Σ_r a_r p_{r,k}, and the skip coefficient added at the last
    step. Unlike those of a linear model the weights change from window to window.
    """
    weights: FloatArray = settings.factor * (
        attention_weights(x, parameters, settings) @ parameters.output
    )
    if settings.skip != "none":
        weights[:, -1] += parameters.skip
    return weights
