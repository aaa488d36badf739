"""FIV-BL as a prior: its limits, its views and what they did."""

import numpy as np
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import blportfolio as bl
from blportfolio.bayes import bl_posterior, feature_influenced_posterior
from blportfolio.errors import ConfigError

SEEDS = st.integers(0, 2**32 - 1)
KINDS = pytest.mark.parametrize("view_on", ["assets", "relative"])


def window_of(seed, n_obs=80, n_assets=4, n_features=2, *, scale=1.0, order=None, blind=()):
    """Returns of a random walk and features that know a little about the next one."""
    rng = np.random.default_rng(seed)
    returns = scale * make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
    values = rng.normal(size=(n_obs, n_assets, n_features))
    values[:-1, :, 0] += 30 / scale * returns.to_numpy()[1:]
    values[-1, list(blind)] = np.nan
    names = tuple(f"f{j}" for j in range(n_features))
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), names)
    columns = returns.columns if order is None else returns.columns[order]
    return bl.TrainingWindow(returns[list(columns)], features=panel)


def learned_state(prior, window, seed=99, count=3):
    """A state after several decisions at the same window, with made-up returns between them."""
    state = prior.update(prior.initial_state(window.assets), window)
    spread = window.returns.std().to_numpy()
    rng = np.random.default_rng(seed)
    for _ in range(count):
        realised = window.returns.iloc[-21:] + spread * rng.normal(size=(1, len(spread)))
        again = bl.TrainingWindow(window.returns, features=window.features, realised=realised)
        state = prior.update(state, again)
    return state


def shared(view, **options):
    """The latent view with the Ω^F that FIV-BL has by default."""
    return bl.SharedLatentPrior(horizon=5, feature_uncertainty="parameter", **options).fit(view)


def assert_moments(found, expected, *, rtol=1e-9):
    for name in ("mean", "covariance", "mean_covariance"):
        there = getattr(expected, name)
        atol = rtol * np.abs(there).max()
        np.testing.assert_allclose(getattr(found, name), there, rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("uncertainty", ["residual", "parameter", "silverman"])
@given(seed=SEEDS, tau=st.floats(0.01, 1.0), strength=st.floats(2, 50))
@settings(max_examples=8)
def test_as_the_expected_omega_vanishes_it_is_slp(uncertainty, seed, tau, strength):
    window = window_of(seed)
    options = {"horizon": 5, "feature_uncertainty": uncertainty, "tau": tau}
    fitted = bl.FeatureInfluencedPrior(view_scale=1e-10, strength=strength, **options).fit(window)
    expected = bl.SharedLatentPrior(**options).fit(window)
    assert_moments(fitted, expected, rtol=1e-6)
    omega = np.abs(expected.views.omega).max()
    np.testing.assert_allclose(
        fitted.views.effective_view_covariance, expected.views.omega, atol=1e-5 * omega
    )


@KINDS
@given(seed=SEEDS, tau=st.floats(0.01, 1.0))
@settings(max_examples=8)
def test_as_the_expected_omega_grows_it_is_the_equilibrium(view_on, seed, tau):
    window = window_of(seed)
    prior = bl.FeatureInfluencedPrior(horizon=5, view_scale=1e9, tau=tau, view_on=view_on)
    fitted = prior.fit(window)
    assert_moments(fitted, bl.EquilibriumPrior("min_variance", tau=tau).fit(window), rtol=1e-6)
    np.testing.assert_allclose(fitted.views.weight, 0, atol=1e-6)


@KINDS
@given(seed=SEEDS, scale=st.floats(0.1, 10))
@settings(max_examples=8)
def test_as_the_strength_grows_it_is_classic_black_litterman(view_on, seed, scale):
    """With view covariance R + Ω̄, Ω̄ = s diag(PΣ0Pᵀ)."""
    window = window_of(seed)
    prior = bl.FeatureInfluencedPrior(
        horizon=5, view_scale=scale, strength=1e8, view_on=view_on, tau=0.2
    )
    fitted = prior.fit(window)
    latent, sigma0 = shared(window), 0.2 * window.returns.cov().to_numpy()
    pick = fitted.views.pick
    variances = np.diagonal(pick @ sigma0 @ pick.T)
    omega = pick @ latent.views.omega @ pick.T + scale * np.diag(variances)
    prior_mean = bl.EquilibriumPrior("min_variance", tau=0.2).fit(window).mean
    expected = bl_posterior(
        prior_mean, sigma0, pick, pick @ latent.views.mean, (omega + omega.T) / 2
    )
    atol = 1e-5 * np.abs(expected.mean).max()
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=0, atol=atol)
    atol = 1e-5 * np.abs(expected.covariance).max()
    np.testing.assert_allclose(fitted.mean_covariance, expected.covariance, rtol=0, atol=atol)
    assert fitted.log_evidence == pytest.approx(expected.log_evidence, abs=1e-4)


@KINDS
@pytest.mark.parametrize("remembers", [False, True])
def test_the_posterior_is_the_kernels_with_the_record_in_the_law_of_omega(view_on, remembers):
    """Ψ = D^½ (S + κ s τ I) D^½ with D the views' variances, ν = k + 1 + κ + L."""
    window = window_of(1)
    prior = bl.FeatureInfluencedPrior(
        horizon=5, view_on=view_on, view_scale=0.5, strength=4.0, tau=0.1
    )
    state = learned_state(prior, window) if remembers else None
    fitted, views = prior.fit(window, state), prior.fit_arrays(window.arrays(), state).views
    sigma = window.returns.cov().to_numpy()
    pick = np.eye(4) if view_on == "assets" else np.eye(4) - 0.25
    latent = shared(window).views
    unit = np.sqrt(np.diagonal(pick @ sigma @ pick.T))
    squares, count = np.zeros((4, 4)), 0
    if remembers:
        record = state["records"]["fixed"]
        squares = np.array([record["squares"][asset] for asset in window.assets])
        count = record["count"]
        assert 0 < count <= 3
    scale = (squares + 4.0 * 0.5 * 0.1 * np.eye(4)) * np.outer(unit, unit)
    kernel = feature_influenced_posterior(
        bl.EquilibriumPrior("min_variance", tau=0.1).fit(window).mean,
        0.1 * sigma,
        pick,
        latent.mean,
        latent.omega,
        scale,
        4 + 1 + 4.0 + count,
    )
    np.testing.assert_allclose(fitted.mean, kernel.mean, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(fitted.mean_covariance, kernel.covariance, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(fitted.covariance - sigma, kernel.covariance, rtol=1e-6, atol=1e-12)
    assert fitted.log_evidence == pytest.approx(kernel.log_evidence, abs=1e-8)
    for name, there in (
        ("mean", kernel.view_mean),
        ("covariance", kernel.view_covariance),
        ("omega", kernel.omega_mean),
        ("effective_view_covariance", kernel.effective_view_covariance),
    ):
        here = getattr(fitted.views, name)
        np.testing.assert_allclose(here, there, rtol=1e-6, atol=1e-7 * np.abs(there).max())
    np.testing.assert_allclose(views.datum, pick @ latent.mean, rtol=1e-9, atol=1e-15)


def test_a_prior_without_a_track_record_ignores_one():
    window = window_of(2)
    state = learned_state(bl.FeatureInfluencedPrior(horizon=5), window)
    forgetful = bl.FeatureInfluencedPrior(horizon=5, track_record=False)
    assert not forgetful.keeps_state
    assert_moments(forgetful.fit(window, state), forgetful.fit(window), rtol=0)


def test_a_record_of_large_errors_draws_the_posterior_to_the_prior():
    window = window_of(3)
    prior = bl.FeatureInfluencedPrior(horizon=5)
    theta0 = bl.EquilibriumPrior("min_variance").fit(window).mean
    states, record = [], {"assets": list(window.assets), "count": 50.0}
    for size in (1e-4, 10.0):
        squares = {a: (size * np.eye(4)[i] * 50).tolist() for i, a in enumerate(window.assets)}
        document = {"decisions": 50, "scores": {"fixed": 0.0}, "view_on": "assets"}
        states.append({**document, "records": {"fixed": {**record, "squares": squares}}})
    trusted, doubted = (np.linalg.norm(prior.fit(window, s).mean - theta0) for s in states)
    assert doubted < 0.1 * trusted
    good, bad = (prior.fit(window, state).views.weight for state in states)
    assert (bad < good).all()


@KINDS
@given(seed=SEEDS, tau=st.floats(0.01, 1), scale=st.floats(0.01, 100), blind=st.booleans())
@settings(max_examples=12)
def test_views_say_what_they_did(view_on, seed, tau, scale, blind):
    window = window_of(seed, blind=(1,) if blind else ())
    prior = bl.FeatureInfluencedPrior(horizon=3, tau=tau, view_scale=scale, view_on=view_on)
    fitted, arrays = prior.fit(window), prior.fit_arrays(window.arrays()).views
    views = fitted.views
    size = np.abs(fitted.mean).max()
    step = fitted.mean - views.prior_mean
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=0, atol=1e-9 * size)
    classic = bl_posterior(
        views.prior_mean,
        views.prior_covariance,
        views.pick,
        arrays.datum,
        views.effective_view_covariance,
    )
    np.testing.assert_allclose(classic.mean, fitted.mean, rtol=0, atol=1e-9 * size)
    spread = np.diagonal(views.pick @ views.prior_covariance @ views.pick.T)
    latent = shared_at(window, 3).views
    own = views.pick[:, [window.assets.index(name) for name in latent.labels]]
    noise = np.diagonal(own @ latent.omega @ own.T)
    expected = (own @ latent.mean - views.pick @ views.prior_mean) / np.sqrt(
        spread + noise + scale * spread  # PΣ0Pᵀ + R + Ω̄, before the datum was seen
    )
    np.testing.assert_allclose(views.surprise, expected, rtol=1e-7, atol=1e-9)


def shared_at(window, horizon):
    prior = bl.SharedLatentPrior(horizon=horizon, feature_uncertainty="parameter")
    return prior.fit(window)


def test_labels_say_what_views_are_on():
    window = window_of(4, blind=(2,))
    absolute = bl.FeatureInfluencedPrior(horizon=5).fit(window).views
    assert absolute.labels == ("A0", "A1", "A3")
    np.testing.assert_array_equal(absolute.pick, np.eye(4)[[0, 1, 3]])
    relative = bl.FeatureInfluencedPrior(horizon=5, view_on="relative").fit(window).views
    assert relative.labels == ("A0 less average", "A1 less average", "A3 less average")
    expected = np.eye(4)[[0, 1, 3]] - np.array([1, 1, 0, 1]) / 3
    np.testing.assert_allclose(relative.pick, expected, atol=1e-15)


def test_relative_views_do_not_care_about_a_forecast_common_to_all():
    """Adding a constant to every return moves x alike, and relative views not at all."""
    window = window_of(5)
    raised = bl.TrainingWindow(window.returns + 0.01, features=window.features)
    prior = bl.FeatureInfluencedPrior(horizon=5, view_on="relative")
    here, there = prior.fit(window), prior.fit(raised)
    np.testing.assert_allclose(there.mean, here.mean, rtol=1e-7, atol=1e-12)
    absolute = bl.FeatureInfluencedPrior(horizon=5)
    assert np.abs(absolute.fit(raised).mean - absolute.fit(window).mean).max() > 1e-4


@given(seed=SEEDS, noise=st.floats(1e-8, 1e4), omega=st.floats(0, 1e4))
@settings(max_examples=40)
def test_with_diagonal_views_each_weight_is_a_share(seed, noise, omega):
    """A / (a + v), between 0 and 1."""
    rng = np.random.default_rng(seed)
    prior_variance, view_variance = rng.uniform(0.1, 2, size=(2, 3))
    view_variance = noise * view_variance + omega
    views = bl.LatentViews(
        np.eye(3),
        *(np.zeros(3), np.eye(3), np.eye(3), np.diag(view_variance), np.zeros(3), np.zeros(3)),
        np.diag(prior_variance),
        np.zeros((3, 3)),
        ("a", "b", "c"),
    )
    expected = prior_variance / (prior_variance + view_variance)
    np.testing.assert_allclose(views.weight, expected, rtol=1e-9)
    assert ((views.weight >= 0) & (views.weight <= 1)).all()


@pytest.mark.parametrize("prior", [bl.SharedLatentPrior, bl.FeatureInfluencedPrior])
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
@settings(max_examples=8)
def test_of_one_asset_the_weight_is_how_far_the_mean_follows_the_view(prior, seed, scale):
    window = window_of(seed, n_assets=1)
    fitted = prior(horizon=5, view_scale=scale)
    views, datum = fitted.fit(window).views, fitted.fit_arrays(window.arrays()).views
    said = datum.mean if datum.datum is None else datum.datum
    followed = (fitted.fit(window).mean - views.prior_mean) / (said - views.prior_mean)
    assert views.weight == pytest.approx(followed, rel=1e-7)
    assert 0 <= views.weight[0] <= 1


def test_in_the_limits_a_view_is_believed_outright_or_ignored():
    window = window_of(6)
    sure = bl.SharedLatentPrior(horizon=5, view_scale=1e-12).fit(window)
    np.testing.assert_allclose(sure.views.weight, 1, atol=1e-6)
    np.testing.assert_allclose(sure.mean, sure.views.mean, rtol=1e-6, atol=1e-10)
    vague = bl.SharedLatentPrior(horizon=5, view_scale=1e12).fit(window)
    np.testing.assert_allclose(vague.views.weight, 0, atol=1e-6)


@given(SEEDS)
@settings(max_examples=10)
def test_macro_features_get_a_loading_of_each_assets_own(seed):
    """The same series for every asset; forecasts as from a regression asset by asset."""
    window = window_of(seed)
    values = window.features.values
    macro = np.repeat(values[:, :1], 4, axis=1)
    panel = bl.FeaturePanel(macro, window.returns.index, window.assets, ("rate", "spread"))
    window = bl.TrainingWindow(window.returns, features=panel)
    prior = bl.FeatureInfluencedPrior(horizon=1, ridge=0.5)
    datum = prior.fit_arrays(window.arrays()).views.datum
    series = macro[:, 0]
    centre, spread = series[:-1].mean(axis=0), series[:-1].std(axis=0)
    scores = (series - centre) / spread
    for i, asset in enumerate(window.assets):
        model = Ridge(alpha=0.5 * 79).fit(scores[:-1], window.returns[asset].to_numpy()[1:])
        assert datum[i] == pytest.approx(model.predict(scores[-1:])[0], rel=1e-8)
    assert np.isfinite(prior.fit(window).mean).all()


def test_assets_without_features_follow_by_their_correlation_alone():
    window = window_of(7, blind=(0, 2))
    fitted = bl.FeatureInfluencedPrior(horizon=5).fit(window)
    views = fitted.views
    cross = views.prior_covariance[:, [1, 3]]
    step = fitted.mean - views.prior_mean
    # Given θ of the seen, the others move along the regression on them.
    slope = np.linalg.solve(cross[[1, 3]], cross[[0, 2]].T).T
    np.testing.assert_allclose(step[[0, 2]], slope @ step[[1, 3]], rtol=1e-8, atol=1e-14)


@KINDS
@pytest.mark.parametrize("blind", [(0, 1, 2, 3), (1, 2, 3)], ids=["none", "one"])
def test_without_any_view_to_hold_it_is_the_equilibrium(view_on, blind):
    window = window_of(8, blind=blind)
    fitted = bl.FeatureInfluencedPrior(horizon=5, view_on=view_on).fit(window)
    if len(blind) == 3 and view_on == "assets":
        assert fitted.views.labels == ("A0",)
        return
    assert fitted.views is None
    assert_moments(fitted, bl.EquilibriumPrior("min_variance").fit(window), rtol=1e-12)


def test_one_asset_relative_to_itself_has_no_view_and_learns_nothing():
    window = window_of(9, n_assets=1)
    prior = bl.FeatureInfluencedPrior(horizon=5, view_on="relative")
    state = learned_state(prior, window)
    assert state["records"]["fixed"]["count"] == 0
    fitted = prior.fit(window, state)
    assert_moments(fitted, bl.EquilibriumPrior("min_variance").fit(window), rtol=1e-12)


@KINDS
@given(seed=SEEDS)
@settings(max_examples=8)
def test_the_order_of_assets_does_not_matter_to_fit_or_state(view_on, seed):
    window = window_of(seed)
    order = np.random.default_rng(seed).permutation(4)
    other = window_of(seed, order=list(order))
    prior = bl.FeatureInfluencedPrior(horizon=5, view_on=view_on, view_scale=(0.3, 3.0))
    state = learned_state(prior, window)
    here, there = prior.fit(window, state), prior.fit(other, state)
    np.testing.assert_allclose(there.mean, here.mean[order], rtol=1e-6, atol=1e-11)
    np.testing.assert_allclose(
        there.covariance, here.covariance[np.ix_(order, order)], rtol=1e-6, atol=1e-11
    )
    np.testing.assert_allclose(there.views.weight, here.views.weight[order], rtol=1e-5, atol=1e-8)
    realised = window.returns.iloc[-10:]
    onward = (
        prior.update(state, bl.TrainingWindow(w.returns, features=w.features, realised=r))
        for w, r in ((window, realised), (other, realised[list(other.assets)]))
    )
    first, second = (prior.weights(after) for after in onward)
    np.testing.assert_allclose(second, first, rtol=1e-6)


@given(seed=SEEDS, unit=st.floats(0.05, 3.0))
@settings(max_examples=10)
def test_moments_follow_the_unit_of_returns(seed, unit):
    """θ0 = δΣw grows with the square of the unit, so δ shrinks by it."""
    plain = bl.FeatureInfluencedPrior(horizon=5, risk_aversion=2.5)
    scaled = bl.FeatureInfluencedPrior(horizon=5, risk_aversion=2.5 / unit)
    window, other = window_of(seed), window_of(seed, scale=unit)
    state = learned_state(plain, window)
    here, there = plain.fit(window, state), scaled.fit(other, state)
    size = np.abs(here.mean).max()
    np.testing.assert_allclose(there.mean / unit, here.mean, rtol=0, atol=1e-7 * size)
    size = np.abs(here.covariance).max()
    np.testing.assert_allclose(there.covariance / unit**2, here.covariance, atol=1e-7 * size)
    np.testing.assert_allclose(there.views.weight, here.views.weight, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.views.surprise, here.views.surprise, rtol=1e-6, atol=1e-9)


def test_a_view_in_absurd_conflict_is_discounted():
    """Its pull on the mean redescends: the surprise inflates Ω within the decision."""
    window = window_of(10)
    values = window.features.values.copy()
    pulls = []
    for push in (3.0, 300.0):
        values[-1, :, 0] = push
        panel = bl.FeaturePanel(values, window.returns.index, window.assets, ("f0", "f1"))
        pushed = bl.TrainingWindow(window.returns, features=panel)
        prior = bl.FeatureInfluencedPrior(horizon=1, ridge=0.1, feature_uncertainty="silverman")
        fitted = prior.fit(pushed)
        pulls.append(np.linalg.norm(fitted.mean - fitted.views.prior_mean))
        weight = fitted.views.weight
    assert pulls[1] < pulls[0]
    assert weight.max() < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 0.0}, "`strength`"),
        ({"strength": (1.0, -1.0)}, "`strength`"),
        ({"view_scale": (1.0, 1.0)}, "`view_scale`.*different"),
        ({"view_scale": ()}, "`view_scale`"),
        ({"view_on": "asset"}, "`view_on`.*'assets'"),
        ({"regression": "ols"}, "`regression`"),
        ({"track_record": "no"}, "`track_record`.*true or false.*'no'"),
        ({"track_record": 1}, "`track_record`"),
        ({"tau": np.inf}, "`tau`"),
    ],
)
def test_a_bad_parameter_is_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        bl.FeatureInfluencedPrior(**arguments)
