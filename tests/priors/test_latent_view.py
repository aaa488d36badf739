"""How views are learned: regressions, uncertainties, horizons and what is missing."""

import numpy as np
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes.correlation import error_correlation
from blportfolio.bayes.pooled import pooled_regression
from blportfolio.errors import DataError
from blportfolio.priors.mixed_effects import MixedEffectsPrior

SEEDS = st.integers(0, 2**32 - 1)
PRIORS = [bl.SharedLatentPrior, bl.FeatureInfluencedPrior, MixedEffectsPrior]
REGRESSIONS = ["ridge", "pooled", "sur"]
UNCERTAINTIES = ["residual", "parameter", "silverman"]


def window_of(seed, n_obs=80, n_assets=4, n_features=2, *, values=None):
    """Returns of a random walk and features that know a little about the next one."""
    rng = np.random.default_rng(seed)
    returns = make_prices(seed, n_obs + 1, n_assets).pct_change().iloc[1:]
    if values is None:
        values = rng.normal(size=(n_obs, n_assets, n_features))
        values[:-1, :, 0] += 30 * returns.to_numpy()[1:]
    names = tuple(f"f{j}" for j in range(values.shape[2]))
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), names)
    return bl.TrainingWindow(returns, features=panel)


def changed(window, change):
    """The window with its features changed in place by a function."""
    values = window.features.values.copy()
    change(values)
    panel = bl.FeaturePanel(values, window.returns.index, window.assets, window.features.names)
    return bl.TrainingWindow(window.returns, features=panel)


def scores_of(window, horizon):
    """z-scores by the rows that have a target, as the regressions see them."""
    values = window.features.values
    past = values[:-horizon]
    return (values - past.mean(axis=0)) / past.std(axis=0)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("regression", REGRESSIONS)
@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
def test_every_choice_fits_with_a_view_on_every_asset(prior, regression, uncertainty):
    model = prior(horizon=5, regression=regression, feature_uncertainty=uncertainty)
    fitted = model.fit(window_of(1))
    views = fitted.views
    assert views.labels == fitted.assets
    for matrix in (fitted.covariance, fitted.mean_covariance, views.omega, views.covariance):
        assert np.linalg.eigvalsh(matrix)[0] >= -1e-18
    step = fitted.mean - views.prior_mean
    np.testing.assert_allclose(views.attribution.sum(axis=1), step, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("regression", REGRESSIONS)
@given(seed=SEEDS, horizon=st.integers(1, 15))
@settings(max_examples=8)
def test_features_without_a_whole_target_yet_have_no_part(regression, seed, horizon):
    """The last `horizon` rows but the decision's own may say anything."""
    window = window_of(seed)

    def scramble(values):
        values[-horizon:-1] = 1e3

    prior = bl.SharedLatentPrior(horizon=horizon, regression=regression)
    here, there = prior.fit(window), prior.fit(changed(window, scramble))
    np.testing.assert_array_equal(there.views.mean, here.views.mean)
    np.testing.assert_array_equal(there.views.omega, here.views.omega)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_sur_is_generalised_least_squares_over_all_assets_at_once(seed):
    """Stacked and whitened by (Σ + Ω^F)^−½ of the paper's Ω^F, then least squares."""
    window = window_of(seed)
    prior = bl.SharedLatentPrior(horizon=1, ridge=0.0, regression="sur")
    found = prior.fit(window).views.mean
    paper = bl.SharedLatentPrior(horizon=1, ridge=0.0, feature_uncertainty="silverman")
    noise = window.returns.cov().to_numpy() + paper.fit(window).views.omega
    white = np.linalg.inv(np.linalg.cholesky(noise))
    scores, targets = scores_of(window, 1), window.returns.to_numpy()[1:]
    rows, outcomes = [], []
    for row, target in zip(scores[:-1], targets, strict=True):
        design = np.zeros((4, 12))
        for i in range(4):
            design[i, 3 * i : 3 * i + 3] = [1.0, *row[i]]
        rows.append(white @ design)
        outcomes.append(white @ target)
    solution = np.linalg.lstsq(np.vstack(rows), np.concatenate(outcomes), rcond=None)[0]
    now = np.column_stack([np.ones(4), scores[-1]])
    np.testing.assert_allclose(found, (now * solution.reshape(4, 3)).sum(axis=1), rtol=1e-6)


def test_pooled_views_are_the_pooled_regression_of_forward_means():
    window, horizon = window_of(2), 5
    returns, scores = window.returns.to_numpy(), scores_of(window, horizon)
    targets = np.array([returns[t + 1 : t + 1 + horizon].mean(axis=0) for t in range(75)])
    expected = pooled_regression(
        scores[:-horizon], scores[-1], targets, np.ones((75, 4)), returns=returns, horizon=horizon
    )
    fitted = bl.SharedLatentPrior(horizon=horizon, regression="pooled").fit(window)
    np.testing.assert_allclose(fitted.views.mean, expected.forecast, rtol=1e-9)


def test_pooling_finds_a_slope_that_all_assets_share():
    """Twenty assets with the same weak signal: nearer the truth than one by one."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(120, 20, 1))
    returns = 0.01 * rng.normal(size=(120, 20))
    returns[1:] += 0.002 * values[:-1, :, 0]
    dates = make_prices(0, 120, 1).index
    names = tuple(f"A{i}" for i in range(20))
    panel = bl.FeaturePanel(values, dates, names, ("f",))
    frame = make_prices(0, 120, 20)
    frame[:] = returns
    window = bl.TrainingWindow(frame, features=panel)
    signal = 0.002 * values[-1, :, 0]
    misses = {}
    for regression in ("pooled", "ridge"):
        prior = bl.SharedLatentPrior(horizon=1, ridge=0.0, regression=regression)
        said = prior.fit(window).views.mean - returns[1:].mean(axis=0)
        misses[regression] = np.linalg.norm(said - signal)
    assert misses["pooled"] < 0.7 * misses["ridge"]


def test_parameter_uncertainty_at_horizon_one_is_that_of_least_squares():
    """Σ̂²(1, z)(X'X)⁻¹(1, z)' by hand, asset by asset; residual uncertainty adds σ̂²."""
    window = window_of(4)
    fits = {
        kind: bl.SharedLatentPrior(horizon=1, ridge=0.0, feature_uncertainty=kind).fit(window)
        for kind in ("parameter", "residual")
    }
    scores, targets = scores_of(window, 1), window.returns.to_numpy()[1:]
    for i in range(4):
        design = np.column_stack([np.ones(79), scores[:-1, i]])
        residual = np.linalg.lstsq(design, targets[:, i], rcond=None)[1][0] / (79 - 3)
        now = np.append(1.0, scores[-1, i])
        leverage = now @ np.linalg.solve(design.T @ design, now)
        parameter = fits["parameter"].views.omega[i, i]
        assert parameter == pytest.approx(residual * leverage, rel=1e-9)
        assert fits["residual"].views.omega[i, i] == pytest.approx(residual + parameter, rel=1e-9)


def test_parameter_uncertainty_is_exact_for_a_feature_common_to_all():
    """As in multivariate least squares, variances of residuals times one leverage.

    Correlations are those of the residuals, shrunk towards their mean.
    """
    values = np.repeat(np.random.default_rng(5).normal(size=(80, 1, 2)), 4, axis=1)
    window = window_of(5, values=values)
    prior = bl.SharedLatentPrior(horizon=1, ridge=0.0, feature_uncertainty="parameter")
    design = np.column_stack([np.ones(79), scores_of(window, 1)[:-1, 0]])
    targets = window.returns.to_numpy()[1:]
    residuals = targets - design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    now = np.append(1.0, scores_of(window, 1)[-1, 0])
    leverage = now @ np.linalg.solve(design.T @ design, now)
    expected = residuals.T @ residuals / (79 - 3) * leverage
    found = prior.fit(window).views.omega
    np.testing.assert_allclose(np.diagonal(found), np.diagonal(expected), rtol=1e-8)
    correlation = correlation_of(found)
    np.testing.assert_allclose(correlation, error_correlation(residuals), rtol=1e-8)
    sample, off = np.corrcoef(residuals.T), ~np.eye(4, dtype=bool)
    mean = sample[off].mean()
    assert correlation[off].mean() == pytest.approx(mean, rel=1e-8)
    shrunk = (correlation - mean)[off] / (sample - mean)[off]
    np.testing.assert_allclose(shrunk, shrunk[0], rtol=1e-6)
    assert 0 <= shrunk[0] < 1


def correlation_of(covariance):
    deviation = np.sqrt(np.diagonal(covariance))
    return covariance / np.outer(deviation, deviation)


@pytest.mark.parametrize("regression", REGRESSIONS)
@pytest.mark.parametrize("uncertainty", ["residual", "parameter"])
@pytest.mark.parametrize("n_assets", [60, 90])
def test_with_as_many_assets_as_rows_no_forecast_counts_as_certain(
    regression, uncertainty, n_assets
):
    """The sample's own correlations have a null space; the shrunk ones do not."""
    prior = bl.SharedLatentPrior(horizon=5, regression=regression, feature_uncertainty=uncertainty)
    omega = prior.fit(window_of(5, n_obs=60, n_assets=n_assets)).views.omega
    assert np.linalg.eigvalsh(correlation_of(omega))[0] > 0.05


@pytest.mark.parametrize("regression", REGRESSIONS)
@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
def test_an_asset_whose_features_are_missing_leaves_the_others_as_they_would_be_alone(
    regression, uncertainty
):
    window = window_of(6)

    def blind(values):
        values[-1, 1] = np.nan

    prior = bl.SharedLatentPrior(horizon=2, regression=regression, feature_uncertainty=uncertainty)
    fitted = prior.fit(changed(window, blind))
    kept = [0, 2, 3]
    panel = bl.FeaturePanel(
        window.features.values[:, kept], window.returns.index, ("A0", "A2", "A3"), ("f0", "f1")
    )
    alone = prior.fit(bl.TrainingWindow(window.returns.iloc[:, kept], features=panel))
    assert fitted.views.labels == alone.views.labels
    np.testing.assert_allclose(fitted.views.mean, alone.views.mean, rtol=1e-9)
    np.testing.assert_allclose(fitted.views.omega, alone.views.omega, rtol=1e-8, atol=1e-16)


@pytest.mark.parametrize("lost", ["now", "early", "always"])
@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
def test_an_asset_without_a_feature_is_told_what_the_other_features_say(uncertainty, lost):
    """By a regression asset by asset, as if the feature did not exist for any asset."""
    window = window_of(6)
    rows = {"now": slice(-1, None), "early": slice(None, 60), "always": slice(None)}[lost]

    def lose(values):
        values[rows, 1, 0] = np.nan

    prior = bl.SharedLatentPrior(horizon=2, feature_uncertainty=uncertainty)
    fitted, full = prior.fit(changed(window, lose)), prior.fit(window)
    panel = bl.FeaturePanel(
        window.features.values[:, :, 1:], window.returns.index, window.features.assets, ("f1",)
    )
    other = prior.fit(bl.TrainingWindow(window.returns, features=panel))
    assert fitted.views.labels == full.views.labels
    for asset in range(4):
        expected = other if asset == 1 else full
        np.testing.assert_allclose(fitted.views.mean[asset], expected.views.mean[asset], rtol=1e-9)
        if uncertainty != "silverman" or asset != 1:  # its bandwidth is that of all features
            variance = expected.views.omega[asset, asset]
            np.testing.assert_allclose(fitted.views.omega[asset, asset], variance, rtol=1e-8)


@pytest.mark.parametrize("regression", REGRESSIONS)
def test_a_feature_known_in_too_few_rows_has_no_part_in_the_view_of_that_asset(regression):
    window = window_of(6)

    def shorten(values):
        values[:60, 1, 0] = np.nan

    def lose(values):
        values[:, 1, 0] = np.nan

    prior = bl.SharedLatentPrior(horizon=2, regression=regression)
    found, expected = (prior.fit(changed(window, change)) for change in (shorten, lose))
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.covariance, expected.covariance)


@pytest.mark.parametrize("prior", PRIORS)
def test_remarks_name_the_assets_without_a_view(prior):
    window = window_of(7)

    def lose(values, asset, feature):
        values[-1, asset, feature] = np.nan

    def remarks(*lost):
        def change(values):
            for asset, feature in lost:
                lose(values, asset, feature)

        return prior(horizon=5).fit_arrays(changed(window, change).arrays()).remarks

    assert remarks() == ()
    assert remarks((1, 0)) == ()  # the view rests on the other feature
    assert remarks((1, 0), (1, 1)) == ("No view on A1.",)
    assert remarks((1, 0), (1, 1), (3, 0), (3, 1)) == ("No view on A1, A3.",)
    everywhere = [(asset, 1) for asset in range(4)]
    assert remarks(*everywhere) == ()
    assert remarks((2, 0), *everywhere) == ("No view on A2.",)
    both = [(asset, feature) for asset in range(4) for feature in (0, 1)]
    assert remarks(*both) == ("No asset has a view.",)
    spread = [(0, 0), (1, 1), (2, 0), (3, 1)]  # each asset lacks one, none is lacked by all
    assert remarks(*spread) == ()
    plain = bl.TrainingWindow(window.returns).arrays()
    assert prior(horizon=5).fit_arrays(plain).remarks == ("No asset has a view.",)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("regression", REGRESSIONS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_feature_that_no_asset_has_now_is_as_if_it_had_never_been(prior, regression, place):
    """Such as a macro series that has ended: the view rests on the others."""
    window = window_of(9, n_features=3)

    def end(values):
        values[60:, :, place] = np.nan

    kept = [j for j in range(3) if j != place]
    panel = bl.FeaturePanel(
        window.features.values[:, :, kept],
        window.returns.index,
        window.assets,
        tuple(window.features.names[j] for j in kept),
    )
    model = prior(horizon=5, regression=regression)
    found = model.fit(changed(window, end))
    without = model.fit(bl.TrainingWindow(window.returns, features=panel))
    for name in ("mean", "covariance", "mean_covariance"):
        np.testing.assert_array_equal(getattr(found, name), getattr(without, name))
    for name in ("mean", "omega", "weight", "attribution"):
        np.testing.assert_array_equal(getattr(found.views, name), getattr(without.views, name))
    assert found.log_evidence == without.log_evidence
    whole = model.fit(window)
    assert not np.allclose(found.mean, whole.mean, rtol=1e-3, atol=0)


@pytest.mark.parametrize("prior", PRIORS)
def test_without_any_feature_now_the_fit_is_that_without_features(prior):
    window = window_of(10)

    def end(values):
        values[-1] = np.nan

    found = prior(horizon=5).fit(changed(window, end))
    plain = prior(horizon=5).fit(bl.TrainingWindow(window.returns))
    assert found.views is None
    np.testing.assert_array_equal(found.mean, plain.mean)
    np.testing.assert_array_equal(found.covariance, plain.covariance)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_horizon_too_long_for_the_window_says_what_to_do(prior):
    message = r"`lookback` of 80 returns leaves 5 rows.*horizon 75.*need 10.*Lengthen"
    with pytest.raises(DataError, match=message):
        prior(horizon=75).fit(window_of(8))
    with pytest.raises(DataError, match="leaves 0 rows"):
        prior(horizon=200).fit(window_of(8))
    assert prior(horizon=70).fit(window_of(8)).views is not None
