"""Figures of a contest as text."""

from __future__ import annotations

import math


def percent_text(value: float) -> str:
    """Return a decimal as percent with its sign."""
    if not math.isfinite(value):
        return "–"
    return f"{100 * value:+z.2f}" if abs(value) < 10 else f"{100 * value:+,.0f}"


def ratio_text(value: float) -> str:
    """Return a ratio."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.4f}" if value < 100 else f"{value:,.0f}"


def share_text(value: float) -> str:
    """Return a share as percent."""
    return f"{100 * value:.1f}" if math.isfinite(value) else "–"


def signed_text(value: float) -> str:
    """Return a correlation with its sign."""
    return f"{value:+.3f}" if math.isfinite(value) else "–"


def p_text(value: float) -> str:
    """Return a p-value."""
    if not math.isfinite(value):
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
