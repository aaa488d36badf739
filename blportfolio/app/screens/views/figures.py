"""Tables of the page Views, as people read them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app.glossary import term
from blportfolio.app.screens.views.result import Result


def percent(label: str, digits: int, help_text: str | None = None) -> Any:  # noqa: ANN401
    """Return a column of percentages; cells hold them times 100."""
    return st.column_config.NumberColumn(label, format=f"%.{digits}f %%", help=help_text)


def view_columns(views: pd.DataFrame, found: Result) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the views as a table in percent, and the formats of its columns."""
    digits = found.digits
    table = views.copy()
    shares = [name for name in table.columns if name not in ("surprise", "kind")]
    table[shares] = 100 * table[shares]
    table.insert(0, "name", table.index)
    if table["kind"].nunique() < 2:
        table = table.drop(columns="kind")
    columns = {
        "name": st.column_config.TextColumn("View", pinned=True),
        "kind": st.column_config.TextColumn("Kind", help=term("latent_view")),
        "prior": percent("Prior", digits, term("prior")),
        "prior_sd": percent("± prior", digits, term("standard_deviation")),
        "view": percent("View", digits, term("view")),
        "view_sd": percent("± view, √V", digits, term("effective_view_covariance")),
        "posterior": percent("Posterior", digits, term("posterior")),
        "posterior_sd": percent("± posterior", digits, term("standard_deviation")),
        "expected": percent("E[q]", digits, "Mean of the latent view after all was heard."),
        "expected_sd": percent("± E[q]", digits, term("standard_deviation")),
        "omega_sd": percent("√Ω", digits, term("omega")),
        "surprise": st.column_config.NumberColumn(
            "Surprise, sd", format="%.2f", help=term("surprise")
        ),
        "trust": percent("Trust", 1, term("trust")),
        "removed": percent("Removed", 1, "Share of the prior's variance that all views took away."),
    }
    return without_nan(table), {name: columns[name] for name in table.columns}


def asset_columns(found: Result) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the figures by asset as a table in percent, and the formats of its columns."""
    digits = found.digits
    parts: list[pd.DataFrame] = []
    if found.explanation is not None:
        parts.append(found.explanation.assets)
    parts.append(found.weights.add_prefix("weight_"))
    table = 100 * pd.concat(parts, axis=1)
    table.insert(0, "asset", table.index)
    labels = {
        "prior": ("Prior", term("prior")),
        "prior_sd": ("± prior", term("standard_deviation")),
        "view": ("View", term("view")),
        "view_sd": ("± view", term("standard_deviation")),
        "posterior": ("Posterior", term("posterior")),
        "posterior_sd": ("± posterior", term("standard_deviation")),
        "change": ("Change", "Posterior less prior mean."),
        "weight_before": ("Weight before", "Weight from the prior alone."),
        "weight_after": ("after", "Weight from the posterior."),
        "weight_change": ("moved", "Weight after less weight before."),
        "weight_equal": ("Equal", term("equal_weight")),
        "weight_market": ("Market", term("reference_portfolio")),
    }
    columns: dict[str, Any] = {"asset": st.column_config.TextColumn("Asset", pinned=True)}
    for name in table.columns[1:]:
        label, text = labels[name]
        columns[name] = percent(label, 1 if name.startswith("weight") else digits, text)
    return without_nan(table), columns


def without_nan(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which what does not exist is an empty cell."""
    return table.astype(object).where(table.notna(), None) if table.isna().any(axis=None) else table
