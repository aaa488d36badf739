import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, dev_data

import blportfolio as bl

SECTORS = ["XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY"]


def test_markowitz_weights_match_the_published_ones():
    """Weights of Lin et al.'s research scripts: sector ETFs, 100 days.

    They are printed on the first day held; our decision is the trading day before.
    """
    published_file = ROOT.parent / "shared" / "reference" / "paper_etf_100d_weights_mv.csv"
    if not published_file.exists():
        pytest.skip("the published weights cannot be distributed and are not here")
    table = pd.read_csv(dev_data("sector_etf_ohlcv_2000_2019.csv.gz"), parse_dates=["date"])
    prices = table.pivot_table(index="date", columns="ticker", values="adj_close")[SECTORS]
    strategy = bl.Strategy("MV", lookback=100, rebalance="month_end")
    result = bl.run_backtest(strategy, bl.MarketData(prices))
    published = pd.read_csv(published_file, index_col=0, parse_dates=True)
    published = published[published["XLRE"] == 0]
    fallback = set(result.notes.loc[result.notes["kind"] == "fallback", "date"])
    gaps = []
    for decided, weights in result.weights.iterrows():
        held = prices.index[prices.index > decided][0]
        if held in published.index and decided not in fallback:
            gaps.append(np.abs(published.loc[held, SECTORS] - weights).max())
    assert len(gaps) > 180
    assert np.median(gaps) < 1e-4
