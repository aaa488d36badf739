"""What an objective would hold at draws of the expected returns from their posterior."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from blportfolio.errors import ConfigError, InfeasibleError, SolverError
from blportfolio.optimise.exact.conditioning import check_eigenvalues
from blportfolio.optimise.objectives.base import solve_at
from blportfolio.types import ArraySolution, DecisionContext, FloatArray, Objective
from blportfolio.validation import shown


def posterior_draws(
    mean: FloatArray,
    mean_covariance: FloatArray,
    assets: tuple[str, ...],
    *,
    n_draws: int,
    seed: int,
) -> FloatArray:
    """Draw θ ~ N(mean, Cov[θ]), in antithetic pairs.

    θ = mean + M^½z with the symmetric root of M and, for each asset, a stream of z of its own that
    follows from the seed and its label. Hence neither the order of the assets nor who else is
    eligible changes the numbers that an asset is dealt, and θ moves smoothly with mean and M.
    Each z is used with both signs, so that the draws have exactly the mean they should.

    Args:
        mean: (n_assets,) E[θ], decimal per period.
        mean_covariance: (n_assets, n_assets) M = Cov[θ], which may be singular.
        assets: (n_assets,) labels.
        n_draws: Number of draws.
        seed: Whole number from 0.

    Returns:
        (n_draws, n_assets) draws.

    Raises:
        DataError: If M is not positive semi-definite.
    """
    values, vectors = np.linalg.eigh(mean_covariance)
    check_eigenvalues(values)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    pairs = (n_draws + 1) // 2
    streams = [np.random.default_rng([seed, *asset.encode()]) for asset in assets]
    normals = np.array([stream.standard_normal(pairs) for stream in streams])
    moves = normals.T @ root
    draws: FloatArray = mean + np.concatenate([moves, -moves])[:n_draws]
    return draws


def solve_draws(
    objective: Objective,
    draws: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
    *,
    previous: FloatArray | None,
    context: DecisionContext,
) -> list[ArraySolution]:
    """Return what the objective holds at each draw of θ, all else the same.

    Scenarios, where the objective needs them, are moved with the mean. A draw at which no portfolio
    meets the objective's limits, or every solver fails, is left out, if E[θ] has a solution.

    Args:
        objective: What is solved.
        draws: (n_draws, n_assets) θ.
        mean: (n_assets,) E[θ], the mean of the scenarios.
        covariance: (n_assets, n_assets) predictive covariance.
        previous: (n_assets,) weights before the decision, or None.
        context: What the objective may use besides.

    Raises:
        InfeasibleError: If there is no solution at E[θ], or at any draw.
        SolverError: Likewise, where that failed numerically.
    """
    solutions: list[ArraySolution] = []
    problem: InfeasibleError | SolverError | None = None
    scenarios = context.scenarios if getattr(objective, "needs_scenarios", True) else None
    for theta in draws:
        known = context
        if scenarios is not None:
            known = replace(context, scenarios=scenarios + (theta - mean))
        try:
            solutions.append(solve_at(objective, theta, covariance, previous, known))
        except (InfeasibleError, SolverError) as error:
            if problem is None:  # limits that contradict each other do so at every draw
                solve_at(objective, mean, covariance, previous, context)
            problem = error
    if problem is not None and not solutions:
        raise problem
    return solutions


def check_objective(objective: object) -> None:
    """Check that something is an objective.

    Raises:
        ConfigError: If it is a class or something else.
    """
    if isinstance(objective, type) or not hasattr(objective, "solve"):
        raise ConfigError(
            f"`objective` must be an objective such as MaxSharpe(), got {shown(objective)}."
        )


def check_counts(n_draws: object, seed: object) -> None:
    """Check the number of draws and the seed.

    Raises:
        ConfigError: If one is no whole number in its range.
    """
    for name, value, least in (("n_draws", n_draws, 1), ("seed", seed, 0)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:  # type: ignore[operator]
            raise ConfigError(
                f"`{name}` must be a whole number from {least} on, got {shown(value)}."
            )


def shared_remarks(solutions: Iterable[ArraySolution]) -> tuple[str, ...]:
    """Return the remarks that all solutions have in common, in the order of the first."""
    lists = [solution.remarks for solution in solutions]
    return tuple(text for text in lists[0] if all(text in others for others in lists))
