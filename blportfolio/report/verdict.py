"""Whether the candidates of an experiment beat its baselines, and one another, in plain words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.report.inference import sharpe_difference

HEADINGS = (
    "Difference of Sharpe ratios",
    "First",
    "Second",
    "Difference [95 %]",
    "Weights apart",
    "Finding",
)

FINDINGS = {
    "better": "better",
    "worse": "worse",
    "open": "cannot be told apart",
    "undefined": "no ratio",
}

NEGLIGIBLE = 1e-6
"""Differences of Sharpe ratios that are the rounding of solvers."""

SAME = 0.02
"""Share of two portfolios that is otherwise on average, below which they are nearly the same."""

UNHEARD = 0.01
"""Weight of views below which they are said to have next to none."""


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
        "worse" where the 95 % interval excludes 0, else "open", or "undefined" without a ratio;
        `weights_apart` is the mean over decisions of ½Σ|w − w'|, `views_weight` how far the views
        of the first moved its expected returns from prior to view, None without views.
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
            "weights_apart": _weights_apart(here.weights, there.weights),
            "views_weight": _views_weight(here.views),
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


def _weights_apart(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Return the mean over decisions of ½Σ|w − w'|: the share that is invested otherwise."""
    return float((first - second).abs().sum(axis=1).mean() / 2)


def _views_weight(views: pd.DataFrame) -> float:
    """Return the slope of posterior less prior on view less prior, over all views; else NaN."""
    if views.empty:
        return math.nan
    prior, view, posterior = views[["prior", "view", "posterior"]].to_numpy(dtype=float).T
    said, done = view - prior, posterior - prior
    size = float(said @ said)
    return float(said @ done) / size if size > 0 else math.nan


def _finding(low: float, high: float) -> str:
    if math.isnan(low):
        return "undefined"
    return "better" if low > NEGLIGIBLE else "worse" if high < -NEGLIGIBLE else "open"


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
    sentences += [_alike(record) for record in comparisons if _is_alike(record)]
    weights = {record["first"]: record["views_weight"] for record in against}
    return sentences + [
        _weighed(name, weight) for name, weight in weights.items() if weight is not None
    ]


def _weighed(name: str, weight: float) -> str:
    """Say how much the views of a candidate counted."""
    if abs(weight) < UNHEARD:
        return (
            f"The evidence gave the views of {name} next to no weight: {_share(weight)} in its "
            "expected returns."
        )
    return (
        f"In the expected returns of {name} its views had {_share(weight)} of the weight, the "
        "prior the rest."
    )


def _is_alike(record: Mapping[str, Any]) -> bool:
    apart = record["weights_apart"]
    return apart is not None and apart < SAME


def _alike(record: Mapping[str, Any]) -> str:
    first, second, apart = record["first"], record["second"], record["weights_apart"]
    if apart == 0:
        return f"{first} held the very portfolio of {second}."
    return f"{first} held nearly the portfolio of {second}: {_share(apart)} of it differed."


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
                _interval(record),
                "n/a" if record["weights_apart"] is None else _share(record["weights_apart"]),
                FINDINGS[record["finding"]],
            )
        )
    return rows


def _figures(record: Mapping[str, Any]) -> str:
    if record["finding"] == "undefined":
        return "one of them has no Sharpe ratio"
    return (
        f"Sharpe {_number(record['first_sharpe'])} against {_number(record['second_sharpe'])}, "
        f"difference {_interval(record)}"
    )


def _names(comparisons: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(record[key] for record in comparisons))


def _listed(names: Sequence[str], word: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _interval(record: Mapping[str, Any]) -> str:
    """Return a difference with its interval, with as many digits as tell its width."""
    values = [record[key] for key in ("difference", "low", "high")]
    digits = 2
    if values[0] is not None:
        width = values[2] - values[1]
        digits = 2 if width < NEGLIGIBLE else max(2, 1 - math.floor(math.log10(width)))
    value, low, high = (_number(value, digits) for value in values)
    return f"{value} [{low}, {high}]"


def _number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _share(value: float) -> str:
    return "less than 0.1 %" if 0 < abs(value) < 0.0005 else f"{100 * value:.1f} %"
