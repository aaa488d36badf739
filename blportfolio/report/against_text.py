"""The comparison with the baseline as rows of text and as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blportfolio.report.comparison import (
    chance_text,
    difference_text,
    equals,
    listed,
    number_text,
    p_text,
    share_text,
)

SIGNIFICANT = 0.05
"""Size of the tests."""

MANY = 3
"""Groups of comparisons above which those without a finding share a sentence."""

ROLES = {"baseline": "baseline", "alone": "n/a"}


def of_universe(against: Mapping[str, Any], universe: str) -> list[Mapping[str, Any]]:
    """Return the comparisons of one universe, which is empty where there is one only."""
    return [one for one in against["comparisons"] if one.get("universe", "") == universe]


def is_obvious(against: Mapping[str, Any]) -> bool:
    """Whether all are compared with the one row that the baseline has."""
    return len(against["rows"]) == 1


def against_headings(against: Mapping[str, Any], *, everything: bool = False) -> tuple[str, ...]:
    """Return the headings of the table against the baseline; `everything` is for the page."""
    return (
        f"Against {against['baseline']}",
        *(() if is_obvious(against) else ("Baseline row",)),
        "Sharpe",
        "Difference [95 %]",
        "p",
        *(("p by HAC", "Weights apart") if everything else ()),
        "P(Sharpe > 0)",
        "Deflated",
    )


def against_rows(
    against: Mapping[str, Any],
    comparisons: Sequence[Mapping[str, Any]],
    *,
    everything: bool = False,
) -> list[tuple[str, ...]]:
    """Return one row of text a strategy, under `against_headings`.

    Args:
        against: The comparison of a run.
        comparisons: Its records of one universe.
        everything: Whether to show the closed-form test and the weights too.
    """
    rows = []
    for record in comparisons:
        is_compared = record["role"] == "compared" and record["difference"] is not None
        nothing = ROLES.get(record["role"], "n/a")
        place = () if is_obvious(against) else (_which(record["second"], against["baseline"]),)
        more: tuple[str, ...] = ()
        if everything:
            more = ("", "")
            if is_compared:
                more = (p_text(record["hac_p_value"]), share_text(record["weights_apart"]))
        rows.append(
            (
                str(record["first"]),
                *place,
                number_text(record["first_sharpe"]),
                difference_text(record) if is_compared else nothing,
                p_text(record["p_value"]) if is_compared else "",
                *more,
                chance_text(record["probability"]),
                chance_text(record["deflated"]),
            )
        )
    return rows


def _which(row: str | None, baseline: str) -> str:
    """Return what tells a row of the baseline from the others."""
    if row is None:
        return ""
    return row.removeprefix(baseline).strip(" ()") or row


def explain_against(against: Mapping[str, Any], universe: str | None = None) -> list[str]:
    """Return what the columns mean and what multiple testing leaves, as sentences.

    Args:
        against: The comparison of a run.
        universe: For the page: the one whose strategies are to be told of, with the confidence set
            of the best; by default all are told of, in fewer words.
    """
    name, trials = against["baseline"], against["trials"]
    compared = [r for r in against["comparisons"] if r["role"] == "compared"]
    sentences = []
    if compared:
        sentences.append(
            f"Difference: Sharpe ratio less that of {name}, net of costs; interval and two-sided p "
            f"by Ledoit and Wolf (2008), {against['draws']:,} draws of blocks, seed "
            f"{against['seed']}."
        )
    sentences.append(
        "P(Sharpe > 0): probability that the true ratio is above 0. Deflated: that it is above "
        f"what the best of {_count(trials, 'trial')} without skill would show, if trials spread as "
        "the rows do (Bailey and López de Prado 2012, 2014)."
    )
    if compared:
        sentences.append(_chance(against, len(compared)))
    judged = [one for one in against["together"] if universe in (None, one.get("universe", ""))]
    sentences += _together(judged, against["baseline"])
    if universe is None:
        return sentences
    beside = (
        "p by HAC: the same test in closed form. Weights apart: mean share of the portfolio that "
        "is invested otherwise than the baseline's."
    )
    return [*sentences, *(_best(one) for one in judged), *([beside] if compared else [])]


def findings_against(against: Mapping[str, Any]) -> list[str]:
    """Return what multiple testing leaves, finding first, without what columns mean.

    Args:
        against: The comparison of a run.
    """
    count = sum(record["role"] == "compared" for record in against["comparisons"])
    found = _together(against["together"], against["baseline"])
    return [*found, _chance(against, count)] if count else found


def _chance(against: Mapping[str, Any], count: int) -> str:
    """Say how many comparisons look like findings by chance."""
    return (
        f"{_count(count, 'comparison')}, {_count(against['trials'], 'configuration')} tried: of "
        "twenty comparisons without a true difference, one has p below 0.05 by chance."
    )


def _together(together: Sequence[Mapping[str, Any]], baseline: str) -> list[str]:
    """Say of each row of the baseline, or of all in one sentence, whether it is beaten."""
    judged = [one for one in together if one["spa_p_value"] is not None]
    beaten = [one for one in judged if one["spa_p_value"] < SIGNIFICANT]
    others = [one for one in judged if one not in beaten]
    sentences = [_told(one) for one in beaten]
    if len(others) <= MANY:
        return sentences + [_told(one) for one in others]
    least = min(one["spa_p_value"] for one in others)
    return [
        *sentences,
        f"In {len(others)} of {len(judged)} groups (one a row of {baseline} and a universe) "
        "no strategy beats it by more than the best of as many lucky ones would "
        f"(smallest SPA p {equals(least)}).",
    ]


def _told(one: Mapping[str, Any]) -> str:
    """Say whether the best strategy of a group beats its row of the baseline."""
    place = f"{one['universe']}: " if "universe" in one else ""
    number, row, p_value = one["n_strategies"], one["baseline"], one["spa_p_value"]
    luck = "luck" if number == 1 else f"the best of {number} lucky ones"
    subject = "No strategy here beats"
    if p_value < SIGNIFICANT:
        subject = f"{one['best']} beats"
    elif number == 1:
        subject = f"{one['best']} does not beat"
    return f"{place}{subject} {row} by more than {luck} would (SPA p {equals(p_value)})."


def _best(one: Mapping[str, Any]) -> str:
    """Say which strategies of a group may have the highest Sharpe ratio."""
    may, number = one["confidence_set"], one["n_strategies"] + 1
    names = f"all {number}" if len(may) == number else listed(may, "and")
    return (
        f"Beside {one['baseline']}: which of these {number} has the highest true Sharpe ratio? The "
        f"90 % model confidence set holds {names}."
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
