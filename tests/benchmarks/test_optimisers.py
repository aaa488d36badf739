"""Long-only max Sharpe at 20, 100 and 500 assets as a ratio to peers (extra `bench`).

Run `pytest tests/benchmarks/test_optimisers.py --benchmark-enable -s`; without the flag a small
problem is solved once, untimed. Every library gets the same moments, of generated and of real
returns, ready made, so that only the optimisation is timed; runs are interleaved, and `solve`
(labels, residuals and all) and `solve_arrays` (what a backtest calls) are both compared.
"""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import dev_data

import blportfolio as bl

SIZES = [20, 100, 500]
KINDS = ["few held", "nearly all held", "short history", "real stocks"]
PERIODS = 252  # peers solve in annual units: in daily ones some fail


def make_problem(size, kind):
    """Daily moments: one factor with few or nearly all held, a short history in sectors, stocks."""
    rng = np.random.default_rng(size)
    n_obs = size + max(2, size // 20) if kind in ("short history", "real stocks") else 4 * size
    market = 0.01 * rng.normal(size=(n_obs, 1)) * rng.uniform(0.5, 1.5, size)
    own = 0.01 * rng.normal(size=(n_obs, size)) * rng.uniform(0.5, 2.0, size)
    returns = market + own
    if kind == "short history":
        returns += 0.01 * rng.standard_t(4, size=(n_obs, 11))[:, rng.integers(0, 11, size)]
    if kind == "real stocks":
        prices = pd.read_parquet(dev_data("sp500_scale_adjclose_2010_2019_wide.parquet"))
        prices = prices.set_index("date") if "date" in prices else prices
        chosen = rng.permutation(prices.shape[1])[:size]  # at most 427 of them
        returns = prices.astype(float).pct_change().to_numpy()[-n_obs:, np.sort(chosen)]
    covariance = np.cov(returns, rowvar=False)
    size = len(covariance)
    mean = returns.mean(axis=0)
    if kind == "nearly all held":
        held = rng.uniform(0.5, 1.5, size) / size
        held[: max(1, size // 50)] *= -1
        mean = 5 * covariance @ held
    elif kind != "real stocks":
        mean = rng.normal(3e-4, 1e-3, size)
        mean[0] = 1e-3
    assets = [f"A{i}" for i in range(size)]
    return bl.ReturnDistribution(mean, covariance, np.zeros_like(covariance), assets)


def pyportfolioopt(found):
    """Its own choice of solver, or Clarabel where that one stops at its limit of iterations."""
    library = pytest.importorskip("pypfopt", reason="needs the extra bench")

    def solve(solver):
        moments = PERIODS * found.mean, PERIODS * found.covariance
        problem = library.EfficientFrontier(*moments, solver=solver)
        problem.max_sharpe(risk_free_rate=0.0)
        return problem.weights

    try:
        solve(None)
    except library.exceptions.OptimizationError:
        return lambda: solve("CLARABEL")
    return lambda: solve(None)


def skfolio(found):
    optimisation = pytest.importorskip("skfolio.optimization", reason="needs the extra bench")
    prior = pytest.importorskip("skfolio.prior", reason="needs the extra bench")
    moments = {"mu": PERIODS * found.mean, "covariance": PERIODS * found.covariance}

    class Given(prior.BasePrior):
        def __init__(self):
            pass

        def fit(self, X, y=None, **_):  # noqa: N803, ARG002, the peer's own names
            self.return_distribution_ = prior.ReturnDistribution(**moments, returns=X)
            return self

    def solve():
        ratio = optimisation.ObjectiveFunction.MAXIMIZE_RATIO
        model = optimisation.MeanRisk(objective_function=ratio, prior_estimator=Given())
        return model.fit(np.zeros((2, len(found.mean)))).weights_

    return solve


def riskfolio(found):
    library = pytest.importorskip("riskfolio", reason="needs the extra bench")
    labels = list(found.assets)
    portfolio = library.Portfolio(returns=pd.DataFrame(np.zeros((2, len(labels))), columns=labels))
    portfolio.mu = pd.DataFrame(PERIODS * found.mean[None], columns=labels)
    portfolio.cov = pd.DataFrame(PERIODS * found.covariance, index=labels, columns=labels)

    def solve():
        answer = portfolio.optimization(model="Classic", rm="MV", obj="Sharpe", rf=0, hist=True)
        return answer["weights"].to_numpy()

    return solve


def median_times(solvers, rounds):
    """Return the median seconds of each solver, interleaved.

    An untimed run goes before each timed one, so that none pays for the caches another emptied.
    """
    times = [[] for _ in solvers]
    for _ in range(rounds):
        for solve, seconds in zip(solvers, times, strict=True):
            solve()
            begin = time.perf_counter()
            solve()
            seconds.append(time.perf_counter() - begin)
    return [float(np.median(seconds)) for seconds in times]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("peer", [pyportfolioopt, skfolio, riskfolio], ids=lambda f: f.__name__)
def test_max_sharpe(benchmark, peer, size, kind):
    found = make_problem(size if benchmark.enabled else 8, kind)
    size = len(found.mean)
    objective = bl.MaxSharpe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries
        solve = peer(found)
        theirs = solve()
        weights = benchmark.pedantic(objective.solve, (found,), rounds=1)

        def arrays():
            return objective.solve_arrays(found.mean, found.covariance)

        if benchmark.enabled:
            rounds = 9 if size < 500 else 5
            whole, kernel, other = median_times(
                [lambda: objective.solve(found), arrays, solve], rounds
            )
            benchmark.extra_info["peer_over_solve"] = other / whole
            benchmark.extra_info["peer_over_solve_arrays"] = other / kernel
            print(  # noqa: T201
                f"\n{peer.__name__:<15}{size:4d} assets, {kind}, {np.count_nonzero(weights)} held: "
                f"{1e3 * whole:7.2f} ms, {other / whole:5.0f} x faster; solve_arrays "
                f"{1e3 * kernel:6.2f} ms, {other / kernel:5.0f} x"
            )

    def ratio(w):
        return w @ found.mean / np.sqrt(w @ found.covariance @ w)

    assert ratio(theirs) == pytest.approx(ratio(weights), rel=1e-3)
    assert ratio(weights) >= ratio(np.maximum(theirs, 0)) * (1 - 1e-9)
