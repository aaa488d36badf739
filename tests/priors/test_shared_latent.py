"""SLP-BL: views learned from features."""

import numpy as np
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import blportfolio as bl
from blportfolio.bayes import shared_latent_posterior
from blportfolio.errors import ConfigError, DataError

SEEDS = st.integers(0, 2**32 - 1)


def window_of(seed, n_obs=80, n_assets=4, n_features=2, missing=0.0):
    """Returns of a random walk and features that know a little about the next one."""
    rng = np.random.default_rng(seed)
    returns = make_prices(seed, n_dates=n_obs + 1, n_assets=n_assets).pct_change().iloc[1:]
    values = rng.normal(size=(n_obs, n_assets, n_features))
    values[:-1, :, 0] += 30 * returns.to_numpy()[1:]
    values[:-1][rng.random((n_obs - 1, n_assets)) < missing] = np.nan
    names = tuple(f"f{j}" for j in range(n_features))
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), names)
    return bl.TrainingWindow(returns, features=panel)


def without_values(window, asset, rows=slice(None)):
    values = window.features.values.copy()
    values[rows, window.assets.index(asset)] = np.nan
    panel = bl.FeaturePanel(values, window.returns.index, window.assets, window.features.names)
    return bl.TrainingWindow(window.returns, features=panel)


def forecasts_by_hand(window, horizon, ridge):
    """Regress with scikit-learn, asset by asset, using only targets inside the window."""
    returns, features = window.returns.to_numpy(), window.features.values
    forecasts = []
    for i in range(len(window.assets)):
        rows = [t for t in range(len(returns) - horizon) if np.isfinite(features[t, i]).all()]
        targets = [returns[t + 1 : t + 1 + horizon, i].mean() for t in rows]
        centre, spread = features[rows, i].mean(axis=0), features[rows, i].std(axis=0)
        model = Ridge(alpha=ridge * len(rows)).fit((features[rows, i] - centre) / spread, targets)
        forecasts.append(model.predict([(features[-1, i] - centre) / spread])[0])
    return np.array(forecasts)


@given(SEEDS, st.integers(1, 21), st.floats(0.01, 10))
@settings(max_examples=30)
def test_the_view_is_a_ridge_forecast_that_never_reaches_past_the_window(seed, horizon, ridge):
    window = window_of(seed, missing=0.2)
    fitted = bl.SharedLatentPrior(horizon=horizon, ridge=ridge).fit(window)
    expected = forecasts_by_hand(window, horizon, ridge)
    np.testing.assert_allclose(fitted.views.mean, expected, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("uncertainty", ["residual", "silverman"])
@given(seed=SEEDS)
@settings(max_examples=20)
def test_the_posterior_is_the_kernel_applied_to_the_view(uncertainty, seed):
    window = window_of(seed)
    prior = bl.SharedLatentPrior(horizon=5, feature_uncertainty=uncertainty)
    fitted = prior.fit(window)
    views = fitted.views
    expected = shared_latent_posterior(
        views.prior_mean, views.prior_covariance, views.mean, views.omega
    )
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(fitted.mean_covariance, expected.covariance, rtol=1e-8, atol=1e-15)
    assert fitted.log_evidence == pytest.approx(expected.log_evidence, abs=1e-8)
    sigma = window.returns.cov().to_numpy()
    np.testing.assert_allclose(fitted.covariance, sigma + expected.covariance, rtol=1e-9)
    np.testing.assert_allclose(views.prior_covariance, 0.05 * sigma, rtol=1e-12)


def test_uncertainty_at_horizon_one_is_the_error_of_the_forecast():
    window = window_of(1)
    fitted = bl.SharedLatentPrior(horizon=1, ridge=0.0).fit(window)
    returns, features = window.returns.to_numpy(), window.features.values
    for i in range(4):
        design = np.column_stack([np.ones(79), features[:-1, i]])
        beta, residual, _, _ = np.linalg.lstsq(design, returns[1:, i], rcond=None)
        now = np.append(1.0, features[-1, i])
        leverage = now @ np.linalg.solve(design.T @ design, now)
        assert fitted.views.mean[i] == pytest.approx(now @ beta, rel=1e-9)
        expected = residual[0] / (79 - 3) * (1 + leverage)
        assert fitted.views.omega[i, i] == pytest.approx(expected, rel=1e-9)


def test_silverman_uncertainty_is_diagonal_and_from_unpenalised_coefficients():
    window = window_of(2)
    fitted = bl.SharedLatentPrior(horizon=1, feature_uncertainty="silverman").fit(window)
    returns, features = window.returns.to_numpy(), window.features.values
    size, n_obs = 4 * 2, 79
    factor = (4 / (size + 2)) ** (2 / (size + 4)) * n_obs ** (-2 / (size + 4))
    expected = []
    for i in range(4):
        design = np.column_stack([np.ones(79), features[:-1, i]])
        slopes = np.linalg.lstsq(design, returns[1:, i], rcond=None)[0][1:]
        expected.append(factor * (slopes**2 * features[:-1, i].var(axis=0)).sum())
    np.testing.assert_allclose(fitted.views.omega, np.diag(expected), rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("reference", ["equal", "inverse_variance", "min_variance"])
def test_without_features_the_posterior_is_the_equilibrium_prior(reference):
    full = window_of(3)
    empty = bl.FeaturePanel(np.empty((80, 4, 0)), full.returns.index, full.assets, ())
    expected = bl.EquilibriumPrior(reference).fit(full)
    for features in (None, empty):
        window = bl.TrainingWindow(full.returns, features=features)
        fitted = bl.SharedLatentPrior(reference=reference).fit(window)
        np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-12)
        np.testing.assert_allclose(fitted.covariance, expected.covariance, rtol=1e-12)
        assert fitted.views is None


@given(SEEDS, st.integers(1, 10))
@settings(max_examples=20)
def test_an_infinite_ridge_learns_nothing_but_the_mean_target(seed, horizon):
    window = window_of(seed)
    fitted = bl.SharedLatentPrior(ridge=1e12, horizon=horizon).fit(window)
    returns = window.returns.to_numpy()
    targets = [returns[t + 1 : t + 1 + horizon].mean(axis=0) for t in range(80 - horizon)]
    np.testing.assert_allclose(fitted.views.mean, np.mean(targets, axis=0), atol=1e-12)


@given(SEEDS)
@settings(max_examples=20)
def test_a_sure_prior_at_the_sample_mean_gives_markowitz_weights(seed):
    window = window_of(seed)
    fitted = bl.SharedLatentPrior(prior_mean="historical", tau=1e-12, horizon=1).fit(window)
    markowitz = bl.HistoricalPrior().fit(window)
    if not (markowitz.mean > 1e-6).any():
        return
    np.testing.assert_allclose(
        bl.MaxSharpe().solve(fitted), bl.MaxSharpe().solve(markowitz), atol=1e-5
    )


def test_without_features_the_historical_prior_mean_gives_markowitz_weights():
    window = bl.TrainingWindow(window_of(4).returns)
    fitted = bl.SharedLatentPrior(prior_mean="historical", tau=0.5).fit(window)
    markowitz = bl.HistoricalPrior().fit(window)
    np.testing.assert_allclose(fitted.covariance, 1.5 * markowitz.covariance, rtol=1e-12)
    np.testing.assert_allclose(
        bl.MaxSharpe().solve(fitted), bl.MaxSharpe().solve(markowitz), atol=1e-12
    )


@given(SEEDS, st.floats(1e-3, 1))
@settings(max_examples=25)
def test_views_say_what_they_did(seed, tau):
    fitted = bl.SharedLatentPrior(tau=tau, horizon=3).fit(window_of(seed))
    views = fitted.views
    step = fitted.mean - views.prior_mean
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=1e-8, atol=1e-15)
    spread = np.sqrt(np.diagonal(views.prior_covariance + views.omega))
    np.testing.assert_allclose(views.surprise, (views.mean - views.prior_mean) / spread, rtol=1e-9)
    np.testing.assert_array_equal(views.pick, np.eye(4))
    np.testing.assert_array_equal(views.covariance, views.omega)
    np.testing.assert_array_equal(views.effective_view_covariance, views.omega)
    assert views.labels == fitted.assets
    for name in ("pick", "mean", "omega", "attribution", "surprise", "prior_mean"):
        assert not getattr(views, name).flags.writeable


@pytest.mark.parametrize(
    "rows", [slice(-1, None), slice(None), slice(0, 70)], ids=["now", "always", "most"]
)
def test_an_asset_whose_features_are_missing_gets_no_view(rows):
    window = without_values(window_of(5), "A1", rows)
    fitted = bl.SharedLatentPrior(horizon=2).fit(window)
    assert fitted.views.labels == ("A0", "A2", "A3")
    np.testing.assert_array_equal(fitted.views.pick, np.eye(4)[[0, 2, 3]])
    complete = bl.SharedLatentPrior(horizon=2).fit(window_of(5))
    np.testing.assert_allclose(fitted.views.mean, complete.views.mean[[0, 2, 3]], rtol=1e-10)
    assert np.isfinite(fitted.mean).all()


def test_when_no_asset_has_features_the_posterior_is_the_prior():
    window = window_of(6)
    for asset in window.assets:
        window = without_values(window, asset, slice(-1, None))
    fitted = bl.SharedLatentPrior(horizon=2).fit(window)
    expected = bl.EquilibriumPrior("min_variance").fit(window)
    assert fitted.views is None
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-12)


def test_features_that_predict_well_pull_the_mean_towards_the_forecast():
    rng = np.random.default_rng(7)
    plain = window_of(7, n_obs=250)
    signal = rng.normal(size=(250, 4, 1))
    returns = plain.returns * 0.01
    returns.iloc[1:] += 0.01 * signal[:-1, :, 0]
    panel = bl.FeaturePanel(signal, returns.index, plain.assets, ("signal",))
    fitted = bl.SharedLatentPrior(horizon=1, ridge=0.0, tau=1.0).fit(
        bl.TrainingWindow(returns, features=panel)
    )
    np.testing.assert_allclose(fitted.views.mean, 0.01 * signal[-1, :, 0], atol=1e-3)
    np.testing.assert_allclose(fitted.mean, fitted.views.mean, atol=2e-3)


def test_the_default_horizon_is_a_month():
    window = window_of(8)
    by_default = bl.SharedLatentPrior().fit(window)
    month = bl.SharedLatentPrior(horizon=21).fit(window)
    np.testing.assert_array_equal(by_default.mean, month.mean)


def test_constant_features_and_features_said_twice_do_no_harm():
    window = window_of(9, n_features=1)
    values = window.features.values
    doubled = np.concatenate([values, values, np.full_like(values, 3.0)], axis=2)
    panel = bl.FeaturePanel(doubled, window.returns.index, window.assets, ("f", "g", "h"))
    again = bl.TrainingWindow(window.returns, features=panel)
    prior = bl.SharedLatentPrior(horizon=1, ridge=0.0)
    np.testing.assert_allclose(prior.fit(again).views.mean, prior.fit(window).views.mean, rtol=1e-8)


def test_fewer_returns_than_assets_still_give_a_posterior():
    fitted = bl.SharedLatentPrior(horizon=1).fit(window_of(10, n_obs=25, n_assets=40))
    assert np.isfinite(fitted.mean).all()
    assert np.linalg.eigvalsh(fitted.mean_covariance)[0] >= -1e-14
    assert len(fitted.views.labels) == 40


def test_a_window_too_short_for_the_horizon_says_what_to_do():
    with pytest.raises(DataError, match=r"`lookback` of 30 returns leaves 9 rows.*Lengthen"):
        bl.SharedLatentPrior(horizon=21).fit(window_of(11, n_obs=30))
    with pytest.raises(DataError, match="leaves 0 rows"):
        bl.SharedLatentPrior(horizon=50).fit(window_of(11, n_obs=30))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau": 0.0}, "`tau`"),
        ({"tau": np.nan}, "`tau`"),
        ({"risk_aversion": -2.5}, "`risk_aversion`"),
        ({"reference": "min_varianse"}, "`reference`.*Did you mean 'min_variance'"),
        ({"prior_mean": "sample"}, "`prior_mean`"),
        ({"feature_uncertainty": "residuals"}, "`feature_uncertainty`.*'residual'"),
        ({"horizon": 0}, "`horizon`"),
        ({"horizon": 2.5}, "`horizon`"),
        ({"ridge": -1.0}, "`ridge`"),
        ({"ridge": np.inf}, "`ridge`"),
    ],
)
def test_a_bad_parameter_is_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        bl.SharedLatentPrior(**arguments)
