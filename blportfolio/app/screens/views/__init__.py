"""Views, the page that explains the model: prior, learned view and posterior at one decision."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show, sources
from blportfolio.app.glossary import term
from blportfolio.app.screens.views import tabs, words
from blportfolio.app.screens.views.choices import Choice, choose, learn, period_name
from blportfolio.app.screens.views.own import stated_views
from blportfolio.app.screens.views.result import Result, result_of
from blportfolio.app.screens.views.sliders import draw_sliders, reset
from blportfolio.errors import BLPortfolioError
from blportfolio.report.views import MODELS, Decision, plot_views, plot_weights_before_after

INTRODUCTION = (
    "Nobody states a view here: a regression on features of past prices gives each asset one, "
    "with an error of its own. This page shows what one decision believed before, what it heard, "
    "and what it believes after. Move a slider and everything is computed again."
)


def page() -> None:
    """Draw the page."""
    st.title("Views")
    st.markdown(INTRODUCTION)
    source = sources.chosen()
    if source is None:
        show.empty("There are no data to learn from.", "Choose data in the sidebar.")
        return
    try:
        market = source.market()
        choice = choose(source, market)
        decision = learn(choice)
    except BLPortfolioError as error:
        show.failure(str(error))
        return
    window = decision.window
    excess = "in excess of the risk-free rate" if market.risk_free is not None else "simple"
    st.caption(
        f"{show.plain(source.label)} · data to {market.dates[-1].date()} · decision at the close "
        f"of {decision.date} · {len(window.returns)} returns, {excess}, of "
        f"{len(window.assets)} of {len(market.assets)} assets."
    )
    _figures(decision, choice)


@st.fragment
def _figures(decision: Decision, choice: Choice) -> None:
    """Draw what the sliders change; a slider runs this alone."""
    values = draw_sliders(choice.model)
    left, right = st.columns([4, 1], vertical_alignment="center")
    period = period_name(decision.arrays.periods_per_year)
    with left:
        unit = st.segmented_control(
            "Figures per",
            ["year", f"one {period}"],
            default="year",
            key="view_unit",
            required=True,
            help="Means and standard deviations of expected returns, per year or as the model "
            "has them.",
            label_visibility="collapsed",
        )
    with right:
        st.button("Reset sliders", on_click=reset, icon=":material/restart_alt:")
    annual = unit != f"one {period}" or period == "year"
    views, problem = stated_views(decision)
    if problem:
        st.warning(
            "The views that you typed are left out, as not all can be read; the tab *Your own "
            "views* says why.",
            icon=":material/edit_off:",
        )
    try:
        found = result_of(decision, choice, values, views, annual=annual)
    except BLPortfolioError as error:
        show.failure(str(error))
        return
    _notes(found)
    if found.explanation is None:
        show.empty(
            "No asset has a view at this date, so the posterior is the prior.",
            "Choose features that these assets have, a longer window or a later date under *How "
            "views are learned*; or state a view below and choose M-BL.",
        )
    else:
        _headline(found)
        show.chart(plot_views(found.explanation), alt=found.said(), key="dumbbell")
        st.caption(
            f"{words.READ['chart']} "
            + words.convention(period, decision.arrays.periods_per_year, annual=annual)
        )
        if annual and found.fitted.learned:
            st.caption(words.pace(found.explanation, found.horizon, period))
        words.formulae(words.PRIOR, *words.MODEL_FORMULAE[choice.model])
    with show.guarded("The chart of weights"):
        show.chart(
            plot_weights_before_after(found.weights), alt=found.said_of_weights(), key="weights"
        )
        st.caption(f"{words.READ['weights']} Objective: largest Sharpe ratio, long-only.")
    tabs.draw(found)


def _notes(found: Result) -> None:
    lines = [*found.fitted.doubts, *found.fitted.remarks, *found.remarks]
    if lines:
        st.warning("\n".join(f"- {show.plain(line)}" for line in lines), icon=":material/info:")
    for line in found.notes:
        st.caption(show.plain(line))


def _headline(found: Result) -> None:
    explanation = found.explanation
    if explanation is None:
        return
    change = explanation.assets["change"]
    largest = str(change.abs().idxmax())
    moved = 0.5 * float(found.weights["change"].abs().sum())
    row = st.container(horizontal=True, gap="large")
    row.metric(
        "Views followed",
        f"{explanation.heeded:.1f} of {len(explanation.views)}",
        help=f"Sum of the trust in all views. {term('trust')}",
    )
    row.metric(
        f"Largest change, {explanation.unit}",
        f"{show.plain(largest)} {100 * change[largest]:+z.1f} %",
        help="Posterior less prior mean of the asset that the views moved most.",
    )
    row.metric(
        "Weights moved", f"{100 * moved:.1f} %", help="Half the sum of all changes of weights."
    )
    evidence = found.fitted.distribution.log_evidence
    row.metric(
        f"Log evidence, {MODELS[found.choice.model]}",
        "none" if evidence is None else f"{evidence:.1f}",
        help=term("evidence"),
    )
