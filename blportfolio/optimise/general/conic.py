"""A conic programme: what solvers are given and residuals are measured on."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Minimise ½xᵀPx + qᵀx with b − Ax in a product of cones.

    Attributes:
        quadratic: (n_assets, n_assets) block of P of the first variables; the rest of P is 0.
        linear: (n_variables,) q.
        matrix: (n_rows, n_variables) A; rows of the zero cone first, then those of the
            non-negative one, then second-order cones, the larger side first.
        offset: (n_rows,) b.
        n_zero: Rows of the zero cone.
        n_nonnegative: Rows of the non-negative cone.
        cones: Sizes of the second-order cones.
        constant: What the objective lacks of one that is at least 0, such as a squared tracking
            error; 0 where there is none.
        is_homogeneous: Whether x holds y = κw, and κ behind it, instead of w.
    """

    quadratic: FloatArray
    linear: FloatArray
    matrix: sp.csr_array
    offset: FloatArray
    n_zero: int
    n_nonnegative: int
    cones: tuple[int, ...]
    constant: float = 0.0
    is_homogeneous: bool = False

    def ratio(self, x: FloatArray) -> float:
        """Return √(yᵀCy), at the optimum the ratio in the programme's units."""
        return math.sqrt(max(float(x @ self.curve(x)), 0.0))

    def curve(self, x: FloatArray) -> FloatArray:
        """Return (n_variables,) Px."""
        size = len(self.quadratic)
        result = np.zeros(len(x))
        result[:size] = self.quadratic @ x[:size]
        return result

    def slices(self) -> list[slice]:
        """Return the rows of each second-order cone."""
        ends = self.n_zero + self.n_nonnegative + np.cumsum([0, *self.cones])
        return [slice(int(a), int(b)) for a, b in itertools.pairwise(ends)]

    def weights(self, x: FloatArray) -> FloatArray:
        """Return (n_assets,) weights; not finite where κ is 0."""
        size = len(self.quadratic)
        if not self.is_homogeneous:
            return x[:size].copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(x[:size] / x[size])
