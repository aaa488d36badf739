"""Benchmarks, by name or as weights by asset."""

from __future__ import annotations

from typing import Any

import numpy as np

from blportfolio.errors import ConfigError, DataError
from blportfolio.optimise.limits import check_known, number_table
from blportfolio.types import DecisionContext, FloatArray, FrozenState
from blportfolio.validation import check_choice

BENCHMARKS = ("equal_weight", "market_cap")
MANY_TIMES_WEALTH = 10.0
"""A benchmark of this size is one in percent."""


def read_benchmark(value: Any) -> str | FrozenState | None:  # noqa: ANN401, checked here
    """Return a benchmark's name or its weights by asset.

    Raises:
        ConfigError: If it is neither, or its weights are in percent.
    """
    if value is None:
        return None
    if isinstance(value, str):
        check_choice(value, BENCHMARKS, name="benchmark")
        return value
    weights = number_table(value, name="benchmark")
    if not any(weights.values()):
        raise ConfigError("`benchmark` must hold some asset.")
    total = sum(map(abs, weights.values()))
    if total >= MANY_TIMES_WEALTH:
        raise ConfigError(
            f"`benchmark` adds up to {total:g} times wealth; weights are decimals, 0.3 for 30 %."
        )
    return weights


def benchmark_weights(benchmark: Any, context: DecisionContext) -> FloatArray:  # noqa: ANN401
    """Return (n_assets,) benchmark weights; zeros where there is no benchmark.

    Where some of its assets may not be held, the others share what these have, in proportion: a
    part of the benchmark would be compared with a whole portfolio.

    Raises:
        ConfigError: If a name is unknown.
        DataError: If market weights are wanted and the data have none, or nothing is left of a
            benchmark whose assets may not all be held.
    """
    size = len(context.assets)
    if benchmark is None:
        return np.zeros(size)
    if benchmark == "equal_weight":
        return np.full(size, 1 / size)
    if benchmark == "market_cap":
        if context.market_weights is None:
            raise DataError(
                "The benchmark `market_cap` needs market weights, which these data lack. Give "
                "weights by asset, or `equal_weight`."
            )
        return context.market_weights
    check_known(benchmark, {*context.assets, *context.universe}, name="benchmark")
    weights = np.array([benchmark.get(asset, 0.0) for asset in context.assets])
    if set(benchmark) <= set(context.assets):
        return weights
    whole, part = sum(benchmark.values()), float(weights.sum())
    if weights.any() and abs(whole) < 1e-9 * sum(abs(share) for share in benchmark.values()):
        return weights  # long against short: there is no total to keep
    if not part * whole > 0:
        raise DataError(
            f"`benchmark` holds assets that may not be held now; the others sum to {part:.3g} of "
            f"{whole:.3g}, which does not stand for it. Choose another benchmark, or start later."
        )
    scaled: FloatArray = weights * (whole / part)
    return scaled
