"""The numerical floor of a walk-forward: what plain numpy needs for the same problems.

For each window its mean and centred cross-product, one cold active-set solve, and the returns of
the periods held. No posterior, drift, costs, ledger or metrics.
"""

import numpy as np

from blportfolio.optimise import long_only_max_sharpe
from blportfolio.optimise.exact.active_set import solve_nonnegative

LOOKBACK, STEP = 252, 21


def run_floor(prices):
    """Return (n_decisions, n_assets) weights and the returns earned with them."""
    returns = prices[1:] / prices[:-1] - 1
    weights, earned = [], []
    for stop in range(LOOKBACK, len(returns), STEP):
        window = returns[stop - LOOKBACK : stop]
        mean = window.mean(axis=0)
        centred = window - mean
        covariance = centred.T @ centred / (LOOKBACK - 1)
        solution = solve_nonnegative(covariance, mean).solution
        portfolio = solution / solution.sum()
        weights.append(portfolio)
        earned.append(returns[stop : stop + STEP] @ portfolio)
    return np.vstack(weights), np.concatenate(earned)


def check_floor(prices, weights):
    """Check that the floor solves the problems: the public optimiser agrees on the last one."""
    returns = prices[1:] / prices[:-1] - 1
    stop = range(LOOKBACK, len(returns), STEP)[-1]
    window = returns[stop - LOOKBACK : stop]
    expected = long_only_max_sharpe(window.mean(axis=0), np.cov(window, rowvar=False))
    np.testing.assert_allclose(weights[-1], expected, atol=1e-12)
