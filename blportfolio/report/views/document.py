"""One explained decision as tables and as a JSON document, for those who work on with it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from blportfolio.report.run_tables import csv_text
from blportfolio.report.views.explain import ViewExplanation


def asset_table(explanation: ViewExplanation, weights: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return all figures by asset: means, deviations, weights and what each view added."""
    parts = [explanation.assets]
    if weights is not None:
        parts.append(weights.add_prefix("weight_"))
    parts.append(explanation.attribution.add_prefix("added by "))
    table: pd.DataFrame = pd.concat(parts, axis=1)
    return table


def table_csv(table: pd.DataFrame) -> str:
    """Return a table with its labels as CSV that no spreadsheet runs as formulae."""
    known = table.astype(object).where(table.notna(), "")
    return csv_text(
        [table.index.name or "", *table.columns],
        ([name, *row] for name, row in zip(table.index, known.to_numpy().tolist(), strict=True)),
    )


def views_document(
    explanation: ViewExplanation,
    *,
    weights: pd.DataFrame | None = None,
    settings: Mapping[str, Any] | None = None,
    log_evidence: float | None = None,
) -> str:
    """Return a decision as JSON: numbers unrounded, null where there is none.

    Args:
        explanation: What `explain_views` returned.
        weights: What `before_and_after` returned.
        settings: What the decision was made with, JSON values only.
        log_evidence: Log evidence of the model on this window.
    """
    document = {
        "unit": explanation.unit,
        "settings": dict(settings or {}),
        "log_evidence": log_evidence,
        "views_heeded": explanation.heeded,
        "assets": _records(explanation.assets),
        "views": _records(explanation.views),
        "attribution": _records(explanation.attribution),
        "correlation_before": _records(explanation.before),
        "correlation_after": _records(explanation.after),
        "weights": None if weights is None else _records(weights),
    }
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False, indent=1)


def _records(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        str(label): dict(zip(map(str, frame.columns), row, strict=True))
        for label, row in zip(frame.index, frame.to_numpy(dtype=object), strict=True)
    }


def _plain(value: Any) -> Any:  # noqa: ANN401, any JSON value or numpy number
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
