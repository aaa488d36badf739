"""Views that the visitor types, one a line, and what M-BL makes of them with the learned ones."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.views import words
from blportfolio.app.screens.views.figures import view_columns
from blportfolio.app.screens.views.result import Result
from blportfolio.errors import BLPortfolioError
from blportfolio.priors import View
from blportfolio.priors.views import odd_weights
from blportfolio.report.views import Decision, explain_views, plot_views, read_views

KEY = "view_text"
NOTATION = (
    "One view a line. A portfolio, `=` and its return, or *beats … by*; then, if you like, "
    "`± 5%` or `confidence 60%`, and a unit: per day, week, month, quarter or year. Without "
    "either a view is as sure as the prior is of it. Names with blanks stand in quotes."
)


def stated_views(decision: Decision) -> tuple[tuple[View, ...], str]:
    """Return the views that were typed, and what is wrong with them, else an empty text."""
    text = st.session_state.get(KEY) or ""
    try:
        return read_views(text, decision.arrays.assets), ""
    except BLPortfolioError as error:
        return (), str(error)


def examples(decision: Decision) -> str:
    """Return lines that these assets allow."""
    names = [name if " " not in name else f'"{name}"' for name in decision.arrays.assets]
    lines = [f"{names[0]} = 10% per year ± 5%"]
    if len(names) > 1:
        lines.insert(0, f"{names[0]} beats {names[1]} by 2% per year")
    if len(names) > 3:
        lines.append(f"0.5*{names[2]} + 0.5*{names[3]} = 6% per year, confidence 60%")
    return "\n".join(lines)


def draw(found: Result) -> None:
    """Draw the box for views, and the learned and the stated ones together."""
    st.markdown(
        "State what you expect, if you expect anything. M-BL weighs it against the prior and "
        "against what the features say."
    )
    with st.form("view_own", border=False):
        st.text_area(
            "Your views",
            key=KEY,
            placeholder=examples(found.decision),
            height=140,
            persist_state="session",
            help=f"{term('view')} {term('view_confidence')}",
        )
        st.form_submit_button("Hear them", icon=":material/record_voice_over:")
    st.caption(NOTATION)
    views, problem = stated_views(found.decision)
    if problem:
        show.failure(problem)
        return
    if not views:
        show.empty(
            "No views are stated.",
            f"Type some, for example:\n\n```\n{examples(found.decision)}\n```",
        )
        return
    fitted = found.decision.model("mbl", found.settings)
    explanation = explain_views(fitted.distribution, annual=found.annual, learned=fitted.learned)
    slips = [doubt for view in views if (doubt := odd_weights(view)) is not None]
    for line in (*slips, *fitted.doubts, *fitted.remarks):
        st.warning(show.plain(line), icon=":material/info:")
    stated = explanation.views[explanation.views["kind"] == "stated"]
    if stated.empty:
        return
    rows = "; ".join(
        f"{name}: prior {100 * row['prior']:z.1f} %, view {100 * row['view']:z.1f} %, posterior "
        f"{100 * row['posterior']:z.1f} %"
        for name, row in stated.iterrows()
    )
    show.chart(
        plot_views(explanation, by="view", only=list(stated.index)),
        alt=f"Your views in M-BL, {explanation.unit}. {rows}.",
        key="own",
    )
    st.caption(
        "What each of your views says, what was expected of its portfolio before, and after all "
        "views, learned and yours, were heard."
    )
    table, columns = view_columns(stated, found)
    show.table(table, columns=columns, key="own_table", alt="Your views, in figures.")
    words.formulae(words.MODEL_FORMULAE["mbl"][0], words.CLASSIC)
