"""The efficient frontier: portfolios from the least variance to the largest return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError, InfeasibleError
from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.dispatch import optimise
from blportfolio.optimise.exact.conditioning import condition_number, power_of_four, regularise
from blportfolio.optimise.exact.critical_line import Line, trace
from blportfolio.optimise.exact.face import Box
from blportfolio.optimise.feasible import FeasibleSet, feasible_set
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.objectives.base import check_distribution, context_of, warn_of_ridge
from blportfolio.types import FloatArray, ReturnDistribution


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EfficientFrontier:
    """Portfolios of least variance for their return, in order of return, per period.

    Attributes:
        returns: (n_points,) expected returns.
        volatilities: (n_points,) volatilities.
        weights: (n_points, n_assets) weights by asset.
        corners: (n_corners, n_assets) weights at which the frontier changes direction, between two
            of which all its weights are linear; None where the constraints have more than bounds,
            a budget and cash, so that only the points are known.
        min_variance: (n_assets,) weights of the first point.
        max_sharpe: (n_assets,) weights of the largest ratio of return to volatility, or None where
            no return is above 0, or the ratio rises without end as positions grow.
        mean: (n_assets,) expected returns of the assets.
        covariance: (n_assets, n_assets) their covariance, with the ridge if it was singular.
        periods_per_year: Periods of the data in a year, where that is known.
    """

    returns: FloatArray
    volatilities: FloatArray
    weights: pd.DataFrame
    corners: pd.DataFrame | None
    min_variance: pd.Series
    max_sharpe: pd.Series | None
    mean: pd.Series
    covariance: pd.DataFrame
    periods_per_year: float | None = None

    def __repr__(self) -> str:
        """Say what it is of and how far it reaches; `weights` and `corners` show the numbers."""
        corners = "" if self.corners is None else f", {len(self.corners)} corners"
        ends = [
            f"{name} {values[0]:.3g} to {values[-1]:.3g}"
            for name, values in (("returns", self.returns), ("volatilities", self.volatilities))
        ]
        return (
            f"EfficientFrontier({len(self.mean)} assets, {len(self.returns)} points{corners}; "
            f"{', '.join(ends)} per period)"
        )


def efficient_frontier(
    distribution: ReturnDistribution,
    *,
    constraints: Constraints | Mapping[str, Any] | None = None,
    n_points: int = 50,
) -> EfficientFrontier:
    """Return the efficient frontier, exactly for bounds, budget and cash.

    Args:
        distribution: Predictive mean and covariance.
        constraints: Constraints or a table of them; long-only and fully invested by default.
            Those of trades and turnover do not apply.
        n_points: Number of portfolios, evenly spread in return; one alone is returned where all
            have the same. Where bounds leave returns without a limit, the frontier ends at the
            largest of the assets', that of the best ratio, or twice as far in return as its last
            corner.

    Raises:
        DataError: If the distribution is not one, or its covariance is not positive semi-definite.
        ConfigError: If `n_points` is below 2, or a constraint is wrong.
        InfeasibleError: If no portfolio meets the constraints.
        SolverError: If every solver fails.

    Warns:
        SingularCovarianceWarning: If the covariance is singular, so that it got the documented
            ridge.

    References:
        Markowitz (1956), The Optimization of a Quadratic Function Subject to Linear Constraints.
    """
    check_distribution(distribution)
    if isinstance(n_points, bool) or not isinstance(n_points, int) or n_points < 2:
        raise ConfigError(f"`n_points` must be a whole number of 2 or more, got {n_points!r}.")
    chosen = Constraints() if constraints is None else Constraints.of(constraints)
    allowed = feasible_set(chosen, None, context_of(distribution))
    covariance, ridge = regularise(distribution.covariance)
    if ridge:
        warn_of_ridge(ridge, condition_number(covariance))
    mean = distribution.mean
    best: FloatArray | None
    try:
        best = optimise(Goal(covariance, mean, is_ratio=True), allowed).weights
    except InfeasibleError:  # none has a return above 0, or there is no portfolio at all: see below
        best = None
    if allowed.is_box:
        far = max(float(mean.max()), -np.inf if best is None else float(mean @ best))
        corners = _corners(mean, covariance, allowed, far)
        points = _between(corners, mean, n_points)
    else:
        corners = None
        points = _solved(mean, covariance, allowed, n_points)
    labels = pd.Index(distribution.assets, name="asset")
    weights = pd.DataFrame(points, columns=labels, index=_numbered(points, "point"))
    return EfficientFrontier(
        returns=points @ mean,
        volatilities=np.sqrt(np.einsum("ij,jk,ik->i", points, covariance, points)),
        weights=weights,
        corners=None
        if corners is None
        else pd.DataFrame(corners, columns=labels, index=_numbered(corners, "corner")),
        min_variance=pd.Series(points[0], index=labels, name="weight"),
        max_sharpe=None if best is None else pd.Series(best, index=labels, name="weight"),
        mean=pd.Series(mean, index=labels, name="mean"),
        covariance=pd.DataFrame(covariance, index=labels, columns=labels),
        periods_per_year=distribution.periods_per_year,
    )


def _numbered(rows: FloatArray, name: str) -> pd.RangeIndex:
    return pd.RangeIndex(len(rows), name=name)


def _corners(
    mean: FloatArray, covariance: FloatArray, allowed: FeasibleSet, far: float
) -> FloatArray:
    """Return (n_corners, n_assets) corner portfolios.

    Where returns have no limit, the last has a return of `far`, or twice as far as its last corner.
    """
    box = Box(*allowed.box(), *allowed.budget())
    if box.is_empty():
        from blportfolio.optimise.conflicts.explain import explain

        raise explain(Goal(covariance, mean, 1.0), allowed)
    risk = covariance * power_of_four(float(np.diagonal(covariance).max()))
    gain = mean * power_of_four(float(np.abs(mean).max()))
    found, onward = trace(Line(risk, np.zeros(len(mean)), gain, box))
    corners = [corner.weights for corner in found]
    pace = float(mean @ onward)
    if pace > 0:
        first, last = float(mean @ corners[0]), float(mean @ corners[-1])
        end = max(far, 2 * last - first)
        corners.append(corners[-1] + (end - last) / pace * onward)
    return np.array(corners)


def _between(corners: FloatArray, mean: FloatArray, n_points: int) -> FloatArray:
    """Return (n_points, n_assets) portfolios spread evenly in return between corners."""
    if len(corners) == 1:
        return corners.copy()
    at = np.maximum.accumulate(corners @ mean)
    wanted = np.linspace(at[0], at[-1], n_points)
    points = np.array([np.interp(wanted, at, column) for column in corners.T]).T
    points[0], points[-1] = corners[0], corners[-1]
    return points


def _solved(
    mean: FloatArray, covariance: FloatArray, allowed: FeasibleSet, n_points: int
) -> FloatArray:
    """Return (n_points, n_assets) portfolios, each found for its return."""
    first = optimise(Goal(covariance, np.zeros(len(mean)), 1.0), allowed).weights
    last = optimise(Goal(covariance, mean), allowed).weights
    least, most = float(mean @ first), float(mean @ last)
    size = float(np.abs(mean).max())
    if most - least <= 1e-9 * size:
        return first[None]
    # The largest return may belong to several portfolios, of which the last point is the calmest.
    wanted = np.linspace(least, most, n_points)[1:]
    wanted[-1] -= 1e-8 * (most - least)
    return np.array(
        [first]
        + [
            optimise(Goal(covariance, mean, 1.0, min_return=float(value)), allowed).weights
            for value in wanted
        ]
    )
