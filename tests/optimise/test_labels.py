"""Labels of moments given to the array functions: aligned or refused, never mixed."""

import numpy as np
import pandas as pd
import pytest
from helpers import random_covariance
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import DataError
from blportfolio.optimise import long_only_max_sharpe, unconstrained_weights

SEEDS = st.integers(0, 2**32 - 1)
NAMES = list("ABCDE")


def labelled(seed):
    rng = np.random.default_rng(seed)
    mean = pd.Series(np.abs(rng.normal(scale=1e-3, size=5)), NAMES)
    covariance = pd.DataFrame(random_covariance(rng, 5), NAMES, NAMES)
    return mean, covariance, rng.permutation(NAMES)


@given(SEEDS)
def test_the_order_of_the_covariance_changes_nothing(seed):
    mean, covariance, order = labelled(seed)
    plain = long_only_max_sharpe(mean.to_numpy(), covariance.to_numpy())
    turned = covariance.loc[order, order[::-1]]
    start = pd.Series(plain, NAMES)[order]
    np.testing.assert_array_equal(long_only_max_sharpe(mean, turned), plain)
    np.testing.assert_allclose(long_only_max_sharpe(mean, turned, start=start), plain, atol=1e-12)


@given(SEEDS)
def test_unconstrained_weights_are_in_the_order_of_the_mean(seed):
    mean, covariance, order = labelled(seed)
    for convention in ("he_litterman", "idzorek"):
        options = {"risk_aversion": 2.0, "convention": convention}
        plain = unconstrained_weights(
            mean.to_numpy(), covariance.to_numpy(), covariance.to_numpy() / 20, **options
        )
        turned = covariance.loc[order, order]
        found = unconstrained_weights(mean, turned, turned.loc[NAMES[::-1]] / 20, **options)
        np.testing.assert_array_equal(found, plain)


def test_an_array_beside_labels_is_taken_by_position():
    mean, covariance, order = labelled(1)
    plain = long_only_max_sharpe(mean.to_numpy(), covariance.to_numpy())
    np.testing.assert_array_equal(long_only_max_sharpe(mean.to_numpy(), covariance), plain)
    np.testing.assert_array_equal(long_only_max_sharpe(mean, covariance.to_numpy()), plain)
    numbered = mean.reset_index(drop=True)
    np.testing.assert_array_equal(long_only_max_sharpe(numbered, covariance), plain)
    start = pd.Series(plain, NAMES).rename({"A": "Z"})
    with pytest.raises(DataError, match="`start` must be labelled by the assets"):
        long_only_max_sharpe(numbered, covariance.loc[order, order], start=start)


@pytest.mark.parametrize(
    ("covariance", "words"),
    [
        (pd.DataFrame(np.eye(2), ["A", "C"], ["A", "C"]), "`covariance`.*lacks 'B'.*unknown 'C'"),
        (pd.DataFrame(np.eye(2), ["A", "B"], ["A", "C"]), "`covariance`.*lacks 'B'.*unknown 'C'"),
        (pd.DataFrame(np.eye(3), list("ABC"), list("ABC")), "`covariance`.*unknown 'C'"),
        (pd.DataFrame(np.eye(1), ["A"], ["A"]), "`covariance`.*lacks 'B'"),
    ],
)
def test_other_labels_are_refused_and_named(covariance, words):
    mean = pd.Series([0.1, 0.2], ["A", "B"])
    with pytest.raises(DataError, match=words):
        long_only_max_sharpe(mean, covariance)
    with pytest.raises(DataError, match=words):
        unconstrained_weights(mean, covariance, np.zeros((2, 2)), risk_aversion=1)


def test_a_mean_that_names_an_asset_twice_is_refused():
    mean = pd.Series([0.1, 0.2], ["A", "A"])
    with pytest.raises(DataError, match="`mean` names 'A' more than once"):
        long_only_max_sharpe(mean, np.eye(2))
