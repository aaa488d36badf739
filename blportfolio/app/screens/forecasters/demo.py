"""The demonstration of asymmetric learning, live: its controls, figures, checks and charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.jobs import panel
from blportfolio.forecasters.asymmetric import KINDS, REGIMES, AsymmetricResult
from blportfolio.report import asymmetric_charts as charts
from blportfolio.report.asymmetric import asymmetric_study
from blportfolio.report.asymmetric_checks import FAILS, HOLDS, OPEN, check_claims, finding
from blportfolio.report.asymmetric_demo import (
    DemoChoice,
    demo_command,
    demo_frame,
    demonstration,
    plot_demo,
    run_demonstration,
)
from blportfolio.report.forecasts.figures import share_text

SLOT = "asymmetric"
CHOSEN, FULL = "demo:chosen", "demo:full"
INTRODUCTION = (
    "The published model of *Curse of Attention* (arXiv 2412.06061) has one head, no positions "
    "and fixed output weights. On data whose truth is known, does it follow the sign of the last "
    "value, and what lifts that? The linear residual model, and the same attention with positions "
    "and a skip connection, see the same windows."
)
KEPT: dict[str, Any] = {"persist_state": "session"}
REGIME_WORDS = {"all": "all steps, as published", "con": "sign-consistent steps only"}
KIND_WORDS = {"affine": "random, by position", "sym": "equal"}


def draw() -> None:
    """Draw the demonstration."""
    st.markdown(INTRODUCTION)
    sent = _form()
    if sent is not None:
        choice = sent
        if choice.full:
            panel.start("asymmetric", asdict(choice), label="The demonstration in full", slot=SLOT)
            st.rerun()
        st.session_state[CHOSEN] = asdict(choice)
        st.session_state.pop(FULL, None)
    job = panel.panel(SLOT)
    if job is not None and st.session_state.get(f"{SLOT}:seen") != job.key:
        st.session_state[f"{SLOT}:seen"] = job.key
        st.session_state[FULL] = dict(job.result)
    document: Mapping[str, Any] | None = st.session_state.get(FULL)
    if document is None:
        chosen = st.session_state.get(CHOSEN) or asdict(DemoChoice())
        document = _quick(tuple(sorted(chosen.items())))
    choice, result = demonstration(document)
    _result(choice, result)


def _form() -> DemoChoice | None:
    """Draw the controls; return what was sent."""
    usual = DemoChoice()
    with st.form("demo:form"):
        left, right = st.columns(2)
        gamma = left.slider(
            "γ, weight of the last value",
            -0.7,
            0.9,
            usual.gamma,
            0.1,
            key="demo:gamma",
            help=f"{term('correlation_gamma')} The asymmetry comes from it; below zero it turns "
            "round.",
            **KEPT,
        )
        noise = right.slider(
            "Noise, standard deviation",
            0.0,
            0.5,
            usual.noise,
            0.05,
            key="demo:noise",
            help=term("noise"),
            **KEPT,
        )
        dimension = left.slider(
            "Length of a window, values",
            3,
            16,
            usual.dimension,
            key="demo:dimension",
            help=term("context_length"),
            **KEPT,
        )
        trials = right.slider(
            "Trials",
            2,
            10,
            usual.trials,
            key="demo:trials",
            help="Repetitions, each with data and networks of its own; intervals are over them.",
            **KEPT,
        )
        regime = left.radio(
            "Trained on",
            list(REGIME_WORDS),
            index=list(REGIME_WORDS).index(usual.regime),
            format_func=lambda name: REGIME_WORDS[name],
            key="demo:regime",
            horizontal=True,
            help=f"all: {REGIMES['all']}. con: {REGIMES['con']}.",
            **KEPT,
        )
        kind = right.radio(
            "Weights of the other values",
            list(KIND_WORDS),
            index=list(KIND_WORDS).index(usual.kind),
            format_func=lambda name: KIND_WORDS[name],
            key="demo:kind",
            horizontal=True,
            help=f"affine: {KINDS['affine']}. sym: {KINDS['sym']}.",
            **KEPT,
        )
        n = left.number_input(
            "Training windows",
            min_value=50,
            max_value=2_000,
            value=usual.n,
            step=50,
            key="demo:n",
            required=True,
            help="Windows that every model learns from.",
            **KEPT,
        )
        seed = right.number_input(
            "Seed",
            min_value=0,
            value=0,
            step=1,
            key="demo:seed",
            required=True,
            help=term("seed"),
            **KEPT,
        )
        st.caption(
            f"As proposed, quickly takes about {usual.seconds():.0f} s and in full about "
            f"{DemoChoice(full=True).seconds():.0f} s on two cores, measured; trials, windows and "
            "their length lengthen both in proportion."
        )
        with st.container(horizontal=True):
            quick = st.form_submit_button(
                "Run quickly", type="primary", icon=":material/play_arrow:"
            )
            full = st.form_submit_button("Run in full", icon=":material/hourglass_top:")
    if not (quick or full):
        return None
    choice = DemoChoice(
        gamma=float(gamma),
        noise=float(noise),
        dimension=int(dimension),
        kind=str(kind),
        regime=str(regime),
        n=int(n or usual.n),
        trials=int(trials),
        seed=int(seed or 0),
        full=bool(full),
    )
    choice.settings()
    return choice


@st.cache_data(max_entries=16, show_spinner="Training the models of the demonstration …")
def _quick(chosen: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return run_demonstration(dict(chosen), None, lambda *_: None)


def _result(choice: DemoChoice, result: AsymmetricResult) -> None:
    st.markdown(f"**{show.plain(finding(result))}**")
    st.caption(
        show.plain(
            f"γ {choice.gamma:g}, noise {choice.noise:g}, windows of {choice.dimension} values, "
            f"trained on {REGIME_WORDS[choice.regime]}, {choice.n:,} windows, {choice.trials} "
            f"trials, {result.settings.contest.steps} steps of gradient descent, "
            f"{result.settings.n_test:,} windows in each test; seed {choice.seed}. Simulated data."
        )
    )
    frame = demo_frame(result)
    said = "; ".join(
        f"{row['model']}, {row['test']}: {row['error']:.3g}" for row in frame.to_dict("records")
    )
    show.chart(plot_demo(frame), alt=f"Error over that of zero by model. {said}.", key="demo")
    _table(frame, said)
    st.header("The claims, checked on this run", anchor="claims")
    checks = check_claims(result)
    marks = {HOLDS: "✓", FAILS: "✗", OPEN: "?"}
    st.markdown(
        "\n".join(
            f"- {marks[row['verdict']]} **{show.plain(row['verdict'])}.** "
            f"{show.plain(row['claim'])}. Measured: {show.plain(row['measured'])}."
            for row in checks.to_dict("records")
        )
    )
    st.caption(
        "In brackets the 95 % interval over trials. The claims are those of the paper for γ above "
        "zero, about its own model. They say nothing of attention with positions, a skip "
        "connection or several heads: the last row measures the smallest change that lifts the "
        "limit. Several heads need the extra torch."
    )
    _curves(result, said)
    if choice.full:
        _details(result)
    st.caption("In full on the command line, with noise 0.05 and its own number of windows:")
    st.code(demo_command(choice), language=None, wrap_lines=True)


def _curves(result: AsymmetricResult, said: str) -> None:
    curve = pd.DataFrame([row for row in result.curve if row["part"] == "all models"])
    points = pd.DataFrame([row for row in result.points if row["part"] == "all models"])
    show.chart(
        charts.plot_learning(curve),
        alt=f"Error of the published model over zero's by training step. At the end: {said}.",
        key="demo_learning",
    )
    names = list(dict.fromkeys(points["model"]))
    for place, name in zip(st.columns(max(1, len(names))), names, strict=False):
        with place:
            show.chart(
                charts.plot_points(points[points["model"] == name]),
                alt=f"Forecasts of {name} against what came, of the first trial: as in training "
                "and where the sign turns.",
                key=f"demo_points_{name}",
            )


def _details(result: AsymmetricResult) -> None:
    """Draw what only the full run has."""
    for section in asymmetric_study(result).sections[1:]:
        with st.expander(section.heading):
            for text in section.paragraphs:
                st.markdown(show.plain(text))
            if section.table is not None:
                show.table(
                    pd.DataFrame(section.table.rows, columns=list(section.table.headings)),
                    key=f"demo:{section.heading}",
                )
            for text in section.notes:
                st.caption(show.plain(text))


def _table(frame: pd.DataFrame, said: str) -> None:
    rows = [
        {
            "Model": row["model"],
            "Tested on": row["test"],
            "Error / zero's [95 %]": _interval(row),
            "Right sign %": share_text(row["right_sign"]),
            "Sign of the last value %": share_text(row["follows"]),
        }
        for row in frame.to_dict("records")
    ]
    number = partial(st.column_config.TextColumn, alignment="right")
    with st.expander("The same as a table"):
        show.table(
            pd.DataFrame(rows),
            key="demo_table",
            alt=said,
            columns={
                "Model": st.column_config.TextColumn(pinned=True),
                "Error / zero's [95 %]": number(help=term("relative_error")),
                "Right sign %": number(help=term("hit_rate")),
                "Sign of the last value %": number(help=term("collapse")),
            },
        )


def _interval(row: dict[Any, Any]) -> str:
    if row["low"] != row["low"]:
        return f"{row['error']:.3g}"
    return f"{row['error']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
