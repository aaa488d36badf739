"""What a replication is of, and how it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from blportfolio.errors import ConfigError
from blportfolio.research.paper import PUBLISHED_DATES
from blportfolio.validation import check_choice

LOOKBACKS = (50, 80, 100, 120, 150)
"""Windows of the paper, in days of returns (Section 4)."""
CANDIDATE = "view_free"
"""The default strategy, which has to show what it is worth."""
MARKOWITZ = "markowitz"
OPPONENTS = ("equal_weight", "inverse_variance", "min_variance")
"""Portfolios without expected returns: what a strategy has to beat to be worth its trouble."""
STRATEGIES = (CANDIDATE, "slp", MARKOWITZ, *OPPONENTS)


@dataclass(frozen=True, slots=True)
class Paper:
    """One of the paper's two universes.

    Attributes:
        key: `etf` or `dow`.
        title: Words for headings.
        universe: Packaged universe whose prices stand for it.
        first_held: First day of the published figures.
        last_held: Last day of them.
        weights: Stem of the file names of the weights that the authors published; empty if none.
    """

    key: str
    title: str
    universe: str
    first_held: str
    last_held: str
    weights: str = ""


PAPERS: Mapping[str, Paper] = {
    "etf": Paper(
        "etf", "US sector ETFs", "sector_etfs", *PUBLISHED_DATES["etf"], weights="paper_etf_100d"
    ),
    "dow": Paper("dow", "Dow Jones stocks", "dow41_paper", *PUBLISHED_DATES["dow"]),
}


@dataclass(frozen=True, slots=True)
class ReplicationSettings:
    """How a replication is made.

    Attributes:
        lookbacks: Windows, in returns.
        start: First date whose return counts; decided at the month end before. None: as soon as
            the longest window allows.
        end: Last date held; None: the last of the data.
        cost_bps: Cost of our own results, basis points of each unit bought and each unit sold.
        baseline: Strategy that every row of our own results is compared with.
        trials: Configurations tried, for the deflated Sharpe ratio; those that are run at least.
        obv_to_date: Whether the decomposition has a step for the scaling of OBV.
        n_draws: Draws of each bootstrap.
        seed: Seed of them.
    """

    lookbacks: tuple[int, ...] = LOOKBACKS
    start: str | None = None
    end: str | None = None
    cost_bps: float = 10.0
    baseline: str = "equal_weight"
    trials: int | None = None
    obv_to_date: bool = False
    n_draws: int = 1999
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what no later layer would."""
        check_choice(self.baseline, STRATEGIES, name="baseline")
        if not self.lookbacks or len(set(self.lookbacks)) < len(self.lookbacks):
            raise ConfigError(f"`lookbacks` must be one or more, all different: {self.lookbacks}.")
        if self.trials is not None and self.trials < 1:
            raise ConfigError(f"`trials` must be 1 or more, got {self.trials}.")

    @property
    def n_trials(self) -> int:
        """Configurations that count as tried."""
        return max(self.trials or 1, len(STRATEGIES) * len(self.lookbacks))

    def resolved(self) -> dict[str, Any]:
        """Return everything that was decided, ready for JSON."""
        return {**asdict(self), "lookbacks": list(self.lookbacks), "trials": self.n_trials}
