import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.features import FeatureChoice, Momentum


@dataclass(frozen=True)
class State:
    last: str | None
    n_updates: int
    log_growth: dict[str, float]


@dataclass(frozen=True)
class LearningPrior:
    """Expected returns from everything realised since the first decision."""

    def initial_state(self, assets):
        return State(None, 0, dict.fromkeys(assets, 0.0))

    def update(self, state, window):
        fresh = window.returns
        if state.last is not None:
            fresh = fresh.loc[fresh.index > pd.Timestamp(state.last)]
        growth = np.log1p(fresh).sum()
        total = {a: state.log_growth[a] + float(growth.get(a, 0.0)) for a in state.log_growth}
        return State(str(window.as_of), state.n_updates + 1, total)

    def fit(self, window, state=None):
        plain = bl.HistoricalPrior().fit(window)
        mean = np.array([0.01 + state.log_growth[a] / 100 for a in window.assets])
        return bl.ReturnDistribution(mean, plain.covariance, plain.mean_covariance, window.assets)


@pytest.mark.parametrize("rebalance", ["month_end", 13])
def test_a_replayed_state_is_the_one_the_backtest_had(rebalance):
    market = make_market(1, 300, 4)
    strategy = bl.Strategy("learn", prior=LearningPrior(), lookback=60, rebalance=rebalance)
    result = bl.run_backtest(strategy, market)
    # A numbered schedule counts from the first decision, so replay begins there too.
    for date in result.weights.index[[0, 3, -1]]:
        state = bl.replay_state(
            LearningPrior(), market, as_of=date, schedule=rebalance, lookback=60
        )
        window = bl.make_window(market, as_of=date, lookback=60)
        weights = bl.MaxSharpe().solve(LearningPrior().fit(window, state=state))
        np.testing.assert_allclose(weights, result.weights.loc[date], atol=1e-12)
        assert json.loads(json.dumps(asdict(state))) == asdict(state)
        assert state.n_updates == result.weights.index.get_loc(date) + 1


def test_a_state_is_rebuilt_without_the_future():
    market = make_market(2, 300, 3)
    cut = market.dates[200]
    shorter = bl.MarketData(market.prices.loc[:cut])
    whole = bl.replay_state(LearningPrior(), market, as_of=cut, lookback=60)
    assert whole == bl.replay_state(LearningPrior(), shorter, lookback=60)


def test_a_stateful_strategy_does_not_look_ahead():
    market = make_market(3, 300, 3)
    strategy = bl.Strategy("learn", prior=LearningPrior(), lookback=60, rebalance=10)
    full = bl.run_backtest(strategy, market)
    part = bl.run_backtest(strategy, bl.MarketData(market.prices.iloc[:205]))
    pd.testing.assert_frame_equal(
        part.weights, full.weights.loc[part.weights.index], check_exact=True
    )


def test_two_runs_do_not_share_a_state():
    market = make_market(4, 200, 3)
    strategy = bl.Strategy("learn", prior=LearningPrior(), lookback=60)
    first, second = bl.run_backtest(strategy, market), bl.run_backtest(strategy, market)
    pd.testing.assert_frame_equal(first.weights, second.weights, check_exact=True)


def test_a_prior_without_memory_cannot_be_replayed():
    with pytest.raises(bl.ConfigError, match="keeps no state"):
        bl.replay_state(bl.HistoricalPrior(), make_market(5, 100, 2))


def test_a_prior_without_an_array_core_gives_the_same_weights():
    class Plain:
        def fit(self, window):
            return bl.SharedLatentPrior().fit(window)

    market = make_market(6, 420, 4)
    features = (FeatureChoice(Momentum((5, 20)), "momentum"),)
    fast, slow = (
        bl.run_backtest(
            bl.Strategy("s", prior=prior, features=features, lookback=100, rebalance=20), market
        )
        for prior in (bl.SharedLatentPrior(), Plain())
    )
    pd.testing.assert_frame_equal(fast.weights, slow.weights, rtol=0, atol=1e-12)


class OwnCore(bl.SharedLatentPrior):
    """A user's subclass, with the signatures that the protocols promise."""

    def update(self, state, window):
        return bl.SharedLatentPrior.update(self, state, window)

    def fit_arrays(self, window, state=None):
        return bl.SharedLatentPrior.fit_arrays(self, window, state)


def test_parts_that_a_decision_shares_change_nothing():
    """The window's moments and views are made once for the state and for the answer."""
    market = make_market(11)
    options = {"reference": ["equal", "min_variance"], "tau": [0.001, 0.1]}
    found = [
        bl.run_backtest(
            bl.Strategy("s", prior(**options), features=("momentum",), lookback=60), market
        )
        for prior in (bl.SharedLatentPrior, OwnCore)
    ]
    np.testing.assert_array_equal(found[0].weights, found[1].weights)
