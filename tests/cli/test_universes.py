"""From files or the cache to a backtest on a universe, by commands alone."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

pytestmark = pytest.mark.usefixtures("without_charts")

UNIVERSE = """
title = "Three and one to compare with"
tickers = ["AAA", "BBB", "CCC"]
benchmarks = ["IDX"]
files = ["bars*"]

[listed]
CCC = 2001-01-01
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A universe file, a folder with its prices, and a cache of its own."""
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.toml").write_text(UNIVERSE, encoding="utf-8")
    prices = make_prices(0, 700, 4).set_axis(["AAA", "BBB", "CCC", "IDX"], axis=1)
    prices.loc[:"2000-12-31", "CCC"] = np.nan
    prices.iloc[640:, 1] = np.nan
    (tmp_path / "vendor").mkdir()
    prices.to_csv(tmp_path / "vendor" / "bars.csv", index_label="date")
    (tmp_path / "vendor" / "other.csv").write_text("not,a\nfile,of prices\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def fetched(place, call):
    done = call("data", "fetch", place / "mine.toml", "--from-files", place / "vendor", "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_universe_is_imported_from_the_files_that_it_names(fetched):
    assert {row["ticker"]: row["status"] for row in fetched["tickers"]} == dict.fromkeys(
        ["AAA", "BBB", "CCC", "IDX"], "downloaded"
    )
    assert fetched["tickers"][2]["first"] == "2001-01-01"


@pytest.mark.usefixtures("fetched")
def test_a_backtest_on_a_universe_holds_members_only_and_says_what_was_sold(place, call):
    words = ["backtest", "--dataset", place / "mine.toml", "--lookback", 60, "--json"]
    done = call(*words, "--strategy", "equal_weight", "--out", place)
    assert done.exit_code == 0, done.stderr
    run = place / json.loads(done.stdout)["run"]
    trades = pd.read_csv(run / "trades.csv")
    equal = trades[trades["strategy"] == "Equal weight"]
    assert set(equal["asset"]) == {"AAA", "BBB", "CCC"}
    sold = equal[equal["reason"] == "delisted"]
    assert sold["asset"].tolist() == ["BBB"]
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert "mine/mine.toml" in manifest["data"]["sources"]
    assert manifest["config"]["experiment"]["universe"] == "mine.toml"


@pytest.mark.usefixtures("fetched")
def test_an_experiment_names_a_universe_file_beside_it(place, call, monkeypatch):
    experiment = place / "e.toml"
    experiment.write_text('name = "e"\nuniverse = "mine.toml"\nstrategies = ["min_variance"]\n')
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    done = call("backtest", experiment, "--lookback", 60, "--json")
    assert done.exit_code == 0, done.stderr


@pytest.mark.usefixtures("fetched")
def test_info_shows_the_coverage_by_year(place, call):
    document = json.loads(call("data", "info", place / "mine.toml", "--json").stdout)
    assert [row["year"] for row in document["coverage"]] == [2000, 2001, 2002]
    assert document["coverage"][0]["share"] == 1.0
    assert document["coverage"][2]["priced"] == 2
    shown = call("data", "info", place / "mine.toml").stdout
    assert "2 of 3" in shown
    assert "67%" in shown


@pytest.mark.usefixtures("fetched")
def test_too_little_coverage_ends_the_run_with_the_remedy(place, call):
    done = call("backtest", "--dataset", place / "mine.toml", "--min-coverage", 0.9)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "min_coverage" in done.stderr
    assert "2 of 3 members" in done.stderr


def test_what_was_fetched_is_a_success_though_the_universe_cannot_be_loaded_yet(place, call):
    """Its definition begins after the last price that the files have."""
    path = place / "mine.toml"
    path.write_text(f"start = 2020-01-01\n{UNIVERSE}", encoding="utf-8")
    done = call("data", "fetch", path, "--from-files", place / "vendor")
    assert done.exit_code == 0, done.stderr
    assert "cannot be loaded yet" in done.stderr
    assert "Next:" not in done.stdout


@pytest.mark.usefixtures("fetched")
@pytest.mark.parametrize(("name", "n_assets"), [("mine.toml", 4), ("AAA BBB", 2)])
def test_the_doctor_looks_at_what_was_fetched(place, call, name, n_assets):
    """Whatever its coverage, which is no fault of the prices."""
    done = call("data", "check", place / name if name.endswith("toml") else name, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["n_assets"] == n_assets


@pytest.mark.usefixtures("fetched")
def test_coverage_is_asked_for_between_the_first_decision_and_the_end(place, call):
    words = ["backtest", "--dataset", place / "mine.toml", "--min-coverage", 0.9, "--json"]
    words += ["--lookback", 60, "--out", place]
    refused = call(*words)
    assert refused.exit_code == 3
    assert "(end, --end)" in refused.stderr
    remedy = refused.stderr.split("end on ")[1][:10]
    done = call(*words, "--end", remedy)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["strategies"][0]["last_held"] == remedy


def test_a_universe_without_prices_says_how_to_get_them(call):
    done = call("backtest", "--dataset", "sector_etfs")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "blportfolio data fetch sector_etfs" in done.stderr
    info = call("data", "info", "sector_etfs")
    assert info.exit_code == 0
    assert "none yet: blportfolio data fetch sector_etfs" in info.stdout


def test_info_on_a_universe_file_without_prices_names_its_path(place, call):
    (place / "of mine.toml").write_text(UNIVERSE, encoding="utf-8")
    done = call("data", "check", place / "of mine.toml")
    assert f"blportfolio data fetch '{place / 'of mine.toml'}'" in done.stderr
    info = call("data", "info", place / "mine.toml")
    assert f"none yet: blportfolio data fetch {place / 'mine.toml'} gets" in info.stdout


def test_lists_tell_fetched_universes_from_others(place, call):
    priced = place / "SPY.csv"
    make_prices(0, 50, 1).set_axis(["SPY"], axis=1).to_csv(priced, index_label="date")
    shown = json.loads(call("list", "universes", "--json").stdout)["universes"]
    assert [row["name"] for row in shown] == [
        "dow30",
        "dow41_paper",
        "late_19",
        "sector_etfs",
        "sp500_100",
    ]
    assert all("blportfolio data fetch" in row["description"] for row in shown)
    names = [
        row["name"] for row in json.loads(call("list", "datasets", "--json").stdout)["datasets"]
    ]
    assert names == ["industries_12", "sp500_20"]
    call("data", "fetch", "SPY", "--from-files", priced)
    described = {
        row["name"]: row["description"]
        for row in json.loads(call("list", "universes", "--json").stdout)["universes"]
    }
    assert "data fetch" not in described["sector_etfs"]
    assert "data fetch" in described["dow30"]
    shown = json.loads(call("list", "datasets", "--json").stdout)["datasets"]
    assert [row["name"] for row in shown] == ["industries_12", "sector_etfs", "sp500_20"]


@pytest.mark.parametrize("name", ["sp500_20", "industries_12", "moodys"])
def test_info_states_source_licence_and_span(name, call):
    document = json.loads(call("data", "info", name, "--json").stdout)
    assert document["licence"]
    assert document["source"]
    assert document["caveats"]
    shown = call("data", "info", name)
    assert shown.exit_code == 0
    assert document["title"] in shown.stdout


def test_info_on_an_unknown_name_suggests_one(call):
    done = call("data", "info", "sector_etf")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "Did you mean 'sector_etfs'" in done.stderr


def test_a_flag_about_files_is_refused_for_a_universe(place, call):
    done = call("backtest", "--dataset", place / "mine.toml", "--sheet", "Prices")
    assert done.exit_code == 4
    assert "--sheet" in done.stderr


def test_a_coverage_is_refused_for_what_is_no_universe(call):
    done = call("backtest", "--dataset", "sp500_20", "--min-coverage", "0.5")
    assert done.exit_code == 4
    assert "is none" in done.stderr


@pytest.mark.usefixtures("fetched")
def test_tickers_that_were_fetched_are_a_data_set_by_their_names(place, call):
    words = ["--lookback", 60, "--strategy", "equal_weight", "--out", place, "--json"]
    done = call("backtest", "--dataset", "aaa BBB", *words)
    assert done.exit_code == 0, done.stderr
    document = json.loads(call("data", "info", "AAA, BBB", "--json").stdout)
    assert document["assets"] == ["AAA", "BBB"]
    assert document["source"] == "file bars.csv"
    (place / "e.toml").write_text(
        'name = "e"\nuniverse = "AAA BBB"\nstrategies = ["min_variance"]\n', encoding="utf-8"
    )
    assert call("backtest", place / "e.toml", "--lookback", 60, "--out", place).exit_code == 0
    partly = call("backtest", "--dataset", "AAA ZZZ", *words)
    assert partly.exit_code == 3
    assert "blportfolio data fetch ZZZ" in partly.stderr
    assert call("backtest", "--dataset", "ZZZ", *words).exit_code == 3


@pytest.mark.usefixtures("fetched")
def test_a_fetched_universe_names_the_next_step(place, call):
    done = call("data", "fetch", place / "mine.toml", "--from-files", place / "vendor")
    assert f"Next: blportfolio backtest --dataset {place / 'mine.toml'}" in done.stdout


@pytest.mark.parametrize("command", [("data", "info"), ("backtest", "--dataset")])
def test_a_universe_file_that_is_not_there_is_named(call, command):
    done = call(*command, "absent.toml")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "There is no file 'absent.toml'" in done.stderr


@pytest.mark.usefixtures("fetched")
def test_dates_that_one_file_does_not_reach_are_left_out_aloud(place, call):
    prices = make_prices(5, 760, 1).set_axis(["DDD"], axis=1)
    prices.to_csv(place / "later.csv", index_label="date")
    call("data", "fetch", "DDD", "--from-files", place / "later.csv")
    (place / "four.toml").write_text(UNIVERSE.replace('"CCC"]', '"CCC", "DDD"]'), encoding="utf-8")
    done = call("data", "fetch", place / "four.toml", "--from-files", place / "vendor" / "bars.csv")
    assert done.exit_code == 0, done.stderr
    said = "Left out the dates after 2002-09-08: the cached prices of AAA, CCC, IDX go no further"
    assert f"warning: {said}" in done.stderr
    assert said in call("data", "info", place / "four.toml").stdout
