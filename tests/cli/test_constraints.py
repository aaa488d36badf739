"""Constrained strategies on the command line."""

import json
from pathlib import Path

import pytest

import blportfolio as bl
from blportfolio.optimise import OBJECTIVES

LIMITED = """
name = "Limited"
prior = "equilibrium"
[optimise]
model = "mean_variance"
[optimise.constraints]
bounds = [0, 0.3]
"""


@pytest.fixture
def limited(tmp_path, without_charts):  # noqa: ARG001, none is drawn
    """The path of a strategy with bounds."""
    file = tmp_path / "limited.toml"
    file.write_text(LIMITED)
    return file


def loaded(document, name):
    return bl.BacktestResult.load(Path(document["run"]) / "strategies" / name)


def test_a_limit_set_by_flag_holds_at_every_decision(run, limited):
    key = "limited.optimise.constraints.turnover"
    result = run("--strategy", limited, "--set", f"{key}=0.05", "--json")
    assert result.exit_code == 0, result.stderr
    saved = loaded(json.loads(result.stdout), "limited")
    traded = (saved.weights - saved.drifted_weights).abs().sum(axis=1) / 2
    assert len(traded) > 10
    assert traded.iloc[1:].max() <= 0.05 + 1e-9
    assert saved.weights.to_numpy().max() <= 0.3 + 1e-9
    settings = saved.manifest["strategy"]["optimise"]
    assert settings["constraints"]["turnover"] == 0.05


def test_an_infeasible_decision_is_one_line_with_its_date_and_exit_code_5(run, limited):
    result = run("--strategy", limited, "--set", "limited.optimise.constraints.bounds=[0,0.2]")
    assert result.exit_code == 5
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: Limited has no weights on 2000-")
    assert "budget: weights sum to 1 (would have to give 0.2)" in result.stderr


def test_limits_that_give_way_are_shown_in_table_page_and_show(run, call, limited):
    table = "{turnover = 1e-5, bounds = [0, 0.26], relax = true}"
    result = run("--strategy", limited, "--set", f"limited.optimise.constraints={table}")
    assert result.exit_code == 0, result.stderr
    folder = result.stdout.split("Run: ")[1].split("\n")[0]
    shown = call("show", folder).stdout
    page = (Path(folder) / "report.html").read_text(encoding="utf-8")
    for text in (result.stdout, shown, page):
        assert text.count("A turnover of at most 1e-05 contradicts the other constraints") == 1
        assert "Limited at " in text


def test_a_run_of_an_earlier_version_is_still_shown(run, call, limited):
    folder = Path(json.loads(run("--strategy", limited, "--json").stdout)["run"])
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    for record in summary["strategies"]:
        del record["said"]
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    result = call("show", folder)
    assert result.exit_code == 0
    assert "Limited" in result.stdout


def test_the_same_constrained_run_twice_gives_the_same_bytes(run, limited):
    words = ("--strategy", limited, "--json", "--set",
             "limited.optimise.constraints.turnover=0.05")  # fmt: skip
    folders = [Path(json.loads(run(*words).stdout)["run"]) for _ in range(2)]
    assert folders[0] != folders[1]
    for name in ("returns.csv", "weights.csv", "trades.csv", "summary.json"):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second


def test_objectives_are_listed_in_one_line_each(call):
    result = call("list", "objectives", "--json")
    items = json.loads(result.stdout)["objectives"]
    assert {item["name"] for item in items} == set(OBJECTIVES)
    assert all("\n" not in item["description"] for item in items)


def test_the_help_shows_how_to_set_a_constraint(call):
    assert "slp.optimise.constraints.turnover=0.1" in call("backtest", "--help").stdout
