"""Where the chosen data came from, on what terms, their files, and what may be taken away."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.data.naming import file_name
from blportfolio.app.source import Source
from blportfolio.data import MarketData
from blportfolio.data.described import describe_data
from blportfolio.manifest import describe_market, describe_software
from blportfolio.report.data_tables import csv_of

SIZE_SHOWN = 16
"""Letters of a digest that fit on a phone."""


def draw(source: Source, market: MarketData) -> None:
    """Draw source, licence, caveats, digests and downloads."""
    told = _described(source)
    for heading in ("title", "source", "licence"):
        text = str(told.get(heading, ""))
        if text:
            st.markdown(f"**{heading.capitalize()}**: {show.plain(text)}")
    if source.kind == "upload":
        what = "Yahoo, for personal use" if source.start != "" else "your own file"
        st.markdown(
            f"**Source**: {what}. It lies in a private temporary folder, is read and never run, "
            "and is deleted when your visit ends."
        )
    notes = list(dict.fromkeys([*told.get("caveats", ()), *source.said, *market.notes]))
    if notes:
        st.header("What to beware of", anchor="beware")
        st.markdown("\n".join(f"- {show.plain(note)}" for note in notes))
    st.header("Files", anchor="files", help=term("sha256"))
    if market.sources:
        show.table(
            pd.DataFrame({"File": list(market.sources), "SHA-256": list(market.sources.values())}),
            columns={"SHA-256": st.column_config.TextColumn(width="large")},
            key="files",
            alt="; ".join(
                f"{name}: {digest[:SIZE_SHOWN]}" for name, digest in market.sources.items()
            ),
        )
        if source.kind == "packaged":
            st.caption("A packaged file is checked against its SHA-256 whenever it is read.")
    else:
        st.markdown("These prices came from no file.")
    st.header("Take it away", anchor="downloads")
    document = {
        "schema_version": 1,
        **{key: told[key] for key in ("title", "source", "licence") if told.get(key)},
        **describe_market(market),
        "software": describe_software()["packages"],
    }
    with st.container(horizontal=True):
        show.download(
            "Prices (CSV)",
            lambda: csv_of(market.prices),  # made when it is asked for: large sets take a while
            file_name(source, "prices.csv"),
            "text/csv",
        )
        show.download(
            "Manifest (JSON)",
            json.dumps(document, indent=1, ensure_ascii=False),
            file_name(source, "manifest.json"),
            "application/json",
        )
    if source.kind != "upload":
        st.caption("The same on the command line:")
        st.code(f"blportfolio data info {source.reference}", language=None)


def _described(source: Source) -> dict[str, Any]:
    if source.kind == "upload":
        return {}
    return _told(source.reference, source.stamp)


@st.cache_data(max_entries=8, show_spinner="Reading what is known of the data …")
def _told(reference: str, stamp: str) -> dict[str, Any]:  # noqa: ARG001, part of the key
    return describe_data(reference)
