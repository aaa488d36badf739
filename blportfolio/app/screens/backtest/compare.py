"""Up to six strategies beside one another, of one run or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import headline, show
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.app.screens.backtest.parts import (
    PERCENT,
    costs,
    dates,
    shade_toggle,
)
from blportfolio.app.screens.backtest.picking import Picked, pick
from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.against_text import findings_against
from blportfolio.report.comparison import difference_text, p_text
from blportfolio.report.difference_chart import plot_differences
from blportfolio.report.headline import headline_figures
from blportfolio.report.portfolio import (
    annual_returns,
    growth_chart,
    sharpe_differences,
    universes_of,
)
from blportfolio.report.portfolio.looks import Looks
from blportfolio.report.portfolio.trading import gross_wealth


def tab(chosen: Filters) -> None:
    """Draw the tab."""
    picked = pick(chosen)
    if picked is None:
        return
    parts = list(picked.parts.values())
    st.caption(
        f"Compared over {dates(parts[0])}, {costs(chosen)}"
        + (", the dates that they share." if picked.others else ".")
        + f" Benchmark: {show.plain(chosen.benchmark)}."
    )
    _warn_universes(parts)
    with show.guarded("The table"):
        _table(parts, chosen)
    with show.guarded("The chart of growth"):
        _growth(parts, chosen, picked.looks)
    with show.guarded("The comparison with the benchmark"):
        _differences(picked, chosen)
    with show.guarded("What the run says"):
        _sentences(chosen)


def _warn_universes(parts: Sequence[BacktestResult]) -> None:
    """Say where strategies ran on different data: their figures then differ for that too."""
    found = universes_of(parts)
    if len(found) > 1:
        told = "; ".join(f"{', '.join(names)} on {data}" for data, names in found.items())
        st.warning(
            f"They ran on different data, so that a difference is not of the strategies alone: "
            f"{show.plain(told)}.",
            icon=":material/warning:",
        )


def _table(parts: Sequence[BacktestResult], chosen: Filters) -> None:
    st.header(f"Figures, {costs(chosen)}", anchor="figures")
    figures = headline_figures(parts, net=chosen.net)
    headline.draw(figures, chosen.benchmark, net=chosen.net, key="compare:table")


def _growth(parts: Sequence[BacktestResult], chosen: Filters, looks: Looks) -> None:
    shaded = shade_toggle("compare:shaded")
    ends = {
        part.name: float((part.wealth if chosen.net else gross_wealth(part)).iloc[-1])
        for part in parts
    }
    show.chart(
        growth_chart(parts, net=chosen.net, log=chosen.log, looks=looks, shaded=shaded),
        alt=f"Growth of 1 over {dates(parts[0])}, {costs(chosen)}. At the end: "
        + ", ".join(f"{name} {value:.2f}" for name, value in ends.items())
        + ".",
        key="compare:growth",
    )
    with st.expander("Growth as a table: return of each year"):
        by_year = {
            part.name: annual_returns(part.wealth if chosen.net else gross_wealth(part))
            for part in parts
        }
        years = pd.DataFrame({name: 100 * table["return"] for name, table in by_year.items()})
        in_part = {
            year: f"{year} ({row['first'].date()} to {row['last'].date()})"
            for year, row in by_year[parts[0].name].iterrows()
            if not row["whole"]
        }
        table = years.rename_axis("Year").reset_index()
        table["Year"] = [in_part.get(year, str(year)) for year in years.index]
        show.table(
            table,
            columns=dict.fromkeys(years.columns, PERCENT),
            key="compare:years",
            alt=f"Return of each calendar year of {len(parts)} strategies.",
        )


@st.cache_data(max_entries=32, show_spinner="Comparing Sharpe ratios …")
def _compared(
    key: tuple[Any, ...],  # noqa: ARG001, tells the results apart
    net: bool,
    _parts: Sequence[BacktestResult],
    _benchmark: BacktestResult,
) -> list[dict[str, Any]]:
    return sharpe_differences(_parts, _benchmark, net=net)


def _differences(picked: Picked, chosen: Filters) -> None:
    st.header(
        f"Against {show.plain(chosen.benchmark)}", anchor="against", help=term("sharpe_difference")
    )
    parts = list(picked.parts.values())
    try:
        records = _compared(picked.key, chosen.net, parts, picked.benchmark)
    except DataError as error:
        show.empty(str(error), "Choose it above.")
        return
    drawn = plot_differences(records, chosen.benchmark, net=chosen.net)
    if drawn is None:
        show.empty(
            "There is no interval: these returns are too few, or do not vary.",
            "Choose a longer period in the sidebar.",
        )
        return
    said = "; ".join(f"{record['first']} {difference_text(record)}" for record in records)
    show.chart(
        drawn,
        alt=f"Sharpe ratio less that of {chosen.benchmark}, with 95 % interval: {said}.",
        key="compare:differences",
    )
    show.table(
        pd.DataFrame(
            {
                "Strategy": [record["first"] for record in records],
                "Sharpe p.a.": [record["first_sharpe"] for record in records],
                "Difference [95 %]": [difference_text(record) for record in records],
                "p": [p_text(record["p_value"]) for record in records],
                "p by HAC": [p_text(record["hac_p_value"]) for record in records],
            }
        ),
        columns={
            "Strategy": st.column_config.TextColumn(pinned=True),
            "Sharpe p.a.": st.column_config.NumberColumn(format="%.2f", help=term("sharpe")),
            "Difference [95 %]": st.column_config.TextColumn(help=term("sharpe_difference")),
            "p": st.column_config.TextColumn(help=term("p_value")),
            "p by HAC": st.column_config.TextColumn(help=term("hac_interval")),
        },
        key="compare:differences-table",
        alt=f"Differences of Sharpe ratios from {chosen.benchmark}: {said}.",
    )
    count = len(records)
    st.caption(
        f"{count} comparison{'s' if count > 1 else ''} over {records[0]['n_periods']:,} shared "
        "periods, studentised block bootstrap of Ledoit and Wolf (2008): of twenty without a true "
        "difference, one has p below 0.05 by chance."
    )


def _sentences(chosen: Filters) -> None:
    """Show what the run itself says of all its strategies, multiple testing included."""
    summary = {} if chosen.run is None else chosen.run.summary
    against = summary.get("against_baseline", {})
    verdict = summary.get("verdict", {}).get("sentences", ())
    told = [*(findings_against(against) if against else ()), *verdict]
    if not told:
        return
    st.header("What multiple testing leaves of it", anchor="said", help=term("spa"))
    if "trials" in against:
        st.markdown(
            f"**{against['trials']} configurations** count as tried, against "
            f"{show.plain(str(against['baseline']))}."
        )
    st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in told))
    st.caption("Of the whole run, net of costs, whatever the filters say.")
