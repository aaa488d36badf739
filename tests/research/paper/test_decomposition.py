import os
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers import dev_data

import blportfolio as bl
from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import load_cached
from blportfolio.data.importing import import_files
from blportfolio.errors import DataError
from blportfolio.report import metrics
from blportfolio.research.paper import (
    PriceLevels,
    decompose,
    paper_figures,
    published_table,
    raw_closes,
)
from blportfolio.research.paper.steps import (
    COVARIANCE_REPAIRED,
    INVERSE_VARIANCE,
    LAGGED_FEATURES,
    LITERAL,
    LITERAL_CORRECTED,
    MARKOWITZ,
    NO_FEATURES,
    OBV_TO_DATE,
    PRICE_TILT,
    RAW_PRICES,
    RELATIVE_PRICES,
    SAME_DAY_FEATURES,
    UNITS_REPAIRED,
    make_steps,
)

ETFS = ("sector_etfs", "sector_etf_ohlcv_2000_2019.csv.gz")
DOW = ("dow41_paper", "dow_ohlcv_1991_2018.parquet")
CHAIN = [
    MARKOWITZ, LITERAL, NO_FEATURES, RAW_PRICES, RELATIVE_PRICES, UNITS_REPAIRED,
    COVARIANCE_REPAIRED, SAME_DAY_FEATURES, LAGGED_FEATURES,
]  # fmt: skip
whole = pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ,
    reason="minutes of regressions; set BLPORTFOLIO_FULL to run it",
)


@pytest.fixture(scope="module")
def rows(unpredictable):
    return decompose(unpredictable, 50, raw_prices=unpredictable.prices, obv_to_date=True, n_jobs=1)


@pytest.fixture(scope="module")
def named(rows):
    return {row.name: row for row in rows}


def test_the_chain_changes_one_thing_at_a_time_and_its_differences_add_up(rows):
    chain = [row for row in rows if row.in_chain]
    assert [row.name for row in chain] == CHAIN
    assert [row.compared_with for row in chain] == [None, *CHAIN[:-1]]
    ends = chain[-1], chain[0]
    gross = sum(row.gross_difference.value for row in chain[1:])
    net = sum(row.net_difference.value for row in chain[1:])
    assert gross == pytest.approx(np.subtract(*(row.figures.sharpe_ratio for row in ends)))
    assert net == pytest.approx(np.subtract(*(row.net_sharpe for row in ends)))
    turnover = sum(row.gross_turnover_change for row in chain[1:])
    assert turnover == pytest.approx(np.subtract(*(row.figures.turnover for row in ends)))
    drifted = sum(row.net_turnover_change for row in chain[1:])
    assert drifted == pytest.approx(np.subtract(*(row.net_turnover for row in ends)))


def test_rows_beside_the_chain_name_a_row_to_compare_with(rows, named):
    beside = [row.name for row in rows if not row.in_chain]
    assert beside == [LITERAL_CORRECTED, INVERSE_VARIANCE, PRICE_TILT, OBV_TO_DATE]
    assert all(named[name].compared_with in named for name in beside)


def test_every_row_decides_on_the_same_dates(rows):
    for first, second in pairwise(rows):
        assert first.result.weights.index.equals(second.result.weights.index)
        assert first.gross_returns.index.equals(second.result.returns.index)


def test_both_accountings_are_of_the_same_weights(unpredictable, named):
    row = named[LITERAL]
    own = paper_figures(row.result.weights, unpredictable.returns())
    assert own == row.figures
    assert row.net_sharpe == metrics.sharpe_ratio(row.result.returns)
    assert row.net_turnover == row.result.turnover.iloc[1:].mean()


def test_the_literal_mix_cuts_turnover_where_nothing_can_be_learned(named):
    """Maths 5.4: returns are independent, and the turnover falls all the same."""
    markowitz = named[MARKOWITZ].figures.turnover
    for name in (LITERAL, NO_FEATURES, RELATIVE_PRICES):
        assert named[name].figures.turnover < 0.8 * markowitz
    for name in (COVARIANCE_REPAIRED, SAME_DAY_FEATURES, LAGGED_FEATURES):
        assert named[name].figures.turnover > 0.8 * markowitz


def test_the_literal_mix_holds_more_assets_than_markowitz(named):
    def effective(name):
        return (1 / (named[name].result.weights ** 2).sum(axis=1)).mean()

    assert effective(LITERAL) > 1.5 * effective(MARKOWITZ)


def test_the_covariance_slip_changes_next_to_nothing_in_units_of_price(named):
    """Λ is so much larger than Σ that it doubles the expected returns, which no weight sees."""
    gap = named[LITERAL].result.weights - named[LITERAL_CORRECTED].result.weights
    assert gap.abs().max(axis=None) < 1e-3
    bent = named[UNITS_REPAIRED].result.weights - named[COVARIANCE_REPAIRED].result.weights
    assert bent.abs().max(axis=None) > 0.05


def test_without_raw_prices_that_link_is_left_out(unpredictable):
    """Closes alone, and three assets of which one is listed late."""
    prices = unpredictable.prices.iloc[:150, :3].copy()
    prices.iloc[:60, 1] = np.nan
    steps = []
    found = decompose(
        bl.MarketData(prices), 50, n_jobs=1, progress=lambda *step: steps.append(step)
    )
    names = [row.name for row in found]
    assert RAW_PRICES not in names
    assert found[names.index(RELATIVE_PRICES)].compared_with == NO_FEATURES
    total = steps[-1][1]
    assert steps == [(done + 1, total) for done in range(total)]
    assert all(np.isfinite(row.figures.sharpe_ratio) for row in found)
    assert raw_closes(unpredictable) is None


def test_a_window_too_short_for_nine_features_is_refused(unpredictable):
    with pytest.raises(DataError, match="22 returns or more"):
        decompose(unpredictable, 21)
    with pytest.raises(DataError, match="no decision"):
        decompose(unpredictable, 50, start="2050-01-01")


def quoted(market, file):
    """Closes of the development data, adjusted for splits at most."""
    path = dev_data(file)
    table = pd.read_csv(path) if ".csv" in file else pd.read_parquet(path)
    table["date"] = pd.to_datetime(table["date"])
    closes = table.pivot(index="date", columns="ticker", values="close").astype(float)
    return closes.reindex(index=market.dates, columns=list(market.assets)).ffill(limit=5)


def test_raw_closes_are_those_of_the_cached_source(tmp_path, monkeypatch, unpredictable):
    """Dividends are taken out of the adjusted closes; a market from elsewhere gets none."""
    market = bl.MarketData(unpredictable.prices.iloc[:80, :2])
    quoted = market.prices * np.where(np.arange(80) < 40, 1.25, 1.0)[:, None]
    long = pd.concat(
        pd.DataFrame({"ticker": name, "close": quoted[name], "adj_close": market.prices[name]})
        for name in market.assets
    )
    long.to_csv(tmp_path / "bars.csv", index_label="date")
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    import_files(market.assets, tmp_path / "bars.csv", PriceCache())
    loaded = load_cached(market.assets)
    np.testing.assert_allclose(raw_closes(loaded), quoted, rtol=1e-12)
    assert raw_closes(bl.MarketData(2 * loaded.prices)) is None


def without_regressions(market, names, *, start, raw=None):
    """Backtests at a lookback of 100, and the paper's figures, of steps that need no SVR."""
    levels = PriceLevels.of(market, raw_prices=raw)
    steps = {step.name: step for step in make_steps(market, 100, full_sample=levels)}
    runs = {name: bl.run_backtest(steps[name].strategy, market, start=start) for name in names}
    return {
        name: paper_figures(run.weights, market.returns().loc[: run.returns.index[-1]])
        for name, run in runs.items()
    }


@pytest.fixture(scope="module")
def etf(dev_market):
    market = dev_market(*ETFS)
    names = [*(name for name in CHAIN if name != LITERAL), INVERSE_VARIANCE]
    return without_regressions(market, names, start="2004-03-31", raw=quoted(market, ETFS[1]))


def test_on_the_etfs_no_feature_is_needed_for_the_published_figures(etf):
    published = {row.label: row for row in published_table("etf")}["BL(100d)"]
    assert etf[NO_FEATURES].sharpe_ratio == pytest.approx(published.sharpe_ratio, abs=0.06)
    assert etf[NO_FEATURES].turnover == pytest.approx(published.turnover, abs=0.02)


def test_on_the_etfs_prices_as_quoted_earn_less_than_prices_that_know_later_dividends(etf):
    assert etf[RAW_PRICES].sharpe_ratio < etf[NO_FEATURES].sharpe_ratio - 0.01
    assert etf[RAW_PRICES].turnover == pytest.approx(etf[NO_FEATURES].turnover, abs=0.03)


def test_on_the_etfs_a_view_without_price_levels_has_that_sharpe_ratio_too(etf):
    assert abs(etf[RELATIVE_PRICES].sharpe_ratio - etf[NO_FEATURES].sharpe_ratio) < 0.05
    assert etf[INVERSE_VARIANCE].turnover < 0.1 * etf[MARKOWITZ].turnover


def test_on_the_etfs_mending_the_units_takes_the_gain_away(etf):
    gain = etf[RELATIVE_PRICES].sharpe_ratio - etf[MARKOWITZ].sharpe_ratio
    left = etf[UNITS_REPAIRED].sharpe_ratio - etf[MARKOWITZ].sharpe_ratio
    assert left < 0.5 * gain
    assert etf[UNITS_REPAIRED].turnover > 1.8 * etf[RELATIVE_PRICES].turnover


def test_on_the_etfs_mending_the_covariance_leads_back_to_markowitz(etf):
    assert etf[COVARIANCE_REPAIRED].sharpe_ratio == pytest.approx(
        etf[MARKOWITZ].sharpe_ratio, abs=0.06
    )
    assert etf[COVARIANCE_REPAIRED].turnover > 0.9 * etf[MARKOWITZ].turnover


def test_on_the_etfs_same_day_features_bring_none_of_the_gain_back(etf):
    assert etf[SAME_DAY_FEATURES].sharpe_ratio < etf[MARKOWITZ].sharpe_ratio + 0.06
    assert etf[SAME_DAY_FEATURES].turnover > 0.9 * etf[MARKOWITZ].turnover


def test_on_the_etfs_lagged_features_in_return_units_add_nothing(etf):
    assert etf[LAGGED_FEATURES].sharpe_ratio == pytest.approx(
        etf[COVARIANCE_REPAIRED].sharpe_ratio, abs=0.06
    )
    assert etf[LAGGED_FEATURES].turnover > etf[COVARIANCE_REPAIRED].turnover


def test_on_the_dow_the_adjusted_price_brings_hindsight(dev_market):
    """Dividing by it lifts inverse variance; relative prices, which know nothing, do not."""
    names = [NO_FEATURES, RELATIVE_PRICES, INVERSE_VARIANCE, PRICE_TILT]
    market = dev_market(*DOW).between(end="2008-12-31")
    dow = without_regressions(market, names, start="2004-01-01")
    assert dow[PRICE_TILT].sharpe_ratio > dow[INVERSE_VARIANCE].sharpe_ratio + 0.05
    assert dow[NO_FEATURES].sharpe_ratio > dow[RELATIVE_PRICES].sharpe_ratio + 0.05


@whole
@pytest.mark.slow
@pytest.mark.parametrize(
    ("universe", "data", "start"), [("etf", ETFS, "2004-03-31"), ("dow", DOW, None)]
)
def test_the_whole_decomposition_on_the_shared_data(dev_market, universe, data, start):
    """The literal pipeline has the published turnover, and needs no feature for its Sharpe."""
    market = dev_market(*data)
    raw = quoted(market, data[1])
    found = {row.name: row for row in decompose(market, 100, start=start, raw_prices=raw)}
    published = {row.label: row for row in published_table(universe)}["BL(100d)"]
    literal = found[LITERAL].figures
    assert literal.turnover == pytest.approx(published.turnover, abs=0.05)
    assert literal.sharpe_ratio == pytest.approx(published.sharpe_ratio, abs=0.08)
    assert found[NO_FEATURES].gross_difference.p_value > 0.05
    assert abs(found[LITERAL_CORRECTED].gross_difference.value) < 0.005
