"""The infinitely wide two-layer attention model, fitted in closed form by its tangent kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np

from blportfolio.forecasters.attention.layer import attend, chunks
from blportfolio.forecasters.attention.parameters import AttentionSettings, Parameters
from blportfolio.forecasters.attention.units import NORMALISE, in_units, units_of
from blportfolio.forecasters.base import training_scale
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.ridge import RidgeForecaster
from blportfolio.forecasters.windows import Windows
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, check_positive

NEGLIGIBLE = 1e-20
"""Nodes with less weight than this share of the largest add less than rounding."""


@dataclass(frozen=True, slots=True)
class AttentionKernelForecaster(RidgeForecaster):
    """Ridge regression on f(x) = x_d ∫ V_w(x) dμ(w), the attention model of infinite width.

    V_w(x) is the variance of the window x under the weights softmax(x_d w x). As the width of the
    paper's model grows, training it by gradient descent becomes a regression with the kernel

        H(x, x') = x_d x'_d E[V_w(x) V_w(x')],   w ~ N(0, 1),

    which Gauss-Hermite quadrature turns into `n_nodes` features. The last value gates a family of
    variances: a flat window is forecast as exactly zero, so that the model cannot carry a level,
    and the order of the values before the last does not matter. It is the paper's model, not
    attention at large; `AttentionForecaster` adds positions and a skip connection.

    The softmax is no linear function of its input, so that the unit matters. The paper's data
    have variance one. Here, which departs from it, each window is divided by its own root mean
    square and the forecast multiplied by it ("window"): the map needs no data, and the loss stays
    in the unit of the series, so that calm windows do not outweigh wild ones. "train" divides all
    by the root mean square of the training windows, and "none" by nothing, which is the paper's
    kernel and no longer indifferent to the unit.

    Attributes:
        intercept: Whether there is an intercept; the paper has none.
        n_nodes: Nodes of the quadrature.
        normalise: "window", "train" or "none".
        unit: What "train" divides by; found by `fit`.

    Raises:
        ConfigError: If a setting is out of range.

    References:
        Ke et al. (2025), Curse of Attention, arXiv 2412.06061, section 5.
    """

    intercept: bool = False
    n_nodes: int = 96
    normalise: str = "window"
    unit: float | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        RidgeForecaster.__post_init__(self)
        check_choice(self.normalise, NORMALISE, name="normalise")
        check_whole(self.n_nodes, 1, most=256, name="n_nodes")
        if self.unit is not None:
            check_positive(self.unit, name="unit")

    def settled(self, windows: Windows) -> Self:
        """Return the forecaster with the unit of the training windows where it needs one."""
        if self.normalise != "train" or self.unit is not None:
            return self
        return replace(self, unit=training_scale(windows))

    def design(self, context: FloatArray) -> FloatArray:
        """Return (n_windows, n_columns) features, in the unit of the context."""
        units = units_of(context, self.normalise, 1.0 if self.unit is None else self.unit)
        return units[:, None] * kernel_features(in_units(context, units), self.n_nodes)


def kernel_features(x: FloatArray, n_nodes: int = 96) -> FloatArray:
    """Return √ω_k x_d V_{w_k}(x): their inner products are the infinite-width tangent kernel.

    Args:
        x: (n_windows, context_length) windows.
        n_nodes: Nodes of the Gauss-Hermite quadrature. As a function of w the variance is a peak
            about 1/q wide, where q is |x_d| times the range of the window. With 96 nodes a
            diagonal of H is exact to 1e-7 at q = 4, to 3 % at q = 16; well beyond, where the
            paper's bounds say nothing either, it is that of a network of these 96 neurons.

    Returns:
        (n_windows, n_columns), a column for each node whose weight is not negligible.
    """
    nodes, weights = normal_quadrature(n_nodes)
    network = Parameters(nodes, np.ones(len(nodes)))
    settings = AttentionSettings(width=len(nodes), balanced=False)
    features = np.empty((len(x), len(nodes)))
    for rows in chunks(x, network):
        variance = attend(x[rows], network, settings, slopes=True).variance
        features[rows] = x[rows, -1:] * np.sqrt(weights) * variance
    return features


@lru_cache(maxsize=8)
def normal_quadrature(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights with Σ ω_k g(w_k) = E[g(w)], w ~ N(0, 1), for polynomials g.

    Nodes whose weight is negligible are left out, and the rest sum to one.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    kept = weights >= NEGLIGIBLE * weights.max()
    nodes, weights = nodes[kept], weights[kept] / weights[kept].sum()
    for array in (nodes, weights):
        array.setflags(write=False)
    return nodes, weights
