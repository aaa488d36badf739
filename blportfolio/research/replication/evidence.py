"""Error bars and tests of our own results, each strategy and window, net of costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.report import metrics
from blportfolio.report.inference import (
    BootstrapDifference,
    BootstrapInterval,
    PooledDifference,
    SuperiorAbility,
    bootstrap_sharpe_difference,
    bootstrap_sharpe_interval,
    deflated_sharpe,
    pooled_sharpe_difference,
    superior_predictive_ability,
)
from blportfolio.research.parallel import map_jobs
from blportfolio.research.replication.plan import CANDIDATE, MARKOWITZ, OPPONENTS, STRATEGIES
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.words import mean, over

Progress = Callable[[int, int], None]
RIVALS = (MARKOWITZ, *OPPONENTS)


@dataclass(frozen=True, slots=True)
class Standing:
    """One strategy with one window, net of costs.

    Attributes:
        strategy: Its packaged name.
        lookback: Window.
        sharpe: Annualised, with its bootstrap interval.
        difference: Sharpe ratio less the baseline's with the same window; None for the baseline.
        deflated: Probability that the ratio beats the luck of the best of all trials.
        cagr: Compound annual growth.
        max_drawdown: ≤ 0.
        turnover: Mean one-way turnover a decision, from drifted weights.
    """

    strategy: str
    lookback: int
    sharpe: BootstrapInterval
    difference: BootstrapDifference | None
    deflated: float
    cagr: float
    max_drawdown: float
    turnover: float


@dataclass(frozen=True, slots=True)
class Average:
    """A strategy averaged over the windows.

    Attributes:
        strategy: Its packaged name.
        sharpe: Mean Sharpe ratio.
        turnover: Mean turnover.
        sharpe_over_markowitz: Ratio of the means; NaN if Markowitz's is not above 0.
        turnover_over_markowitz: Ratio of the means.
        behind: Mean Sharpe ratio of the default strategy less this one's; None for itself.
    """

    strategy: str
    sharpe: float
    turnover: float
    sharpe_over_markowitz: float
    turnover_over_markowitz: float
    behind: PooledDifference | None

    @property
    def clears_floor(self) -> bool:
        """Whether Sharpe ≥ 1.5 × and turnover ≤ 0.45 × Markowitz's."""
        return self.sharpe_over_markowitz >= 1.5 and self.turnover_over_markowitz <= 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything that is claimed of our own results.

    Attributes:
        standings: By strategy and window.
        averages: By strategy.
        against: The default less each rival with the same window, by (rival, window).
        ability: Hansen's test that nothing beats the baseline.
    """

    standings: dict[tuple[str, int], Standing]
    averages: dict[str, Average]
    against: dict[tuple[str, int], BootstrapDifference]
    ability: SuperiorAbility

    def significantly_behind(self, level: float = 0.05) -> list[tuple[str, int]]:
        """Return the (rival, window) to which the default strategy is significantly inferior."""
        return [key for key, gap in self.against.items() if gap.value < 0 and gap.p_value < level]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A bootstrap of one series, or of the difference of two."""

    first: pd.Series
    second: pd.Series | None
    periods_per_year: float
    n_draws: int
    seed: int


def weigh_evidence(
    found: Replication, *, n_jobs: int | None = None, progress: Progress | None = None
) -> Evidence:
    """Return intervals, tests and averages of our own results.

    Args:
        found: What was run.
        n_jobs: Processes; by default one for each processor.
        progress: Called with bootstraps done and all.
    """
    settings, year = found.settings, found.periods_per_year
    cells = [(name, lookback) for name in STRATEGIES for lookback in settings.lookbacks]
    returns = {cell: found.returns(*cell) for cell in cells}
    pairs: dict[tuple[str, str, int], None] = {}
    for lookback in settings.lookbacks:
        pairs |= {(CANDIDATE, rival, lookback): None for rival in RIVALS}
        pairs |= {
            (name, settings.baseline, lookback): None
            for name in STRATEGIES
            if name != settings.baseline
        }
    jobs = [_Job(returns[cell], None, year, settings.n_draws, settings.seed) for cell in cells]
    jobs += [
        _Job(returns[a, n], returns[b, n], year, settings.n_draws, settings.seed)
        for a, b, n in pairs
    ]
    drawn = map_jobs(_draw, jobs, n_jobs=n_jobs, progress=progress)
    intervals = dict(zip(cells, drawn, strict=False))
    gaps = dict(zip(pairs, drawn[len(cells) :], strict=True))
    ratios = [intervals[cell].value for cell in cells if np.isfinite(intervals[cell].value)]
    wealth = {
        cell: metrics.wealth_of(earned, found.measured_since) for cell, earned in returns.items()
    }
    standings = {
        (name, lookback): Standing(
            name,
            lookback,
            intervals[name, lookback],
            gaps.get((name, settings.baseline, lookback)),
            deflated_sharpe(
                returns[name, lookback],
                trials=settings.n_trials,
                trial_sharpes=ratios,
                periods_per_year=year,
            ),
            metrics.cagr(wealth[name, lookback]),
            metrics.max_drawdown(wealth[name, lookback]),
            metrics.mean_turnover(found.backtests[name, lookback].turnover),
        )
        for name, lookback in cells
    }
    last = settings.lookbacks[-1]
    tested = {
        f"{name} {lookback}": returns[name, lookback]
        for name, lookback in cells
        if name != settings.baseline
    }
    return Evidence(
        standings,
        {name: _average(name, standings, returns, found) for name in STRATEGIES},
        {(b, n): gap for (a, b, n), gap in gaps.items() if a == CANDIDATE and b in RIVALS},
        superior_predictive_ability(
            pd.DataFrame(tested),
            returns[settings.baseline, last],
            n_draws=min(settings.n_draws, 1000),
            seed=settings.seed,
        ),
    )


def _draw(job: _Job) -> Any:  # noqa: ANN401, one of two kinds of result
    options: dict[str, Any] = {
        "periods_per_year": job.periods_per_year,
        "n_draws": job.n_draws,
        "seed": job.seed,
    }
    if job.second is None:
        return bootstrap_sharpe_interval(job.first, **options)
    return bootstrap_sharpe_difference(job.first, job.second, **options)


def _average(
    name: str,
    standings: dict[tuple[str, int], Standing],
    returns: dict[tuple[str, int], pd.Series],
    found: Replication,
) -> Average:
    lookbacks = found.settings.lookbacks

    def means(strategy: str) -> tuple[float, float]:
        rows = [standings[strategy, lookback] for lookback in lookbacks]
        return mean([row.sharpe.value for row in rows]), mean([row.turnover for row in rows])

    sharpe, turnover = means(name)
    markowitz_sharpe, markowitz_turnover = means(MARKOWITZ)
    behind = None
    if name != CANDIDATE:
        behind = pooled_sharpe_difference(
            {str(n): (returns[CANDIDATE, n], returns[name, n]) for n in lookbacks},
            periods_per_year=found.periods_per_year,
        )
    return Average(
        name,
        sharpe,
        turnover,
        over(sharpe, markowitz_sharpe),
        over(turnover, markowitz_turnover),
        behind,
    )
