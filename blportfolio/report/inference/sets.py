"""Many strategies at once: whether one beats the baseline, and which may be the best."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.evaluation.confidence_set import ConfidenceSet
from blportfolio.report.inference.blocks import (
    block_averages,
    block_length,
    block_sums,
    check_settings,
    resampled_moments,
)
from blportfolio.report.inference.hac import FEWEST, influence_of, prewhitened_variance
from blportfolio.report.metrics import excess_returns, sharpe_ratio
from blportfolio.types import BoolArray, FloatArray
from blportfolio.validation import check_labels

Measure = Literal["sharpe", "mean"]

_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class SuperiorAbility:
    """Whether the best of several strategies beats the baseline, their number allowed for.

    Attributes:
        p_value: Of the hypothesis that none is better than the baseline, by Hansen's consistent
            version.
        lower: By the version that leaves out all that look worse: a lower bound.
        upper: By White's reality check, in which the worst ones count in full: an upper bound.
        best: The strategy that is the most standard errors ahead of the baseline.
        measure: "sharpe" or "mean".
        block: Periods in a block.
        n_draws: Resamples.
    """

    p_value: float
    lower: float
    upper: float
    best: str
    measure: Measure
    block: int
    n_draws: int


def superior_predictive_ability(
    results: pd.DataFrame,
    baseline: pd.Series,
    *,
    measure: Measure = "sharpe",
    risk_free_rate: float | pd.Series = 0.0,
    n_draws: int = 1_999,
    block: int | None = None,
    seed: int = 0,
) -> SuperiorAbility:
    """Test the hypothesis that no strategy is better than the baseline.

    The test compares mean performance. For "mean" that of one period is its return. For "sharpe"
    it is S + ψ, the ratio and what the period adds to it (see `sharpe_interval`): its mean is the
    ratio, and its variance that of the ratio by the delta method, so that the hypothesis is that
    no Sharpe ratio is higher than the baseline's. Each difference is divided by its standard error,
    as in the source and unlike `arch.bootstrap.SPA`, so that one which is known well is not lost
    beside others that are not; that of a resample by its own, as in Ledoit and Wolf, without which
    the test rejects too often in short histories.

    Args:
        results: (n_periods, n_strategies) simple returns per period, one column a strategy.
        baseline: (n_periods,) of the baseline on the same dates.
        measure: "sharpe" or "mean".
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        n_draws: Resamples of the circular block bootstrap.
        block: Periods in a block, cut to a quarter of the returns; by default the longest that the
            differences ask for.
        seed: Seed of the resamples.

    Returns:
        The p-values, (#{t* ≥ t} + 1)/(n_draws + 1) so never 0; 1 where no strategy is
        ahead of the baseline. Strategies whose ratio is undefined are left out.

    Raises:
        ConfigError: If `measure` is unknown, or `n_draws` or `block` is below 1.
        DataError: If dates differ, or there is no strategy, no ratio or fewer than ten periods.

    References:
        Hansen (2005), A test for superior predictive ability; White (2000), A reality check.
    """
    check_settings(level=0.95, n_draws=n_draws, block=block)
    if measure not in get_args(Measure):
        raise ConfigError(f"`measure` must be sharpe or mean, got {measure!r}.")
    if not results.index.equals(pd.Series(baseline).index):
        raise DataError("`results` and `baseline` must have the same dates; align them first.")
    table = _performance(results, measure, risk_free_rate)
    own = _performance(
        pd.Series(baseline).to_frame("baseline"), measure, risk_free_rate, name="baseline"
    )["baseline"]
    gaps = table.sub(own, axis=0)
    best = str(gaps.mean().idxmax())  # where nothing has an error
    differs = np.ptp(gaps.to_numpy(), axis=0) > _ROUNDING
    ahead = bool((gaps.loc[:, ~differs].mean() > _ROUNDING).any())
    gaps = gaps.loc[:, differs]
    if ahead or gaps.empty:  # one that is ahead by a constant needs no test
        p_value = 1 / (n_draws + 1) if ahead else 1.0
        return SuperiorAbility(p_value, p_value, p_value, best, measure, 1, n_draws)
    values = gaps.to_numpy()
    means = values.mean(axis=0)
    length = block_length(values, block)
    moves, drawn_errors = _resampled(values - means, length, n_draws, seed)
    scores = np.full(moves.shape, np.inf)  # to be careful, where a resample has no error
    np.divide(moves, drawn_errors, out=scores, where=drawn_errors > 0)
    errors = np.sqrt([prewhitened_variance(column) / len(values) for column in values.T])
    lower, consistent, upper = spa_p_values(means, errors, scores, len(values))
    best = str(gaps.columns[(means / errors).argmax()])
    return SuperiorAbility(consistent, lower, upper, best, measure, length, n_draws)


def spa_p_values(
    means: FloatArray, errors: FloatArray, scores: FloatArray, n_obs: int
) -> tuple[float, float, float]:
    """Return the lower, the consistent and the upper p-value.

    Args:
        means: (k,) mean performance above the baseline's.
        errors: (k,) standard errors of `means`, above 0.
        scores: (n_draws, k) resampled means less `means`, each divided by its standard error.
        n_obs: Periods.

    References:
        Hansen (2005), Section 3.2: what each version takes off, g_l, g_c and g_u.
    """
    seen = max(0.0, float((means / errors).max()))
    doomed = means < -errors * math.sqrt(2 * math.log(math.log(n_obs)))
    found = []
    for taken_off in (np.maximum(means, 0), np.where(doomed, 0, means), means):
        drawn = (scores + (means - taken_off) / errors).max(axis=1)
        found.append(_share(np.maximum(drawn, 0) >= seen))
    return found[0], found[1], found[2]


def _share(is_further: BoolArray) -> float:
    """Return the p-value of what is seen among draws, of which it is one more."""
    return float((is_further.sum() + 1) / (len(is_further) + 1))


def _resampled(
    centred: FloatArray, block: int, n_draws: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return (n_draws, k) means of resamples of centred columns, and their standard errors."""
    k = centred.shape[1]
    sums = block_sums(centred, block)
    drawn = block_averages(np.hstack([sums, sums**2]), block, n_draws, seed) / block
    means, squares = drawn[:, :k], drawn[:, k:]
    n_drawn = len(centred) // block * block
    return means, np.sqrt(np.maximum(squares - block * means**2, 0) / n_drawn)


def sharpe_confidence_set(
    results: pd.DataFrame,
    *,
    size: float = 0.1,
    risk_free_rate: float | pd.Series = 0.0,
    n_draws: int = 1_000,
    seed: int = 0,
) -> ConfidenceSet:
    """Return the strategies whose Sharpe ratio may be the highest.

    The model confidence set, by its range statistic, on S + ψ of each (see
    `superior_predictive_ability`), whose mean is the ratio. Resamples have their own standard
    errors, without which the set loses the best far too often in short histories. Strategies that
    differ in nothing but leverage share their place.

    Args:
        results: (n_periods, n_strategies) simple returns per period, one column a strategy.
        size: Probability that the best one is left out.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        n_draws: Resamples of the circular block bootstrap.
        seed: Seed of the resamples.

    Returns:
        The set; strategies whose ratio is undefined are in none.

    Raises:
        ConfigError: If `size` is not between 0 and 1, or `n_draws` is below 1.
        DataError: If there is no strategy, no ratio or fewer than ten periods.

    References:
        Hansen, Lunde and Nason (2011), The model confidence set, Section 3.1.2.
    """
    check_settings(level=size, n_draws=n_draws, block=None)
    table = _performance(results, "sharpe", risk_free_rate)
    values = table.to_numpy()
    values = values - values.mean(axis=1)[:, None]
    means = values.mean(axis=0)
    length = block_length(values)
    errors = np.zeros((len(means), len(means)))
    for i, j in itertools.combinations(range(len(means)), 2):
        variance = prewhitened_variance(values[:, i] - values[:, j])
        errors[i, j] = errors[j, i] = math.sqrt(variance / len(values))
    drawn = _drawn_distances(values - means, length, n_draws, seed)
    found = set_p_values(means - means[:, None], errors, drawn)
    p_values = dict(zip(table.columns, found, strict=True))
    included = tuple(name for name, p_value in p_values.items() if p_value > size)
    return ConfidenceSet(included, p_values, size, length)


def _drawn_distances(centred: FloatArray, block: int, n_draws: int, seed: int) -> FloatArray:
    """Return (n_draws, k, k) |differences| of resampled means, each in its own standard errors."""
    moves, covariances = resampled_moments(centred, block, n_draws, seed)
    own = np.diagonal(covariances, axis1=1, axis2=2)
    variances = own[:, :, None] + own[:, None, :] - 2 * covariances
    errors = np.sqrt(np.maximum(variances, 0) / (len(centred) // block * block))
    distances = np.full(errors.shape, np.inf)  # to be careful, where a resample has no error
    apart = np.abs(moves[:, :, None] - moves[:, None, :])
    np.divide(apart, errors, out=distances, where=errors > 0)
    return distances


def set_p_values(gaps: FloatArray, errors: FloatArray, drawn: FloatArray) -> list[float]:
    """Return the p-value at which each strategy leaves the model confidence set.

    Args:
        gaps: (k, k) by how much the second of a pair is ahead of the first.
        errors: (k, k) standard errors of them.
        drawn: (n_draws, k, k) distances of resampled gaps from `gaps`, in standard errors.

    References:
        Hansen, Lunde and Nason (2011): range statistic, elimination by the largest deficit.
    """
    is_known = errors > _ROUNDING
    # What differs by a constant is known for certain; by rounding alone, not at all.
    certain = np.where(np.abs(gaps) > _ROUNDING, np.copysign(np.inf, gaps), 0)
    deficits = np.where(is_known, gaps / np.where(is_known, errors, 1), certain)
    drawn = np.where(is_known, drawn, 0)
    left = list(range(len(gaps)))
    p_values = np.ones(len(gaps))
    least = 0.0
    while len(left) > 1:
        among = np.ix_(left, left)
        seen = deficits[among]
        furthest = drawn[:, left][:, :, left].max(axis=(1, 2))
        least = max(least, _share(furthest >= seen.max()))
        worst = left[int(seen.max(axis=1).argmax())]
        alike = (deficits[worst] == 0) & ~is_known[worst]  # itself and its twins
        p_values[alike] = least
        left = [i for i in left if not alike[i]]
    return [float(p_value) for p_value in p_values]


def _performance(
    results: pd.DataFrame,
    measure: Measure,
    risk_free_rate: float | pd.Series,
    *,
    name: str = "results",
) -> pd.DataFrame:
    """Return (n_periods, n_strategies) values whose means are the measure per period."""
    if len(results) < FEWEST:
        raise DataError(f"`{name}` must have {FEWEST} periods or more, got {len(results)}.")
    columns: dict[str, FloatArray] = {}
    labels = check_labels(map(str, results.columns), name=name)
    for strategy, (_, returns) in zip(labels, results.items(), strict=True):
        values = excess_returns(returns, risk_free_rate)
        if measure == "mean":
            columns[strategy] = values
        elif not math.isnan(sharpe_ratio(values)):
            columns[strategy] = values.mean() / values.std() + influence_of(values)
    if not columns:
        raise DataError(f"`{name}` must hold returns that vary, of one strategy at least.")
    return pd.DataFrame(columns, index=results.index)
