"""Residual state-space data: windows of d steps whose next value is a known linear map of them.

The features P_1, …, P_d are orthonormal, so that the noiseless values u_1, …, u_d are independent
standard normal, and u_{d+1} = Σ c_k u_k with c_d = γ: the last value is the only core ("residual")
step, the others are background.

Source: Ke, Liang, Shi, Song and Yang (2025), Curse of Attention, CPAL, PMLR 280: 675-738
(arXiv 2412.06061), definitions 4.1, 4.3 and 6.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.types import BoolArray, FloatArray
from blportfolio.validation import nearest_name, shown

KINDS = {
    "sym": "equal background weights that sum with γ to one: order carries no information",
    "affine": "random background weights by position; norm one and sum one",
}
REGIMES = {
    "all": "every step, as in the paper's training",
    "con": "sign-consistent steps only: the next value has the sign of the last",
    "inc": "sign-inconsistent steps only, as in the paper's test",
}
_RAREST = 1e-3
_MOST_ROWS = 200_000


class Steps(NamedTuple):
    """Windows and what follows them.

    Attributes:
        context: (n, d) observed values x, oldest first.
        target: (n,) observed next value y.
        truth: (n,) the next value without its noise, whose sign forecasts are judged by.
    """

    context: FloatArray
    target: FloatArray
    truth: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ResidualProcess:
    """Draws windows u ~ N(0, I) with the next value <c, u>, and noise on all of them.

    Attributes:
        coefficients: (d,) c, oldest first; the last is γ.
    """

    coefficients: FloatArray

    @property
    def dimension(self) -> int:
        """Values in a window, d."""
        return len(self.coefficients)

    @property
    def gamma(self) -> float:
        """Weight γ of the last value."""
        return float(self.coefficients[-1])

    @property
    def angle(self) -> float:
        """Angle φ between P_d and P_{d+1}: arccos γ where the coefficients have norm one."""
        return math.atan2(float(np.linalg.norm(self.coefficients[:-1])), self.gamma)

    @property
    def flip_probability(self) -> float:
        """Share φ/π of steps whose next value has another sign than the last."""
        return self.angle / math.pi

    @property
    def flip_variance(self) -> float:
        """Mean square of the noiseless next value on such steps, |c|² (1 - sin φ cos φ / φ)."""
        phi = self.angle
        norm = float(self.coefficients @ self.coefficients)
        return norm * (1 - math.sin(phi) * math.cos(phi) / phi)

    def draw(self, n: int, regime: str, noise: float, rng: np.random.Generator) -> Steps:
        """Draw windows, redrawing those that do not belong to the regime (definition 6.1).

        Args:
            n: Number of windows.
            regime: One of `REGIMES`; signs are compared without noise.
            noise: Standard deviation of the noise on every value.
            rng: Source of randomness.

        Raises:
            ConfigError: If the regime is unknown or holds less than one step in a thousand, or
                `n` or `noise` is out of range.
        """
        if regime not in REGIMES:
            raise ConfigError(f"There is no regime {regime!r}. {nearest_name(regime, REGIMES)}")
        if n < 1:
            raise ConfigError(f"`n` must be 1 or more windows, got {n}.")
        if not (math.isfinite(noise) and noise >= 0):
            raise ConfigError(f"`noise` must be a standard deviation of 0 or more, got {noise}.")
        share = {"all": 1.0, "con": 1 - self.flip_probability, "inc": self.flip_probability}[regime]
        if share < _RAREST:
            raise ConfigError(
                f"`gamma` of {self.gamma:g} leaves {share:.2g} of all steps in the regime "
                f"{regime!r}, too few to draw. Choose it nearer to 0."
            )
        hidden = self._hidden(n, regime, share, rng)
        truth = hidden @ self.coefficients
        context = hidden + noise * rng.standard_normal(hidden.shape)
        return Steps(context, truth + noise * rng.standard_normal(n), truth)

    def _hidden(self, n: int, regime: str, share: float, rng: np.random.Generator) -> FloatArray:
        """Return (n, d) noiseless windows of the regime by rejection."""
        kept: list[FloatArray] = []
        missing = n
        while missing > 0:
            rows = min(_MOST_ROWS, math.ceil(missing / share))
            drawn = rng.standard_normal((rows, self.dimension))
            chosen = drawn[_belongs(drawn[:, -1] * (drawn @ self.coefficients), regime)][:missing]
            kept.append(chosen)
            missing -= len(chosen)
        return np.concatenate(kept)


def make_process(
    kind: str, dimension: int, gamma: float, rng: np.random.Generator
) -> ResidualProcess:
    """Return the process of that kind, with its background weights drawn where they are random.

    Args:
        kind: One of `KINDS`. `sym`: each background weight is (1 - γ)/(d - 1). `affine`: they are
            uniform on the sphere where the coefficients have norm one and sum one.
        dimension: Values in a window, d.
        gamma: Weight γ of the last value, below one in size.
        rng: Source of randomness; `sym` does not use it.

    Raises:
        ConfigError: If the kind is unknown, or no such coefficients exist: `affine` needs
            γ ≥ -(d - 2)/d.
    """
    if kind not in KINDS:
        raise ConfigError(f"There is no kind {kind!r}. {nearest_name(kind, KINDS)}")
    least = 3 if kind == "affine" else 2
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < least:
        raise ConfigError(
            f"`dimension` must be a whole number of {least} or more for the kind {kind!r}, got "
            f"{shown(dimension)}."
        )
    if not -1 < gamma < 1:
        raise ConfigError(f"`gamma` must lie between -1 and 1, got {gamma}.")
    background = np.full(dimension - 1, (1 - gamma) / (dimension - 1))
    if kind == "affine":
        spare = (1 - gamma**2) - (1 - gamma) ** 2 / (dimension - 1)
        if spare < -1e-12:
            raise ConfigError(
                f"`gamma` must be {-(dimension - 2) / dimension:g} or more for coefficients with "
                f"norm one and sum one at dimension {dimension}, got {gamma:g}. Raise it or the "
                "dimension."
            )
        direction = rng.standard_normal(dimension - 1)
        direction -= direction.mean()
        background += math.sqrt(max(spare, 0.0)) * direction / np.linalg.norm(direction)
    return ResidualProcess(np.append(background, gamma))


def ssm_matrices(coefficients: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a state-space model whose closed loop continues windows by the coefficients.

    h_{k+1} = A h_k + B u_k and u_k = Cᵀ h_k give h_{k+1} = (A + B Cᵀ) h_k. With A + B Cᵀ the
    companion matrix of c and C = e_1, the features P_k = ((A + B Cᵀ)ᵀ)^(k-1) C are the unit
    vectors e_1, …, e_d, and P_{d+1} = c.

    Args:
        coefficients: (d,) c, oldest first.

    Returns:
        A (d, d), B (d,), C (d,).
    """
    size = len(coefficients)
    closed_loop = np.eye(size, k=1)
    closed_loop[-1] = coefficients
    into = np.eye(size)[-1]
    out = np.eye(size)[0]
    return closed_loop - np.outer(into, out), into, out


def _belongs(product: FloatArray, regime: str) -> BoolArray:
    if regime == "all":
        return np.ones(len(product), dtype=bool)
    return product > 0 if regime == "con" else product < 0
