"""What a strategy traded and paid, and what costs took from each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.app.screens.backtest.parts import (
    PERCENT,
    dates,
    looks,
    number,
    pick_strategy,
    shown_parts,
)
from blportfolio.app.screens.backtest.single import DATE
from blportfolio.app.show import percent
from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.metrics import mean_turnover
from blportfolio.report.portfolio import (
    cost_chart,
    cost_drag,
    costs_by_year,
    decisions,
    effective_chart,
    holdings,
    turnover_chart,
)

SHARES = ("Bought", "Sold", "Turnover", "Invested", "Largest weight")
FILTERS = ("trades:assets", "trades:reasons", "trades:size")


def tab(chosen: Filters) -> None:
    """Draw the tab."""
    parts = shown_parts(chosen)
    with show.guarded("The cost drag"):
        _drag(list(parts.values()), chosen)
    name = pick_strategy(chosen, "traded")
    own = parts[name]
    with show.guarded("The turnover"):
        _turnover(own, chosen)
    with show.guarded("The spread of the portfolio"):
        _spread(own, chosen)
    with show.guarded("The trades"):
        _trades(own)


def _drag(parts: list[BacktestResult], chosen: Filters) -> None:
    table = cost_drag(parts)
    said = ", ".join(f"{row['name']} {row['drag_bps']:.1f}" for _, row in table.iterrows())
    show.chart(
        cost_chart(parts, looks=looks(chosen)),
        alt=f"Growth that costs took over {dates(parts[0])}, basis points per year: {said}.",
        key="trades:drag",
    )
    rates = sorted({float(rate) for rate in table["cost_bps"]})
    st.caption(
        "Growth before costs less growth after, per year, at "
        f"{' or '.join(f'{rate:g}' for rate in rates)} bp of each unit bought and each unit sold. "
        "A basis point (bp) is 0.01 %."
    )
    shown = pd.DataFrame(
        {
            "Strategy": table["name"],
            "Growth before costs p.a.": 100 * table["gross"],
            "after costs p.a.": 100 * table["net"],
            "Cost drag, bp p.a.": table["drag_bps"],
            "Costs paid, bp p.a.": table["paid_bps"],
            "Turnover p.a.": 100 * table["turnover_per_year"],
        }
    )
    basis = st.column_config.NumberColumn(format="%.1f", help=term("cost_drag"))
    show.table(
        shown,
        columns={
            "Strategy": st.column_config.TextColumn(pinned=True),
            "Growth before costs p.a.": st.column_config.NumberColumn(
                format="%.2f %%", help=term("gross")
            ),
            "after costs p.a.": st.column_config.NumberColumn(format="%.2f %%", help=term("net")),
            "Cost drag, bp p.a.": basis,
            "Costs paid, bp p.a.": basis,
            "Turnover p.a.": st.column_config.NumberColumn(
                format="%.0f %%",
                help="All that was exchanged per year, one way, the first purchase too.",
            ),
        },
        key="trades:drag-table",
        alt=f"Cost drag, basis points per year: {said}.",
    )
    with st.expander("Costs by year, basis points of wealth", icon=":material/table:"):
        years = costs_by_year(parts).reset_index().rename(columns={"year": "Year"})
        years["Year"] = years["Year"].astype(str)
        show.table(
            years,
            columns={part.name: st.column_config.NumberColumn(format="%.1f") for part in parts},
            key="trades:years",
            alt="Costs of each strategy by calendar year, basis points of wealth.",
        )


def _turnover(own: BacktestResult, chosen: Filters) -> None:
    try:
        drawn = turnover_chart(own, looks=looks(chosen))
    except DataError as error:
        show.empty(str(error), "The period is in the sidebar.")
        return
    mean = mean_turnover(own.turnover)
    show.chart(
        drawn,
        alt=f"One-way turnover of {own.name} at {len(own.turnover) - 1} decisions after the first: "
        f"{percent(mean)} on average, {percent(float(own.turnover.iloc[1:].max()))} at most.",
        key="trades:turnover",
    )
    with st.expander("Decisions as a table", icon=":material/table:"):
        table = decisions(own)
        spread = holdings(own)
        show.table(
            pd.DataFrame(
                {
                    "Decision": table.index,
                    "Trades": table["trades"].to_numpy(),
                    "Bought": 100 * table["bought"].to_numpy(),
                    "Sold": 100 * table["sold"].to_numpy(),
                    "Turnover": 100 * table["turnover"].to_numpy(),
                    "Cost, bp": table["cost_bps"].to_numpy(),
                    "Invested": 100 * spread["net"].to_numpy(),
                    "Assets held": spread["held"].to_numpy(),
                    "Effective assets": spread["effective"].to_numpy(),
                    "Largest weight": 100 * spread["largest"].to_numpy(),
                }
            ),
            columns={
                "Decision": DATE,
                "Cost, bp": st.column_config.NumberColumn(format="%.2f"),
                "Effective assets": st.column_config.NumberColumn(
                    format="%.1f", help=term("effective_number")
                ),
                **dict.fromkeys(SHARES, PERCENT),
            },
            key="trades:decisions",
            alt=f"Decisions of {own.name}: {len(table)} rows.",
        )


def _spread(own: BacktestResult, chosen: Filters) -> None:
    table = holdings(own)
    known = table["effective"].dropna()
    if known.empty:
        show.empty(f"{own.name} held nothing but cash.", "Choose another strategy.")
        return
    show.chart(
        effective_chart([own], looks=looks(chosen)),
        alt=f"Effective number of assets of {own.name}: {number(float(known.mean()), 1)} on "
        f"average, of {int(table['held'].max())} held at most.",
        key="trades:effective",
    )
    st.caption(term("effective_number"))


def _trades(own: BacktestResult) -> None:
    st.header("Trades", anchor="trades")
    trades = own.trades
    if trades.empty:
        show.empty(
            f"{own.name} made no trade in this period.", "Choose a longer one in the sidebar."
        )
        return
    left, middle, right = st.columns(3)
    known = sorted(set(trades["asset"]))
    for key, options in ((FILTERS[0], known), (FILTERS[1], sorted(set(trades["reason"])))):
        kept = [one for one in st.session_state.get(key, ()) if one in options]
        if key in st.session_state and kept != st.session_state[key]:
            st.session_state[key] = kept
    assets = left.multiselect("Assets", known, key=FILTERS[0], placeholder="all")
    reasons = middle.multiselect(
        "Reasons", sorted(set(trades["reason"])), key=FILTERS[1], placeholder="all"
    )
    size = right.number_input(
        "Smallest trade, % of wealth",
        min_value=0.0,
        max_value=100.0,
        value=0.0,
        step=0.5,
        key=FILTERS[2],
        required=True,
    )
    chosen = trades[trades["trade"].abs() >= float(size) / 100]
    if assets:
        chosen = chosen[chosen["asset"].isin(assets)]
    if reasons:
        chosen = chosen[chosen["reason"].isin(reasons)]
    if chosen.empty:
        show.empty("No trade passes these filters.", "Reset them to see all.")
        st.button("Reset the filters of trades", key="trades:reset", on_click=_forget)
        return
    st.caption(
        f"{len(chosen):,} of {len(trades):,} trades; value and cost in units of the wealth at the "
        "start of the run, which is 1."
    )
    show.table(
        pd.DataFrame(
            {
                "Date": chosen["date"],
                "Asset": chosen["asset"],
                "Weight before": 100 * chosen["weight_before"],
                "after": 100 * chosen["weight_after"],
                "Trade": 100 * chosen["trade"],
                "Value": chosen["value"],
                "Cost": chosen["cost"],
                "Reason": chosen["reason"],
            }
        ),
        columns={
            "Date": DATE,
            "Weight before": PERCENT,
            "after": PERCENT,
            "Trade": PERCENT,
            "Value": st.column_config.NumberColumn(format="%.4f"),
            "Cost": st.column_config.NumberColumn(format="%.6f"),
        },
        key="trades:table",
        alt=f"Trades of {own.name}: {len(chosen)} rows.",
        height=420,
    )


def _forget() -> None:
    for key in FILTERS:
        st.session_state.pop(key, None)
