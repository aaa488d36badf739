"""Tables of the page of breadth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from blportfolio.report.forecasts.figures import p_text
from blportfolio.report.study import Table
from blportfolio.research.breadth.cells import WHOLE, by_decade, count_cells
from blportfolio.research.breadth.claim import ClaimRow, Gap, Mean
from blportfolio.research.breadth.floor import Floor


def counts_matrix(counted: pd.DataFrame) -> Table:
    """Return one row a strategy, one column a baseline."""
    baselines = tuple(pd.unique(counted["baseline"]))
    rows = []
    for strategy in pd.unique(counted["strategy"]):
        own = counted[counted["strategy"] == strategy].set_index("baseline")
        rows.append((str(strategy), *(_counted(own, base) for base in baselines)))
    return Table(("Strategy", *(f"Over {base}" for base in baselines)), tuple(rows))


def counts_table(counted: pd.DataFrame, whole: pd.DataFrame) -> Table:
    """Return one row a strategy and baseline."""
    over = {(row["strategy"], row["baseline"]): row for row in whole.to_dict("records")}
    rows = []
    for row in counted.to_dict("records"):
        entire = over[row["strategy"], row["baseline"]]
        rows.append(
            (
                f"{row['strategy']} over {row['baseline']}",
                f"{row['n_cells']}",
                f"{row['n_better']}",
                _share(row["share_better"]),
                f"{row['n_surely_better']}",
                f"{row['n_surely_worse']}",
                f"{row['n_cells'] - row['n_better'] - row['n_worse']}",
                f"{row['n_failed']}",
                f"{entire['n_cells']}",
                _share(entire["share_better"]),
                f"{entire['n_surely_better']}",
                f"{entire['n_surely_worse']}",
            )
        )
    headings = (
        "Strategy over baseline",
        "Cells",
        "Better",
        "Better %",
        "Surely better",
        "Surely worse",
        "Equal",
        "Failed",
        "Whole",
        "Whole better %",
        "Whole surely better",
        "Whole surely worse",
    )
    return Table(headings, tuple(rows))


def claim_matrix(against: Sequence[tuple[Sequence[ClaimRow], Mean]]) -> Table:
    """Return one row a universe, one column a baseline, and the means over universes."""
    columns = []
    for entries, mean in against:
        gaps = [row.at_window for row in entries]
        columns.append([interval_text(gap) for gap in (*gaps, mean.at_window, mean.over_windows)])
    universes = [row.universe for row in against[0][0]] if against else []
    names = [*universes, "Mean", "Mean, over windows too"] if against else []
    return Table(
        ("Universe", *(f"Less {mean.baseline}" for _, mean in against)),
        tuple(zip(names, *columns, strict=True)),
    )


def claim_table(against: Sequence[tuple[Sequence[ClaimRow], Mean]]) -> Table:
    """Return one row a universe and baseline, and the mean over universes."""
    rows = []
    for entries, mean in against:
        rows += [
            (
                f"{row.universe}, {row.baseline}",
                f"{row.window}",
                interval_text(row.at_window),
                p_text(row.at_window.p_value),
                interval_text(row.over_windows),
                p_text(row.over_windows.p_value),
                "–",
            )
            for row in entries
        ]
        elsewhere = (
            f"[{mean.low_elsewhere:+.2f}, {mean.high_elsewhere:+.2f}]"
            if math.isfinite(mean.low_elsewhere)
            else "–"
        )
        rows.append(
            (
                f"Mean of {mean.n_universes}, {mean.baseline}",
                "–",
                interval_text(mean.at_window),
                p_text(mean.at_window.p_value),
                interval_text(mean.over_windows),
                p_text(mean.over_windows.p_value),
                elsewhere,
            )
        )
    headings = (
        "Universe, baseline",
        "Window",
        "Difference [95 %]",
        "p",
        "Mean over windows [95 %]",
        "p windows",
        "Elsewhere [95 %]",
    )
    return Table(headings, tuple(rows))


def counts_by(cells: pd.DataFrame, baselines: Sequence[str]) -> Table:
    """Return by universe, window, cost and decade how often a strategy beats each baseline."""
    decades = by_decade(cells)
    decades = decades.assign(place=decades["universe"] + " " + decades["period"])
    by_place = decades[decades["period"].ne(WHOLE)]
    parts: list[tuple[str, pd.DataFrame, str]] = [
        ("universe", decades, "{}"),
        ("window", decades, "window {}"),
        ("cost_bps", decades, "{:g} bp"),
        ("period", cells.sort_values("period", kind="stable"), "{}"),
        ("place", by_place, "{}"),
    ]
    rows = []
    for column, chosen, words in parts:
        counted = count_cells(chosen, [column])
        for value in pd.unique(chosen[column]):
            here = counted[counted[column] == value].set_index("baseline")
            label = "whole periods" if value == WHOLE else words.format(value)
            rows.append((label, *(_counted(here, base) for base in baselines)))
    return Table(("Where", *(f"Over {base}" for base in baselines)), tuple(rows))


def _counted(counted: pd.DataFrame, baseline: str) -> str:
    if baseline not in counted.index or not counted.loc[baseline, "n_cells"]:
        return "–"
    row = counted.loc[baseline]
    return (
        f"{row['share_better']:.0%} of {row['n_cells']} (+{row['n_surely_better']} "
        f"−{row['n_surely_worse']})"
    )


def floor_table(found: Mapping[str, Sequence[Floor]]) -> Table:
    """Return Sharpe ratio and turnover beside the floor's by universe."""
    rows = [
        (
            f"{name}, {row.universe}",
            f"{row.sharpe_ratio:.2f}",
            f"{row.base_sharpe_ratio:.2f}",
            number_text(row.times_sharpe),
            f"{100 * row.turnover:.1f}",
            f"{100 * row.base_turnover:.1f}",
            number_text(row.times_turnover),
        )
        for name, floors in found.items()
        for row in floors
    ]
    headings = (
        "Strategy, universe",
        "Sharpe",
        "Floor's Sharpe",
        "Times Sharpe",
        "Turnover %",
        "Floor's turnover %",
        "Times turnover",
    )
    return Table(headings, tuple(rows))


def interval_text(gap: Gap, digits: int = 2) -> str:
    """Return a difference with its interval."""
    if not math.isfinite(gap.value):
        return "–"
    if not math.isfinite(gap.low):
        return f"{gap.value:+.{digits}f}"
    return f"{gap.value:+.{digits}f} [{gap.low:+.{digits}f}, {gap.high:+.{digits}f}]"


def number_text(value: float) -> str:
    """Return a number with two decimals, a dash where it is undefined."""
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _share(value: float) -> str:
    return f"{100 * value:.0f}" if math.isfinite(value) else "–"
