"""Who belonged to the universe when."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.data.naming import file_name
from blportfolio.app.source import Source
from blportfolio.data import MarketData, find_universe, is_universe
from blportfolio.report.coverage import member_counts, members_in_words, membership_spells
from blportfolio.report.coverage_charts import plot_membership
from blportfolio.report.data_tables import csv_of


def draw(source: Source, market: MarketData) -> None:
    """Draw the number of members over time and their spells."""
    if market.membership is None:
        st.markdown(
            "These data have no membership over time: every asset may be held on every date on "
            "which it has a price."
        )
        alive = int(market.lifetimes()["survives"].sum())
        st.markdown(
            f"{alive} of {len(market.assets)} assets have prices to the last date."
            + (
                " All of them survived, and were perhaps chosen because they did: levels of return "
                "are flattered for every strategy. Compare strategies, not levels."
                if alive == len(market.assets)
                else ""
            ),
            help=term("survivorship"),
        )
        return
    if is_universe(source.reference):
        covered = find_universe(source.reference).coverage(market.prices)
    else:
        covered = member_counts(market)
    words = members_in_words(covered)
    st.markdown(words, help=term("point_in_time"))
    show.chart(plot_membership(covered), alt=f"Members of the universe over time. {words}")
    spells = membership_spells(market)
    st.header("Spells of membership", anchor="spells", help=term("membership"))
    days = {name: spells[name].dt.strftime("%Y-%m-%d").fillna("") for name in ("first", "last")}
    show.table(
        spells.assign(**days).rename(
            columns={"asset": "Asset", "first": "First day", "last": "Last day"}
        ),
        key="spells",
        alt=f"{len(spells)} spells of membership.",
    )
    st.caption("Without a last day the membership goes on. Benchmarks have no spell.")
    show.download(
        "Membership (CSV)", csv_of(spells), file_name(source, "membership.csv"), "text/csv"
    )
