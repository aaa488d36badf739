"""What an objective is told besides the moments, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from blportfolio.validation import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DecisionContext:
    """What an objective may use besides mean and covariance, unchecked.

    Attributes:
        assets: (n_assets,) labels, by which constraints find their assets.
        universe: Labels of all assets of the market, eligible at the decision or not; a
            constraint may name any of them.
        mean_covariance: (n_assets, n_assets) Cov[θ], or None where it is not known.
        scenarios: (n_scenarios, n_assets) equally likely returns of one period, or None.
        market_weights: (n_assets,) capitalisation weights summing to 1, or None.
        periods_per_year: Periods of the data in a year, or None where that is not known.
        horizon: Periods until the next decision, over which a trade has to pay for itself.
        lookback: Returns in the window that the moments come from, or None where not known.
        cost_bps: Basis points that each unit bought and each unit sold is charged; outside a
            backtest what a strategy's `cost_bps` is by default.
        forced_sales: Weight of what is held and may be held no longer. Neither selling it nor
            buying something for it counts as turnover.
    """

    assets: tuple[str, ...]
    universe: tuple[str, ...] = ()
    mean_covariance: FloatArray | None = None
    scenarios: FloatArray | None = None
    market_weights: FloatArray | None = None
    periods_per_year: float | None = None
    horizon: float = 1.0
    lookback: int | None = None
    cost_bps: float = 10.0
    forced_sales: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ArraySolution:
    """What `solve_arrays` returns: weights and how they were found.

    Attributes:
        weights: (n_assets,) weights; what they lack of 1 is in cash.
        status: "optimal", "heuristic" where a better portfolio may exist, or "fallback".
        residual: Largest violation of the optimality (KKT) conditions, relative to their scale.
        solver: Name of the method.
        fallback: Name of the fallback used, or None.
        ridge: What was added to the diagonal of a singular covariance, else 0.
        primal: Largest violation of a constraint, in weight.
        objective: Value of what was maximised or minimised, per period; None where there is none.
        remarks: What a reader should know: a constraint that named no asset, a solver that failed.
        factor: (n_assets, n_assets) lower Cholesky factor of the covariance with the ridge, where
            it was made on the way; what is above its diagonal means nothing.
    """

    weights: FloatArray
    status: str
    residual: float
    solver: str
    fallback: str | None = None
    ridge: float = 0.0
    primal: float = 0.0
    objective: float | None = None
    remarks: tuple[str, ...] = ()
    factor: FloatArray | None = None
