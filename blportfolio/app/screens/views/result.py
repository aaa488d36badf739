"""All that the page Views shows of one model at one setting of the sliders."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from blportfolio.app import show
from blportfolio.app.screens.views.choices import Choice
from blportfolio.app.screens.views.sliders import settings_of
from blportfolio.errors import ConfigError
from blportfolio.priors import View
from blportfolio.report.views import (
    MODELS,
    Decision,
    Fitted,
    ViewExplanation,
    ViewSettings,
    before_and_after,
    explain_views,
)
from blportfolio.report.views.settings import STAND_IN


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One model at one setting.

    Attributes:
        decision: The window and what was learned from it.
        choice: What the visitor chose.
        values: Values of the sliders.
        settings: Settings of all models.
        fitted: The posterior.
        explanation: Its views explained; None where there are none.
        weights: Weights before and after.
        remarks: What is to be said of the weights.
        notes: What is to be said of the model, in small print.
        annual: Whether figures are per year.
    """

    decision: Decision
    choice: Choice
    values: dict[str, float]
    settings: ViewSettings
    fitted: Fitted
    explanation: ViewExplanation | None
    weights: pd.DataFrame
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    annual: bool

    @property
    def horizon(self) -> int:
        """Periods that a learned view looks ahead."""
        return self.choice.horizon or max(1, round(self.decision.arrays.periods_per_year / 12))

    @property
    def digits(self) -> int:
        """Decimals of a percentage."""
        return 1 if self.annual else 3

    def said(self) -> str:
        """Say what the chart of views shows, for those who cannot see it."""
        if self.explanation is None:
            return ""
        table = self.explanation.assets
        top = table["change"].abs().nlargest(3).index
        rows = "; ".join(
            f"{name}: prior {self._percent(table.loc[name, 'prior'])}, "
            + (
                f"view {self._percent(table.loc[name, 'view'])}, "
                if pd.notna(table.loc[name, "view"])
                else "no view of its own, "
            )
            + f"posterior {self._percent(table.loc[name, 'posterior'])}"
            for name in top
        )
        return (
            f"Prior, view and posterior mean by asset, {self.explanation.unit}, "
            f"{MODELS[self.choice.model]}. Largest changes: {rows}."
        )

    def said_of_weights(self) -> str:
        """Say what the chart of weights shows."""
        top = self.weights["after"].nlargest(3)
        rows = ", ".join(
            f"{name} {show.percent(weight)} (before {show.percent(before)})"
            for name, weight, before in zip(
                top.index, top, self.weights["before"][top.index], strict=True
            )
        )
        return f"Weights before and after the views. Largest after: {rows}."

    def _percent(self, value: float) -> str:
        return show.percent(value, self.digits)


def result_of(
    decision: Decision,
    choice: Choice,
    values: dict[str, float],
    views: tuple[View, ...],
    *,
    annual: bool,
) -> Result:
    """Return all that the page shows of the chosen model.

    Raises:
        DataError: If the window is too short, or stated views contradict each other.
        ConfigError: If ν is too small for Ω to have a mean.
    """
    settings = settings_of(choice, values, views)
    if values.get("strength") == 0:
        raise ConfigError(_too_small(decision, settings))
    fitted = decision.model(choice.model, settings)
    market = decision.arrays.market_weights
    weights, remarks = before_and_after(fitted.distribution, market=market)
    has_views = fitted.distribution.views is not None
    return Result(
        decision=decision,
        choice=choice,
        values=values,
        settings=settings,
        fitted=fitted,
        explanation=explain_views(fitted.distribution, annual=annual, learned=fitted.learned)
        if has_views
        else None,
        weights=weights,
        remarks=remarks,
        notes=_notes(choice.model, settings, fitted),
        annual=annual,
    )


def _notes(model: str, settings: ViewSettings, fitted: Fitted) -> tuple[str, ...]:
    if model == "fiv" and fitted.learned:
        dof = fitted.learned + 1 + settings.strength
        return (
            f"k = {fitted.learned} views, so ν = k + 1 + κ = {dof:g}. In a backtest past view "
            "errors add to κ; here only the prior law of Ω speaks.",
        )
    if settings.views:
        if model in ("slp", "fiv"):
            return (
                f"{MODELS[model]} hears learned views only; choose M-BL or Classic BL to hear the "
                f"{len(settings.views)} that you stated.",
            )
        return ()
    if model == "mbl":
        return ("No views are stated, so M-BL is SLP-BL. State some in the tab Your own views.",)
    if model == "classic":
        return (f"No views are stated, so classic Black-Litterman hears {STAND_IN}.",)
    return ()


def _too_small(decision: Decision, settings: ViewSettings) -> str:
    view = decision.parts(settings.prior("fiv")).view
    count = 0 if view is None else len(view.seen)
    return (
        f"At κ = 0, ν is k + 1 = {count + 1} for k = {count} views: the mean of Ω does not exist "
        "for ν ≤ k + 1, and its prior law cannot be centred. Move κ above 0."
    )
