"""Variants: entries of an experiment that are a strategy's file with some settings changed."""

import json

import pytest

import blportfolio as bl
from blportfolio.config import load_experiment
from blportfolio.errors import ConfigError

MINE = (
    'name = "Mine"\ndescription = "My own."\n[optimise]\nmodel = "mean_variance"\n'
    "[optimise.costs]\ntrading_bps = 10\n"
)
FREE = '{ strategy = "mine.toml", name = "Free", set = { "optimise.costs.trading_bps" = 0 } }'


@pytest.fixture
def load(tmp_path):
    """Load an experiment with these entries of `strategies` and these further lines."""
    (tmp_path / "mine.toml").write_text(MINE)

    def made(entries, lines="", **options):
        file = tmp_path / "e.toml"
        file.write_text(f'name = "e"\nuniverse = "sp500_20"\nstrategies = [{entries}]\n{lines}\n')
        return load_experiment(file, **options)

    return made


def rows(experiment):
    return {row.name: row for row in experiment.strategies}


def test_a_variant_is_the_file_with_its_changes(load):
    found = rows(load(f'"mine.toml", {FREE}'))
    assert list(found)[:2] == ["Mine", "Free"]
    changed = found["Free"].resolved()
    assert changed.pop("description") == "mine with optimise.costs.trading_bps = 0"
    assert changed["optimise"]["costs"].pop("trading_bps") == 0
    changed["name"] = "Mine"
    original = found["Mine"].resolved()
    assert original.pop("description") == "My own."
    assert original["optimise"]["costs"].pop("trading_bps") == 10
    assert changed == original


def test_a_whole_table_or_a_list_may_be_replaced(load):
    entry = (
        '{ strategy = "view_free", name = "V", set = { optimise = "max_sharpe", '
        'features = ["momentum"], "prior.tau" = [0.1, 0.2] } }'
    )
    row = rows(load(entry))["V"]
    assert row.objective() == bl.MaxSharpe()
    assert row.prior_model().tau == (0.1, 0.2)
    assert [choice.name for choice in row.feature_choices()] == ["momentum"]
    assert row.prior_model().reference == bl.load_strategy("view_free").prior_model().reference


def test_the_manifest_holds_what_was_written_and_what_it_resolves_to(load):
    document = json.loads(json.dumps(load(f'"mine.toml", {FREE}').resolved("sp500_20")))
    assert document["experiment"]["strategies"][:2] == [
        "mine.toml",
        {"strategy": "mine.toml", "name": "Free", "set": {"optimise.costs.trading_bps": 0}},
    ]
    assert document["strategies"][1]["optimise"]["costs"]["trading_bps"] == 0


def test_set_changes_the_file_below_the_variant_and_the_variant_above_it(load):
    below = load(
        f'"mine.toml", {FREE}',
        overrides=["mine.lookback=77", "mine.optimise.costs.trading_bps=5"],
    )
    assert [row.lookback for row in below.strategies[:2]] == [77, 77]
    costs = [row.objective().costs.trading_bps for row in below.strategies[:2]]
    assert costs == [5, 0]
    above = load(f'"mine.toml", {FREE}', overrides=["Free.optimise.costs.trading_bps=3"])
    assert [row.objective().costs.trading_bps for row in above.strategies[:2]] == [10, 3]
    quoted = FREE.replace('"Free"', '"Free, no. 2"')
    named = load(quoted, overrides=['"Free, no. 2".lookback=88'])
    assert rows(named)["Free, no. 2"].lookback == 88


def test_what_a_variant_sets_stays_where_the_experiment_sets_the_same(load):
    entry = '{ strategy = "mine.toml", name = "Long", set = { lookback = 200 } }'
    table = "[backtest]\nlookback = [60, 120]\ncost_bps = [0, 10]"
    names = [row.name for row in load(f'"mine.toml", {entry}', table).strategies[:6]]
    assert names[:2] == ["Mine (lookback 60, 0 bp)", "Mine (lookback 60, 10 bp)"]
    assert names[4:] == ["Long (0 bp)", "Long (10 bp)"]


def test_contrast_and_baseline_find_a_variant_by_its_name(load):
    lines = 'contrast = ["Free"]\nbaseline = "Free"'
    found = load(f'"mine.toml", {FREE}', lines)
    assert found.candidates == ("Free",)
    assert (found.baseline, found.baseline_rows) == ("Free", ("Free",))
    with pytest.raises(ConfigError, match=r"`contrast` names 'Fre'.*Did you mean 'Free'"):
        load(f'"mine.toml", {FREE}', 'contrast = ["Fre"]')


def test_a_variant_may_be_asked_for_by_name(load):
    found = load(f'"mine.toml", {FREE}', strategies=["Free"])
    assert found.strategies[0].name == "Free"
    assert "Mine" not in rows(found)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (
            '{ strategy = "mine.toml", name = "x", sett = 1, set = { a = 1 } }',
            "Entry 1 .*unknown key 'sett'.*'set'",
        ),
        ('{ strategy = "mine.toml", set = { a = 1 } }', "lacks the key 'name'"),
        ('{ strategy = "mine.toml", name = "x" }', "lacks the key 'set'"),
        ('{ strategy = "mine.toml", name = "x", set = {} }', "`set` is"),
        ('{ strategy = "mine.toml", name = "x", set = 3 }', "`set` is 3"),
        ('{ strategy = "slpp", name = "x", set = { lookback = 60 } }', "Did you mean 'slp'"),
        (f"{FREE}, {FREE}", "Two entries of `strategies` in e.toml are called 'Free'"),
        (f'"mine.toml", {FREE.replace("Free", "Mine")}', "Two strategies are called 'Mine'"),
        (FREE.replace("trading_bps", "tradng_bps"), "variant Free.*unknown key 'tradng_bps'"),
        (FREE.replace("optimise.costs", "optimize.costs"), "variant Free.*'optimize'"),
        (FREE.replace("costs.trading_bps", "model.x"), "`set` of 'Free': .*not a table"),
        (FREE.replace('"optimise.costs.trading_bps"', '""'), "variant Free.*unknown key ''"),
    ],
)
def test_what_is_wrong_with_a_variant_is_said_in_one_line(load, entries, words):
    with pytest.raises(ConfigError, match=words) as error:
        load(entries)
    assert "\n" not in str(error.value)


def test_set_for_an_unknown_variant_names_the_nearest(load):
    with pytest.raises(ConfigError, match=r"unknown key 'Fred'. Did you mean 'Free'"):
        load(FREE, overrides=["Fred.lookback=60"])


def test_the_ablation_changes_one_ingredient_a_row():
    experiment = load_experiment("ablation")
    base = bl.load_strategy("view_free").resolved()
    for entry in experiment.config.strategies:
        if isinstance(entry, str) or entry.strategy != "view_free" or entry.name[0].isdigit():
            continue
        row = rows(experiment)[entry.name].resolved()
        parts = ("features", "prior", "covariance", "optimise")
        assert sum(row[part] != base[part] for part in parts) == 1, entry.name


@pytest.mark.parametrize(
    "change",
    ['"optimise.costs.trading_bps" = 0', "optimise.costs.trading_bps = 0",
     "optimise = { costs = { trading_bps = 0 } }"],
)  # fmt: skip
def test_a_dotted_key_means_the_same_with_and_without_quotes(load, change):
    row = rows(load(f'{{ strategy = "view_free", name = "V", set = {{ {change} }} }}'))["V"]
    costs = bl.load_strategy("view_free").objective().costs
    assert row.objective().costs == bl.Costs(trading_bps=0, horizon=costs.horizon)


def test_a_table_that_is_named_by_its_path_is_replaced(load):
    change = '"optimise.costs" = { trading_bps = { AAPL = 5 } }'
    row = rows(load(f'{{ strategy = "view_free", name = "V", set = {{ {change} }} }}'))["V"]
    assert row.objective().costs == bl.Costs(trading_bps={"AAPL": 5})


@pytest.mark.parametrize("change", ["prior = {}", "optimise.model.x = 1"])
def test_a_table_that_is_no_change_is_refused(load, change):
    with pytest.raises(ConfigError, match=r"prior|optimise"):
        load(f'{{ strategy = "view_free", name = "V", set = {{ {change} }} }}')


def test_a_variant_cannot_take_the_place_of_a_baseline(load):
    entry = '{ strategy = "view_free", name = "equal_weight", set = { lookback = 50 } }'
    with pytest.raises(ConfigError, match="called 'equal_weight'; give each a `name` of its own"):
        load(entry)


@pytest.mark.parametrize("name", ["", " ", "a ", "a\\nb"])
def test_a_variant_has_a_name_of_one_line(load, name):
    with pytest.raises(ConfigError, match="`name` is"):
        load(f'{{ strategy = "view_free", name = "{name}", set = {{ lookback = 50 }} }}')
