"""Pooled regressions against a dense hierarchical posterior, their limits and simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from blportfolio.bayes.correlation import error_correlation
from blportfolio.bayes.pooled import (
    SlopeEvidence,
    SlopeVariances,
    estimate_variances,
    gather_evidence,
    pooled_regression,
    posterior_slopes,
)
from blportfolio.bayes.regression import centre, forward_means, ridge_regression
from blportfolio.features import standardise

SEEDS = st.integers(0, 2**32 - 1)
RESULTS = ("forecast", "coefficients", "fitted", "leverage", "effective_parameters")


def market(
    seed,
    n_obs=120,
    n_assets=4,
    n_features=2,
    *,
    horizon=1,
    missing=0.0,
    between=0.0,
    common=0.0,
    persistence=0.9,
):
    """Returns with one market factor and slopes, in volatilities, drawn as the model has them.

    Half of each feature's variance is shared by all assets. Returns scores, now, targets, known,
    one-period returns, and the slopes on scores in return units.
    """
    rng = np.random.default_rng(seed)
    n_periods = n_obs + horizon
    values = np.zeros((n_periods, 2, n_assets, n_features))
    for t in range(n_periods):
        shocks = rng.normal(size=(2, n_assets, n_features))
        shocks[0] = shocks[0, 0]
        before = persistence * values[t - 1] if t else 0.0
        values[t] = before + shocks * (np.sqrt(1 - persistence**2) if t else 1.0)
    values = np.sqrt(0.5) * values.sum(axis=1)
    slopes = rng.normal(size=n_features) * np.sqrt(common) + rng.normal(
        size=(n_assets, n_features)
    ) * np.sqrt(between)
    volatility = rng.uniform(0.005, 0.02, size=n_assets)
    errors = rng.normal(size=(n_periods, n_assets)) + rng.normal(size=(n_periods, 1))
    returns = np.sqrt(0.5) * errors
    returns[1:] += np.einsum("tnd,nd->tn", values[:-1], slopes)
    returns *= volatility
    known = (rng.random((n_obs, n_assets)) >= missing).astype(float)
    known[: n_features + 3] = 1
    padded = np.vstack([known, np.zeros((horizon, n_assets))])
    scores = standardise(values, padded)
    spread = values[:n_obs].std(axis=0)
    truth = slopes * spread * volatility[:, None]
    return scores[:n_obs], scores[-1], forward_means(returns, horizon), known, returns, truth


def fit(world, horizon=1, variances=None):
    scores, now, targets, known, returns, _ = world
    return pooled_regression(
        scores, now, targets, known, returns=returns, horizon=horizon, variances=variances
    )


def fixed(n_features, between, common):
    return SlopeVariances(np.full(n_features, between), np.full(n_features, common))


def evidence_of(world, horizon=1):
    scores, _, targets, known, returns, _ = world
    scale = returns.std(axis=0, ddof=1)
    panel = centre(scores, targets, known)
    return gather_evidence(panel, scale, error_correlation(returns), horizon)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@given(seed=SEEDS, horizon=st.integers(1, 8))
@settings(max_examples=15)
def test_evidence_has_the_covariance_of_overlapping_correlated_errors(missing, seed, horizon):
    """Build every target from its errors: u is linear in them, so its covariance is L C Lᵀ."""
    n_assets, n_features = 3, 2
    world = market(seed, n_obs=25, n_assets=3, horizon=horizon, missing=missing)
    scores, _, targets, known, returns, _ = world
    scale = returns.std(axis=0, ddof=1)
    correlation = error_correlation(returns)
    found = gather_evidence(centre(scores, targets, known), scale, correlation, horizon)
    loading = np.zeros((n_assets * n_features, len(returns), n_assets))
    for i in range(n_assets):
        for t in np.flatnonzero(known[:, i]):
            for step in range(1, horizon + 1):
                loading[i * n_features : (i + 1) * n_features, t + step, i] += scores[t, i]
    loading /= horizon
    expected = np.einsum("asi,ij,bsj->ab", loading, correlation, loading)
    np.testing.assert_allclose(found.noise, expected, rtol=0, atol=1e-10 * expected.max())
    moments = [
        scores[known[:, i] > 0, i].T @ targets[known[:, i] > 0, i] / scale[i] for i in range(3)
    ]
    np.testing.assert_allclose(found.moment, moments, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@given(seed=SEEDS, between=st.floats(1e-4, 1.0), common=st.floats(1e-4, 1.0))
@settings(max_examples=25)
def test_the_posterior_is_that_of_the_dense_hierarchical_model(missing, seed, between, common):
    """In precision form over (b̄, b_1 … b_m), with every matrix inverted outright."""
    n_assets, n_features = 3, 2
    rng = np.random.default_rng(seed)
    evidence = evidence_of(market(seed, n_obs=40, n_assets=3, missing=missing))
    variances = SlopeVariances(
        between * rng.uniform(0.5, 2, n_features), common * rng.uniform(0.5, 2, n_features)
    )
    size = n_assets * n_features
    gram = np.zeros((size, size))
    for i in range(n_assets):
        block = slice(i * n_features, (i + 1) * n_features)
        gram[block, block] = evidence.gram[i]
    precision = np.zeros((n_features + size, n_features + size))
    precision[:n_features, :n_features] = np.diag(1 / variances.common)
    deviation = np.hstack([-np.tile(np.eye(n_features), (n_assets, 1)), np.eye(size)])
    precision += deviation.T @ np.diag(np.tile(1 / variances.between, n_assets)) @ deviation
    inverse_noise = np.linalg.inv(evidence.noise)
    precision[n_features:, n_features:] += gram @ inverse_noise @ gram
    covariance = np.linalg.inv(precision)[n_features:, n_features:]
    mean = covariance @ gram @ inverse_noise @ evidence.moment.ravel()
    found = posterior_slopes(evidence, variances)
    np.testing.assert_allclose(found.mean.ravel(), mean, rtol=0, atol=1e-10 * np.abs(mean).max())
    blocks = covariance.reshape(n_assets, n_features, n_assets, n_features)
    own = np.einsum("ikil->ikl", blocks)
    np.testing.assert_allclose(found.covariance, own, rtol=0, atol=1e-10 * np.abs(own).max())
    hat = covariance @ gram @ inverse_noise @ gram
    trace = np.diagonal(hat).reshape(n_assets, n_features).sum(axis=1)
    np.testing.assert_allclose(found.effective_parameters, trace, rtol=0, atol=1e-10 * n_features)


@given(
    seed=SEEDS,
    n_assets=st.sampled_from([1, 3, 40]),
    between=st.sampled_from([0.0, 1e-6, 1e-2]),
    common=st.sampled_from([0.0, 1e-3]),
)
@settings(max_examples=12)
def test_the_structured_posterior_is_that_of_the_plain_solve(seed, n_assets, between, common):
    """K = QG(GQG + U)⁻¹ with every matrix written out, also where T or S is zero."""
    evidence = evidence_of(market(seed, n_obs=90, n_assets=n_assets, missing=0.2, horizon=3), 3)
    size = 2 * n_assets
    gram = block_diag(*evidence.gram)
    prior = between * np.eye(size) + common * np.kron(np.ones((n_assets, n_assets)), np.eye(2))
    gain = np.linalg.solve(gram @ prior @ gram + evidence.noise, gram @ prior).T
    hat = np.diagonal(gain @ gram).reshape(n_assets, 2).sum(axis=1)
    covariance = (prior - gain @ gram @ prior).reshape(n_assets, 2, n_assets, 2)
    found = posterior_slopes(evidence, fixed(2, between, common))
    mean = (gain @ evidence.moment.ravel()).reshape(n_assets, 2)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-9, atol=1e-10 * np.abs(mean).max())
    np.testing.assert_allclose(
        found.covariance,
        np.einsum("ikil->ikl", covariance),
        rtol=0,
        atol=1e-10 * max(between + common, 1e-12),
    )
    np.testing.assert_allclose(found.effective_parameters, hat, rtol=0, atol=1e-10 * 2)


@given(SEEDS, st.integers(1, 8))
@settings(max_examples=25)
def test_slopes_far_apart_are_least_squares_asset_by_asset(seed, horizon):
    world = market(seed, horizon=horizon, missing=0.2)
    found = fit(world, horizon, fixed(2, 1e6, 0.0))
    each = ridge_regression(*world[:4], ridge=0.0)
    for name in ("forecast", "coefficients", "fitted", "effective_parameters"):
        value = getattr(each, name)
        np.testing.assert_allclose(
            getattr(found, name), value, rtol=0, atol=1e-5 * np.abs(value).max()
        )
    assert (found.leverage <= each.leverage * (1 + 1e-6)).all()
    if horizon == 1:
        np.testing.assert_allclose(found.leverage, each.leverage, rtol=1e-4)


@given(SEEDS)
@settings(max_examples=25)
def test_slopes_that_do_not_differ_are_one_generalised_least_squares_slope(seed):
    world = market(seed)
    found = fit(world, variances=fixed(2, 0.0, 1e6))
    volatility = world[4].std(axis=0, ddof=1)
    evidence = evidence_of(world)
    design = evidence.gram.reshape(-1, 2)
    weighted = np.linalg.solve(evidence.noise, design)
    slope = np.linalg.solve(design.T @ weighted, weighted.T @ evidence.moment.ravel())
    expected = volatility[:, None] * slope
    size = np.abs(expected).max()
    np.testing.assert_allclose(found.coefficients, expected, rtol=0, atol=1e-5 * size)
    covariance = np.linalg.inv(design.T @ weighted)
    leverage = 1 / len(world[2]) + np.einsum("nd,de,ne->n", world[1], covariance, world[1])
    np.testing.assert_allclose(found.leverage, leverage, rtol=1e-4)


@given(SEEDS)
@settings(max_examples=10)
def test_without_any_slope_the_forecast_is_the_mean(seed):
    world = market(seed, missing=0.2)
    found = fit(world, variances=fixed(2, 0.0, 0.0))
    count = world[3].sum(axis=0)
    np.testing.assert_allclose(found.forecast, (world[3] * world[2]).sum(axis=0) / count)
    np.testing.assert_allclose(found.leverage, 1 / count)
    np.testing.assert_array_equal(found.effective_parameters, 1)


@given(SEEDS, st.floats(0, 0.1), st.floats(0, 0.1), st.floats(1.5, 10))
@settings(max_examples=25)
def test_wider_priors_never_narrow_the_posterior(seed, between, common, factor):
    world = market(seed, n_obs=40, missing=0.2)
    narrow = fit(world, variances=fixed(2, between, common))
    wide = fit(world, variances=fixed(2, factor * between, factor * common))
    assert (wide.leverage >= narrow.leverage * (1 - 1e-9)).all()
    assert (narrow.leverage >= 1 / world[3].sum(axis=0) * (1 - 1e-9)).all()


@given(SEEDS, st.floats(1e-3, 1e3), st.permutations(range(4)), st.integers(1, 5))
@settings(max_examples=25)
def test_order_of_assets_and_unit_of_returns_carry_through(seed, scale, order, horizon):
    world = market(seed, horizon=horizon, missing=0.2, between=0.01, common=0.01)
    scores, now, targets, known, returns, _ = world
    found = fit(world, horizon)
    again = pooled_regression(
        scores[:, order],
        now[order],
        scale * targets[:, order],
        known[:, order],
        returns=scale * returns[:, order],
        horizon=horizon,
    )
    size = np.abs(found.coefficients).max()
    np.testing.assert_allclose(again.forecast / scale, found.forecast[order], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(
        again.coefficients / scale, found.coefficients[order], rtol=0, atol=1e-7 * size
    )
    np.testing.assert_allclose(again.leverage, found.leverage[order], rtol=1e-7)
    np.testing.assert_allclose(
        again.effective_parameters, found.effective_parameters[order], rtol=1e-7
    )


@given(SEEDS)
@settings(max_examples=15)
def test_the_sign_of_a_feature_does_not_matter(seed):
    world = market(seed, between=0.01, common=0.01)
    flip = np.array([1.0, -1.0])
    again = fit((world[0] * flip, world[1] * flip, *world[2:]))
    found = fit(world)
    np.testing.assert_allclose(again.forecast, found.forecast, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(again.coefficients, found.coefficients * flip, rtol=1e-6, atol=1e-14)


@given(SEEDS)
@settings(max_examples=15)
def test_rows_that_are_not_known_have_no_influence(seed):
    world = market(seed, missing=0.3)
    scores, now, targets, known, returns, truth = world
    wild = np.where(known[:, :, None] > 0, scores, 1e6)
    again = fit((wild, now, np.where(known > 0, targets, np.nan), known, returns, truth))
    for name in RESULTS:
        np.testing.assert_array_equal(getattr(again, name), getattr(fit(world), name))


def test_a_constant_feature_changes_nothing():
    scores, now, *rest = market(1, between=0.02, common=0.02)
    found = fit((scores, now, *rest))
    more = fit((np.pad(scores, ((0, 0), (0, 0), (0, 1))), np.pad(now, ((0, 0), (0, 1))), *rest))
    np.testing.assert_allclose(more.forecast, found.forecast, rtol=1e-9)
    np.testing.assert_allclose(more.leverage, found.leverage, rtol=1e-9)
    np.testing.assert_array_equal(more.coefficients[:, 2], 0)
    nothing = fit((0 * scores, 0 * now, *rest))
    np.testing.assert_allclose(nothing.forecast, rest[0].mean(axis=0), rtol=1e-12)


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15)
def test_copies_of_a_feature_share_its_slope(seed, copies):
    scores, now, *rest = market(seed, n_features=1, between=0.02, common=0.02)
    found = fit((scores, now, *rest))
    copied = fit((np.repeat(scores, copies, axis=2), np.repeat(now, copies, axis=1), *rest))
    np.testing.assert_allclose(copied.forecast, found.forecast, rtol=1e-7, atol=1e-13)
    np.testing.assert_allclose(copied.leverage, found.leverage, rtol=1e-7)
    np.testing.assert_allclose(
        copied.coefficients, np.repeat(found.coefficients / copies, copies, axis=1), atol=1e-10
    )


def test_an_asset_with_few_rows_takes_the_slope_of_the_others():
    scores, now, targets, known, returns, truth = market(
        3, n_obs=300, n_assets=6, n_features=1, common=0.04
    )
    known[8:, 0] = 0
    scores = np.where(known[:, :, None] > 0, scores, 0.0)
    found = fit((scores, now, targets, known, returns, truth), variances=fixed(1, 1e-4, 0.04))
    slopes = (found.coefficients / returns.std(axis=0, ddof=1)[:, None]).ravel()
    assert slopes[0] == pytest.approx(slopes[1:].mean(), rel=0.1)
    assert np.isfinite(fit((scores, now, targets, known, returns, truth)).leverage).all()


@pytest.mark.parametrize(("n_assets", "n_features"), [(1, 1), (1, 3), (3, 1)])
@given(seed=SEEDS)
@settings(max_examples=10)
def test_one_asset_or_one_feature_will_do(n_assets, n_features, seed):
    world = market(seed, n_assets=n_assets, n_features=n_features, common=0.02)
    found = fit(world)
    assert all(np.isfinite(getattr(found, name)).all() for name in RESULTS)
    each = ridge_regression(*world[:4], ridge=0.0)
    assert (found.leverage <= each.leverage * (1 + 1e-9)).all()
    if n_assets == 1:
        variances = estimate_variances(evidence_of(world))
        np.testing.assert_array_equal(variances.between, 0)


@pytest.mark.parametrize("rate", [0.0, 0.0001])
def test_an_asset_that_never_varies_is_forecast_not_to(rate):
    scores, now, targets, known, returns, truth = market(4, between=0.02, common=0.02)
    returns, targets = returns.copy(), targets.copy()
    returns[:, 1] = targets[:, 1] = rate
    found = fit((scores, now, targets, known, returns, truth))
    assert all(np.isfinite(getattr(found, name)).all() for name in RESULTS)
    assert found.forecast[1] == pytest.approx(rate, rel=1e-12)
    others = [0, 2, 3]
    alone = pooled_regression(
        scores[:, others],
        now[others],
        targets[:, others],
        known[:, others],
        returns=returns[:, others],
        horizon=1,
        variances=fixed(2, 0.02, 0.02),
    )
    joint = fit((scores, now, targets, known, returns, truth), variances=fixed(2, 0.02, 0.02))
    np.testing.assert_allclose(joint.forecast[others], alone.forecast, rtol=0, atol=1e-4)


def test_correlations_are_shrunk_to_a_definite_matrix_with_the_same_mean():
    rng = np.random.default_rng(0)
    returns = rng.normal(size=(30, 50)) + rng.normal(size=(30, 1))
    sample = np.corrcoef(returns, rowvar=False)
    found = error_correlation(returns)
    assert np.linalg.eigvalsh(found)[0] > 0.01
    assert found.mean() == pytest.approx(sample.mean(), rel=1e-12)
    many = rng.normal(size=(100_000, 3)) @ np.array([[1, 0.5, 0.1], [0, 1, 0.7], [0, 0, 1]])
    np.testing.assert_allclose(
        error_correlation(many), np.corrcoef(many, rowvar=False), rtol=0, atol=1e-4
    )
    np.testing.assert_array_equal(error_correlation(returns[:, :1]), 1)


def test_variances_are_unbiased_before_their_positive_part():
    """With slopes far above the noise no moment is negative, and their means are the truth."""
    rng = np.random.default_rng(1)
    n_assets, draws = 8, 4000
    base = evidence_of(market(2, n_obs=200, n_assets=n_assets, n_features=1, missing=0.3))
    root = np.linalg.cholesky(base.noise)
    found = []
    for _ in range(draws):
        slopes = rng.normal(scale=2.0) + rng.normal(scale=0.5, size=(n_assets, 1))
        noise = (root @ rng.normal(size=n_assets)).reshape(n_assets, 1)
        moment = base.gram[:, :, 0] * slopes + noise
        estimate = estimate_variances(SlopeEvidence(base.gram, moment, base.noise))
        found.append([estimate.between[0], estimate.common[0]])
    between, common = np.mean(found, axis=0)
    assert between == pytest.approx(0.25, rel=0.05)
    assert common == pytest.approx(4.0, rel=0.1)


def test_slopes_are_closer_to_a_hierarchical_truth_than_either_extreme():
    errors = []
    for seed in range(15):
        world = market(seed, n_obs=250, n_assets=15, between=0.004, common=0.004)
        volatility = world[4].std(axis=0, ddof=1)[:, None]
        candidates = [
            fit(world),
            ridge_regression(*world[:4], ridge=0.0),
            fit(world, variances=fixed(2, 0.0, 1e6)),
        ]
        errors.append(
            [(((c.coefficients - world[5]) / volatility) ** 2).mean() for c in candidates]
        )
    pooled, each, common = np.mean(errors, axis=0)
    assert pooled < 0.8 * each
    assert pooled < 0.8 * common


@pytest.mark.parametrize(("horizon", "n_features"), [(1, 4), (10, 4)])
def test_without_predictability_the_forecasts_hardly_move(horizon, n_features):
    """Assets and targets that move together must not pass for many that agree."""
    spreads = []
    for seed in range(20):
        world = market(seed, n_obs=250, n_assets=20, n_features=n_features, horizon=horizon)
        mean, volatility = world[2].mean(axis=0), world[4].std(axis=0, ddof=1)
        candidates = [fit(world, horizon), ridge_regression(*world[:4], ridge=1.0)]
        spreads.append([(((c.forecast - mean) / volatility) ** 2).mean() for c in candidates])
    pooled, ridge = np.mean(spreads, axis=0)
    assert pooled < 0.4 * ridge
    assert np.median(spreads, axis=0)[0] < 0.1 * np.median(spreads, axis=0)[1]
