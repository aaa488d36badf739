"""One strategy of a run: falls, rolling figures, weights, months and years."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.filters import Filters
from blportfolio.app.glossary import term
from blportfolio.app.screens.backtest.parts import (
    PERCENT,
    costs,
    dates,
    looks,
    number,
    pick_strategy,
    shade_toggle,
    shown_parts,
)
from blportfolio.app.show import percent
from blportfolio.backtest import BacktestResult
from blportfolio.errors import BLPortfolioError
from blportfolio.report.headline import headline_figures
from blportfolio.report.portfolio import (
    annual_chart,
    annual_returns,
    drawdown_chart,
    gross_wealth,
    monthly_chart,
    monthly_returns,
    rolling_sharpe,
    rolling_sharpe_chart,
    rolling_volatility,
    rolling_volatility_chart,
    weights_chart,
    window_of,
    worst_drawdowns,
)
from blportfolio.report.portfolio.heatmap import MONTHS, TOTAL, monthly_long

WINDOWS = {"6 months": 0.5, "1 year": 1.0, "3 years": 3.0}
DATE = st.column_config.DateColumn(format="YYYY-MM-DD")


def tab(chosen: Filters) -> None:
    """Draw the tab."""
    name = pick_strategy(chosen, "strategy")
    parts = shown_parts(chosen)
    own, other = parts[name], parts[chosen.benchmark]
    both = [own] if name == chosen.benchmark else [own, other]
    st.caption(f"{show.plain(name)}, {dates(own)}, {costs(chosen)}.")
    with show.guarded("The figures"):
        _figures(own, chosen)
    shaded = shade_toggle("single:shaded")
    with show.guarded("The drawdown"):
        _falls(own, both, chosen, shaded=shaded)
    with show.guarded("The rolling figures"):
        _rolling(both, chosen, shaded=shaded)
    with show.guarded("The weights"):
        _weights(own)
    with show.guarded("The months"):
        _months(own, chosen)
    with show.guarded("The years"):
        _years(both, chosen)


def _figures(own: BacktestResult, chosen: Filters) -> None:
    row = headline_figures([own], net=chosen.net).iloc[0]
    figures = {
        "Return p.a.": (percent(row["annualised_return"]), "cagr"),
        "Volatility p.a.": (percent(row["annualised_volatility"]), "volatility"),
        "Sharpe p.a.": (number(row["sharpe_ratio"]), "sharpe"),
        "Max drawdown": (percent(row["max_drawdown"]), "max_drawdown"),
        "Growth of 1": (number(row["final_wealth"]), "final_wealth"),
    }
    with st.container(horizontal=True):
        for label, (value, key) in figures.items():
            st.metric(label, value, help=term(key), border=True)
    low, high = row["sharpe_low"], row["sharpe_high"]
    st.caption(
        f"95 % interval of the Sharpe ratio: {number(low)} to {number(high)}; "
        f"{len(own.returns):,} periods, about {own.periods_per_year:.0f} per year."
    )


def _wealth(result: BacktestResult, chosen: Filters) -> pd.Series:
    return result.wealth if chosen.net else gross_wealth(result)


def _falls(
    own: BacktestResult, both: list[BacktestResult], chosen: Filters, *, shaded: bool
) -> None:
    worst = worst_drawdowns(_wealth(own, chosen))
    said = "It never fell below its highest wealth."
    if len(worst):
        first = worst.iloc[0]
        back = "not recovered yet"
        if pd.notna(first["recovered"]):
            back = f"recovered by {first['recovered'].date()}"
        said = (
            f"The deepest fall of {own.name} was {percent(first['depth'])}, from "
            f"{first['peak'].date()} to {first['trough'].date()}, {back}."
        )
    show.chart(
        drawdown_chart(both, net=chosen.net, looks=looks(chosen), shaded=shaded),
        alt=f"Drawdown over {dates(own)}, {costs(chosen)}. {said}",
        key="single:drawdown",
    )
    st.markdown(f"**Worst falls of {show.plain(own.name)}**", help=term("worst_drawdowns"))
    if worst.empty:
        st.caption(said)
        return
    table = pd.DataFrame(
        {
            "Fall": 100 * worst["depth"],
            "Peak": worst["peak"],
            "Trough": worst["trough"],
            "Recovered": [
                "not yet" if pd.isna(date) else str(date.date()) for date in worst["recovered"]
            ],
            "Days down": worst["days_down"],
            "Days up": ["not yet" if pd.isna(n) else str(n) for n in worst["days_up"]],
            "Days in all": worst["days"],
        }
    )
    show.table(
        table,
        columns={
            "Fall": PERCENT,
            "Peak": DATE,
            "Trough": DATE,
            "Days up": st.column_config.TextColumn(alignment="right"),
        },
        key="single:falls",
        alt=said,
    )


def _rolling(both: list[BacktestResult], chosen: Filters, *, shaded: bool) -> None:
    label = st.segmented_control(
        "Window of the rolling figures",
        list(WINDOWS),
        default="1 year",
        key="window",
        required=True,
        help=term("rolling_sharpe"),
        bind="query-params",
        persist_state="session",
    )
    own = both[0]
    try:
        window = window_of(WINDOWS[str(label)], own.periods_per_year)
        returns = own.returns if chosen.net else own.gross_returns
        ratio = rolling_sharpe(returns, window, own.periods_per_year)
        volatility = rolling_volatility(returns, window, own.periods_per_year)
        charts = [
            draw(both, window, net=chosen.net, looks=looks(chosen), shaded=shaded)
            for draw in (rolling_sharpe_chart, rolling_volatility_chart)
        ]
    except BLPortfolioError as error:
        show.empty(
            f"There are no rolling figures. {error}",
            "Choose a shorter window here, or a longer period in the sidebar.",
        )
        return
    columns = st.columns(2)
    texts = (
        f"Sharpe ratio per year of the last {window} periods: {_range(ratio, number)}.",
        f"Volatility per year of the last {window} periods: {_range(volatility, percent)}.",
    )
    for column, chart, text, name in zip(columns, charts, texts, ("sharpe", "vol"), strict=True):
        with column:
            show.chart(chart, alt=f"{own.name}. {text}", key=f"single:rolling-{name}")
            st.caption(f"{show.plain(own.name)}: {text} Windows that are not full are left out.")


def _range(series: pd.Series, text: object) -> str:
    said = text if callable(text) else str
    if series.empty:
        return "none, the returns do not vary"
    return (
        f"from {said(float(series.min()))} ({_day(series.idxmin())}) to "
        f"{said(float(series.max()))} ({_day(series.idxmax())}), last "
        f"{said(float(series.iloc[-1]))}"
    )


def _weights(own: BacktestResult) -> None:
    last = own.weights.iloc[-1].sort_values(ascending=False, kind="stable")
    largest = ", ".join(f"{name} {percent(value)}" for name, value in last.head(3).items())
    cash = 1 - float(last.sum())
    told = (
        f"Largest at the last decision: {largest}; cash {percent(cash if abs(cash) > 1e-9 else 0)}."
    )
    show.chart(
        weights_chart(own),
        alt=f"Target weights of {own.name} by asset over {dates(own)}. {told}",
        key="single:weights",
    )
    st.caption(
        f"{show.plain(told)} What is missing to 100 % is cash. Weights are those decided; between "
        "decisions they drift with prices."
    )
    with st.expander("Weights as a table", icon=":material/table:"):
        held = own.weights.loc[:, (own.weights != 0).any()]
        table = (100 * held).rename_axis("Decision").reset_index()
        show.table(
            table,
            columns={"Decision": DATE, **dict.fromkeys(held.columns, PERCENT)},
            key="single:weights-table",
            alt=f"Target weights of {own.name}, one row a decision. {told}",
        )


def _months(own: BacktestResult, chosen: Filters) -> None:
    months = monthly_returns(_wealth(own, chosen))
    long = monthly_long(months)
    long = long[long["month"] != TOTAL].reset_index(drop=True)
    values, said = long["value"].astype(float), long["said"].astype(str)
    best, worst = int(values.argmax()), int(values.argmin())
    told = (
        f"{percent(float((values > 0).mean()))} of {len(long)} months gained; best "
        f"{said.iloc[best]} {percent(values.iloc[best])}, worst {said.iloc[worst]} "
        f"{percent(values.iloc[worst])}"
    )
    show.chart(
        monthly_chart(own, net=chosen.net),
        alt=f"Return of {own.name} by month, {costs(chosen)}: {told}.",
        key="single:months",
    )
    st.caption(f"{told}. The first and the last month may be held in part.")
    with st.expander("Months as a table", icon=":material/table:"):
        table = (100 * months).set_axis([*MONTHS, "Year's return"], axis=1)
        table.insert(0, "Year", months.index.astype(str))
        show.table(
            table.sort_index(ascending=False),
            columns=dict.fromkeys([*MONTHS, "Year's return"], PERCENT),
            key="single:months-table",
            alt=f"Return of {own.name} by month and year.",
        )


def _years(both: list[BacktestResult], chosen: Filters) -> None:
    own = annual_returns(_wealth(both[0], chosen))
    told = "; ".join(
        f"{year} {percent(row['return'])}{'' if row['whole'] else ' (part)'}"
        for year, row in own.iterrows()
    )
    show.chart(
        annual_chart(both, net=chosen.net, looks=looks(chosen)),
        alt=f"Return of {both[0].name} by calendar year, {costs(chosen)}: {told}.",
        key="single:years",
    )
    st.caption("Pale bars are years that were held in part; the table says from when to when.")
    with st.expander("Years as a table", icon=":material/table:"):
        table = pd.DataFrame(
            {
                "Year": own.index.astype(str),
                **{
                    result.name: 100 * annual_returns(_wealth(result, chosen))["return"].to_numpy()
                    for result in both
                },
                "From": own["first"].to_numpy(),
                "To": own["last"].to_numpy(),
                "Whole year": ["yes" if whole else "no" for whole in own["whole"]],
            }
        )
        show.table(
            table,
            columns={**{r.name: PERCENT for r in both}, "From": DATE, "To": DATE},
            key="single:years-table",
            alt=f"Return of {both[0].name} by calendar year: {told}.",
        )


def _day(date: object) -> str:
    return str(pd.Timestamp(str(date)).date())
