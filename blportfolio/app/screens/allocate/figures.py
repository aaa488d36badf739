"""Headline figures of an allocation, and what to doubt about it."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.show import percent
from blportfolio.report.allocation import Allocation, Estimate, Figures, Orders

MANY = 4
"""Doubts shown before the rest is folded away."""


def reach(found: Estimate) -> str:
    """Return an interval as text."""
    return f"90 %: {100 * found.low:z.1f} to {100 * found.high:z.1f} %"


def headline(allocation: Allocation, found: Orders | None, currency: str) -> None:
    """Draw the figures.

    Args:
        allocation: Target weights and what they are expected to do.
        found: The orders; None where there is nothing to invest.
        currency: Of the money, empty where not known.
    """
    figures = allocation.figures
    above = ", above the risk-free rate" if allocation.manifest["returns"] == "excess" else ""
    unit = f" {currency}" if currency else ""
    cost = figures.cost if found is None else found.cost / found.wealth
    turnover = figures.turnover if found is None else found.turnover
    first, second, third = st.columns(3)
    with first.container(border=True):
        earned = figures.expected_return
        if earned is None:
            st.metric("Expected return per year", "none", help=term("expected_return"))
            st.caption("The strategy makes no forecast.")
        else:
            st.metric(
                "Expected return per year, net",
                percent(earned.value - cost),
                help=f"{term('expected_return')} Net of the cost of this trade, taken off once"
                f"{above}. The range is of the mean of a whole year; bars on the page Views follow "
                "Black-Litterman's convention and are shorter by the root of the periods in it.",
            )
            st.caption(
                f"{_range(figures, earned)}{above}. A plain average of all "
                f"{allocation.manifest['lookback']} returns of the window would be off by ± "
                f"{100 * figures.sampling_error:.0f} points."
            )
    with second.container(border=True):
        st.metric("Volatility per year", percent(figures.volatility.value), help=term("volatility"))
        st.caption(
            f"{reach(figures.volatility)}. One year in six is worse than its mean less this."
        )
    with third.container(border=True):
        st.metric(
            "Effective number of assets",
            f"{figures.effective_number:.1f}",
            help=term("effective_number"),
        )
        st.caption(f"{figures.n_held} of {len(allocation.table)} assets are held.")
    first, second, third = st.columns(3)
    with first.container(border=True):
        st.metric("Turnover of this trade", percent(turnover), help=term("turnover"))
        st.caption("One way; a first purchase of everything is 50 %.")
    with second.container(border=True):
        if found is None:
            st.metric("Cost of this trade", percent(cost, 2), help=term("costs"))
        else:
            st.metric("Cost of this trade", f"{found.cost:,.2f}{unit}", help=term("costs"))
        st.caption(f"{percent(cost, 2)} of the wealth, an estimate; spreads and taxes come on top.")
    with third.container(border=True):
        if found is None:
            st.metric("Cash", percent(figures.cash), help=term("cash"))
        else:
            st.metric("Cash left", f"{found.cash:,.2f}{unit}", help=term("cash"))
            st.caption(f"{percent(found.cash / found.wealth)} of {found.wealth:,.2f}{unit}.")


def _range(figures: Figures, earned: Estimate) -> str:
    """Say how far off the expected return may be by the model itself."""
    if figures.mean_is_known or figures.mean_worth is None:
        return "No range: averages are taken for the truth"
    worth = max(round(figures.mean_worth), 1)
    returns = "one return is" if worth == 1 else f"the average of {worth} returns is"
    return f"By the model {reach(earned)}, as sure as {returns}"


def doubts(allocation: Allocation, found: Orders | None) -> None:
    """Draw what to know before anybody acts on the weights."""
    told = [*(() if found is None else found.notes), *allocation.doubts]
    if not told:
        return
    st.header("What to know first")
    st.markdown("\n".join(f"- {show.plain(text)}" for text in told[:MANY]))
    if len(told) > MANY:
        with st.expander(f"{len(told) - MANY} more"):
            st.markdown("\n".join(f"- {show.plain(text)}" for text in told[MANY:]))
