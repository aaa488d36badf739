"""The packaged reference run against a run of what its manifest describes."""

import hashlib
import json
import re

import numpy as np
import pytest
from helpers import ROOT

import blportfolio as bl
from blportfolio.backtest import run_experiment
from blportfolio.config import StrategyConfig, load_experiment
from blportfolio.manifest import digest
from blportfolio.report.run_folder import read_summary

RUN = ROOT / "backtests" / "reference"
MANIFEST = json.loads((RUN / "manifest.json").read_text(encoding="utf-8"))
WEIGHT, RETURN = 1e-6, 1e-7  # of wealth; a day's return, to which a weight adds a few per cent


@pytest.fixture(scope="module")
def kept():
    results = [bl.BacktestResult.load(path) for path in sorted((RUN / "strategies").iterdir())]
    return {result.name: result for result in results}


def test_the_manifest_lists_every_file_that_is_there_with_its_hash():
    files = {path.relative_to(RUN).as_posix() for path in RUN.rglob("*") if path.is_file()}
    assert set(MANIFEST["outputs"]) == files - {"manifest.json", "README.md"}
    for name, sha in MANIFEST["outputs"].items():
        assert hashlib.sha256((RUN / name).read_bytes()).hexdigest() == sha, name
    assert digest(MANIFEST["config"]) == MANIFEST["config_sha256"]


def test_it_is_small_and_names_no_folder_of_a_machine():
    sizes = [path.stat().st_size for path in RUN.rglob("*") if path.is_file()]
    assert sum(sizes) < 2_500_000
    for path in RUN.rglob("*.json"):
        assert not re.search(r'"[^"]*(?:/|\\\\)(?:home|Users|root|tmp)\b', path.read_text("utf-8"))


def test_it_was_made_from_a_commit_as_it_stands_and_from_the_data_that_are_packaged():
    assert re.fullmatch(r"[0-9a-f]{40}", MANIFEST["git_commit"])
    assert MANIFEST["git_dirty"] is False
    assert MANIFEST["data"]["sources"] == dict(bl.load_dataset("sp500_20").sources)


def test_it_is_the_run_of_the_packaged_experiment():
    decided = load_experiment("reference").resolved("sp500_20")
    assert {key: MANIFEST["config"][key] for key in decided} == decided


@pytest.mark.slow
def test_what_its_manifest_describes_gives_its_returns_and_weights_again(kept):
    config = MANIFEST["config"]
    experiment = config["experiment"]
    again = run_experiment(
        [StrategyConfig(**strategy) for strategy in config["strategies"]],
        bl.load_dataset(experiment["universe"]),
        start=experiment["backtest"]["start"],
        end=experiment["backtest"]["end"],
        seed=config["seed"],
    )
    assert [result.name for result in again] == [row["name"] for row in MANIFEST["headline"]]
    assert set(kept) == {result.name for result in again}
    for result in again:
        known = kept[result.name]
        for part in ("weights", "drifted_weights", "turnover"):
            one, other = getattr(result, part), getattr(known, part)
            assert one.index.equals(other.index)
            np.testing.assert_allclose(one, other, rtol=0, atol=WEIGHT, err_msg=part)
        for part in ("returns", "gross_returns"):
            one, other = getattr(result, part), getattr(known, part)
            assert one.index.equals(other.index)
            np.testing.assert_allclose(one, other, rtol=0, atol=RETURN, err_msg=part)
        assert list(result.weights.columns) == list(known.weights.columns)


def test_its_headline_figures_follow_from_its_returns(kept):
    for row in read_summary(RUN)["strategies"]:
        result = kept[row["name"]]
        growth = float(np.prod(1 + result.returns.to_numpy()))
        assert row["final_wealth"] == pytest.approx(growth, rel=1e-9)
        years = (result.wealth.index[-1] - result.wealth.index[0]).days / 365.25
        assert row["net_annualised_return"] == pytest.approx(growth ** (1 / years) - 1, rel=1e-9)
        spread = float(np.std(result.returns.to_numpy(), ddof=1)) * 252**0.5
        assert row["annualised_volatility"] == pytest.approx(spread, rel=1e-9)
        assert row["sharpe_low"] < row["sharpe_ratio"] < row["sharpe_high"]
