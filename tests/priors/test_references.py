"""A prior that averages over several reference portfolios by their evidence."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

import blportfolio as bl
from blportfolio.bayes.evidence import predictive_log_score
from blportfolio.errors import ConfigError
from blportfolio.priors.base import reference_weights
from blportfolio.priors.decision import Parts
from blportfolio.priors.premium import Premiums

REFERENCES = ["equal", "inverse_variance", "min_variance"]
PRIORS = [bl.SharedLatentPrior, bl.FeatureInfluencedPrior, bl.MixedEffectsPrior]
FEATURES = ["momentum", "volatility"]
SEEDS = st.integers(0, 2**32 - 1)
SETUP = {"features": FEATURES, "lookback": 80}


def window_of(seed, **kwargs):
    return bl.make_window(make_market(seed, **kwargs), None, 80, FEATURES)


def blind(seed):
    return bl.TrainingWindow(window_of(seed).returns)


def averaged_weights(window, sigma):
    return np.mean([reference_weights(n, sigma, window.arrays()) for n in REFERENCES], axis=0)


def same(found, expected):
    for name in ("mean", "covariance", "mean_covariance"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("reference", REFERENCES)
def test_one_reference_in_a_list_is_that_reference(prior, reference):
    market = make_market(3)
    one, alone = (prior(reference=r, tau=[0.01, 0.1]) for r in ([reference], reference))
    assert one == alone
    states = [bl.replay_state(p, market, **SETUP) for p in (one, alone)]
    assert states[0] == states[1]
    same(one.fit(window_of(3), states[0]), alone.fit(window_of(3), states[1]))


@given(seed=SEEDS, tau=st.floats(1e-4, 1.0), delta=st.floats(0.5, 10))
@settings(max_examples=12)
def test_without_views_and_record_it_is_the_equilibrium_of_the_averaged_weights(seed, tau, delta):
    """The mean is exactly that; the covariance adds how far the references' means differ."""
    window = blind(seed)
    prior = bl.SharedLatentPrior(reference=REFERENCES, tau=tau, risk_aversion=delta)
    fitted = prior.fit(window)
    sigma = prior.covariance.fit_arrays(window.returns.to_numpy())
    weights = averaged_weights(window, sigma)
    np.testing.assert_allclose(fitted.mean, delta * (1 + tau) * sigma @ weights, rtol=1e-10)
    means = np.array(
        [bl.SharedLatentPrior(reference=r, tau=tau, risk_aversion=delta).fit(window).mean
         for r in REFERENCES]
    )  # fmt: skip
    between = np.cov(means, rowvar=False, bias=True)
    np.testing.assert_allclose(
        fitted.covariance, (1 + tau) * sigma + between, rtol=1e-9, atol=1e-14
    )


@given(seed=SEEDS)
@settings(max_examples=12)
def test_mean_variance_then_holds_the_averaged_reference(seed):
    """To within δ²TE² per period, by which not knowing the reference adds to the risk."""
    window = blind(seed)
    prior = bl.SharedLatentPrior(reference=REFERENCES, tau=0.005)
    fitted = prior.fit(window)
    sigma = prior.covariance.fit_arrays(window.returns.to_numpy())
    expected = averaged_weights(window, sigma)
    held = bl.MeanVariance(2.5).solve(fitted)
    np.testing.assert_allclose(held, expected, rtol=0, atol=2e-3)
    known = bl.ReturnDistribution.from_moments(fitted.mean, 1.005 * sigma)
    np.testing.assert_allclose(bl.MeanVariance(2.5).solve(known), expected, rtol=0, atol=1e-9)


def scores_at(prior, market, as_of=None):
    return bl.replay_state(prior, market, as_of=as_of, **SETUP)["scores"]


@pytest.mark.parametrize("prior", PRIORS)
def test_where_delta_is_a_list_too_each_reference_scores_as_it_does_alone(prior):
    """Evidence is summed for each combination by itself, so that lists can be taken apart."""
    market = make_market(4)
    together = scores_at(prior(reference=REFERENCES, risk_aversion=[1, 4]), market)
    for reference in REFERENCES:
        alone = scores_at(prior(reference=reference, risk_aversion=[1, 4]), market)
        for delta in (1.0, 4.0):
            score = together[f"reference={reference}, risk_aversion={delta}"]
            assert score == pytest.approx(alone[f"risk_aversion={delta}"], rel=1e-9)


@pytest.mark.parametrize("prior", PRIORS)
def test_each_reference_is_judged_at_the_delta_that_it_has_shown_before(prior):
    """What one decision adds is what the prior of that δ alone would have added."""
    market = make_market(4)
    taus = [0.001, 0.1]
    model = prior(reference=REFERENCES, tau=taus)
    before, now = market.dates[~market.dates.to_period("M").duplicated(keep="last")][[-3, -2]]
    state = bl.replay_state(model, market, as_of=before, **SETUP)
    added = scores_at(model, market, now)
    for reference in REFERENCES:
        precision, weighted = state["premiums"][reference]
        alone = prior(reference=reference, tau=taus, risk_aversion=2.5 * weighted / precision)
        earlier, later = (scores_at(alone, market, date) for date in (before, now))
        for tau in taus:
            label = f"reference={reference}, tau={tau}"
            expected = later[f"tau={tau}"] - earlier[f"tau={tau}"]
            assert added[label] - state["scores"][label] == pytest.approx(expected, rel=1e-8)


@given(seed=SEEDS, n_periods=st.integers(1, 40))
@settings(max_examples=20)
def test_the_delta_of_a_reference_is_that_of_a_regression_on_what_it_promised(seed, n_periods):
    """Brute force over ρ: prior N(1, 1) times the density of the mean return."""
    rng = np.random.default_rng(seed)
    sigma = random_covariance(rng, 3)
    direction = sigma @ rng.dirichlet(np.ones(3))
    earned = rng.multivariate_normal(20 * direction, sigma, size=n_periods)
    parts = Parts(("a", "b", "c"), sigma, {"equal": direction}, False, None)
    found = Premiums().after(earned, parts, sigma, 2.5).beliefs["equal"]
    grid = np.linspace(-40, 60, 20_001)
    log = [
        multivariate_normal.logpdf(earned.mean(axis=0), ratio * 2.5 * direction, sigma / n_periods)
        for ratio in grid[::100]
    ]
    curve = np.polynomial.Polynomial.fit(grid[::100], log, 2)(grid) + norm.logpdf(grid, 1, 1)
    density = np.exp(curve - curve.max())
    mean = (grid * density).sum() / density.sum()
    spread = ((grid - mean) ** 2 * density).sum() / density.sum()
    assert found[1] / found[0] == pytest.approx(mean, rel=1e-4, abs=1e-4)
    assert 1 / found[0] == pytest.approx(spread, rel=1e-3)


def test_years_in_which_everything_rose_are_no_evidence_for_the_riskiest_reference():
    """Every asset earns the same whatever its risk, which is what minimum variance takes for true.

    At one δ for all the equal weights, whose equilibrium promises most, would have the evidence.
    """
    rng = np.random.default_rng(2)
    risk = np.geomspace(0.004, 0.03, 6)
    returns = 0.0008 + rng.normal(size=(4000, 6)) * risk
    dates = pd.bdate_range("2000-01-03", periods=4001)
    market = bl.MarketData(
        pd.DataFrame(
            np.vstack([np.ones(6), np.cumprod(1 + returns, axis=0)]), dates, list("abcdef")
        )
    )
    references = ["equal", "min_variance"]
    options = {"features": "momentum", "lookback": 250, "schedule": "quarterly"}
    prior = bl.SharedLatentPrior(reference=references, tau=1e-4)
    judged = prior.weights(bl.replay_state(prior, market, **options))
    assert judged[1] > 0.9
    one_delta = bl.SharedLatentPrior(reference=references, tau=1e-4, risk_aversion=[2.5, 2.4999])
    scores = bl.replay_state(one_delta, market, **options)["scores"]
    equal, least = (scores[f"reference={name}, risk_aversion=2.5"] for name in references)
    assert equal > least


@given(seed=SEEDS, delta=st.floats(0.5, 10), n_periods=st.integers(1, 60))
@settings(max_examples=25)
def test_references_are_told_apart_at_the_rate_of_the_squared_tracking_error(
    seed, delta, n_periods
):
    """By ½δ²TE² over the periods realised, where τ → 0."""
    rng = np.random.default_rng(seed)
    sigma = random_covariance(rng, 4)
    weights = rng.dirichlet(np.ones(4), size=2)
    means = delta * weights @ sigma
    realised = np.tile(means[0], (n_periods, 1))  # what is expected where the first is right
    surely = np.zeros((4, 4))
    right, wrong = (predictive_log_score(realised, mean, surely, sigma) for mean in means)
    gap = weights[0] - weights[1]
    expected = 0.5 * delta**2 * n_periods * gap @ sigma @ gap
    assert right - wrong == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_reference_that_forecast_better_weighs_more():
    prior = bl.SharedLatentPrior(reference=["equal", "min_variance"], tau=0.001)
    state = bl.replay_state(prior, make_market(5, n_dates=900), **SETUP)
    scores = np.array(list(state["scores"].values()))
    ratio = prior.weights(state)[0] / prior.weights(state)[1]
    assert np.log(ratio) == pytest.approx(scores[0] - scores[1], rel=1e-9)
    assert ratio != pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_state_survives_json(prior):
    model = prior(reference=REFERENCES, tau=[0.001, 0.1])
    market = make_market(6)
    state = bl.replay_state(model, market, **SETUP)
    copy = json.loads(json.dumps(state))
    same(model.fit(window_of(6), copy), model.fit(window_of(6), state))
    later = bl.make_window(market, market.dates[-1], 80, FEATURES)
    assert model.update(copy, later) == model.update(state, later)


@pytest.mark.parametrize("prior", PRIORS)
def test_deleting_the_future_changes_nothing(prior):
    model = prior(reference=REFERENCES, tau=[0.001, 0.1])
    prices = make_prices(7, n_dates=400)
    cut = prices.index[320]
    known = bl.replay_state(model, bl.MarketData(prices.loc[:cut]), **SETUP)
    whole = bl.replay_state(model, bl.MarketData(prices), as_of=cut, **SETUP)
    assert known == whole


@pytest.mark.parametrize("prior", PRIORS)
def test_neither_the_order_of_assets_nor_the_unit_of_prices_matters(prior):
    model = prior(reference=REFERENCES, tau=[0.001, 0.1])
    prices = make_prices(8)
    order = ["A2", "A0", "A3", "A1"]
    fitted = []
    for changed in (prices, prices[order] * np.array([7.0, 1.0, 0.01, 3.0])):
        market = bl.MarketData(changed)
        state = bl.replay_state(model, market, **SETUP)
        fitted.append(model.fit(bl.make_window(market, None, 80, FEATURES), state))
    here, there = fitted
    place = [there.assets.index(asset) for asset in here.assets]
    np.testing.assert_allclose(there.mean[place], here.mean, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(
        there.covariance[np.ix_(place, place)], here.covariance, rtol=1e-7, atol=1e-14
    )


def test_the_views_explain_the_whole_step_of_the_average():
    prior = bl.SharedLatentPrior(reference=REFERENCES, tau=[0.0005, 0.05], regression="pooled")
    fitted = prior.fit(window_of(9), bl.replay_state(prior, make_market(9), **SETUP))
    step = fitted.mean - fitted.views.prior_mean
    size = np.abs(fitted.mean).max()
    np.testing.assert_allclose(fitted.views.attribution.sum(axis=1), step, atol=1e-10 * size)


def test_groups_that_are_averaged_by_reference_take_the_mean_of_several():
    """All combinations then hear the same views, so that their evidence can be compared."""
    window = window_of(10)
    options = {
        "views": ["[all] - A3 = 1% per month"],
        "groups": {"all": ["A0", "A1", "A2"]},
        "group_weights": "reference",
        "tau": 0.05,
    }
    fitted = bl.MixedEffectsPrior(reference=["equal", "inverse_variance"], **options).fit(window)
    picks = [
        bl.MixedEffectsPrior(reference=r, **options).fit(window).views.pick[-1]
        for r in ("equal", "inverse_variance")
    ]
    whole = bl.SampleCovariance().fit_arrays(window.returns.to_numpy())
    raw = 0.25 + 1 / np.diagonal(whole) / (1 / np.diagonal(whole)).sum()
    expected = np.append(raw[:3] / raw[:3].sum(), -1.0)
    np.testing.assert_allclose(fitted.views.pick[-1], expected, rtol=1e-9)
    assert not np.allclose(picks[0], picks[1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": []}, "`reference` must be the name of a portfolio or a list"),
        ({"reference": 3}, "`reference` must be the name of a portfolio or a list"),
        ({"reference": ["equal", 3]}, "`reference` must hold names"),
        ({"reference": ["equal", "min_varianse"]}, "Did you mean 'min_variance'"),
        ({"reference": ["equal", "equal"]}, "different portfolios"),
        ({"reference": REFERENCES, "prior_mean": "historical"}, "`reference` has no part"),
    ],
)
def test_wrong_lists_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        bl.SharedLatentPrior(**options)


def test_a_state_of_other_references_is_refused():
    state = bl.SharedLatentPrior(reference=["equal", "min_variance"]).initial_state(("A0",))
    with pytest.raises(ConfigError, match="Rebuild it with"):
        bl.SharedLatentPrior(reference=REFERENCES).weights(state)
