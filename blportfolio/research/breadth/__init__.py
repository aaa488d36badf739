"""Strategies over many universes, windows, costs and decades, and how often each beats which."""

from blportfolio.research.breadth.cells import compare_cells, count_cells
from blportfolio.research.breadth.claim import (
    ClaimRow,
    Gap,
    Mean,
    claim_mean,
    claim_rows,
    claim_words,
)
from blportfolio.research.breadth.plan import Settings, UniversePlan, plan_universe
from blportfolio.research.breadth.runs import Breadth, Run, run_breadth

__all__ = [
    "Breadth",
    "ClaimRow",
    "Gap",
    "Mean",
    "Run",
    "Settings",
    "UniversePlan",
    "claim_mean",
    "claim_rows",
    "claim_words",
    "compare_cells",
    "count_cells",
    "plan_universe",
    "run_breadth",
]
