"""What a contest is held with unless told otherwise, and how long it will take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from blportfolio.data import MarketData
from blportfolio.forecasters.comparison import ComparisonSettings
from blportfolio.forecasters.comparison.panel import LEAST_TEST, LEAST_TRAINING

FIRST_LOOK = ("linear", "linear_residual", "attention_kernel", "attention")
"""Who takes part unless others are named: linear models, and attention as published and mended."""
FIRST_ROWS = 2_520
"""Latest rows that a first look takes; ten years of days."""
FIRST_WINDOWS = 400
"""Windows that attention learns from in a first look."""
LONGEST_CONTEXT = 20
_PER_CELL = {"attention_kernel": 3.3e-7, "decomposition_linear": 2e-7}
"""Seconds a fit and forecast take for each value in the windows; the others take `_LINEAR`."""
_LINEAR = 1e-7
_STEP_PER_CELL = 8.4e-9 * 64
"""Seconds of one training step of 64 neurons for each value in the batch."""
_STEPS = 80
"""Training steps until the held-out error rises, in most fits."""
_BATCH = 1024
_START_S, _HORIZON_S = 3.0, 0.3
"""Seconds to start a process, and to test the differences of one horizon."""


def usual_contest(n_obs: int, periods_per_year: float) -> ComparisonSettings:
    """Return context and horizons that suit the frequency and the length of the data.

    A month of days, a quarter of weeks or a year of months is looked at, and one row, a week or a
    quarter, and a month or a year are forecast; where rows are few, less of both.

    Args:
        n_obs: Rows.
        periods_per_year: Rows a year.
    """
    if periods_per_year > 100:
        context, horizons = LONGEST_CONTEXT, (1, 5, 21)
    elif periods_per_year > 26:
        context, horizons = 13, (1, 4, 13)
    else:
        context, horizons = 12, (1, 3, 12)
    usual = ComparisonSettings()
    n_test = round(usual.test_share * n_obs)
    room = n_obs - n_test - LEAST_TRAINING  # for the context and the longest horizon
    kept = [h for h in horizons if h <= n_test - LEAST_TEST and h + 2 <= room] or [1]
    context = max(2, min(context, room - max(kept)))
    return ComparisonSettings(context_length=context, horizons=tuple(kept), n_refits=3, n_seeds=2)


def first_look(n_obs: int, periods_per_year: float) -> ComparisonSettings:
    """Return settings that take about a second: one fit, one seed, two horizons at most."""
    usual = usual_contest(min(n_obs, FIRST_ROWS), periods_per_year)
    return ComparisonSettings(
        context_length=usual.context_length,
        horizons=usual.horizons[:2],
        n_refits=1,
        n_seeds=1,
        max_windows=FIRST_WINDOWS,
    )


def expected_seconds(
    n_obs: int,
    n_series: int,
    forecasters: Iterable[str],
    settings: ComparisonSettings,
    *,
    kind: str = "returns",
) -> float:
    """Return about how long a contest takes on a machine with two cores, from measured rates.

    Attention stops where the held-out error rises, which nobody knows beforehand: it may take half
    or twice as long.

    Args:
        n_obs: Rows.
        n_series: Series.
        forecasters: Registry names.
        settings: How it is held.
        kind: `returns` or `levels`; of levels attention trains a network for each step.
    """
    cells = n_obs * n_series * settings.context_length
    total = _START_S + _HORIZON_S * len(settings.horizons)
    for horizon in settings.horizons:
        for name in forecasters:
            if name not in ("attention", "multi_head_attention"):
                total += settings.n_refits * (0.005 + _PER_CELL.get(name, _LINEAR) * cells)
                continue
            known = round((1 - settings.test_share) * n_obs * n_series)
            batch = max(
                64, _BATCH * LONGEST_CONTEXT // max(LONGEST_CONTEXT, settings.context_length)
            )
            seen = min(batch, known, settings.training_windows)
            networks = horizon if kind == "levels" else 1
            fit = _STEPS * _STEP_PER_CELL * seen * settings.context_length * networks
            total += settings.n_refits * settings.n_seeds * fit
    return total


def first_plan(market: MarketData, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of a first look: the asset with the most prices, its latest rows.

    Args:
        market: The data.
        source: How a contest loads them again, as `run_contest` takes it.
    """
    known = market.prices.notna().to_numpy().sum(axis=0)
    dates = market.dates
    start = str(dates[-FIRST_ROWS - 1].date()) if len(dates) > FIRST_ROWS + 1 else None
    settings = first_look(len(dates) - 1, market.periods_per_year or 252)
    return {
        "source": dict(source),
        "assets": [str(market.assets[int(known.argmax())])],
        "kind": "returns",
        "start": start,
        "forecasters": list(FIRST_LOOK),
        "test_from": None,
        "contest": settings.resolved(),
    }
