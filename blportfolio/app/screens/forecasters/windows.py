"""One window of the test: where attention looks in it, and what was forecast against what came."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.forecasters.header import horizon_of
from blportfolio.app.screens.forecasters.state import Shown
from blportfolio.report.forecasts.attention_map import (
    ADDS,
    SUBTRACTS,
    attention_frame,
    attention_names,
    attention_sentences,
    attention_view,
    plot_attention,
    plot_step_weights,
)
from blportfolio.report.forecasts.looks import plain, spoken
from blportfolio.report.forecasts.window import (
    ChosenWindow,
    choose_window,
    plot_window,
    window_dates,
    window_frame,
    window_sentence,
)


def attention(shown: Shown) -> None:
    """Draw the attention of a trained network in a window."""
    names = attention_names(shown.contest)
    if not names:
        show.empty(
            "No attention network was trained in this contest. attention kernel has none either: "
            "it is the published model of infinite width, solved in closed form.",
            "Choose attention in the form above and hold the contest again.",
        )
        return
    _attention(shown, names[0])


@st.fragment
def _attention(shown: Shown, name: str) -> None:
    horizon = horizon_of(shown)
    window = _chosen(shown)
    steps = horizon if shown.contest.comparison.kind == "levels" else 1
    step = steps
    if steps > 1:
        step = st.slider(
            "Step of the horizon",
            1,
            steps,
            steps,
            key=f"step:{shown.name}:{horizon}",
            help="Each step ahead has a network of its own.",
            persist_state="session",
        )
    view = attention_view(
        shown.contest,
        window,
        name=name,
        horizon=horizon,
        step=step if steps > 1 else None,
    )
    if view is None:
        show.empty(
            f"No network had been trained by {show.plain(window.date)}.", "Choose a later date."
        )
        return
    sentences = attention_sentences(view)
    st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in sentences))
    left, right = st.columns(2)
    with left:
        show.chart(
            plot_attention(view),
            alt=f"Heat map of the attention of {view.attention.shape[1]} neurons on "
            f"{len(view.context)} values of {window.series} up to {window.date}. "
            f"{' '.join(sentences)}",
            key="attention",
        )
    with right:
        show.chart(
            plot_step_weights(view),
            alt="Weight of each value in the forecast. " + " ".join(sentences[-1:]),
            key="step_weights",
        )
        unit = "%" if shown.contest.comparison.kind == "returns" else ""
        scale = 100 if unit else 1
        st.caption(
            show.plain(
                f"Forecast of this network for {window.series} from {window.date}: "
                f"{scale * view.forecast:+.3f} {unit}".rstrip()
                + f". Trained at {view.trained}, first seed."
            )
        )
    frame = attention_frame(view)
    with st.expander("The same as a table"):
        show.table(
            frame.assign(**{name: 100 * frame[name] for name in (ADDS, SUBTRACTS)}),
            key="attention_table",
            columns={
                "lag": st.column_config.NumberColumn("Rows before", pinned=True),
                "value": st.column_config.NumberColumn("Value", format="%.5f"),
                ADDS: st.column_config.NumberColumn(
                    "Attention of neurons that add, %", format="%.2f", help=term("softmax")
                ),
                SUBTRACTS: st.column_config.NumberColumn(
                    "That subtract, %", format="%.2f", help=term("softmax")
                ),
                "weight": st.column_config.NumberColumn(
                    "Weight in the forecast", format="%.5f", help="All neurons and the skip."
                ),
                "part": st.column_config.NumberColumn(
                    "Weight × value", format="%.6f", help="These sum to the forecast."
                ),
            },
        )


def truth(shown: Shown) -> None:
    """Draw the forecasts of all against what came, for a window."""
    _truth(shown)


@st.fragment
def _truth(shown: Shown) -> None:
    contest = shown.contest
    window = _chosen(shown)
    sentence = spoken(window_sentence(contest, window), contest.comparison)
    st.markdown(show.plain(sentence))
    show.chart(plot_window(contest, window), alt=sentence, key="window")
    frame = window_frame(contest, window)
    is_returns = contest.comparison.kind == "returns"
    scale, unit = (100, " %") if is_returns else (1, "")
    right = {True: "yes", False: "no", None: "–"}
    table = pd.DataFrame(
        {
            "Forecaster": frame["forecaster"].map(plain),
            "Horizon": frame["horizon"],
            f"Forecast{unit}": scale * frame["forecast"],
            f"Truth{unit}": scale * frame["truth"],
            f"Error{unit}": scale * frame["error"],
            "Right sign": [right[value] for value in frame["right_sign"]],
        }
    )
    number = st.column_config.NumberColumn(format="%+.3f")
    show.table(
        table,
        key="window_table",
        alt=sentence,
        columns={
            "Forecaster": st.column_config.TextColumn(pinned=True),
            **{f"{name}{unit}": number for name in ("Forecast", "Truth", "Error")},
            "Right sign": st.column_config.TextColumn(help=term("hit_rate")),
        },
    )
    st.caption(
        "Log returns, summed from the day after the forecast to each horizon."
        if is_returns
        else "Standardised log prices at the end of each horizon; the chart shows the longest."
    )


def _chosen(shown: Shown) -> ChosenWindow:
    """Draw the choice of a window; return it."""
    contest = shown.contest
    names = list(contest.series)
    series = names[0]
    left, right = st.columns(2) if len(names) > 1 else (st.container(), st.container(width=360))
    if len(names) > 1:
        picked = left.selectbox(
            "Series",
            names,
            key=f"window:{shown.name}:series",
            required=True,
            help=term("universe"),
            persist_state="session",
        )
        series = str(picked or series)
    first, last = window_dates(contest, series)
    when = right.date_input(
        "Forecast made on, or just before",
        value=pd.Timestamp(choose_window(contest, series).date).date(),
        min_value=first,
        max_value=last,
        key=f"window:{shown.name}:{series}",
        format="YYYY-MM-DD",
        required=True,
        help="Any date of the test; the last row at or before it is taken.",
        persist_state="session",
    )
    return choose_window(contest, series, when if isinstance(when, dt.date) else None)
