"""What is minimised or maximised, as arrays: one form for every objective."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blportfolio.errors import DataError
from blportfolio.optimise.costs import CostArrays
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """Minimise ½δ(w − b)ᵀC(w − b) + κ√(wᵀMw) + CVaR(w) − mᵀw + costs(w), or maximise a ratio.

    Attributes:
        covariance: (n_assets, n_assets) C, decimal² per period.
        mean: (n_assets,) m, decimal per period; None counts as 0.
        risk_aversion: δ ≥ 0; 0 leaves variance out.
        centre: (n_assets,) b; None counts as 0.
        uncertainty: (n_assets, n_assets) M; None leaves it out.
        radius: κ ≥ 0.
        scenarios: (n_scenarios, n_assets) equally likely returns whose CVaR of loss is added; None
            leaves it out.
        level: Level of the CVaR, in (0, 1).
        is_ratio: Maximise (mᵀw − costs(w)) / √(wᵀCw) instead of all of the above.
        min_return: Least mᵀw − costs(w); None for none. `mean` then is no part of the sum above.
        max_volatility: Largest √(wᵀCw); None for none.
        costs: Costs of the decision, or None.
    """

    covariance: FloatArray
    mean: FloatArray | None = None
    risk_aversion: float = 0.0
    centre: FloatArray | None = None
    uncertainty: FloatArray | None = None
    radius: float = 0.0
    scenarios: FloatArray | None = None
    level: float = 0.95
    is_ratio: bool = False
    min_return: float | None = None
    max_volatility: float | None = None
    costs: CostArrays | None = None

    def net_return(self, weights: FloatArray) -> float:
        """Return mᵀw less costs, decimal per period."""
        gross = 0.0 if self.mean is None else float(self.mean @ weights)
        return gross - (0.0 if self.costs is None else self.costs.value(weights))

    def volatility(self, weights: FloatArray) -> float:
        """Return √(wᵀCw), decimal per period."""
        return math.sqrt(max(float(weights @ self.covariance @ weights), 0.0))

    def value(self, weights: FloatArray) -> float:
        """Return what is minimised; for a ratio the ratio, which is maximised."""
        if self.is_ratio:
            volatility = self.volatility(weights)
            return self.net_return(weights) / volatility if volatility > 0 else math.nan
        gap = weights if self.centre is None else weights - self.centre
        total = self.risk_aversion / 2 * float(gap @ self.covariance @ gap)
        if self.uncertainty is not None:
            spread = float(weights @ self.uncertainty @ weights)
            total += self.radius * math.sqrt(max(spread, 0.0))
        if self.scenarios is not None:
            total += cvar(self.scenarios @ weights, self.level)
        if self.min_return is None:
            return total - self.net_return(weights)
        return total

    def violation(self, weights: FloatArray) -> float:
        """Return by how much the goal's own limits are broken, as a share of their size."""
        worst = 0.0
        if self.min_return is not None:
            largest = 0.0 if self.mean is None else float(np.abs(self.mean * weights).max())
            scale = max(abs(self.min_return), largest)
            short = self.min_return - self.net_return(weights)
            worst = short / scale if scale > 0 else short
        if self.max_volatility is not None:
            worst = max(worst, self.volatility(weights) / self.max_volatility - 1)
        return worst


def cvar(returns: FloatArray, level: float) -> float:
    """Return the mean loss of the worst 1 − level of equally likely returns.

    The scenario at the edge counts with the part of it that is needed (Rockafellar and Uryasev,
    2002, Proposition 8), so that the figure is the optimum of their linear programme.
    """
    count = len(returns)
    if not count:
        raise DataError("`scenarios` must hold at least one row.")
    share = (1 - level) * count
    worst = np.sort(returns)
    whole = min(math.floor(share + 1e-12), count)
    total = float(worst[:whole].sum())
    if whole < count and share > whole:
        total += (share - whole) * float(worst[whole])
    return -total / share
