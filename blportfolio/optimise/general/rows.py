"""Rows of a conic programme as they are collected, and the square root of a matrix."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgError, cholesky

from blportfolio.types import FloatArray, IntArray


class ConeRows:
    """Collects rows b − Ax of one kind; in a ratio b is a coefficient of κ."""

    def __init__(self, kappa: int) -> None:
        self.kappa, self.height = kappa, 0
        self.entries: list[tuple[IntArray, IntArray, FloatArray]] = []
        self.offsets: list[FloatArray] = []

    def one(self, offset: float, *parts: tuple[IntArray, FloatArray]) -> None:
        """Add one row."""
        self.block(np.array([offset]), *((columns, row[None, :]) for columns, row in parts))

    def diagonal(
        self,
        offset: FloatArray,
        *parts: tuple[IntArray, FloatArray],
        homogenise: bool = True,
    ) -> None:
        """Add rows with one coefficient in each part."""
        self.block(offset, *parts, homogenise=homogenise)

    def block(
        self,
        offset: FloatArray,
        *parts: tuple[IntArray, FloatArray],
        homogenise: bool = True,
    ) -> None:
        """Add rows; a part is a diagonal (1-D) or a matrix, with its columns."""
        height = len(offset)
        for columns, values in parts:
            if values.ndim == 1:
                at, to, what = np.arange(height), columns, values
            else:
                at, place = np.nonzero(values)
                to, what = columns[place], values[at, place]
            self.entries.append((at + self.height, to, what))
        if self.kappa >= 0 and homogenise:
            at = np.flatnonzero(offset)
            self.entries.append((at + self.height, np.full(len(at), self.kappa), -offset[at]))
            offset = np.zeros(height)
        self.offsets.append(np.asarray(offset, dtype=float))
        self.height += height

    def matrix(self, width: int) -> sp.csr_array:
        """Return (height, width) A."""
        if not self.entries:
            return sp.csr_array((self.height, width))
        at, to, what = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        places = at.astype(np.int32), to.astype(np.int32)  # as OSQP wants them
        return sp.csr_array((what.astype(float), places), shape=(self.height, width))

    def offset(self) -> FloatArray:
        """Return (height,) b."""
        return np.concatenate(self.offsets) if self.offsets else np.zeros(0)


def square_root(matrix: FloatArray) -> FloatArray:
    """Return F with FᵀF = matrix, also where that is singular."""
    try:
        return np.asarray(cholesky(matrix))
    except LinAlgError:
        values, vectors = np.linalg.eigh(matrix)
        keep = values > values[-1] * len(matrix) * np.finfo(float).eps
        return np.asarray(np.sqrt(values[keep])[:, None] * vectors[:, keep].T)
