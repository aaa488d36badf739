"""Says in plain sentences what a contest of forecasters found, and how sure that is."""

from __future__ import annotations

import math

from blportfolio.forecasters.comparison import Comparison, Standing
from blportfolio.forecasters.comparison.results import LEVEL
from blportfolio.report.forecasts.figures import p_text, percent_text
from blportfolio.report.forecasts.looks import reference_of

COLLAPSED = 0.85
"""Share of forecasts with the sign of the last value from which a sentence says so."""
ATTENTION = ("attention", "attention_kernel", "multi_head_attention")


def verdict(comparison: Comparison, horizon: int) -> tuple[str, ...]:
    """Say in plain sentences who is better than what, and by how sure a margin."""
    rows = comparison.at(horizon)
    reference = reference_of(comparison)
    tried = [row for row in rows if not row.is_control]
    tested = [row for row in tried if row.against_reference is not None]
    if not tested:
        if tried:
            return (
                f"Horizon {horizon}: too few dates to say whether a difference is more than "
                "chance.",
            )
        return (f"Horizon {horizon}: only the controls took part.",)
    winners = sorted((r for r in tried if r.beats_reference), key=lambda r: -r.gain)
    losers = [row.name for row in tried if row.loses_to_reference]
    count = f"{len(tested)} tried" if len(tested) > 1 else "the only one tried"
    said = []
    if winners:
        figures = ", ".join(
            f"{row.name} (R² {percent_text(row.gain)} %, p {p_text(row.adjusted_p_value)})"
            for row in winners
        )
        said.append(
            f"Horizon {horizon}: better than {reference} by more than chance, p adjusted for "
            f"{count}: {figures}."
        )
    else:
        top = max(tried, key=lambda row: row.gain if math.isfinite(row.gain) else -math.inf)
        low, high = top.gain_interval
        raw = top.against_reference.p_value if top.against_reference else math.nan
        said.append(
            f"No forecaster beats {reference} at horizon {horizon} by more than chance. The best "
            f"of {count}, {top.name}, has R² {percent_text(top.gain)} % [{percent_text(low)}, "
            f"{percent_text(high)}], p {p_text(raw)} alone and "
            f"{p_text(top.adjusted_p_value)} among all."
        )
    for row in rows:
        test = row.against_reference
        if row.is_control and test is not None and test.p_value < LEVEL and row.gain > 0:
            said.append(
                f"The control {row.name} beats {reference}: R² {percent_text(row.gain)} %, p "
                f"{p_text(test.p_value)}."
            )
    if losers:
        said.append(f"Worse than {reference} by more than chance: {', '.join(losers)}.")
    said += _attention_against_linear(rows)
    if comparison.kind == "returns":
        said += [
            f"{row.name} says little but the last sign, or its opposite: "
            f"{100 * row.scores.collapse:.0f} % of its forecasts."
            for row in tried
            if row.name != "last_value" and row.scores.collapse >= COLLAPSED
        ]
    return tuple(said)


def _attention_against_linear(rows: tuple[Standing, ...]) -> list[str]:
    """Say how the attention models compare with the linear one."""
    linear = next((row for row in rows if row.name == "linear"), None)
    told: dict[str, list[str]] = {"better": [], "worse": [], "no clear difference": []}
    for row in rows:
        test = row.against_linear
        if linear is None or row.name not in ATTENTION or test is None:
            continue
        is_clear = test.p_value < LEVEL
        kind = (
            "no clear difference" if not is_clear else "better" if test.difference < 0 else "worse"
        )
        change = float(row.losses.mean() / linear.losses.mean() - 1) if linear.gain != 1 else 0.0
        told[kind].append(f"{row.name} (MSE {percent_text(change)} %, p {p_text(test.p_value)})")
    parts = [f"{kind}: {', '.join(names)}" for kind, names in told.items() if names]
    return [f"Attention against linear there: {'; '.join(parts)}."] if parts else []
