"""The settings of the two-layer attention model and the parameters that it trains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_flag, check_whole
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, shown

ACTIVATIONS = ("softmax", "sparsemax")
SCALINGS = ("ntk", "mean_field")
SKIPS = ("none", "fixed", "trained")


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """Which two-layer attention model; the defaults are the paper's.

    Attributes:
        width: Neurons m; even, where they are paired.
        scaling: "ntk" divides the sum over neurons by √m, "mean_field" by m.
        train_output: Whether the output weights a_r are trained, too.
        skip: "none", "fixed" (+ x_d) or "trained" (+ s x_d).
        positions: Whether every neuron has a bias for each position inside the softmax.
        activation: "softmax" or "sparsemax".
        balanced: Whether neurons come in pairs (w, +1), (w, -1), so that the network starts at
            exactly zero (assumption D.7); else the signs are drawn.

    Raises:
        ConfigError: If a setting is out of range.
    """

    width: int = 256
    scaling: str = "ntk"
    train_output: bool = False
    skip: str = "none"
    positions: bool = False
    activation: str = "softmax"
    balanced: bool = True

    def __post_init__(self) -> None:
        """Check the choices."""
        check_choice(self.scaling, SCALINGS, name="scaling")
        check_choice(self.skip, SKIPS, name="skip")
        check_choice(self.activation, ACTIVATIONS, name="activation")
        for name in ("train_output", "positions", "balanced"):
            check_flag(getattr(self, name), name=name)
        check_whole(self.width, 1, most=100_000, name="width")
        if self.balanced and self.width % 2:
            raise ConfigError(f"`width` must be an even number, got {shown(self.width)}.")

    @property
    def factor(self) -> float:
        """What multiplies the sum over neurons."""
        return 1 / self.width if self.scaling == "mean_field" else float(self.width) ** -0.5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Parameters(Brief):
    """Everything that a network knows.

    Attributes:
        weights: (width,) query-key weights w_r.
        output: (width,) output weights a_r.
        bias: (width, context_length) positional biases b_r; None where there are none.
        skip: Coefficient of the last value.
    """

    weights: FloatArray
    output: FloatArray
    bias: FloatArray | None = None
    skip: float = 0.0


def initial_parameters(
    context_length: int,
    settings: AttentionSettings,
    rng: np.random.Generator,
    *,
    skip: float = 0.0,
) -> Parameters:
    """Draw w_r ~ N(0, 1) and a_r = ±1; biases start at zero.

    Args:
        context_length: Steps d of a window.
        settings: The model.
        rng: Where the draws come from.
        skip: Where a trained skip coefficient starts; a fixed one is 1.
    """
    width = settings.width
    if settings.balanced:
        weights = np.repeat(rng.standard_normal(width // 2), 2)
        output = np.tile([1.0, -1.0], width // 2)
    else:
        weights = rng.standard_normal(width)
        output = rng.choice([1.0, -1.0], size=width)
    bias = np.zeros((width, context_length)) if settings.positions else None
    coefficient = {"none": 0.0, "fixed": 1.0, "trained": float(skip)}[settings.skip]
    return Parameters(weights, output, bias, coefficient)


def trained_values(parameters: Parameters, settings: AttentionSettings) -> FloatArray:
    """Return all that is trained as one vector: w, then a, b and s where they are trained."""
    return join_trained(
        parameters.weights, parameters.output, parameters.bias, parameters.skip, settings
    )


def join_trained(
    weights: FloatArray,
    output: FloatArray,
    bias: FloatArray | None,
    skip: float,
    settings: AttentionSettings,
) -> FloatArray:
    """Return parts, or their gradients, as one vector in the order of `trained_values`."""
    parts = [weights]
    if settings.train_output:
        parts.append(output)
    if bias is not None:
        parts.append(bias.ravel())
    if settings.skip == "trained":
        parts.append(np.array([skip]))
    return np.concatenate(parts)


def with_trained(
    parameters: Parameters, settings: AttentionSettings, values: FloatArray
) -> Parameters:
    """Return the parameters with what is trained replaced, the inverse of `trained_values`."""
    at = settings.width
    changed = replace(parameters, weights=values[:at])
    if settings.train_output:
        changed = replace(changed, output=values[at : 2 * at])
        at *= 2
    if parameters.bias is not None:
        size = parameters.bias.size
        bias = values[at : at + size].reshape(parameters.bias.shape)
        changed = replace(changed, bias=bias)
    if settings.skip == "trained":
        changed = replace(changed, skip=float(values[-1]))
    return changed
