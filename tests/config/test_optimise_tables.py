"""`[optimise]` in files: what it resolves to says the same again, and what is wrong is named."""

import json

import pytest

import blportfolio as bl
from blportfolio.optimise import OBJECTIVES

CONSTRAINTS = {
    "bounds": {"A": [0, 0.3], "*": ["open", 0.5]},
    "gross_exposure": 1.5,
    "groups": {"A": "G", "B": "G"},
    "group_bounds": {"G": [0.1, float("inf")]},
    "linear": [{"name": "x", "weights": {"A": 1, "B": -1}, "lower": 0}],
    "factors": {"beta": {"A": 1.1, "B": 0.9}},
    "factor_bounds": {"beta": [0.8, 1.2]},
    "turnover": 0.1,
    "trade_bounds": {"A": 0.05},
    "relax": True,
    "tracking_error": 0.01,
    "benchmark": {"A": 0.5, "B": 0.5},
}
COSTS = {"trading_bps": 10, "impact_bps": {"A": 3}, "holding_bps": 1, "borrow_bps": 2, "horizon": 5}
OWN = {
    "mean_variance": {"risk_aversion": 4},
    "target_return": {"target": 0.1, "unit": "year", "fallback": "nearest"},
    "robust_mean_variance": {"confidence": 0.9, "region": "joint", "radius": 2},
    "min_cvar": {"level": 0.9, "scenarios": "gaussian"},
    "min_tracking_error": {"benchmark": {"A": 1}},
    "risk_parity": {"budgets": {"A": 1, "B": 2}},
    "resampled": {"n_draws": 7, "seed": 3},
}


def full_table(name):
    """A table with every key that the objective takes."""
    table = {"model": name, **OWN.get(name, {})}
    fields = OBJECTIVES[name].__dataclass_fields__
    if "constraints" in fields:
        lower = -float("inf")
        bounds = {key: [lower if a == "open" else a, b] for key, (a, b) in
                  CONSTRAINTS["bounds"].items()}  # fmt: skip
        table["constraints"] = {**CONSTRAINTS, "bounds": bounds}
    if "costs" in fields:
        table["costs"] = COSTS
    if name == "resampled":
        table["objective"] = full_table("mean_variance")
    return table


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("is_full", [False, True])
def test_a_resolved_strategy_builds_the_same_objective(name, is_full):
    table = full_table(name) if is_full else {"model": name}
    config = bl.StrategyConfig(name="s", optimise=table)
    document = json.loads(json.dumps(config.resolved(), allow_nan=False))
    again = bl.StrategyConfig(**document)
    assert again.objective() == config.objective()
    assert again.resolved() == document
    default = bl.StrategyConfig(name="s", optimise=name).objective()
    assert (config.objective() == default) is (table == {"model": name})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[optimise.constraints]\nbounds.AAPL = [0]", "`bounds of AAPL` must be a pair"),
        ("[optimise.constraints]\nturnovr = 1", "'turnovr'. Did you mean 'turnover'"),
        ("[optimise.constraints]\ngroup_bounds.Tech = [0, 1]", "unknown 'Tech'"),
        ("[optimise.constraints]\nmax_assets = 2.5", "`max_assets` must be a whole number"),
        ("[optimise.costs]\ntrading = 3", "'trading'. Did you mean 'trading_bps'"),
        ("[optimise.costs]\nimpact_bps.AAPL = -1", "`impact_bps of AAPL` must be 0 or more"),
        (
            '[[optimise.constraints.linear]]\nname = "x"\nweights.A = 1\nlowr = 0',
            "'lowr'. Did you mean 'lower'",
        ),
    ],
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_wrong_key_deep_inside_is_named_with_its_file(tmp_path, table, words, is_nested):
    file = tmp_path / "mine.toml"
    text = f'name = "s"\n[optimise]\nmodel = "mean_variance"\n{table}\n'
    if is_nested:
        inner = text.removeprefix('name = "s"\n').replace("optimise", "optimise.objective")
        text = f'name = "s"\n[optimise]\nmodel = "resampled"\n{inner}'
    file.write_text(text)
    with pytest.raises(bl.ConfigError, match=r"^In 'mine\.toml': .*\[optimise\]") as error:
        bl.load_strategy(file)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


BY_NAME = 'name = "s"\noptimise = "mean_variance"\n'


@pytest.mark.parametrize("text", [BY_NAME, 'name = "s"\n'])
def test_set_reaches_a_model_given_by_name_or_left_to_its_default(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    experiment = bl.config.load_experiment(
        "sample",
        strategies=[str(tmp_path / "mine.toml")],
        overrides=["mine.optimise.constraints.turnover=0.1"],
    )
    assert experiment.strategies[0].objective().constraints.turnover == 0.1


def test_set_takes_names_with_dots_in_quotes_and_the_star(tmp_path):
    (tmp_path / "mine.toml").write_text(BY_NAME)
    key = "mine.optimise.constraints.bounds"
    experiment = bl.config.load_experiment(
        "sample",
        strategies=[str(tmp_path / "mine.toml")],
        overrides=[f'{key}."BRK.B"=[0, 0.1]', f"{key}.*=[0, 0.3]"],
    )
    bounds = experiment.strategies[0].objective().constraints.bounds
    assert bounds == {"BRK.B": (0, 0.1), "*": (0, 0.3)}


@pytest.mark.parametrize("override", ["mine..x=1", ".mine=1", "mine.=1", "=1", "mine.x"])
def test_a_broken_setting_is_refused(tmp_path, override):
    (tmp_path / "mine.toml").write_text(BY_NAME)
    with pytest.raises(bl.ConfigError, match="--set takes key=value"):
        bl.config.load_experiment(
            "sample", strategies=[str(tmp_path / "mine.toml")], overrides=[override]
        )


def test_set_inside_what_is_no_table_says_what_stands_there(tmp_path):
    text = BY_NAME.replace(
        '"mean_variance"', '{model = "mean_variance", constraints = {bounds = [0, 0.2]}}'
    )
    (tmp_path / "mine.toml").write_text(text)
    key = "mine.optimise.constraints.bounds.AAPL"
    with pytest.raises(bl.ConfigError, match=rf"--set {key}: `bounds` is \[0, 0.2\], not a table"):
        bl.config.load_experiment(
            "sample", strategies=[str(tmp_path / "mine.toml")], overrides=[f"{key}=[0, 0.1]"]
        )
