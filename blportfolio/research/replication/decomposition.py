"""Where the published numbers come from: one change at a time, on every window and on average."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from blportfolio.report import metrics
from blportfolio.report.inference import PooledDifference, pooled_sharpe_difference
from blportfolio.report.study import Section, Table
from blportfolio.research.paper import StepResult, paper_turnover
from blportfolio.research.paper.steps import LITERAL, MARKOWITZ, NO_FEATURES
from blportfolio.research.replication.charts import plot_steps
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.words import (
    gap_cells,
    less,
    mean,
    number,
    percent,
    signed_percent,
)


@dataclass(frozen=True, slots=True, eq=False)
class StepAverage:
    """A step averaged over the windows, in the paper's accounting unless it says net.

    Attributes:
        step: The step for the first window: name and words.
        sharpes: Sharpe ratio by window.
        turnovers: Turnover between target weights by window.
        net_sharpe: Mean Sharpe ratio with drifting weights, net of costs.
        difference: Mean Sharpe ratio less that of what it is compared with; None for the first.
        turnover_change: The same of the mean turnover, NaN for the first.
    """

    step: StepResult
    sharpes: dict[int, float]
    turnovers: dict[int, float]
    net_sharpe: float
    difference: PooledDifference | None
    turnover_change: float

    @property
    def sharpe(self) -> float:
        """Mean over the windows."""
        return mean(list(self.sharpes.values()))

    @property
    def turnover(self) -> float:
        """Mean over the windows."""
        return mean(list(self.turnovers.values()))


def average_steps(found: Replication) -> dict[str, StepAverage]:
    """Return the steps averaged over the windows, by name, in their order.

    Args:
        found: What was run.
    """
    averages: dict[str, StepAverage] = {}
    year = found.periods_per_year
    for step in found.steps[found.settings.lookbacks[0]]:
        each = {n: found.step(step.name, n) for n in found.settings.lookbacks}
        gross = {n: found.counted(one.gross_returns) for n, one in each.items()}
        net = [found.counted(one.result.returns) for one in each.values()]
        turnovers = {n: paper_turnover(one.result.weights) for n, one in each.items()}
        base = step.compared_with
        difference, change = None, float("nan")
        if base is not None:
            before = {n: found.counted(found.step(base, n).gross_returns) for n in each}
            difference = pooled_sharpe_difference(
                {str(n): (gross[n], before[n]) for n in each}, periods_per_year=year
            )
            change = less(mean(list(turnovers.values())), averages[base].turnover)
        averages[step.name] = StepAverage(
            step,
            {n: metrics.sharpe_ratio(series, year) for n, series in gross.items()},
            turnovers,
            mean([metrics.sharpe_ratio(series, year) for series in net]),
            difference,
            change,
        )
    return averages


def share_kept_without_features(steps: dict[str, StepAverage]) -> float:
    """Return how much of the gain over Markowitz is left without any feature, NaN without gain.

    A gain that does not show in two decimals is none.
    """
    base = steps[MARKOWITZ].sharpe
    gain = steps[LITERAL].sharpe - base
    return (steps[NO_FEATURES].sharpe - base) / gain if gain >= 0.005 else float("nan")


def decomposition_sections(found: Replication, steps: dict[str, StepAverage]) -> list[Section]:
    """Return the decomposition: the chain, what stands beside it, and each window.

    Args:
        found: What was run.
        steps: Its averages.
    """
    chain = {name: one for name, one in steps.items() if one.step.in_chain}
    beside = {name: one for name, one in steps.items() if not one.step.in_chain}
    lookbacks = found.settings.lookbacks
    headings = (
        "Step",
        "Sharpe",
        "Difference it makes [95 %]",
        "p",
        "Turnover %",
        "Change of turnover",
        f"Sharpe net of {found.settings.cost_bps:g} bp",
    )
    return [
        Section(
            "Where the numbers come from: one change at a time",
            paragraphs=(
                "From sample Markowitz to the authors' pipeline in one step, and then one change a "
                "row, each compared with the row above it, until the model is the one that the "
                "paper describes. The differences add up. Mean over the windows, in the paper's "
                "accounting; nothing here is a strategy to hold, as price levels look ahead.",
            ),
            table=Table(headings, tuple(_row(one) for one in chain.values())),
            charts=(
                (
                    f"Sharpe ratio step by step, {found.paper.title}",
                    plot_steps(
                        _frame(chain, "sharpes"),
                        title="Sharpe ratio step by step: mean (dot), each window (tick)",
                        unit="Sharpe ratio, annualised, before costs",
                        percent=False,
                    ),
                ),
                (
                    f"Turnover step by step, {found.paper.title}",
                    plot_steps(
                        _frame(chain, "turnovers"),
                        title="Turnover step by step: mean (dot), each window (tick)",
                        unit="Turnover a rebalance, one-way (%)",
                        percent=True,
                    ),
                ),
            ),
            notes=(
                *(f"{name}: {one.step.what_changed}" for name, one in chain.items()),
                "Where prices are regressed or taken for views, their unit matters: the same "
                "returns quoted at another level, as after a split, give other weights. An SVR "
                "takes what moves by less than 0.1 for flat.",
            ),
        ),
        Section(
            "Beside the chain",
            table=Table(
                (headings[0], "Compared with", *headings[1:]),
                tuple(
                    (name, str(one.step.compared_with), *_row(one)[1:])
                    for name, one in beside.items()
                ),
            ),
            notes=tuple(f"{name}: {one.step.what_changed}" for name, one in beside.items()),
        ),
        Section(
            "The steps on each window",
            table=Table(
                (
                    "Step",
                    *(f"Sharpe {n}" for n in lookbacks),
                    *(f"Turnover {n} %" for n in lookbacks),
                ),
                tuple(
                    (
                        name,
                        *(number(one.sharpes[n]) for n in lookbacks),
                        *(percent(one.turnovers[n]) for n in lookbacks),
                    )
                    for name, one in steps.items()
                ),
            ),
        ),
    ]


def _row(one: StepAverage) -> tuple[str, ...]:
    return (
        one.step.name,
        number(one.sharpe),
        *gap_cells(one.difference),
        percent(one.turnover),
        signed_percent(one.turnover_change),
        number(one.net_sharpe),
    )


def _frame(steps: dict[str, StepAverage], values: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"step": name, "lookback": lookback, "value": value}
            for name, one in steps.items()
            for lookback, value in getattr(one, values).items()
        ]
    )
