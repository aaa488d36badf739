"""Labels for people around the array core of an objective, and arrays for any other."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pandas as pd

from blportfolio.errors import DataError, SingularCovarianceWarning
from blportfolio.optimise.exact.conditioning import RIDGE, SMALLEST_PIVOT, condition_number
from blportfolio.types import (
    ArraySolution,
    DecisionContext,
    FloatArray,
    Objective,
    ReturnDistribution,
)
from blportfolio.validation import check_same_labels, check_weights, nearest_name


class ArrayObjective(ABC):
    """An objective defined by `solve_arrays`."""

    __slots__ = ()
    needs_distribution: ClassVar[bool] = True
    takes_context: ClassVar[bool] = True
    needs_scenarios: ClassVar[bool] = False

    @abstractmethod
    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the solution for unchecked arrays."""

    def value_of(
        self,
        weights: FloatArray,  # noqa: ARG002, for those that maximise or minimise something
        mean: FloatArray,  # noqa: ARG002
        covariance: FloatArray,  # noqa: ARG002
        context: DecisionContext,  # noqa: ARG002
    ) -> float | None:
        """Return what weights are worth to the objective; None where it values nothing."""
        return None

    def solve(
        self, distribution: ReturnDistribution, *, previous_weights: pd.Series | None = None
    ) -> pd.Series:
        """Return the weights for a distribution.

        Args:
            distribution: Predictive mean and covariance.
            previous_weights: Weights held before, by asset; those not named count as 0.

        Returns:
            (n_assets,) weights by asset; what they lack of 1 is in cash. `attrs["solution"]` holds
            status, objective, primal and dual residuals, solver, fallback, ridge, the condition
            number of the covariance with it, cash, remarks and the seconds it took.

        Raises:
            DataError: If the distribution is not one, or a previous weight names an unknown asset.
            ConfigError: If a constraint or a cost names an unknown asset.
            InfeasibleError: If no portfolio meets the constraints.
            SolverError: If every solver fails.

        Warns:
            SingularCovarianceWarning: If the covariance is singular, so that it got a ridge.
        """
        check_distribution(distribution)
        labels = _labels(distribution.assets).view()
        previous = previous_array(previous_weights, distribution.assets)
        context = context_of(distribution)
        began = time.perf_counter()
        solution = self.solve_arrays(
            distribution.mean,
            distribution.covariance,
            previous=previous,
            context=context,
        )
        seconds = time.perf_counter() - began
        value = solution.objective
        if value is None:
            value = self.value_of(
                solution.weights, distribution.mean, distribution.covariance, context
            )
        condition = None
        if self.needs_distribution:
            condition = condition_number(
                distribution.covariance, ridge=solution.ridge, factor=solution.factor
            )
        if solution.ridge and condition is not None:
            warn_of_ridge(solution.ridge, condition)
        weights = pd.Series(solution.weights, index=labels, name="weight")
        weights.attrs["solution"] = {
            "status": solution.status,
            "objective": value,
            "residuals": {"primal": solution.primal, "dual": solution.residual},
            "solver": solution.solver,
            "fallback": solution.fallback,
            "ridge": solution.ridge,
            "condition": condition,
            "cash": 1.0 - float(solution.weights.sum()),
            "remarks": solution.remarks,
            "seconds": seconds,
        }
        return weights


def check_distribution(given: object) -> None:
    """Check that something is a distribution.

    Raises:
        DataError: If it is not.
    """
    if not isinstance(given, ReturnDistribution):
        raise DataError(
            f"`distribution` must be a ReturnDistribution, got {type(given).__name__}. Make one by "
            "ReturnDistribution.from_moments(mean, covariance) or a prior's fit(window)."
        )


def warn_of_ridge(ridge: float, condition: float) -> None:
    """Warn the caller's caller of a singular covariance, and say what was done about it."""
    warnings.warn(
        f"The covariance is singular (its condition number is above {1 / SMALLEST_PIVOT:.0e}); "
        f"{ridge:.3g}, {RIDGE:.0e} of the mean variance, was added to its diagonal, which makes it "
        f"{condition:.2g}.",
        SingularCovarianceWarning,
        stacklevel=3,
    )


def previous_array(weights: pd.Series | None, assets: tuple[str, ...]) -> FloatArray | None:
    """Return (n_assets,) weights held before, 0 where none is named; None where there are none.

    Raises:
        DataError: If `weights` is no Series of numbers by asset, or names an unknown asset.
    """
    if weights is None:
        return None
    given = check_weights(weights, name="previous_weights")
    for label in given.index:
        if label not in assets:
            raise DataError(
                f"`previous_weights` names the unknown {label!r}. {nearest_name(label, assets)}"
            )
    return given.reindex(_labels(assets)).fillna(0.0).to_numpy(dtype=float)


def context_of(distribution: ReturnDistribution) -> DecisionContext:
    """Return what a distribution tells an objective besides mean and covariance."""
    return DecisionContext(
        distribution.assets,
        mean_covariance=distribution.mean_covariance,
        scenarios=distribution.scenarios,
        periods_per_year=distribution.periods_per_year,
        lookback=None if distribution.scenarios is None else len(distribution.scenarios),
    )


def solve_at(
    objective: Objective,
    mean: FloatArray,
    covariance: FloatArray,
    previous: FloatArray | None,
    context: DecisionContext,
) -> ArraySolution:
    """Return the answer of any objective, whether it has an array core or takes labels alone.

    Args:
        objective: One of this package's, or anything with `solve` or `solve_arrays`.
        mean: (n_assets,) expected returns, decimal per period.
        covariance: (n_assets, n_assets) predictive covariance, decimal² per period.
        previous: (n_assets,) weights before the trade, or None.
        context: What the objective may use besides.

    Raises:
        DataError: If an objective without an array core has weights for other assets.
    """
    if getattr(objective, "takes_context", False):
        return objective.solve_arrays(mean, covariance, previous=previous, context=context)
    if hasattr(objective, "solve_arrays"):
        return objective.solve_arrays(mean, covariance, previous=previous)
    labels = _labels(context.assets)
    known = context.mean_covariance
    distribution = ReturnDistribution(
        mean,
        covariance,
        np.zeros_like(covariance) if known is None else known,
        context.assets,
        scenarios=context.scenarios,
        periods_per_year=context.periods_per_year,
    )
    held = None if previous is None else pd.Series(previous, index=labels)
    weights = objective.solve(distribution, previous_weights=held)
    check_same_labels(list(weights.index), context.assets, name="weights of the objective")
    found = weights.reindex(labels).to_numpy(dtype=float)
    fallback = dict(weights.attrs.get("solution", {})).get("fallback")
    return ArraySolution(found, "optimal", 0.0, type(objective).__name__, fallback)


@lru_cache(maxsize=64)
def _labels(assets: tuple[str, ...]) -> pd.Index:
    """Return an index by asset; making one takes as long as solving for 20 of them."""
    return pd.Index(assets, name="asset")
