"""A market with bars and nothing to learn, for the tests of the paper's pipeline."""

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl


def unpredictable_market(seed=0, n_dates=460, n_assets=6):
    """A one-factor market of independent returns, with price levels from 10 to 100."""
    rng = np.random.default_rng(seed)
    dates = pd.bdate_range("2001-01-01", periods=n_dates, name="date")
    factor = rng.normal(0.0004, 0.009, size=(n_dates, 1))
    noise = rng.normal(0, 0.01, size=(n_dates, n_assets))
    returns = rng.uniform(0.6, 1.4, size=n_assets) * factor + noise
    names = [f"A{i}" for i in range(n_assets)]

    def like_prices(values):
        return pd.DataFrame(values, index=dates, columns=names)

    prices = like_prices(np.geomspace(10, 100, n_assets) * np.cumprod(1 + returns, axis=0))
    high = prices * like_prices(1 + rng.uniform(0, 0.01, prices.shape))
    low = prices / like_prices(1 + rng.uniform(0, 0.01, prices.shape))
    volume = like_prices(rng.lognormal(12, 0.6, size=prices.shape))
    return bl.MarketData(prices, high=high, low=low, volume=volume, name="unpredictable")


@pytest.fixture(scope="session")
def unpredictable():
    return unpredictable_market()
