"""Equal weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from blportfolio.optimise.objectives.base import ArrayObjective
from blportfolio.types import ArraySolution, DecisionContext, FloatArray


@dataclass(frozen=True, slots=True)
class EqualWeight(ArrayObjective):
    """1 / n_assets in every asset; needs neither mean nor covariance."""

    needs_distribution: ClassVar[bool] = False

    def solve_arrays(
        self,
        mean: FloatArray,
        covariance: FloatArray,  # noqa: ARG002, the shared signature
        *,
        previous: FloatArray | None = None,  # noqa: ARG002, the shared signature
        context: DecisionContext | None = None,  # noqa: ARG002, the shared signature
    ) -> ArraySolution:
        """Return equal weights for as many assets as `mean` has."""
        return ArraySolution(np.full(len(mean), 1 / len(mean)), "optimal", 0.0, "closed form")
