"""The headline figures of strategies as one table, the same on every page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app.glossary import term
from blportfolio.report.headline import best_in_columns

MARK, HELD_AGAINST = "★", "◆"
COLUMNS = {
    "annualised_return": ("Return p.a.", "cagr"),
    "annualised_volatility": ("Volatility p.a.", "volatility"),
    "sharpe_ratio": ("Sharpe p.a. [95 %]", "sharpe_interval"),
    "max_drawdown": ("Max drawdown", "max_drawdown"),
    "turnover": ("Turnover", "turnover"),
    "cost_drag": ("Cost drag p.a.", "cost_drag"),
    "final_wealth": ("Growth", "growth"),
}
"""Heading and glossary key of each figure."""

HEADINGS = ("Strategy", *(title for title, _ in COLUMNS.values()))


def draw(figures: pd.DataFrame, benchmark: str, *, net: bool, key: str) -> None:
    """Draw the table and say what its columns mean.

    Args:
        figures: As `headline_figures` returns them.
        benchmark: The strategy that gets a mark.
        net: Whether the figures are net of costs.
        key: Identity of the table.
    """
    best = best_in_columns(figures)
    shown = figures[list(COLUMNS)].copy()
    shown.columns = list(HEADINGS[1:])
    shown.insert(
        0,
        "Strategy",
        [f"{name} {HELD_AGAINST}" if name == benchmark else name for name in figures.index],
    )
    # Cells are numbers that are shown as text, so that a click on a heading sorts them.
    styled = shown.style
    for one, (title, _) in COLUMNS.items():
        for name, row in figures.iterrows():
            text = cell(one, row) + (f" {MARK}" if name in best.get(one, ()) else "")
            styled = styled.format(text, subset=(name, title))
    st.dataframe(
        styled,
        hide_index=True,
        width="stretch",
        height="content",
        key=key,
        column_config={
            "Strategy": st.column_config.TextColumn(width=155, pinned=True, help=term("strategy")),
            **{
                title: st.column_config.NumberColumn(help=term(word))
                for title, word in COLUMNS.values()
            },
        },
        alt=f"Figures, {'net of' if net else 'before'} costs. "
        + "; ".join(
            f"{name}: return {cell('annualised_return', row)} a year, Sharpe ratio "
            f"{cell('sharpe_ratio', row)}, deepest fall {cell('max_drawdown', row)}"
            for name, row in figures.iterrows()
        )
        + ".",
    )
    st.caption(
        f"{HELD_AGAINST} benchmark. {MARK} best of the column; where intervals overlap that is no "
        "proof of skill. Return: compound, per year. Sharpe ratio: per year, risk-free rate 0, "
        "with the 95 % interval where there are ten periods or more. Max drawdown: deepest fall. "
        "Turnover: one way, mean per rebalance after the first. Cost drag: growth per year that "
        "trading cost. Growth: what 1 has become."
    )


def text_columns(headings: Iterable[str]) -> dict[str, Any]:
    """Return columns of figures that are text, with the help of `COLUMNS`.

    Args:
        headings: Those of the table, the strategy's first, in the order of `HEADINGS`.
    """
    first, *others = headings
    words = [word for _, word in COLUMNS.values()]
    return {
        first: st.column_config.TextColumn(pinned=True, help=term("strategy")),
        **{
            title: st.column_config.TextColumn(alignment="right", help=term(word))
            for title, word in zip(others, words, strict=True)
        },
    }


def cell(key: str, row: pd.Series) -> str:
    """Return a figure with its unit, a Sharpe ratio with its interval; "n/a" where none is."""
    value = float(row[key])
    if not math.isfinite(value):
        return "n/a"
    if key == "sharpe_ratio":
        low, high = float(row["sharpe_low"]), float(row["sharpe_high"])
        known = math.isfinite(low) and math.isfinite(high)
        return f"{value:.2f}" + (f" [{low:.2f}, {high:.2f}]" if known else "")
    if key == "final_wealth":
        return f"{value:.2f}"
    return f"{100 * value:.{2 if key == 'cost_drag' else 1}f} %"
