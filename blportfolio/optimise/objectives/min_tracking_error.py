"""Least tracking error to a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from blportfolio.errors import ConfigError
from blportfolio.optimise.benchmark import benchmark_weights, read_benchmark
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.types import DecisionContext, FloatArray
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class MinTrackingError(CostedObjective):
    """min ½δ (w − b)ᵀC(w − b) + costs.

    Attributes:
        benchmark: Weights b by asset, `equal_weight`, or `market_cap` where the data have it.
        risk_aversion: δ > 0, what variance weighs against costs; without costs it does not matter.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.
    """

    benchmark: str | Mapping[str, float] = "equal_weight"
    risk_aversion: float = 2.5
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        benchmark = read_benchmark(self.benchmark)
        if benchmark is None:
            raise ConfigError("`benchmark` must be weights by asset or a name, got None.")
        object.__setattr__(self, "benchmark", benchmark)
        check_positive(self.risk_aversion, name="risk_aversion")
        self.read_tables()

    def goal(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        context: DecisionContext,
    ) -> Goal:
        """Return the variance about the benchmark; without costs (w − b)ᵀC(w − b) itself."""
        aversion = 2.0 if self.costs.is_free else self.risk_aversion
        centre = benchmark_weights(self.benchmark, context)
        return Goal(covariance, risk_aversion=aversion, centre=centre)
