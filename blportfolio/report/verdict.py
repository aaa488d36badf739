"""Whether the candidates of an experiment beat its baselines, and one another, in plain words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.report.comparison import (
    compare_pair,
    difference_text,
    is_comparable,
    listed,
    number_text,
    p_text,
    share_text,
)

HEADINGS = (
    "Difference of Sharpe ratios",
    "First",
    "Second",
    "Difference [95 %]",
    "p",
    "Weights apart",
    "Finding",
)

FINDINGS = {
    "better": "better",
    "worse": "worse",
    "open": "cannot be told apart",
    "undefined": "no ratio",
}

ADDED = ("role", "probability", "deflated", "universe")
"""What a comparison with the baseline of a run holds beside what `compare_pair` says."""

MANY = 3
"""Pairs of candidates without a finding above which they share a sentence."""

SAME = 0.02
"""Share of two portfolios that is otherwise on average, below which they are nearly the same."""

UNHEARD = 0.01
"""Weight of views below which they are said to have next to none."""


def compare(
    results: Sequence[BacktestResult],
    candidates: Sequence[str],
    baselines: Sequence[str],
    *,
    seed: int = 0,
    known: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Compare net Sharpe ratios: each candidate with each baseline, then candidates in pairs.

    Two rows are compared where they pay the same costs on the same schedule.

    Args:
        results: Finished backtests over the same periods.
        candidates: Names of those that the verdict is about.
        baselines: Names of those that they are held against.
        seed: Of the bootstrap.
        known: Records of `compare_with_baseline` on the same results, which are not made again.

    Returns:
        One record a pair, as `compare_pair` makes it.
    """
    by_name = {result.name: result for result in results}
    made = {
        (one["first"], one["second"]): {key: one[key] for key in one if key not in ADDED}
        for one in known
    }
    pairs = [(*pair, True) for pair in itertools.product(candidates, baselines)]
    pairs += [(*pair, False) for pair in itertools.combinations(candidates, 2)]
    return [
        {**made[first, second], "is_baseline": is_baseline}
        if (first, second) in made
        else compare_pair(by_name[first], by_name[second], is_baseline=is_baseline, seed=seed)
        for first, second, is_baseline in pairs
        if is_comparable(by_name[first], by_name[second])
    ]


def not_shown(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the verdict's comparisons that the tables against the baseline do not hold."""
    tables = summary.get("against_baseline", {"comparisons": ()})["comparisons"]
    shown = {_pair(record) for record in tables if record["second"]}
    return [one for one in summary["verdict"]["comparisons"] if _pair(one) not in shown]


def _pair(record: Mapping[str, Any]) -> tuple[str | None, frozenset[str]]:
    """Return what a record compares, in whichever order."""
    return record.get("universe"), frozenset({record["first"], record["second"]})


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
            f"On none of {len(universes)} universes does {listed(candidates, 'or')} beat "
            f"{listed(baselines, 'or')}.",
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
        others = listed(unbeaten, "or")
        subject = f"{candidates[0]} does not beat"
        if len(candidates) > 1:
            word = "Neither" if len(candidates) == 2 else "None of"
            subject = f"{word} {listed(candidates, 'nor' if word == 'Neither' else 'and')} beats"
        sentences.append(
            f"{subject} {others}: no interval of a difference of Sharpe ratios lies above 0."
        )
    pairs = [record for record in comparisons if not record["is_baseline"]]
    still_open = sum(record["finding"] not in {"better", "worse"} for record in pairs)
    if still_open > MANY:
        sentences.append(
            f"{still_open} of {len(pairs)} pairs of the candidates themselves cannot be told apart."
        )
    for record in comparisons:
        first, second, figures = record["first"], record["second"], _figures(record)
        if record["finding"] == "better":
            sentences.append(f"{first} beats {second}: {figures}.")
        elif record["finding"] == "worse":
            sentences.append(f"{first} is worse than {second}: {figures}.")
        elif not record["is_baseline"] and still_open <= MANY:
            sentences.append(f"{first} and {second} cannot be told apart: {figures}.")
        elif record["is_baseline"] and second in beaten:
            sentences.append(f"{first} does not beat {second}: {figures}.")
    sentences += [_alike(record) for record in comparisons if _is_alike(record)]
    weights = {record["first"]: record["views_weight"] for record in against}
    return sentences + [
        _weighed(name, weight) for name, weight in weights.items() if weight is not None
    ]


def _weighed(name: str, weight: float) -> str:
    """Say how much the views of a candidate counted."""
    if abs(weight) < UNHEARD:
        return (
            f"The evidence gave the views of {name} next to no weight: {share_text(weight)} in its "
            "expected returns."
        )
    return (
        f"In the expected returns of {name} its views had {share_text(weight)} of the weight, the "
        "prior the rest."
    )


def _is_alike(record: Mapping[str, Any]) -> bool:
    apart = record["weights_apart"]
    return apart is not None and apart < SAME


def _alike(record: Mapping[str, Any]) -> str:
    first, second, apart = record["first"], record["second"], record["weights_apart"]
    if apart == 0:
        return f"{first} held the very portfolio of {second}."
    return f"{first} held nearly the portfolio of {second}: {share_text(apart)} of it differed."


def format_comparisons(comparisons: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return one row of text a comparison, under `HEADINGS`."""
    rows: list[tuple[str, ...]] = []
    for record in comparisons:
        before = f"{record['universe']}: " if "universe" in record else ""
        rows.append(
            (
                f"{before}{record['first']} less {record['second']}",
                number_text(record["first_sharpe"]),
                number_text(record["second_sharpe"]),
                difference_text(record),
                p_text(record.get("p_value")),
                share_text(record["weights_apart"]),
                FINDINGS[record["finding"]],
            )
        )
    return rows


def _figures(record: Mapping[str, Any]) -> str:
    if record["finding"] == "undefined":
        return "one of them has no Sharpe ratio"
    return (
        f"Sharpe {number_text(record['first_sharpe'])} against "
        f"{number_text(record['second_sharpe'])}, "
        f"difference {difference_text(record)}"
    )


def _names(comparisons: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(record[key] for record in comparisons))
