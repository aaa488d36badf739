"""The tabs of the page Views; only the one that is open is computed."""

from __future__ import annotations

import math
import re
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.views import evidence, own, words
from blportfolio.app.screens.views.figures import (
    asset_columns,
    percent,
    view_columns,
)
from blportfolio.app.screens.views.result import Result
from blportfolio.app.screens.views.sliders import parameters_of
from blportfolio.report.views import (
    MODELS,
    compare_models,
    largest,
    plot_attribution,
    plot_comparison,
    plot_correlation_change,
    plot_correlations,
    plot_trust,
)
from blportfolio.report.views.document import asset_table, table_csv, views_document

NAMES = (
    "Trust and Ω",
    "Attribution",
    "Evidence",
    "Models side by side",
    "Your own views",
    "Table and download",
)


def draw(found: Result) -> None:
    """Draw the tabs."""
    drawers = (_trust, _attribution, evidence.draw, _models, own.draw, _table)
    opened = st.tabs(NAMES, key="view_tab", on_change="rerun", bind="query-params")
    for tab, name, drawer in zip(opened, NAMES, drawers, strict=True):
        if tab.open:
            with tab, show.guarded(f"The tab {name}"):
                drawer(found)


def _trust(found: Result) -> None:
    explanation = found.explanation
    if explanation is None:
        _nothing()
        return
    trust = explanation.views["trust"]
    top = ", ".join(f"{name} {100 * value:.1f} %" for name, value in trust.nlargest(3).items())
    show.chart(
        plot_trust(explanation),
        alt=f"Trust in each of {len(trust)} views. Largest: {top}.",
        key="trust",
    )
    st.caption(words.READ["trust"])
    words.formulae(words.TRUST, words.SURPRISE)
    table, columns = view_columns(explanation.views, found)
    show.table(table, columns=columns, key="trust_table", alt="All figures by view.")
    beyond = explanation.views["surprise"].abs() > 3
    if beyond.any():
        names = ", ".join(map(str, explanation.views.index[beyond][:10]))
        st.warning(
            f"More than three standard deviations from the prior: {show.plain(names)}. Either the "
            "prior is too sure (raise τ) or Ω too small."
        )


def _attribution(found: Result) -> None:
    explanation = found.explanation
    if explanation is None:
        _nothing()
        return
    table = explanation.attribution
    asset, view, added = explanation.largest_effect()
    show.chart(
        plot_attribution(explanation),
        alt=f"What each of {table.shape[1]} views added to the expected return of each of "
        f"{table.shape[0]} assets, {explanation.unit}. Largest: the view {view} added "
        f"{100 * added:+.{found.digits}f} percentage points to {asset}.",
        key="attribution",
    )
    st.caption(words.READ["attribution"])
    words.formulae(words.ATTRIBUTION)
    st.header("Correlation of expected returns", anchor="correlation", help=term("correlation"))
    kept = largest(explanation.assets["change"])
    which = st.segmented_control(
        "Correlation",
        ["before", "after", "change"],
        default="change",
        key="view_correlation",
        required=True,
        label_visibility="collapsed",
        help=words.READ["correlation"],
    )
    if which == "change":
        chart = plot_correlation_change(explanation, kept=kept)
        frame = explanation.after - explanation.before
    else:
        frame = explanation.before if which == "before" else explanation.after
        chart = plot_correlations(frame, title=f"Correlation {which} the views", kept=kept)
    shown = frame.loc[kept, kept].to_numpy()
    show.chart(
        chart,
        alt=f"Correlations of expected returns, {which}, of {len(kept)} assets: from "
        f"{shown.min():.2f} to {shown.max():.2f}.",
        key="correlation",
    )
    st.caption(words.READ["correlation"])


def _models(found: Result) -> None:
    comparison = compare_models(found.decision, found.settings)
    what = st.segmented_control(
        "Show",
        ["means", "weights"],
        default="means",
        key="view_compared",
        required=True,
        format_func=lambda name: {"means": "Posterior means", "weights": "Weights"}[name],
        help="Every model on the same window, at the same τ, δ, Σ and objective.",
        label_visibility="collapsed",
    )
    summary = comparison.summary
    rows = "; ".join(
        f"{name}: expected return {100 * row['return']:z.1f} %, volatility "
        f"{100 * row['volatility']:.1f} %"
        for name, row in summary.iterrows()
    )
    show.chart(
        plot_comparison(comparison, what=what or "means"),
        alt=f"{'Weights' if what == 'weights' else 'Posterior means'} of "
        f"{len(summary)} models by asset. Portfolios per year: {rows}.",
        key="comparison",
    )
    st.caption(words.READ["models"])
    notes = summary.loc[summary["note"] != "", "note"]
    table = summary.drop(columns="note")
    table[["return", "volatility"]] *= 100
    for name in ("evidence_features", "evidence_views"):
        table[name] = ["–" if math.isnan(value) else f"{value:.1f}" for value in table[name]]
    table.insert(0, "model", table.index)
    columns = {
        "model": st.column_config.TextColumn("Model", pinned=True),
        "return": percent("Return p.a.", 1, "Of its portfolio, as the model itself expects it."),
        "volatility": percent("Volatility p.a.", 1, term("volatility")),
        "effective": st.column_config.NumberColumn(
            "Effective positions", format="%.1f", help="1 over the sum of squared weights."
        ),
        "evidence_features": st.column_config.TextColumn(
            "Evidence of features", alignment="right", help="Comparable down this column."
        ),
        "evidence_views": st.column_config.TextColumn(
            "Evidence of your views", alignment="right", help="Comparable down this column."
        ),
    }
    show.table(table, columns=columns, key="models_table", alt=rows)
    for model, note in notes.items():
        st.caption(f"{show.plain(str(model))}: {show.plain(str(note))}")
    st.caption(
        "Log evidence may be compared within a column, not across: one is a density of what the "
        "features say, the other of what you say. A dash: the model says nothing of it."
    )


def _table(found: Result) -> None:
    table, columns = asset_columns(found)
    show.table(table, columns=columns, key="assets_table", alt="All figures by asset.")
    explanation = found.explanation
    stem = file_stem(found)
    row = st.container(horizontal=True)
    frame = found.weights if explanation is None else asset_table(explanation, found.weights)
    with row:
        show.download("Assets (CSV)", table_csv(frame), f"{stem}_assets.csv", "text/csv")
    if explanation is None:
        return
    with row:
        show.download("Views (CSV)", table_csv(explanation.views), f"{stem}_views.csv", "text/csv")
    with row:
        document = views_document(
            explanation,
            weights=found.weights,
            settings=described(found),
            log_evidence=found.fitted.distribution.log_evidence,
        )
        show.download("Everything (JSON)", document, f"{stem}.json", "application/json")
    st.caption(f"Decimals {explanation.unit}, unrounded; weights sum to 1.")


def described(found: Result) -> dict[str, Any]:
    """Return what the decision was made with, JSON values only."""
    choice, window = found.choice, found.decision.window
    return {
        "model": MODELS[choice.model],
        "as_of": found.decision.date,
        "features": list(choice.features),
        "lookback": choice.lookback,
        "horizon": choice.horizon or None,
        "regression": choice.regression,
        "covariance": choice.covariance,
        "reference": choice.reference,
        **{name: found.values[name] for name in parameters_of(choice.model)},
        "views": [view.text for view in found.settings.views],
        "periods_per_year": window.periods_per_year,
    }


def file_stem(found: Result) -> str:
    """Return the beginning of file names: model and date."""
    date = found.decision.date
    return re.sub(r"[^a-z0-9-]+", "_", f"views_{MODELS[found.choice.model]}_{date}".lower())


def _nothing() -> None:
    show.empty(
        "No asset has a view, so there is nothing to explain here.",
        "Choose features under *How views are learned*, or another date.",
    )
