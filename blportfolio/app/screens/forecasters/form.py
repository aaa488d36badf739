"""The form of a contest, and the work that it starts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.jobs import panel
from blportfolio.app.screens.forecasters.state import SLOT, settings_of
from blportfolio.app.source import Source
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric.returns import SCENARIOS
from blportfolio.forecasters.comparison import Panel
from blportfolio.forecasters.comparison.entrants import EXTRAS
from blportfolio.forecasters.comparison.results import CONTROLS
from blportfolio.forecasters.registry import FORECASTERS
from blportfolio.report.forecasts.defaults import (
    FIRST_LOOK,
    expected_seconds,
    first_plan,
    usual_contest,
)
from blportfolio.report.forecasts.lab import check_plan
from blportfolio.report.forecasts.series import (
    LEAST_SIMULATED,
    MOST_SIMULATED,
    cut_panel,
    simulated_panel,
)

FROM_DATA, SIMULATED = "Of the data in the sidebar", "Simulated, where the truth is known"
RETURNS, LEVELS = "Returns", "Log prices"
KINDS = {RETURNS: "returns", LEVELS: "levels"}
MOST_SERIES = 12
DAYS = 252
"""Rows a year, where the data do not say."""
HORIZONS = (1, 2, 3, 4, 5, 10, 12, 13, 21, 63)
KEPT: dict[str, Any] = {"persist_state": "session"}
HELP = {
    "series": "Prices of the data in the sidebar, or returns made up so that the best forecast "
    "is known.",
    "kind": "Of returns the total over each horizon is forecast, and zero is the naive forecast; "
    "of log prices each step, and the last value is.",
    "horizons": "Rows ahead: days of daily data, months of monthly data.",
    "test_from": "What comes before is learned from, what comes from this date on is the test.",
    "start": "First date of the prices; empty for all.",
    "forecasters": "The naive forecasts zero or last value, the mean and AR(1) always take part.",
    "refits": "Fits during the test, each on all that is known by then.",
    "seeds": "Runs of the forecasters that draw random numbers.",
}


def draw(source: Source | None) -> None:
    """Draw the form; start the contest when it is sent."""
    origin = st.radio(
        "Series",
        [FROM_DATA, SIMULATED],
        index=0,
        key="forecasters:origin",
        horizontal=True,
        help=HELP["series"],
        **KEPT,
    )
    if origin == SIMULATED:
        plan, series = _simulated()
    elif source is None:
        show.empty("There are no data.", "Choose some in the sidebar, or a simulated series.")
        return
    else:
        plan, series = _of_market(source, source.market())
    if plan is None or series is None:
        return
    settings = check_plan(plan, series)
    label = f"The contest on {series.name}"
    panel.start("contest", {**plan, "contest": settings.resolved()}, label=label, slot=SLOT)
    st.rerun()


def _of_market(source: Source, market: MarketData) -> tuple[dict[str, Any] | None, Panel | None]:
    """Draw the form for series of a market; return what was sent."""
    usual = first_plan(market, settings_of(source))
    dates = market.dates
    n_obs = len(dates) - 1
    if n_obs < 4:
        show.empty(
            f"These data have {n_obs + 1} dates, too few to learn from and to test on.",
            "Choose other data in the sidebar, or a simulated series.",
        )
        return None, None
    contest = usual_contest(n_obs, market.periods_per_year or DAYS)
    split = dates[len(dates) - max(1, round(contest.test_share * n_obs))].date()
    known = [str(asset) for asset in market.assets]
    here = f"forecasters:{source.reference}"
    with st.form("forecasters:form", border=False):
        assets = st.multiselect(
            f"Series, {MOST_SERIES} at most",
            known,
            default=usual["assets"],
            max_selections=MOST_SERIES,
            key=f"{here}:assets",
            help=term("universe"),
            **KEPT,
        )
        left, right = st.columns(2)
        kind = left.radio(
            "Forecast",
            list(KINDS),
            index=0,
            key="forecasters:kind",
            horizontal=True,
            help=HELP["kind"],
            **KEPT,
        )
        start = left.date_input(
            "Data from",
            value=None,
            min_value=dates[0].date(),
            max_value=dates[-1].date(),
            key=f"{here}:start",
            format="YYYY-MM-DD",
            help=HELP["start"],
            **KEPT,
        )
        test_from = right.date_input(
            "Test from",
            value=split,
            min_value=dates[1].date(),
            max_value=dates[-1].date(),
            key=f"{here}:test_from",
            format="YYYY-MM-DD",
            required=True,
            help=HELP["test_from"],
            **KEPT,
        )
        chosen = _common(usual_horizons=contest.horizons, context=contest.context_length, key=here)
        sent = _send(n_obs, 1, contest)
    if not sent:
        return None, None
    if not assets:
        raise ConfigError("No series is chosen; choose one or more.")
    plan = {
        **chosen,
        "source": settings_of(source),
        "assets": list(assets),
        "kind": KINDS[str(kind)],
        "start": None if start is None else str(start),
        "test_from": str(test_from),
    }
    series, _ = cut_panel(market, plan["assets"], kind=plan["kind"], start=plan["start"])
    return plan, series


def _simulated() -> tuple[dict[str, Any] | None, Panel | None]:
    """Draw the form for a simulated series; return what was sent."""
    contest = usual_contest(2_520, 252)
    with st.form("forecasters:simulated", border=False):
        left, right = st.columns(2)
        scenario = left.selectbox(
            "What is in the returns",
            list(SCENARIOS),
            key="forecasters:scenario",
            required=True,
            help="Momentum, reversal: a signal in the last day and in seven days before it, worth "
            "2 % of the variance. No lag-1 signal: in the seven only. White noise: none.",
            **KEPT,
        )
        n_obs = right.number_input(
            "Days",
            min_value=LEAST_SIMULATED,
            max_value=MOST_SIMULATED,
            value=2_520,
            step=100,
            key="forecasters:days",
            required=True,
            help="Trading days; 252 are a year.",
            **KEPT,
        )
        chosen = _common(
            usual_horizons=contest.horizons, context=contest.context_length, key="forecasters:sim"
        )
        sent = _send(int(n_obs or 2_520), 1, contest)
    if not sent:
        return None, None
    seed = chosen["contest"]["seed"]
    plan = {
        **chosen,
        "source": {
            "kind": "simulated",
            "reference": str(scenario),
            "n": int(n_obs or 0),
            "seed": seed,
        },
        "assets": [str(scenario)],
        "kind": "returns",
        "start": None,
        "test_from": None,
    }
    series, _ = simulated_panel(str(scenario), n=plan["source"]["n"], seed=seed)
    return plan, series


def _common(*, usual_horizons: tuple[int, ...], context: int, key: str) -> dict[str, Any]:
    """Draw what every contest asks for; return it as a plan has it."""
    naive = {name for names in CONTROLS.values() for name in names}
    offered = [name for name in FORECASTERS if name not in naive and name not in EXTRAS]
    forecasters = st.multiselect(
        "Forecasters",
        offered,
        default=list(FIRST_LOOK),
        key="forecasters:who",
        help=HELP["forecasters"],
        **KEPT,
    )
    left, right = st.columns(2)
    horizons = left.multiselect(
        "Horizons, rows ahead",
        sorted({*HORIZONS, *usual_horizons}),
        default=list(usual_horizons),
        key=f"{key}:horizons",
        help=f"{term('horizon')} {HELP['horizons']}",
        **KEPT,
    )
    length = right.number_input(
        "Context, past values seen",
        min_value=2,
        max_value=252,
        value=context,
        step=1,
        key=f"{key}:context",
        required=True,
        help=term("context_length"),
        **KEPT,
    )
    one, two, three = st.columns(3)
    numbers = {}
    for place, name, label, usual, most, help_text in (
        (one, "n_refits", "Fits", 3, 20, HELP["refits"]),
        (two, "n_seeds", "Seeds", 2, 10, HELP["seeds"]),
        (three, "seed", "First seed", 0, 2**31 - 1, term("seed")),
    ):
        numbers[name] = place.number_input(
            label,
            min_value=0 if name == "seed" else 1,
            max_value=most,
            value=usual,
            step=1,
            key=f"forecasters:{name}",
            required=True,
            help=help_text,
            **KEPT,
        )
    return {
        "forecasters": list(forecasters),
        "contest": {
            "context_length": int(length or context),
            "horizons": [int(horizon) for horizon in horizons],
            **{name: int(value or 0) for name, value in numbers.items()},
        },
    }


def _send(n_obs: int, n_series: int, contest: Any) -> bool:  # noqa: ANN401, its settings
    """Draw the button, and say before it is pressed how long the contest takes as proposed."""
    seconds = expected_seconds(n_obs, n_series, FIRST_LOOK, contest)
    st.caption(
        f"As proposed it takes about {round(seconds / 5) * 5 or 5} s on two cores, measured; more "
        "series, horizons, fits and seeds take longer. It can be cancelled, and the rest of the "
        "dashboard works meanwhile."
    )
    return st.form_submit_button("Hold the contest", type="primary", icon=":material/play_arrow:")
