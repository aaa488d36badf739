"""Tables of single strategies by universe: Sharpe ratio, turnover, and what chance explains."""

from __future__ import annotations

import math
from collections.abc import Callable

from blportfolio.report.inference import deflated_sharpe, probabilistic_sharpe, sharpe_interval
from blportfolio.report.study import Section, Table
from blportfolio.research.breadth.runs import Breadth, Run


def by_universe_tables(breadth: Breadth, trials: int | None, further: int = 0) -> list[Section]:
    """Return Sharpe ratio, turnover, probabilistic and deflated Sharpe by universe.

    Args:
        breadth: All runs.
        trials: Configurations that count as tried on each universe, if more than were run.
        further: Configurations that were run beside these.
    """
    cost = float(breadth.settings.claim_cost or 0.0)
    what = (
        f"At {cost:g} bp, with the window nearest to a year (60 periods at least), over the whole "
        "period."
    )
    tried = {name: _tried(breadth, name) for name in breadth.plans}
    counts = {name: max(trials or 1, len(ratios) + further) for name, ratios in tried.items()}
    counted = ", ".join(f"{name} {count}" for name, count in counts.items())

    def deflated(run: Run) -> str:
        probability = deflated_sharpe(
            run.returns,
            trials=counts[run.universe],
            trial_sharpes=tried[run.universe],
            periods_per_year=run.periods_per_year,
        )
        return _probability(probability)

    return [
        Section(
            "Sharpe ratio by universe",
            (f"{what} With 95 % HAC intervals.",),
            _table(breadth, cost, _sharpe),
        ),
        Section(
            "Turnover by universe",
            (f"{what} One-way, mean per decision after the first, percent.",),
            _table(breadth, cost, lambda run: _percent(run.turnover)),
        ),
        Section(
            "Probabilistic Sharpe ratio by universe",
            (f"{what} Probability that the true ratio is above 0, had this been the only trial.",),
            _table(
                breadth,
                cost,
                lambda run: _probability(
                    probabilistic_sharpe(run.returns, periods_per_year=run.periods_per_year)
                ),
            ),
        ),
        Section(
            "Deflated Sharpe ratio by universe",
            (
                f"{what} Probability that the true ratio exceeds what the best of all trials "
                "without skill would show. Trials are the strategies and windows run on the "
                f"universe{', and the rows of the ablation' if further else ''}: {counted}. They "
                "resemble one another, so that this is strict.",
            ),
            _table(breadth, cost, deflated),
        ),
    ]


def _tried(breadth: Breadth, universe: str) -> list[float]:
    """Return the Sharpe ratios of all strategies and windows on a universe."""
    cost = float(breadth.settings.claim_cost or 0.0)
    ratios = [
        run.sharpe_ratio
        for run in breadth.runs.values()
        if run.universe == universe and run.cost_bps == cost and not run.failure
    ]
    return [ratio for ratio in ratios if math.isfinite(ratio)]


def _table(breadth: Breadth, cost: float, cell: Callable[[Run], str]) -> Table:
    rows = []
    for strategy in breadth.strategies:
        texts = []
        for plan in breadth.plans.values():
            run = breadth.good(plan.name, plan.claim_window, cost, strategy)
            texts.append("failed" if run is None else cell(run))
        rows.append((strategy, *texts))
    return Table(("Strategy", *breadth.plans), tuple(rows))


def _sharpe(run: Run) -> str:
    found = sharpe_interval(run.returns, periods_per_year=run.periods_per_year)
    if not math.isfinite(found.value):
        return "–"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}" if math.isfinite(value) else "–"


def _probability(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"
