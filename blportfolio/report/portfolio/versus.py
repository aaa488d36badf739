"""Chosen results, from one run or several, held against a benchmark over the dates they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.comparison import DRAWS, finding_of, finite
from blportfolio.report.inference import bootstrap_sharpe_difference, sharpe_difference
from blportfolio.report.portfolio.period import shared_returns


def renamed(result: BacktestResult, name: str) -> BacktestResult:
    """Return a result under another name, such as one that says which run it is of."""
    strategy = {**result.manifest["strategy"], "name": name}
    return replace(result, manifest={**result.manifest, "strategy": strategy})


def universes_of(results: Sequence[BacktestResult]) -> dict[str, list[str]]:
    """Return which results are on which data: names of results by name of the data."""
    found: dict[str, list[str]] = {}
    for result in results:
        found.setdefault(str(result.manifest["data"]["name"]), []).append(result.name)
    return found


def sharpe_differences(
    results: Sequence[BacktestResult],
    benchmark: BacktestResult,
    *,
    net: bool = True,
    n_draws: int = DRAWS,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Compare the Sharpe ratio of each result with the benchmark's over the same dates.

    Args:
        results: Results over the same stretch, as `on_common_dates` returns them; the benchmark
            may be among them.
        benchmark: What they are compared with, over that stretch.
        net: Whether after costs.
        n_draws: Resampled histories behind an interval.
        seed: Of the bootstrap.

    Returns:
        One record a result that is not the benchmark, as `plot_differences` takes it: `first`,
        `second`, `role` ("compared"), `first_sharpe`, `second_sharpe`, `difference` per year with
        `low`, `high` and two-sided `p_value` (Ledoit and Wolf 2008, studentised circular block
        bootstrap), `hac_p_value` in closed form, `finding`, and `n_periods`, the returns compared.
        None is what cannot be computed.

    Raises:
        DataError: If the results share fewer than two periods.
    """
    others = [result for result in results if result.name != benchmark.name]
    if not others:
        raise DataError("There is nothing to compare with the benchmark; choose one more strategy.")
    returns = shared_returns([benchmark, *others], net=net)
    per_year = float(returns.attrs["periods_per_year"])
    records = []
    for number, result in enumerate(others, start=1):
        first, second = returns[number], returns[0]
        drawn = bootstrap_sharpe_difference(
            first, second, periods_per_year=per_year, n_draws=n_draws, seed=seed
        )
        closed = sharpe_difference(first, second, periods_per_year=per_year)
        figures = {
            "first_sharpe": drawn.first,
            "second_sharpe": drawn.second,
            "difference": drawn.value,
            "low": drawn.low,
            "high": drawn.high,
            "p_value": drawn.p_value,
            "hac_p_value": closed.p_value,
        }
        records.append(
            {
                "first": result.name,
                "second": benchmark.name,
                "role": "compared",
                **{key: finite(value) for key, value in figures.items()},
                "finding": finding_of(drawn),
                "n_periods": len(returns),
            }
        )
    return records
