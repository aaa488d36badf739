"""The unrounded figures of the page of breadth, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from blportfolio.research.breadth.claim import ClaimRow, Mean, holds
from blportfolio.research.breadth.floor import Floor
from blportfolio.research.breadth.runs import Breadth

Against = Sequence[tuple[Sequence[ClaimRow], Mean]]
"""By baseline, the rows of a claim and their mean."""


def study_records(
    breadth: Breadth,
    cells: pd.DataFrame,
    counted: pd.DataFrame,
    claims: dict[str, Against],
    found: dict[str, tuple[Floor, ...]],
) -> list[dict[str, Any]]:
    """Return all figures unrounded: runs, counts, claims, floors, and the candidates' cells."""
    records: list[dict[str, Any]] = [
        {
            "kind": "run",
            "universe": run.universe,
            "window": run.window,
            "cost_bps": run.cost_bps,
            "strategy": run.strategy,
            "n_periods": len(run.returns),
            "sharpe_ratio": run.sharpe_ratio,
            "turnover": run.turnover,
            "failure": run.failure,
        }
        for run in breadth.runs.values()
    ]
    records += [{"kind": "count", **_named(row)} for row in counted.to_dict("records")]
    for name, against in claims.items():
        for rows, mean in against:
            records += [{"kind": "claim", **asdict(row)} for row in rows]
            records.append({"kind": "mean", **asdict(mean), "holds": holds(rows, mean)})
        records += [{"kind": "floor", "strategy": name, **asdict(row)} for row in found[name]]
    own = cells[cells["strategy"].isin(list(claims))]
    records += [{"kind": "cell", **_named(row)} for row in own.to_dict("records")]
    return [plain(record) for record in records]


def plain(value: Any) -> Any:  # noqa: ANN401, anything JSON can hold
    """Return a value ready for JSON: what is not finite is None."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _named(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}
