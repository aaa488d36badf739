"""Weights averaged over draws of the expected returns from their posterior."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise.draws import (
    check_counts,
    check_objective,
    posterior_draws,
    shared_remarks,
    solve_draws,
)
from blportfolio.optimise.objectives.base import ArrayObjective
from blportfolio.optimise.objectives.max_sharpe import MaxSharpe
from blportfolio.types import ArraySolution, DecisionContext, FloatArray, Objective


@dataclass(frozen=True, slots=True)
class Resampled(ArrayObjective):
    """Mean of another objective's weights over draws of θ from N(mean, Cov[θ]).

    What it is for: weights that move smoothly with the data, spread over more assets and so trade
    less. What it costs: `n_draws` times the time of one solution, and the average is optimal for
    none of the draws, nor at the posterior mean; it holds a little of every asset that some draw
    holds. Draws come from the posterior of the model, where Michaud draws samples of returns.

    Every draw sees the same predictive covariance, previous weights, constraints and costs, so
    that the average keeps each convex limit: bounds, groups, turnover, tracking error, volatility.
    A target return is met at each draw's own θ, not at the posterior mean. Limits on the number or
    least size of positions are not convex, and refused. The same seed gives the same numbers at
    every decision, so that weights change with the posterior alone.

    Attributes:
        objective: What is solved at each draw.
        n_draws: Number of draws.
        seed: Whole number from which the draws follow.

    Raises:
        ConfigError: If the objective is none, or one that cannot be averaged.

    References:
        Michaud (1998), Efficient Asset Management, chapter 6; Jorion (1992), Portfolio
        Optimization in Practice.
    """

    objective: Objective = field(default_factory=MaxSharpe)
    n_draws: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        check_objective(self.objective)
        check_counts(self.n_draws, self.seed)
        if isinstance(self.objective, Resampled):
            raise ConfigError("`objective` is resampled already; raise its `n_draws` instead.")
        constraints = getattr(self.objective, "constraints", None)
        if constraints is not None and (
            constraints.max_assets is not None or constraints.min_weight
        ):
            raise ConfigError(
                "`objective` limits the number or the least size of positions, which an average "
                "does not keep. Leave out `max_assets` and `min_weight`, or do not resample."
            )

    @property
    def needs_scenarios(self) -> bool:  # type: ignore[override]  # follows the objective
        """Whether the objective that is averaged uses scenarios."""
        return bool(getattr(self.objective, "needs_scenarios", False))

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the average.

        Raises:
            DataError: If the uncertainty of the mean is not known.
            InfeasibleError: If no draw has a solution.
        """
        if context is None or context.mean_covariance is None:
            raise DataError(
                "Resampled draws from the posterior and needs Cov[θ], the uncertainty of the mean. "
                "Solve for a ReturnDistribution, or give `mean_covariance` in the context."
            )
        known = not context.mean_covariance.any()
        draws = posterior_draws(
            mean,
            context.mean_covariance,
            context.assets,
            n_draws=1 if known else self.n_draws,
            seed=self.seed,
        )
        solutions = solve_draws(
            self.objective, draws, mean, covariance, previous=previous, context=context
        )
        if known:
            remark = "Cov[θ] is 0, the mean taken as known, so that resampling changes nothing."
            return replace(solutions[0], remarks=(*solutions[0].remarks, remark))
        return _average(solutions, len(draws))


def _average(solutions: list[ArraySolution], n_draws: int) -> ArraySolution:
    fallbacks = [solution.fallback for solution in solutions if solution.fallback is not None]
    remarks = shared_remarks(solutions)
    everywhere = len(fallbacks) == len(solutions)
    if fallbacks and not everywhere:
        held = " and ".join(sorted(set(fallbacks)))
        remarks += (f"{len(fallbacks)} of {n_draws} draws fell back to {held}.",)
    if len(solutions) < n_draws:
        remarks += (f"{n_draws - len(solutions)} of {n_draws} draws have no solution; left out.",)
    return ArraySolution(
        weights=np.mean([solution.weights for solution in solutions], axis=0),
        status="fallback" if everywhere else "heuristic",
        residual=max(solution.residual for solution in solutions),
        solver=f"{solutions[0].solver}, average of {len(solutions)}",
        fallback=fallbacks[0] if everywhere else None,
        ridge=max(solution.ridge for solution in solutions),
        primal=max(solution.primal for solution in solutions),
        remarks=remarks,
    )
