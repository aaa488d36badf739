"""Cells: one universe, window, cost and span of years, in which two strategies are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.report.inference import sharpe_difference
from blportfolio.research.breadth.runs import Breadth, Run

WHOLE = "whole"
SIZE = 0.05
"""Level of the two-sided tests."""
EQUAL = 1e-9
"""Sharpe ratios a year that differ by no more are equal: rounding, not skill."""
COLUMNS = (
    "universe",
    "window",
    "cost_bps",
    "period",
    "strategy",
    "baseline",
    "n_periods",
    "sharpe_ratio",
    "baseline_sharpe_ratio",
    "difference",
    "standard_error",
    "low",
    "high",
    "p_value",
    "outcome",
    "failure",
)
COUNTS = ("n_cells", "n_better", "n_worse", "n_surely_better", "n_surely_worse", "n_failed")


def compare_cells(
    breadth: Breadth, *, baselines: Sequence[str], strategies: Sequence[str] | None = None
) -> pd.DataFrame:
    """Compare strategies with baselines in every cell.

    Decades are cuts of the returns of one run, which knew nothing of where it would be cut.

    Args:
        breadth: All runs.
        baselines: Names of strategies to compare with.
        strategies: Names of those compared; all by default.

    Returns:
        One row a cell, strategy and baseline, under `COLUMNS`. `period` is "whole" or a decade,
        such as "1990s"; those that are too short have none. `difference` is that of annualised
        Sharpe ratios, with its HAC interval and p-value (Ledoit and Wolf 2008).
        `outcome` is "better", "surely better", "worse", "surely worse" (surely: p < 5 %), "equal"
        where the two differ by rounding alone, or "failed", with the sentence in `failure`; a run
        that failed has no decades.

    Raises:
        DataError: If a name is none of the strategies.
    """
    chosen = tuple(breadth.strategies if strategies is None else strategies)
    for name in (*chosen, *baselines):
        if name not in breadth.strategies:
            raise DataError(f"{name!r} was not run; there are {', '.join(breadth.strategies)}.")
    rows: list[tuple[object, ...]] = []
    for plan in breadth.plans.values():
        parts = spans(breadth, plan.name)
        for window in plan.windows:
            for cost in breadth.settings.costs:
                place = (plan.name, window, cost)
                runs = {name: breadth.runs[(*place, name)] for name in breadth.strategies}
                for strategy in chosen:
                    for baseline in baselines:
                        if strategy != baseline:
                            rows += _rows(place, runs[strategy], runs[baseline], parts)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(
    place: tuple[str, int, float], run: Run, base: Run, parts: Mapping[str, slice]
) -> list[tuple[object, ...]]:
    """Return the whole period's row and those of the decades."""
    named = (run.strategy, base.strategy)
    failure = run.failure or base.failure
    if failure:
        blank = (0, *(np.nan,) * 7)
        return [(*place, WHOLE, *named, *blank, "failed", failure)]
    rows: list[tuple[object, ...]] = []
    for period, part in parts.items():
        first, second = run.returns.iloc[part], base.returns.iloc[part]
        found = sharpe_difference(first, second, periods_per_year=run.periods_per_year)
        figures = (
            len(first),
            found.first,
            found.second,
            found.value,
            found.standard_error,
            found.low,
            found.high,
            found.p_value,
        )
        rows.append((*place, period, *named, *figures, _outcome(found.value, found.p_value), ""))
    return rows


def by_decade(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of decades, and those where a strategy failed, which have no decades."""
    return cells[cells["period"].ne(WHOLE) | cells["outcome"].eq("failed")]


def spans(breadth: Breadth, universe: str) -> dict[str, slice]:
    """Return where in its returns the whole of a universe is, and each decade that is long enough.

    Empty where nothing ran.
    """
    dates = _dates(breadth, universe)
    least = breadth.settings.least_returns(breadth.plans[universe].periods_per_year)
    parts = {WHOLE: slice(0, len(dates))} if len(dates) else {}
    for decade in _decades(dates):
        first, end = dates.searchsorted([pd.Timestamp(f"{y}-01-01") for y in (decade, decade + 10)])
        if end - first >= least:
            parts[f"{decade}s"] = slice(int(first), int(end))
    return parts


def short_decades(breadth: Breadth) -> tuple[str, ...]:
    """Name the decades of each universe that were left out, as they hold too few years."""
    return tuple(
        f"{universe} {decade}s"
        for universe in breadth.plans
        for decade in _decades(_dates(breadth, universe))
        if f"{decade}s" not in spans(breadth, universe)
    )


def _dates(breadth: Breadth, universe: str) -> pd.DatetimeIndex:
    """Return the dates of the returns, which all runs of a universe share."""
    ran = (run for run in breadth.runs.values() if run.universe == universe and not run.failure)
    run = next(ran, None)
    return pd.DatetimeIndex([] if run is None else run.returns.index)


def _decades(dates: pd.DatetimeIndex) -> list[int]:
    return [int(decade) for decade in np.unique(dates.year // 10 * 10)]


def _outcome(difference: float, p_value: float) -> str:
    if not np.isfinite(difference) or abs(difference) <= EQUAL:
        return "equal"
    sure = "surely " if p_value < SIZE else ""
    return f"{sure}{'better' if difference > 0 else 'worse'}"


def count_cells(cells: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count in how many cells each strategy beats each baseline.

    Args:
        cells: What `compare_cells` returned, or some of its rows.
        by: Columns to count apart by, such as "universe".

    Returns:
        One row a strategy, baseline and value of `by`: cells in which both ran (`n_cells`), those
        where the Sharpe ratio is higher (`n_better`) and lower (`n_worse`), those of them where
        the test says so at 5 % (`n_surely_better`, `n_surely_worse`), those where one failed
        (`n_failed`, none of the others), and `share_better`. Equal cells are neither.
    """
    keys = ["strategy", "baseline", *by]
    outcome = cells["outcome"]
    marked = cells[keys].assign(
        n_cells=outcome.ne("failed"),
        n_better=outcome.isin(["better", "surely better"]),
        n_worse=outcome.isin(["worse", "surely worse"]),
        n_surely_better=outcome.eq("surely better"),
        n_surely_worse=outcome.eq("surely worse"),
        n_failed=outcome.eq("failed"),
    )
    counted = marked.groupby(keys, sort=False)[list(COUNTS)].sum().astype(int).reset_index()
    share = counted["n_better"] / counted["n_cells"].where(counted["n_cells"] > 0)
    return counted.assign(share_better=share)
