"""The sliders of the page Views: τ, δ, the scale of Ω and ν, and where evidence sets them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from blportfolio.app.glossary import term
from blportfolio.app.screens.views.choices import Choice
from blportfolio.priors import View
from blportfolio.report.views import GRIDS, ViewSettings

NONE = 0.0
"""A strength κ of 0, at which ν = k + 1 and Ω has no mean."""


@dataclass(frozen=True, slots=True)
class Slider:
    """One slider.

    Attributes:
        label: What it says.
        key: Its key, and its name in the URL.
        first: Value to begin with.
        term: Key of its help in the glossary.
    """

    label: str
    key: str
    first: float
    term: str

    def options(self, parameter: str) -> list[float]:
        """Return the values that the slider offers, which are the grid of the evidence."""
        grid = [float(value) for value in GRIDS[parameter]]
        return [NONE, *grid] if parameter == "strength" else grid


SLIDERS = {
    "tau": Slider("τ, log scale", "view_tau", 0.05, "tau"),
    "risk_aversion": Slider("δ, risk aversion", "view_delta", 2.5, "delta"),
    "view_scale": Slider("Scale of Ω, log scale", "view_scale", 1.0, "omega"),
    "strength": Slider("κ = ν − k − 1, past view errors", "view_kappa", 10.0, "nu"),
}


def parameters_of(model: str) -> tuple[str, ...]:
    """Return the parameters that a model has."""
    if model == "classic":
        return ("tau", "risk_aversion")
    return ("tau", "risk_aversion", "view_scale", *(("strength",) if model == "fiv" else ()))


def draw_sliders(model: str) -> dict[str, float]:
    """Draw the sliders that a model has; return the value of each."""
    names = parameters_of(model)
    columns = st.columns(len(names))
    return {name: _slider(column, name) for name, column in zip(names, columns, strict=True)}


def _slider(column: st.delta_generator.DeltaGenerator, parameter: str) -> float:
    slider = SLIDERS[parameter]
    value = column.select_slider(
        slider.label,
        options=slider.options(parameter),
        value=slider.first,
        format_func=_shown,
        key=slider.key,
        bind="query-params",
        persist_state="session",
        help=term(slider.term),
    )
    return float(value)


def settings_of(
    choice: Choice, values: dict[str, float], views: tuple[View, ...] = ()
) -> ViewSettings:
    """Return the settings of all models; what the chosen one lacks stays at its default."""
    known = {name: value for name, value in values.items() if value > 0}
    return ViewSettings(
        **known,
        reference=choice.reference,
        covariance=choice.covariance,
        regression=choice.regression,
        horizon=choice.horizon or None,
        views=views,
    )


def move_to(parameter: str, value: float) -> None:
    """Set a slider, before it is drawn again."""
    st.session_state[SLIDERS[parameter].key] = value


def reset() -> None:
    """Set all sliders to where they began."""
    for slider in SLIDERS.values():
        st.session_state[slider.key] = slider.first


def _shown(value: float) -> str:
    return f"{value:g}"
