"""The errors of a contest: with intervals, by horizon, over time."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.forecasters.header import horizon_of, with_interval
from blportfolio.app.screens.forecasters.state import Shown
from blportfolio.report.forecasts.curves import plot_by_horizon, plot_cumulative_gain
from blportfolio.report.forecasts.dots import plot_gain
from blportfolio.report.forecasts.figures import p_text, share_text, signed_text
from blportfolio.report.forecasts.looks import plain, reference_of
from blportfolio.report.forecasts.study import how_held
from blportfolio.report.forecasts.tables import error_frame, horizon_frame

MODEL_NOTE = (
    "attention kernel is the published model of infinite width: one head, no positions, no skip "
    "connection. attention is the same with positions and a skip connection. Neither stands for "
    "attention with several heads, which needs the extra torch."
)


def errors(shown: Shown) -> None:
    """Draw the errors of one horizon, and of all."""
    comparison = shown.contest.comparison
    horizon = horizon_of(shown)
    frame = error_frame(comparison, horizon)
    against = reference_of(comparison)
    show.chart(
        plot_gain(comparison, horizon),
        alt=f"R² against {against} at horizon {horizon}. {_said(frame)}",
        key="gain",
    )
    _error_table(frame, against)
    st.caption(
        f"R²: 1 less squared errors over those of {against}, on the test. 95 % interval and p: "
        "Diebold-Mariano, errors that overlap allowed for; p adj.: Holm's over all horizons and "
        "forecasters tried. In set: not told from the best (model confidence set, 90 %). "
        "Collapse: larger share of forecasts with the sign of the last value, or its opposite."
    )
    if len(comparison.horizons) > 1 or comparison.kind == "levels":
        st.header("By horizon", anchor="horizons", help=term("horizon"))
        by_horizon = horizon_frame(comparison)
        show.chart(
            plot_by_horizon(comparison),
            alt="Error by horizon. "
            + " ".join(
                f"Horizon {h}: {_said(error_frame(comparison, h))}" for h in comparison.horizons
            ),
            key="by_horizon",
        )
        _horizon_table(by_horizon)
    st.header("Over time", anchor="time", help=term("r_squared"))
    show.chart(
        plot_cumulative_gain(comparison, horizon),
        alt=f"Squared error saved against {against} over the test at horizon {horizon}; each line "
        f"ends at the R² above. {_said(frame)}",
        key="over_time",
    )
    notes = [*how_held(comparison), *shown.contest.data_notes]
    with st.expander(f"How the contest was held, and what to know ({len(notes) + 1})"):
        st.markdown("\n".join(f"- {show.plain(note)}" for note in (*notes, MODEL_NOTE)))


def _error_table(frame: pd.DataFrame, against: str) -> None:
    table = pd.DataFrame(
        [
            {
                "Forecaster": plain(str(row["forecaster"])),
                "R² % [95 %]": with_interval(row),
                "Finding": _finding(row["finding"], against),
                "p": p_text(row["p"]),
                "p adj.": p_text(row["p_adjusted"]),
                "In set": {True: "yes", False: "no"}.get(row["in_set"], "–"),
                "MSE ratio": _ratio(row),
                "Hit rate %": share_text(row["hit_rate"]),
                "IC": signed_text(row["ic"]),
                "Collapse %": share_text(row["collapse"]),
            }
            for row in frame.to_dict("records")
        ]
    )
    text = st.column_config.TextColumn
    number = partial(text, alignment="right")
    show.table(
        table,
        key="errors",
        alt=_said(frame),
        columns={
            "Forecaster": text(pinned=True, help=f"{term('naive')}"),
            "R² % [95 %]": number(help=term("r_squared")),
            "Finding": text(help=f"Against {against}, given how many were tried, at 5 %."),
            "p": number(help=term("diebold_mariano")),
            "p adj.": number(help=term("p_adjusted")),
            "In set": text(help="Cannot be told from the best: model confidence set at 90 %."),
            "MSE ratio": number(help=f"{term('mse')} Over that of {against}; ± over seeds."),
            "Hit rate %": number(help=term("hit_rate")),
            "IC": number(help=term("ic")),
            "Collapse %": number(help=term("collapse")),
        },
    )


def _horizon_table(frame: pd.DataFrame) -> None:
    rows: dict[str, dict[str, Any]] = {}
    for row in frame.to_dict("records"):
        name = plain(str(row["forecaster"]))
        rows.setdefault(name, {"Forecaster": name})
        rows[name][f"Horizon {row['horizon']}: R² %"] = with_interval(row)
    table = pd.DataFrame(list(rows.values()))
    number = st.column_config.TextColumn(alignment="right", help=term("r_squared"))
    show.table(
        table,
        key="horizon_table",
        columns={
            "Forecaster": st.column_config.TextColumn(pinned=True),
            **dict.fromkeys(table.columns[1:], number),
        },
        alt="R² with its 95 % interval by forecaster and horizon, as in the chart.",
    )


def _finding(finding: str, against: str) -> str:
    return {"better": f"▲ beats {against}", "worse": f"▼ loses to {against}"}.get(finding, finding)


def _ratio(row: dict[Any, Any]) -> str:
    if not math.isfinite(row["mse_ratio"]):
        return "–"
    spread = row["seed_spread"]
    more = f" ± {spread:.4f}" if math.isfinite(spread) else ""
    return f"{row['mse_ratio']:.4f}{more}"


def _said(frame: pd.DataFrame) -> str:
    parts = [
        f"{plain(row['forecaster'])} {with_interval(row)} %"
        for row in frame.to_dict("records")
        if row["finding"] != "reference"
    ]
    return f"{'; '.join(parts)}."
