"""Walk-forward forecasts of closed-form models beside the numpy floor of the same problem.

Run `pytest tests/benchmarks --benchmark-enable -s -k forecast`; without the flag each runs once, on
a tenth of the data, untimed. 20 assets, 30 years of daily returns, a refit every month to all that
is known, contexts of 20 days. The floor keeps the sums of products as the window grows and solves
one ridge of one penalty at each refit: no choice of penalty, no blocks, no checks.
"""

import time

import numpy as np
import pytest

from blportfolio.forecasters import (
    AttentionKernelForecaster,
    DecompositionLinearForecaster,
    LinearForecaster,
    LinearResidualForecaster,
    StateSpaceForecaster,
    hankel_windows,
    walk_forward,
)
from blportfolio.forecasters.levels import on_returns

N_DATES, N_ASSETS, CONTEXT, STEP, FIRST = 7_560, 20, 20, 21, 252
PENALTY = 0.1

FORECASTERS = {
    "linear": LinearForecaster(),
    "linear_residual": on_returns(LinearResidualForecaster()),
    "decomposition_linear": DecompositionLinearForecaster(),
    "state_space": StateSpaceForecaster(),
    "attention_kernel": AttentionKernelForecaster(),
}


def make_returns(n_dates):
    return 0.01 * np.random.default_rng(0).normal(size=(n_dates, N_ASSETS))


def run_floor(returns):
    """Return (n_dates, n_assets) forecasts by ridge on the growing past."""
    pieces = np.lib.stride_tricks.sliding_window_view(returns, CONTEXT, axis=0)
    forecasts = np.full(returns.shape, np.nan)
    total, moments, seen = np.zeros(CONTEXT + 1), np.zeros((CONTEXT + 1, CONTEXT + 1)), 0
    for row in range(FIRST, len(returns), STEP):
        context = pieces[seen : row - CONTEXT + 1].reshape(-1, CONTEXT)
        target = returns[seen + CONTEXT : row + 1].reshape(-1, 1)
        both = np.hstack([context[: len(target)], target])
        total += both.sum(axis=0)
        moments += both.T @ both
        seen = row - CONTEXT + 1
        count = seen * returns.shape[1]
        centred = moments - np.outer(total, total) / count
        gram = centred[:CONTEXT, :CONTEXT]
        ridge = gram + PENALTY * np.trace(gram) / CONTEXT * np.eye(CONTEXT)
        weights = np.linalg.solve(ridge, centred[:CONTEXT, CONTEXT])
        intercept = (total[CONTEXT] - total[:CONTEXT] @ weights) / count
        due = pieces[row - CONTEXT + 1 : row - CONTEXT + 1 + STEP]
        forecasts[row : row + STEP] = due @ weights + intercept
    return forecasts


def run(forecaster, windows, n_dates):
    return walk_forward(forecaster, windows, range(FIRST, n_dates, STEP))


def test_the_floor_and_the_walk_solve_the_same_forecasts():
    returns = make_returns(N_DATES // 10)
    windows = hankel_windows(returns, CONTEXT, 1, unknown_targets=True)
    walked = run(LinearForecaster(penalties=PENALTY), windows, len(returns))
    forecasts = np.full(returns.shape, np.nan)
    forecasts[windows.origins, windows.channels] = walked[:, 0]
    np.testing.assert_allclose(forecasts, run_floor(returns), atol=1e-13)


def test_forecast_floor(benchmark):
    returns = make_returns(N_DATES if benchmark.enabled else N_DATES // 10)
    assert np.isfinite(benchmark(run_floor, returns)[FIRST:]).all()


@pytest.mark.parametrize("name", FORECASTERS)
def test_forecast_walk(benchmark, name):
    """Interleaved with the floor; the median ratio and the time are recorded."""
    returns = make_returns(N_DATES if benchmark.enabled else N_DATES // 10)
    windows = hankel_windows(returns, CONTEXT, 1, unknown_targets=True)
    ratios, seconds = [], []
    for _ in range(3 if benchmark.enabled else 1):
        begin = time.perf_counter()
        run_floor(returns)
        middle = time.perf_counter()
        run(FORECASTERS[name], windows, len(returns))
        seconds.append(time.perf_counter() - middle)
        ratios.append(seconds[-1] / (middle - begin))
    benchmark.extra_info["ratio_to_floor"] = float(np.median(ratios))
    walked = benchmark.pedantic(run, (FORECASTERS[name], windows, len(returns)), rounds=1)
    line = f"{name:<22}{np.median(seconds):6.2f} s {np.median(ratios):7.1f} x the floor"
    print(f"\n{line}")  # noqa: T201
    assert np.isfinite(walked[windows.origins >= FIRST]).all()
