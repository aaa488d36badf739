"""Idzorek's confidences against what they promise, for any prior."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.bayes import bl_posterior
from blportfolio.bayes.confidence import idzorek_view_variances, implied_confidence
from blportfolio.errors import ConfigError, DataError

SEEDS = st.integers(0, 2**32 - 1)


def problem(seed, n_assets=5, n_views=3):
    """A random prior, and views on it."""
    rng = np.random.default_rng(seed)
    sigma = random_covariance(rng, n_assets)
    mean = rng.normal(0, 1e-3, size=n_assets)
    return mean, sigma, rng.normal(size=(n_views, n_assets)), rng.normal(0, 1e-3, size=n_views)


@given(SEEDS, st.floats(0.01, 1.0), st.floats(0.001, 2.0))
@settings(max_examples=50)
def test_a_lone_view_goes_its_confidence_of_the_way_to_certainty(seed, confidence, tau):
    mean, sigma, pick, views = problem(seed, n_views=1)
    omega = np.diag(idzorek_view_variances(sigma, pick, [confidence], tau=tau))
    held = bl_posterior(mean, tau * sigma, pick, views, omega).mean
    certain = bl_posterior(mean, tau * sigma, pick, views, [[0.0]]).mean
    step = certain - mean
    np.testing.assert_allclose(
        held - mean, confidence * step, atol=1e-9 * np.abs(step).max(), rtol=0
    )
    assert implied_confidence(mean, tau * sigma, pick, views, omega) == pytest.approx(
        [confidence], rel=1e-9
    )


@given(SEEDS)
def test_full_confidence_is_certainty_and_one_half_is_he_and_litterman(seed):
    _, sigma, pick, _ = problem(seed, n_views=2)
    variances = idzorek_view_variances(sigma, pick, [1.0, 0.5], tau=0.05)
    assert variances[0] == 0.0
    assert variances[1] == pytest.approx(0.05 * pick[1] @ sigma @ pick[1], rel=1e-14)
    assert not variances.flags.writeable


@given(SEEDS)
@settings(max_examples=50)
def test_an_asset_of_one_view_departs_by_the_implied_confidence_of_that_view(seed):
    """Views on disjoint assets, as in Idzorek's table 7, by weights in his convention."""
    mean, sigma, _, _ = problem(seed, n_assets=6)
    rng = np.random.default_rng(seed)
    pick = np.kron(np.eye(3), [[1.0, -0.7]])
    views = pick @ mean + rng.uniform(1e-4, 1e-3, size=3)
    omega = np.diag(idzorek_view_variances(sigma, pick, rng.uniform(0.1, 0.9, size=3), tau=0.1))
    tilts = [
        np.linalg.solve(sigma, bl_posterior(mean, 0.1 * sigma, pick, views, noise).mean - mean)
        for noise in (omega, np.zeros((3, 3)))
    ]
    implied = implied_confidence(mean, 0.1 * sigma, pick, views, omega)
    np.testing.assert_allclose(np.repeat(implied, 2) * tilts[1], tilts[0], rtol=1e-6, atol=1e-9)


def test_certain_views_have_an_implied_confidence_of_one():
    mean, sigma, pick, views = problem(1)
    found = implied_confidence(mean, sigma, pick, views, np.zeros((3, 3)))
    np.testing.assert_allclose(found, 1.0, rtol=1e-12)


def test_a_view_that_would_have_no_weight_has_no_implied_confidence():
    sigma, pick = np.eye(3), np.eye(3)[:2]
    found = implied_confidence(np.zeros(3), sigma, pick, [0.01, 0.0], np.eye(2))
    np.testing.assert_allclose(found, [0.5, np.nan], rtol=1e-14)


def test_views_that_depend_on_each_other_have_no_joint_confidences():
    mean, sigma, pick, _ = problem(2)
    pick[2] = pick[0] + pick[1]
    with pytest.raises(DataError, match=r"`pick` holds views that depend on each other.*Drop"):
        implied_confidence(mean, sigma, pick, pick @ mean, np.eye(3))


@pytest.mark.parametrize(
    ("confidence", "tau", "error", "words"),
    [
        ([0.5, 0.0], 0.05, DataError, "`confidence` must lie above 0 and up to 1, got 0"),
        ([0.5, 1.2], 0.05, DataError, "got 1.2"),
        ([0.5], 0.05, DataError, "`pick` must have shape"),
        ([0.5, np.nan], 0.05, DataError, "`confidence` must be finite"),
        ([0.5, 0.5], 0.0, ConfigError, "`tau`"),
    ],
)
def test_a_bad_confidence_is_named(confidence, tau, error, words):
    with pytest.raises(error, match=words):
        idzorek_view_variances(np.eye(3), np.eye(3)[:2], confidence, tau=tau)
