import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.backtest import first_decision, run_experiment
from blportfolio.config import load_experiment


def test_strategies_begin_at_the_first_date_all_of_them_can_decide():
    market = make_market(1, 400, 3)
    short, long = (
        bl.StrategyConfig(name=f"w{n}", optimise={"model": "min_variance"}, lookback=n)
        for n in (40, 150)
    )
    results = run_experiment([short, long], market)
    starts = {result.weights.index[0] for result in results}
    assert starts == {first_decision(long, market)}
    assert first_decision(short, market) < first_decision(long, market)


def test_progress_names_the_strategy_first_in_its_features_then_in_its_decisions():
    calls = []
    forecast = {"name": "forecast", "forecaster": "zero", "refit": 30}
    prior = {"model": "shared_latent", "regression": "direct"}
    strategies = [
        bl.StrategyConfig(name="A", features=(forecast,), prior=prior, lookback=60),
        bl.StrategyConfig(name="B", features=("momentum",), prior="shared_latent", lookback=60),
    ]
    results = run_experiment(
        strategies,
        make_market(1, 200, 2),
        progress=lambda *step: calls.append(("decisions", *step)),
        feature_progress=lambda *step: calls.append(("features", *step)),
    )
    n_decisions, n_refits = len(results[0].weights), len(range(21 + 21 + 63, 200, 30))
    assert calls == [
        *(("features", "A", done, n_refits) for done in range(n_refits + 1)),
        *(("decisions", "A", done + 1, n_decisions) for done in range(n_decisions)),
        *(("decisions", "B", done + 1, n_decisions) for done in range(n_decisions)),
    ]


def test_a_list_means_every_combination(tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text(
        'schema_version = 1\nname = "grid"\nuniverse = "sp500_20"\nstrategies = ["markowitz"]\n'
        '[backtest]\nlookback = [50, 100]\ncost_bps = [0, 10]\nrebalance = "weekly"\n'
    )
    rows = load_experiment(file).strategies
    names = [row.name for row in rows]
    assert names[:4] == [
        "Markowitz (lookback 50, 0 bp)",
        "Markowitz (lookback 50, 10 bp)",
        "Markowitz (lookback 100, 0 bp)",
        "Markowitz (lookback 100, 10 bp)",
    ]
    assert names[4:6] == ["Equal weight (0 bp)", "Equal weight (10 bp)"]  # it trains nothing
    assert len(names) == 10  # and minimum variance is always in the table
    assert {row.rebalance for row in rows} == {"weekly"}


@pytest.mark.parametrize("strategies", [(), ("slp",), ("min_variance", "slp")])
def test_the_baselines_are_always_in_the_table(strategies):
    names = [row.name for row in load_experiment("sample", strategies=strategies).strategies]
    assert {"Equal weight", "Minimum variance"} <= set(names)
    assert len(names) == len(set(names))


def test_settings_come_from_flag_then_experiment_then_strategy(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nlookback = 33\ncost_bps = 3\n[optimise]\nmodel = "min_variance"\n'
    )
    file = tmp_path / "e.toml"
    file.write_text(
        'name = "e"\nuniverse = "sp500_20"\nstrategies = ["mine.toml"]\n[backtest]\ncost_bps = 5\n'
    )
    mine = load_experiment(file).strategies[0]
    assert (mine.lookback, mine.cost_bps) == (33, 5)
    flagged = load_experiment(file, cost_bps=7.0).strategies[0]
    assert (flagged.lookback, flagged.cost_bps) == (33, 7)
    changed = load_experiment(file, overrides=["mine.lookback=44"]).strategies[0]
    assert changed.lookback == 44


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "e"\nuniverse = "x"\n', "lacks the key 'strategies'"),
        ('name = "e"\nuniverse = "x"\nstrategies = ["slp"]\nuniverze = "y"\n', "'universe'"),
        ('name = "e"\nuniverse = "x"\nstrategies = ["spl"]\n', "Did you mean 'slp'"),
        ('name = "a b"\nuniverse = "x"\nstrategies = ["slp"]\n', "`name` is 'a b'"),
        ('name = "e"\nuniverse = "x"\nstrategies = ["slp"]\n[backtest]\ncosts = 1\n', "'costs'"),
        (
            'name = "e"\nuniverse = "x"\nstrategies = ["slp"]\n[backtest]\nlookback = 0\n',
            "lookback",
        ),
        ("name = ", "not valid TOML"),
        (
            'schema_version = 2\nname = "e"\nuniverse = "x"\nstrategies = ["slp"]\n',
            "schema_version",
        ),
    ],
)
def test_a_bad_experiment_file_is_refused_with_the_key(tmp_path, text, words):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(bl.ConfigError, match=words):
        load_experiment(file)


def test_what_is_set_for_one_strategy_wins_over_the_experiment():
    rows = load_experiment("sample", overrides=["slp.lookback=99", "slp.cost_bps=77"]).strategies
    by_name = {row.name: (row.lookback, row.cost_bps) for row in rows}
    assert by_name["SLP-BL"] == (99, 77)
    assert by_name["Markowitz"] == (252, 10)
