"""What the visitor chose on the page Views, and the decision that was learned from it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.sources import Source
from blportfolio.features import (
    FEATURES,
    WindowMaker,
    build_panel,
    choose_features,
    default_lookback,
    make_feature,
)
from blportfolio.features.base import data_needs, lacking
from blportfolio.priors.base import REFERENCES
from blportfolio.priors.latent_view import DIRECT, REGRESSIONS
from blportfolio.report.views import COVARIANCE_NAMES, MODELS, Decision
from blportfolio.types import FeaturePanel

if TYPE_CHECKING:
    from blportfolio.data import MarketData

FIRST_FEATURES = ("momentum", "volatility")
SLOW = "forecast"
"""A feature that trains a forecaster over the whole history."""
LEAST_LOOKBACK = 12
TERMS = {"slp": "slp_bl", "fiv": "fiv_bl", "mbl": "m_bl", "classic": "classic_bl"}
PERIOD_NAMES = {252.0: "day", 52.0: "week", 12.0: "month", 4.0: "quarter", 1.0: "year"}


@dataclass(frozen=True, slots=True)
class Choice:
    """How views are learned, and at which date; what the sliders do not change.

    Attributes:
        source: The data.
        model: One of `MODELS`.
        as_of: Date of the decision.
        features: Names from the registry.
        lookback: Number of returns in the window.
        covariance: Name of the model of Σ.
        reference: Reference portfolio of the equilibrium.
        regression: How views are learned.
        horizon: Periods that a view looks ahead; 0 for those of one month.
    """

    source: Source
    model: str
    as_of: dt.date
    features: tuple[str, ...]
    lookback: int
    covariance: str
    reference: str
    regression: str
    horizon: int


def choose(source: Source, market: MarketData) -> Choice:
    """Draw the choice of model and date, and the form of how views are learned."""
    dates = market.dates
    shortest = min(LEAST_LOOKBACK, len(dates) - 1)
    _keep_within("view_lookback", shortest, len(dates) - 1)
    lookback = st.session_state.get("view_lookback") or _first_lookback(market)
    first, last = dates[min(lookback, len(dates) - 1)].date(), dates[-1].date()
    _keep_within("view_date", first, last)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        model = st.segmented_control(
            "Model",
            list(MODELS),
            default="slp",
            format_func=MODELS.__getitem__,
            key="view_model",
            required=True,
            bind="query-params",
            persist_state="session",
            help=" ".join(term(name) for name in TERMS.values()),
        )
    with right:
        as_of = st.date_input(
            "Decide at the close of",
            value=last,
            min_value=first,
            max_value=last,
            format="YYYY-MM-DD",
            key="view_date",
            required=True,
            bind="query-params",
            persist_state="session",
            help="The last period at or before this date is used; nothing later is seen.",
        )
    with st.expander("How views are learned", icon=":material/tune:"):
        learned = _form(market)
    return Choice(
        source=source,
        model=model or "slp",
        as_of=as_of if isinstance(as_of, dt.date) else last,
        **learned,
    )


def _form(market: MarketData) -> dict[str, Any]:
    usable, others = usable_features(market)
    _keep_among("view_features", usable)
    with st.form("view_form", border=False):
        features = st.multiselect(
            "Features",
            usable,
            default=[name for name in FIRST_FEATURES if name in usable],
            key="view_features",
            persist_state="session",
            help=term("feature"),
        )
        one, two, three = st.columns(3)
        lookback = one.number_input(
            "Window, returns",
            min_value=min(LEAST_LOOKBACK, len(market.dates) - 1),
            max_value=len(market.dates) - 1,
            value=_first_lookback(market),
            key="view_lookback",
            persist_state="session",
            help="How many past returns the decision may see.",
        )
        horizon = two.number_input(
            "Horizon, periods (0: one month)",
            min_value=0,
            max_value=max(1, len(market.dates) // 4),
            value=0,
            key="view_horizon",
            persist_state="session",
            help="How many periods ahead a view looks.",
        )
        regression = three.selectbox(
            "Regression",
            [name for name in REGRESSIONS if name != DIRECT],
            key="view_regression",
            required=True,
            persist_state="session",
            help="How features become a view: each asset by itself (ridge), slopes shrunk to a "
            "common one (pooled), or the paper's seemingly unrelated regressions (sur).",
        )
        one, two, _ = st.columns(3)
        references = [
            name for name in REFERENCES if name != "market_cap" or market.market_weights is not None
        ]
        _keep_among("view_reference", references)
        covariance = one.selectbox(
            "Covariance Σ",
            COVARIANCE_NAMES,
            index=COVARIANCE_NAMES.index("ledoit_wolf"),
            key="view_covariance",
            required=True,
            persist_state="session",
            help=term("ledoit_wolf"),
        )
        reference = two.selectbox(
            "Reference portfolio",
            references,
            index=references.index("min_variance"),
            key="view_reference",
            required=True,
            persist_state="session",
            help=term("reference_portfolio"),
        )
        st.form_submit_button("Learn the views", type="primary", icon=":material/school:")
        if others:
            st.caption("Not with these data: " + "; ".join(others) + ".")
    return {
        "features": tuple(features),
        "lookback": int(lookback),
        "horizon": int(horizon),
        "regression": regression,
        "covariance": covariance,
        "reference": reference,
    }


def usable_features(market: MarketData) -> tuple[list[str], list[str]]:
    """Return the features that the data allow, and what the others lack."""
    usable, others = [], []
    for name in sorted(FEATURES):
        if name == SLOW:
            continue
        lack = lacking(market, data_needs(make_feature(name)))
        if lack is None:
            usable.append(name)
        else:
            others.append(f"{name} needs {lack[0]}")
    return usable, others


def learn(choice: Choice) -> Decision:
    """Return the decision, from memory where it was learned before.

    Raises:
        DataError: If the history is too short, or no asset is eligible.
    """
    return _decision(choice.source, choice.as_of.isoformat(), choice.lookback, choice.features)


@st.cache_resource(
    max_entries=16,
    show_spinner="Learning views …",
    hash_funcs={Source: dataclasses.astuple},
)
def _decision(source: Source, as_of: str, lookback: int, features: tuple[str, ...]) -> Decision:
    panel = _panel(source, features) if features else None
    maker = WindowMaker(source.market(), lookback=lookback, panel=panel)
    return Decision(maker.window(maker.position(as_of)))


@st.cache_resource(
    max_entries=8,
    show_spinner="Computing features …",
    hash_funcs={Source: dataclasses.astuple},
)
def _panel(source: Source, features: tuple[str, ...]) -> FeaturePanel:
    return build_panel(source.market(), choose_features(features))[0]


def period_name(periods_per_year: float) -> str:
    """Return what one period of the data is called."""
    return PERIOD_NAMES.get(float(periods_per_year), "period")


def _first_lookback(market: MarketData) -> int:
    return min(default_lookback(market), max(len(market.dates) - 1, 1))


def _keep_within(key: str, low: Any, high: Any) -> None:  # noqa: ANN401, numbers or dates
    """Forget a value of other data that these do not have."""
    value = st.session_state.get(key)
    if value is not None and not low <= value <= high:
        del st.session_state[key]
        st.caption(f"{show.plain(str(value))} lies outside these data; the default is used.")


def _keep_among(key: str, options: list[str]) -> None:
    """Forget what other data had and these do not."""
    value = st.session_state.get(key)
    if isinstance(value, list):
        kept = [name for name in value if name in options]
        if kept != value:
            st.session_state[key] = kept
    elif value is not None and value not in options:
        del st.session_state[key]
