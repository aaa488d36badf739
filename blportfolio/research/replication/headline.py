"""The paper's headline and its growth convention, worked out from the rows of its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.research.paper import PaperFigures, PublishedRow, published_table
from blportfolio.research.replication.words import mean, over


@dataclass(frozen=True, slots=True)
class Headline:
    """How the paper's model stands to Markowitz, averaged over windows.

    Attributes:
        sharpe: Mean of the ratios of Sharpe ratios, less 1.
        turnover: Mean of the ratios of turnovers, less 1.
    """

    sharpe: float
    turnover: float


def headline(rows: Mapping[tuple[str, int | None], tuple[float, float | None]]) -> Headline:
    """Return the mean of BL over MV, less 1, over the windows that both have.

    Args:
        rows: Sharpe ratio and turnover by (model, lookback).
    """
    both = [n for model, n in rows if model == "BL" and ("MV", n) in rows]

    def gain(place: int) -> float:
        return mean([over(rows["BL", n][place], rows["MV", n][place]) - 1 for n in both])

    return Headline(gain(0), gain(1))


def published_headline(*universes: str) -> Headline:
    """Return the headline of one or both of the paper's tables."""
    each = [
        headline({(r.model, r.lookback): (r.sharpe_ratio, r.turnover) for r in published_table(u)})
        for u in universes
    ]
    return Headline(mean([one.sharpe for one in each]), mean([one.turnover for one in each]))


def our_headline(figures: Mapping[tuple[str, int | None], PaperFigures]) -> Headline:
    """Return the headline of our figures."""
    return headline({key: (f.sharpe_ratio, f.turnover) for key, f in figures.items()})


def check_convention(published: tuple[PublishedRow, ...], first: str, last: str) -> float:
    """Return the largest gap between printed CAGRs and those by years of 252 calendar days."""
    days = (pd.Timestamp(last) - pd.Timestamp(first)).days
    gaps = [
        abs((1 + row.cumulative_return) ** (252 / days) - 1 - row.published_cagr)
        for row in published
    ]
    return float(np.max(gaps)) if gaps else math.nan
