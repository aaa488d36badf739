"""What the visitor asks for: strategy, date, money, costs, and what is held now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.sources import Source
from blportfolio.config import load_strategy, packaged_names
from blportfolio.errors import BLPortfolioError
from blportfolio.features import default_lookback
from blportfolio.report.allocation import checked_holdings, read_holdings

if TYPE_CHECKING:
    from blportfolio.data import MarketData

FIRST = "SLP-BL"
WHOLE, FRACTIONS = "whole shares", "fractions"
KEEP, SELL = "keep them", "sell them"
FEW = 40
"""Assets up to which the table of holdings lists them all."""
HOLDINGS_MB = 1
KEPT: dict[str, Any] = {"persist_state": "session"}
LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for.

    Attributes:
        strategy: Packaged name.
        description: What it does, in a sentence.
        as_of: Date of the decision, ISO.
        capital: Money to invest besides what is held.
        cost_bps: Basis points of each unit bought and each unit sold.
        whole: Whether orders are whole shares.
        outside: `keep` or `sell`, of holdings outside the data.
        holdings: Units by asset.
        prices: Prices by asset that the visitor gave.
        is_sent: Whether the button was pressed just now.
    """

    strategy: str
    description: str
    as_of: str
    capital: float
    cost_bps: float
    whole: bool
    outside: str
    holdings: dict[str, float]
    prices: dict[str, float]
    is_sent: bool


@st.cache_data(max_entries=1, show_spinner=False)
def strategies() -> dict[str, tuple[str, str]]:
    """Return the file and the description of each packaged strategy, by its name."""
    loaded = {file: load_strategy(file) for file in packaged_names("strategies")}
    return {one.name: (file, one.description) for file, one in loaded.items()}


def choose(source: Source, market: MarketData, *, is_money: bool) -> Choice | None:
    """Draw the form; return what it says, or None where the holdings are wrong.

    Args:
        source: The data.
        market: The same, loaded.
        is_money: Whether a unit is money, as the data are returns.
    """
    known = strategies()
    unit = show.plain(market.currency) or "currency of the prices"
    base = _loaded()
    with st.form("allocate", enter_to_submit=False):
        left, right = st.columns([2, 1])
        with left:
            strategy = st.selectbox(
                "Strategy",
                list(known),
                index=list(known).index(FIRST),
                key="allocate_strategy",
                required=True,
                help="\n".join(
                    [
                        term("strategy"),
                        "",
                        *(f"- {name}: {text}" for name, (_, text) in known.items()),
                    ]
                ),
                **LINKED,
            )
        with right:
            as_of = _date(source, market)
        one, two, three = st.columns(3)
        capital = one.number_input(
            f"Money to invest ({unit})",
            min_value=0.0,
            max_value=1e12,
            value=10_000.0,
            step=1_000.0,
            format="%.2f",
            key="allocate_capital",
            help=f"{term('capital')} It comes on top of what you hold already.",
            **LINKED,
        )
        cost = two.number_input(
            "Cost of trading (basis points)",
            min_value=0.0,
            max_value=1_000.0,
            value=10.0,
            step=1.0,
            format="%.1f",
            key="allocate_cost",
            help=term("cost_bps"),
            **LINKED,
        )
        whole = three.segmented_control(
            "Orders in",
            [WHOLE, FRACTIONS],
            default=WHOLE,
            key="allocate_units",
            required=True,
            disabled=is_money,
            help="Fractions are multiples of a ten-thousandth of a share.",
            **LINKED,
        )
        with st.expander("What you hold now", icon=":material/inventory_2:"):
            table, outside = _editor(source, market, base, is_money=is_money)
        sent = st.form_submit_button(
            "Work out weights and orders", type="primary", icon=":material/balance:"
        )
    try:
        held = checked_holdings(table)
    except BLPortfolioError as error:
        show.failure(str(error))
        return None
    rows = list(zip(held["asset"], held["units"], held["price"], strict=True))
    return Choice(
        strategy=known[strategy or FIRST][0],
        description=known[strategy or FIRST][1],
        as_of=str(as_of),
        capital=float(capital or 0.0),
        cost_bps=float(cost if cost is not None else 10.0),
        whole=whole == WHOLE,
        outside="sell" if outside == SELL else "keep",
        holdings={str(asset): float(units) for asset, units, _ in rows if units > 0},
        prices={str(asset): float(price) for asset, _, price in rows if price > 0 and not is_money},
        is_sent=bool(sent),
    )


def _date(source: Source, market: MarketData) -> dt.date:
    """Draw the date; other data begin at their own last date again."""
    dates = market.dates
    first = dates[min(default_lookback(market), len(dates) - 1)].date()
    last = dates[-1].date()
    state = st.session_state
    of = (source.reference, source.stamp)
    chosen = state.get("allocate_date")
    if state.get("_allocate_of", of) != of or not (
        isinstance(chosen, dt.date) and first <= chosen <= last
    ):
        state.pop("allocate_date", None)
    state["_allocate_of"] = of
    picked = st.date_input(
        "Decide at the close",
        value=last,
        min_value=first,
        max_value=last,
        format="YYYY-MM-DD",
        key="allocate_date",
        required=True,
        help=term("as_of"),
        **LINKED,
    )
    return picked if isinstance(picked, dt.date) else last


def _loaded() -> pd.DataFrame | None:
    """Draw the upload of holdings; return them, or None without a file."""
    with st.popover("Load holdings from a CSV", icon=":material/upload:"):
        sent = st.file_uploader(
            "A CSV with the columns asset and units, and a column price if you like",
            type=["csv", "txt", "tsv"],
            max_upload_size=HOLDINGS_MB,
            key="allocate_holdings_file",
        )
    if sent is None:
        return None
    try:
        if sent.size > HOLDINGS_MB * 2**20:
            show.failure(f"The file of holdings has more than {HOLDINGS_MB} MB.")
            return None
        return read_holdings(sent.getvalue(), name=sent.name)
    except BLPortfolioError as error:
        show.failure(str(error))
        return None


def _editor(
    source: Source, market: MarketData, base: pd.DataFrame | None, *, is_money: bool
) -> tuple[pd.DataFrame, str | None]:
    """Draw the table of holdings; return it and what becomes of other assets."""
    what = "Money in each asset" if is_money else "Units of each asset"
    st.caption(f"{what}; leave 0 what you do not hold. Add rows for assets that are not listed.")
    if base is None:
        assets = list(market.assets) if len(market.assets) <= FEW else [None]
        base = pd.DataFrame({"asset": assets, "units": 0.0, "price": None})
    base = base.astype({"asset": "str", "units": float, "price": float})
    file_id = getattr(st.session_state.get("allocate_holdings_file"), "file_id", "")
    columns = {
        "asset": st.column_config.TextColumn("Asset", max_chars=60),
        "units": st.column_config.NumberColumn(
            "Money" if is_money else "Units", min_value=0.0, help=term("holdings")
        ),
        "price": None
        if is_money
        else st.column_config.NumberColumn(
            "Your price", min_value=0.0, help="What a unit costs now; empty takes the last price "
            "in the data.",
        ),
    }  # fmt: skip
    table = st.data_editor(
        base,
        num_rows="dynamic",
        hide_index=True,
        column_config=columns,
        width="stretch",
        height=240,
        placeholder="",
        key=f"allocate_holdings:{source.reference}:{source.stamp}:{file_id}",
        alt="What you hold now: units by asset.",
    )
    outside = st.segmented_control(
        "Holdings that are not among these assets",
        [KEEP, SELL],
        default=KEEP,
        key="allocate_outside",
        required=True,
        help="The strategy cannot choose them. Selling them needs a price of yours.",
        **KEPT,
    )
    return table, outside
