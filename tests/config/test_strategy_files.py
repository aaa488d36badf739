import dataclasses

import numpy as np
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.backtest.strategy import Strategy
from blportfolio.config import packaged_names
from blportfolio.priors import PRIORS

BASE = 'name = "s"\n[optimise]\nmodel = "max_sharpe"\n'


@pytest.mark.parametrize("name", packaged_names("strategies"))
def test_every_packaged_strategy_loads_and_builds(name):
    config = bl.load_strategy(name)
    assert Strategy.from_config(config).name == config.name
    assert config.description.endswith(".")


def test_parameters_reach_the_models(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        'name = "s"\nfeatures = [{ name = "momentum", horizons = [5, 9], lag = 2 }, "rsi"]\n'
        '[prior]\nmodel = "shared_latent"\ntau = 0.2\nhorizon = 3\n'
        '[covariance]\nmodel = "ewma"\nhalflife = 11\n'
        '[optimise]\nmodel = "max_sharpe"\nfallback = "cash"\n'
    )
    strategy = Strategy.from_config(bl.load_strategy(file))
    assert strategy.prior == bl.SharedLatentPrior(
        tau=0.2, horizon=3, covariance=bl.EWMACovariance(11)
    )
    assert strategy.objective == bl.MaxSharpe(fallback="cash")
    assert strategy.features[0].feature.horizons == (5, 9)
    assert [choice.lag for choice in strategy.features] == [2, 0]


def test_stated_views_are_read_from_the_file(tmp_path, sample_market):
    file = tmp_path / "s.toml"
    file.write_text(
        BASE + '[prior]\nmodel = "black_litterman"\n'
        "[[prior.views]]\npick = { AAPL = 1.0, MSFT = -1.0 }\nvalue = 0.001\n"
    )
    result = bl.run_backtest(file, sample_market, start="2021-01-01")
    assert set(result.views["view_on"]) == {"AAPL - MSFT = 0.1%"}
    assert (result.views["view"] == 0.001).all()
    assert (result.views["posterior"] > result.views["prior"]).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nmae = 's'\n" + BASE, "unknown key 'nmae'. Did you mean 'name'"),
        (BASE + "[prior]\nmodel = 'shared_latnt'\n", "Did you mean 'shared_latent'"),
        (BASE + "[prior]\nmodel = 'shared_latent'\ntua = 1\n", "'tua'. Did you mean 'tau'"),
        (BASE + "[prior]\nmodel = 'shared_latent'\ntau = -1\n", "`tau` must be a number above 0"),
        (BASE + "[prior]\nmodel = 'shared_latent'\ntau = 'x'\n", "`tau` is 'x'"),
        (BASE + "[prior]\nmodel = 'shared_latent'\ncovariance = 'x'\n", "'covariance'"),
        (BASE + "[prior]\ntau = 1\n", "lacks the key 'model'"),
        (BASE + "[prior]\nmodel = 'black_litterman'\n", "lacks the key 'views'"),
        (
            BASE + "[prior]\nmodel = 'black_litterman'\nviews = [{pick = {A = 1}, valeu = 1}]\n",
            "views",
        ),
        ("features = ['momentun']\n" + BASE, "Did you mean 'momentum'"),
        ("features = [{name = 'rsi', windw = 3}]\n" + BASE, "Did you mean 'window'"),
        ("features = [{name = 'rsi', lag = -1}]\n" + BASE, "`lag`"),
        ("features = [{name = 'rsi', window = 1}]\n" + BASE, "`window`"),
        ("rebalance = 'monthly'\n" + BASE, "rebalance"),
        ("cost_bps = -1\n" + BASE, "cost_bps"),
        ("[optimise]\nmodel = 'max_sharpe'\n", "lacks the key 'name'"),
        (BASE + "fallback = 'csh'\n", "Did you mean 'cash'"),
        ("name = 's'\nname = 't'\n", "not valid TOML"),
    ],
)
def test_a_bad_strategy_file_is_refused_with_the_key_and_the_remedy(tmp_path, text, words):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(bl.ConfigError, match=words):
        bl.load_strategy(file)


def test_learning_views_without_features_is_refused(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(BASE + "[prior]\nmodel = 'shared_latent'\n")
    with pytest.raises(bl.ConfigError, match="learns its views from features"):
        bl.load_strategy(file)


@pytest.mark.parametrize(
    "line", ["rebalance = true", "lookback = true", "cost_bps = 'x'", "rebalance = 2.5"]
)
def test_a_value_of_another_kind_is_refused(tmp_path, line):
    file = tmp_path / "s.toml"
    file.write_text(f"{line}\n{BASE}")
    with pytest.raises(bl.ConfigError, match=line.split()[0]):
        bl.load_strategy(file)


def test_the_resolved_strategy_states_every_default():
    resolved = bl.load_strategy("slp").resolved()
    assert resolved["prior"]["risk_aversion"] == 2.5
    assert resolved["prior"]["ridge"] == 1.0
    assert resolved["features"][0] == {
        "name": "momentum", "optional": False, "lag": 0, "horizons": None
    }  # fmt: skip
    objective = resolved["optimise"]
    assert (objective["model"], objective["fallback"]) == ("max_sharpe", "min_variance")
    assert objective["constraints"]["bounds"] == [0.0, 1.0]
    assert objective["costs"]["trading_bps"] == 0.0


def test_a_registered_prior_without_a_covariance_runs(monkeypatch):
    @dataclasses.dataclass(frozen=True)
    class Flat:
        level: float = 1.0

        def fit(self, window):
            found = bl.HistoricalPrior().fit(window)
            mean = np.full(len(window.assets), self.level)
            return bl.ReturnDistribution(
                mean, found.covariance, found.mean_covariance, window.assets
            )

    monkeypatch.setitem(PRIORS, "flat", Flat)
    config = bl.StrategyConfig(name="flat", prior={"model": "flat", "level": 2.0}, lookback=60)
    result = bl.run_backtest(config, make_market(1, 200, 3))
    assert result.manifest["strategy"]["prior"] == {"model": "flat", "level": 2.0}


def test_a_configuration_made_in_python_has_the_same_errors():
    assert bl.StrategyConfig(name="x", prior="historical").optimise == {"model": "max_sharpe"}
    for values, words in (
        ({"lookbak": 3}, "Did you mean 'lookback'"),
        ({"rebalance": {"every": 21}}, "rebalance"),
        ({"optimise": "max_sharp"}, "Did you mean 'max_sharpe'"),
    ):
        with pytest.raises(bl.ConfigError, match=words):
            bl.StrategyConfig(name="x", **values)
