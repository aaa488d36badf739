"""Errors by the sign of the next step, and learning curves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.forecasters.header import horizon_of, with_interval
from blportfolio.app.screens.forecasters.state import Shown
from blportfolio.report.forecasts.figures import percent_text, share_text
from blportfolio.report.forecasts.learning import (
    HELD_OUT,
    TRAINING,
    learning_frame,
    learning_sentences,
    plot_learning_part,
)
from blportfolio.report.forecasts.looks import plain, reference_of, spoken
from blportfolio.report.forecasts.split import plot_split, split_frame, split_sentences


def consistency(shown: Shown) -> None:
    """Draw the errors on steps that keep and that turn the sign of the last value."""
    horizon = horizon_of(shown)
    frame = split_frame(shown.contest, horizon)
    st.markdown(
        "\n".join(
            f"- {show.plain(spoken(sentence, shown.contest.comparison))}"
            for sentence in split_sentences(shown.contest, horizon, frame)
        )
    )
    against = reference_of(shown.contest.comparison)
    said = "; ".join(
        f"{plain(row['forecaster'])}, {row['step']}: {percent_text(row['r2'])} %"
        for row in frame.to_dict("records")
    )
    show.chart(
        plot_split(shown.contest, horizon, frame),
        alt=f"R² against {against} by kind of step at horizon {horizon}. {said}.",
        key="split",
    )
    table = pd.DataFrame(
        [
            {
                "Forecaster": plain(str(row["forecaster"])),
                "The next step": row["step"],
                "Steps": f"{row['n_steps']:,}",
                "R² % [95 %]": with_interval(row),
                "Hit rate %": share_text(row["hit_rate"]),
            }
            for row in frame.to_dict("records")
        ]
    )
    show.table(
        table,
        key="split_table",
        alt=said,
        columns={
            "Forecaster": st.column_config.TextColumn(pinned=True),
            "The next step": st.column_config.TextColumn(help=term("sign_consistency")),
            "Steps": st.column_config.TextColumn(alignment="right"),
            "R² % [95 %]": st.column_config.TextColumn(alignment="right", help=term("r_squared")),
            "Hit rate %": st.column_config.TextColumn(alignment="right", help=term("hit_rate")),
        },
    )
    st.caption(
        "Which kind a step is nobody knows beforehand: the split explains errors and cannot be "
        "traded. Whatever follows the last sign, be it attention or AR(1), is right on one kind "
        "and wrong on the other. The demonstration under Asymmetric learning shows where this "
        "becomes a limit, and what lifts it."
    )


def learning(shown: Shown) -> None:
    """Draw the learning curves of what was trained step by step."""
    comparison = shown.contest.comparison
    horizon = horizon_of(shown)
    frame = learning_frame(comparison, horizon)
    if frame.empty:
        show.empty(
            "Nothing in this contest was trained step by step: the other forecasters are solved "
            "in closed form and have no learning curve.",
            "Choose attention in the form above and hold the contest again.",
        )
        return
    sentences = [spoken(text, comparison) for text in learning_sentences(frame)]
    st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in sentences))
    for place, part in zip(st.columns(2), (HELD_OUT, TRAINING), strict=True):
        drawn = plot_learning_part(comparison, horizon, part)
        if drawn is not None:
            with place:
                show.chart(
                    drawn,
                    alt=f"{part}: error by training step at horizon {horizon}. "
                    f"{' '.join(sentences)}",
                    key=f"learning_{part}",
                )
    st.caption(
        "Held out: the latest fifth of the training rows, which decide when to stop. Training: "
        "each step sees a batch of its own, so that the curve is noisy. The unit is that of the "
        "model, squared; of levels the network of the first step is shown."
    )
