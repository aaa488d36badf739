"""Methods: formulae, a worked example, look-ahead, errata, limits and the glossary."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import GLOSSARY, name_of
from blportfolio.app.screens.methods import example
from blportfolio.app.screens.methods.errata import ADVICE, ERRATA, LIMITS, LOOK_AHEAD
from blportfolio.app.screens.methods.formulae import (
    BACKTEST,
    MODELS,
    NOTATION,
    PAPER,
    Formula,
)

TABS = ("Models", "Worked example", "Backtest", "Errata", "Limits", "Glossary")


def page() -> None:
    """Draw the page."""
    st.title("Methods")
    st.markdown(
        f"What is computed, what it assumes, and where it comes from. “The paper” is {PAPER}. "
        "Every formula is tested against something that was not written here: grids, draws, "
        "published tables."
    )
    st.warning(ADVICE, icon=":material/gavel:")
    drawn = st.tabs(TABS, key="methods_tab", on_change="rerun", bind="query-params")
    draws = (_models, example.draw, _backtest, _errata, _limits, _glossary)
    for name, draw, tab in zip(TABS, draws, drawn, strict=True):
        if tab.open:
            with tab, show.guarded(f"The part {name}"):
                draw()


def _models() -> None:
    st.header("Notation", anchor="notation")
    frame = pd.DataFrame(NOTATION, columns=["Symbol", "What"])
    st.table(
        frame.map(show.plain),
        hide_index=True,
        alt="; ".join(f"{symbol}: {what}" for symbol, what in NOTATION),
    )
    st.caption(
        "Returns are simple, decimal and per period of the data; only reports annualise. IW is the "
        "inverse-Wishart law, N the normal, χ² the chi-squared."
    )
    _formulae(MODELS)


def _backtest() -> None:
    _formulae(BACKTEST)
    st.header("How the backtest avoids look-ahead", anchor="look-ahead")
    st.markdown("\n".join(f"- {sentence}" for sentence in LOOK_AHEAD))


def _formulae(formulae: Sequence[Formula]) -> None:
    for formula in formulae:
        st.header(formula.title, anchor=formula.title.split(":")[0].lower().replace(" ", "-"))
        st.markdown(formula.lead)
        for line in formula.latex:
            st.latex(line)
        st.markdown("**Assumes**\n" + "\n".join(f"- {sentence}" for sentence in formula.assumes))
        st.caption(f"Source: {formula.source}. In code: {show.plain(formula.code)}.")


def _errata() -> None:
    st.markdown(
        "Where the paper's print and the mathematics disagree the engine follows the mathematics. "
        "The main ones, each shown by a test; `docs/methods.md` of the source has all."
    )
    frame = pd.DataFrame(ERRATA, columns=["Where", "Printed", "Right", "How far off"])
    st.table(frame.map(show.plain), hide_index=True, alt=f"{len(frame)} errata of the paper.")
    st.caption(
        "The published gain over Markowitz is reproduced as shrinkage, and not as learning from "
        "features: the released scripts add a price to a return. `docs/replication.md` tells more."
    )


def _limits() -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in LIMITS))
    st.markdown(f"**Not investment advice.** {ADVICE}")


def _glossary() -> None:
    wanted = st.text_input(
        "Search the glossary",
        key="glossary",
        type="search",
        placeholder="for example Sharpe, τ, turnover",
        bind="query-params",
    )
    terms = sorted((name_of(key), sentence) for key, sentence in GLOSSARY.items())
    words = (wanted or "").casefold().split()
    found = [
        (name, sentence)
        for name, sentence in terms
        if all(word in f"{name} {sentence}".casefold() for word in words)
    ]
    if not found:
        show.empty(
            f"No term of {len(terms)} has “{wanted}” in its name or its sentence.",
            "Try another word, or empty the field to see all.",
        )
        return
    st.caption(f"{len(found)} of {len(terms)} terms.")
    st.table(
        pd.DataFrame(
            [(show.plain(name), show.plain(sentence)) for name, sentence in found],
            columns=["Term", "Meaning"],
        ),
        hide_index=True,
        alt=f"{len(found)} terms with their meaning.",
    )
