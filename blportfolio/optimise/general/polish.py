"""Brings a solver's answer to rounding: the rows that bind are guessed, then solved exactly."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgError, LinAlgWarning, lu_factor, lu_solve

from blportfolio.optimise.general.conic import Programme
from blportfolio.optimise.general.residuals import Point, measured
from blportfolio.types import BoolArray, FloatArray, IntArray

ROUNDS = 12
"""Guesses of the binding rows before the best so far is kept."""
LARGEST = 3000
"""Largest linear system that is solved; beyond it the solver's answer stands."""
SHIFT = 1e-9
"""Regularisation of the linear system, taken out again by refinement."""
PATIENCE = 4
"""Rounds without progress before it stops earlier."""
REFINEMENTS = 8
"""Steps that take the regularisation out."""
NEWTON = 12
"""Steps of Newton's method for one guess."""
FEASIBLE = 1e-10
"""How far a better point may break limits that the start obeys."""
GOOD = 1e-13
"""A point with residuals this small is not improved further."""


def polished(programme: Programme, start: Point) -> Point:
    """Return the start, or a point with smaller residuals.

    Rows whose dual variable exceeds their slack are taken to bind; Newton's method solves the
    optimality conditions with them as equations (in one step without second-order cones). Rows
    that turn out wrong change sides, for a few rounds.

    References:
        Stellato, Banjac, Goulart, Bemporad and Boyd (2020), OSQP, section 4, polish a quadratic
        programme in this way; second-order cones are added here.
    """
    if not np.isfinite(start.worst):
        return start
    with np.errstate(all="ignore"):  # a step that leads nowhere is seen by its result
        return _improved(programme, start)


def _improved(programme: Programme, start: Point) -> Point:
    guess = _Guess(programme, start)
    best, z, x = start, start.z, start.x
    patience = PATIENCE
    for _ in range(ROUNDS):
        found = guess.solve(x, z)
        if found is None:
            break
        point = measured(programme, *found)
        patience -= 1
        if point.worst < best.worst and point.primal <= max(best.primal, FEASIBLE):
            best, patience = point, PATIENCE
        if not patience or best.worst <= GOOD or not guess.corrected(*found):
            break
        x, z = (found[0], found[1]) if point.worst <= 1e-3 else (start.x, start.z)
    return best


class _Guess:
    """Which rows bind, and the equations that follow."""

    def __init__(self, programme: Programme, start: Point) -> None:
        self.programme = programme
        self.linear = slice(programme.n_zero, programme.n_zero + programme.n_nonnegative)
        slack = programme.offset - programme.matrix @ start.x
        self.active = np.zeros(len(slack), dtype=bool)
        self.active[: programme.n_zero] = True
        self.active[self.linear] = start.z[self.linear] > slack[self.linear]
        self.curved: list[slice] = []
        for rows in programme.slices():
            height, length = float(start.z[rows][0]), float(np.linalg.norm(slack[rows][1:]))
            if height <= slack[rows][0] - length:
                continue
            if length <= 1e-6 * height:
                self.active[rows] = True  # the tip of the cone, where all of its rows are 0
            else:
                self.curved.append(rows)
        self._pin_idle(slack)
        self.counts = np.diff(programme.matrix.indptr)

    def _pin_idle(self, slack: FloatArray) -> None:
        """Let the nearest row bind an auxiliary variable that no row binds, as it may lie anywhere.

        So it is with |w| where the limit on Σ|w| does not bind.
        """
        matrix = self.programme.matrix.tocsc()
        first = len(self.programme.quadratic) + self.programme.is_homogeneous
        for column in range(first, matrix.shape[1]):
            rows = matrix.indices[matrix.indptr[column] : matrix.indptr[column + 1]]
            if len(rows) and rows.max() < self.linear.stop and not self.active[rows].any():
                self.active[rows[np.argmin(slack[rows])]] = True

    def solve(self, x: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """Return (x, z) that solve the equations, or None."""
        programme = self.programme
        single = np.flatnonzero(self.active & (self.counts == 1))
        places = programme.matrix.indptr[single]
        fixed, first = np.unique(programme.matrix.indices[places].astype(int), return_index=True)
        single, coefficients = single[first], programme.matrix.data[places[first]]
        tie, tied, share, partner, slope = self._ties(fixed)
        free = np.setdiff1d(np.arange(len(x)), np.concatenate([fixed, tied]), assume_unique=True)
        rows = np.setdiff1d(
            np.flatnonzero(self.active & (self.counts > 1)), tie, assume_unique=True
        )
        if len(free) + len(rows) + len(self.curved) > LARGEST:
            return None
        follows = np.isin(partner, free)
        frame = sp.csr_array(
            (
                np.concatenate([np.ones(len(free)), -(slope / share)[follows]]),
                (
                    np.concatenate([free, tied[follows]]),
                    np.concatenate([np.arange(len(free)), np.searchsorted(free, partner[follows])]),
                ),
            ),
            shape=(len(x), len(free)),
        )
        x = x.copy()
        x[fixed] = programme.offset[single] / coefficients
        x[tied] = (programme.offset[tie] - slope * x[partner]) / share
        heights = np.array([z[cone][0] for cone in self.curved])
        multipliers = np.zeros(len(z))
        multipliers[rows] = z[rows]
        z = multipliers
        for _ in range(NEWTON if self.curved else 1):
            size = self._newton(x, z, heights, frame, rows)
            if not size > 1e-15:
                break
        for cone, height in zip(self.curved, heights, strict=True):
            z[cone] = height * self._normal(x, cone)
        pull = programme.curve(x) + programme.linear + programme.matrix.T @ z
        z[tie] = -pull[tied] / share
        np.add.at(pull, partner, slope * z[tie])
        z[single] = -pull[fixed] / coefficients
        return (x, z) if np.isfinite(x).all() and np.isfinite(z).all() else None

    def _ties(self, fixed: IntArray) -> tuple[IntArray, IntArray, FloatArray, IntArray, FloatArray]:
        """Return rows that bind an auxiliary variable to a weight, one for each.

        Returns:
            The rows, the auxiliary variables, their coefficients, the weights and theirs.
        """
        matrix, first = self.programme.matrix, len(self.programme.quadratic)
        pairs = np.flatnonzero(self.active & (self.counts == 2))
        places = matrix.indptr[pairs][:, None] + np.arange(2)
        order = np.argsort(matrix.indices[places], axis=1)
        places = np.take_along_axis(places, order, axis=1)
        columns, values = matrix.indices[places], matrix.data[places]
        is_tie = (columns[:, 0] < first) & (columns[:, 1] >= first + self.programme.is_homogeneous)
        is_tie &= ~np.isin(columns[:, 1], fixed)
        tied, kept = np.unique(columns[is_tie, 1], return_index=True)
        columns, values = columns[is_tie][kept], values[is_tie][kept]
        return pairs[is_tie][kept], tied, values[:, 1], columns[:, 0], values[:, 0]

    def corrected(self, x: FloatArray, z: FloatArray) -> bool:
        """Move rows that are wrong to the other side; False where none is."""
        programme, rows = self.programme, self.linear
        slack = (programme.offset - programme.matrix @ x)[rows]
        floor = -1e-14 * max(1.0, float(np.abs(z).max(initial=0.0)))
        wrong: BoolArray = np.where(self.active[rows], z[rows] < floor, slack < -1e-14)
        self.active[rows] ^= wrong
        return bool(wrong.any())

    def _normal(self, x: FloatArray, cone: slice) -> FloatArray:
        slack = self.programme.offset[cone] - self.programme.matrix[cone] @ x
        return np.concatenate([[1.0], -slack[1:] / np.linalg.norm(slack[1:])])

    def _newton(
        self, x: FloatArray, z: FloatArray, heights: FloatArray, frame: sp.csr_array, rows: IntArray
    ) -> float:
        """Take one step on x, along the columns of the frame, z and heights; return its size."""
        programme, size = self.programme, len(self.programme.quadratic)
        block = programme.matrix[rows]
        equations = (block @ frame).toarray()
        pull = programme.curve(x) + programme.linear + block.T @ z[rows]
        n_free, n_rows = frame.shape[1], len(rows)
        total = n_free + n_rows + len(self.curved)
        system, right = np.zeros((total, total)), np.zeros(total)
        inside = np.flatnonzero(np.diff(frame.indptr[: size + 1]))
        system[: len(inside), : len(inside)] = programme.quadratic[np.ix_(inside, inside)]
        for number, cone in enumerate(self.curved):
            part = programme.matrix[cone]
            slack = programme.offset[cone] - part @ x
            length = float(np.linalg.norm(slack[1:]))
            normal = np.concatenate([[1.0], -slack[1:] / length])
            slope = part.T @ normal
            pull = pull + heights[number] * slope
            sides = (part[1:] @ frame).toarray()
            across = normal[1:] @ sides
            bend = heights[number] / length
            system[:n_free, :n_free] += bend * (sides.T @ sides - np.outer(across, across))
            place = n_free + n_rows + number
            system[place, :n_free] = system[:n_free, place] = frame.T @ slope
            right[place] = slack[0] - length
        system[n_free : n_free + n_rows, :n_free] = equations
        system[:n_free, n_free : n_free + n_rows] = equations.T
        right[:n_free] = -(frame.T @ pull)
        right[n_free : n_free + n_rows] = programme.offset[rows] - block @ x
        step = _solved(system, right, n_free)
        x += frame @ step[:n_free]
        z[rows] += step[n_free : n_free + n_rows]
        heights += step[n_free + n_rows :]
        return float(np.abs(step).max(initial=0.0))


def _solved(system: FloatArray, right: FloatArray, n_free: int) -> FloatArray:
    """Solve a symmetric, perhaps singular system: shifted, then refined."""
    if not len(right):
        return right
    shifted = system.copy()
    sign = np.where(np.arange(len(right)) < n_free, 1.0, -1.0)
    shifted[np.diag_indices(len(right))] += SHIFT * sign
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        try:
            factor = lu_factor(shifted, overwrite_a=True, check_finite=False)
        except (LinAlgError, ValueError):
            return np.full(len(right), np.nan)
    step = np.zeros(len(right))
    rest, size = right, np.inf
    for _ in range(REFINEMENTS):
        trial = step + lu_solve(factor, rest, check_finite=False)
        rest = right - system @ trial
        now = float(np.abs(rest).max())
        if not now < size:
            break
        step, size = trial, now
        if size <= 1e-16:
            break
    return step
