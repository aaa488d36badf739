"""The floor that a strategy has to clear: sample Markowitz, its Sharpe ratio and its turnover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blportfolio.research.breadth.claim import claim_pairs
from blportfolio.research.breadth.runs import Breadth


@dataclass(frozen=True, slots=True)
class Floor:
    """A strategy over another on one universe, averaged over windows: the floor to clear.

    Attributes:
        universe: Name of the universe.
        sharpe_ratio: Mean Sharpe ratio of the strategy.
        base_sharpe_ratio: That of the other.
        turnover: Mean one-way turnover per decision of the strategy.
        base_turnover: That of the other.
    """

    universe: str
    sharpe_ratio: float
    base_sharpe_ratio: float
    turnover: float
    base_turnover: float

    @property
    def times_sharpe(self) -> float:
        """Ratio of the Sharpe ratios; NaN where the other's is not above 0."""
        if not self.base_sharpe_ratio > 0:
            return math.nan
        return self.sharpe_ratio / self.base_sharpe_ratio

    @property
    def times_turnover(self) -> float:
        """Ratio of the turnovers; NaN where the other does not trade."""
        return self.turnover / self.base_turnover if self.base_turnover > 0 else math.nan


def floors(breadth: Breadth, strategy: str, other: str) -> tuple[Floor, ...]:
    """Return Sharpe ratio and turnover beside another's on every universe where both ran."""
    found = []
    for universe in breadth.plans:
        pairs = claim_pairs(breadth, strategy, other, universe).values()
        if pairs:
            figures = np.array(
                [(a.sharpe_ratio, b.sharpe_ratio, a.turnover, b.turnover) for a, b in pairs]
            ).mean(axis=0)
            found.append(Floor(universe, *(float(value) for value in figures)))
    return tuple(found)
