"""The model confidence set: the forecasters that the data cannot tell from the best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blportfolio.errors import DataError
from blportfolio.types import FloatArray
from blportfolio.validation import check_labels, check_matrix

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class ConfidenceSet:
    """Which forecasters may be the best.

    Attributes:
        included: Names that are in the set at its size.
        p_values: By name, the smallest size at which it falls out; 1 for the last one left.
        size: Probability that the best is not in the set.
        block_length: Mean length of the bootstrap's blocks, dates.
    """

    included: tuple[str, ...]
    p_values: dict[str, float]
    size: float
    block_length: int


def model_confidence_set(
    losses: ArrayLike,
    names: Sequence[str],
    *,
    size: float = 0.1,
    horizon: int = 1,
    n_resamples: int = 1_000,
    seed: int = 0,
) -> ConfidenceSet:
    """Return the forecasters whose expected loss may be the lowest.

    The stationary bootstrap resamples dates in blocks whose mean length comes from the data, by
    Politis and White's rule, at least the horizon and at most a tenth of the dates. Forecasters
    with identical losses share their place; one whose loss is higher by a constant falls out.

    Args:
        losses: (n_dates, n_models) losses in time order.
        names: (n_models,) unique names.
        size: Probability that the best one is left out.
        horizon: Steps ahead, so that blocks span forecasts that overlap.
        n_resamples: Bootstrap samples.
        seed: Seed of the bootstrap.

    Raises:
        DataError: If losses are not finite, shapes disagree, or there are fewer than ten dates.

    References:
        Hansen, Lunde and Nason (2011), The Model Confidence Set; range statistic.
    """
    from arch.bootstrap import MCS

    labels = check_labels(names, name="names")
    table = np.array(losses, dtype=float)
    if table.ndim != 2 or table.shape[1] != len(labels) or not len(labels):
        raise DataError(f"`losses` must have shape (n_dates, {len(labels)}), got {table.shape}.")
    table = np.array(check_matrix(table, table.shape, name="losses"))
    if len(table) < 10:
        raise DataError(f"`losses` must have ten dates or more, got {len(table)}.")
    scale = float(np.abs(table).max(initial=0.0)) or 1.0
    table = table / scale
    stands_for, beaten = _twins(table)
    kept = [i for i in range(len(labels)) if stands_for[i] == i and not beaten[i]]
    block = _block_length(table[:, kept], horizon)
    p_of = dict.fromkeys(range(len(labels)), 0.0)
    if len(kept) == 1:
        p_of[kept[0]] = 1.0
    else:
        contest = MCS(
            table[:, kept],
            size,
            reps=n_resamples,
            block_size=block,
            method="R",
            bootstrap="stationary",
            seed=np.random.default_rng(seed),
        )
        contest.compute()
        found = contest.pvalues["Pvalue"]
        for position, p_value in zip(found.index.to_list(), found.to_list(), strict=True):
            p_of[kept[position]] = float(p_value)
    p_values = {label: p_of[stands_for[i]] for i, label in enumerate(labels)}
    included = tuple(label for label, p_value in p_values.items() if p_value > size)
    return ConfidenceSet(included, p_values, size, block)


def _twins(table: FloatArray) -> tuple[list[int], list[bool]]:
    """Return which column each stands for, and which lie above another by a constant.

    Their difference has no variance, by which the statistic would divide.
    """
    stands_for = list(range(table.shape[1]))
    beaten = [False] * table.shape[1]
    for i in range(table.shape[1]):
        for j in range(i):
            gap = table[:, i] - table[:, j]
            if stands_for[j] != j or np.ptp(gap) > _ROUNDING:
                continue
            if abs(gap.mean()) <= _ROUNDING:
                stands_for[i] = j
                break
            beaten[i if gap.mean() > 0 else j] = True
    return stands_for, beaten


def _block_length(table: FloatArray, horizon: int) -> int:
    """Return the longest block that the differences from the mean loss ask for."""
    from arch.bootstrap import optimal_block_length

    excess = table - table.mean(axis=1, keepdims=True)
    excess = excess[:, np.ptp(excess, axis=0) > _ROUNDING]
    most = max(1, len(table) // 10)
    wanted = float(horizon)
    if excess.shape[1]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a series without autocorrelation needs no block
            lengths = optimal_block_length(excess)["stationary"].to_numpy()
        finite = lengths[np.isfinite(lengths)]
        wanted = max(wanted, float(finite.max(initial=1.0)))
    return int(min(most, max(1, np.ceil(wanted))))
