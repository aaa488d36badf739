"""Many strategies at once: whether one beats the baseline, and which may be the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.evaluation.confidence_set import ConfidenceSet, model_confidence_set
from blportfolio.report.inference.blocks import FEWEST, block_length, check_settings
from blportfolio.report.inference.hac import influence_of
from blportfolio.report.metrics import excess_returns, sharpe_ratio
from blportfolio.types import FloatArray
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
        best: The strategy whose measure is the highest above the baseline's.
        measure: "sharpe" or "mean".
        block: Mean periods in a block.
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
    no Sharpe ratio is higher than the baseline's.

    Args:
        results: (n_periods, n_strategies) simple returns per period, one column a strategy.
        baseline: (n_periods,) of the baseline on the same dates.
        measure: "sharpe" or "mean".
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        n_draws: Resamples of the stationary bootstrap.
        block: Mean periods in a block; by default the longest that the differences ask for.
        seed: Seed of the resamples.

    Returns:
        The p-values, (#{t* ≥ t} + 1)/(n_draws + 1) so never 0; 1 where no strategy differs from
        the baseline. Strategies whose ratio is undefined are left out.

    Raises:
        ConfigError: If `measure` is unknown, or `n_draws` or `block` is below 1.
        DataError: If dates differ, or there is no strategy, no ratio or fewer than ten periods.

    References:
        Hansen (2005), A test for superior predictive ability; White (2000), A reality check.
    """
    from arch.bootstrap import SPA

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
    best = str(gaps.mean().idxmax())
    differs = np.ptp(gaps.to_numpy(), axis=0) > _ROUNDING
    ahead = bool((gaps.loc[:, ~differs].mean() > _ROUNDING).any())
    gaps = gaps.loc[:, differs]
    if ahead or gaps.empty:  # one that is ahead by a constant needs no test
        p_value = 1 / (n_draws + 1) if ahead else 1.0
        return SuperiorAbility(p_value, p_value, p_value, best, measure, 1, n_draws)
    values = gaps.to_numpy()
    length = block_length(values, block)
    test = SPA(
        np.zeros(len(values)),
        -values,
        block_size=length,
        reps=n_draws,
        bootstrap="stationary",
        seed=np.random.default_rng(seed),
    )
    test.compute()
    found = test.pvalues
    consistent, lower, upper = (
        (float(found[key]) * n_draws + 1) / (n_draws + 1)
        for key in ("consistent", "lower", "upper")
    )
    return SuperiorAbility(consistent, lower, upper, best, measure, length, n_draws)


def sharpe_confidence_set(
    results: pd.DataFrame,
    *,
    size: float = 0.1,
    risk_free_rate: float | pd.Series = 0.0,
    n_draws: int = 1_000,
    seed: int = 0,
) -> ConfidenceSet:
    """Return the strategies whose Sharpe ratio may be the highest.

    The model confidence set of forecasts (`forecasters.evaluation`) on the losses −(S + ψ), whose
    means are the negative ratios per period.

    Args:
        results: (n_periods, n_strategies) simple returns per period, one column a strategy.
        size: Probability that the best one is left out.
        risk_free_rate: Decimal rate per period, one number or a series on the same dates.
        n_draws: Resamples of the stationary bootstrap.
        seed: Seed of the resamples.

    Returns:
        The set; strategies whose ratio is undefined are in none.

    Raises:
        DataError: If there is no strategy, no ratio or fewer than ten periods.

    References:
        Hansen, Lunde and Nason (2011), The model confidence set.
    """
    table = _performance(results, "sharpe", risk_free_rate)
    losses = -table.to_numpy()
    return model_confidence_set(
        losses, table.columns.to_list(), size=size, n_resamples=n_draws, seed=seed
    )


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
