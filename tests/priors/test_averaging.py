"""Averages over hyper-parameters, weighted by the evidence of past decisions."""

import json
import pickle
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import FeatureChoice, choose_features
from blportfolio.priors.mixed_effects import MixedEffectsPrior
from blportfolio.types import FrozenState

SEEDS = st.integers(0, 2**32 - 1)
GRIDS = [
    bl.SharedLatentPrior(horizon=5, tau=(0.01, 0.1, 1.0)),
    bl.SharedLatentPrior(horizon=5, tau=(0.02, 0.2), risk_aversion=(1.0, 4.0)),
    bl.FeatureInfluencedPrior(horizon=5, view_scale=(0.1, 1.0, 10.0), strength=(2.0, 20.0)),
    bl.FeatureInfluencedPrior(horizon=5, view_scale=(0.3, 3.0), view_on="relative"),
    MixedEffectsPrior(
        horizon=5, tau=(0.05, 0.5), view_scale=(0.5, 2.0), views=(bl.View({"A1": 1.0}, 1e-3),),
        gamma=0.7,
    ),
]  # fmt: skip
ALL = pytest.mark.parametrize("prior", GRIDS, ids=["tau", "tau delta", "fiv", "relative", "mixed"])


def window_of(seed, n_obs=80, n_assets=4, *, realised=None, order=None):
    """Returns of a random walk and features that know a little about the next one."""
    rng = np.random.default_rng(seed)
    returns = make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
    values = rng.normal(size=(n_obs, n_assets, 2))
    values[:-1, :, 0] += 30 * returns.to_numpy()[1:]
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), ("f", "g"))
    columns = list(returns.columns if order is None else returns.columns[order])
    return bl.TrainingWindow(returns[columns], features=panel, realised=realised)


def returns_since(seed, n_assets=4):
    return make_prices(seed, 22, n_assets).pct_change().iloc[1:]


def learned_state(prior, count=3, seed=50):
    """A state after several decisions."""
    state = prior.initial_state(())
    for step in range(count):
        realised = returns_since(seed + step) if step else None
        state = prior.update(state, window_of(seed + step, realised=realised))
    return state


def state_with_weights(prior, weights):
    """A state of a prior without a record, in which its combinations have these weights."""
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(weights), -1e4)
    scores = dict(zip(prior.labels(), logs.tolist(), strict=True))
    return FrozenState({"decisions": 9, "scores": scores})


def members(prior, window, state):
    """Each combination as a prior of its own, fitted with the record but without scores."""
    found = []
    for label, alone in zip(prior.labels(), singles(prior), strict=True):
        known = None
        if state is not None and "records" in state:
            records = {"fixed": state["records"][label]}
            known = {**state, "scores": {"fixed": 0.0}, "records": records}
        found.append(alone.fit(window, known))
    return found


def singles(prior):
    """Each combination as a prior of its own."""
    names = prior.averaged_parameters
    return [
        replace(prior, **{name: getattr(setting, name) for name in names})
        for setting in prior.settings()
    ]


def test_a_list_of_one_is_that_one():
    window = window_of(1)
    for prior in (bl.SharedLatentPrior, bl.FeatureInfluencedPrior, MixedEffectsPrior):
        single, listed = prior(horizon=5, tau=0.1), prior(horizon=5, tau=[0.1], view_scale=(1.0,))
        assert single == listed
        here, there = single.fit(window), listed.fit(window)
        for name in ("mean", "covariance", "mean_covariance"):
            np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
        assert listed.labels() == ("fixed",)


@pytest.mark.parametrize("values", [[0.01, 0.1], np.array([0.01, 0.1])])
def test_a_list_and_an_array_are_kept_as_a_tuple(values):
    prior = bl.SharedLatentPrior(tau=values)
    assert prior == bl.SharedLatentPrior(tau=(0.01, 0.1))
    assert hash(prior.tau) == hash((0.01, 0.1))
    assert prior.labels() == ("tau=0.01", "tau=0.1")


@ALL
def test_without_a_state_and_before_any_evidence_all_weigh_the_same(prior):
    count = len(prior.settings())
    expected = np.full(count, 1 / count)
    np.testing.assert_allclose(prior.weights(None), expected)
    np.testing.assert_allclose(prior.weights(prior.initial_state(())), expected)
    first = prior.update(prior.initial_state(()), window_of(2))
    np.testing.assert_allclose(prior.weights(first), expected)


@ALL
@pytest.mark.parametrize("learned", [False, True])
def test_the_average_has_the_total_moments_of_its_members(prior, learned):
    window = window_of(3)
    state = learned_state(prior) if learned else None
    weights = prior.weights(state)
    found, parts = prior.fit(window, state), members(prior, window, state)
    mean = sum(w * part.mean for w, part in zip(weights, parts, strict=True))
    second = sum(
        w * (part.mean_covariance + np.outer(part.mean, part.mean))
        for w, part in zip(weights, parts, strict=True)
    )
    spread = second - np.outer(mean, mean)
    sigma = window.returns.cov().to_numpy()
    np.testing.assert_allclose(found.mean, mean, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found.mean_covariance, spread, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(found.covariance, sigma + spread, rtol=1e-9, atol=1e-14)
    assert np.linalg.eigvalsh(found.mean_covariance)[0] >= -1e-18
    evidence = logsumexp([part.log_evidence for part in parts], b=weights)
    assert found.log_evidence == pytest.approx(evidence, abs=1e-8)


@ALL
def test_scores_are_summed_log_predictive_densities_and_weights_follow_them(prior):
    """Log N(r̄; E[θ], Σ'/h + Cov[θ]) of each member as it stood at the decision before.

    Σ' has the eigenvalues of Σ scaled as 21 returns of 4 assets dispersed along them.
    """
    state, total = prior.initial_state(()), np.zeros(len(prior.settings()))
    s, shape = 1.0, np.ones(4)
    for step in range(4):
        realised = None
        if step:
            realised = (1 + step) * returns_since(60 + step)  # wilder from month to month
            before = window_of(60 + step - 1)
            sigma = before.returns.cov().to_numpy()
            values, vectors = np.linalg.eigh(sigma)
            ratio = 20 * np.var(realised.to_numpy() @ vectors, axis=0, ddof=1) / values
            s = ((ratio / shape).sum() + 50 * s) / (4 * 20 + 50)
            shape = (ratio / s + 50 * shape) / (20 + 50)
            shape /= shape.mean()
            noise = (vectors * (s * shape * values)) @ vectors.T / 21
            for k, part in enumerate(members(prior, before, state)):
                law = multivariate_normal(part.mean, noise + part.mean_covariance)
                total[k] += law.logpdf(realised.mean())
        state = prior.update(state, window_of(60 + step, realised=realised))
        assert state["dispersion"]["size"] == pytest.approx(s, rel=1e-9)
        np.testing.assert_allclose(list(state["scores"].values()), total, atol=1e-6)
        np.testing.assert_allclose(prior.weights(state), softmax(total), atol=1e-6)
    assert state["decisions"] == 4
    assert s > 3


def test_a_single_setting_has_nothing_to_compare_and_measures_no_dispersion():
    for prior in (bl.SharedLatentPrior(horizon=5), bl.FeatureInfluencedPrior(horizon=5)):
        state = learned_state(prior)
        assert state["dispersion"] == {"size": 1.0, "shape": (1.0,)}
        assert dict(state["scores"]) == {"fixed": 0.0}


RECORDED = [
    bl.FeatureInfluencedPrior(horizon=5, tau=(0.01, 0.2), view_scale=(0.3, 3.0)),
    bl.FeatureInfluencedPrior(horizon=5, view_scale=(0.1, 10.0), strength=(2.0, 20.0)),
    bl.FeatureInfluencedPrior(horizon=5, risk_aversion=(1.0, 9.0), view_on="relative"),
]


@pytest.mark.parametrize("prior", RECORDED, ids=["tau", "strength", "relative"])
def test_each_setting_keeps_the_record_that_it_would_keep_alone(prior):
    state = learned_state(prior, count=5)
    assert tuple(state["records"]) == prior.labels()
    assert state["view_on"] == prior.view_on
    for label, alone in zip(prior.labels(), singles(prior), strict=True):
        assert learned_state(alone, count=5)["records"]["fixed"] == state["records"][label]


def test_records_of_settings_differ_by_what_their_law_of_omega_says():
    """Not so by δ: an error is what the view missed, whatever the prior mean."""
    for prior, distinct in zip(RECORDED, (4, 4, 1), strict=True):
        records = learned_state(prior)["records"]
        found = {json.dumps(document, sort_keys=True) for document in records.values()}
        assert len(found) == distinct


def assert_views_explain(fitted, prior, window, state):
    views, arrays = fitted.views, prior.fit_arrays(window.arrays(), state).views
    size = np.abs(fitted.mean).max()
    step = fitted.mean - views.prior_mean
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=0, atol=1e-8 * size)
    datum = views.mean if arrays.datum is None else arrays.datum
    cross = views.prior_covariance @ views.pick.T
    total = views.pick @ cross + views.effective_view_covariance
    move = cross @ np.linalg.solve(total, datum - views.pick @ views.prior_mean)
    np.testing.assert_allclose(move, step, rtol=0, atol=1e-8 * size)


@ALL
@given(seed=SEEDS, learned=st.booleans())
@settings(max_examples=6)
def test_the_effective_view_covariance_reproduces_the_averaged_mean(prior, seed, learned):
    window = window_of(seed)
    state = learned_state(prior) if learned else None
    assert_views_explain(prior.fit(window, state), prior, window, state)


@given(seed=SEEDS, n_assets=st.integers(1, 5), tilt=st.floats(0, 3))
@settings(max_examples=40)
def test_views_explain_the_average_over_tau_and_delta_whatever_the_weights(seed, n_assets, tilt):
    """Members then differ in θ0 too, and their weights need not be a product."""
    window = window_of(seed, n_assets=n_assets)
    prior = bl.SharedLatentPrior(horizon=5, tau=(0.01, 0.05, 0.25), risk_aversion=(1.0, 2.5, 10.0))
    logs = tilt * np.random.default_rng(seed).normal(size=9)
    state = state_with_weights(prior, softmax(logs))
    assert_views_explain(prior.fit(window, state), prior, window, state)


def test_an_average_of_opposed_members_can_still_be_fitted():
    """Half a vague bearish prior, half a sure bullish one, as evidence may have it."""
    prior = bl.SharedLatentPrior(horizon=5, tau=(0.01, 1.0), risk_aversion=(1.0, 60.0))
    state = state_with_weights(prior, np.array([0.0, 0.5, 0.5, 0.0]))
    window = window_of(0)
    arrays = prior.fit_arrays(window.arrays(), state)
    fitted = prior.fit(window, state)
    np.testing.assert_array_equal(fitted.mean, arrays.mean)
    step = fitted.mean - fitted.views.prior_mean
    np.testing.assert_allclose(fitted.views.attribution.sum(axis=1), step, atol=1e-9)


def test_an_average_without_views_is_one_of_prior_means():
    window = bl.TrainingWindow(window_of(4).returns)
    prior = bl.SharedLatentPrior(risk_aversion=(1.0, 3.0))
    fitted = prior.fit(window)
    parts = [bl.EquilibriumPrior("min_variance", risk_aversion=d).fit(window) for d in (1.0, 3.0)]
    np.testing.assert_allclose(fitted.mean, (parts[0].mean + parts[1].mean) / 2, rtol=1e-12)
    gap = (parts[1].mean - parts[0].mean) / 2
    expected = parts[0].mean_covariance + np.outer(gap, gap)
    np.testing.assert_allclose(fitted.mean_covariance, expected, rtol=1e-10)
    assert fitted.views is None


def test_with_fewer_returns_than_assets_an_average_is_still_finite_and_explained():
    window = window_of(5, n_obs=30, n_assets=40)
    for prior in GRIDS[:4]:
        fitted = prior.fit(window)
        assert np.isfinite(fitted.mean).all()
        step = fitted.mean - fitted.views.prior_mean
        size = np.abs(step).max()
        np.testing.assert_allclose(fitted.views.attribution.sum(axis=1), step, atol=1e-5 * size)


@ALL
def test_a_state_is_frozen_equal_after_json_and_pickle_and_fits_the_same(prior):
    state, window = learned_state(prior), window_of(6)
    text = json.loads(json.dumps(state))
    again = FrozenState(text)
    assert again == state
    assert pickle.loads(pickle.dumps(state)) == state  # noqa: S301, our own bytes
    for change in (
        lambda: state.update(decisions=0),
        lambda: state["scores"].clear(),
        lambda: state["pending"]["sigma"].pop("A0"),
        lambda: state["pending"]["sigma"]["A0"].__setitem__(0, 1.0),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()
    for same in (text, again, pickle.loads(pickle.dumps(state))):  # noqa: S301
        np.testing.assert_array_equal(prior.fit(window, same).mean, prior.fit(window, state).mean)
    onward = window_of(7, realised=returns_since(70))
    assert prior.update(text, onward) == prior.update(state, onward)


@ALL
def test_a_state_does_not_depend_on_the_order_of_keys_in_its_json(prior):
    """As of any JSON object; the project itself writes files with sorted keys."""
    window = window_of(8, order=[2, 0, 3, 1])
    state = prior.update(prior.initial_state(window.assets), window)
    for step in (1, 2):
        realised = returns_since(80 + step)[list(window.assets)]
        nxt = window_of(8 + step, order=[2, 0, 3, 1], realised=realised)
        other = json.loads(json.dumps(state, sort_keys=True))
        assert FrozenState(other) == state
        np.testing.assert_allclose(prior.fit(nxt, other).mean, prior.fit(nxt, state).mean)
        here, there = prior.update(state, nxt), prior.update(other, nxt)
        np.testing.assert_allclose(prior.weights(there), prior.weights(here), rtol=1e-6)
        state = here


@pytest.mark.parametrize(
    "other",
    [
        bl.SharedLatentPrior(tau=(0.01, 0.1)),
        bl.SharedLatentPrior(tau=(0.01, 0.1, 2.0)),
        bl.SharedLatentPrior(view_scale=(0.01, 0.1, 1.0)),
        bl.SharedLatentPrior(),
    ],
)
def test_a_state_learned_with_other_settings_is_refused(other):
    prior, window = GRIDS[0], window_of(9)
    state = learned_state(prior)
    with pytest.raises(ConfigError, match=r"tau=0.01, tau=0.1.*bl\.replay_state"):
        replace(other, horizon=5).update(state, window)
    for use in (other.weights, lambda s: replace(other, horizon=5).fit(window, s)):
        with pytest.raises(ConfigError, match=r"bl\.replay_state"):
            use(state)


def test_settings_that_differ_in_the_seventh_digit_stay_apart():
    prior = bl.SharedLatentPrior(horizon=5, tau=(0.05, 0.05000001))
    assert len(set(prior.labels())) == 2
    state = learned_state(prior, count=1)
    np.testing.assert_allclose(prior.weights(state), 0.5)
    assert np.isfinite(prior.fit(window_of(10), state).mean).all()


def test_returns_of_other_assets_than_the_last_decision_are_refused():
    prior = GRIDS[0]
    state = prior.update(prior.initial_state(()), window_of(11))
    wrong = returns_since(12).rename(columns={"A3": "B"})
    with pytest.raises(DataError, match="realised"):
        prior.update(state, window_of(12, realised=wrong))


@dataclass(frozen=True)
class Given:
    """A feature from a table, and nothing computed."""

    requires: ClassVar[tuple[str, ...]] = ()
    table: pd.DataFrame = field(compare=False)

    def compute(self, market):
        return {"signal": self.table.reindex(market.dates)}


def simulated(seed, n_dates=900, *, strength=0.0, n_assets=3):
    """Returns around the equilibrium of an equal reference, plus a persistent signal's share.

    With `strength` 0 nothing is predictable and expected returns are δΣw.
    """
    rng = np.random.default_rng(seed)
    corr = 0.3 + 0.7 * np.eye(n_assets)
    sigma = 1e-4 * corr
    signal = np.zeros((n_dates, n_assets))
    for t in range(1, n_dates):
        signal[t] = 0.97 * signal[t - 1] + np.sqrt(1 - 0.97**2) * rng.normal(size=n_assets)
    returns = rng.multivariate_normal(2.5 * sigma.mean(axis=1), sigma, size=n_dates)
    returns[1:] += 0.01 * strength * signal[:-1]
    dates = pd.bdate_range("2000-01-03", periods=n_dates)
    names = [f"A{i}" for i in range(n_assets)]
    prices = pd.DataFrame(100 * np.cumprod(1 + returns, axis=0), index=dates, columns=names)
    table = pd.DataFrame(signal, index=dates, columns=names)
    return bl.MarketData(prices), (FeatureChoice(Given(table), "signal"),)


SEARCHES = {
    "slp": bl.SharedLatentPrior(
        horizon=10, tau=(0.005, 0.5), reference="equal", feature_uncertainty="parameter"
    ),
    "fiv tau": bl.FeatureInfluencedPrior(horizon=10, tau=(0.005, 0.5), reference="equal"),
    "fiv scale": bl.FeatureInfluencedPrior(
        horizon=10, tau=0.02, view_scale=(100.0, 0.1), reference="equal", track_record=False
    ),
}


@pytest.mark.parametrize("name", list(SEARCHES))
def test_where_nothing_is_predictable_weight_moves_to_the_surest_prior(name):
    weights = []
    for seed in range(6):
        market, signal = simulated(seed)
        state = bl.replay_state(SEARCHES[name], market, features=signal, lookback=120)
        weights.append(SEARCHES[name].weights(state)[0])
    assert min(weights) > 0.7
    assert np.mean(weights) > 0.9


@pytest.mark.parametrize("name", list(SEARCHES))
def test_where_features_predict_weight_moves_to_those_who_listen(name):
    weights = []
    for seed in range(6):
        market, signal = simulated(seed, strength=0.5)
        state = bl.replay_state(SEARCHES[name], market, features=signal, lookback=120)
        weights.append(SEARCHES[name].weights(state)[0])
    assert max(weights) < 0.01


MARKET_PRIOR = bl.FeatureInfluencedPrior(horizon=5, tau=(0.01, 0.2), view_scale=(0.3, 3.0))
MOMENTUM = choose_features(["momentum"])


def replayed(market, **options):
    return bl.replay_state(MARKET_PRIOR, market, features=MOMENTUM, lookback=60, **options)


def test_neither_deleting_nor_scrambling_the_future_changes_a_state():
    market = make_market(1, 620, 3)
    cut = market.dates[510]
    prices = market.prices.copy()
    prices.iloc[511:] *= np.random.default_rng(0).uniform(0.2, 5, size=prices.iloc[511:].shape)
    state = replayed(market, as_of=cut)
    assert state["decisions"] > 5
    assert replayed(bl.MarketData(prices), as_of=cut) == state
    assert replayed(bl.MarketData(market.prices.loc[:cut])) == state


class Spy:
    """The prior, noting every state that it is asked to fit with."""

    def __init__(self):
        self.states = []

    def initial_state(self, assets):
        return MARKET_PRIOR.initial_state(assets)

    def update(self, state, window):
        return MARKET_PRIOR.update(state, window)

    def fit(self, window, state=None):
        self.states.append(state)
        return MARKET_PRIOR.fit(window, state)


def test_replay_gives_the_state_of_a_backtest_and_its_last_decision():
    market = make_market(2, 620, 3)
    spy = Spy()
    options = {"features": MOMENTUM, "lookback": 60, "rebalance": "month_end"}
    bl.run_backtest(bl.Strategy("spy", prior=spy, **options), market)
    result = bl.run_backtest(bl.Strategy("plain", prior=MARKET_PRIOR, **options), market)
    dates = result.weights.index
    for place in (0, 8, len(dates) - 1):
        assert replayed(market, as_of=dates[place]) == spy.states[place]
    window = bl.make_window(market, dates[-1], 60, ["momentum"])
    fitted = MARKET_PRIOR.fit(window, spy.states[-1])
    last = result.views[result.views["date"] == dates[-1]]
    assert tuple(last["view_on"]) == fitted.views.labels
    np.testing.assert_allclose(last["view"], fitted.views.mean, rtol=1e-9)
    np.testing.assert_allclose(last["prior"], fitted.views.prior_mean, rtol=1e-9)
    np.testing.assert_allclose(last["posterior"], fitted.mean, rtol=1e-9)
    deviation = np.sqrt(np.diagonal(fitted.views.effective_view_covariance))
    np.testing.assert_allclose(last["standard_deviation"], deviation, rtol=1e-9)
    weights = bl.MaxSharpe().solve(fitted)
    np.testing.assert_allclose(weights, result.weights.loc[dates[-1]], atol=1e-10)


@pytest.mark.parametrize("trouble", ["delisted", "late", "blind", "gone after a day"])
def test_assets_that_come_go_or_lose_their_features_do_not_poison_what_is_learned(trouble):
    market = make_market(3, 620, 4)
    prices, features = market.prices.copy(), MOMENTUM
    if trouble == "delisted":
        prices.iloc[500:, 1] = np.nan
    elif trouble == "gone after a day":
        decision = market.dates.get_loc(replay_dates(market)[-4])
        prices.iloc[decision + 1 :, 1] = np.nan
    elif trouble == "late":
        prices.iloc[:450, 1] = np.nan
    else:
        table = prices.pct_change(20)
        table.iloc[430:500, 1] = np.nan
        features = (FeatureChoice(Given(table), "signal"),)
    troubled = bl.MarketData(prices)
    result = bl.run_backtest(
        bl.Strategy("s", prior=MARKET_PRIOR, features=features, lookback=60), troubled
    )
    assert np.isfinite(result.wealth).all()
    previous = None
    for date in result.weights.index[-12:]:
        state = bl.replay_state(MARKET_PRIOR, troubled, as_of=date, features=features, lookback=60)
        scores = np.array(list(state["scores"].values()))
        assert np.isfinite(scores).all()
        assert MARKET_PRIOR.weights(state).sum() == pytest.approx(1)
        for setting, document in zip(
            MARKET_PRIOR.settings(), state["records"].values(), strict=True
        ):
            squares = np.array([document["squares"][asset] for asset in document["assets"]])
            start = setting.strength * setting.view_scale * setting.tau
            assert np.linalg.eigvalsh(squares + start * np.eye(len(squares)))[0] > 0
        if previous is not None:  # a month adds tens of log units at most, for every member alike
            assert np.ptp(scores - previous) < 20
        previous = scores


def replay_dates(market):
    strategy = bl.Strategy("s", prior=bl.HistoricalPrior(), lookback=60)
    return bl.run_backtest(strategy, market).weights.index


def test_a_record_of_other_view_portfolios_is_refused():
    prices = make_market(5, 400, 3).prices
    market = bl.MarketData(prices)
    prior = bl.FeatureInfluencedPrior(horizon=5)
    state = bl.replay_state(prior, market, features="momentum", lookback=60)
    window = bl.make_window(market, lookback=60, features="momentum")
    other = bl.FeatureInfluencedPrior(horizon=5, view_on="relative")
    with pytest.raises(ConfigError, match=r"'assets'.*'relative'.*replay_state"):
        other.fit(window, state)
    with pytest.raises(ConfigError, match=r"'assets'.*'relative'.*replay_state"):
        other.update(state, window)


OWN = [
    bl.SharedLatentPrior(horizon=5, tau=(0.01, 0.1, 1.0)),
    bl.FeatureInfluencedPrior(horizon=5),
    MARKET_PRIOR,
]


def assert_documents_close(found, expected):
    """The same JSON up to rounding in its numbers."""
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        for key in expected:
            assert_documents_close(found[key], expected[key])
    elif isinstance(expected, tuple) and expected and not isinstance(expected[0], str):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)
    else:
        assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("prior", OWN, ids=["slp", "fiv", "fiv grid"])
@pytest.mark.parametrize("excess", [False, True])
def test_a_loop_of_ones_own_over_windows_learns_what_replay_does(prior, excess):
    """What was earned since the last decision is read off the returns of the next window."""
    prices = make_prices(6, 420, 3)
    rate = pd.Series(2e-4, index=prices.index) if excess else None
    market = bl.MarketData(prices, risk_free=rate)
    dates = replay_dates(market)
    state = prior.initial_state(market.assets)
    for date in dates:
        window = bl.make_window(market, as_of=date, lookback=60, features=["momentum"])
        assert window.realised is None
        state = prior.update(state, window)
    expected = bl.replay_state(prior, market, as_of=dates[-1], features=MOMENTUM, lookback=60)
    assert state["decisions"] == expected["decisions"] == len(dates)
    assert np.ptp(list(state["scores"].values())) > 0 or len(state["scores"]) == 1
    assert_documents_close(state, expected)


@pytest.mark.parametrize("prior", OWN, ids=["slp", "fiv", "fiv grid"])
def test_a_window_that_does_not_reach_back_to_the_last_decision_is_refused(prior):
    market = make_market(7, 420, 3)
    options = {"lookback": 60, "features": ["momentum"]}
    first = bl.make_window(market, as_of=market.dates[300], **options)
    state = prior.update(prior.initial_state(market.assets), first)
    reaches = bl.make_window(market, as_of=market.dates[359], **options)
    assert prior.update(state, reaches)["decisions"] == 2
    late = bl.make_window(market, as_of=market.dates[361], **options)
    day = market.dates[300].date()
    with pytest.raises(DataError, match=rf"`window` begins on .*{day}.*`realised`.*lookback"):
        prior.update(state, late)
    realised = market.prices.pct_change().iloc[301:362]
    known = bl.TrainingWindow(late.returns, features=late.features, realised=realised)
    assert prior.update(state, known)["decisions"] == 2


@pytest.mark.parametrize("prior", OWN, ids=["slp", "fiv", "fiv grid"])
def test_the_same_window_twice_teaches_nothing(prior):
    window = window_of(13)
    once = prior.update(prior.initial_state(()), window)
    twice = prior.update(once, window)
    for name in ("scores", "dispersion", "records", "pending"):
        assert twice.get(name) == once.get(name)


@ALL
@pytest.mark.parametrize("garbage", ["abc", [1], {}, {"scores": 1}, {"decisions": 3}])
def test_what_is_no_state_is_refused(prior, garbage):
    window = window_of(14)
    for use in (
        prior.weights,
        lambda state: prior.fit(window, state),
        lambda state: prior.update(state, window),
    ):
        with pytest.raises(ConfigError, match=r"`state` must be what .*bl\.replay_state"):
            use(garbage)


@pytest.mark.parametrize("lists", [{"tau": (0.01, 0.3)}, {"strength": (1.0, 2.0)}, {}])
def test_a_record_learned_with_other_lists_is_refused(lists):
    state = learned_state(MARKET_PRIOR)
    other = bl.FeatureInfluencedPrior(horizon=5, **lists)
    for use in (
        other.weights,
        lambda s: other.fit(window_of(15), s),
        lambda s: other.update(s, window_of(15)),
    ):
        with pytest.raises(ConfigError, match=r"`state`.*bl\.replay_state"):
            use(state)


@pytest.mark.parametrize("prior", [bl.SharedLatentPrior, bl.FeatureInfluencedPrior])
def test_a_historical_mean_has_no_risk_aversion_to_average_over(prior):
    with pytest.raises(ConfigError, match=r"`risk_aversion` has no part.*equilibrium"):
        prior(prior_mean="historical", risk_aversion=(1.0, 3.0))
    assert len(prior(prior_mean="historical", tau=(0.1, 0.2)).settings()) == 2
    assert prior(prior_mean="historical", risk_aversion=[3.0]).risk_aversion == 3


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ([[0.1, 0.2]], "number above 0 or a list"),
        ([[0.1]], "number above 0 or a list"),
        (np.ones((1, 2)), "number above 0 or a list"),
        ([], "number above 0 or a list"),
        ((), "number above 0 or a list"),
        (np.array([]), "number above 0 or a list"),
        ([0.1, 0.1], "different numbers"),
        ((1, 1.0), "different numbers"),
        ([0.1, np.float64(0.1)], "different numbers"),
        ([0.1, 0.0], "above 0"),
        ([0.1, np.nan], "above 0"),
        (["0.1"], "above 0"),
        ("0.1", "above 0"),
        (None, "above 0"),
    ],
)
@pytest.mark.parametrize("name", ["tau", "risk_aversion", "view_scale", "strength"])
def test_a_bad_grid_is_named(name, grid, message):
    with pytest.raises(ConfigError, match=f"`{name}`.*{message}"):
        bl.FeatureInfluencedPrior(**{name: grid})


@pytest.mark.parametrize(
    "value", [np.float64(0.5), np.array(0.5), np.array([0.5]), np.float32(0.5), [0.5]]
)
def test_numbers_of_numpy_are_numbers(value):
    prior = bl.SharedLatentPrior(tau=value)
    assert prior == bl.SharedLatentPrior(tau=0.5)
    assert type(prior.tau) is float
    many = bl.SharedLatentPrior(tau=[np.float32(0.5), np.int64(1)])
    assert many.tau == (0.5, 1.0)
    assert [type(entry) for entry in many.tau] == [float, float]
    assert many.labels() == ("tau=0.5", "tau=1.0")


def test_a_state_of_another_model_is_refused():
    market = make_market(6, 400, 3)
    lists = {"tau": (0.01, 0.1), "horizon": 5}
    shared = bl.SharedLatentPrior(**lists)
    state = bl.replay_state(shared, market, features="momentum", lookback=60)
    for learned in (state, shared.initial_state(market.assets)):
        with pytest.raises(ConfigError, match=r"SharedLatentPrior, not by MixedEffects.*replay"):
            bl.MixedEffectsPrior(**lists).fit(
                bl.make_window(market, lookback=60, features="momentum"), learned
            )


def test_lists_within_lists_are_refused_even_when_ragged():
    with pytest.raises(ConfigError, match=r"`tau` must be a number above 0 or a list"):
        bl.SharedLatentPrior(tau=[[0.1], 0.2])
