"""Shared fixtures, the hypothesis profile, and one BLAS thread for each process of the tests."""

import functools
import os
import warnings

# Two processes with two threads each would wait for one another on two cores. It counts only
# before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from helpers import dev_data
from hypothesis import HealthCheck, settings

import blportfolio as bl
from blportfolio.data.cache import PriceCache
from blportfolio.data.importing import import_files

settings.register_profile(
    "blportfolio",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("blportfolio")


@pytest.fixture(scope="session", autouse=True)
def empty_cache(tmp_path_factory):
    """No test sees or changes the prices that the user of this machine has fetched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLPORTFOLIO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sample_market():
    """The packaged daily data: 20 stocks."""
    return bl.load_dataset("sp500_20")


@pytest.fixture(scope="session")
def industries():
    """The packaged monthly data with a risk-free rate."""
    return bl.load_dataset("industries_12")


@pytest.fixture(scope="session")
def dev_market(tmp_path_factory):
    """Loads a packaged universe with the development prices; skips where these are absent."""
    folder = tmp_path_factory.mktemp("dev_cache")

    @functools.cache
    def load(name, file):
        source = dev_data(file)
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tickers that these files lack
            patch.setenv("BLPORTFOLIO_CACHE", str(folder))
            import_files(name, source, PriceCache())
            return bl.load_dataset(name)

    return load
