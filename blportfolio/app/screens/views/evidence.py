"""The tab Evidence of the page Views: what this window says of τ, δ, ν, and what the past says."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.views import words
from blportfolio.app.screens.views.result import Result
from blportfolio.app.screens.views.sliders import move_to, parameters_of
from blportfolio.app.source import Source
from blportfolio.priors.learned import LearnedPrior
from blportfolio.report.views import (
    PARAMETERS,
    EvidenceCurve,
    evidence_curve,
    past_evidence,
    plot_evidence,
)

ASKED = "_view_past"
MANY = 40
"""Assets above which fewer past decisions are gone through."""


def draw(found: Result) -> None:
    """Draw the curve of one parameter over this window, and over past decisions when asked."""
    model = found.choice.model
    names = parameters_of(model)
    parameter = st.segmented_control(
        "Parameter",
        list(names),
        default="tau",
        format_func=PARAMETERS.__getitem__,
        key=f"view_parameter_{len(names)}",
        required=True,
        help=term("evidence"),
    )
    settings = found.settings
    if model == "classic" and not settings.views:
        show.empty(
            "Without stated views classic Black-Litterman hears stand-ins, which are no data.",
            "State views in the tab *Your own views*, or choose another model.",
        )
        return
    prior = settings.prior(model)
    chosen = parameter or "tau"
    curve = evidence_curve(found.decision, prior, chosen, blind=model == "classic")
    if curve is None:
        show.empty(
            "No asset has a view, so there is no evidence.",
            "Choose features under *How views are learned*, or another date.",
        )
        return
    _curve(curve, key="evidence", read=words.READ["evidence"])
    words.formulae(words.EVIDENCE)
    if model != "classic":
        with show.guarded("The evidence of past decisions"):
            _past(found, prior, chosen)


def _curve(curve: EvidenceCurve, *, key: str, read: str) -> None:
    symbol = PARAMETERS[curve.parameter]
    show.chart(
        plot_evidence(curve),
        alt=f"Log evidence of {curve.source} over {symbol}. Best {curve.best:g}, current "
        f"{curve.current:g}. {curve.verdict}",
        key=key,
    )
    st.caption(read)
    (st.success if curve.identified else st.info)(
        show.plain(curve.verdict), icon=":material/insights:"
    )
    st.button(
        f"Set {symbol} to the maximum of evidence, {curve.best:g}",
        on_click=move_to,
        args=(curve.parameter, curve.best),
        disabled=curve.best == curve.current,
        key=f"view_to_best_{key}",
        icon=":material/vertical_align_top:",
        help="Moves the slider. A maximum at the end of the scale is a limit, not an estimate.",
    )
    with st.expander("The curve as a table", icon=":material/table:"):
        columns: dict[str, Any] = {
            "value": st.column_config.NumberColumn(symbol, format="%.4g"),
            "log_evidence": st.column_config.NumberColumn("Log evidence", format="%.2f"),
            "relative": st.column_config.NumberColumn("Less the maximum", format="%.2f"),
            "supported": st.column_config.CheckboxColumn("Within 2 units"),
            "dof": st.column_config.NumberColumn("ν", format="%.1f", help=term("nu")),
        }
        show.table(curve.table, columns=columns, key=f"table_{key}", alt="Evidence by value.")


def _past(found: Result, prior: LearnedPrior, parameter: str) -> None:
    st.header("Past decisions", anchor="past", help=term("prequential_score"))
    st.markdown(
        "One window is a single look at the features. Past decisions say more: how well did each "
        "value foretell the returns that came next, each before it was seen?"
    )
    years = 3.0 if len(found.decision.arrays.assets) > MANY else 10.0
    if found.choice.model == "fiv":  # a quadrature a decision and value
        years /= 2
    asked = (found.choice, found.values, parameter)
    if st.button(
        f"Go through the decisions of {years:g} years",
        key="view_ask_past",
        icon=":material/history:",
        help="Month-end decisions before this one, each with what was known then. It takes a few "
        "seconds; stated views are left out, as nobody stated them then.",
    ):
        st.session_state[ASKED] = asked
    if st.session_state.get(ASKED) != asked:
        return
    curve = _past_curve(
        found.choice.source,
        repr(prior),
        prior,
        parameter,
        found.decision.date,
        years,
        found.choice.lookback,
        found.choice.features,
    )
    if curve is None:
        show.empty("No decision could be made before this one.", "Choose a later date.")
        return
    _curve(curve, key="past", read=words.READ["past"])


@st.cache_resource(
    max_entries=32,
    show_spinner="Going through past decisions …",
    hash_funcs={Source: dataclasses.astuple},
)
def _past_curve(
    source: Source,
    named: str,  # noqa: ARG001, the prior in the key, its covariance model by name
    _prior: LearnedPrior,
    parameter: str,
    as_of: str,
    years: float,
    lookback: int,
    features: tuple[str, ...],
) -> EvidenceCurve | None:
    return past_evidence(
        _prior,
        source.market(),
        parameter,
        as_of=as_of,
        years=years,
        lookback=lookback,
        features=features,
    )
