"""How far a point is from solving a conic programme, computed here and not by a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.optimise.general.conic import Programme
from blportfolio.types import FloatArray

SMALLEST = 1e-8
"""Smallest size of an objective, in the programme's units, that a gap is relative to."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A candidate solution of a programme with its residuals.

    Attributes:
        x: (n_variables,) primal variables.
        z: (n_rows,) dual variables, inside the dual cone.
        primal: Largest distance of b − Ax from its cone.
        dual: Largest entry of Px + q + Aᵀz, relative to its terms where they exceed 1.
        gap: Difference of the primal and the dual objective, and what the dual residual adds to
            it over moves of the size of x (‖Δ‖₁‖x‖∞), relative to `size`.
        size: That of the objective, its terms of q taken one by one.
    """

    x: FloatArray
    z: FloatArray
    primal: float
    dual: float
    gap: float
    size: float = 1.0

    @property
    def worst(self) -> float:
        """Return the largest of the three."""
        return max(self.primal, self.dual, self.gap)


def measured(programme: Programme, x: FloatArray, z: FloatArray) -> Point:
    """Return a point with its residuals; z is first projected on the dual cone.

    For a feasible x and a z in the dual cone with Px + q + Aᵀz = 0, the gap xᵀPx + qᵀx + bᵀz bounds
    how much better another portfolio can be (weak duality; Boyd and Vandenberghe, 2004, section
    5.9).
    """
    if not (np.isfinite(x).all() and np.isfinite(z).all()):
        return Point(x, z, np.inf, np.inf, np.inf)
    slack = programme.offset - programme.matrix @ x
    inside, outside = z.copy(), slack.copy()
    linear = slice(programme.n_zero, programme.n_zero + programme.n_nonnegative)
    inside[linear] = np.maximum(z[linear], 0.0)
    outside[linear] = np.minimum(slack[linear], 0.0)
    for rows in programme.slices():
        inside[rows] = projected(z[rows])
        outside[rows] = slack[rows] - projected(slack[rows])
    curve = programme.curve(x)
    pull = programme.matrix.T @ inside
    size = max(1.0, *(_largest(part) for part in (curve, programme.linear, pull)))
    quadratic, linear_part = float(x @ curve), programme.linear * x
    dual_part = float(programme.offset @ inside)
    scale = max(SMALLEST, abs(quadratic), float(np.abs(linear_part).sum()))
    if programme.constant:
        value = quadratic / 2 + float(linear_part.sum()) + programme.constant
        scale = max(SMALLEST, 2 * value)
    rest = curve + programme.linear + pull
    gap = abs(quadratic + float(linear_part.sum()) + dual_part) + float(
        np.abs(rest).sum()
    ) * _largest(x)
    return Point(x, inside, _largest(outside), _largest(rest) / size, gap / scale, scale)


def rounding(programme: Programme, x: FloatArray) -> float:
    """Return what rounding alone may leave of the dual residual and of the gap.

    An ill-conditioned covariance, scaled by the small risk that it allows, has large entries that
    cancel.
    """
    size = np.abs(x[: len(programme.quadratic)])
    terms = np.abs(programme.quadratic) @ size
    return 64 * float(np.finfo(float).eps) * max(_largest(terms), float(terms @ size))


def projected(values: FloatArray) -> FloatArray:
    """Return the nearest point of the second-order cone ‖v[1:]‖ ≤ v[0]."""
    height, length = float(values[0]), float(np.linalg.norm(values[1:]))
    if length <= height:
        return values
    if length <= -height:
        return np.zeros(len(values))
    share = (height + length) / 2
    return np.concatenate([[share], values[1:] * (share / length)])


def _largest(values: FloatArray) -> float:
    return float(np.abs(values).max(initial=0.0))
