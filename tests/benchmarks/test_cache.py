"""Loading market data from the cache, as a ratio to one wide Parquet file read by pandas.

Run `pytest tests/benchmarks/test_cache.py --benchmark-enable -s` for 500 assets × 7,500 dates;
without the flag a small cache is loaded once, untimed.
"""

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from blportfolio.data.cache import PriceCache
from blportfolio.data.cache.price_file import PriceInfo
from blportfolio.data.cached import load_cached

FIELDS = ("open", "high", "low", "close", "prices", "volume")


@pytest.fixture(scope="module")
def stored(request, tmp_path_factory):
    """A cache, its tickers, and the same prices in one wide file."""
    enabled = request.config.getoption("benchmark_enable")
    n_dates, n_assets = (7500, 500) if enabled else (300, 5)
    folder = tmp_path_factory.mktemp("cache")
    store, wide = PriceCache(folder / "cache"), folder / "wide.parquet"
    rng = np.random.default_rng(0)
    dates = pd.bdate_range("1996-01-01", periods=n_dates)
    frames = {}
    for number in range(n_assets):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n_dates)))
        frame = pd.DataFrame(dict.fromkeys(FIELDS, close), index=dates)
        frame["prices"] = close * np.linspace(0.5, 1, n_dates)
        frame["volume"] = rng.integers(1e5, 1e7, n_dates)
        frames[f"A{number}"] = frame
        info = PriceInfo(f"A{number}", "test", "2026-01-01T00:00:00+00:00", "1996", "2024")
        store.write(f"A{number}", frame, info)
    table = pd.concat(frames, axis=1)
    table.set_axis([" ".join(pair) for pair in table.columns], axis=1).to_parquet(wide)
    return store, tuple(frames), wide


def test_load_from_the_cache(benchmark, stored):
    store, tickers, wide = stored
    market = benchmark(load_cached, tickers, cache=store)
    assert market.assets == tickers
    arrays = [market.prices, market.open, market.high, market.low, market.volume]
    size = sum(frame.to_numpy().nbytes for frame in arrays)
    begin = time.perf_counter()
    table = pd.read_parquet(wide)
    reading = time.perf_counter() - begin
    np.testing.assert_array_equal(market.prices["A1"], table["A1 prices"])
    del market, arrays, table
    tracemalloc.start()
    load_cached(tickers, cache=store)
    peak = tracemalloc.get_traced_memory()[1] / size
    tracemalloc.stop()
    benchmark.extra_info["peak_memory_over_arrays"] = peak
    if benchmark.enabled:
        seconds = benchmark.stats.stats.median
        benchmark.extra_info["ratio_to_one_wide_file"] = seconds / reading
        print(  # noqa: T201
            f"\n{len(tickers)} assets: {seconds:.2f} s, {seconds / reading:.2f} x one wide Parquet "
            f"file read by pandas, peak memory {peak:.2f} x the arrays"
        )
