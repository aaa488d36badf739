"""What lies in the cache of prices on this machine, and how old it is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.data.cache.inventory import inventory

OLD_DAYS = 7


def draw() -> None:
    """Draw the tickers with their dates and their age."""
    rows = inventory()
    if not rows:
        show.empty(
            "No prices are cached on this machine.",
            "Fetch some on the command line, `blportfolio data fetch sector_etfs` or "
            "`blportfolio data fetch AAPL MSFT KO`; packaged data sets need none.",
        )
        return
    st.markdown(f"{len(rows)} tickers are cached on this machine.", help=term("cache"))
    table = pd.DataFrame(
        [
            (
                row.ticker,
                _day(row.first),
                _day(row.last),
                row.rows,
                row.age_days,
                row.source,
                row.currency,
            )
            for row in rows
        ],
        columns=["Ticker", "First date", "Last date", "Dates", "Age in days", "Source", "Currency"],
    )
    damaged = [row for row in rows if row.problem]
    old = [row.ticker for row in rows if row.age_days is not None and row.age_days > OLD_DAYS]
    show.table(
        table,
        columns={
            "Ticker": st.column_config.TextColumn(pinned=True),
            "Age in days": st.column_config.NumberColumn(format="%.1f", help=term("stale")),
        },
        key="cached",
        alt=f"{len(rows)} cached tickers, {len(old)} of them older than {OLD_DAYS} days.",
    )
    if old:
        show.warn_stale(
            f"{len(old)} of {len(rows)} were last compared with their source more than {OLD_DAYS} "
            "days ago: blportfolio data fetch brings them up to date."
        )
    for row in damaged:
        show.failure(row.problem)


def _day(date: pd.Timestamp | None) -> str:
    return "" if date is None else str(date.date())
