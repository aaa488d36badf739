"""What surrounds the tabs of a contest: its finding, the choice of a horizon, its files."""

from __future__ import annotations

import json
import math
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.forecasters.state import Shown
from blportfolio.report.forecasts.command import SERIES_FILE, contest_command, needs_file
from blportfolio.report.forecasts.figures import percent_text
from blportfolio.report.forecasts.lab import contest_document
from blportfolio.report.forecasts.looks import spoken
from blportfolio.report.forecasts.series import panel_csv
from blportfolio.report.forecasts.tables import contest_csv
from blportfolio.report.forecasts.verdicts import verdict


def found(shown: Shown) -> None:
    """Draw what was found, in sentences of its own figures."""
    comparison = shown.contest.comparison
    data, settings = comparison.data, comparison.settings
    series = data["series"]
    what = series[0] if len(series) == 1 else f"{len(series)} series"
    st.header("What was found", anchor="found")
    if shown.is_first_look:
        st.info(
            f"A first look at {show.plain(what)}, held just now: one fit, one seed, few "
            "training windows. Hold a contest of your own for more.",
            icon=":material/bolt:",
        )
    for horizon in comparison.horizons:
        first, *more = (spoken(text, comparison) for text in verdict(comparison, horizon))
        st.markdown(f"**{show.plain(first)}** {show.plain(' '.join(more))}")
    about = (
        "log returns, their total over the horizon"
        if comparison.kind == "returns"
        else ("log prices, standardised, each step up to the horizon")
    )
    st.caption(
        show.plain(
            f"{data['name']}: {what}, {about}. {data['n_obs']:,} rows from {data['first']} to "
            f"{data['last']}, tested from {data['test_from']}. Context {settings.context_length}; "
            f"fits {data['n_fits']}; seeds {settings.n_seeds}, the first {settings.seed}."
        )
    )


def horizon_of(shown: Shown) -> int:
    """Draw the choice of a horizon; return it."""
    horizons = list(shown.contest.comparison.horizons)
    if len(horizons) == 1:
        return horizons[0]
    chosen = st.radio(
        "Horizon, rows ahead",
        horizons,
        index=0,
        key=f"horizon:{shown.name}",
        horizontal=True,
        help=term("horizon"),
        persist_state="session",
    )
    return int(chosen or horizons[0])


def with_interval(row: dict[Any, Any]) -> str:
    """Return the R² of a row in percent, with its 95 % interval where there is one."""
    text = percent_text(row["r2"])
    if not math.isfinite(row["low"]):
        return text
    return f"{text} [{percent_text(row['low'])}, {percent_text(row['high'])}]"


def downloads(shown: Shown) -> None:
    """Offer the contest's figures, its series where the command needs them, and the command."""
    st.header("Take it away", anchor="downloads")
    contest, name = shown.contest, shown.name
    with st.container(horizontal=True):
        show.download(
            "Figures (CSV)",
            contest_csv(contest.comparison),
            f"contest-{name}.csv",
            "text/csv",
        )
        show.download(
            "Contest (JSON)",
            json.dumps(contest_document(contest), indent=1, ensure_ascii=False),
            f"contest-{name}.json",
            "application/json",
        )
        if needs_file(shown.plan):
            show.download("Series (CSV)", panel_csv(contest.panel), SERIES_FILE, "text/csv")
    st.caption("The same contest on the command line, with a page of its own:")
    st.code(
        contest_command(shown.plan, contest.comparison.settings),
        language=None,
        wrap_lines=True,
    )
