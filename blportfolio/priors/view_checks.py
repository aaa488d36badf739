"""What is wrong or looks wrong with views: contradictions, repetitions and absurd sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blportfolio.errors import DataError
from blportfolio.priors.view import View
from blportfolio.types import FloatArray, WindowArrays

# Above it, a year of loss would come once in some 30 000 years of Gaussian returns.
PLAUSIBLE_SHARPE_RATIO = 4.0
# Cash-like assets may earn their few percent at almost no risk, so that no ratio is absurd there.
PLAUSIBLE_YEAR = 0.25
# Two or three returns may by chance hardly differ, and then tell nothing about risk.
LEAST_RETURNS = 12


def check_certain_views(
    pick: FloatArray, values: FloatArray, omega: FloatArray, labels: Sequence[str]
) -> None:
    """Check that views without variance can all be true.

    Each in turn is written as a sum of those before it that are independent. That sum is unique,
    so that the views in it form a smallest set that contradicts.

    Raises:
        DataError: Naming the views of such a set.
    """
    basis: list[int] = []
    for place in np.flatnonzero(omega.diagonal() == 0):
        row = pick[place]
        before = pick[basis].T
        coefficients = np.linalg.lstsq(before, row, rcond=None)[0] if basis else np.empty(0)
        if np.linalg.norm(row - before @ coefficients) > 1e-9 * np.linalg.norm(row):
            basis.append(int(place))
            continue
        shares = np.abs(coefficients) * np.linalg.norm(before, axis=0)
        involved = [basis[i] for i in np.flatnonzero(shares > 1e-9 * np.linalg.norm(row))]
        terms = np.append(coefficients * values[basis], values[place])
        if abs(terms[:-1].sum() - terms[-1]) > 1e-9 * np.abs(terms).max():
            named = [f"`{labels[i]}`" for i in (*involved, int(place))]
            raise DataError(
                f"`views` held with certainty contradict each other: {', '.join(named[:-1])} and "
                f"{named[-1]}. Give one of them a `variance` or a `confidence` below 1, or drop it."
            )


def contradicting_views(
    pick: FloatArray, values: FloatArray, omega: FloatArray, labels: Sequence[str]
) -> list[str]:
    """Return a sentence for each view that others contradict, whatever θ may be.

    A view whose portfolio is a sum of other views' portfolios should have the sum of their values.
    It contradicts them when the two differ in sign, or by more than two standard deviations of
    the views' errors.
    """
    found = []
    basis: list[int] = []
    for place, row in enumerate(pick):
        before = pick[basis].T
        coefficients = np.linalg.lstsq(before, row, rcond=None)[0] if basis else np.empty(0)
        if np.linalg.norm(row - before @ coefficients) > 1e-9 * np.linalg.norm(row):
            basis.append(place)
            continue
        implied, said = float(coefficients @ values[basis]), float(values[place])
        contrast = np.append(coefficients, -1.0)
        chosen = [*basis, place]
        error = float(np.sqrt(max(contrast @ omega[np.ix_(chosen, chosen)] @ contrast, 0.0)))
        gap = abs(implied - said)
        rounding = 1e-9 * float(np.abs(np.append(coefficients * values[basis], said)).max())
        if gap <= rounding:
            continue
        opposed = implied * said < 0 and min(abs(implied), abs(said)) > rounding
        if opposed or gap > 2 * error:
            shares = np.abs(coefficients) * np.linalg.norm(before, axis=0)
            named = [labels[basis[i]] for i in np.flatnonzero(shares > 1e-9 * shares.max())]
            found.append(
                f"The view `{labels[place]}` contradicts {' and '.join(f'`{n}`' for n in named)}, "
                f"by which its portfolio earns {implied:.3g} a period and not {said:.3g}; the "
                "posterior lies in between. Drop one, or say by a variance which is surer."
            )
    return found


def repeated_views(pick: FloatArray, values: FloatArray, labels: Sequence[str]) -> list[str]:
    """Return a sentence for each view that says again what another said, in any scaling."""
    norms = np.sqrt((pick * pick).sum(axis=1))
    unit = pick / norms[:, None]
    cosine = unit @ unit.T
    parallel = np.abs(cosine) > 1 - 1e-12
    if np.count_nonzero(parallel) <= len(pick):
        return []
    level = values / norms
    found = []
    for later, earlier in np.argwhere(np.tril(parallel, k=-1)):
        opposed = np.sign(cosine[later, earlier])
        if abs(level[later] - opposed * level[earlier]) <= 1e-9 * abs(level[later]):
            found.append(
                f"The view `{labels[later]}` says again what `{labels[earlier]}` says, and so "
                "counts twice unless it is certain; drop one."
            )
    return found


def implausible_views(
    values: FloatArray, spread: FloatArray, views: Sequence[View], window: WindowArrays
) -> list[str]:
    """Return a sentence for each view whose size nobody can mean.

    That is a yearly Sharpe ratio |q|/√(pΣpᵀ) · √periods above 4 on a yearly return above 25%. A
    yearly view read as one per day has 252 times its own ratio, so that a modest 0.02 is caught;
    read as one per month 12 times, so that a third is.

    Args:
        values: (n_views,) q, decimal per period.
        spread: (n_views,) pΣpᵀ, decimal² per period.
        views: (n_views,) as stated.
        window: Its periods in a year, and its returns; without any, Σ counts as well known.
    """
    if 0 < len(window.returns) < LEAST_RETURNS:
        return []
    deviations = np.sqrt(spread)
    year = window.periods_per_year
    found = []
    for view, value, deviation in zip(views, values, deviations, strict=True):
        yearly, limit = abs(value) * year, PLAUSIBLE_SHARPE_RATIO * deviation * np.sqrt(year)
        if yearly <= PLAUSIBLE_YEAR or yearly <= limit:
            continue
        size = f"{yearly:.0%} a year"
        if view.unit != "year":
            size = f"{100 * abs(value):.3g}% a period of the data, which is {size}"
        remedy = (
            'If it is meant per year, say so: "per year" in a text, unit = "year" in a table.'
            if view.unit == "period"
            else f"Check its unit, {view.unit}, and whether percent were meant."
        )
        found.append(
            f"The view `{view.label}` expects {size}, of a portfolio that moves by "
            f"{100 * deviation:.3g}% a period, {deviation * np.sqrt(year):.0%} a year. {remedy}"
        )
    return found
