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
def test_ratio_to_the_floor(benchmark, sample_market, name, plan):
    """Interleaved runs, so that a drifting machine slows both; the median ratio is recorded."""
    market = sample_market
    if not benchmark.enabled:  # untimed, a part of the data shows that the benchmark runs
        market = bl.MarketData(market.prices.iloc[:1000], macro=market.macro)
    prices = market.prices.to_numpy()
    ratios = []
    for _ in range(7 if benchmark.enabled else 1):
        begin = time.perf_counter()
        weights, _ = run_floor(prices)
        middle = time.perf_counter()
        result, _ = run_engine(plan, market)
        ratios.append((time.perf_counter() - middle) / (middle - begin))
    benchmark.extra_info["ratio_to_floor"] = float(np.median(ratios))
    benchmark.pedantic(run_engine, (plan, market), rounds=1)
    print(f"\n{name:<16} {np.median(ratios):6.2f} x the floor")  # noqa: T201
    assert result.weights.shape == weights.shape
