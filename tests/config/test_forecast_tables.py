"""Forecasters in strategy files: by name, by table, and back."""

import pytest

import blportfolio as bl
from blportfolio.config import packaged_names
from blportfolio.features import Forecast
from blportfolio.forecasters import (
    FORECASTERS,
    AttentionKernelForecaster,
    LinearResidualForecaster,
    MeanForecaster,
)

PRIOR = '[prior]\nmodel = "shared_latent"\nregression = "direct"\n'


def load(folder, features):
    file = folder / "s.toml"
    file.write_text(f'name = "s"\nfeatures = [{features}]\n{PRIOR}')
    return bl.load_strategy(file)


@pytest.mark.parametrize(
    ("table", "feature"),
    [
        ('"forecast"', Forecast()),
        ('{ name = "forecast", forecaster = "mean" }', Forecast(MeanForecaster())),
        (
            '{ name = "forecast", forecaster = { model = "linear_residual", penalties = 0.5 }, '
            'context = 7, horizon = 3, refit = 5, train = "all", pooled = false }',
            Forecast(LinearResidualForecaster(penalties=0.5), 7, 3, 5, "all", pooled=False),
        ),
        ('{ name = "forecast", train = 300 }', Forecast(train=300)),
    ],
)
def test_a_forecaster_is_its_name_or_its_table(tmp_path, table, feature):
    assert load(tmp_path, table).feature_choices()[0].feature == feature


@pytest.mark.parametrize("name", sorted(FORECASTERS))
def test_what_is_resolved_can_be_read_again(tmp_path, name):
    config = load(tmp_path, f'{{ name = "forecast", forecaster = "{name}", lag = 1 }}')
    resolved = config.resolved()
    assert resolved["features"][0]["forecaster"]["model"] == name
    assert bl.StrategyConfig(**resolved).feature_choices() == config.feature_choices()
    assert bl.StrategyConfig(**resolved).resolved() == resolved


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('forecaster = "lineer_residual"', "Did you mean 'linear_residual'"),
        ('forecaster = { model = "mean", windw = 3 }', "'windw'"),
        ("forecaster = 3", "`forecaster` must be a table with a `model`, or a model's name"),
        ("forecaster = {}", "lacks the key 'model'"),
        ("context = 0", "`context` must be a whole number"),
        ('context = "x"', "`context`"),
        ('train = "some"', "`train`"),
        ("contex = 3", "Did you mean 'context'"),
        ("refit = true", "`refit`"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path, table, words):
    with pytest.raises(bl.ConfigError, match=words):
        load(tmp_path, f'{{ name = "forecast", {table} }}')


def test_the_two_strategies_of_the_contest_differ_in_the_forecaster_alone():
    linear, attention = (
        bl.load_strategy(name) for name in ("linear_residual_views", "attention_views")
    )
    assert linear.prior_model() == attention.prior_model()
    assert linear.objective() == attention.objective()
    here, there = (config.feature_choices()[0].feature for config in (linear, attention))
    assert here == Forecast(LinearResidualForecaster())
    # With an intercept, which the paper's model lacks: else it could not say the mean return.
    assert there == Forecast(AttentionKernelForecaster(intercept=True))


def test_the_packaged_contest_runs_on_every_packaged_universe_with_prices():
    from blportfolio.config import load_experiment
    from blportfolio.data import packaged_datasets

    assert "forecast_views" in packaged_names("backtests")
    experiment = load_experiment("forecast_views")
    assert set(experiment.config.universes) == set(packaged_datasets())
    assert experiment.candidates == ("Linear residual views", "Attention views")
    assert experiment.baselines == ("Equal weight", "Minimum variance")
