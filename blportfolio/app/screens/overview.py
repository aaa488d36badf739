"""Overview: what this is, how the strategies of a run did, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import filters, headline, provenance, shell, show, sources
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.against_text import findings_against
from blportfolio.report.headline import headline_figures
from blportfolio.report.portfolio import between, growth_chart, looks_of
from blportfolio.report.tables import by_universe, remarks

INTRODUCTION = (
    "**Black-Litterman portfolios whose views are learned, not asked for.** The market's "
    "equilibrium is the prior; features of past prices give each asset a view, with an error that "
    "the data decide; the posterior weighs the two, and an optimiser turns it into weights. Every "
    "backtest walks forward, trades at a cost, and stands beside equal weight and minimum "
    "variance. Not investment advice."
)
MOST = 6
"""Lines that one chart can hold and still be read."""

ALWAYS = "Equal weight"


def page() -> None:
    """Draw the page."""
    st.title("Overview")
    st.markdown(INTRODUCTION)
    shell.link("allocate", label="Start here: weights and orders for you")
    chosen = filters.current()
    if chosen.run is None:
        filters.tell_absence(
            chosen, "Run one on the page Backtest, or on the command line: `blportfolio backtest`."
        )
    else:
        _run(chosen, chosen.run.summary, chosen.run.manifest)
    _next()


def _run(chosen: Filters, summary: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    results = list(chosen.results.values())
    data = provenance.data_of(manifest, chosen.universe)
    if chosen.is_example:
        st.info(
            "Example run, packaged: "
            f"{show.plain(sources.title_of(str(data.get('name', ''))))}. "
            "It is history, and no forecast."
            + "".join(f" {show.plain(note)}" for note in data.get("notes", ())[:1]),
            icon=":material/science:",
        )
    st.header(f"Strategies, {'net of' if chosen.net else 'before'} costs", anchor="strategies")
    try:
        figures = headline_figures(results, start=chosen.start, net=chosen.net)
    except DataError as error:
        show.empty(f"No results for this filter. {error}", "Reset it to see the whole run.")
        filters.all_dates_button("overview:all_dates")
        return
    headline.draw(figures, chosen.benchmark, net=chosen.net, key="strategies")
    _what_they_do(manifest)
    with show.guarded("The chart of growth"):
        _growth(results, figures, chosen)
    with show.guarded("What can be said"):
        _remarks(chosen, summary, data)
    provenance.draw(chosen)


def _what_they_do(manifest: Mapping[str, Any]) -> None:
    told = [
        f"- **{show.plain(str(one['name']))}**: {show.plain(str(one['description']))}"
        for one in manifest.get("config", {}).get("strategies", ())
        if one.get("description")
    ]
    if told:
        with st.expander("What these strategies do"):
            st.markdown("\n".join(told))


def _growth(results: Sequence[BacktestResult], figures: pd.DataFrame, chosen: Filters) -> None:
    names = [result.name for result in results]
    drawn = _few(names, chosen.benchmark)
    parts = [between(result, chosen.start) for result in results if result.name in drawn]
    first, last = _dates(parts)
    costs = "net of" if chosen.net else "before"
    ends = ", ".join(f"{name} {figures['final_wealth'][name]:.2f}" for name in drawn)
    show.chart(
        growth_chart(parts, net=chosen.net, log=chosen.log, looks=looks_of(names)),
        alt=f"Growth of 1 from {first} to {last}, {costs} costs. At the end: {ends}.",
        key="growth",
    )
    if len(drawn) < len(names):
        st.caption(
            f"{len(drawn)} of {len(names)} strategies are drawn; the page Backtest lets you choose."
        )


def _few(names: Sequence[str], benchmark: str) -> list[str]:
    """Return as many names as a chart can hold, benchmark and equal weight among them."""
    first = [name for name in (benchmark, ALWAYS) if name in names]
    kept = list(dict.fromkeys([*first, *names]))[:MOST]
    return [name for name in names if name in kept]


def _remarks(chosen: Filters, summary: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    records = by_universe(summary["strategies"]).get(chosen.universe, [])
    against = summary.get("against_baseline")
    verdict = summary.get("verdict", {}).get("sentences", ())
    said = [*(findings_against(against) if against else ()), *verdict]
    if said:
        st.header("What can be said", anchor="said", help=term("sharpe_difference"))
        st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in said))
        st.caption("Of the whole run, net of costs, whatever the filters say.")
    notes = [*data.get("notes", ()), *remarks(records)]
    if notes:
        with st.expander(f"What to know about these data and strategies ({len(notes)})"):
            st.markdown("\n".join(f"- {show.plain(note)}" for note in notes))


def _next() -> None:
    st.header("What to do next", anchor="next")
    for name, what in (
        ("allocate", "Target weights and orders for your own assets."),
        ("views", "How a view moves the weights of one date."),
        ("backtest", "Run strategies, compare them, take the results away."),
        ("forecasters", "Attention against linear and naive forecasts."),
        ("methods", "Formulae, assumptions and limits."),
    ):
        target, about = st.columns([1, 4], vertical_alignment="center")
        with target:
            shell.link(name)
        about.markdown(what)


def _dates(results: Sequence[BacktestResult]) -> tuple[str, str]:
    """Return the first and the last date that anything is held, ISO."""
    first = min(result.wealth.index[0] for result in results)
    last = max(result.returns.index[-1] for result in results)
    return str(first.date()), str(last.date())
