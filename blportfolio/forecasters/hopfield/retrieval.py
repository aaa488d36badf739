"""Modern Hopfield retrieval, which is attention, and the energy that it never raises."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.entmax import entmax, tsallis_conjugate
from blportfolio.types import FloatArray
from blportfolio.validation import check_matrix, check_positive


def retrieve(
    memories: ArrayLike, queries: ArrayLike, *, beta: float, alpha: float = 1.0, steps: int = 1
) -> FloatArray:
    """Move queries towards the memories they resemble: x ← Ξ · α-entmax(β Ξᵀ x), `steps` times.

    One step is a row of an attention layer whose keys and values are the memories. No step ever
    raises the `energy`.

    Args:
        memories: (n_memories, dimension) patterns Ξᵀ.
        queries: (n_queries, dimension) patterns to complete.
        beta: β > 0, how sharply the nearest memory is preferred.
        alpha: 1 for softmax (dense), 2 for sparsemax, or between.
        steps: Updates; 0 leaves the queries as they are.

    Returns:
        (n_queries, dimension).

    Raises:
        ConfigError: If β, α or `steps` is out of range.
        DataError: If shapes disagree, or a value is not finite.

    References:
        Ramsauer et al. (2021), Hopfield Networks is All You Need (α = 1); Hu et al. (2023), On
        Sparse Modern Hopfield Model (α = 2); Wu et al. (2024), STanHop (between).
    """
    patterns, x = _patterns(memories, queries)
    check_positive(beta, name="beta")
    check_whole(steps, 0, name="steps")
    for _ in range(steps):
        x = product_one_by_one(entmax(beta * product_one_by_one(x, patterns.T), alpha), patterns)
    return x


def energy(
    memories: ArrayLike, queries: ArrayLike, *, beta: float, alpha: float = 1.0
) -> FloatArray:
    """Return E(x) = |x|²/2 - Ψ*(β Ξᵀ x)/β, with Ψ* the conjugate of the Tsallis entropy.

    Args:
        memories: (n_memories, dimension) patterns.
        queries: (n_queries, dimension) states.
        beta: β > 0.
        alpha: As for `retrieve`.

    Returns:
        (n_queries,).

    Raises:
        ConfigError: If β or α is out of range.
        DataError: If shapes disagree, or a value is not finite.
    """
    patterns, x = _patterns(memories, queries)
    check_positive(beta, name="beta")
    pull = tsallis_conjugate(beta * product_one_by_one(x, patterns.T), alpha) / beta
    level: FloatArray = (x * x).sum(axis=1) / 2 - pull
    return level


def product_one_by_one(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return rows · matrix, one row at a time, so that none depends on how many there are."""
    product: FloatArray = np.matmul(rows[:, None, :], matrix)[:, 0]
    return product


def _patterns(memories: ArrayLike, queries: ArrayLike) -> tuple[FloatArray, FloatArray]:
    shape, asked = np.shape(memories), np.shape(queries)
    if len(shape) != 2 or min(shape) < 1:
        raise DataError(f"`memories` must have shape (n_memories, dimension), got {shape}.")
    if len(asked) != 2 or asked[1] != shape[1]:
        raise DataError(f"`queries` must have shape (n_queries, {shape[1]}), got {asked}.")
    return check_matrix(memories, shape, name="memories"), check_matrix(
        queries, asked, name="queries"
    )
