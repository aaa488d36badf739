"""The page of the study of simulated daily returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from blportfolio.forecasters.asymmetric import ReturnsSettings
from blportfolio.report.asymmetric import format_figure
from blportfolio.report.asymmetric_charts import mean_and_sd
from blportfolio.report.charts import PALETTE
from blportfolio.report.study import Section, Study, Table

_MEASURES = {
    "r2": ("R² (%)", 2),
    "ic": ("IC", 3),
    "hit": ("Hit", 3),
    "hit_flip": ("Hit on flips", 2),
    "hit_same": ("Hit, no flip", 2),
    "collapse": ("Collapse", 2),
}
"""Heading and decimal places of each measure."""
_LEAD = (
    "On simulated daily returns the scalar attention model tends to become a one-day momentum or a "
    "one-day reversal rule, whichever the first autocorrelation suggests; what lies in earlier "
    "lags is lost to it. Collapse and the information coefficient against OLS show it. The share "
    "of right signs on flips alone does not: even the oracle has less than half of them right "
    "under momentum.",
)
_READING = (
    "R²: against the forecast zero, out of sample. IC: correlation of forecast and return. Hit: "
    "share of right signs, also on days with and without a change of sign. Collapse: larger of the "
    "shares of forecasts with the sign of the last day and with the opposite. Mean ± standard "
    "deviation over seeds.",
    "NLinear on returns is what not to do: its weights sum to one, which is true of levels, so "
    "that its forecasts have at least one eighth of the variance of the returns. On log prices the "
    "same model is an unrestricted regression on returns.",
)
_TRAP = (
    "Trained on sign-consistent days only (con) every model, OLS included, learns a momentum that "
    "is not there: to keep such days only is to select on the outcome. It is shown for this and "
    "must not be done. Where the next value is an exact linear function of the window, as in the "
    "asymmetric-learning experiment, a linear model is immune to it; returns are not."
)


def returns_study(settings: ReturnsSettings, records: Sequence[Mapping[str, Any]]) -> Study:
    """Return the study of a finished run of `run_returns`."""
    frame = pd.DataFrame(list(records))
    frame = frame.assign(task=frame["scenario"] + ", " + frame["regime"])
    names = list(_MEASURES)
    shown = frame.assign(r2=100 * frame["r2"])
    means = mean_and_sd(shown, ["task", "model"], names)
    rows = tuple(
        (
            row["task"],
            row["model"],
            *(
                format_figure(row[name], row[f"{name}_sd"] if settings.seeds > 1 else 0, places)
                for name, (_, places) in _MEASURES.items()
            ),
        )
        for _, row in means.iterrows()
    )
    section = Section(
        "Simulated daily returns",
        (
            "Returns with a forecastable part of two per cent of their variance, spread over eight "
            "lags, and GARCH(1,1) noise with fat tails. Only the weight of the last day differs "
            f"between scenarios: 0.06, -0.06, none; white noise has no forecast. {settings.n:,} "
            f"days to train on, {settings.n_test:,} days after them to test. Trained on all days"
            f"{' or on sign-consistent days only (con)' if 'con' in settings.regimes else ''}.",
            *((_TRAP,) if "con" in settings.regimes else ()),
        ),
        Table(("Scenario", "Model", *(heading for heading, _ in _MEASURES.values())), rows),
        (
            ("Information coefficient by model", _bars(means, "ic", "Information coefficient")),
            ("Collapse by model", _bars(means, "collapse", "Collapse")),
        ),
        _READING,
    )
    lead = (*_LEAD, *_summary(means))
    return Study("returns", "Simulated daily returns", lead, (section,), tuple(records))


def _summary(means: pd.DataFrame) -> list[str]:
    """Say in figures what the first scenario shows of OLS and attention."""
    rows = means[means["task"] == means["task"].iloc[0]].set_index("model")
    found = [
        f"{model} {rows.loc[model, 'ic']:.3f} and {rows.loc[model, 'collapse']:.2f}"
        for model in ("Linear (OLS)", "attention NTK", "AR(1)", "oracle")
        if not pd.isna(rows.loc[model, "ic"])
    ]
    task = means["task"].iloc[0]
    return [f"Measured here ({task}), information coefficient and collapse: {', '.join(found)}."]


def _bars(means: pd.DataFrame, name: str, title: str) -> alt.FacetChart:
    data = means.dropna(subset=[name])
    data = data.assign(low=data[name] - data[f"{name}_sd"], high=data[name] + data[f"{name}_sd"])
    models = list(dict.fromkeys(data["model"]))
    y = alt.Y("model:N", sort=models, title=None)
    base = alt.Chart()
    bars = base.mark_bar(color=PALETTE[0]).encode(alt.X(f"{name}:Q", title=title), y)
    spread = base.mark_rule().encode(alt.X("low:Q"), y, x2="high:Q")
    layers = alt.layer(bars, spread, data=data).properties(width=300, height=170)
    faceted: alt.FacetChart = layers.facet(
        facet=alt.Facet(
            "task:N",
            title=None,
            sort=list(dict.fromkeys(data["task"])),
            header=alt.Header(labelLimit=420),
        ),
        columns=2,
        title=f"{title}, mean ± standard deviation over seeds",
    )
    return faceted
