"""How far weights depend on what is not known about the expected returns."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from blportfolio.errors import BLPortfolioWarning, ConfigError
from blportfolio.optimise.draws import (
    check_counts,
    check_objective,
    posterior_draws,
    solve_draws,
)
from blportfolio.optimise.objectives.base import (
    check_distribution,
    context_of,
    previous_array,
)
from blportfolio.optimise.objectives.max_sharpe import MaxSharpe
from blportfolio.types import DecisionContext, FloatArray, Objective, ReturnDistribution
from blportfolio.validation import shown

HELD = 1e-8
"""An asset is held where the size of its weight is above this; general solvers leave dust."""


def weight_spread(
    distribution: ReturnDistribution,
    objective: Objective | None = None,
    *,
    n_draws: int = 500,
    seed: int = 0,
    rng: np.random.Generator | None = None,
    previous_weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Posterior spread of weights: what would be held at draws of the expected returns.

    θ is drawn from N(mean, Cov[θ]), and the objective solved at each draw with everything else
    the same: constraints, costs, previous weights and the predictive covariance Σ + Cov[θ]. The
    latter since nobody who holds the weights gets to know θ: risk, and every limit on it, is what
    it is at the posterior mean, the draws lie around those weights, and their mean is what
    `Resampled` holds. An investor told θ would face Σ alone; for max Sharpe that is the same
    wherever Cov[θ] is a multiple of Σ, and otherwise differs by the share of Cov[θ] in the total.

    Args:
        distribution: As a prior's `fit` returns it.
        objective: Any objective; `MaxSharpe()` by default.
        n_draws: Number of draws; 500 take about as many times as long as one solution.
        seed: Whole number from which the draws follow.
        rng: Generator that gives the seed instead.
        previous_weights: Weights held before, by asset.

    Returns:
        (n_assets, 5) by asset: `weight` at the posterior mean; `mean`, `lower` (5 %) and `upper`
        (95 %) over the draws; `held`, the share of draws in which the asset is held.
        `attrs["spread"]` has n_draws, seed, n_fallback (draws at which the objective fell back,
        such as max Sharpe without an expected return above 0; they count) and n_unsolved (draws
        without an allowed portfolio; they are left out). `attrs["solution"]` is that of `weight`.

    Raises:
        DataError: If the distribution is none, or Cov[θ] is not positive semi-definite.
        ConfigError: If a setting is out of range.
        InfeasibleError: If there are no weights at the posterior mean, or at any draw.

    Warns:
        BLPortfolioWarning: If the distribution takes the mean as known, so that there is no spread.
    """
    objective = MaxSharpe() if objective is None else objective
    check_objective(objective)
    check_distribution(distribution)
    if rng is not None:
        if not isinstance(rng, np.random.Generator):
            raise ConfigError(
                f"`rng` must be a numpy Generator, got {shown(rng)}; or give a `seed`."
            )
        seed = int(rng.integers(2**63))
    check_counts(n_draws, seed)
    point = objective.solve(distribution, previous_weights=previous_weights)
    assets = list(distribution.assets)
    if not distribution.mean_covariance.any():
        warnings.warn(
            "The distribution takes the expected returns as known (`mean_covariance` is 0), so "
            "the weights have no spread. Use a prior that states their uncertainty, such as "
            "SharedLatentPrior or EquilibriumPrior, or give `mean_covariance`.",
            BLPortfolioWarning,
            stacklevel=2,
        )
    frame = spread_of(
        objective,
        point.reindex(assets).to_numpy(dtype=float),
        (distribution.mean, distribution.covariance, distribution.mean_covariance),
        previous=previous_array(previous_weights, distribution.assets),
        context=context_of(distribution),
        n_draws=n_draws,
        seed=seed,
    )
    frame.attrs["solution"] = dict(point.attrs.get("solution", {}))
    return frame


def spread_of(
    objective: Objective,
    weights: FloatArray,
    moments: tuple[FloatArray, FloatArray, FloatArray],
    *,
    previous: FloatArray | None,
    context: DecisionContext,
    n_draws: int,
    seed: int,
) -> pd.DataFrame:
    """Return what `weight_spread` does, for a decision whose context is known.

    Args:
        objective: What was solved.
        weights: (n_assets,) its answer at the posterior mean.
        moments: E[r], the predictive covariance and Cov[θ].
        previous: (n_assets,) weights before the decision, or None.
        context: What the objective was told besides; its labels are those of the table.
        n_draws: Number of draws.
        seed: Whole number from which they follow.

    Raises:
        DataError: If Cov[θ] is not positive semi-definite.
        InfeasibleError: If there are no weights at the posterior mean, or at any draw.
    """
    mean, covariance, mean_covariance = moments
    known = not mean_covariance.any()
    draws = posterior_draws(
        mean, mean_covariance, context.assets, n_draws=1 if known else n_draws, seed=seed
    )
    solutions = solve_draws(objective, draws, mean, covariance, previous=previous, context=context)
    drawn = np.array([solution.weights for solution in solutions])
    lower, upper = np.quantile(drawn, [0.05, 0.95], axis=0)
    frame = pd.DataFrame(
        {
            "weight": weights,
            "mean": drawn.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "held": (np.abs(drawn) > HELD).mean(axis=0),
        },
        index=pd.Index(context.assets, name="asset"),
    )
    fallbacks = sum(solution.fallback is not None for solution in solutions)
    frame.attrs["spread"] = {
        "n_draws": n_draws,
        "seed": seed,
        "n_fallback": fallbacks * (n_draws if known else 1),
        "n_unsolved": len(draws) - len(solutions),
    }
    return frame
