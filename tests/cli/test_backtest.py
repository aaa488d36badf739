"""What the flags of `backtest` do."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT, make_prices

import blportfolio as bl

FAST = ("--strategy", "equal_weight", "--json")


def dry(run, *words, **kwargs):
    result = run("--dry-run", *words, **kwargs)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def figures(result):
    assert result.exit_code == 0, result.stderr
    return {record["name"]: record for record in json.loads(result.stdout)["strategies"]}


@pytest.mark.usefixtures("without_charts")
class TestRun:
    def test_the_table_names_every_strategy_and_what_to_do_next(self, run, tmp_path):
        result = run()
        assert result.exit_code == 0
        assert result.stderr == ""
        for name in ("View-free", "Equal weight", "Markowitz", "Minimum variance", "SLP-BL"):
            assert name in result.stdout
        folder = next((tmp_path / "out" / "runs" / "sample").iterdir())
        assert f"Run: {folder}" in result.stdout
        assert f"blportfolio show {folder}" in result.stdout
        assert "Configurations run: 6" in result.stdout

    def test_results_only_leaves_out_page_charts_and_tables(self, run, call, tmp_path):
        result = run("--results-only", "--strategy", "equal_weight")
        assert result.exit_code == 0, result.stderr
        assert "report.html" not in result.stdout
        folder = next((tmp_path / "out" / "runs" / "sample").iterdir())
        assert {path.name for path in folder.iterdir()} == {
            "strategies", "summary.json", "manifest.json",
        }  # fmt: skip
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert set(manifest["outputs"]) == files - {"manifest.json"}
        shown = call("show", folder)
        assert shown.exit_code == 0
        assert "report.html" not in shown.stdout

    def test_quiet_leaves_out_the_hints(self, run):
        result = run("--quiet", "--strategy", "equal_weight")
        assert result.exit_code == 0
        assert "Equal weight" in result.stdout
        assert "blportfolio show" not in result.stdout

    def test_the_command_agrees_with_the_library(self, run, prices):
        shown = figures(run(*FAST, "--strategy", "slp"))["SLP-BL"]
        strategy = bl.load_strategy("slp").model_copy(update={"lookback": 60})
        result = bl.run_backtest(strategy, bl.load_prices(prices))
        expected = bl.summarise(result)
        for key in ("net_annualised_return", "sharpe_ratio", "turnover", "final_wealth"):
            assert shown[key] == expected[key]

    def test_start_and_end_limit_the_period(self, run):
        record = figures(run(*FAST, "--start", "2000-09-15", "--end", "2001-03-31"))["Equal weight"]
        # The first decision is at the last close of September, the first day held follows it.
        assert record["first_held"] == "2000-10-02"
        assert record["last_held"] == "2001-03-30"

    def test_no_cost_means_no_cost_drag_and_a_higher_cost_less_wealth(self, run):
        wealth = []
        for cost in (0, 10, 100):
            record = figures(run(*FAST, "--cost-bps", cost))["Minimum variance"]
            assert (record["cost_drag"] == 0) is (cost == 0)
            wealth.append(record["final_wealth"])
        assert wealth[0] > wealth[1] > wealth[2]

    def test_one_asset_is_bought_and_held(self, run, prices):
        write_one = make_prices(0, 400, 1)
        write_one.to_csv(prices, index_label="date")
        for record in figures(run("--json", "--cost-bps", 0)).values():
            held = write_one["A0"].loc[record["first_held"] : record["last_held"]]
            before = write_one["A0"].loc[: record["first_held"]].iloc[-2]
            np.testing.assert_allclose(record["final_wealth"], held.iloc[-1] / before, rtol=1e-12)
            assert record["turnover"] == 0

    def test_fewer_observations_than_assets_work_with_a_warning(self, run, prices):
        make_prices(0, 160, 90).to_csv(prices, index_label="date")
        result = run("--strategy", "markowitz", "--json")
        assert figures(result)["Markowitz"]["notes"]["ridge"] >= 1
        assert result.stderr.startswith("warning: Markowitz: the covariance was singular")
        assert result.stderr.count("\n") == 1

    def test_a_gap_is_carried_forward_on_demand_and_told(self, run, prices):
        frame = make_prices(0, 400, 3)
        frame.iloc[100:103, 1] = np.nan
        frame.to_csv(prices, index_label="date")
        assert run().exit_code == 3
        result = run("--max-gap", 3, "--strategy", "equal_weight")
        assert result.exit_code == 0
        assert "Carried the last price of A1 over 3 missing dates." in result.stdout

    def test_a_packaged_data_set_replaces_the_experiments(self, call, tmp_path):
        words = ("--dataset", "industries_12", "--lookback", 60, "--end", "2000-01-01", *FAST)
        result = call("backtest", *words, "--out", tmp_path)
        assert figures(result)["Equal weight"]["last_held"] == "1999-12-31"

    def test_two_runs_never_overwrite_each_other(self, run):
        first, second = (json.loads(run(*FAST).stdout) for _ in range(2))
        assert first["run"] != second["run"]
        assert first["strategies"] == second["strategies"]
        assert Path(first["run"]).is_dir()
        assert Path(second["run"]).is_dir()

    def test_a_strategy_file_beside_its_experiment_is_found(self, call, prices, tmp_path):
        folder = tmp_path / "mine"
        folder.mkdir()
        text = (ROOT / "strategies/equal_weight.toml").read_text(encoding="utf-8")
        (folder / "own.toml").write_text(text.replace("Equal weight", "Mine"), encoding="utf-8")
        (folder / "exp.toml").write_text(
            f'name = "exp"\nuniverse = "../{prices.name}"\nstrategies = ["own.toml"]\n'
            "[backtest]\nlookback = 60\ncost_bps = [0, 10]\n",
            encoding="utf-8",
        )
        result = call("backtest", folder / "exp.toml", "--json", "--out", tmp_path / "out")
        names = set(figures(result))
        assert {"Mine (0 bp)", "Mine (10 bp)", "Equal weight (0 bp)"} <= names
        assert len(names) == 6


def test_a_dry_run_prints_the_resolved_configuration_and_writes_nothing(run, prices, tmp_path):
    document = dry(run, "--strategy", "slp", "--start", "2000-06-01")
    assert document["universe"] == str(prices)
    assert document["experiment"]["backtest"]["start"] == "2000-06-01"
    packaged = tomllib.loads((ROOT / "strategies/slp.toml").read_text(encoding="utf-8"))
    slp = document["strategies"][0]
    assert slp["prior"].items() >= packaged["prior"].items()
    assert slp["prior"]["risk_aversion"] == 2.5  # defaults are resolved too
    assert slp["lookback"] == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == [prices.name]


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("backtest.lookback=90", lambda d: d["experiment"]["backtest"]["lookback"] == 60),
        ("backtest.rebalance=5", lambda d: d["strategies"][0]["rebalance"] == 5),
        ("backtest.rebalance=weekly", lambda d: d["strategies"][0]["rebalance"] == "weekly"),
        ("slp.prior.tau=0.2", lambda d: d["strategies"][0]["prior"]["tau"] == 0.2),
        ("slp.name=Other", lambda d: d["strategies"][0]["name"] == "Other"),
        ("description=x=y", lambda d: d["experiment"]["description"] == "x=y"),
        ("slp.features=['rsi']", lambda d: d["strategies"][0]["features"][0]["name"] == "rsi"),
    ],
)
def test_one_setting_is_changed_from_the_command_line(run, setting, found):
    assert found(dry(run, "--strategy", "slp", "--set", setting))


def test_a_flag_wins_over_the_environment_and_that_over_the_file(run):
    def cost(*words, env=None):
        return dry(run, *words, env=env)["strategies"][0]["cost_bps"]

    environment = {"BLPORTFOLIO_COST_BPS": "25"}
    assert cost() == 10
    assert cost(env=environment) == 25
    assert cost("--cost-bps", "40", env=environment) == 40


def test_every_environment_variable_that_the_help_names_is_read(call, prices):
    environment = {
        "BLPORTFOLIO_PRICES": str(prices),
        "BLPORTFOLIO_LOOKBACK": "70",
        "BLPORTFOLIO_START": "2000-05-01",
        "BLPORTFOLIO_END": "2001-05-01",
    }
    document = json.loads(call("backtest", "--dry-run", env=environment).stdout)
    table = document["experiment"]["backtest"]
    assert document["universe"] == str(prices)
    assert (table["lookback"], table["start"], table["end"]) == (70, "2000-05-01", "2001-05-01")


def test_baselines_are_added_even_to_an_experiment_file_without_them(call, tmp_path):
    (tmp_path / "exp.toml").write_text(
        'name = "exp"\nuniverse = "sp500_20"\nstrategies = ["slp"]\n', encoding="utf-8"
    )
    document = json.loads(call("backtest", "exp.toml", "--dry-run").stdout)
    names = [strategy["name"] for strategy in document["strategies"]]
    assert names == ["SLP-BL", "Equal weight", "Minimum variance"]


def test_baselines_are_added_to_strategies_that_were_set_from_the_command_line(run):
    document = dry(run, "--set", 'strategies=["slp"]')
    names = [strategy["name"] for strategy in document["strategies"]]
    assert names == ["SLP-BL", "Equal weight", "Minimum variance"]
