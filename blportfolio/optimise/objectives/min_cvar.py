"""Least conditional value at risk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.limits import number
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.types import DecisionContext, FloatArray
from blportfolio.validation import check_choice

SCENARIOS = ("history", "gaussian")


@dataclass(frozen=True, slots=True)
class MinCVaR(CostedObjective):
    """Minimise the mean loss of the worst 1 − `level` of outcomes, plus costs.

    Attributes:
        level: In (0, 1); 0.95 looks at the worst 5 %.
        scenarios: `history`: the scenarios of the distribution, which a prior's fit fills with the
            window's returns moved to the expected return, equally likely; `gaussian`: the normal
            law of mean and covariance, whose CVaR has a closed form.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.

    References:
        Rockafellar and Uryasev (2000), Optimization of Conditional Value-at-Risk, equation 17.
    """

    needs_scenarios: ClassVar[bool] = True
    level: float = 0.95
    scenarios: str = "history"
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        if not 0 < number(self.level, name="level") < 1:
            raise ConfigError(f"`level` must lie between 0 and 1, got {self.level!r}.")
        check_choice(self.scenarios, SCENARIOS, name="scenarios")
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the CVaR.

        Raises:
            DataError: If `history` is wanted and the distribution has no scenarios.
        """
        if self.scenarios == "gaussian":
            from scipy.special import ndtri

            quantile = float(ndtri(self.level))
            density = math.exp(-(quantile**2) / 2) / math.sqrt(2 * math.pi)
            return Goal(covariance, mean, uncertainty=covariance, radius=density / (1 - self.level))
        if context.scenarios is None:
            raise DataError(
                "MinCVaR needs scenarios, which this distribution has none of. Fit a prior to a "
                'window, give `scenarios` to ReturnDistribution, or use scenarios = "gaussian".'
            )
        return Goal(covariance, scenarios=context.scenarios, level=self.level)
