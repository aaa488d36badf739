"""Sentences with which the page of breadth begins."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from blportfolio.research.breadth.floor import Floor
from blportfolio.research.breadth.parts import number_text
from blportfolio.research.breadth.runs import Breadth

MOST = 4
"""Sentences on what was left out that stand at the top of the page."""


def counted_words(
    counted: pd.DataFrame, name: str, baselines: Sequence[str], *, is_decades: bool
) -> str:
    """Say in how many cells a strategy has the higher Sharpe ratio than each baseline."""
    rows = counted[(counted["strategy"] == name) & counted["baseline"].isin(list(baselines))]
    parts = [
        f"that of {row['baseline']} in {row['n_better']} of {row['n_cells']} cells "
        f"({row['share_better']:.0%}; surely better in {row['n_surely_better']}, surely worse in "
        f"{row['n_surely_worse']})"
        for row in rows.to_dict("records")
        if row["n_cells"]
    ]
    if not parts:
        return f"{name} ran beside no baseline, in no cell."
    what = "universe, window, cost and decade" if is_decades else "universe, window and cost"
    return f"The Sharpe ratio of {name} is above {'; '.join(parts)}. A cell is one {what}."


def absent_words(breadth: Breadth) -> list[str]:
    """Say what is not in the figures in one paragraph, the first sentence of each alone."""
    said = (*breadth.left_out, *breadth.failures)
    words = [sentence.split(". ")[0].rstrip(".") + "." for sentence in said[:MOST]]
    more = f"{len(said) - MOST} more; all" if len(said) > MOST else "All"
    where = f"{more} with their reasons in the section on how it was run."
    return [f"Not in these figures: {' '.join(words)} {where}"] if said else []


def floor_words(name: str, floor: str, rows: Sequence[Floor]) -> str:
    """Say how Sharpe ratio and turnover compare with the floor's."""
    if not rows:
        return f"The floor: {name} and {floor} ran together nowhere."
    parts = [
        f"{row.universe} {number_text(row.times_sharpe)} and {number_text(row.times_turnover)}"
        for row in rows
    ]
    return (
        f"The floor: Sharpe ratio and turnover of {name} as "
        f"multiples of those of {floor}, averaged over windows: {'; '.join(parts)}."
    )
