"""Scores of forecasts: size of the errors, direction, and how far they follow the last value.

Signs: a step counts for `hit_rate` where forecast and outcome both have a sign, and for `collapse`
where forecast and last value both have one; zero has none. So the forecast zero has neither score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.types import BoolArray, FloatArray, IntArray
from blportfolio.validation import first_true

LEAST_ACROSS = 5
"""Series that a date needs for a correlation across them."""
_FLAT = 1e-12
"""Spread, relative to the largest value, below which a forecast is constant up to rounding."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How good forecasts are; NaN where a score is not defined.

    Attributes:
        n_steps: Number of forecast steps that were scored.
        mse: Mean squared error, in the unit of the data squared.
        mae: Mean absolute error, in the unit of the data.
        bias: Mean of forecast less outcome.
        relative_mse: MSE over that of the reference on the same steps; of zero where none is given.
        r2_zero: Out-of-sample R² against zero, 1 - Σ(y - f)² / Σy².
        r2_mean: Out-of-sample R² against the mean that was known then.
        hit_rate: Share of steps whose sign was forecast.
        ic: Information coefficient: Pearson correlation of forecast and outcome over all steps.
        collapse: Larger share of forecasts with the sign of the last value, or with the opposite
            one: near 1, they say no more than that sign; near 0.5, they do not depend on it.
    """

    n_steps: int
    mse: float
    mae: float
    bias: float
    relative_mse: float
    r2_zero: float
    r2_mean: float
    hit_rate: float
    ic: float
    collapse: float


def score(
    forecast: ArrayLike,
    target: ArrayLike,
    last: ArrayLike,
    *,
    mean: ArrayLike | None = None,
    reference: ArrayLike | None = None,
) -> Scores:
    """Score forecasts, pooled over all windows and steps.

    Args:
        forecast: (n_windows, horizon) forecasts, or (n_windows,) of one step.
        target: What came, like `forecast`.
        last: (n_windows,) last value before each.
        mean: Forecasts of the prevailing mean, like `forecast`.
        reference: Forecasts that `relative_mse` is relative to, like `forecast`.

    Returns:
        Scores; with no window at all, every score is NaN.

    Raises:
        DataError: If shapes disagree or a value is not finite.
    """
    f, y = _pair(forecast, target)
    others = _others(y, mean, reference)
    return _score(f, y, _last(last, y), *others)


def score_by_consistency(
    forecast: ArrayLike,
    target: ArrayLike,
    last: ArrayLike,
    *,
    mean: ArrayLike | None = None,
    reference: ArrayLike | None = None,
) -> dict[str, Scores]:
    """Score the steps whose outcome has the sign of the last value, and those that turn it.

    Which of the two a step is, nobody knows beforehand: the split explains, it cannot be traded.

    Args:
        forecast: As in `score`.
        target: As in `score`.
        last: As in `score`.
        mean: As in `score`.
        reference: As in `score`.

    Returns:
        Scores of the `consistent` and the `inconsistent` steps; those where the outcome or the
        last value is zero are in neither.

    Raises:
        DataError: If shapes disagree or a value is not finite.
    """
    f, y = _pair(forecast, target)
    before = _last(last, y)
    others = _others(y, mean, reference)
    agreement = sign_consistency(y, before)
    return {
        name: _score(f[rows], y[rows], before[rows], *(other[rows] for other in others))
        for name, rows in (("consistent", agreement > 0), ("inconsistent", agreement < 0))
    }


def sign_consistency(target: ArrayLike, last: ArrayLike) -> FloatArray:
    """Return 1 where an outcome has the sign of the last value, -1 where the opposite, else 0.

    Args:
        target: (n_windows, horizon) outcomes.
        last: (n_windows,) last values, or like `target`.
    """
    y = np.asarray(target, dtype=float)
    signs: FloatArray = np.sign(y) * np.sign(_last(last, y))
    return signs


def cross_sectional_ic(
    forecast: ArrayLike, target: ArrayLike, origins: IntArray, channels: IntArray
) -> float:
    """Return the mean over dates of Spearman's correlation across series.

    It says whether forecasts rank assets, which the pooled correlation mixes with whether they
    time the market. Targets of several steps are summed.

    Args:
        forecast: (n_windows, horizon) forecasts.
        target: What came, like `forecast`.
        origins: (n_windows,) date of each window.
        channels: (n_windows,) series of each window.

    Returns:
        The mean over the dates with five series or more whose forecasts differ; NaN without any.

    Raises:
        DataError: If shapes disagree or a value is not finite.
    """
    f, y = _pair(forecast, target)
    if not len(y):
        return float("nan")
    dates, row = np.unique(origins, return_inverse=True)
    series, column = np.unique(channels, return_inverse=True)
    if len(series) < LEAST_ACROSS:
        return float("nan")
    tables = np.full((2, len(dates), len(series)), np.nan)
    tables[:, row, column] = f.sum(axis=1), y.sum(axis=1)
    tables = tables[:, np.isfinite(tables[0]).sum(axis=1) >= LEAST_ACROSS]
    spread = np.nanmax(tables[0], axis=1, initial=-np.inf) - np.nanmin(
        tables[0], axis=1, initial=np.inf
    )
    largest = np.nanmax(np.abs(tables[0]), axis=1, initial=0.0)
    tables = tables[:, spread > _FLAT * largest]
    if not tables.shape[1]:
        return float("nan")
    from scipy.stats import rankdata  # takes half a second to load

    ranks = rankdata(tables, axis=2, nan_policy="omit")
    ranks -= np.nanmean(ranks, axis=2, keepdims=True)
    products = np.nansum(ranks[0] * ranks[1], axis=1)
    norms = np.sqrt(np.nansum(ranks[0] ** 2, axis=1) * np.nansum(ranks[1] ** 2, axis=1))
    return float(np.mean(products[norms > 0] / norms[norms > 0])) if (norms > 0).any() else np.nan


def loss_by_date(loss: FloatArray, origins: IntArray) -> FloatArray:
    """Return (n_dates,) means of losses over the steps and series of each date, in time order.

    Tests compare these: what series share on one date would otherwise count once for each.

    Args:
        loss: (n_windows, horizon) losses.
        origins: (n_windows,) date of each window.
    """
    _, row = np.unique(origins, return_inverse=True)
    means: FloatArray = np.bincount(row, weights=loss.mean(axis=1)) / np.bincount(row)
    return means


def _score(
    f: FloatArray, y: FloatArray, before: FloatArray, known: FloatArray, reference: FloatArray
) -> Scores:
    """Score arrays of one shape; `known` may be NaN."""
    if not y.size:
        return Scores(0, *[float("nan")] * 9)
    # A power of two keeps squares in range and every digit of the ratios.
    unit = float(np.exp2(np.floor(np.log2(largest)))) if (largest := _largest(y)) > 0 else 1.0
    error, outcome = f / unit - y / unit, y / unit
    squared, of_zero = float(np.mean(error**2)), float(np.mean(outcome**2))
    of_mean = float(np.mean((known / unit - outcome) ** 2))
    of_reference = float(np.mean((reference / unit - outcome) ** 2))
    same = np.sign(f) * np.sign(before)
    hits = np.sign(f) * np.sign(y)
    follows = _share(same)
    return Scores(
        n_steps=y.size,
        mse=squared * unit * unit,
        mae=float(np.mean(np.abs(error))) * unit,
        bias=float(np.mean(error)) * unit,
        relative_mse=_ratio(squared, of_reference),
        r2_zero=1 - _ratio(squared, of_zero),
        r2_mean=1 - _ratio(squared, of_mean),
        hit_rate=_share(hits),
        ic=_correlation(f, y),
        collapse=max(follows, 1 - follows),
    )


def _share(signs: FloatArray) -> float:
    """Return the share of +1 among the entries that are not zero."""
    positive, negative = int((signs > 0).sum()), int((signs < 0).sum())
    return positive / (positive + negative) if positive + negative else float("nan")


def _ratio(loss: float, reference: float) -> float:
    return loss / reference if reference > 0 else float("nan")


def _largest(values: FloatArray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _correlation(f: FloatArray, y: FloatArray) -> float:
    """Return Pearson's correlation; NaN where one of the two is constant up to rounding."""
    sides = []
    for values in (f.ravel(), y.ravel()):
        largest = _largest(values)
        if np.ptp(values) <= _FLAT * largest:
            return float("nan")
        centred = values / largest
        sides.append(centred - centred.mean())
    a, b = sides
    return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


def _pair(forecast: ArrayLike, target: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return forecast and target as finite (n_windows, horizon) arrays."""
    y = np.asarray(target, dtype=float)
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2:
        raise DataError(f"`target` must have shape (n_windows, horizon), got {y.shape}.")
    _check(np.isfinite(y), "target")
    return _like(forecast, y, "forecast"), y


def _like(values: ArrayLike, y: FloatArray, name: str) -> FloatArray:
    array = np.asarray(values, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.shape != y.shape:
        raise DataError(f"`{name}` must have the shape {y.shape} of `target`, got {array.shape}.")
    _check(np.isfinite(array), name)
    return array


def _others(
    y: FloatArray, mean: ArrayLike | None, reference: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return the forecasts to compare with: NaN for an unknown mean, zero for no reference."""
    return (
        np.full(y.shape, np.nan) if mean is None else _like(mean, y, "mean"),
        np.zeros(y.shape) if reference is None else _like(reference, y, "reference"),
    )


def _last(last: ArrayLike, y: FloatArray) -> FloatArray:
    """Return the last values beside each step of `y`."""
    values = np.asarray(last, dtype=float)
    if values.shape == y.shape:
        return values
    if values.shape != (len(y),):
        raise DataError(f"`last` must have shape ({len(y)},), got {values.shape}.")
    _check(np.isfinite(values), "last")
    return np.broadcast_to(values.reshape(-1, *[1] * (y.ndim - 1)), y.shape)


def _check(good: BoolArray, name: str) -> None:
    if not good.all():
        where = ", ".join(map(str, first_true(~good)))
        raise DataError(f"`{name}` must be finite; the entry at ({where}) is not.")
