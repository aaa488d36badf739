"""Which rows of an experiment are the baseline, and how many trials count."""

import pytest

from blportfolio.config import load_experiment
from blportfolio.config.baseline import count_trials, find_baseline
from blportfolio.errors import ConfigError

ROWS = {
    "slp": ["SLP-BL"],
    "own/mine.toml": ["Mine (lookback 60)", "Mine (lookback 120)"],
    "min_variance": ["Minimum variance"],
}
TITLES = {"slp": "SLP-BL", "own/mine.toml": "Mine", "min_variance": "Minimum variance"}


@pytest.mark.parametrize("name", ["mine", "MINE", "Mine", "own/mine.toml"])
def test_a_strategy_is_named_by_its_file_or_its_name_and_brings_all_its_rows(name):
    assert find_baseline(name, ROWS, TITLES) == ("Mine", tuple(ROWS["own/mine.toml"]))


def test_one_row_is_named_by_its_own_name():
    found = find_baseline("Mine (lookback 60)", ROWS, TITLES)
    assert found == ("Mine (lookback 60)", ("Mine (lookback 60)",))


def test_minimum_variance_is_the_baseline_unless_another_is_named():
    assert find_baseline(None, ROWS, TITLES)[0] == "Minimum variance"
    assert load_experiment("sample").baseline_rows == ("Minimum variance",)
    assert load_experiment("sample", baseline="slp").baseline == "SLP-BL"
    assert load_experiment("sample", overrides=["baseline=slp"]).baseline == "SLP-BL"


@pytest.mark.parametrize("name", ["min_varience", "", "none"])
def test_an_unknown_baseline_is_refused_with_what_there_is(name):
    with pytest.raises(ConfigError, match="is not among the strategies of this run") as caught:
        load_experiment("sample", baseline=name)
    assert "min_variance" in str(caught.value)


def experiment(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(
        f'name = "mine"\nuniverse = ["sp500_20", "industries_12"]\nstrategies = ["slp"]\n{text}\n',
        encoding="utf-8",
    )
    return file


def test_the_experiment_names_its_baseline_and_its_trials_and_flags_win(tmp_path):
    file = experiment(tmp_path, 'baseline = "equal_weight"\ntrials = 50')
    found = load_experiment(file)
    assert (found.baseline, found.trials) == ("Equal weight", 50)
    found = load_experiment(file, baseline="slp", trials=60)
    assert (found.baseline, found.trials) == ("SLP-BL", 60)
    assert found.resolved("sp500_20")["experiment"]["trials"] == 60


def test_a_baseline_of_the_file_that_does_not_run_gives_way(tmp_path):
    file = experiment(tmp_path, 'baseline = "slp"')
    assert load_experiment(file, strategies=["markowitz"]).baseline == "Minimum variance"
    with pytest.raises(ConfigError, match="'slp' is not among"):
        load_experiment(file, strategies=["markowitz"], baseline="slp")


def test_what_is_shown_counts_as_tried_on_every_universe(tmp_path):
    assert load_experiment(experiment(tmp_path, "")).trials == 6
    assert load_experiment(experiment(tmp_path, ""), other_data=True).trials == 3
    lists = experiment(tmp_path, "[backtest]\nlookback = [60, 120]\ncost_bps = [0, 10]")
    found = load_experiment(lists)
    assert found.trials == 2 * len(found.strategies) == 20
    assert len(found.baseline_rows) == 4


def test_fewer_trials_than_are_shown_are_refused():
    with pytest.raises(ConfigError, match=r"at least 6.*3 strategies on 2 universes.*got 5"):
        count_trials(5, n_rows=3, n_universes=2)
    with pytest.raises(
        ConfigError, match="at least 6, the configurations that this run shows, got"
    ):
        load_experiment("sample", trials=4)
    assert count_trials(6, n_rows=3, n_universes=2) == 6


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "'ten'", "true"])
def test_trials_that_are_no_count_are_refused(value):
    with pytest.raises(ConfigError, match="trials"):
        load_experiment("sample", overrides=[f"trials={value}"])
