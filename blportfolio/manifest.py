"""What ran, on what, with what: the record that goes with every result."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

PACKAGES = (
    "blportfolio",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "cvxpy",
    "clarabel",
    "osqp",
    "scs",
    "highspy",
    "statsmodels",
    "arch",
    "torch",
)

POLICIES = {
    "timing": "decide with data up to and including the date, trade at that close, earn from the "
    "next period",
    "costs": "rate × Σ|w_new − w_drifted| at each decision, booked in the first period held; no "
    "closing sale",
    "missing_data": "an asset is held only with a full lookback of returns; gaps inside its life "
    "are refused; a vanished asset keeps its last price until the next decision",
}


def describe_market(market: Any) -> dict[str, Any]:  # noqa: ANN401, a layer above defines it
    """Return what identifies the data of a run."""
    return {
        "name": market.name,
        "sources": dict(market.sources),
        "first_date": str(market.dates[0].date()),
        "last_date": str(market.dates[-1].date()),
        "n_dates": len(market.dates),
        "n_assets": len(market.assets),
        "currency": market.currency,
        "periods_per_year": market.periods_per_year,
        "notes": list(market.notes),
    }


def describe_software() -> dict[str, Any]:
    """Return versions of Python, the packages that compute, and the BLAS."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "blas": f"{blas.get('name', '')} {blas.get('version', '')}".strip(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def digest(document: Any) -> str:  # noqa: ANN401, anything JSON can hold
    """Return the SHA-256 of a document's canonical JSON."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
