"""Resampled weights: what they are, what they keep and what is refused."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError, InfeasibleError
from blportfolio.optimise import OBJECTIVES, Constraints, MeanVariance, Resampled, weight_spread

SEEDS = st.integers(0, 2**32 - 1)
LABELS = tuple("ABCDE")
STRATEGY = {"name": "s", "prior": "equilibrium", "optimise": {"model": "resampled"}}


def make_distribution(seed=0, *, uncertainty=0.05, mean=3e-3):
    rng = np.random.default_rng(seed)
    return bl.ReturnDistribution(
        rng.normal(mean, 1e-3, size=5),
        random_covariance(rng, 5),
        uncertainty * random_covariance(rng, 5),
        LABELS,
    )


@given(SEEDS)
@settings(max_examples=15)
def test_weights_are_the_mean_of_the_spread(seed):
    distribution = make_distribution(seed)
    weights = Resampled(n_draws=30, seed=7).solve(distribution)
    np.testing.assert_array_equal(weights, weight_spread(distribution, n_draws=30, seed=7)["mean"])
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights >= 0).all()
    solution = weights.attrs["solution"]
    assert solution["status"] == "heuristic"
    assert max(solution["residuals"].values()) <= 1e-12


def test_the_same_seed_gives_the_same_weights_and_another_others():
    distribution = make_distribution()
    first = Resampled(n_draws=10).solve(distribution)
    pd.testing.assert_series_equal(Resampled(n_draws=10).solve(distribution), first)
    assert not Resampled(n_draws=10, seed=1).solve(distribution).equals(first)


@given(SEEDS)
@settings(max_examples=15)
def test_the_order_of_assets_does_not_matter(seed):
    distribution = make_distribution(seed)
    order = np.random.default_rng(seed).permutation(5)
    turned = bl.ReturnDistribution(
        distribution.mean_series,
        distribution.covariance_frame,
        pd.DataFrame(distribution.mean_covariance, LABELS, LABELS),
        [LABELS[i] for i in order],
    )
    found = Resampled(n_draws=20).solve(turned)[list(LABELS)]
    np.testing.assert_allclose(found, Resampled(n_draws=20).solve(distribution), atol=1e-9)


def test_twins_whose_means_cross_exchange_all_weight_in_max_sharpe_and_little_here():
    covariance = 1e-4 * np.array([[1.0, 0.999], [0.999, 1.0]])

    def weights(objective, gap):
        distribution = bl.ReturnDistribution(
            [1e-3 + gap, 1e-3 - gap], covariance, 0.05 * covariance, ("A", "B")
        )
        return objective.solve(distribution)["A"]

    step = 5e-6
    assert weights(bl.MaxSharpe(), step) - weights(bl.MaxSharpe(), -step) == 1.0
    assert abs(weights(Resampled(), step) - weights(Resampled(), -step)) < 0.1


def test_a_known_mean_changes_nothing_and_is_remarked():
    distribution = make_distribution(uncertainty=0.0)
    weights = Resampled().solve(distribution)
    np.testing.assert_array_equal(weights, bl.MaxSharpe().solve(distribution))
    assert weights.attrs["solution"]["status"] == "optimal"
    assert "resampling changes nothing" in weights.attrs["solution"]["remarks"][0]


def test_the_uncertainty_of_the_mean_is_needed():
    with pytest.raises(DataError, match=r"Resampled .*needs Cov\[θ\]"):
        Resampled().solve_arrays(np.ones(2), np.eye(2))


def test_draws_that_fall_back_are_remarked_and_all_of_them_are_a_fallback():
    some = Resampled().solve(make_distribution(2, mean=0.0, uncertainty=0.2))
    solution = some.attrs["solution"]
    assert solution["fallback"] is None
    assert any("of 100 draws fell back to min_variance" in text for text in solution["remarks"])
    distribution = make_distribution(mean=-1.0)
    weights = Resampled().solve(distribution)
    assert weights.attrs["solution"]["status"] == "fallback"
    assert weights.attrs["solution"]["fallback"] == "min_variance"
    np.testing.assert_allclose(weights, bl.MinVariance().solve(distribution), atol=1e-12)


def test_the_cash_fallback_leaves_its_share_of_the_draws_in_cash():
    distribution = bl.ReturnDistribution([0.0], [[1e-4]], [[1e-6]], ("A",))
    weights = Resampled(bl.MaxSharpe(fallback="cash"), n_draws=50).solve(distribution)
    assert weights["A"] == pytest.approx(0.5, abs=1e-15)
    assert weights.attrs["solution"]["cash"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"objective": bl.MaxSharpe}, r"`objective` must be an objective such as MaxSharpe\(\)"),
        ({"objective": Resampled()}, "resampled already"),
        ({"objective": bl.MaxSharpe(constraints=Constraints(max_assets=3))}, "`max_assets`"),
        ({"objective": bl.MaxSharpe(constraints=Constraints(min_weight=0.1))}, "`min_weight`"),
        ({"n_draws": 0}, "`n_draws`"),
        ({"seed": 0.5}, "`seed`"),
    ],
)
def test_what_cannot_be_averaged_is_refused(arguments, words):
    with pytest.raises(ConfigError, match=words):
        Resampled(**arguments)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (3, "`objective` must be a table"),
        ("max_sharp", "Did you mean 'max_sharpe'"),
        ({}, "`objective` in .* lacks the key 'model'"),
        ({"model": "max_sharpe", "fallbak": "cash"}, "unknown key 'fallbak'"),
        ({"model": "max_sharpe", "fallback": "csh"}, "Did you mean 'cash'"),
        ("resampled", "resampled already"),
    ],
)
def test_a_bad_objective_in_a_file_is_named(table, words):
    with pytest.raises(ConfigError, match=words):
        bl.StrategyConfig(name="s", optimise={"model": "resampled", "objective": table})


@pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - {"resampled"}))
def test_a_file_can_name_the_objective_or_give_its_table(name):
    def config(objective):
        return bl.StrategyConfig(name="s", optimise={"model": "resampled", "objective": objective})

    built = config(name)
    assert built.objective() == Resampled(OBJECTIVES[name]())
    assert config({"model": name}).objective() == built.objective()
    resolved = built.resolved()["optimise"]
    assert resolved["objective"]["model"] == name
    again = bl.StrategyConfig(name="s", optimise=resolved)
    assert again.objective() == built.objective()


def test_a_backtest_resamples_at_every_decision():
    market = make_market(3, n_dates=200, periods_per_year=252)
    config = bl.StrategyConfig(**STRATEGY, lookback=60)
    result = bl.run_backtest(config, market)
    decision = result.weights.index[-1]
    window = bl.make_window(market, decision, 60)
    expected = Resampled().solve(bl.EquilibriumPrior().fit(window))
    np.testing.assert_allclose(result.weights.loc[decision], expected, atol=1e-12)
    plain = bl.run_backtest(
        bl.StrategyConfig(**{**STRATEGY, "optimise": "max_sharpe"}, lookback=60), market
    )
    assert not np.allclose(plain.weights, result.weights, atol=1e-3)


def test_learned_views_resampled_trade_less_on_the_packaged_industries(industries):
    base = {**bl.load_strategy("slp").model_dump(), "rebalance": 6}
    turnover = [
        bl.summarise(
            bl.run_backtest(bl.StrategyConfig(**{**base, "optimise": optimise}), industries)
        )["turnover"]
        for optimise in ({"model": "resampled", "n_draws": 30}, {"model": "max_sharpe"})
    ]
    assert turnover[0] < turnover[1] / 2


def constrained(**limits):
    return MeanVariance(constraints=Constraints(**limits))


def test_convex_limits_survive_the_average():
    distribution = make_distribution(4)
    previous = pd.Series(0.2, index=list(LABELS))
    limits = {
        "bounds": (0.05, 0.4),
        "groups": {"g": ["A", "B"]},
        "group_bounds": {"g": (0.3, 0.5)},
        "turnover": 0.25,
    }
    weights = Resampled(constrained(**limits), n_draws=12).solve(
        distribution, previous_weights=previous
    )
    assert weights.between(0.05 - 1e-9, 0.4 + 1e-9).all()
    assert 0.3 - 1e-9 <= weights[["A", "B"]].sum() <= 0.5 + 1e-9
    assert (weights - previous).abs().sum() / 2 <= 0.25 + 1e-9
    assert weights.sum() == pytest.approx(1.0, abs=1e-9)


def test_limits_that_nothing_meets_are_infeasible_here_too():
    with pytest.raises(InfeasibleError):
        Resampled(constrained(bounds=(0, 0.1)), n_draws=3).solve(make_distribution())
