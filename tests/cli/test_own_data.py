import json

import pytest
from helpers import make_prices
from typer.testing import CliRunner

from blportfolio.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["backtest", "--json", *map(str, arguments)])


def test_the_dates_of_the_sample_do_not_cut_other_data(tmp_path):
    """The packaged sample starts in 1995, which means nothing for data that end in 1972."""
    path = tmp_path / "old.csv"
    make_prices(0, 600, 2, start="1970-01-01").to_csv(path, index_label="date")
    done = run("--prices", path, "--out", tmp_path, "--strategy", "equal_weight")
    assert done.exit_code == 0, done.stderr
    row = json.loads(done.stdout)["strategies"][0]
    assert row["first_held"] == "1971-01-01"
    flagged = run("--prices", path, "--out", tmp_path, "--start", "1971-06-01", "--lookback", 100)
    assert json.loads(flagged.stdout)["strategies"][0]["first_held"] == "1971-07-01"


def test_monthly_data_get_a_monthly_lookback(tmp_path):
    done = CliRunner().invoke(
        app, ["backtest", "--dataset", "industries_12", "--json", "--out", str(tmp_path)]
    )
    rows = json.loads(done.stdout)["strategies"]
    assert {row["first_held"] for row in rows} == {"1954-01-31"}  # 60 months, then one held


def test_a_file_of_returns_can_be_run(tmp_path):
    path = tmp_path / "r.csv"
    make_prices(1, 400, 2).pct_change().dropna().to_csv(path, index_label="date")
    assert run("--prices", path, "--out", tmp_path).exit_code == 3
    done = run("--prices", path, "--returns", "--out", tmp_path)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("flag", [["--returns"], ["--max-gap", "3"]])
def test_flags_about_a_file_need_the_file(tmp_path, flag):
    done = run(*flag, "--out", tmp_path)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "--prices" in done.stderr
