"""The worked example: two assets through every model, by the library."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.report.worked_example import ASSETS, Inputs, influence_of_size, worked_example

SIZES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def draw() -> None:
    """Draw the inputs, the answers of every model, and the influence of a view by its size."""
    given = Inputs()
    (va, cov), (_, vb) = given.covariance
    first, second = (100 * error**0.5 for error in given.forecast_error)
    st.markdown(
        f"Two assets, per month. Volatility {100 * va**0.5:.0f} % and {100 * vb**0.5:.0f} %, "
        f"correlation {cov / (va * vb) ** 0.5:.2f}; the reference portfolio holds "
        f"{given.reference[0]:.0%} and {given.reference[1]:.0%}; δ = {given.delta:g}, "
        f"τ = {given.tau:g}. The features forecast {100 * given.forecast[0]:.1f} % and "
        f"{100 * given.forecast[1]:.1f} % with errors of {first:.1f} % and {second:.1f} %. An "
        f"investor says that A earns {100 * given.view:.1f} % more than B, as unsure of it as the "
        "prior is."
    )
    rows = rf"{1e4 * va:g} & {1e4 * cov:g}\\ {1e4 * cov:g} & {1e4 * vb:g}"
    st.latex(
        rf"\Sigma = 10^{{-4}}\begin{{pmatrix}}{rows}\end{{pmatrix}}, \qquad \Sigma_0 = \tau\Sigma"
    )
    st.latex(rf"P = (1,\,-1), \quad q = {given.view:g}, \quad \Omega = P\Sigma_0P^\top")
    st.latex(rf"x = \begin{{pmatrix}}{given.forecast[0]:g}\\ {given.forecast[1]:g}\end{{pmatrix}}")
    st.latex(
        rf"\Omega^F = \begin{{pmatrix}}{given.forecast_error[0]:g} & 0\\ "
        rf"0 & {given.forecast_error[1]:g}\end{{pmatrix}}"
    )
    answers = worked_example(given)
    table = pd.DataFrame({"Model": list(answers.index)})
    for asset in ASSETS:
        table[f"{asset}: mean (%)"] = (100 * answers["mean", asset]).to_numpy()
        table[f"{asset}: ± (%)"] = (100 * answers["sd", asset]).to_numpy()
    table["Weight of A (%)"] = (100 * answers["weight", ASSETS[0]]).to_numpy()
    number = st.column_config.NumberColumn
    show.table(
        table,
        columns={
            "Model": st.column_config.TextColumn(pinned=True),
            **{
                name: number(format="%.1f" if "Weight" in name else "%.3f", help=term(_of(name)))
                for name in table.columns[1:]
            },
        },
        key="example",
        height="content",
        alt="; ".join(
            f"{name}: mean of A {100 * row['mean', ASSETS[0]]:.3f} %, of B "
            f"{100 * row['mean', ASSETS[1]]:.3f} %"
            for name, row in answers.iterrows()
        ),
    )
    st.caption(
        "Posterior mean and standard deviation of expected returns, in percent per month, and the "
        "weight of A in the long-only portfolio of the largest Sharpe ratio. Classic: the stated "
        "view. SLP-BL: the forecast. M-BL: both. FIV-BL: the forecast, with an Ω that is learned."
    )
    st.header("A view that contradicts the prior", anchor="influence")
    st.markdown(
        "How far one view moves the mean, by its distance from the prior in standard deviations. "
        "The classic posterior follows it anywhere; FIV-BL takes an extreme view for a bad one."
    )
    moved = influence_of_size(SIZES)
    shown = pd.DataFrame(
        {
            "View (sd from the prior)": [f"{size:g}" for size in moved.index],
            "Mean, FIV-BL": [f"{value:.2f}" for value in moved["FIV-BL"]],
            "Mean, classic": [f"{value:.2f}" for value in moved["Classic"]],
        }
    )
    show.table(
        shown,
        key="influence",
        height="content",
        alt="; ".join(
            f"view {size:g}: FIV-BL {row['FIV-BL']:.2f}, classic {row['Classic']:.2f}"
            for size, row in moved.iterrows()
        ),
    )


def _of(column: str) -> str:
    """Return the term that a column of the table shows."""
    if "Weight" in column:
        return "weight"
    return "posterior" if "mean" in column else "standard_deviation"
