"""Cost of the three realisations of a state-space model as the sequence grows.

Run `pytest tests/benchmarks/test_state_space.py --benchmark-enable -s`; without the flag each
runs once, untimed.
"""

import time

import numpy as np
import pytest

from blportfolio.forecasters.state_space import ssd_chunked, ssd_kernel, ssd_recurrent

LENGTHS = (256, 512, 1024, 2048, 4096)


def run_attention(a, b, c, x):
    return ssd_kernel(a, b, c) @ x


REALISATIONS = {
    "recurrence": ssd_recurrent,
    "attention": run_attention,
    "chunked": ssd_chunked,
}


def problem(length, states=4, channels=4):
    rng = np.random.default_rng(length)
    a = rng.uniform(-0.5, 1.0, (length, states))
    b, c = rng.normal(size=(2, length, states))
    return a, b, c, rng.normal(size=(length, channels))


def seconds(run, arguments, rounds):
    """Return the shortest of some runs, the one that other work disturbed least."""
    best = np.inf
    for _ in range(rounds):
        begin = time.perf_counter()
        run(*arguments)
        best = min(best, time.perf_counter() - begin)
    return best


@pytest.mark.parametrize("name", list(REALISATIONS))
def test_cost_curve(benchmark, name):
    """Print the time at each length and the slope of its logarithm: 1 is linear, 2 quadratic."""
    run = REALISATIONS[name]
    lengths = LENGTHS if benchmark.enabled else LENGTHS[:2]
    times = [seconds(run, problem(n), 5 if benchmark.enabled else 1) for n in lengths]
    slope = np.polyfit(np.log(lengths), np.log(times), 1)[0]
    benchmark.extra_info["log_log_slope"] = float(slope)
    benchmark.extra_info["seconds"] = dict(zip(map(str, lengths), times, strict=True))
    outputs = benchmark.pedantic(run, problem(lengths[-1]), rounds=1)
    shown = "  ".join(f"{n}: {1e3 * t:.1f} ms" for n, t in zip(lengths, times, strict=True))
    print(f"\n{name:<11} slope {slope:.2f}   {shown}")  # noqa: T201
    np.testing.assert_allclose(
        outputs, ssd_recurrent(*problem(lengths[-1])), atol=1e-12 * np.abs(outputs).max()
    )
