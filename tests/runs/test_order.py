"""An order of a backtest: what it runs, the command that says the same, and what it leaves."""

import json
import shlex

import pytest
from helpers import make_market, make_prices
from typer.testing import CliRunner

from blportfolio.cli import app
from blportfolio.errors import ConfigError, DataError, OutputError
from blportfolio.runs.order import (
    backtest,
    check_order,
    command_of,
    copy_run,
    experiment_of,
    read_order,
)
from blportfolio.runs.stored import list_runs, read_run

ORDERS = {
    "plain": {"strategies": ["slp"]},
    "everything": {
        "strategies": ["view_free", "markowitz"],
        "lookback": [120],
        "start": "2000-01-31",
        "end": "2005-06-30",
        "cost_bps": 12.5,
        "baseline": "equal_weight",
        "trials": 40,
        "seed": 7,
    },
    "several lookbacks": {"strategies": ["slp", "fiv"], "lookback": [60, 120, 252]},
    "no costs": {"strategies": ["markowitz"], "cost_bps": 0},
}


def order(**settings):
    return read_order({"reference": "sp500_20", **settings})


@pytest.fixture
def prices(tmp_path):
    """A file of prices of somebody's own, with a space in its name."""
    path = tmp_path / "my prices.csv"
    make_prices(3, 220, 3).rename_axis("date").to_csv(path)
    return path


@pytest.mark.parametrize("name", list(ORDERS))
def test_the_command_resolves_to_the_configuration_of_the_order(name):
    wanted = order(**ORDERS[name])
    words = shlex.split(command_of(wanted))
    done = CliRunner().invoke(app, [*words[1:], "--dry-run"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    expected = experiment_of(wanted).resolved("sp500_20")
    assert {key: said[key] for key in expected} == json.loads(json.dumps(expected))
    assert said["universe"] == "sp500_20"
    assert ("--seed" in words) == bool(wanted.seed)


def test_the_command_names_a_file_without_its_folder_and_reads_it_alike(prices, monkeypatch):
    wanted = order(
        strategies=["slp"], source="file", reference=str(prices),
        reading={"max_gap": 3, "returns": False, "date_order": "dmy", "adjust": True},
        lookback=[60],
    )  # fmt: skip
    command = command_of(wanted)
    assert str(prices.parent) not in command
    words = shlex.split(command)
    assert words[2:4] == ["--prices", "my prices.csv"]
    assert {"--max-gap", "--date-order", "--adjust"} <= set(words)
    assert "--returns" not in words
    monkeypatch.chdir(prices.parent)
    done = CliRunner().invoke(app, [*words[1:], "--dry-run"])
    assert done.exit_code == 0, done.output
    with pytest.raises(ConfigError, match="no flag for `currency`"):
        command_of(order(strategies=["slp"], source="file", reference="a.csv",
                         reading={"currency": "EUR"}))  # fmt: skip


def test_an_order_runs_and_its_run_is_whole(prices, tmp_path):
    steps = []
    runs = tmp_path / "kept"
    settings = {
        "strategies": ["markowitz"], "source": "file", "reference": str(prices), "lookback": [60],
        "cost_bps": 5, "runs": str(runs), "called": "mine.csv",
    }  # fmt: skip
    result = backtest(settings, tmp_path / "work", lambda *step: steps.append(step))
    (stored,) = list_runs(runs)
    assert str(stored.folder) == result["run"]
    run = read_run(stored.folder)
    assert result["strategies"] == len(run.results[""]) == 3
    assert set(run.results[""]) == {"Markowitz", "Equal weight", "Minimum variance"}
    assert run.manifest["command"] == command_of(read_order({k: v for k, v in settings.items()
                                                             if k != "runs"}))  # fmt: skip
    assert "--prices mine.csv" in run.manifest["command"]
    assert run.manifest["data"]["name"] == "mine"
    assert (stored.folder / "report.html").is_file()
    text = (stored.folder / "manifest.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    names = [name for name, _, _ in steps]
    assert names[0] == "Loading the data"
    assert "Markowitz, strategy 1 of 3" in names
    assert "Minimum variance, strategy 3 of 3" in names
    assert names[-1].startswith("Comparing")
    assert all(0 <= done <= total for _, done, total in steps)


def test_nothing_is_kept_of_an_order_that_fails_on_the_way(prices, tmp_path):
    def stop(name, done, total):  # noqa: ARG001, as it is called
        if done:
            raise DataError("stopped")

    settings = {"strategies": ["slp"], "source": "file", "reference": str(prices),
                "lookback": [60], "runs": str(tmp_path / "kept")}  # fmt: skip
    with pytest.raises(DataError, match="stopped"):
        backtest(settings, tmp_path / "work", stop)
    assert not (tmp_path / "kept").exists()
    assert not list((tmp_path / "work").rglob("*.json"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"strategies": []}, "at least 1 item"),
        ({"strategies": ["slp"] * 7}, "at most 6 items"),
        ({"strategies": ["slip"]}, "no packaged strategy 'slip'"),
        ({"strategies": ["slp"], "lookback": [1]}, "`lookback` is 1"),
        ({"strategies": ["slp"], "start": "2020-13-01"}, r"`backtest.start` is '2020-13-01'"),
        ({"strategies": ["slp"], "cost_bps": -1}, "`cost_bps` is -1"),
        ({"strategies": ["slp"], "trials": 2}, "`trials` must be at least 3"),
        ({"strategies": ["slp"], "baseline": "none"}, "baseline 'none'"),
        ({"strategies": ["slp"], "universe": "x"}, "universe"),
        ({"strategies": ["slp"], "seed": -1}, "`seed` is -1"),
    ],
)
def test_a_wrong_order_is_refused_in_a_sentence(settings, said):
    with pytest.raises(ConfigError, match=said) as caught:
        experiment_of(order(**settings))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"start": "2030-01-01"}, "Widen the dates or shorten the lookback"),
        ({"start": "2000-12-01", "end": "2000-06-01"}, "no decision to make"),
        ({"lookback": [5000]}, "Shorten the lookback"),
    ],
)
def test_dates_that_leave_nothing_to_decide_are_found_before_anything_runs(settings, said):
    with pytest.raises(DataError, match=said):
        check_order(order(strategies=["slp"], **{"lookback": [60], **settings}), make_market(1))


def test_an_order_says_where_its_run_is_kept(tmp_path):
    with pytest.raises(ConfigError, match="must say in `runs`"):
        backtest({"strategies": ["slp"], "reference": "sp500_20"}, tmp_path, lambda *_: None)


def test_a_folder_that_cannot_hold_runs_is_named_before_anything_is_computed(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    told = []
    with pytest.raises(OutputError, match=r"folder of runs '.*taken' cannot be written to"):
        backtest(
            {"strategies": ["slp"], "reference": "sp500_20", "runs": str(taken)},
            tmp_path / "work",
            lambda *step: told.append(step),
        )
    assert told == []
    assert taken.read_text() == "a file"


def test_a_run_is_not_copied_over_another(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.txt").write_text("a", encoding="utf-8")
    copied = copy_run(tmp_path / "run", tmp_path / "runs" / "x" / "run")
    assert (copied / "a.txt").read_text(encoding="utf-8") == "a"
    with pytest.raises(DataError, match="exists already"):
        copy_run(tmp_path / "run", copied)
