"""Weights, risk, orders and files of an allocation."""

from __future__ import annotations

import json
import re

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.allocate.choices import Choice
from blportfolio.app.show import percent
from blportfolio.app.sources import Source
from blportfolio.report.allocation import (
    Allocation,
    Orders,
    combined,
    orders_csv,
    plot_weight_against_risk,
    plot_weight_spread,
    snippet,
    weights_csv,
)

RANGE = (
    "The range, low (5 %) to high (95 %), says where the weight would lie if the expected returns "
    "were others that the model finds as plausible."
)
SHARES = ("weight", "lower", "upper", "before", "risk_share", "share_held")


def charts(allocation: Allocation) -> None:
    """Draw weights with their range, and weights against risk."""
    table = allocation.table[allocation.table["weight"].abs() > 1e-8]
    if table.empty:
        show.empty("The strategy holds nothing but cash on this date.", "Choose another date.")
        return
    top = table.sort_values("weight", ascending=False).head(3)
    told = ", ".join(
        f"{asset} {percent(weight)} ({percent(low)} to {percent(high)})"
        for asset, weight, low, high in zip(
            top.index, top["weight"], top["lower"], top["upper"], strict=True
        )
    )
    riskiest = table.sort_values("risk_share", ascending=False).head(1)
    asset, share, weight = (
        riskiest.index[0], riskiest["risk_share"].iloc[0], riskiest["weight"].iloc[0],
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        show.chart(
            plot_weight_spread(allocation),
            alt=f"Target weights with their 5 to 95 % range; the largest: {told}.",
            key="allocate:spread",
        )
        st.caption(
            RANGE,
            help=term("weight"),
        )
    with right:
        show.chart(
            plot_weight_against_risk(allocation),
            alt=f"Weight against share of risk by asset; {asset} has the largest share of risk, "
            f"{percent(share)}, at a weight of {percent(weight)}.",
            key="allocate:risk",
        )
        st.caption("Where risk exceeds weight, the asset adds more risk than its size says.",
                   help=term("risk_contribution"))  # fmt: skip


def tables(allocation: Allocation, found: Orders | None, currency: str) -> None:
    """Draw weights and orders as tables."""
    table = combined(allocation, found).reset_index(names="asset")
    for name in SHARES:
        table[name] = 100 * table[name]
    share = "%.1f %%"
    columns = {
        "asset": st.column_config.TextColumn("Asset", pinned=True),
        "weight": st.column_config.NumberColumn("Target", format=share, help=term("weight")),
        "lower": st.column_config.NumberColumn("Low", format=share, help=RANGE),
        "upper": st.column_config.NumberColumn("High", format=share, help=RANGE),
        "before": st.column_config.NumberColumn("Now", format=share, help=term("holdings")),
        "risk_share": st.column_config.NumberColumn(
            "Share of risk", format=share, help=term("risk_contribution")
        ),
        "share_held": st.column_config.NumberColumn(
            "Held in", format="%.0f %%", help="Share of the draws in which the asset is held."
        ),
    }
    if not table["before"].any():
        del columns["before"]
    st.header("Weights")
    show.table(
        table[list(columns)],
        columns=columns,
        key="allocate:weights",
        alt=f"Target weights of {len(table)} assets with range, current weight and share of risk.",
    )
    if found is None:
        return
    st.header("Orders")
    ordered = table[table["order"] != 0]
    if ordered.empty:
        show.empty("There is nothing to buy or sell.", "What you hold is as near as it can be.")
        return
    ordered = ordered.assign(
        side=ordered["order"].map(lambda units: "Buy" if units > 0 else "Sell")
    )
    unit = f" ({currency})" if currency else ""
    places = "%,.0f" if (ordered["order"] % 1 == 0).all() else "%,.4f"
    columns = {
        "side": st.column_config.TextColumn("Order", pinned=True, help=term("order")),
        "asset": st.column_config.TextColumn("Asset", pinned=True),
        "order": st.column_config.NumberColumn("Units", format=places),
        "price": st.column_config.NumberColumn(f"Price{unit}", format="%,.2f"),
        "value": st.column_config.NumberColumn(f"Value{unit}", format="%,.2f"),
        "cost": st.column_config.NumberColumn(f"Cost{unit}", format="%,.2f", help=term("costs")),
        "units": st.column_config.NumberColumn("Held after", format=places),
    }
    show.table(
        ordered.sort_values("value")[list(columns)],
        columns=columns,
        key="allocate:orders",
        alt=f"{len(ordered)} orders, worth {found.table['value'].abs().sum():,.0f} in all.",
    )
    unit = f" {show.plain(currency)}" if currency else ""
    bought = found.table["value"].clip(lower=0).sum()
    sold = found.table["value"].clip(upper=0).abs().sum()
    st.markdown(
        f"Bought **{bought:,.2f}{unit}**, sold **{sold:,.2f}{unit}**, cost "
        f"**{found.cost:,.2f}{unit}**, cash left **{found.cash:,.2f}{unit}**."
    )


def files(
    source: Source,
    allocation: Allocation,
    found: Orders | None,
    choice: Choice,
    before: dict[str, float],
) -> None:
    """Offer the result as files, and the Python that makes it."""
    name = re.sub(r"[^a-z0-9]+", "_", allocation.name.lower()).strip("_") or "strategy"
    stem = f"{name}_{allocation.as_of.date()}"
    st.header("Take it away")
    with st.container(horizontal=True):
        show.download(
            "Weights and orders (CSV)",
            weights_csv(allocation, found),
            f"weights_{stem}.csv",
            "text/csv",
        )
        if found is not None:
            show.download(
                "Orders (CSV)", orders_csv(allocation, found), f"orders_{stem}.csv", "text/csv"
            )
        show.download(
            "Decision (JSON)",
            json.dumps(allocation.record(), indent=2, ensure_ascii=False, allow_nan=False),
            f"decision_{stem}.json",
            "application/json",
        )
    with st.expander("The same in Python", icon=":material/code:"):
        st.code(
            snippet(
                source.code(),
                choice.strategy,
                as_of=choice.as_of,
                cost_bps=choice.cost_bps,
                before=before,
                capital=None if found is None else choice.capital,
                holdings=choice.holdings,
                prices=choice.prices,
                money=not allocation.is_priced,
                whole_shares=choice.whole and allocation.is_priced,
                outside=choice.outside,
            ),
            language=None,
        )
