"""One experiment over several universes: tables, folders, verdict, and what is refused."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import make_prices
from typer.testing import CliRunner

import blportfolio as bl
from blportfolio.cli import app
from blportfolio.report import run_folder
from blportfolio.report.page import render_page
from blportfolio.report.verdict import verdict
from blportfolio.runs import running

EXPERIMENT = """
name = "two"
description = "Two small markets."
universe = ["first.csv", "second.csv"]
strategies = ["markowitz", "equilibrium"]
contrast = ["markowitz", "equilibrium"]
[backtest]
lookback = 60
"""


def write_prices(path, n_dates, n_assets, seed=0):
    make_prices(seed, n_dates, n_assets).to_csv(path, index_label="date")


def write_experiment(folder, **changed):
    text = EXPERIMENT
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    write_prices(folder / "first.csv", 400, 3, seed=1)
    write_prices(folder / "second.csv", 300, 4, seed=2)
    (folder / "two.toml").write_text(text, encoding="utf-8")
    return folder / "two.toml"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    file = write_experiment(folder)
    words = ["backtest", str(file), "--out", str(folder / "out"), "--json"]
    with pytest.MonkeyPatch.context() as patch:  # drawing has its own tests
        patch.setattr(run_folder, "to_png", lambda chart: b"")  # noqa: ARG005
        patch.setattr(run_folder, "to_svg", lambda chart: "")  # noqa: ARG005
        result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    return SimpleNamespace(file=file, document=document, run=Path(document["run"]))


def test_every_strategy_has_a_row_in_every_universe(both):
    rows = [(record["universe"], record["name"]) for record in both.document["strategies"]]
    names = ["Markowitz", "Equilibrium", "Equal weight", "Minimum variance"]
    assert rows == [(universe, name) for universe in ("first", "second") for name in names]


def test_each_universe_has_folders_of_its_own_and_results_that_load(both):
    for record in both.document["strategies"]:
        slug = record["name"].lower().replace(" ", "_")
        result = bl.BacktestResult.load(both.run / "strategies" / record["universe"] / slug)
        assert result.wealth.iloc[-1] == record["final_wealth"]
    for universe in ("first", "second"):
        for name in ("growth", "drawdown", "weights_markowitz"):
            assert (both.run / "charts" / universe / f"{name}.png").is_file()
        for name in ("returns", "weights", "trades"):
            assert (both.run / "tables" / universe / f"{name}.csv").is_file()


@pytest.mark.usefixtures("without_charts")
def test_each_universe_has_the_figures_of_a_run_of_its_own(both, call, tmp_path):
    for universe in ("first", "second"):
        file = both.file.parent / f"{universe}.toml"
        one = EXPERIMENT.replace('["first.csv", "second.csv"]', f'"{universe}.csv"')
        file.write_text(one, encoding="utf-8")
        result = call("backtest", file, "--out", tmp_path, "--json")
        alone = json.loads(result.stdout)
        own = [r for r in both.document["strategies"] if r["universe"] == universe]
        assert [{k: v for k, v in r.items() if k != "universe"} for r in own] == alone["strategies"]
        pairs = [r for r in both.document["verdict"]["comparisons"] if r["universe"] == universe]
        found = [{k: v for k, v in r.items() if k != "universe"} for r in pairs]
        assert found == alone["verdict"]["comparisons"]
        manifest = json.loads((Path(alone["run"]) / "manifest.json").read_text(encoding="utf-8"))
        assert "universes" not in manifest


def test_the_manifest_tells_the_data_of_each_universe(both):
    manifest = json.loads((both.run / "manifest.json").read_text(encoding="utf-8"))
    assert {name: part["data"]["n_assets"] for name, part in manifest["universes"].items()} == {
        "first": 3, "second": 4,
    }  # fmt: skip
    assert manifest["config"]["experiment"]["universe"] == ["first.csv", "second.csv"]
    assert manifest["config"]["experiment"]["contrast"] == ["markowitz", "equilibrium"]
    assert set(manifest["config"]["data"]) == {"first", "second"}
    assert manifest["headline"] == both.document["strategies"]


def test_the_verdict_stands_in_the_summary_on_the_page_and_in_show(both, call):
    found = both.document["verdict"]
    assert len(found["comparisons"]) == 10
    assert found["sentences"] == verdict(found["comparisons"])
    page = (both.run / "report.html").read_text(encoding="utf-8")
    shown = call("show", both.run).stdout
    for sentence in found["sentences"]:
        assert sentence in page
        assert sentence in shown
    for universe in ("first", "second"):
        assert f"<h2>{universe}</h2>" in page
        assert f"{universe}:\n" in shown
    document = json.loads(call("show", both.run, "--json").stdout)
    assert document["verdict"] == found


@pytest.mark.usefixtures("without_charts")
def test_people_see_a_table_for_each_universe_and_the_verdict(call, tmp_path):
    result = call("backtest", write_experiment(tmp_path), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.index("two: first") < result.stdout.index("two: second")
    assert result.stdout.count("Net of costs. Return") == 1
    assert "Verdict\n" in result.stdout
    assert "Configurations run: 8, all shown." in result.stdout


@pytest.mark.usefixtures("without_charts")
def test_own_data_replace_all_universes(call, tmp_path):
    file = write_experiment(tmp_path)
    words = ("--prices", tmp_path / "second.csv", "--lookback", 60, "--json")
    document = json.loads(call("backtest", file, *words, "--out", tmp_path / "out").stdout)
    assert len(document["strategies"]) == 4
    assert "universe" not in document["strategies"][0]
    assert len(document["verdict"]["comparisons"]) == 5


def test_the_candidates_that_still_run_are_contrasted(call, tmp_path):
    file = write_experiment(tmp_path)
    document = json.loads(call("backtest", file, "--strategy", "markowitz", "--dry-run").stdout)
    assert document["experiment"]["contrast"] == ["markowitz"]
    assert [Path(name).name for name in document["universe"]] == ["first.csv", "second.csv"]
    document = json.loads(call("backtest", file, "--strategy", "slp", "--dry-run").stdout)
    assert "contrast" not in document["experiment"]


@pytest.mark.usefixtures("without_charts")
def test_an_experiment_without_candidates_has_no_verdict(call, tmp_path):
    line = 'contrast = ["markowitz", "equilibrium"]\n'
    file = write_experiment(tmp_path, contrast=(line, ""))
    document = json.loads(call("backtest", file, "--out", tmp_path / "out", "--json").stdout)
    assert "verdict" not in document


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('["first.csv", "second.csv"]', "[]", "universe"),
        ('["first.csv", "second.csv"]', "[1]", "universe"),
        ('["first.csv", "second.csv"]', '["first.csv", "first.csv"]', "`universe` names one twice"),
        (
            'contrast = ["markowitz"',
            'contrast = ["markowits"',
            "`contrast` names 'markowits'.*Did you mean 'markowitz'",
        ),
        ('contrast = ["markowitz"', 'contrast = ["min_variance"', "compared anyway"),
        ('contrast = ["markowitz"', 'contrast = ["equilibrium"', "`contrast` names one twice"),
    ],
)
def test_a_wrong_list_is_refused_with_its_key(call, tmp_path, old, new, words):
    result = call("backtest", write_experiment(tmp_path, key=(old, new)), "--dry-run")
    assert result.exit_code in (2, 4)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert re.search(words, result.stderr.replace("\n", " "))


def test_two_universes_of_the_same_name_are_refused(call, tmp_path):
    (tmp_path / "other").mkdir()
    write_prices(tmp_path / "other" / "first.csv", 300, 2)
    file = write_experiment(tmp_path, key=('"second.csv"', '"other/first.csv"'))
    result = call("backtest", file, "--dry-run")
    assert result.exit_code == 4
    assert "Two universes are called 'first'" in result.stderr


def test_a_universe_that_is_missing_is_told_before_anything_runs(call, tmp_path, monkeypatch):
    file = write_experiment(tmp_path)
    (tmp_path / "second.csv").unlink()
    monkeypatch.setattr(run_folder, "write_run", None)
    result = call("backtest", file, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "second.csv" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_universe_that_cannot_be_run_is_named_before_anything_runs(call, tmp_path, monkeypatch):
    file = write_experiment(tmp_path)
    write_prices(tmp_path / "second.csv", 50, 3)
    monkeypatch.setattr(running, "run_experiment", None)
    result = call("backtest", file, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert result.stderr.startswith("error: second: Markowitz needs a lookback of 60 returns")
    assert not list((tmp_path / "out").rglob("*.json"))


def test_an_error_in_the_middle_of_a_run_names_the_universe_and_leaves_nothing(call, tmp_path):
    file = write_experiment(tmp_path)
    words = ["--set", "markowitz.optimise.constraints.bounds=[0, 0.3]"]  # too little for three
    result = call("backtest", file, "--out", tmp_path / "out", *words)
    assert result.exit_code == 5
    assert result.stderr.startswith("error: first: Markowitz has no weights on 2000-")
    assert not list((tmp_path / "out").rglob("*.json"))


def test_a_damaged_verdict_is_told(call, both, tmp_path):
    for name in ("manifest.json", "summary.json"):
        (tmp_path / name).write_bytes((both.run / name).read_bytes())
    document = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    for broken in (
        {},
        {"sentences": [1], "comparisons": []},
        {"sentences": [], "comparisons": [1]},
    ):
        text = json.dumps({**document, "verdict": broken})
        (tmp_path / "summary.json").write_text(text, encoding="utf-8")
        result = call("show", tmp_path)
        assert result.exit_code == 3
        assert "is damaged" in result.stderr


def test_names_on_the_page_are_escaped(both):
    manifest = json.loads((both.run / "manifest.json").read_text(encoding="utf-8"))
    page = render_page(
        title="t",
        description="d",
        sections=[],
        manifest=manifest,
        summary={"verdict": {"sentences": ["<script>"], "comparisons": []}},
    )
    assert "<script>" not in page
