"""What to doubt about an allocation, in sentences for somebody who puts money into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from blportfolio.backtest import Decision
from blportfolio.data.tickers import shortened
from blportfolio.optimise import (
    InverseVariance,
    InverseVolatility,
    MaxDiversification,
    MinVariance,
    RiskParity,
)

RISK_ALONE = (MinVariance, RiskParity, InverseVariance, InverseVolatility, MaxDiversification)
"""Objectives to which expected returns do not matter."""
OFTEN = 0.1
"""Share of draws without an expected return above 0 that is worth a sentence."""
WORDS = {
    "fallback": "The strategy could not do what its name says: ",
    "doubt": "A stated view looks like a slip: ",
    "ridge": "",
    "features": "",
    "delisted": "",
    "optimiser": "",
    "views": "",
    "no views": "",
}


def doubts_of(
    decision: Decision, table: pd.DataFrame, mean_is_known: bool, drawn: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return what to know, the weightiest first.

    Args:
        decision: The decision.
        table: Of the allocation.
        mean_is_known: Whether the strategy takes expected returns as known.
        drawn: How the spread was drawn.
    """
    rank = list(WORDS)
    notes = sorted(
        zip(decision.notes["kind"], decision.notes["message"], strict=True),
        key=lambda note: rank.index(note[0]) if note[0] in rank else len(rank),
    )
    told = [f"{WORDS.get(kind, '')}{message}" for kind, message in notes]
    told += _of_the_spread(decision, table, mean_is_known, drawn)
    missing = list(decision.not_eligible)
    if missing:
        reason = decision.not_eligible[missing[0]]
        told.append(
            f"{len(missing)} of {len(table)} assets could not be held on {decision.as_of.date()}: "
            f"{shortened(missing, 4)} ({missing[0]}: {reason})."
        )
    return tuple(dict.fromkeys(told))


def _of_the_spread(
    decision: Decision, table: pd.DataFrame, mean_is_known: bool, drawn: Mapping[str, Any]
) -> list[str]:
    if decision.distribution is None:
        return ["The strategy makes no forecast; its risk is told by the returns of its window."]
    if mean_is_known:
        if isinstance(decision.strategy.objective, RISK_ALONE):
            return ["The weights depend on risk alone, so that no expected return moves them."]
        return [
            "The strategy takes the averages of past returns for the truth, so that it states no "
            "range of its weights; they are the least certain of all."
        ]
    told = []
    n_draws = int(drawn["n_draws"])
    if n_draws and drawn["n_fallback"] / n_draws > OFTEN:
        share = 100 * drawn["n_fallback"] / n_draws
        told.append(
            f"In {share:.0f} % of the draws of expected returns none was above 0, and the fallback "
            "was held."
        )
    held = table[table["weight"] > 1e-8]
    beyond = held.index[(held["weight"] > held["upper"]) | (held["weight"] < held["lower"])]
    if len(beyond):
        told.append(
            f"The target of {shortened(list(beyond), 3)} lies outside its own range: at most draws "
            "the strategy puts all into one or two assets, and which ones changes from draw to "
            "draw. The range says how uncertain it is, not what to hold."
        )
    unsure = held.index[held["lower"] <= 1e-8]
    if len(unsure) > len(held) / 2:
        told.append(
            f"{len(unsure)} of the {len(held)} assets held would not be held in at least one of "
            "twenty draws of the expected returns: the choice among them is far from certain."
        )
    return told
