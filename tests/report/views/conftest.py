"""Windows with features that know a little of the next return, and a covariance that is given."""

from dataclasses import dataclass

import numpy as np
import pytest
from helpers import make_prices

import blportfolio as bl


@dataclass(frozen=True)
class Given:
    """A covariance model that is told the answer."""

    rows: tuple[tuple[float, ...], ...]

    def fit_arrays(self, returns):  # noqa: ARG002, the protocol
        return np.array(self.rows)


@pytest.fixture(scope="session")
def window_of():
    """Makes a window of a seed, with two features; assets named blind have none now."""

    def make(seed, n_obs=80, n_assets=4, *, blind=(), periods_per_year=252.0, features=True):
        rng = np.random.default_rng(seed)
        returns = make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
        values = rng.normal(size=(n_obs, n_assets, 2))
        values[:-1, :, 0] += 30 * returns.to_numpy()[1:]
        values[-1, list(blind)] = np.nan
        panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), ("f", "g"))
        return bl.TrainingWindow(
            returns, features=panel if features else None, periods_per_year=periods_per_year
        )

    return make


@pytest.fixture(scope="session")
def given_covariance():
    """Makes a covariance model of a matrix."""
    return lambda matrix: Given(tuple(map(tuple, np.asarray(matrix).tolist())))
