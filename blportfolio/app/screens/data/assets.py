"""The price of one asset, and returns far from what each asset usually earns."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.data.naming import file_name
from blportfolio.app.source import Source
from blportfolio.data import MarketData
from blportfolio.report.coverage import UNUSUAL, unusual_returns
from blportfolio.report.coverage_charts import plot_price
from blportfolio.report.data_tables import csv_of

LOG, LINEAR = "logarithmic", "linear"
MOST = 50


def draw(source: Source, market: MarketData) -> None:
    """Draw the chart of one asset, and the table of unusual returns."""
    assets = list(market.assets)
    if st.session_state.get("asset_shown") not in assets:
        st.session_state.pop("asset_shown", None)
    left, right = st.columns([2, 1])
    asset = left.selectbox("Asset", assets, key="asset_shown", required=True, bind="query-params")
    scale = right.segmented_control(
        "Axis", [LOG, LINEAR], default=LOG, required=True, key="asset_scale", help=term("log_scale")
    )
    prices = market.prices[asset].dropna()
    first, last = prices.index[0].date(), prices.index[-1].date()
    show.chart(
        plot_price(prices, name=str(asset), currency=market.currency, log=scale == LOG),
        alt=f"Adjusted price of {asset} from {first}, {prices.iloc[0]:,.4g}, to {last}, "
        f"{prices.iloc[-1]:,.4g}; lowest {prices.min():,.4g}, highest {prices.max():,.4g}.",
    )
    st.caption(
        f"{show.plain(str(asset))}: {len(prices):,} prices, {first} to {last}. Closes adjusted for "
        "splits and dividends where the source does so: growth is right, the level of early years "
        "knows what came later.",
        help=term("adjusted_close"),
    )
    st.header("Unusual returns", anchor="unusual", help=term("outlier"))
    found = unusual_returns(market.prices, most=MOST)
    if found.empty:
        st.markdown(f"No return is further than {UNUSUAL:g} robust standard deviations away.")
        return
    st.markdown(
        f"Returns further than {UNUSUAL:g} robust standard deviations from their asset's median, "
        f"the {MOST} furthest at most. Large is not wrong: compare with the other assets that day, "
        "and with the findings of the data doctor."
    )
    show.table(
        found.assign(**{key: 100 * found[key] for key in ("return", "others")}).rename(
            columns={
                "date": "Date",
                "asset": "Asset",
                "return": "Return (%)",
                "score": "Robust score",
                "others": "Median of the others (%)",
            }
        ),
        columns={
            "Date": st.column_config.DateColumn(format="YYYY-MM-DD"),
            "Return (%)": st.column_config.NumberColumn(format="%.1f", help=term("per_period")),
            "Robust score": st.column_config.NumberColumn(format="%.1f", help=term("robust_score")),
            "Median of the others (%)": st.column_config.NumberColumn(format="%.1f"),
        },
        key="unusual",
        alt=f"{len(found)} unusual returns; the furthest is {found['return'][0]:.1%} of "
        f"{found['asset'][0]} on {found['date'][0].date()}.",
    )
    show.download(
        "Unusual returns (CSV)", csv_of(found), file_name(source, "unusual.csv"), "text/csv"
    )
