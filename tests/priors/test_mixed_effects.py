"""M-BL: stated views beside learned ones."""

import numpy as np
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes import bl_posterior, mixed_effects_posterior
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError
from blportfolio.features import choose_features
from blportfolio.priors.mixed_effects import MixedEffectsPrior

SEEDS = st.integers(0, 2**32 - 1)
VIEWS = (
    bl.View({"A2": 1.0}, 2e-3, variance=1e-6),
    bl.View({"A0": 1.0, "A3": -1.0}, -1e-3),
    bl.View({"A1": 1.0}, 1e-3, confidence=0.8),
)


def window_of(seed, n_obs=80, n_assets=4, *, blind=()):
    """Returns of a random walk and features that know a little about the next one."""
    rng = np.random.default_rng(seed)
    returns = make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
    values = rng.normal(size=(n_obs, n_assets, 2))
    values[:-1, :, 0] += 30 * returns.to_numpy()[1:]
    values[-1, list(blind)] = np.nan
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), ("f", "g"))
    return bl.TrainingWindow(returns, features=panel)


def assert_moments(found, expected, *, rtol=1e-10):
    for name in ("mean", "covariance", "mean_covariance"):
        there = getattr(expected, name)
        atol = rtol * np.abs(there).max()
        np.testing.assert_allclose(getattr(found, name), there, rtol=0, atol=atol, err_msg=name)


def stated(prior_covariance):
    """P, q and Ω of `VIEWS` by hand: own variance, τpΣpᵀ, and (1 − c)/c times it."""
    pick = np.array([[0, 0, 1, 0], [1, 0, 0, -1], [0, 1, 0, 0]], dtype=float)
    spread = np.diagonal(pick @ prior_covariance @ pick.T)
    omega = np.diag([1e-6, spread[1], spread[2] * 0.2 / 0.8])
    return pick, np.array([2e-3, -1e-3, 1e-3]), omega


@pytest.mark.parametrize("options", [{}, {"tau": (0.01, 0.1)}, {"regression": "pooled"}])
@given(seed=SEEDS, gamma=st.floats(0.1, 1))
@settings(max_examples=6)
def test_without_stated_views_it_is_slp(options, seed, gamma):
    window = window_of(seed)
    mixed = MixedEffectsPrior(horizon=5, gamma=gamma, **options).fit(window)
    shared = bl.SharedLatentPrior(horizon=5, **options).fit(window)
    assert_moments(mixed, shared, rtol=0)
    assert mixed.log_evidence == shared.log_evidence
    np.testing.assert_array_equal(mixed.views.attribution, shared.views.attribution)
    assert mixed.views.labels == shared.views.labels


@given(seed=SEEDS, tau=st.floats(0.01, 1), delta=st.floats(0.5, 5))
@settings(max_examples=15)
def test_without_features_it_is_classic_black_litterman(seed, tau, delta):
    window = bl.TrainingWindow(window_of(seed).returns)
    options = {"tau": tau, "risk_aversion": delta, "reference": "equal"}
    mixed = MixedEffectsPrior(views=VIEWS, **options).fit(window)
    classic = bl.BlackLittermanPrior(VIEWS, **options).fit(window)
    assert_moments(mixed, classic)
    assert mixed.log_evidence == pytest.approx(classic.log_evidence, abs=1e-9)
    for name in ("pick", "mean", "omega", "attribution", "surprise", "weight"):
        here, there = getattr(mixed.views, name), getattr(classic.views, name)
        np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-14, err_msg=name)
    assert mixed.views.labels == classic.views.labels


def test_a_features_view_of_no_weight_leaves_classic_black_litterman():
    """Ω^F → ∞ with (α, β, γ) = (0, 0, 1)."""
    window = window_of(1)
    mixed = MixedEffectsPrior(horizon=5, views=VIEWS, view_scale=1e12, reference="equal")
    classic = bl.BlackLittermanPrior(VIEWS, reference="equal")
    assert_moments(mixed.fit(window), classic.fit(window), rtol=1e-6)


@given(seed=SEEDS, gamma=st.floats(0.05, 1), tau=st.floats(0.01, 1), scale=st.floats(0.1, 10))
@settings(max_examples=20)
def test_it_is_the_kernel_with_a_share_of_the_forecast_as_influence(seed, gamma, tau, scale):
    window = window_of(seed)
    options = {"horizon": 5, "tau": tau, "view_scale": scale}
    fitted = MixedEffectsPrior(views=VIEWS, gamma=gamma, **options).fit(window)
    latent = bl.SharedLatentPrior(**options).fit(window)
    sigma0 = tau * window.returns.cov().to_numpy()
    pick, values, omega = stated(sigma0)
    prior_mean = bl.EquilibriumPrior("min_variance", tau=tau).fit(window).mean
    x = latent.views.mean
    kernel = mixed_effects_posterior(
        prior_mean, sigma0, pick, values, omega, x, latent.views.omega, (1 - gamma) * x, gamma
    )
    size = np.abs(kernel.mean).max()
    np.testing.assert_allclose(fitted.mean, kernel.mean, rtol=0, atol=1e-9 * size)
    np.testing.assert_allclose(fitted.mean_covariance, kernel.covariance, rtol=1e-7, atol=1e-14)
    # Of features and views together: the features' own, and the views' given the features.
    evidence = latent.log_evidence + kernel.log_evidence
    assert fitted.log_evidence == pytest.approx(evidence, abs=1e-8)


@given(seed=SEEDS, gamma=st.floats(0.05, 1), blind=st.booleans())
@settings(max_examples=20)
def test_both_kinds_of_views_are_one_black_litterman_update(seed, gamma, blind):
    window = window_of(seed, blind=(0,) if blind else ())
    prior = MixedEffectsPrior(horizon=5, views=VIEWS, gamma=gamma, tau=0.2)
    fitted = prior.fit(window)
    views = fitted.views
    learned = window.assets[1:] if blind else window.assets
    assert views.labels == (*learned, *(view.label for view in VIEWS))
    sigma0 = 0.2 * window.returns.cov().to_numpy()
    pick, values, omega = stated(sigma0)
    shared = bl.SharedLatentPrior(horizon=5, tau=0.2).fit(window).views
    echo = shared.prior_mean.copy()
    echo[[window.assets.index(asset) for asset in learned]] = shared.mean
    size = len(learned)
    np.testing.assert_allclose(views.pick, np.vstack([shared.pick, gamma * pick]), rtol=1e-12)
    expected = values - (1 - gamma) * pick @ echo
    np.testing.assert_allclose(views.mean, [*shared.mean, *expected], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(views.omega[size:, size:], omega, rtol=1e-9, atol=1e-18)
    assert not views.omega[:size, size:].any()
    classic = bl_posterior(
        views.prior_mean, views.prior_covariance, views.pick, views.mean, views.omega
    )
    scale = np.abs(fitted.mean).max()
    np.testing.assert_allclose(fitted.mean, classic.mean, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(fitted.mean_covariance, classic.covariance, rtol=1e-6, atol=1e-13)
    assert fitted.log_evidence == pytest.approx(classic.log_evidence, abs=1e-6)
    step = fitted.mean - views.prior_mean
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=0, atol=1e-8 * scale)


def test_an_echo_moves_nothing_when_the_view_says_what_the_features_say():
    """As γ falls, a stated view that repeats the forecast has ever less to add."""
    window = window_of(2)
    shared = bl.SharedLatentPrior(horizon=5).fit(window)
    echoed = bl.View({"A0": 1.0}, float(shared.views.mean[0]), variance=1e-8)
    moves = [
        np.linalg.norm(
            MixedEffectsPrior(horizon=5, views=(echoed,), gamma=gamma).fit(window).mean
            - shared.mean
        )
        for gamma in (1.0, 0.1, 1e-3, 1e-5)
    ]
    assert moves == sorted(moves, reverse=True)
    assert moves[-1] < 1e-3 * moves[0]


def test_a_certain_view_is_fulfilled_whatever_the_features_say():
    view = bl.View({"A0": 1.0, "A1": -1.0}, 5e-4, variance=0.0)
    mean = MixedEffectsPrior(horizon=5, views=(view,)).fit(window_of(3)).mean
    assert mean[0] - mean[1] == pytest.approx(5e-4, abs=1e-12)


def test_views_may_be_texts_and_on_groups():
    window = window_of(4)
    options = {"horizon": 5, "groups": {"all": ["A0", "A1"]}, "reference": "inverse_variance"}
    by_text = MixedEffectsPrior(views=["[all] - A2 = 0.1%"], **options).fit(window)
    by_hand = bl.View({"A0": 0.5, "A1": 0.5, "A2": -1.0}, 1e-3)
    expected = MixedEffectsPrior(views=(by_hand,), horizon=5, reference="inverse_variance")
    assert_moments(by_text, expected.fit(window))
    weighed = MixedEffectsPrior(
        views=["[all] - A2 = 0.1%"], group_weights="reference", prior_mean="historical", **options
    ).fit(window)
    raw = 1 / window.returns.var().to_numpy()[:2]
    np.testing.assert_allclose(weighed.views.pick[-1, :2], raw / raw.sum(), rtol=1e-9)


def test_a_view_on_an_asset_that_is_not_eligible_is_left_out_with_a_remark():
    market = make_market(5, 300, 4)
    prices = market.prices.copy()
    prices.iloc[:260, 2] = np.nan
    options = {"features": choose_features(["momentum"]), "lookback": 40, "rebalance": 20}
    prior = MixedEffectsPrior(horizon=5, views=VIEWS)
    result = bl.run_backtest(bl.Strategy("s", prior=prior, **options), bl.MarketData(prices))
    dates = result.weights.index
    named = result.notes["message"].str.contains(VIEWS[0].label, regex=False)
    remarked = set(result.notes.loc[named, "date"])
    late = prices["A2"].first_valid_index()
    assert {date for date in dates if date < late} <= remarked
    first = result.views[result.views["date"] == dates[0]]
    assert VIEWS[0].label not in set(first["view_on"])
    assert VIEWS[1].label in set(first["view_on"])


def test_when_no_stated_view_can_be_held_the_features_speak_alone():
    window = window_of(6)
    arrays = bl.MarketData(make_prices(6)).prices.columns
    prior = MixedEffectsPrior(horizon=5, views=(bl.View({"gone": 1.0}, 1e-3),))
    inside = window.arrays()
    known = type(inside)(
        inside.returns, inside.assets, inside.features, inside.feature_names,
        universe=(*arrays, "gone"),
    )  # fmt: skip
    moments = prior.fit_arrays(known)
    assert_moments(moments, bl.SharedLatentPrior(horizon=5).fit(window), rtol=0)
    assert any("gone" in remark for remark in moments.remarks)
    assert moments.doubts == ()
    with pytest.raises(DataError, match="'gone'"):
        prior.fit(window)


@pytest.mark.parametrize("gamma", [0.0, 1.1, -0.5, np.nan, "1"])
def test_a_bad_gamma_is_named(gamma):
    with pytest.raises(ConfigError, match="`gamma`"):
        MixedEffectsPrior(gamma=gamma)


def test_unknown_groups_and_weights_are_named():
    with pytest.raises(ConfigError, match="group"):
        MixedEffectsPrior(views=["[Energy] = 1%"])
    with pytest.raises(ConfigError, match="`group_weights`"):
        MixedEffectsPrior(group_weights="cap")


LISTS = [
    {"tau": (0.01, 0.1)},
    {"risk_aversion": (1.0, 4.0)},
    {"tau": (0.01, 0.1), "risk_aversion": (1.0, 4.0)},
]


@pytest.mark.parametrize("blind", [(), (0,), (0, 1, 2, 3)], ids=["no", "one", "all"])
@pytest.mark.parametrize("options", LISTS, ids=lambda options: " ".join(options))
@given(seed=SEEDS, gamma=st.floats(0.1, 1))
@settings(max_examples=8)
def test_the_effective_covariance_of_an_average_reproduces_its_mean(options, blind, seed, gamma):
    """All settings hear one datum, so that one classic update can do what their average does."""
    window = window_of(seed, blind=blind)
    fitted = MixedEffectsPrior(horizon=5, views=VIEWS, gamma=gamma, **options).fit(window)
    views = fitted.views
    total = views.pick @ views.prior_covariance @ views.pick.T + views.effective_view_covariance
    right = views.datum - views.pick @ views.prior_mean
    moved = views.prior_covariance @ views.pick.T @ np.linalg.solve(total, right)
    scale = np.abs(fitted.mean).max()
    np.testing.assert_allclose(views.prior_mean + moved, fitted.mean, rtol=0, atol=1e-7 * scale)
    if np.linalg.eigvalsh(total)[0] > 1e-6 * np.linalg.eigvalsh(total)[-1]:
        try:
            classic = bl_posterior(
                views.prior_mean, views.prior_covariance, views.pick, views.datum,
                views.effective_view_covariance,
            )  # fmt: skip
        except DataError:  # an indefinite average has a mean, and no covariance
            return
        np.testing.assert_allclose(classic.mean, fitted.mean, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("options", LISTS, ids=lambda options: " ".join(options))
@pytest.mark.parametrize("asset", ["A0", "A3"])
@given(seed=SEEDS, gamma=st.floats(0.1, 1), value=st.sampled_from([-1e-3, 5e-4, 2e-3]))
@settings(max_examples=8)
def test_one_view_on_one_asset_has_a_weight_of_a_share(options, asset, seed, gamma, value):
    window = bl.TrainingWindow(window_of(seed).returns)
    prior = MixedEffectsPrior(views=(bl.View({asset: 1.0}, value),), gamma=gamma, **options)
    fitted = prior.fit(window)
    views = fitted.views
    assert 0 <= views.weight[0] <= 1
    classic = bl_posterior(
        views.prior_mean, views.prior_covariance, views.pick, views.datum,
        views.effective_view_covariance,
    )  # fmt: skip
    np.testing.assert_allclose(classic.mean, fitted.mean, rtol=1e-9, atol=1e-14)


def test_the_echo_of_a_blind_asset_is_the_prior_mean_of_the_first_setting():
    window = bl.TrainingWindow(window_of(7).returns)
    options = {"risk_aversion": (1.0, 4.0), "reference": "equal", "tau": (0.1, 0.02)}
    views = MixedEffectsPrior(views=VIEWS, gamma=0.4, **options).fit(window).views
    sigma = window.returns.cov().to_numpy()
    pick, values, _ = stated(0.1 * sigma)
    echo = 1.0 * 1.1 * sigma.mean(axis=1)
    np.testing.assert_allclose(views.datum, values - 0.6 * pick @ echo, rtol=1e-9, atol=1e-16)


def test_with_views_no_features_are_needed_in_a_strategy():
    assert not MixedEffectsPrior(views=VIEWS).learns_from_features
    assert MixedEffectsPrior().learns_from_features
    prior = {"model": "mixed_effects", "views": ["A0 = 5% per year"]}
    config = bl.StrategyConfig(name="m", prior=prior, lookback=60)
    assert config.prior_model() == MixedEffectsPrior(views=["A0 = 5% per year"])
    with pytest.raises(ConfigError, match="'mixed_effects', which learns its views from features"):
        bl.StrategyConfig(name="m", prior={"model": "mixed_effects"})
    result = bl.run_backtest(config, make_market(1, 200, 3))
    assert set(result.views["view_on"]) == {"A0 = 5% per year"}


def test_with_views_alone_every_decision_has_its_views():
    strategy = bl.Strategy("m", prior=MixedEffectsPrior(views="A0 = 5% per year"), lookback=60)
    result = bl.run_backtest(strategy, make_market(1, 200, 3))
    assert not set(result.notes["kind"]) & {"views", "no views"}


def test_doubts_about_stated_views_are_warnings_of_fit():
    prior = MixedEffectsPrior(horizon=5, views=["A0 = 9%", "A1 = 4% per year", "A1 = -4% per year"])
    window = window_of(8)
    doubts = prior.fit_arrays(window.arrays()).doubts
    assert len(doubts) == 2
    with pytest.warns(BLPortfolioWarning) as caught:
        prior.fit(window)
    assert sorted(str(one.message) for one in caught) == sorted(doubts)
    averaged = MixedEffectsPrior(horizon=5, views=prior.views, tau=(0.01, 0.1))
    assert averaged.fit_arrays(window.arrays()).doubts == doubts


def test_a_view_on_an_asset_listed_late_is_no_obstacle_to_learning():
    """The record of the decisions before is judged without it, as they were made."""
    prices = make_prices(3, 250, 4)
    prices.iloc[:120, 3] = np.nan
    prior = MixedEffectsPrior(views="A3 outperforms A0 by 3%", tau=[0.01, 0.1])
    strategy = bl.Strategy("late", prior, bl.MeanVariance(), features=["momentum"], lookback=60)
    result = bl.run_backtest(strategy, bl.MarketData(prices))
    left_out = result.notes["message"].str.contains("was left out")
    assert left_out.sum() > 1
    assert (result.views["view_on"] == "A3 outperforms A0 by 3%").any()
