"""Softmax, sparsemax and what lies between: regularised argmax maps onto the simplex.

p(z) = argmax over the simplex of <p, z> - Ψ(p), where Ψ(p) = Σ (p^α - p) / (α (α - 1)) is the
negative Tsallis entropy: α = 1 is softmax (Ψ = Σ p ln p), α = 2 sparsemax. For α > 1 far entries
get exactly zero. Adding a constant to a row of logits changes nothing.

Sources: Martins and Astudillo (2016), From Softmax to Sparsemax; Peters, Niculae and Martins
(2019), Sparse Sequence-to-Sequence Models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import ConfigError, DataError
from blportfolio.types import FloatArray
from blportfolio.validation import shown

_MOST_STEPS = 100
_RESOLUTION = 4 * np.finfo(float).eps


def entmax(logits: ArrayLike, alpha: float = 1.5) -> FloatArray:
    """Map each row of logits to probabilities: α-entmax along the last axis.

    Args:
        logits: (…, n) scores; an entry of minus infinity gets no weight.
        alpha: 1 for softmax, 2 for sparsemax, or between.

    Returns:
        (…, n) probabilities; a row does not depend on the rows beside it.

    Raises:
        ConfigError: If α is not between 1 and 2.
        DataError: If a row is empty, holds NaN or infinity, or has no finite entry.
    """
    check_alpha(alpha)
    shifted, _ = _shifted(logits)
    if alpha == 1:
        weights = np.exp(shifted)
    elif alpha == 2:
        weights = _by_sorting(shifted)
    elif alpha == 1.5:
        weights = _by_sorting_squares(shifted)
    else:
        weights = _by_newton(shifted, alpha)
    normalised: FloatArray = weights / weights.sum(axis=-1, keepdims=True)
    return normalised


def softmax(logits: ArrayLike) -> FloatArray:
    """Map each row of (…, n) logits to probabilities above zero, p ∝ exp(z).

    Raises:
        DataError: If a row is empty, holds NaN or infinity, or has no finite entry.
    """
    return entmax(logits, 1.0)


def sparsemax(logits: ArrayLike) -> FloatArray:
    """Map each row of (…, n) logits to the nearest point of the simplex.

    Raises:
        DataError: If a row is empty, holds NaN or infinity, or has no finite entry.
    """
    return entmax(logits, 2.0)


def tsallis_negentropy(weights: ArrayLike, alpha: float) -> FloatArray:
    """Return Ψ(p) = Σ (p^α - p) / (α (α - 1)) along the last axis; Σ p ln p at α = 1.

    Raises:
        ConfigError: If α is not between 1 and 2.
    """
    check_alpha(alpha)
    p = np.asarray(weights, dtype=float)
    log_p = np.log(p, where=p > 0, out=np.zeros_like(p))
    slope = alpha - 1
    # (p^(α-1) - 1) / (α-1) without the cancellation that would spoil it near α = 1.
    gain = np.expm1(slope * log_p) / slope if slope > 0 else log_p
    total: FloatArray = (p * gain).sum(axis=-1) / alpha
    return total


def tsallis_conjugate(logits: ArrayLike, alpha: float) -> FloatArray:
    """Return Ψ*(z) = max over the simplex of <p, z> - Ψ(p) along the last axis.

    Its gradient is `entmax`; at α = 1 it is the logarithm of Σ exp(z).

    Raises:
        ConfigError: If α is not between 1 and 2.
        DataError: If a row is empty, holds NaN or infinity, or has no finite entry.
    """
    p = entmax(logits, alpha)
    shifted, largest = _shifted(logits)
    inner = np.multiply(p, shifted, where=p > 0, out=np.zeros_like(p)).sum(axis=-1)
    value: FloatArray = largest[..., 0] + (inner - tsallis_negentropy(p, alpha))
    return value


def check_alpha(alpha: float) -> None:
    """Check that α names a map between softmax and sparsemax.

    Raises:
        ConfigError: If it does not.
    """
    is_number = isinstance(alpha, int | float | np.number) and not isinstance(alpha, bool)
    if not (is_number and 1 <= alpha <= 2):
        raise ConfigError(
            f"`alpha` must lie between 1 (softmax) and 2 (sparsemax), got {shown(alpha)}."
        )


def _shifted(logits: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the rows less their largest entry, and that entry."""
    z = np.asarray(logits, dtype=float, order="C")
    if z.ndim == 0 or z.shape[-1] == 0:
        raise DataError(f"`logits` must have shape (…, n) with n of 1 or more, got {z.shape}.")
    largest = z.max(axis=-1, keepdims=True)
    if not np.isfinite(largest).all():  # the maximum of a row with NaN is NaN
        raise DataError(
            "`logits` must be finite (or minus infinity for entries to leave out, not all of a "
            "row); one row holds NaN or infinity, or nothing finite."
        )
    with np.errstate(over="ignore"):  # a gap above 1e308 is as good as infinite
        return z - largest, largest


def _by_sorting(shifted: FloatArray) -> FloatArray:
    """Sparsemax: p = [z - τ]+, τ from the longest head of the sorted row that it leaves > 0."""
    z = np.maximum(shifted, -1.0)  # τ is never below max - 1, so nothing further down counts
    head = -np.sort(-z, axis=-1)
    count = np.arange(1, z.shape[-1] + 1)
    threshold = (np.cumsum(head, axis=-1) - 1) / count
    return np.maximum(z - _at_support(threshold, head), 0.0)


def _by_sorting_squares(shifted: FloatArray) -> FloatArray:
    """1.5-entmax: p = [z/2 - τ]+², τ the lower root of a quadratic over the head that is kept."""
    z = np.maximum(shifted / 2, -1.0)
    head = -np.sort(-z, axis=-1)
    count = np.arange(1, z.shape[-1] + 1)
    mean = np.cumsum(head, axis=-1) / count
    variance = np.cumsum(head**2, axis=-1) / count - mean**2
    threshold = mean - np.sqrt(np.maximum(1 / count - variance, 0.0))
    return np.asarray(np.maximum(z - _at_support(threshold, head), 0.0) ** 2)


def _at_support(threshold: FloatArray, head: FloatArray) -> FloatArray:
    """Return the threshold of each row at the last position where it lies below the entry."""
    size = np.count_nonzero(threshold < head, axis=-1)[..., None]
    return np.take_along_axis(threshold, np.maximum(size, 1) - 1, axis=-1)


def _by_newton(shifted: FloatArray, alpha: float) -> FloatArray:
    """General α: p = exp_α(z - s), exp_α(u) = [1 + (α-1) u]+^(1/(α-1)), s where they sum to 1.

    Newton's method on ((Σp)^(α-1) - 1)/(α-1), which is convex and falls in s: from the left it
    never passes the root, and towards α = 1 it becomes ln Σp, solved in one step.
    """
    slope = alpha - 1
    z = np.maximum(shifted, -1 / slope)
    start = np.zeros((*z.shape[:-1], 1))
    is_done = np.zeros(start.shape, dtype=bool)
    for _ in range(_MOST_STEPS):
        log_p = _log_exp_alpha(z - start, slope)
        total = np.exp(log_p).sum(axis=-1, keepdims=True)
        decline = np.exp((2 - alpha) * log_p).sum(axis=-1, keepdims=True)
        excess = np.expm1(slope * np.log(total)) / slope
        step = np.where(is_done, 0.0, excess * total ** (1 - slope) / decline)
        start = start + np.maximum(step, 0.0)
        is_done |= step <= _RESOLUTION * np.maximum(start, 1.0)
        if is_done.all():
            break
    return np.exp(_log_exp_alpha(z - start, slope))


def _log_exp_alpha(u: FloatArray, slope: float) -> FloatArray:
    """Return ln exp_α(u); minus infinity where it is zero."""
    grown = slope * u
    safe = np.log1p(grown, where=grown > -1, out=np.full_like(grown, -np.inf))
    log_p: FloatArray = safe / slope
    return log_p
