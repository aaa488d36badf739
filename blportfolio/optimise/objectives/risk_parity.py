"""Risk parity: every asset contributes its budget to the portfolio's risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv

from blportfolio.errors import ConfigError, DataError, SolverError
from blportfolio.optimise.exact.conditioning import factorised
from blportfolio.optimise.limits import check_known, number_table
from blportfolio.optimise.objectives.base import ArrayObjective
from blportfolio.optimise.objectives.inverse_risk import positive_volatilities
from blportfolio.types import ArraySolution, DecisionContext, FloatArray

TOLERANCE = 1e-13
"""Newton stops where contributions are this near their budgets, relatively, or come no nearer."""
REMARKED = 1e-8
"""A relative gap above this, left by rounding, is remarked on."""
FAILED = 0.01
"""A relative gap above this is no answer."""
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class RiskParity(ArrayObjective):
    """Weights with risk contributions wᵢ(Cw)ᵢ / wᵀCw equal to budgets bᵢ, whatever the means.

    Long-only and fully invested; it takes no constraints.

    Attributes:
        budgets: Shares of risk by asset, {"AAPL": 2, "KO": 1}, all above 0 and scaled to sum to 1
            over the assets of a decision; None for equal ones.

    Raises:
        ConfigError: If budgets are no table of numbers above 0.

    References:
        Maillard, Roncalli and Teïletche (2010), The Properties of Equally Weighted Risk
        Contribution Portfolios; Spinu (2013), An Algorithm for Computing Risk Parity Weights,
        equation 6.
    """

    budgets: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        """Check the budgets."""
        if self.budgets is None:
            return
        budgets = number_table(self.budgets, name="budgets")
        for name, budget in budgets.items():
            if budget <= 0:
                raise ConfigError(
                    f"`budgets` must be above 0, got {budget:g} for {name!r}; leave the asset out "
                    "of the data to hold none of it."
                )
        object.__setattr__(self, "budgets", budgets)

    def solve_arrays(
        self,
        mean: FloatArray,  # noqa: ARG002, the shared signature
        covariance: FloatArray,
        *,
        previous: FloatArray | None = None,  # noqa: ARG002, the optimum is unique
        context: DecisionContext | None = None,
    ) -> ArraySolution:
        """Return the weights; `residual` is the largest |contribution / budget − 1|.

        Raises:
            ConfigError: If budgets name an unknown asset.
            DataError: If an asset has no variance or no budget, or C is not positive semi-definite.
            SolverError: If C is too ill-conditioned.
        """
        budgets = self._budgets(len(covariance), context)
        positive_volatilities(covariance, context)
        matrix, ridge, factor = factorised(covariance)
        weights, gap = risk_parity_weights(matrix, budgets)
        remarks: tuple[str, ...] = ()
        if gap > REMARKED:
            remarks = (
                f"Risk contributions are up to {gap:.1g} (relative) from their budgets: the "
                "covariance is too ill-conditioned for more. A shrinkage covariance mends it.",
            )
        return ArraySolution(
            weights, "optimal", gap, "newton", ridge=ridge, remarks=remarks, factor=factor
        )

    def _budgets(self, size: int, context: DecisionContext | None) -> FloatArray:
        if self.budgets is None:
            return np.full(size, 1 / size)
        if context is None:
            raise ConfigError("`budgets` are by asset and need the context of a decision.")
        check_known(self.budgets, {*context.assets, *context.universe}, name="budgets")
        missing = [asset for asset in context.assets if asset not in self.budgets]
        if missing:
            raise DataError(
                f"`budgets` has no entry for {missing[0]!r}, which is to be held; add it."
            )
        shares = np.array([self.budgets[asset] for asset in context.assets])
        shares /= shares.max()
        shares /= shares.sum()
        return shares


def risk_parity_weights(covariance: FloatArray, budgets: FloatArray) -> tuple[FloatArray, float]:
    """Return the weights whose risk contributions are the budgets, and the largest relative gap.

    They are y / Σy for the y > 0 that minimises ½yᵀCy − Σ bᵢ ln yᵢ, found by Newton's method in
    units of volatility, y = x / σ, so that only correlations count. A step is cut by 1 + δ, δ being
    the largest relative change of an x: then the objective always falls, and δ → 0 keeps the
    convergence quadratic.

    Args:
        covariance: (n_assets, n_assets) C, positive definite.
        budgets: (n_assets,) b > 0 that sum to 1.

    Raises:
        SolverError: If C is too ill-conditioned.

    References:
        Spinu (2013), algorithm 3.
    """
    volatilities = np.sqrt(np.diagonal(covariance))
    correlation = covariance / volatilities / volatilities[:, None]
    hessian = np.empty(correlation.shape, order="F")
    x = np.sqrt(budgets)
    best, best_gap, failures, change = x, np.inf, 0, np.inf
    for _ in range(MOST_STEPS):
        marginal = correlation @ x
        variance = float(x @ marginal)
        if not variance > 0:
            break
        # The optimum has a variance of 1, so that the best multiple of x has it too.
        x, marginal = x / np.sqrt(variance), marginal / np.sqrt(variance)
        gap = _gap(x * marginal, budgets)
        failures = 0 if gap < best_gap else failures + 1
        if gap < best_gap:
            best, best_gap = x, gap
        if best_gap <= TOLERANCE or (failures >= 3 and change < 1e-3 and best_gap <= FAILED):
            break
        hessian[:] = correlation
        np.fill_diagonal(hessian, 1 + budgets / x**2)
        _, step, info = dposv(hessian, budgets / x - marginal, lower=1, overwrite_a=1)
        if info != 0:
            break
        change = float(np.abs(step / x).max())
        x = x + step / (1 + change)
    if best_gap > FAILED:
        raise SolverError(
            "`covariance` is too ill-conditioned for risk parity: contributions stay "
            f"{best_gap:.1g} from their budgets. Use a shrinkage covariance."
        )
    weights = best * (volatilities.min() / volatilities)
    weights /= weights.sum()
    return weights, _gap(weights * (covariance @ weights), budgets)


def _gap(contributions: FloatArray, budgets: FloatArray) -> float:
    return float(np.abs(contributions / (contributions.sum() * budgets) - 1).max())
