"""Moments of a ridge regression that add up over time, and what is solved from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from blportfolio.types import FloatArray, IntArray

TIE = 1e-12
"""Squared errors that differ by less than this share of the target's square are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class RidgeMoments:
    """All that a ridge regression of many outputs has to know of its windows.

    A window of scale s has the row s x of the design and the target y ≈ s (x W + b), so that errors
    count in the unit of the series: its x and its y / s have the weight s² in every mean. Sums are
    about the mean of their own windows and merged as Chan, Golub and LeVeque (1979) do, so that a
    level of a million with a noise of one loses nothing.

    Attributes:
        count: Sum of s², the number of windows where all have scale one.
        design_mean: (n_columns,) mean of x.
        target_mean: (horizon,) mean of y / s.
        gram: (n_columns, n_columns) sums of products of the rows less s times their mean.
        cross: (n_columns, horizon) sums of products of these and of the targets, likewise.
        square: (horizon,) sums of squares of the targets, likewise.
    """

    count: float
    design_mean: FloatArray
    target_mean: FloatArray
    gram: FloatArray
    cross: FloatArray
    square: FloatArray

    @classmethod
    def of(
        cls, design: FloatArray, target: FloatArray, scale: FloatArray | None = None
    ) -> RidgeMoments:
        """Return the moments of some windows.

        Args:
            design: (n_windows, n_columns) rows s x.
            target: (n_windows, horizon) targets y.
            scale: (n_windows,) s above zero; by default one.
        """
        scale = np.ones(len(design)) if scale is None else scale
        design_mean, x = _centred(design, scale)
        target_mean, y = _centred(target, scale)
        count = float((scale * scale).sum())
        return cls(count, design_mean, target_mean, x.T @ x, x.T @ y, (y * y).sum(axis=0))

    def __add__(self, other: RidgeMoments) -> RidgeMoments:
        """Return the moments of both sets of windows together."""
        if not other.count:
            return self
        if not self.count:
            return other
        count = self.count + other.count
        share = other.count / count
        x_gap = other.design_mean - self.design_mean
        y_gap = other.target_mean - self.target_mean
        pull = self.count * share
        return RidgeMoments(
            count,
            self.design_mean + share * x_gap,
            self.target_mean + share * y_gap,
            self.gram + other.gram + pull * np.outer(x_gap, x_gap),
            self.cross + other.cross + pull * np.outer(x_gap, y_gap),
            self.square + other.square + pull * y_gap**2,
        )

    def about_zero(self) -> RidgeMoments:
        """Return the moments about zero, for a regression without intercept."""
        x, y = self.design_mean, self.target_mean
        return RidgeMoments(
            self.count,
            np.zeros_like(x),
            np.zeros_like(y),
            self.gram + self.count * np.outer(x, x),
            self.cross + self.count * np.outer(x, y),
            self.square + self.count * y**2,
        )


def solve_ridge(
    moments: RidgeMoments, penalties: tuple[float, ...]
) -> tuple[FloatArray, FloatArray]:
    """Solve for every penalty with one eigendecomposition.

    A penalty is relative to the mean diagonal of the Gram matrix, so that no unit matters; the
    intercept is not penalised. Penalty zero is least squares, of least norm where it is not unique.

    Args:
        moments: Of the windows to fit to; `about_zero()` of them to fit without intercept.
        penalties: Relative penalties, 0 or more.

    Returns:
        (n_penalties, n_columns, horizon) weights and (n_penalties, horizon) intercepts.
    """
    columns = len(moments.gram)
    mean_square = float(np.trace(moments.gram)) / max(columns, 1)
    if mean_square > 0:
        values, vectors = np.linalg.eigh(moments.gram)
        total = np.maximum(values, 0) + mean_square * np.array(penalties)[:, None]
        rounding = columns * np.finfo(float).eps * values[-1]
        is_free = (np.array(penalties)[:, None] == 0) & (total <= rounding)
        factors = np.where(is_free, 0.0, 1 / np.where(is_free, 1.0, total))
        weights = vectors @ (factors[:, :, None] * (vectors.T @ moments.cross))
    else:
        weights = np.zeros((len(penalties), *moments.cross.shape))
    return weights, moments.target_mean - moments.design_mean @ weights


def squared_errors(
    moments: RidgeMoments, weights: FloatArray, intercepts: FloatArray
) -> FloatArray:
    """Return the sums of squared errors of regressions on the windows of some moments.

    Args:
        moments: Of the windows to forecast.
        weights: (n_regressions, n_columns, horizon).
        intercepts: (n_regressions, horizon).

    Returns:
        (n_regressions,) sums over windows and steps.
    """
    bias = moments.target_mean - intercepts - moments.design_mean @ weights
    explained = (weights * (2 * moments.cross - moments.gram @ weights)).sum(axis=(1, 2))
    errors: FloatArray = moments.square.sum() - explained + moments.count * (bias**2).sum(axis=1)
    return errors


def choose_penalty(
    early: RidgeMoments, late: RidgeMoments, penalties: tuple[float, ...], *, intercept: bool
) -> float:
    """Return the penalty whose fit to the early windows has the least error on the late ones.

    Of equals it is the largest, which it also is where either holds no window.
    """
    ordered = tuple(sorted(penalties, reverse=True))
    if len(ordered) == 1 or not (early.count and late.count):
        return ordered[0]
    solved = solve_ridge(early if intercept else early.about_zero(), ordered)
    errors = squared_errors(late, *solved)
    level = late.count * ((late.target_mean - early.target_mean) ** 2).sum()
    tie = TIE * float(late.square.sum() + level)
    return ordered[int(np.flatnonzero(errors <= errors.min() + tie)[0])]


class MomentHistory:
    """Windows in order of time whose moments over any rows are merged from those of blocks.

    Blocks lie on a fixed grid of rows and are merged in pairs, so that the moments of some rows
    are the same, bit for bit, whatever else is known.

    Args:
        design: (n_windows, n_columns) rows s x.
        target: (n_windows, horizon), all known.
        scale: (n_windows,) s above zero.
        origins: (n_windows,) rows at which the windows end, in any order.
    """

    def __init__(
        self, design: FloatArray, target: FloatArray, scale: FloatArray, origins: IntArray
    ) -> None:
        if (np.diff(origins) < 0).any():
            order = np.argsort(origins, kind="stable")
            design, target, scale = design[order], target[order], scale[order]
            origins = origins[order]
        self.origins, self._design, self._target, self._scale = origins, design, target, scale
        self._width = max(16, design.shape[1] // 4)
        self._blocks: dict[tuple[int, int], RidgeMoments] = {}

    def between(self, first: int, last: int) -> RidgeMoments:
        """Return the moments of the windows whose origin is one of the rows first, …, last."""
        begin, end = -(-first // self._width), (last + 1) // self._width
        if begin >= end:
            return self._sum_rows(first, last + 1)
        parts = [self._sum_rows(first, begin * self._width)]
        while begin < end:
            size = 1
            while begin % (2 * size) == 0 and begin + 2 * size <= end:
                size *= 2
            parts.append(self._block(begin, size))
            begin += size
        return reduce(add, [*parts, self._sum_rows(end * self._width, last + 1)])

    def _block(self, begin: int, size: int) -> RidgeMoments:
        width = self._width
        start, stop = np.searchsorted(self.origins, [begin * width, (begin + size) * width])
        if start == stop:  # rows may be dates, far apart
            return self._sum_rows(begin * width, begin * width)
        if (begin, size) not in self._blocks:
            half = size // 2
            self._blocks[begin, size] = (
                self._block(begin, half) + self._block(begin + half, half)
                if half
                else self._sum_rows(begin * self._width, (begin + 1) * self._width)
            )
        return self._blocks[begin, size]

    def _sum_rows(self, begin: int, end: int) -> RidgeMoments:
        chosen = slice(*np.searchsorted(self.origins, [begin, end]))
        return RidgeMoments.of(self._design[chosen], self._target[chosen], self._scale[chosen])


def _centred(values: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean m of each column over its scale s, and what is left, values - s m.

    Exactly zero is left of a constant times the scale one.
    """
    if not len(values):
        return np.zeros(values.shape[1]), values
    pivot = values[(widest := int(scale.argmax()))] / scale[widest]
    moved = values - scale[:, None] * pivot
    mean = (scale[:, None] * moved).sum(axis=0) / (scale * scale).sum()
    return pivot + mean, moved - scale[:, None] * mean
