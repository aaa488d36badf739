import json

import pytest
from helpers import make_prices

from blportfolio.report import study

EXPERIMENT = """
schema_version = 1
name = "small"
universe = ["sector_etfs", "prices.csv"]
strategies = ["risk_parity", "markowitz", "equal_weight", "min_variance"]
contrast = ["risk_parity"]

[backtest]
lookback = [20, 60]
cost_bps = [0, 10]
"""
SMALL = ["--baseline", "equal_weight", "--baseline", "min_variance", "--jobs", 1]


@pytest.fixture(autouse=True)
def without_drawing(monkeypatch):
    """Charts have tests of their own."""
    monkeypatch.setattr(study, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study, "to_svg", lambda chart: "")  # noqa: ARG005


@pytest.fixture
def place(tmp_path):
    make_prices(0, 900).to_csv(tmp_path / "prices.csv", index_label="date")
    (tmp_path / "small.toml").write_text(EXPERIMENT, encoding="utf-8")
    return tmp_path


def test_breadth_counts_cells_and_leaves_out_what_is_not_here(call, place):
    done = call("replicate", "breadth", place / "small.toml", *SMALL, "--out", place / "out")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(
        "The Sharpe ratio of Risk parity is above that of Equal weight in "
    )
    assert "Cells won" in done.stdout
    assert "sector_etfs, left out" in done.stdout
    assert "blportfolio data fetch sector_etfs" in done.stdout
    (run,) = (place / "out" / "runs" / "breadth").iterdir()
    assert (run / "report.md").read_text(encoding="utf-8").startswith("# Breadth: Risk parity on 1")
    shown = call("show", run)
    assert shown.exit_code == 0
    assert "Cells won" in shown.stdout


def test_a_strategy_and_prices_of_one_s_own_are_judged(call, place):
    (place / "mine.toml").write_text(
        'schema_version = 1\nname = "Mine"\noptimise = "inverse_volatility"\n', encoding="utf-8"
    )
    done = call(
        "replicate", "breadth", place / "small.toml", *SMALL, "--strategy", place / "mine.toml",
        "--prices", place / "prices.csv", "--windows", "30", "--costs", "5", "--json",
        "--out", place / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["lead"][1].startswith("The claim that Mine is nowhere")
    runs = [record for record in document["records"] if record["kind"] == "run"]
    assert {(run["universe"], run["window"], run["cost_bps"]) for run in runs} == {
        ("prices", 30, 5.0)
    }
    assert {run["strategy"] for run in runs} >= {"Mine", "Risk parity", "Equal weight"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--windows", "ten"], 2, "expected numbers"),
        (["--windows", "1"], 4, "windows"),
        (["--universe", "sector_etf"], 4, "sector_etfs"),
        (["--universe", "sector_etfs"], 3, "No universe is here"),
        (["--prices", "nowhere.csv"], 3, "nowhere.csv"),
        (["--baseline", "nobody"], 4, "nobody"),
        (["--baseline", "risk_parity"], 4, "its own only --baseline"),
        (["--strategy", "nobody.toml"], 4, "nobody"),
        (["--windows", "890"], 3, "No universe can be run"),
    ],
)
def test_what_is_wrong_is_one_line_with_an_exit_code(call, place, words, code, said):
    done = call("replicate", "breadth", place / "small.toml", *words, "--jobs", 1)
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "runs").exists() or not list((place / "runs" / "breadth").glob("*-*"))
