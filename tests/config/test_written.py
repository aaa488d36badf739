"""Settings of a strategy written as a file: the same strategy again."""

import pytest

import blportfolio as bl
from blportfolio.config import load_strategy, packaged_names
from blportfolio.config.written import strategy_toml
from blportfolio.errors import ConfigError


@pytest.mark.parametrize("name", packaged_names("strategies"))
def test_a_packaged_strategy_is_the_same_from_the_file_that_its_settings_give(name, tmp_path):
    settings = load_strategy(name).resolved()
    path = tmp_path / "again.toml"
    path.write_text(strategy_toml(settings), encoding="utf-8")
    assert load_strategy(path).resolved() == settings


def test_names_with_quotes_and_other_letters_come_back(tmp_path):
    settings = load_strategy("slp").resolved() | {"name": 'Ω "a"\t\\ = [b]\x7f', "lookback": 33}
    path = tmp_path / "again.toml"
    path.write_text(strategy_toml(settings), encoding="utf-8")
    assert load_strategy(path).resolved() == settings


def test_a_strategy_that_was_made_in_python_has_no_file():
    strategy = bl.Strategy("own", objective=bl.EqualWeight())
    with pytest.raises(ConfigError, match="'own' was made in Python"):
        strategy_toml(strategy.settings)


def test_settings_that_a_file_would_not_give_again_are_refused():
    settings = load_strategy("slp").resolved()
    settings["prior"] = {**settings["prior"], "tau": [0.1, 0.1]}
    with pytest.raises(ConfigError):
        strategy_toml({**settings, "rebalance": "never"})
