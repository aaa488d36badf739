"""Summary of the chosen data, and on which dates each asset has a price."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.data.naming import file_name
from blportfolio.app.source import Source
from blportfolio.data import MarketData
from blportfolio.report.coverage import (
    age_in_words,
    asset_coverage,
    coverage_in_words,
    frequency_in_words,
)
from blportfolio.report.coverage_charts import ROWS, plot_coverage
from blportfolio.report.data_tables import csv_of

REMEDIES = {
    "packaged": "It is a fixed sample for trying things out: weights made from it are an example, "
    "not a portfolio of today.",
    "cached": "Fetch them again on the command line: `blportfolio data fetch {name}`.",
    "upload": "Upload a newer file if you want weights of today.",
}


def summary(source: Source, market: MarketData) -> None:
    """Draw the main facts, and how old the data are."""
    periods = market.periods_per_year or 0.0
    facts = (
        ("Assets", f"{len(market.assets):,}", "universe"),
        ("First date", str(market.dates[0].date()), "coverage"),
        ("Last date", str(market.dates[-1].date()), "last_date"),
        ("Frequency", frequency_in_words(market.periods_per_year), "frequency"),
    )
    with st.container(horizontal=True, gap="medium"):
        for label, value, key in facts:
            st.metric(label, value, help=term(key), width="content")
    frames = {name: getattr(market, name) for name in ("open", "high", "low", "volume")}
    extras = [
        name
        for name, frame in frames.items()
        if frame is not None and bool(frame.notna().any(axis=None))
    ]
    has = {
        "risk-free rate": market.risk_free is not None,
        "market weights": market.market_weights is not None,
        "membership over time": market.membership is not None,
        "macro-economic series": bool(market.macro),
    }
    st.markdown(
        f"{len(market.dates):,} dates, {periods:g} periods per year. Currency: "
        f"{show.plain(market.currency) or 'not known'}. Beside adjusted closes: "
        f"{', '.join(extras) or 'no opens, highs, lows or volumes'}. "
        + " ".join(
            f"{name[:1].upper()}{name[1:]}: {'yes' if there else 'no'}."
            for name, there in has.items()
        )
    )
    age = age_in_words(market.dates[-1], periods_per_year=periods or 252.0)
    if not age:
        return
    remedy = REMEDIES.get(source.kind, "").format(name=source.reference)
    if source.kind == "packaged":
        st.caption(f"{age} {remedy}", help=term("stale"))
    else:
        show.warn_stale(f"{age} {remedy.replace('`', '')}")


def draw(source: Source, market: MarketData) -> None:
    """Draw the chart and the table of coverage."""
    table = asset_coverage(market.prices)
    words = coverage_in_words(table)
    st.markdown(words)
    show.chart(plot_coverage(market.prices), alt=f"Dates with a price, by asset. {words}")
    if len(table) > ROWS:
        st.caption(f"The {ROWS} least covered of {len(table)} assets are drawn; the table has all.")
    st.header("Missing values by asset", anchor="missing", help=term("missing_values"))
    shown = table.assign(share=100 * table["share"]).rename(
        columns={
            "asset": "Asset", "first": "First price", "last": "Last price", "n_prices": "Prices",
            "share": "Dates with a price (%)", "before": "Missing before",
            "inside": "Missing inside", "after": "Missing after", "life": "Life",
        }
    )  # fmt: skip
    show.table(
        shown,
        columns={
            "Asset": st.column_config.TextColumn(pinned=True),
            "First price": st.column_config.DateColumn(
                format="YYYY-MM-DD", help=term("late_listing")
            ),
            "Last price": st.column_config.DateColumn(format="YYYY-MM-DD", help=term("delisting")),
            "Dates with a price (%)": st.column_config.NumberColumn(
                format="%.1f", help=term("coverage")
            ),
            "Prices": st.column_config.NumberColumn(format="%,d"),
            "Missing before": st.column_config.NumberColumn(format="%,d"),
            "Missing inside": st.column_config.NumberColumn(format="%,d", help=term("gap")),
            "Missing after": st.column_config.NumberColumn(format="%,d"),
        },
        key="coverage",
        alt=words,
    )
    st.caption(
        "Dates before a listing and after a delisting are no fault: no strategy may hold the asset "
        "then. A gap inside an asset's life is refused when data are loaded, unless a fill is "
        "allowed. It is here for description only, as it knows the future."
    )
    show.download("Coverage (CSV)", csv_of(table), file_name(source, "coverage.csv"), "text/csv")
