"""A dense interior-point method for quadratic programmes in weights and what is lifted on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotrs

from blportfolio.optimise.general.conic import Programme
from blportfolio.types import FloatArray

STEPS = 40
"""Most steps; ten to fifteen are usual."""
ACCURATE = 1e-9
"""Primal residual and relative gap at which it stops; a polish does the rest."""
LOOSER = 100.0
"""How much larger the dual residual may be: near the end large weights of rows drown it."""
SHARE = 0.99
"""Share of the way to the nearest limit that a step goes."""
Directions = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


class Interior:
    """Steps of Mehrotra's method, each with one Cholesky factorisation of the size of the weights.

    Light rows hold one variable, or one weight and one lifted variable such as a sale; they only
    add to the diagonal once lifted variables are eliminated. The few other rows are eliminated
    last, by their Schur complement. A general sparse solver takes many times as long for the dense
    matrix of a covariance.

    References:
        Mehrotra (1992), On the implementation of a primal-dual interior point method; Nocedal and
        Wright (2006), Numerical optimization, algorithm 16.4.
    """

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        matrix, self.size = programme.matrix, len(programme.quadratic)
        self.inner = slice(programme.n_zero, None)
        counts, width = np.diff(matrix.indptr), len(programme.linear)
        first = np.minimum(matrix.indptr[:-1], matrix.nnz - 1)
        last = np.maximum(matrix.indptr[1:] - 1, 0)
        low = np.minimum(matrix.indices[first], matrix.indices[last])
        high = np.maximum(matrix.indices[first], matrix.indices[last])
        is_pair = (counts == 2) & (low < self.size) & (high >= self.size)
        is_light = (counts == 1) | is_pair
        is_light[: programme.n_zero] = False
        self.light, self.heavy = np.flatnonzero(is_light), np.flatnonzero(~is_light)
        self.matrix = matrix[self.light]
        self.transposed = self.matrix.T.tocsr()
        self.squares = self.transposed.power(2)
        self.dense = matrix[self.heavy].toarray()
        pairs = np.flatnonzero(is_pair & is_light)
        self.pairs = np.searchsorted(self.light, pairs)
        self.products = matrix.data[first[pairs]] * matrix.data[last[pairs]]
        self.lifted = high[pairs] - self.size
        self.partner = np.zeros(width - self.size, dtype=int)
        self.partner[self.lifted] = low[pairs]
        self.fits = (
            programme.n_nonnegative > 0
            and not programme.cones
            and not programme.is_homogeneous
            and bool((counts > 0).all())
            and 2 * len(self.heavy) <= self.size
            and bool((self.partner[self.lifted] == low[pairs]).all())
            and bool((self.squares.sum(axis=1)[self.size :] > 0).all())
        )

    def solve(self) -> tuple[str, FloatArray, FloatArray]:
        """Return the status, x and z: "optimal", or where it came to a halt."""
        programme = self.programme
        matrix, offset, inner = programme.matrix, programme.offset, self.inner
        transposed = matrix.T.tocsr()
        slope = max(1.0, float(np.abs(programme.linear).max()))
        try:
            x, z = self._directions(np.ones(len(offset)))(-programme.linear, offset)
        except LinAlgError:
            return "halted", programme.linear, offset
        slack = np.zeros(len(offset))
        slack[inner] = _shifted(-z[inner])
        z[inner] = _shifted(z[inner])
        count = len(offset) - programme.n_zero
        best = np.inf, x, z
        for _ in range(STEPS):
            dual = programme.curve(x) + programme.linear + transposed @ z
            primal = matrix @ x + slack - offset
            mean = float(slack @ z) / count
            size = max(1e-3, abs(float(x @ programme.curve(x))), abs(float(programme.linear @ x)))
            distance = max(
                float(np.abs(dual).max()) / (slope * LOOSER),
                float(np.abs(primal).max()),
                count * mean / size,
            )
            if distance < best[0]:
                best = distance, x, z
            if distance <= ACCURATE:
                return "optimal", x, z
            ratio = np.zeros(len(offset))
            ratio[inner] = slack[inner] / z[inner]
            try:
                directions = self._directions(ratio)
            except LinAlgError:
                break
            wanted = slack * z
            for _ in ("predictor", "corrector"):
                relaxed = np.zeros(len(offset))
                relaxed[inner] = wanted[inner] / z[inner]
                move, turn = directions(-dual, relaxed - primal)
                change = -relaxed - ratio * turn
                longest = min(_room(slack[inner], change[inner]), _room(z[inner], turn[inner]))
                after = (slack + longest * change)[inner] @ (z + longest * turn)[inner] / count
                wanted = slack * z + change * turn - mean * (after / mean) ** 3
            step = min(1.0, SHARE * longest)
            if not step > 1e-6:
                break
            x, slack, z = x + step * move, slack + step * change, z + step * turn
        return "halted", *best[1:]

    def _directions(self, ratio: FloatArray) -> Directions:
        """Factorise for slack/z; the result solves Pd + Aᵀe = first and Ad − ratio·e = second.

        Raises:
            LinAlgError: If the matrix is not positive definite in floating point.
        """
        size, light, heavy = self.size, self.light, self.heavy
        weight = 1 / ratio[light]
        diagonal = self.squares @ weight
        below = diagonal[size:]
        cross = np.bincount(self.lifted, weight[self.pairs] * self.products, len(below))
        system = self.programme.quadratic.copy()
        inner = diagonal[:size] - np.bincount(self.partner, cross**2 / below, size)
        system[np.diag_indices(size)] += np.maximum(inner, 0.0)
        factor = _factor(system)

        def inverse(right: FloatArray) -> FloatArray:
            """Solve with the block of x, lifted variables eliminated."""
            low = right[size:].T / below
            top = right[:size].copy()
            np.subtract.at(top, self.partner, (low * cross).T)
            top = dpotrs(factor, top)[0]
            return np.concatenate([top, (low - top[self.partner].T * cross / below).T])

        across = inverse(self.dense.T)
        small = self.dense @ across
        # Rows may repeat each other, hence the first term.
        small[np.diag_indices(len(heavy))] += 1e-13 * np.diagonal(small) + ratio[heavy]
        small_factor = _factor(small)

        def directions(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
            base = inverse(first + self.transposed @ (weight * second[light]))
            turn = np.zeros(len(second))
            if len(heavy):
                turn[heavy] = dpotrs(small_factor, self.dense @ base - second[heavy])[0]
            move = base - across @ turn[heavy]
            turn[light] = weight * (self.matrix @ move - second[light])
            return move, turn

        return directions


def _factor(matrix: FloatArray) -> FloatArray:
    """Return the Cholesky factor of a symmetric matrix, which is overwritten.

    Raises:
        LinAlgError: If it is not positive definite in floating point.
    """
    if not len(matrix):
        return matrix
    factor, info = dpotrf(matrix.T, overwrite_a=True)
    if info:
        raise LinAlgError("The matrix is not positive definite.")
    return np.asarray(factor)


def _shifted(values: FloatArray) -> FloatArray:
    """Return values moved until all are above 0."""
    low = float(values.min())
    room = float(np.abs(values).mean()) + 1e-3
    return values + max(0.0, room - low)


def _room(values: FloatArray, change: FloatArray) -> float:
    """Return the longest step that leaves positive values at or above 0, at most 1."""
    shrinking = change < 0
    return min(1.0, float((-values[shrinking] / change[shrinking]).min(initial=np.inf)))
