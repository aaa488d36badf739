"""One window through every model: posterior means, weights, and what evidence can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.optimise import MaxSharpe
from blportfolio.optimise.objectives.base import context_of, solve_at
from blportfolio.priors import EquilibriumPrior, HistoricalPrior
from blportfolio.report.views.decision import Decision
from blportfolio.report.views.settings import BASELINES, MODELS, STAND_IN, ViewSettings
from blportfolio.types import FloatArray, Objective, ReturnDistribution, TrainingWindow


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """One window through every model, at the same settings and objective.

    Attributes:
        means: (n_assets, n_models) posterior means, decimal per year.
        weights: (n_assets, n_models) of the same objective.
        summary: By model `return` and `volatility` of its portfolio as the model itself sees
            them, `effective`, the number of equal positions of the same concentration, 1/Σw²,
            `evidence_features`, the log density of what the features say, `evidence_views`, that
            of the stated views given all else, and `note`.
        unit: "per year".
    """

    means: pd.DataFrame
    weights: pd.DataFrame
    summary: pd.DataFrame
    unit: str


def compare_models(
    window: TrainingWindow | Decision,
    settings: ViewSettings | None = None,
    *,
    objective: Objective | None = None,
) -> ModelComparison:
    """Fit every model to one window.

    Models are classic Black-Litterman, SLP-BL, FIV-BL and M-BL, the equilibrium without views and
    the sample mean of the window. `evidence_features` may be compared between SLP-BL and FIV-BL
    (M-BL has that of SLP-BL): it is a density of the same x. `evidence_views` may be compared
    between classic Black-Litterman and M-BL where views are stated: a larger one in M-BL says that
    features foretold them. No other two figures are densities of the same thing.

    Args:
        window: The window, or a decision made of it before.
        settings: Settings of all models; by default those of `ViewSettings`.
        objective: How weights are found from each posterior; by default `MaxSharpe()`.

    Returns:
        Means, weights and a summary by model.

    Raises:
        DataError: If the window is too short, or a stated view names an unknown asset or
            contradicts another.
        InfeasibleError: If no portfolio meets the constraints of the objective.
    """
    decision = window if isinstance(window, Decision) else Decision(window)
    chosen = ViewSettings() if settings is None else settings
    solver = MaxSharpe() if objective is None else objective
    fits = {MODELS[model]: decision.model(model, chosen) for model in MODELS}
    posteriors = {name: fit.distribution for name, fit in fits.items()}
    posteriors[BASELINES["equilibrium"]] = EquilibriumPrior(
        reference=chosen.reference,
        risk_aversion=chosen.risk_aversion,
        tau=chosen.tau,
        covariance=chosen.covariance_model,
    ).fit(decision.window)
    posteriors[BASELINES["historical"]] = HistoricalPrior(covariance=chosen.covariance_model).fit(
        decision.window
    )
    scale = decision.arrays.periods_per_year
    labels = pd.Index(decision.arrays.assets, name="asset")
    columns = pd.Index(list(posteriors), name="model")
    weights, remarks = {}, {}
    for name, posterior in posteriors.items():
        weights[name], remarks[name] = portfolio(posterior, solver)
    rows = []
    shared = posteriors[MODELS["slp"]]
    for name, posterior in posteriors.items():
        held = weights[name].to_numpy()
        concentration = float(held @ held)
        features, views = _evidence(name, posterior, shared, chosen)
        notes = [*_notes(name, chosen, shared), *remarks[name]]
        rows.append(
            {
                "return": scale * float(posterior.mean @ held),
                "volatility": float(np.sqrt(scale * (held @ posterior.covariance @ held))),
                "effective": 1 / concentration if concentration > 0 else 0.0,
                "evidence_features": features,
                "evidence_views": views,
                "note": " ".join(notes),
            }
        )
    return ModelComparison(
        means=pd.DataFrame({n: scale * p.mean for n, p in posteriors.items()}, index=labels)[
            columns
        ],
        weights=pd.DataFrame(weights, index=labels)[columns],
        summary=pd.DataFrame(rows, index=columns),
        unit="per year",
    )


def portfolio(
    distribution: ReturnDistribution, objective: Objective | None = None
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return weights by asset, and what is to be said of them, such as a fallback."""
    solver = MaxSharpe() if objective is None else objective
    solution = solve_at(
        solver, distribution.mean, distribution.covariance, None, context_of(distribution)
    )
    labels = pd.Index(distribution.assets, name="asset")
    return pd.Series(solution.weights, index=labels, name="weight"), solution.remarks


def before_and_after(
    distribution: ReturnDistribution,
    objective: Objective | None = None,
    *,
    market: FloatArray | None = None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the weights that an objective chooses before and after the views were heard.

    Args:
        distribution: What a prior with views returned.
        objective: By default `MaxSharpe()`.
        market: (n_assets,) capitalisation weights; None for equal ones beside.

    Returns:
        By asset `before`, from θ0 and Σ + Σ0, `after`, `change`, and `market` or `equal`; and what
        is to be said of the two.

    Raises:
        InfeasibleError: If no portfolio meets the constraints of the objective.
    """
    after, remarks = portfolio(distribution, objective)
    before = after
    if distribution.views is not None:
        views = distribution.views
        sigma = distribution.covariance - distribution.mean_covariance
        blank = ReturnDistribution(
            mean=views.prior_mean,
            covariance=sigma + views.prior_covariance,
            mean_covariance=views.prior_covariance,
            assets=distribution.assets,
            periods_per_year=distribution.periods_per_year,
        )
        before, said = portfolio(blank, objective)
        remarks = (*(f"Before views: {text}" for text in said), *remarks)
    count = len(after)
    beside = np.full(count, 1 / count) if market is None else market
    frame = pd.DataFrame(
        {
            "before": before,
            "after": after,
            "change": after - before,
            "equal" if market is None else "market": beside,
        }
    )
    return frame, remarks


def _evidence(
    name: str, posterior: ReturnDistribution, shared: ReturnDistribution, settings: ViewSettings
) -> tuple[float, float]:
    """Return the log evidence of the features and of the stated views; NaN where there is none."""
    total = posterior.log_evidence
    if total is None:
        return np.nan, np.nan
    if name == MODELS["classic"]:
        return np.nan, total if settings.views else np.nan
    if name != MODELS["mbl"] or not settings.views:
        return total, np.nan
    learned = shared.log_evidence
    if learned is None:
        return np.nan, total
    return learned, total - learned


def _notes(name: str, settings: ViewSettings, shared: ReturnDistribution) -> list[str]:
    notes = []
    if not settings.views:
        if name == MODELS["classic"]:
            notes.append(f"No views are stated, so it hears {STAND_IN}.")
        if name == MODELS["mbl"]:
            notes.append("No views are stated, so it is SLP-BL.")
    if shared.views is None and name in (MODELS["slp"], MODELS["fiv"]):
        notes.append("No asset has a learned view, so it is the equilibrium.")
    return notes
