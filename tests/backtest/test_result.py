import json

import pandas as pd
import pytest
from helpers import make_market, make_prices

import blportfolio as bl
from blportfolio.backtest.result import FRAMES, SERIES
from blportfolio.errors import OutputError

UNITS = ["s", "ms", "us", "ns"]


def assert_same(first, second):
    for name in SERIES:
        pd.testing.assert_series_equal(
            getattr(first, name), getattr(second, name), check_exact=True, check_freq=False
        )
    for name in FRAMES:
        pd.testing.assert_frame_equal(
            getattr(first, name), getattr(second, name), check_exact=True, check_freq=False
        )
    assert dict(first.manifest) == dict(second.manifest)


@pytest.mark.parametrize("name", ["slp", "equal_weight", "markowitz"])
def test_a_saved_result_loads_exactly(name, sample_market, tmp_path):
    result = bl.run_backtest(name, sample_market, start="2019-01-01")
    folder = result.save(tmp_path / "result")
    assert_same(result, bl.BacktestResult.load(folder))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result"]


@pytest.mark.parametrize("unit", UNITS)
def test_dates_keep_their_unit(unit, tmp_path):
    prices = make_prices(1, 200, 2)
    prices.index = prices.index.as_unit(unit)
    result = bl.run_backtest(bl.Strategy("m", lookback=40), bl.MarketData(prices))
    assert_same(result, bl.BacktestResult.load(result.save(tmp_path / "r")))


def test_names_that_are_no_names_survive(tmp_path):
    prices = make_prices(2, 200, 3)
    prices.columns = ["=1+1", "Ünïcode ⚡", "<b>"]
    result = bl.run_backtest(bl.Strategy("m", lookback=40), bl.MarketData(prices))
    assert_same(result, bl.BacktestResult.load(result.save(tmp_path / "r")))


def test_an_existing_folder_is_never_overwritten(tmp_path):
    result = bl.run_backtest(bl.Strategy("m", lookback=40), make_market(1, 200, 2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="exists already"):
        result.save(tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert_same(result, bl.BacktestResult.load(result.save(tmp_path / "empty")))


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path):
    result = bl.run_backtest(bl.Strategy("m", lookback=40), make_market(1, 200, 2))
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        result.save(tmp_path / "file" / "result")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failure_half_way_leaves_nothing(tmp_path, monkeypatch):
    result = bl.run_backtest(bl.Strategy("m", lookback=40), make_market(1, 200, 2))

    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", interrupt)
    with pytest.raises(KeyboardInterrupt):
        result.save(tmp_path / "result")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["returns.parquet", "trades.parquet", "manifest.json"])
def test_a_damaged_result_says_so(name, tmp_path):
    result = bl.run_backtest(bl.Strategy("m", lookback=40), make_market(1, 200, 2))
    folder = result.save(tmp_path / "r")
    (folder / name).write_text("oops")
    with pytest.raises(bl.DataError, match="is damaged"):
        bl.BacktestResult.load(folder)


def test_an_unfinished_result_says_so(tmp_path):
    with pytest.raises(bl.DataError, match="no finished result"):
        bl.BacktestResult.load(tmp_path)


def test_the_manifest_identifies_the_data_and_the_strategy(sample_market):
    manifest = bl.run_backtest("slp", sample_market, start="2021-01-01", seed=7).manifest
    assert manifest["data"]["sources"] == dict(sample_market.sources)
    assert manifest["strategy"]["prior"]["model"] == "shared_latent"
    assert (manifest["seed"], manifest["cost_bps"], manifest["lookback"]) == (7, 10.0, 252)
    json.dumps(manifest)


def test_views_are_recorded_for_each_decision_and_asset(sample_market):
    result = bl.run_backtest("slp", sample_market, start="2021-01-01")
    counts = result.views.groupby("date").size()
    assert list(counts.index) == list(result.weights.index)
    assert (counts == 20).all()
    low = result.views[["prior", "view"]].min(axis=1)
    assert (result.views["standard_deviation"] > 0).all()
    assert low.notna().all()
