"""A comparison as a document of plain values, and back: every figure, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from blportfolio.forecasters.comparison.results import Comparison, Curve, Standing
from blportfolio.forecasters.comparison.settings import ComparisonSettings
from blportfolio.forecasters.evaluation import ConfidenceSet, PredictiveTest, Scores

_SCORES = ("scores", "consistent", "inconsistent")
_TESTS = ("against_reference", "content", "against_linear")
_ARRAYS = ("losses", "step_mse", "example")


def to_document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as dictionaries, lists, numbers and text.

    A figure that is not defined stays NaN, which Python's JSON writes and reads, though the
    standard has no word for it: `Comparison.records` is what other programs read.

    Args:
        comparison: What a contest found.
    """
    return {
        "settings": comparison.settings.resolved(),
        "data": dict(comparison.data),
        "standings": [_standing(row) for row in comparison.standings],
        "dates": {str(horizon): _dates(dates) for horizon, dates in comparison.dates.items()},
        "truth": {
            str(horizon): [part.tolist() for part in parts]
            for horizon, parts in comparison.truth.items()
        },
        "confidence_sets": {
            str(horizon): None if found is None else asdict(found)
            for horizon, found in comparison.confidence_sets.items()
        },
        "naive_r2": comparison.naive_r2,
        "notes": list(comparison.notes),
    }


def from_document(document: Mapping[str, Any]) -> Comparison:
    """Return the comparison that a document was made of.

    Args:
        document: What `to_document` returned, also by way of Python's JSON.

    Raises:
        ConfigError: If its settings are out of range.
    """
    settings = dict(document["settings"])
    settings["horizons"] = tuple(settings["horizons"])
    return Comparison(
        ComparisonSettings(**settings),
        document["data"],
        tuple(_restored(row) for row in document["standings"]),
        {int(horizon): _restored_dates(dates) for horizon, dates in document["dates"].items()},
        {
            int(horizon): (np.array(context, dtype=float), np.array(target, dtype=float))
            for horizon, (context, target) in document["truth"].items()
        },
        {
            int(horizon): None
            if found is None
            else ConfidenceSet(**{**found, "included": tuple(found["included"])})
            for horizon, found in document["confidence_sets"].items()
        },
        document["naive_r2"],
        tuple(document["notes"]),
    )


def _standing(row: Standing) -> dict[str, Any]:
    plain: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(row)}
    for name in (*_SCORES, *_TESTS, "curve"):
        plain[name] = None if plain[name] is None else asdict(plain[name])
    return plain | {name: plain[name].tolist() for name in _ARRAYS}


def _restored(plain: Mapping[str, Any]) -> Standing:
    known = dict(plain)
    known |= {name: Scores(**known[name]) for name in _SCORES}
    known |= {name: PredictiveTest(**known[name]) for name in _TESTS if known[name] is not None}
    known |= {name: np.array(known[name], dtype=float) for name in _ARRAYS}
    known["gain_interval"] = tuple(known["gain_interval"])
    if known["curve"] is not None:
        known["curve"] = Curve(**{name: tuple(values) for name, values in known["curve"].items()})
    return Standing(**known)


def _dates(dates: Any) -> list[Any]:  # noqa: ANN401, dates or rows
    values = np.asarray(dates)
    is_dated = np.issubdtype(values.dtype, np.datetime64)
    plain: list[Any] = (
        values.astype("datetime64[ns]").astype(str).tolist() if is_dated else (values.tolist())
    )
    return plain


def _restored_dates(dates: list[Any]) -> Any:  # noqa: ANN401, dates or rows
    return np.array(dates, dtype="datetime64[ns]" if dates and isinstance(dates[0], str) else int)
