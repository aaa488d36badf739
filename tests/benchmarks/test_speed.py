"""Speed as ratios to the numpy floor, measured in one process.

Run `pytest tests/benchmarks --benchmark-enable -s`; without the flag each runs once, untimed.
"""

import time

import numpy as np
import pytest
from floor import LOOKBACK, STEP, check_floor, run_floor

import blportfolio as bl
from blportfolio.config import packaged_names

ENGINE = bl.Strategy("Markowitz", lookback=LOOKBACK, rebalance=STEP, cost_bps=10)


def run_engine(strategy, market):
    result = bl.run_backtest(strategy, market)
    return result, bl.summarise(result)


def plans():
    yield "engine", ENGINE
    for name in packaged_names("strategies"):
        update = {"lookback": LOOKBACK, "rebalance": STEP}
        yield name, bl.load_strategy(name).model_copy(update=update)


def test_the_floor_and_the_engine_solve_the_same_problems(sample_market):
    weights, _ = run_floor(sample_market.prices.to_numpy())
    check_floor(sample_market.prices.to_numpy(), weights)
    result = bl.run_backtest(ENGINE, sample_market)
    assert result.weights.shape == weights.shape
    np.testing.assert_allclose(result.weights, weights, atol=1e-10)


def test_floor(benchmark, sample_market):
    weights, _ = benchmark(run_floor, sample_market.prices.to_numpy())
    assert len(weights) == 384


@pytest.mark.parametrize(("name", "plan"), list(plans()), ids=[name for name, _ in plans()])
def test_backtest(benchmark, sample_market, name, plan):
    result, summary = benchmark(run_engine, plan, sample_market)
    assert len(result.weights) == 384
    assert np.isfinite(summary["sharpe_ratio"]), name


def test_ratios_to_the_floor(request, sample_market):
    """Interleaved runs, so that a drifting machine slows both; prints the median ratios."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("needs --benchmark-enable")
    prices = sample_market.prices.to_numpy()
    for name, plan in plans():
        ratios = []
        for _ in range(7):
            begin = time.perf_counter()
            run_floor(prices)
            middle = time.perf_counter()
            run_engine(plan, sample_market)
            ratios.append((time.perf_counter() - middle) / (middle - begin))
        print(f"{name:<16} {np.median(ratios):6.2f} x the floor")  # noqa: T201
        assert ratios
