"""One layer of multi-head attention with positions and patches, as plain arrays.

The forward pass is written once for both NumPy and PyTorch: PyTorch differentiates it in training,
and what is learned forecasts in NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.brief import Brief
from blportfolio.forecasters.checks import check_flag, check_whole
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice

READOUTS = ("last", "all")
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings that fix the shapes of a network.

    Attributes:
        heads: Attention heads, each with a query, key and value map of its own.
        dimension: Width of a token, a multiple of `heads`.
        patch: Values of the window that make a token; it takes a step of as many.
        positions: Whether tokens have a learned position added.
        readout: `last`: the last token alone asks, as in the scalar model; `all`: every token
            asks, and the output sees all the answers.

    Raises:
        ConfigError: If one is out of range.
    """

    heads: int = 4
    dimension: int = 16
    patch: int = 1
    positions: bool = True
    readout: str = "last"

    def __post_init__(self) -> None:
        """Check the settings."""
        for name in ("heads", "dimension", "patch"):
            check_whole(getattr(self, name), 1, name=name)
        check_flag(self.positions, name="positions")
        if self.dimension % self.heads:
            raise ConfigError(
                f"`dimension` must be a multiple of the {self.heads} heads, got {self.dimension}."
            )
        check_choice(self.readout, READOUTS, name="readout")

    def tokens(self, length: int) -> int:
        """Return how many tokens a window of that length makes; the first may be part padding."""
        return -(-length // self.patch)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MultiHeadNetwork(Brief):
    """A trained network: call it with (n, length) windows for (n, horizon) outputs.

    Attributes:
        shape: Its settings.
        parameters: Its weights by name.
        length: Values in a window.
        steps: Training steps after which the weights were taken.
        losses: (n_checks, 2) mean squared error of a step's windows, and of the validation
            windows (NaN where there are none), every 25 steps.
    """

    shape: Shape
    parameters: Mapping[str, FloatArray] = field(repr=False)
    length: int
    steps: int
    losses: FloatArray

    def __call__(self, windows: ArrayLike) -> FloatArray:
        """Return (n, horizon) outputs; each depends on its own window only, to the last bit.

        Raises:
            DataError: If the windows have another length.
        """
        x = np.asarray(windows, dtype=float)
        if x.ndim != 2 or x.shape[1] != self.length:
            raise DataError(f"`windows` must have shape (n, {self.length}), got {x.shape}.")
        blocks = [
            forward(np, self.parameters, self.shape, patches(x[at : at + _BLOCK], self.shape.patch))
            for at in range(0, len(x), _BLOCK)
        ]
        horizon = len(self.parameters["output_bias"])
        return np.concatenate(blocks) if blocks else np.empty((0, horizon))


def patches(windows: FloatArray, size: int) -> FloatArray:
    """Return (n, tokens, size) pieces of windows, the first filled up by repeating the oldest."""
    short = -windows.shape[1] % size
    filled = np.concatenate([np.repeat(windows[:, :1], short, axis=1), windows], axis=1)
    return np.ascontiguousarray(filled.reshape(len(windows), -1, size))


def initial_parameters(
    shape: Shape, length: int, horizon: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw starting weights, each map with variance one over its inputs; the output is zero."""
    tokens, width = shape.tokens(length), shape.dimension
    answers = width * (tokens if shape.readout == "all" else 1)

    def draw(rows: int, columns: int) -> FloatArray:
        weights: FloatArray = rng.normal(size=(rows, columns)) / np.sqrt(rows)
        return weights

    drawn = {
        "embedding": draw(shape.patch, width),
        "embedding_bias": np.zeros(width),
        "position": rng.normal(size=(tokens, width)),
        "query": draw(width, width),
        "key": draw(width, width),
        "value": draw(width, width),
        "output": np.zeros((answers, horizon)),
        "output_bias": np.zeros(horizon),
    }
    if not shape.positions:
        del drawn["position"]
    return drawn


def forward(xp: Any, parameters: Mapping[str, Any], shape: Shape, pieces: Any) -> Any:  # noqa: ANN401
    """Return (n, horizon) outputs of (n, tokens, patch) pieces.

    Args:
        xp: The module that the arrays belong to, numpy or torch.
        parameters: Weights by name.
        shape: The settings.
        pieces: What `patches` returns.
    """
    token = pieces @ parameters["embedding"] + parameters["embedding_bias"]
    if shape.positions:
        token = token + parameters["position"]
    asking = token if shape.readout == "all" else token[:, -1:]
    query = _by_head(asking @ parameters["query"], shape.heads)
    key = _by_head(token @ parameters["key"], shape.heads)
    value = _by_head(token @ parameters["value"], shape.heads)
    logits = query @ key.swapaxes(-1, -2) / (shape.dimension // shape.heads) ** 0.5
    odds = xp.exp(logits - xp.amax(logits, axis=-1, keepdims=True))
    answers = (odds / odds.sum(axis=-1, keepdims=True)) @ value
    flat = answers.swapaxes(1, 2).reshape(len(pieces), 1, -1)
    return (flat @ parameters["output"])[:, 0] + parameters["output_bias"]


def _by_head(tokens: Any, heads: int) -> Any:  # noqa: ANN401
    """Return (n, heads, tokens, width of a head) of (n, tokens, width)."""
    n, count, width = tokens.shape
    return tokens.reshape(n, count, heads, width // heads).swapaxes(1, 2)
