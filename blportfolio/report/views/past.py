"""What past decisions say of a hyper-parameter: how well each value foretold what came next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from blportfolio.backtest.state import replay_state
from blportfolio.data import MarketData
from blportfolio.priors.learned import LearnedPrior
from blportfolio.report.views.evidence import PARAMETERS, EvidenceCurve, curve_of, has_part
from blportfolio.validation import check_choice

PAST_GRIDS = {
    "tau": (0.0005, 0.001, 0.002, 0.005, 0.02, 0.05, 0.2, 1.0),
    "risk_aversion": (0.5, 1.0, 2.5, 4.0, 6.0, 8.0, 10.0),
    "view_scale": (0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0),
    "strength": (0.5, 2.0, 5.0, 10.0, 30.0, 100.0),
}


def past_evidence(
    prior: LearnedPrior,
    market: MarketData,
    parameter: str,
    grid: Sequence[float] | None = None,
    *,
    as_of: str | pd.Timestamp,
    years: float = 10,
    lookback: int | None = None,
    features: Sequence[str] = (),
) -> EvidenceCurve | None:
    """Score each value of a hyper-parameter by the returns that followed past decisions.

    Before each month-end decision of the years before `as_of`, each value's posterior of the last
    one gives a density to the mean return since: the prequential score, which no return enters
    before it was foretold. Its differences are log evidence of all decisions together, and tell
    values apart that one window cannot.

    Args:
        prior: The model, without lists of hyper-parameters; stated views are left out, as nobody
            stated them then.
        market: The data; nothing after `as_of` is used.
        parameter: One of `PARAMETERS`.
        grid: (n_values,) rising values; by default those of `PAST_GRIDS`. That of the prior is
            added.
        as_of: Date of the last decision.
        years: How far back decisions go.
        lookback: Returns in each window.
        features: Features in each window, by name.

    Returns:
        The curve, or None where the parameter has no part or nothing was decided before.

    Raises:
        ConfigError: If the parameter or a feature is unknown.
        DataError: If the history is too short for the horizon.
    """
    check_choice(parameter, tuple(PARAMETERS), name="parameter")
    if not has_part(prior, parameter):
        return None
    current = float(getattr(prior, parameter))
    chosen = PAST_GRIDS[parameter] if grid is None else tuple(grid)
    values = np.unique(np.array([*chosen, current], dtype=float))
    changes: dict[str, object] = {parameter: tuple(values.tolist())}
    if hasattr(prior, "views"):
        changes["views"] = ()
    candidates = dataclasses.replace(prior, **changes)  # type: ignore[arg-type]
    last = pd.Timestamp(as_of)
    state = replay_state(
        candidates,
        market,
        as_of=last,
        start=last - pd.DateOffset(days=round(365.25 * years)),
        lookback=lookback,
        features=features,
    )
    decisions = int(state["decisions"]) - 1
    if decisions < 1:
        return None
    scores = np.array(list(state["scores"].values()), dtype=float)
    return curve_of(parameter, values, scores, current, f"{decisions} past decisions")
