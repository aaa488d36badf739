"""Covariance models against numpy, pandas and scikit-learn, and the contract of the registry."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

import blportfolio as bl
from blportfolio.covariance import COVARIANCES
from blportfolio.errors import ConfigError

SEEDS = st.integers(0, 2**32 - 1)


def random_returns(seed, n_obs=40, n_assets=5):
    rng = np.random.default_rng(seed)
    factor = rng.normal(scale=0.01, size=(n_obs, 1))
    return 3e-4 + factor + rng.normal(scale=0.01, size=(n_obs, n_assets))


@given(SEEDS, st.integers(2, 60), st.integers(1, 8))
@settings(max_examples=40)
def test_sample_covariance_matches_numpy(seed, n_obs, n_assets):
    returns = random_returns(seed, n_obs, n_assets)
    np.testing.assert_allclose(
        bl.SampleCovariance().fit_arrays(returns),
        np.atleast_2d(np.cov(returns, rowvar=False)),
        rtol=1e-12,
        atol=1e-18,
    )


@given(SEEDS, st.integers(2, 60), st.integers(1, 5), st.floats(0.5, 500))
@settings(max_examples=40)
def test_ewma_covariance_matches_pandas(seed, n_obs, n_assets, halflife):
    returns = random_returns(seed, n_obs, n_assets)
    frames = pd.DataFrame(returns).ewm(halflife=halflife, adjust=True).cov(bias=False)
    np.testing.assert_allclose(
        bl.EWMACovariance(halflife).fit_arrays(returns),
        frames.loc[n_obs - 1].to_numpy(),
        rtol=1e-9,
        atol=1e-16,
    )


def test_ewma_with_an_endless_half_life_is_the_sample_covariance():
    returns = random_returns(1)
    np.testing.assert_allclose(
        bl.EWMACovariance(1e12).fit_arrays(returns),
        np.cov(returns, rowvar=False),
        rtol=1e-9,
    )


@given(SEEDS, st.integers(2, 60), st.integers(1, 20))
@settings(max_examples=40)
def test_ledoit_wolf_matches_scikit_learn(seed, n_obs, n_assets):
    returns = random_returns(seed, n_obs, n_assets)
    np.testing.assert_allclose(
        bl.LedoitWolfCovariance().fit_arrays(returns),
        LedoitWolf().fit(returns).covariance_,
        rtol=1e-10,
        atol=1e-18,
    )


@given(SEEDS, st.integers(10, 30), st.integers(31, 50))
@settings(max_examples=25)
def test_ledoit_wolf_is_definite_with_fewer_returns_than_assets(seed, n_obs, n_assets):
    covariance = bl.LedoitWolfCovariance().fit_arrays(random_returns(seed, n_obs, n_assets))
    assert np.linalg.eigvalsh(covariance)[0] > 0


@pytest.mark.parametrize("name", list(COVARIANCES))
@given(seed=SEEDS, n_obs=st.integers(2, 60), n_assets=st.integers(1, 12))
@settings(max_examples=30)
def test_every_model_gives_a_symmetric_semi_definite_matrix(name, seed, n_obs, n_assets):
    covariance = COVARIANCES[name]().fit_arrays(random_returns(seed, n_obs, n_assets))
    assert covariance.shape == (n_assets, n_assets)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-12, atol=1e-18)
    values = np.linalg.eigvalsh(covariance)
    assert values[0] >= -1e-12 * values[-1]
    assert values[-1] > 0


@pytest.mark.parametrize("name", list(COVARIANCES))
@given(seed=SEEDS)
@settings(max_examples=25)
def test_no_model_depends_on_the_order_of_assets(name, seed):
    returns, model = random_returns(seed), COVARIANCES[name]()
    order = np.random.default_rng(seed).permutation(returns.shape[1])
    np.testing.assert_allclose(
        model.fit_arrays(returns[:, order]),
        model.fit_arrays(returns)[np.ix_(order, order)],
        rtol=1e-9,
        atol=1e-18,
    )


@pytest.mark.parametrize("name", list(COVARIANCES))
@given(seed=SEEDS, c=st.floats(1e-3, 1e3), shift=st.floats(-0.1, 0.1))
@settings(max_examples=25)
def test_returns_in_another_unit_scale_every_covariance_and_a_shift_changes_nothing(
    name, seed, c, shift
):
    returns, model = random_returns(seed), COVARIANCES[name]()
    expected = c**2 * model.fit_arrays(returns)
    np.testing.assert_allclose(
        model.fit_arrays(c * (returns + shift)), expected, rtol=1e-8, atol=1e-9 * expected.max()
    )


@pytest.mark.parametrize("name", list(COVARIANCES))
def test_no_model_writes_into_the_returns(name):
    returns = random_returns(2)
    returns.setflags(write=False)
    assert np.isfinite(COVARIANCES[name]().fit_arrays(returns)).all()


@pytest.mark.parametrize("halflife", [0.0, -1.0, np.nan, np.inf])
def test_a_bad_half_life_is_named(halflife):
    with pytest.raises(ConfigError, match="`halflife`"):
        bl.EWMACovariance(halflife)
