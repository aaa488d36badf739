"""Says in plain sentences what a contest of forecasters found, and how sure that is."""

from __future__ import annotations

import math

from blportfolio.forecasters.comparison import Comparison, Standing
from blportfolio.forecasters.comparison.results import LEVEL
from blportfolio.forecasters.evaluation import adjusted_p_values
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
    count = _count(comparison, len(tested))
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
        idle = [row.name for row in winners if not row.has_content]
        if idle and comparison.kind == "returns":
            said.append(
                f"By Clark-West's test, what {', '.join(idle)} know beyond the mean is no "
                "more than chance."
            )
    else:
        said.append(
            f"No forecaster beats {reference} at horizon {horizon} by more than chance. "
            f"{_best(tested, count)}"
        )
        said += _content(comparison, tested)
    for row in rows:
        if row.is_control and row.beats_reference:
            said.append(
                f"The control {row.name} beats {reference}: R² {percent_text(row.gain)} %, p "
                f"{p_text(row.adjusted_p_value)} among the controls."
            )
    if losers:
        said.append(f"Worse than {reference} by more than chance: {', '.join(losers)}.")
    said += _attention_against_linear(comparison, rows)
    if comparison.kind == "returns":
        said += [
            f"{row.name} says little but the last sign, or its opposite: "
            f"{100 * row.scores.collapse:.0f} % of its forecasts."
            for row in tried
            if row.name != "last_value" and row.scores.collapse >= COLLAPSED
        ]
    return tuple(said)


def _count(comparison: Comparison, tried: int) -> str:
    """Say how many tests the p-values are adjusted for."""
    horizons = len(comparison.horizons)
    words = f"{tried} tried" if tried > 1 else "the only one tried"
    return f"{words} at {horizons} horizons" if horizons > 1 else words


def _best(tested: list[Standing], count: str) -> str:
    """Say how good the best was."""
    top = max(tested, key=lambda row: row.gain if math.isfinite(row.gain) else -math.inf)
    low, high = top.gain_interval
    raw = math.nan if top.against_reference is None else top.against_reference.p_value
    adjusted = top.adjusted_p_value
    among = "" if adjusted == raw else f" alone and {p_text(adjusted)} among all"
    who = f"The best of {count}, {top.name}," if len(tested) > 1 else f"{top.name}, {count},"
    return (
        f"{who} has R² {percent_text(top.gain)} % [{percent_text(low)}, {percent_text(high)}], p "
        f"{p_text(raw)}{among}."
    )


def _content(comparison: Comparison, tested: list[Standing]) -> list[str]:
    """Say which forecasters know something, though their errors are not clearly lower."""
    knowing = [
        f"{row.name} (p {p_text(row.adjusted_content_p_value)})"
        for row in tested
        if row.has_content
    ]
    if not knowing:
        return []
    over = reference_of(comparison) + (" and the mean" if comparison.kind == "returns" else "")
    return [
        f"Yet there is something to learn over {over}, by Clark-West's test with p adjusted "
        f"likewise: {', '.join(knowing)}; it does not lower their error by more than chance."
    ]


def _attention_against_linear(comparison: Comparison, rows: tuple[Standing, ...]) -> list[str]:
    """Say how the attention models compare with the linear one, p adjusted for their number."""
    compared = [
        row
        for row in comparison.standings
        if row.name in ATTENTION and row.against_linear is not None
    ]
    adjusted = adjusted_p_values(
        [row.against_linear.p_value for row in compared if row.against_linear is not None]
    )
    linear = next((row for row in rows if row.name == "linear"), None)
    told: dict[str, list[str]] = {"better": [], "worse": [], "no clear difference": []}
    for row, p_value in zip(compared, adjusted.tolist(), strict=True):
        test = row.against_linear
        if linear is None or test is None or row.horizon != linear.horizon:
            continue
        kind = (
            "no clear difference"
            if not p_value < LEVEL
            else "better"
            if test.difference < 0
            else "worse"
        )
        change = float(row.losses.mean() / linear.losses.mean() - 1) if linear.gain != 1 else 0.0
        told[kind].append(f"{row.name} (MSE {percent_text(change)} %, p {p_text(p_value)})")
    parts = [f"{kind}: {', '.join(names)}" for kind, names in told.items() if names]
    among = f", p adjusted for {len(compared)} comparisons" if len(compared) > 1 else ""
    paper = ""
    if comparison.kind == "levels" and any(row.name == "attention_kernel" for row in rows):
        paper = " (attention_kernel is the paper's model, which cannot carry a level)"
    return [f"Attention against linear there{among}: {'; '.join(parts)}{paper}."] if parts else []
