"""What one window says of a hyper-parameter: log evidence over a grid, where it says anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.errors import ConfigError
from blportfolio.priors.learned import LearnedPrior
from blportfolio.report.views.decision import Decision
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, check_positive

PARAMETERS = {
    "tau": "τ",
    "risk_aversion": "δ",
    "view_scale": "scale of Ω",
    "strength": "κ",
}
WINDOW = "this window"
SUPPORT = 2.0
"""Log units below the maximum that still count as supported: a likelihood ratio of e² = 7.4."""

TAU_GRID = tuple(
    round(mantissa * 10.0**power, 10)
    for power in (-4, -3, -2, -1, 0)
    for mantissa in (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
    if 5e-4 <= mantissa * 10.0**power <= 2.0
)
RISK_AVERSION_GRID = tuple(np.round(np.arange(0.5, 10.01, 0.25), 2).tolist())
VIEW_SCALE_GRID = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
STRENGTH_GRID = (0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0, 200.0)
GRIDS = {
    "tau": TAU_GRID,
    "risk_aversion": RISK_AVERSION_GRID,
    "view_scale": VIEW_SCALE_GRID,
    "strength": STRENGTH_GRID,
}


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceCurve:
    """Log evidence of one window over one hyper-parameter, the others held.

    Attributes:
        parameter: One of `PARAMETERS`.
        table: `value`, `log_evidence`, `relative` to the maximum, and `supported`; for κ also
            `dof`, ν = k + 1 + κ.
        best: Value of the grid with the largest evidence.
        low: Where the support begins, or None where it reaches below the grid.
        high: Where it ends, or None where it reaches beyond the grid.
        identified: Whether some value of the grid is ruled out on both sides of the best.
        verdict: The same in a sentence.
        current: Value that the prior had.
        source: Whose evidence it is: "this window", or past decisions.
    """

    parameter: str
    table: pd.DataFrame
    best: float
    low: float | None
    high: float | None
    identified: bool
    verdict: str
    current: float
    source: str = WINDOW


def evidence_curve(
    decision: Decision,
    prior: LearnedPrior,
    parameter: str,
    grid: Sequence[float] | None = None,
    *,
    blind: bool = False,
) -> EvidenceCurve | None:
    """Evaluate the evidence of a model at each value of one hyper-parameter.

    It is the log density, before they were seen, of what the features say (x) and of the views
    that are stated. Its support interval holds the values at most two log units below the best
    (Edwards, 1972). One window has one x for each asset, so that it often rules out little:
    `identified` tells.

    Args:
        decision: The window.
        prior: The model, without lists of hyper-parameters.
        parameter: One of `PARAMETERS`.
        grid: (n_values,) rising values above 0; by default that of `GRIDS`.
        blind: Whether to forget the features (classic Black-Litterman).

    Returns:
        The curve, or None where the parameter has no part in the model or nothing has a view.

    Raises:
        ConfigError: If the parameter is unknown or the grid is not rising.
        DataError: As `Decision.fit`.

    References:
        Edwards (1972), Likelihood, for the two units; maths 3.2 and 4.3 for the densities.
    """
    check_choice(parameter, tuple(PARAMETERS), name="parameter")
    values = _checked(GRIDS[parameter] if grid is None else grid)
    if not has_part(prior, parameter, blind=blind):
        return None
    found = [
        decision.moments(dataclasses.replace(prior, **{parameter: value}), blind=blind)
        for value in values
    ]
    first = found[0]
    if first.views is None or first.log_evidence is None:
        return None
    evidence = np.array([moments.log_evidence for moments in found], dtype=float)
    curve = curve_of(parameter, values, evidence, float(getattr(prior, parameter)))
    if parameter == "strength":
        curve.table["dof"] = len(first.views.labels) + 1 + values
    return curve


def curve_of(
    parameter: str,
    values: FloatArray,
    evidence: FloatArray,
    current: float,
    source: str = WINDOW,
) -> EvidenceCurve:
    """Return the curve of (n_values,) log evidence at rising values of a parameter."""
    relative = evidence - evidence.max()
    low, high = _support(values, relative)
    best = float(values[int(evidence.argmax())])
    return EvidenceCurve(
        parameter,
        pd.DataFrame(
            {
                "value": values,
                "log_evidence": evidence,
                "relative": relative,
                "supported": relative >= -SUPPORT,
            }
        ),
        best,
        low,
        high,
        low is not None and high is not None,
        _verdict(PARAMETERS[parameter], values, best, low, high, source),
        current,
        source,
    )


def has_part(prior: LearnedPrior, parameter: str, *, blind: bool = False) -> bool:
    """Whether a hyper-parameter changes what the model says of one window."""
    if parameter == "strength":
        return parameter in prior.averaged_parameters
    if parameter == "risk_aversion":
        return prior.prior_mean == "equilibrium"
    return not (parameter == "view_scale" and blind)


def _checked(grid: Sequence[float]) -> FloatArray:
    values = np.asarray(grid, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0).all():
        raise ConfigError(f"`grid` must be two rising numbers or more, got {list(grid)!r}.")
    check_positive(float(values[0]), name="grid")
    return values


def _support(values: FloatArray, relative: FloatArray) -> tuple[float | None, float | None]:
    """Return the ends of the support, read off between values of the grid; None beyond it."""
    inside = np.flatnonzero(relative >= -SUPPORT)
    first, last = int(inside[0]), int(inside[-1])

    def crossing(outer: int, inner: int) -> float:
        ends = np.array([relative[outer], relative[inner]])
        logs = np.log(np.array([values[outer], values[inner]]))
        return float(np.exp(np.interp(-SUPPORT, ends, logs)))

    low = None if first == 0 else crossing(first - 1, first)
    high = None if last == len(values) - 1 else crossing(last + 1, last)
    return low, high


def _verdict(
    symbol: str,
    values: FloatArray,
    best: float,
    low: float | None,
    high: float | None,
    source: str,
) -> str:
    first, last = values[0], values[-1]
    if low is None and high is None:
        return (
            f"Any {symbol} from {first:g} to {last:g} fits {source} about as well: none is more "
            f"than {SUPPORT:g} log units below the best, {best:g}. {symbol} is a choice here."
        )
    if low is None:
        return (
            f"{symbol} above {high:.3g} fits {source} clearly worse; below, nothing is ruled "
            f"out down to {first:g}. The evidence gives an upper bound only."
        )
    if high is None:
        return (
            f"{symbol} below {low:.3g} fits {source} clearly worse; above, nothing is ruled out "
            f"up to {last:g}. The evidence gives a lower bound only."
        )
    return (
        f"{symbol} from {low:.3g} to {high:.3g} is supported by {source}, {best:g} most; the "
        f"rest of {first:g} to {last:g} is more than {SUPPORT:g} log units worse."
    )
