"""Whether the candidates of an experiment beat its baselines, and one another, in plain words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.report.inference import sharpe_difference

HEADINGS = ("Difference of Sharpe ratios", "First", "Second", "Difference [95 %]", "Finding")

FINDINGS = {
    "better": "better",
    "worse": "worse",
    "open": "cannot be told apart",
    "undefined": "no ratio",
}


def compare(
    results: Sequence[BacktestResult], candidates: Sequence[str], baselines: Sequence[str]
) -> list[dict[str, Any]]:
    """Compare net Sharpe ratios: each candidate with each baseline, then candidates in pairs.

    Two rows are compared where they pay the same costs on the same schedule.

    Args:
        results: Finished backtests over the same periods.
        candidates: Names of those that the verdict is about.
        baselines: Names of those that they are held against.

    Returns:
        One record a pair, ready for JSON: numbers unrounded, NaN as None. `finding` is "better" or
        "worse" where the 95 % interval excludes 0, else "open", or "undefined" without a ratio.
    """
    by_name = {result.name: result for result in results}
    pairs = [(*pair, True) for pair in itertools.product(candidates, baselines)]
    pairs += [(*pair, False) for pair in itertools.combinations(candidates, 2)]
    records = []
    for first, second, is_baseline in pairs:
        here, there = by_name[first], by_name[second]
        if any(here.manifest[key] != there.manifest[key] for key in ("cost_bps", "rebalance")):
            continue
        found = sharpe_difference(
            here.returns, there.returns, periods_per_year=here.periods_per_year
        )
        figures = {
            "first_sharpe": found.first,
            "second_sharpe": found.second,
            "difference": found.value,
            "standard_error": found.standard_error,
            "low": found.low,
            "high": found.high,
        }
        records.append(
            {
                "first": first,
                "second": second,
                "is_baseline": is_baseline,
                **{key: None if math.isnan(v) else v for key, v in figures.items()},
                "level": found.level,
                "lags": found.lags,
                "finding": _finding(found.low, found.high),
            }
        )
    return records


def _finding(low: float, high: float) -> str:
    if math.isnan(low):
        return "undefined"
    return "better" if low > 0 else "worse" if high < 0 else "open"


def verdict(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences about the comparisons of one run, one universe after the other.

    Args:
        comparisons: What `compare` returned, with a `universe` each where there are several.
    """
    sentences: list[str] = []
    universes = list(dict.fromkeys(record.get("universe") for record in comparisons))
    for universe in universes:
        own = [record for record in comparisons if record.get("universe") == universe]
        before = "" if universe is None else f"{universe}: "
        sentences += [before + sentence for sentence in _of_one_universe(own)]
    against = [record for record in comparisons if record["is_baseline"]]
    if len(universes) > 1 and not any(record["finding"] == "better" for record in against):
        candidates, baselines = _names(against, "first"), _names(against, "second")
        sentences.insert(
            0,
            f"On none of {len(universes)} universes does {_listed(candidates, 'or')} beat "
            f"{_listed(baselines, 'or')}.",
        )
    if comparisons:
        sentences.append(
            f"{len(comparisons)} comparisons, net of costs, each with a 95 % interval: of twenty "
            "without a true difference, one excludes 0 by chance."
        )
    return sentences


def _of_one_universe(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    against = [record for record in comparisons if record["is_baseline"]]
    candidates = _names(against, "first")
    beaten = {record["second"] for record in against if record["finding"] == "better"}
    unbeaten = [name for name in _names(against, "second") if name not in beaten]
    sentences = []
    if unbeaten:
        others = _listed(unbeaten, "or")
        subject = f"{candidates[0]} does not beat"
        if len(candidates) > 1:
            word = "Neither" if len(candidates) == 2 else "None of"
            subject = f"{word} {_listed(candidates, 'nor' if word == 'Neither' else 'and')} beats"
        sentences.append(
            f"{subject} {others}: no interval of a difference of Sharpe ratios lies above 0."
        )
    for record in comparisons:
        first, second, figures = record["first"], record["second"], _figures(record)
        if record["finding"] == "better":
            sentences.append(f"{first} beats {second}: {figures}.")
        elif record["finding"] == "worse":
            sentences.append(f"{first} is worse than {second}: {figures}.")
        elif not record["is_baseline"]:
            sentences.append(f"{first} and {second} cannot be told apart: {figures}.")
        elif second in beaten:
            sentences.append(f"{first} does not beat {second}: {figures}.")
    return sentences


def format_comparisons(comparisons: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return one row of text a comparison, under `HEADINGS`."""
    rows: list[tuple[str, ...]] = []
    for record in comparisons:
        before = f"{record['universe']}: " if "universe" in record else ""
        rows.append(
            (
                f"{before}{record['first']} less {record['second']}",
                _number(record["first_sharpe"]),
                _number(record["second_sharpe"]),
                f"{_number(record['difference'])} {_interval(record)}",
                FINDINGS[record["finding"]],
            )
        )
    return rows


def _figures(record: Mapping[str, Any]) -> str:
    if record["finding"] == "undefined":
        return "one of them has no Sharpe ratio"
    return (
        f"Sharpe {_number(record['first_sharpe'])} against {_number(record['second_sharpe'])}, "
        f"difference {_number(record['difference'])} {_interval(record)}"
    )


def _names(comparisons: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(record[key] for record in comparisons))


def _listed(names: Sequence[str], word: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _interval(record: Mapping[str, Any]) -> str:
    return f"[{_number(record['low'])}, {_number(record['high'])}]"


def _number(value: float | None) -> str:
    if value is None:
        return "n/a"
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text
