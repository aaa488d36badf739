"""Weights in inverse proportion to volatility or variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.objectives.base import ArrayObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray


class InverseRisk(ArrayObjective):
    """Weights in proportion to 1 / volatility to a power."""

    __slots__ = ()
    power: ClassVar[int]

    def solve_arrays(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,  # noqa: ARG002, the shared signature
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the weights.

        Raises:
            DataError: If an asset has no variance.
        """
        volatilities = positive_volatilities(covariance, context)
        shares = (volatilities.min() / volatilities) ** self.power
        return ArraySolution(shares / shares.sum(), "optimal", 0.0, "closed form")


@dataclass(frozen=True, slots=True)
class InverseVolatility(InverseRisk):
    """Weights in proportion to 1 / volatility, whatever the means and correlations.

    It is risk parity under equal correlations. Long-only and fully invested; it takes no
    constraints.
    """

    power: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class InverseVariance(InverseRisk):
    """Weights in proportion to 1 / variance, whatever the means and correlations.

    It is minimum variance under correlations of 0. Long-only and fully invested; it takes no
    constraints.
    """

    power: ClassVar[int] = 2


def positive_volatilities(covariance: FloatArray, context: DecisionContext | None) -> FloatArray:
    """Return (n_assets,) square roots of the diagonal.

    Raises:
        DataError: Naming the assets whose variance is 0.
    """
    variances = np.diagonal(covariance)
    riskless = np.flatnonzero(~(variances > 0))
    if len(riskless):
        names = [f"row {i}" if context is None else repr(context.assets[i]) for i in riskless]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise DataError(
            "`covariance` must have variances above 0 for weights by risk; that of "
            f"{', '.join(names[:5])}{more} is 0. Drop what never moves."
        )
    volatilities: FloatArray = np.sqrt(variances)
    return volatilities
