import json

import pytest
from helpers import make_prices
from typer.testing import CliRunner

from blportfolio.cli import app

pytestmark = pytest.mark.usefixtures("without_charts")


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


def manifest(done, folder):
    run_folder = json.loads(done.stdout)["run"]
    return json.loads((folder / run_folder / "manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_says_what_ran_and_on_what(tmp_path):
    path = tmp_path / "mine.csv"
    make_prices(2, 400, 2).to_csv(path, index_label="date")
    (tmp_path / "own.toml").write_text('name = "Own"\n[optimise]\nmodel = "min_variance"\n')
    done = run("--prices", path, "--strategy", tmp_path / "own.toml", "--out", tmp_path)
    assert done.exit_code == 0, done.stderr
    written = manifest(done, tmp_path)
    assert written["config"]["experiment"]["universe"] == "mine.csv"
    assert written["config"]["experiment"]["strategies"][0] == "own.toml"
    assert str(tmp_path) not in json.dumps(written)
    assert written["duration_s"] > 0


def test_a_flag_wins_over_an_environment_variable_for_other_data(tmp_path):
    done = CliRunner().invoke(
        app,
        ["backtest", "--dataset", "industries_12", "--dry-run"],
        env={"BLPORTFOLIO_PRICES": str(tmp_path / "absent.csv")},
    )
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["universe"] == "industries_12"


def test_an_experiment_on_a_file_can_say_how_to_read_it(tmp_path):
    prices = make_prices(3, 400, 2)
    prices.iloc[300:302, 1] = None
    prices.to_csv(tmp_path / "gap.csv", index_label="date")
    experiment = tmp_path / "e.toml"
    experiment.write_text('name = "e"\nuniverse = "gap.csv"\nstrategies = ["min_variance"]\n')
    arguments = ["backtest", str(experiment), "--json", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, arguments).exit_code == 3
    assert CliRunner().invoke(app, [*arguments, "--max-gap", "2"]).exit_code == 0


def test_an_optional_feature_that_the_data_cannot_give_is_named(tmp_path):
    path = tmp_path / "mine.csv"
    make_prices(4, 400, 2).to_csv(path, index_label="date")
    (tmp_path / "own.toml").write_text(
        'name = "Own"\nfeatures = ["rsi", { name = "volume_ratio", optional = true }]\n'
        '[prior]\nmodel = "shared_latent"\n[optimise]\nmodel = "max_sharpe"\n'
    )
    command = ["backtest", "--prices", path, "--strategy", tmp_path / "own.toml", "-o", tmp_path]
    done = CliRunner().invoke(app, [str(word) for word in command])
    assert done.exit_code == 0, done.stderr
    assert "Own: Feature 'volume_ratio' needs 'volume', which 'mine' lacks" in done.stdout


def test_what_an_experiment_says_of_its_own_data_is_not_said_of_others():
    done = CliRunner().invoke(app, ["backtest", "--dataset", "industries_12", "--dry-run"])
    assert json.loads(done.stdout)["experiment"]["description"] == ""
    own = CliRunner().invoke(app, ["backtest", "--dry-run"])
    assert "twenty US stocks" in json.loads(own.stdout)["experiment"]["description"]
