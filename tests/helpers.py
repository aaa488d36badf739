"""Synthetic markets and random problems that several tests draw from."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.features import standardise

ROOT = Path(__file__).resolve().parents[1]


def make_prices(seed, n_dates=320, n_assets=4, *, freq="B", start="2000-01-03"):
    """One-factor geometric random walks, (n_dates, n_assets)."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(start, periods=n_dates, freq=freq)
    factor = rng.normal(0.0003, 0.008, size=(n_dates, 1))
    noise = rng.normal(0, 0.01, size=(n_dates, n_assets))
    beta = rng.uniform(0.5, 1.5, size=n_assets)
    prices = 100 * np.exp(np.cumsum(factor * beta + noise, axis=0))
    columns = [f"A{i}" for i in range(n_assets)]
    return pd.DataFrame(prices, index=dates, columns=columns)


def make_market(seed, n_dates=320, n_assets=4, **kwargs):
    """`make_prices` as market data."""
    return bl.MarketData(make_prices(seed, n_dates, n_assets), **kwargs)


def random_covariance(rng, size, *, scale=1e-4, n_obs=None):
    """A random covariance; singular when n_obs < size."""
    draws = rng.normal(size=(n_obs or size + 5, size)) * rng.uniform(0.5, 2.0, size=size)
    return scale * draws.T @ draws / len(draws)


def regression_problem(seed, n_obs=40, n_assets=3, n_features=2, missing=0.3):
    """Standardised features, features now, targets and which rows are known."""
    rng = np.random.default_rng(seed)
    known = (rng.random((n_obs, n_assets)) > missing).astype(float)
    known[: n_features + 3] = 1
    raw = rng.normal(size=(n_obs + 1, n_assets, n_features)) + rng.normal(size=n_features)
    raw[:-1][known == 0] = np.nan
    scores = standardise(raw, np.vstack([known, np.zeros(n_assets)]))
    targets = rng.normal(scale=0.01, size=(n_obs, n_assets))
    return scores[:-1], scores[-1], targets, known


def dev_data(name):
    """Path of a file of the development data, or skip the test where it is absent."""
    folder = Path(os.environ.get("BLPORTFOLIO_DEV_DATA", ROOT.parent / "shared" / "data" / "dev"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"development data {name} are not here (set BLPORTFOLIO_DEV_DATA)")
    return path


def paper_weights(name):
    """Path of weights that the paper's authors published, or skip the test where they are absent.

    They lie beside the development data, in a folder `reference`, and are not part of the project.
    """
    folder = Path(os.environ.get("BLPORTFOLIO_DEV_DATA", ROOT.parent / "shared" / "data" / "dev"))
    path = folder.parents[1] / "reference" / f"paper_etf_100d_weights_{name}.csv"
    if not path.exists():
        pytest.skip(f"published weights {path.name} are not here (set BLPORTFOLIO_DEV_DATA)")
    return path
