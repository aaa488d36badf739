"""Structured state-space duality: one linear sequence map as recurrence, attention and chunks.

    h_t = a_t h_{t-1} + b_t x_tᵀ,   y_t = h_tᵀ c_t,   h_0 = 0

with a state h_t of shape (N, P) and decays a_t that are one number (scalar form) or one for each of
the N rows (diagonal form). Summed out, y = M x with the masked attention matrix

    M_ji = Σ_n c_jⁿ (a_jⁿ … a_{i+1}ⁿ) b_iⁿ  for j ≥ i, else 0:

c plays the queries, b the keys, x the values, and products of decays are the mask. Products of
segments are always multiplied out, never divided or taken by logarithms, so decays may be zero,
negative or close to one.

Source: Dao and Gu (2024), Transformers are SSMs (arXiv 2405.21060); Hu et al. (2025), On Structured
State-Space Duality (arXiv 2510.04944), for the diagonal form and the order of a kernel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.forecasters.checks import check_whole
from blportfolio.types import FloatArray
from blportfolio.validation import check_matrix


def ssd_recurrent(a: ArrayLike, b: ArrayLike, c: ArrayLike, x: ArrayLike) -> FloatArray:
    """Run the recurrence step by step: O(T N P) time, O(N P) memory.

    Args:
        a: (T,) decays shared by all states, or (T, N) one for each; the first one is never used.
        b: (T, N) what each state takes of an input.
        c: (T, N) what the output takes of each state.
        x: (T, P) inputs, one column for each of P channels.

    Returns:
        (T, P) outputs.

    Raises:
        DataError: If shapes disagree, or a value is not finite.
    """
    decay, write, read = _coefficients(a, b, c)
    inputs = _inputs(x, len(write))
    state = np.zeros((write.shape[1], inputs.shape[1]))
    outputs = np.empty_like(inputs)
    for t in range(len(inputs)):
        state = decay[t][:, None] * state + write[t][:, None] * inputs[t]
        outputs[t] = read[t] @ state
    return outputs


def ssd_kernel(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> FloatArray:
    """Return the masked attention matrix M of the same map: y = M x, O(T²) time and memory.

    In the scalar form M = 1SS(a) ∘ (c bᵀ); in the diagonal form it is the sum of N such heads of
    one dimension, each with a mask of its own.

    Args:
        a: (T,) or (T, N) decays.
        b: (T, N) keys.
        c: (T, N) queries.

    Returns:
        (T, T) lower triangular matrix.

    Raises:
        DataError: If shapes disagree, or a value is not finite.
    """
    decay, write, read = _coefficients(a, b, c)
    if decay.shape[1] == 1:
        return segment_products(decay[:, 0]) * (read @ write.T)
    kernel = np.zeros((len(write), len(write)))
    for n in range(write.shape[1]):
        kernel += segment_products(decay[:, n]) * np.outer(read[:, n], write[:, n])
    return kernel


def ssd_chunked(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, x: ArrayLike, *, chunk: int = 64
) -> FloatArray:
    """Attend within chunks and carry the state from one to the next: O(T) for a fixed chunk.

    Python loops over chunks, never over single steps.

    Args:
        a: (T,) or (T, N) decays.
        b: (T, N) what each state takes of an input.
        c: (T, N) what the output takes of each state.
        x: (T, P) inputs.
        chunk: Steps in a chunk; the last may be shorter.

    Returns:
        (T, P) outputs.

    Raises:
        ConfigError: If `chunk` is no whole number of 1 or more.
        DataError: If shapes disagree, or a value is not finite.
    """
    check_whole(chunk, 1, name="chunk")
    decay, write, read = _coefficients(a, b, c)
    inputs = _inputs(x, len(write))
    state = np.zeros((write.shape[1], inputs.shape[1]))
    outputs = np.empty_like(inputs)
    for begin in range(0, len(inputs), int(chunk)):
        part = slice(begin, begin + int(chunk))
        outputs[part], state = _one_chunk(decay[part], write[part], read[part], inputs[part], state)
    return outputs


def segment_products(a: ArrayLike) -> FloatArray:
    """Return the mask 1SS(a): a_j … a_{i+1} at row j ≥ column i, ones on the diagonal, else 0.

    Args:
        a: (T,) decays, or (T, N) for N masks at once; the first one is never used.

    Returns:
        (T, T) or (T, T, N).
    """
    decay = np.asarray(a, dtype=float)
    steps = np.arange(len(decay))
    is_below = (steps[:, None] > steps).reshape(len(decay), len(decay), *[1] * (decay.ndim - 1))
    products = np.cumprod(np.where(is_below, decay[:, None], 1.0), axis=0)
    is_past = is_below | np.eye(len(decay), dtype=bool).reshape(is_below.shape)
    return np.where(is_past, products, 0.0)


def semiseparable_order(matrix: ArrayLike, *, tolerance: float = 1e-10) -> int:
    """Return the largest rank of matrix[j:, :j + 1]: states that a recurrence for it needs.

    Args:
        matrix: (T, T) map of a sequence, lower triangular.
        tolerance: Singular values below this share of the largest entry count as zero.

    Raises:
        DataError: If the matrix is not square and finite.
    """
    kernel = _square(matrix)
    small = tolerance * float(np.abs(kernel).max(initial=0.0))
    return max((_rank(kernel[j:, : j + 1], small) for j in range(len(kernel))), default=0)


def new_columns(matrix: ArrayLike, *, tolerance: float = 1e-10) -> int:
    """Return how many columns t have matrix[t:, t] outside the span of matrix[t:, :t].

    Masked attention of bounded width with one decay needs few of them (Hu et al. 2025).

    Args:
        matrix: (T, T) map of a sequence, lower triangular.
        tolerance: Singular values below this share of the largest entry count as zero.

    Raises:
        DataError: If the matrix is not square and finite.
    """
    kernel = _square(matrix)
    small = tolerance * float(np.abs(kernel).max(initial=0.0))
    return sum(
        _rank(kernel[t:, : t + 1], small) > _rank(kernel[t:, :t], small) for t in range(len(kernel))
    )


def _one_chunk(
    decay: FloatArray, write: FloatArray, read: FloatArray, inputs: FloatArray, state: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return a chunk's outputs and the state after it, from the state before it."""
    mask = segment_products(decay)  # (steps, steps, N), or (steps, steps, 1) in the scalar form
    if mask.shape[2] == 1:
        within = mask[:, :, 0] * (read @ write.T)
    else:
        within = np.einsum("jin,jn,in->ji", mask, read, write)
    since_begin = np.cumprod(decay, axis=0)
    outputs = within @ inputs + (read * since_begin) @ state
    after = (mask[-1] * write).T @ inputs + since_begin[-1][:, None] * state
    return outputs, after


def _coefficients(
    a: ArrayLike, b: ArrayLike, c: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return decays (T, 1) or (T, N), and b and c (T, N)."""
    shape = np.shape(b)
    if len(shape) != 2 or min(shape) < 1:
        raise DataError(f"`b` must have shape (T, N), got {shape}.")
    write, read = check_matrix(b, shape, name="b"), check_matrix(c, shape, name="c")
    given = np.shape(a)
    if given not in ((shape[0],), shape):
        raise DataError(
            f"`a` must have shape ({shape[0]},), one decay for all states, or {shape}, one for "
            f"each, got {given}."
        )
    wide = (shape[0], 1) if len(given) == 1 else shape
    return check_matrix(np.reshape(a, wide), wide, name="a"), write, read


def _inputs(x: ArrayLike, steps: int) -> FloatArray:
    shape = np.shape(x)
    if len(shape) != 2 or shape[0] != steps:
        raise DataError(f"`x` must have shape ({steps}, P), got {shape}.")
    return check_matrix(x, shape, name="x")


def _square(matrix: ArrayLike) -> FloatArray:
    size = len(np.atleast_1d(matrix))
    return check_matrix(matrix, (size, size), name="matrix")


def _rank(block: FloatArray, small: float) -> int:
    if 0 in block.shape:
        return 0
    return int(np.count_nonzero(np.linalg.svd(block, compute_uv=False) > small))
