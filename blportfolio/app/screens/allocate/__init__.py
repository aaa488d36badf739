"""Allocate, the page of a private investor: from prices to weights, orders and doubts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show, sources
from blportfolio.app.screens.allocate import figures, result
from blportfolio.app.screens.allocate.choices import Choice, choose
from blportfolio.app.screens.allocate.making import allocation_of
from blportfolio.app.sources import Source
from blportfolio.data import MarketData
from blportfolio.errors import BLPortfolioError
from blportfolio.report.allocation import (
    Allocation,
    Orders,
    is_growth,
    last_prices,
    orders,
    weights_before,
)
from blportfolio.report.coverage import age_in_words

INTRODUCTION = (
    "Choose prices in the sidebar, a strategy and what you have; the page says how to divide the "
    "money, how sure that is, and what to buy and sell. Leave as it is what you do not know: "
    "the answer is worked out anyway. All figures are net of the costs you state. This is "
    "research software, **not investment advice**."
)


def page() -> None:
    """Draw the page."""
    st.title("Allocate")
    st.markdown(INTRODUCTION)
    source = sources.chosen()
    if source is None:
        show.empty("There are no data to decide on.", "Choose data in the sidebar.")
        return
    try:
        market = source.market()
    except BLPortfolioError as error:
        show.failure(str(error))
        return
    is_money = is_growth(market)
    _age(market, is_money=is_money)
    choice = choose(source, market, is_money=is_money)
    if choice is None:
        return
    try:
        _decided(source, market, choice, is_money=is_money)
    except BLPortfolioError as error:
        show.failure(str(error))


def _decided(source: Source, market: MarketData, choice: Choice, *, is_money: bool) -> None:
    """Draw the allocation of a choice.

    Raises:
        BLPortfolioError: If there is none.
    """
    prices, dated = last_prices(market, choice.as_of)
    if is_money:
        prices = prices.where(prices.isna(), 1.0)
    own = pd.Series(choice.prices, dtype=float)
    prices = own.combine_first(prices)
    holdings = pd.Series(choice.holdings, dtype=float)
    # Other assets are wealth only where they are to be sold.
    assets = list(market.assets)
    counted = prices if choice.outside == "sell" else prices.reindex(assets)
    now, _ = weights_before(holdings, counted, choice.capital)
    before = {} if now is None else {one: float(now[one]) for one in assets if now[one]}
    st.caption(show.plain(choice.description))
    allocation = allocation_of(source, market, choice, before)
    if allocation is None:
        return
    found = _orders(allocation, choice, holdings, prices, dated.drop(own.index, errors="ignore"))
    currency = market.currency
    st.caption(
        f"{show.plain(allocation.name)} · {show.plain(source.label)} · decided at the close of "
        f"{allocation.as_of.date()} on {allocation.manifest['lookback']} returns · range from "
        f"{allocation.manifest['spread']['n_draws']} draws"
    )
    figures.headline(allocation, found, currency)
    figures.doubts(allocation, found)
    with show.guarded("The charts"):
        result.charts(allocation)
    result.tables(allocation, found, currency)
    result.files(source, allocation, found, choice, before)


def _orders(
    allocation: Allocation,
    choice: Choice,
    holdings: pd.Series,
    prices: pd.Series,
    dated: pd.Series,
) -> Orders | None:
    """Return the orders; None, with the reason on the page, where there are none to make."""
    try:
        return orders(
            allocation.table["weight"],
            prices,
            capital=choice.capital,
            holdings=holdings,
            cost_bps=choice.cost_bps,
            whole_shares=choice.whole and allocation.is_priced,
            lot=None if allocation.is_priced else 0.01,
            outside=choice.outside,
            priced_on=dated if allocation.is_priced else None,
        )
    except BLPortfolioError as error:
        st.warning(f"There are no orders. {show.plain(str(error))}", icon=":material/info:")
        return None


def _age(market: MarketData, *, is_money: bool) -> None:
    """Warn of prices that end long ago, and of data without any."""
    age = age_in_words(market.dates[-1], periods_per_year=market.periods_per_year or 252.0)
    if age:
        show.warn_stale(
            f"{age} Weights and orders are of that date: an example, or a record, but no portfolio "
            "of today."
        )
    if is_money:
        st.info(
            "These data are returns, not prices: orders are amounts of money, and so is what you "
            "hold.",
            icon=":material/info:",
        )
    else:
        st.caption(
            "Orders use the last price in the data. Where a share costs something else today, say "
            "so under “What you hold now”."
        )
