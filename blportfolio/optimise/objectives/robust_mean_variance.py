"""Mean-variance utility under the worst expected returns that the posterior finds credible."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from blportfolio.bayes.linalg import cholesky
from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.exact.conditioning import check_eigenvalues
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.limits import number
from blportfolio.optimise.objectives.constrained import CostedObjective
from blportfolio.types import DecisionContext, FloatArray
from blportfolio.validation import check_choice, check_positive

REGIONS = ("portfolio", "joint")


@dataclass(frozen=True, slots=True)
class RobustMeanVariance(CostedObjective):
    """max wᵀμ − κ√(wᵀMw) − ½δ wᵀCw − costs, M = Cov[θ] of the posterior.

    wᵀμ − κ√(wᵀMw) is the least expected return over the ellipsoid (θ − μ)ᵀM⁻¹(θ − μ) ≤ κ². Where
    the mean is taken as known, M = 0, it is `MeanVariance`.

    Attributes:
        risk_aversion: δ > 0.
        confidence: Probability in [0.5, 1) from which κ follows.
        region: `portfolio`: the expected return of the portfolio lies above the one used with that
            probability, κ = Φ⁻¹(confidence); `joint`: all expected returns lie in the ellipsoid
            with that probability, κ² the χ² quantile of n_assets degrees of freedom, far more
            cautious.
        radius: κ ≥ 0 itself, instead of a confidence.
        constraints: Long-only and fully invested by default.
        costs: None by default.

    Raises:
        ConfigError: If a setting is unknown or out of range.

    References:
        Goldfarb and Iyengar (2003), Robust Portfolio Selection Problems, section 3; Garlappi,
        Uppal and Wang (2007), Portfolio Selection with Parameter and Model Uncertainty.
    """

    is_maximised: ClassVar[bool] = True
    risk_aversion: float = 2.5
    confidence: float = 0.95
    region: str = "portfolio"
    radius: float | None = None
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_positive(self.risk_aversion, name="risk_aversion")
        if not 0.5 <= number(self.confidence, name="confidence") < 1:
            raise ConfigError(
                f"`confidence` must lie from 0.5 up to, but not at, 1; got {self.confidence!r}."
            )
        check_choice(self.region, REGIONS, name="region")
        if self.radius is not None:
            object.__setattr__(self, "radius", number(self.radius, name="radius", least=0.0))
        self.read_tables()

    def goal(self, mean: FloatArray, covariance: FloatArray, context: DecisionContext) -> Goal:
        """Return the utility under the worst case, as something to minimise.

        Raises:
            DataError: If the uncertainty of the mean is not known, or no covariance.
        """
        uncertainty = context.mean_covariance
        if uncertainty is None:
            raise DataError(
                "RobustMeanVariance needs Cov[θ], the uncertainty of the mean. Solve for a "
                "ReturnDistribution, or give `mean_covariance` in the context."
            )
        kappa = self.kappa(len(mean))
        if kappa == 0 or not uncertainty.any():
            return Goal(covariance, mean, self.risk_aversion)
        if cholesky(uncertainty) is None:
            values = np.asarray(np.linalg.eigvalsh(uncertainty), dtype=float)
            check_eigenvalues(values)
        return Goal(covariance, mean, self.risk_aversion, uncertainty=uncertainty, radius=kappa)

    def kappa(self, n_assets: int) -> float:
        """Return κ for a number of assets."""
        if self.radius is not None:
            return self.radius
        from scipy.special import chdtri, ndtri

        if self.region == "portfolio":
            return float(ndtri(self.confidence))
        return math.sqrt(float(chdtri(n_assets, 1 - self.confidence)))
