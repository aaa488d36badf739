"""Circular blocks of periods: how long they are, and what sums a resample has."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from blportfolio.errors import ConfigError
from blportfolio.types import FloatArray, IntArray

_DRAWN_AT_ONCE = 1_000_000
"""Blocks that are held in memory at a time."""


def check_settings(*, level: float, n_draws: int, block: int | None) -> None:
    """Refuse settings that no bootstrap can have.

    Raises:
        ConfigError: If `level` is not between 0 and 1, or `n_draws` or `block` is below 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"`level` must lie between 0 and 1, got {level}.")
    if n_draws < 1:
        raise ConfigError(f"`n_draws` must be 1 or more, got {n_draws}.")
    if block is not None and block < 1:
        raise ConfigError(f"`block` must be 1 period or more, got {block}.")


def block_length(columns: FloatArray, block: int | None = None) -> int:
    """Return the length of blocks: the given one or an automatic one, at most n/4.

    Args:
        columns: (n_periods, n_columns) series whose means are resampled.
        block: Periods in a block; by default the longest that the columns ask for by the rule of
            Politis and White for the circular bootstrap, n^(1/3) at least: that rule sees the
            memory of the means only, and the standard errors of resamples have their own.

    References:
        Politis and White (2004), Automatic block-length selection for the dependent bootstrap,
        with the correction of Patton, Politis and White (2009).
    """
    wanted = _automatic_length(columns) if block is None else block
    return max(1, min(wanted, len(columns) // 4))


def _automatic_length(columns: FloatArray) -> int:
    least = math.cbrt(len(columns)) - 1e-9
    wanted = [politis_white_length(column) for column in columns.T if np.ptp(column) > 0]
    return math.ceil(max([least, *filter(math.isfinite, wanted)]))


def politis_white_length(values: FloatArray) -> float:
    """Return the length of circular blocks that is best for the mean of a series.

    As `arch.bootstrap.optimal_block_length`, which would load statsmodels and matplotlib for it.

    Args:
        values: (n_periods,) series that varies, of ten periods or more.

    Returns:
        Periods, at most 3√n and n/3; not finite where a long-run variance is not above 0.
    """
    n_obs = len(values)
    centred = values - values.mean()
    in_a_row = 5  # autocorrelations that are to be small until the memory counts as over
    most = math.ceil(math.sqrt(n_obs)) + in_a_row
    products = np.array([centred[lag:] @ centred[: n_obs - lag] for lag in range(most + 1)])
    autocovariances = products / n_obs
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])
    dropped = np.arange(1, most + 1)  # the last lag is never judged
    sizes = np.sqrt((squares[-1] - squares[dropped]) * squares[n_obs - dropped])
    is_small = np.abs(products[:-1]) < 2 * math.sqrt(math.log10(n_obs) / n_obs) * sizes
    runs = np.lib.stride_tricks.sliding_window_view(is_small, in_a_row).all(axis=1)
    memory = min(2 * max(int(runs.argmax()), 1), most) if runs.any() else most
    lags = np.arange(1, memory + 1)
    tapered = np.minimum(1, 2 * (1 - lags / memory)) * autocovariances[1 : memory + 1]
    variance = autocovariances[0] + 2 * tapered.sum()
    if not variance**2 > 0:
        return math.nan
    length = np.cbrt(1.5 * n_obs) * abs(2 * (lags @ tapered) / variance) ** (2 / 3)
    return float(min(length, np.ceil(min(3 * math.sqrt(n_obs), n_obs / 3))))


def block_sums(columns: FloatArray, block: int) -> FloatArray:
    """Return (n_periods, n_columns) sums over the `block` periods from each one, in a circle."""
    around = np.concatenate([columns, columns[: block - 1]])
    windows = np.lib.stride_tricks.sliding_window_view(around, block, axis=0)
    sums: FloatArray = windows.sum(axis=-1)
    return sums


def drawn_starts(n_obs: int, block: int, n_draws: int, seed: int) -> Iterator[IntArray]:
    """Yield (some draws, ⌊n_obs / block⌋) first periods of blocks, in the order of the draws."""
    rng = np.random.default_rng(seed)
    n_blocks = n_obs // block
    at_once = max(1, _DRAWN_AT_ONCE // n_blocks)
    for done in range(0, n_draws, at_once):
        count = min(at_once, n_draws - done)
        yield rng.integers(0, n_obs, size=(count, n_blocks))


def block_averages(table: FloatArray, block: int, n_draws: int, seed: int) -> FloatArray:
    """Return (n_draws, n_columns) averages over the ⌊n_periods / block⌋ blocks of each resample.

    Args:
        table: (n_periods, n_columns) what the block that begins at each period counts for.
        block: Periods in a block.
        n_draws: Resamples.
        seed: Seed of the draws.
    """
    n_obs = len(table)
    averages = [
        _counts(starts, n_obs) @ table / starts.shape[1]
        for starts in drawn_starts(n_obs, block, n_draws, seed)
    ]
    return np.concatenate(averages)


def resampled_moments(
    columns: FloatArray, block: int, n_draws: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return means of resamples, and the covariance of block sums within each.

    Args:
        columns: (n_periods, k) series.
        block: Periods in a block.
        n_draws: Resamples, of ⌊n_periods / block⌋ blocks each.
        seed: Seed of the draws.

    Returns:
        (n_draws, k) means, and (n_draws, k, k) long-run covariances of one period: those of
        the sums of the blocks that were drawn, divided by the length of a block.
    """
    k = columns.shape[1]
    sums = block_sums(columns, block)
    upper = np.triu_indices(k)
    table = np.hstack([sums, sums[:, upper[0]] * sums[:, upper[1]]])
    totals = block_averages(table, block, n_draws, seed)
    means = totals[:, :k] / block
    covariances = np.empty((n_draws, k, k))
    covariances[:, upper[0], upper[1]] = totals[:, k:]
    covariances[:, upper[1], upper[0]] = totals[:, k:]
    covariances /= block
    return means, covariances - block * means[:, :, None] * means[:, None, :]


def _counts(starts: IntArray, n_obs: int) -> csr_array:
    """Return the (n_draws, n_periods) matrix that adds up what each draw took."""
    n_draws, n_blocks = starts.shape
    edges = np.arange(0, n_draws * n_blocks + 1, n_blocks)
    return csr_array((np.ones(starts.size), starts.ravel(), edges), shape=(n_draws, n_obs))
