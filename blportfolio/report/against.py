"""Every strategy of a run against one baseline, with what multiple testing leaves of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.comparison import DRAWS, TEST, compare_pair, finite, is_comparable
from blportfolio.report.inference import (
    deflated_sharpe,
    probabilistic_sharpe,
    sharpe_confidence_set,
    superior_predictive_ability,
)
from blportfolio.report.metrics import sharpe_ratio

DRAWS_TOGETHER = 999
"""Resampled histories behind the tests of all strategies at once."""

SIZE = 0.1
"""Probability that the confidence set leaves out the best strategy."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the strategies of an experiment are compared with.

    Attributes:
        name: The strategy's name.
        rows: Names of its rows: several where it runs with several windows, costs or schedules.
        trials: Configurations that were tried before those shown were chosen.
        seed: Of the bootstraps.
    """

    name: str
    rows: tuple[str, ...]
    trials: int
    seed: int = 0


def compare_with_baseline(
    results: Sequence[BacktestResult], baseline: Baseline
) -> list[dict[str, Any]]:
    """Compare every strategy of one universe with the baseline's row of its costs and schedule.

    Where the baseline has several of those, it is the row with the same lookback.

    Args:
        results: Finished backtests over the same periods.
        baseline: What they are compared with.

    Returns:
        One record a strategy, ready for JSON. `second` is the row that it is compared with, None
        where there is none and for the baseline's own rows (`role` is "compared", "alone" or
        "baseline"); then all that `compare_pair` says; `probability` is the probabilistic Sharpe
        ratio (that the true one is above 0), `deflated` the deflated one (that it is above what the
        best of all trials reaches without skill). None is what cannot be computed.
    """
    rows = [result for result in results if result.name in baseline.rows]
    ratios = [_ratio(result) for result in results]
    known = [ratio for ratio in ratios if math.isfinite(ratio)]
    records = []
    for result, ratio in zip(results, ratios, strict=True):
        other = _row_for(result, rows)
        record = {"first": result.name, "second": None, "first_sharpe": finite(ratio)}
        if result.name in baseline.rows:
            role = "baseline"
        elif other is None:
            role = "alone"
        else:
            role = "compared"
            record |= compare_pair(result, other, is_baseline=True, seed=baseline.seed)
        chances = {
            "probability": probabilistic_sharpe(
                result.returns, periods_per_year=result.periods_per_year
            ),
            "deflated": deflated_sharpe(
                result.returns,
                trials=baseline.trials,
                trial_sharpes=known,
                periods_per_year=result.periods_per_year,
            ),
        }
        record |= {"role": role, **{key: finite(value) for key, value in chances.items()}}
        records.append(record)
    return records


def _ratio(result: BacktestResult) -> float:
    return sharpe_ratio(result.returns, periods_per_year=result.periods_per_year)


def _row_for(result: BacktestResult, rows: Sequence[BacktestResult]) -> BacktestResult | None:
    """Return the baseline's row to compare with, None where several or none would do."""
    fitting = [row for row in rows if is_comparable(result, row)]
    if len(fitting) > 1:
        lookback = result.manifest["lookback"]
        fitting = [row for row in fitting if row.manifest["lookback"] == lookback]
    return fitting[0] if len(fitting) == 1 else None


def judge_together(
    results: Sequence[BacktestResult], records: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> list[dict[str, Any]]:
    """Ask of each of the baseline's rows whether the best of those compared with it beats it.

    Args:
        results: Finished backtests over the same periods.
        records: What `compare_with_baseline` said of them.
        seed: Of the bootstrap.

    Returns:
        One record a row of the baseline that something is compared with, ready for JSON: its name
        (`baseline`), `n_strategies`, the `best` of them (the most standard errors ahead),
        `spa_p_value` of Hansen's test of superior predictive ability on Sharpe ratios, and the
        names in the model `confidence_set` of these strategies and the row, of which the one with
        the highest true ratio is one with a probability of 1 − SIZE.
    """
    by_name = {result.name: result for result in results}
    judged = []
    for row in dict.fromkeys(record["second"] for record in records if record["second"]):
        own = [r["first"] for r in records if r["second"] == row and r["p_value"] is not None]
        if not own:
            continue
        returns = pd.DataFrame({name: by_name[name].returns for name in [row, *own]})
        found = superior_predictive_ability(
            returns[own], returns[row], n_draws=DRAWS_TOGETHER, seed=seed
        )
        best = sharpe_confidence_set(returns, size=SIZE, n_draws=DRAWS_TOGETHER, seed=seed)
        judged.append(
            {
                "baseline": row,
                "n_strategies": len(own),
                "best": found.best,
                "spa_p_value": finite(found.p_value),
                "confidence_set": list(best.included),
            }
        )
    return judged


def against_baseline(
    parts: Mapping[str, Sequence[BacktestResult]], baseline: Baseline
) -> dict[str, Any]:
    """Return the whole comparison of a run with its baseline, ready for JSON.

    Args:
        parts: The results by universe, under an empty name where there is one only.
        baseline: What they are compared with.
    """
    comparisons: list[dict[str, Any]] = []
    together: list[dict[str, Any]] = []
    for universe, results in parts.items():
        label = {"universe": universe} if universe else {}
        records = compare_with_baseline(results, baseline)
        judged = judge_together(results, records, seed=baseline.seed)
        comparisons += [{**record, **label} for record in records]
        together += [{**record, **label} for record in judged]
    return {
        "baseline": baseline.name,
        "rows": list(baseline.rows),
        "trials": baseline.trials,
        "test": TEST,
        "draws": DRAWS,
        "draws_together": DRAWS_TOGETHER,
        "seed": baseline.seed,
        "comparisons": comparisons,
        "together": together,
    }
