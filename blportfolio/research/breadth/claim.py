"""The claim: a strategy is nowhere surely worse than a baseline, and on average no worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from blportfolio.report.inference import (
    PooledDifference,
    bootstrap_sharpe_difference,
    pooled_sharpe_difference,
)
from blportfolio.research.breadth.cells import SIZE
from blportfolio.research.breadth.runs import Breadth, Run


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of annualised Sharpe ratios, candidate less baseline, with its 95 % interval.

    Attributes:
        value: The difference; NaN where it is undefined.
        low: Lower bound.
        high: Upper bound.
        p_value: Two-sided.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan

    @property
    def is_surely_below(self) -> bool:
        """Whether the test finds it negative at 5 %."""
        return self.value < 0 and self.p_value < SIZE


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A strategy against a baseline on one universe, over the whole period.

    Attributes:
        strategy: Name of the strategy.
        baseline: Name of the baseline.
        universe: Name of the universe.
        window: The window of `at_window`, nearest to a year.
        at_window: The difference with that window, by the studentised bootstrap.
        over_windows: The mean over all windows, with the HAC interval that knows that they share
            their dates.
        failure: Why there is no figure; empty where there is.
    """

    strategy: str
    baseline: str
    universe: str
    window: int
    at_window: Gap
    over_windows: Gap
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Mean:
    """A strategy against a baseline, on average over universes.

    Attributes:
        strategy: Name of the strategy.
        baseline: Name of the baseline.
        at_window: The mean with the window nearest to a year; its interval allows for universes
            that share dates and assets.
        over_windows: The mean over universes and, within each, over windows.
        low_elsewhere: Lower bound of `at_window` where the universes are themselves a sample.
        high_elsewhere: Upper bound of the same.
        n_universes: How many were averaged.
    """

    strategy: str
    baseline: str
    at_window: Gap
    over_windows: Gap
    low_elsewhere: float
    high_elsewhere: float
    n_universes: int


def claim_rows(breadth: Breadth, strategy: str, baseline: str) -> tuple[ClaimRow, ...]:
    """Return the difference on every universe at `claim_cost`.

    Args:
        breadth: All runs.
        strategy: Name of the strategy that the claim is about.
        baseline: Name of the strategy that it is held against.
    """
    return tuple(_row(breadth, strategy, baseline, universe) for universe in breadth.plans)


def _row(breadth: Breadth, strategy: str, baseline: str, universe: str) -> ClaimRow:
    settings, plan = breadth.settings, breadth.plans[universe]
    pairs = claim_pairs(breadth, strategy, baseline, universe)
    at_window, over_windows = Gap(), Gap()
    if plan.claim_window in pairs:
        run, base = pairs[plan.claim_window]
        found = bootstrap_sharpe_difference(
            run.returns,
            base.returns,
            periods_per_year=plan.periods_per_year,
            n_draws=settings.n_draws,
            seed=settings.seed,
        )
        at_window = Gap(found.value, found.low, found.high, found.p_value)
    if pairs:
        over_windows = _gap(_pooled([pairs]))
    failure = "" if plan.claim_window in pairs else _failure(breadth, strategy, baseline, universe)
    return ClaimRow(
        strategy, baseline, universe, plan.claim_window, at_window, over_windows, failure
    )


def claim_mean(breadth: Breadth, strategy: str, baseline: str) -> Mean:
    """Return the mean over universes at `claim_cost`."""
    by_universe = [claim_pairs(breadth, strategy, baseline, universe) for universe in breadth.plans]
    usual = [
        {plan.claim_window: pairs[plan.claim_window]}
        for plan, pairs in zip(breadth.plans.values(), by_universe, strict=True)
        if plan.claim_window in pairs
    ]
    if not usual:
        return Mean(strategy, baseline, Gap(), Gap(), math.nan, math.nan, 0)
    at_window = _pooled(usual)
    over_windows = _pooled([pairs for pairs in by_universe if pairs])
    return Mean(
        strategy,
        baseline,
        _gap(at_window),
        _gap(over_windows),
        at_window.low_elsewhere,
        at_window.high_elsewhere,
        len(usual) - len(at_window.left_out),
    )


def claim_pairs(
    breadth: Breadth, strategy: str, baseline: str, universe: str
) -> dict[int, tuple[Run, Run]]:
    """Return by window the runs of both at `claim_cost`, where neither failed."""
    cost = float(breadth.settings.claim_cost or 0.0)
    pairs = {}
    for window in breadth.plans[universe].windows:
        run = breadth.good(universe, window, cost, strategy)
        base = breadth.good(universe, window, cost, baseline)
        if run is not None and base is not None:
            pairs[window] = (run, base)
    return pairs


def _failure(breadth: Breadth, strategy: str, baseline: str, universe: str) -> str:
    plan, cost = breadth.plans[universe], float(breadth.settings.claim_cost or 0.0)
    runs = (breadth.runs[universe, plan.claim_window, cost, name] for name in (strategy, baseline))
    return next((run.failure for run in runs if run.failure), "")


def _pooled(groups: Sequence[dict[int, tuple[Run, Run]]]) -> PooledDifference:
    """Return the mean over groups of the mean over each group's pairs.

    The mean of all pairs counts each alike, so groups with fewer enter more than once.
    """
    times = math.lcm(*(len(group) for group in groups))
    pairs, periods = {}, {}
    for number, group in enumerate(groups):
        for window, (run, base) in group.items():
            for copy in range(times // len(group)):
                key = f"{number} {window} {copy}"
                pairs[key] = (run.returns, base.returns)
                periods[key] = run.periods_per_year
    return pooled_sharpe_difference(pairs, periods_per_year=periods)


def _gap(pooled: PooledDifference) -> Gap:
    return Gap(pooled.value, pooled.low, pooled.high, pooled.p_value)


def holds(rows: Sequence[ClaimRow], mean: Mean) -> bool | None:
    """Tell whether the claim holds against one baseline; None where nothing can be said."""
    if not any(math.isfinite(row.at_window.value) for row in rows):
        return None
    return mean.at_window.value >= 0 and not any(row.at_window.is_surely_below for row in rows)


def claim_words(
    strategy: str, against: Sequence[tuple[Sequence[ClaimRow], Mean]], *, cost: float
) -> list[str]:
    """Say in words whether the claim holds, and where and by how much it does not.

    Args:
        strategy: What the claim is about.
        against: By baseline, the rows and the mean.
        cost: Basis points at which it was tested.
    """
    verdicts = [holds(rows, mean) for rows, mean in against]
    known = [verdict for verdict in verdicts if verdict is not None]
    if not known:
        return [f"The claim cannot be judged: {strategy} or the baselines ran nowhere."]
    n_tests = sum(
        math.isfinite(row.at_window.value) for row in chain.from_iterable(r for r, _ in against)
    )
    outcome = "holds" if all(known) else "does not hold"
    words = [
        f"The claim that {strategy} is nowhere significantly worse than a baseline and on average "
        f"no worse {outcome} at {cost:g} bp: it holds against {sum(known)} of {len(known)} "
        f"baselines ({n_tests} tests at 5 %, of which {SIZE / 2 * n_tests:.2g} would find it "
        "worse by chance if nothing differed)."
    ]
    words += [
        _against(rows, mean, verdict)
        for (rows, mean), verdict in zip(against, verdicts, strict=True)
    ]
    return words


def _against(rows: Sequence[ClaimRow], mean: Mean, verdict: bool | None) -> str:
    if verdict is None:
        return f"Against {mean.baseline}: no universe on which both ran."
    gap = mean.at_window
    worse = [row for row in rows if row.at_window.is_surely_below]
    below = [row for row in rows if row.at_window.value < 0 and row not in worse]
    known = [row for row in rows if math.isfinite(row.at_window.value)]
    absent = [row.universe for row in rows if row not in known]
    what, where = (
        ("difference", f"on {known[0].universe} alone")
        if len(known) == 1
        else ("mean difference", f"over {mean.n_universes} universes")
    )
    parts = [
        f"Against {mean.baseline} it {'holds' if verdict else 'does not hold'}: {what} "
        f"{gap.value:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}] {where}"
    ]
    if absent:
        parts.append(f"no figure for {', '.join(absent)}")
    if not gap.value >= 0:
        chance = ", which is within chance" if gap.high >= 0 else ", more than chance"
        parts.append(f"{-gap.value:.3f} short of zero{chance}")
    parts.append(
        "significantly worse on " + ", ".join(_named(row) for row in worse)
        if worse
        else "significantly worse on none"
    )
    if below:
        parts.append("below, within chance, on " + ", ".join(_named(row) for row in below))
    other = mean.over_windows
    return (
        f"{'; '.join(parts)}. Averaged over windows: {other.value:+.2f} "
        f"[{other.low:+.2f}, {other.high:+.2f}]."
    )


def _named(row: ClaimRow) -> str:
    return f"{row.universe} ({row.at_window.value:+.2f}, p {row.at_window.p_value:.3f})"
