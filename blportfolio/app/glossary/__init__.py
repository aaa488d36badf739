"""One sentence for each figure, widget and term of the pages, shown as help and in a table."""

from __future__ import annotations

from blportfolio.app.glossary.figures import FIGURES
from blportfolio.app.glossary.forecasts import FORECASTS
from blportfolio.app.glossary.model import MODEL
from blportfolio.app.glossary.records import RECORDS

GLOSSARY: dict[str, str] = {
    **MODEL,
    **FIGURES,
    **FORECASTS,
    **RECORDS,
    # Terms of single pages:
}
"""By key."""

NAMES = {
    "as_of": "As of",
    "attribution": "Attribution of views",
    "autoregression": "Autoregression, AR(p)",
    "cagr": "Annual growth (CAGR)",
    "classic_bl": "Classic Black-Litterman",
    "cost_bps": "Cost rate (bp)",
    "clark_west": "Clark-West test",
    "correlation_gamma": "γ (simulated process)",
    "delta": "δ (risk aversion)",
    "diebold_mariano": "Diebold-Mariano test",
    "effective_view_covariance": "Effective view covariance",
    "feature_uncertainty": "Feature uncertainty, Ω^F",
    "fiv_bl": "FIV-BL",
    "hac_interval": "HAC interval",
    "ic": "Information coefficient (IC)",
    "kappa": "κ (strength)",
    "ledoit_wolf": "Ledoit-Wolf covariance",
    "m_bl": "M-BL",
    "mae": "Mean absolute error (MAE)",
    "mase": "Mean absolute scaled error (MASE)",
    "mse": "Mean squared error (MSE)",
    "nu": "ν (degrees of freedom)",
    "omega": "Ω (view errors)",
    "p_adjusted": "Adjusted p-value",
    "p_value": "p-value",
    "pick": "Pick, P",
    "psi": "Ψ (scale of Ω)",
    "r_squared": "R², out of sample",
    "risk_free": "Risk-free rate",
    "sha256": "SHA-256",
    "sharpe": "Sharpe ratio",
    "slp_bl": "SLP-BL",
    "spa": "Superior predictive ability (SPA)",
    "tau": "τ (prior uncertainty)",
    "theta": "θ (expected returns)",
    "view_free": "View-free",
    "view_influence": "γ (influence of θ on a view)",
    "view_scale": "View scale, s",
}
"""How a term is written, where that is not its key with spaces."""


PROPER = {"sharpe": "Sharpe", "clark": "Clark", "west": "West", "mariano": "Mariano"}
"""Names of people among the words of a key."""


def term(key: str) -> str:
    """Return the sentence that explains a figure, widget or term.

    Raises:
        KeyError: If there is none; a test looks for that in every page.
    """
    return GLOSSARY[key]


def name_of(key: str) -> str:
    """Return how a term is written."""
    if key in NAMES:
        return NAMES[key]
    words = [PROPER.get(word, word) for word in key.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
