"""Two assets through every model: the numbers that the page on methods works through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.bayes import (
    bl_posterior,
    feature_influenced_posterior,
    mixed_effects_posterior,
    shared_latent_posterior,
)
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.types import FloatArray

ASSETS = ("Asset A", "Asset B")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the example starts from, decimal per month.

    Attributes:
        covariance: Σ, covariance of returns.
        reference: w, weights that the equilibrium explains.
        delta: δ, risk aversion.
        tau: τ, so that Σ0 = τΣ.
        pick: P, one view: A less B.
        view: q, what is stated of it.
        forecast: x, what the features say of each asset.
        forecast_error: Variances on the diagonal of Ω^F.
        strength: κ, past view errors that the prior law of Ω is worth.
    """

    covariance: tuple[tuple[float, float], tuple[float, float]] = ((16e-4, 6e-4), (6e-4, 36e-4))
    reference: tuple[float, float] = (0.6, 0.4)
    delta: float = 2.5
    tau: float = 0.05
    pick: tuple[float, float] = (1.0, -1.0)
    view: float = 0.004
    forecast: tuple[float, float] = (0.008, 0.003)
    forecast_error: tuple[float, float] = (1e-4, 2e-4)
    strength: float = 5.0


def prior_of(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    """Return θ0 = δ(1 + τ)Σw and Σ0 = τΣ (Lemma C.1)."""
    covariance = np.array(inputs.covariance)
    mean = inputs.delta * (1 + inputs.tau) * covariance @ np.array(inputs.reference)
    return mean, inputs.tau * covariance


def worked_example(inputs: Inputs | None = None) -> pd.DataFrame:
    """Work the example through the prior, classic BL, SLP-BL, M-BL and FIV-BL.

    Classic BL hears one stated view, A less B, with Ω = PΣ0Pᵀ. SLP-BL hears the forecast x of
    both assets with Ω^F, M-BL the forecast and the view (γ = 1, α = β = 0), FIV-BL the forecast
    with Ω^F and an unknown Ω ~ IW(Ψ, ν), Ψ = κ diag(Σ0), ν = 3 + κ.

    Args:
        inputs: What it starts from; the example of the page by default.

    Returns:
        One row a model: posterior `mean` and `sd` of each asset and `weight` in the long-only
        portfolio of the largest Sharpe ratio, columns (figure, asset); decimals per month.
    """
    given = inputs or Inputs()
    mean, spread = prior_of(given)
    pick, view = np.array([given.pick]), np.array([given.view])
    omega = pick @ spread @ pick.T
    forecast, error = np.array(given.forecast), np.diag(given.forecast_error)
    classic = bl_posterior(mean, spread, pick, view, omega)
    shared = shared_latent_posterior(mean, spread, forecast, error)
    mixed = mixed_effects_posterior(
        mean, spread, pick, view, omega, forecast, error, np.zeros(2), 1.0
    )
    fiv = feature_influenced_posterior(
        mean,
        spread,
        np.eye(2),
        forecast,
        error,
        given.strength * np.diag(np.diag(spread)),
        3 + given.strength,
    )
    told = {
        "Prior": (mean, spread),
        "Classic": (classic.mean, classic.covariance),
        "SLP-BL": (shared.mean, shared.covariance),
        "M-BL": (mixed.mean, mixed.covariance),
        "FIV-BL": (fiv.mean, fiv.covariance),
    }
    covariance = np.array(given.covariance)
    rows = {
        name: [
            *(float(value) for value in found),
            *(math.sqrt(value) for value in np.diag(sure)),
            *(float(w) for w in long_only_max_sharpe(found, covariance + sure)),
        ]
        for name, (found, sure) in told.items()
    }
    columns = pd.MultiIndex.from_product([["mean", "sd", "weight"], ASSETS])
    return pd.DataFrame(rows, index=columns).T


def influence_of_size(sizes: tuple[float, ...], *, dof: float = 6.0) -> pd.DataFrame:
    """Return how far one view of growing size moves the mean: it redescends in FIV-BL alone.

    θ ~ N(0, 1), one exact gauge of the view (R = 0), E[Ω] = 1.

    Args:
        sizes: Views in standard deviations of the prior.
        dof: ν > 2 of the law of Ω.

    Returns:
        By size E[θ] in `FIV-BL` and in `Classic` with Ω = 1.
    """
    one = np.eye(1)
    rows = {}
    for size in sizes:
        datum = np.array([size])
        fiv = feature_influenced_posterior(
            np.zeros(1), one, one, datum, np.zeros((1, 1)), (dof - 2) * one, dof
        )
        classic = bl_posterior(np.zeros(1), one, one, datum, one)
        rows[size] = {"FIV-BL": float(fiv.mean[0]), "Classic": float(classic.mean[0])}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("size")
