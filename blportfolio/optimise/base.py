"""Wraps an objective's array core in labels for people."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import ClassVar

import pandas as pd

from blportfolio.errors import DataError, SingularCovarianceWarning
from blportfolio.types import ArraySolution, FloatArray, ReturnDistribution
from blportfolio.validation import check_weights, nearest_name


class ArrayObjective(ABC):
    """An objective defined by `solve_arrays`."""

    __slots__ = ()
    needs_distribution: ClassVar[bool] = True

    @abstractmethod
    def solve_arrays(
        self, mean: FloatArray, covariance: FloatArray, *, previous: FloatArray | None = None
    ) -> ArraySolution:
        """Return the solution for unchecked arrays."""

    def solve(
        self, distribution: ReturnDistribution, *, previous_weights: pd.Series | None = None
    ) -> pd.Series:
        """Return the weights for a distribution.

        Args:
            distribution: Predictive mean and covariance.
            previous_weights: Weights held before, by asset; those not named count as 0.

        Returns:
            (n_assets,) weights by asset. `attrs["solution"]` holds status, residuals, solver,
            fallback and ridge.

        Raises:
            DataError: If the distribution is not one, or a previous weight names an unknown asset.
        """
        if not isinstance(distribution, ReturnDistribution):
            raise DataError(
                f"`distribution` must be a ReturnDistribution, got {type(distribution).__name__}. "
                "A prior's fit(window) returns one."
            )
        labels = pd.Index(distribution.assets, name="asset")
        previous = None
        if previous_weights is not None:
            given = check_weights(previous_weights, name="previous_weights")
            for label in given.index:
                if label not in distribution.assets:
                    hint = nearest_name(label, distribution.assets)
                    raise DataError(f"`previous_weights` names the unknown {label!r}. {hint}")
            previous = given.reindex(labels).fillna(0.0).to_numpy(dtype=float)
        solution = self.solve_arrays(distribution.mean, distribution.covariance, previous=previous)
        if solution.ridge:
            warnings.warn(
                f"The covariance is singular; {solution.ridge:.3g} was added to its diagonal.",
                SingularCovarianceWarning,
                stacklevel=2,
            )
        weights = pd.Series(solution.weights, index=labels, name="weight")
        weights.attrs["solution"] = {
            "status": solution.status,
            "residuals": {
                "optimality": solution.residual,
                "budget": abs(float(solution.weights.sum()) - 1.0)
                if solution.fallback != "cash"
                else 0.0,
            },
            "solver": solution.solver,
            "fallback": solution.fallback,
            "ridge": solution.ridge,
        }
        return weights
