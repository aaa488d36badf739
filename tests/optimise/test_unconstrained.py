"""Unconstrained weights in both conventions; the printed tables are in tests/reference."""

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError, InfeasibleError
from blportfolio.optimise import unconstrained_weights

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(0.1, 20))
def test_no_other_weights_have_a_higher_utility(seed, risk_aversion):
    rng = np.random.default_rng(seed)
    sigma, extra = random_covariance(rng, 4), random_covariance(rng, 4, scale=1e-5)
    mean = rng.normal(0, 1e-3, size=4)
    for convention, risk in (("he_litterman", sigma + extra), ("idzorek", sigma)):
        weights = unconstrained_weights(
            mean, sigma + extra, extra, risk_aversion=risk_aversion, convention=convention
        )
        gradient = mean - risk_aversion * risk @ weights
        np.testing.assert_allclose(gradient, 0, atol=1e-12 * np.abs(mean).max() + 1e-15)
        assert not weights.flags.writeable


def test_normalised_weights_leave_no_cash():
    weights = unconstrained_weights(
        [0.1, 0.05], np.eye(2), np.zeros((2, 2)), risk_aversion=3, normalise=True
    )
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3], rtol=1e-15)


@pytest.mark.parametrize("mean", [[0.1, -0.2], [0.1, -0.1], [0.0, 0.0]])
def test_weights_that_sum_to_nothing_cannot_be_normalised(mean):
    with pytest.raises(InfeasibleError, match=r"The weights sum to .*Leave out `normalise`"):
        unconstrained_weights(mean, np.eye(2), np.zeros((2, 2)), risk_aversion=1, normalise=True)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"risk_aversion": 0}, ConfigError, "`risk_aversion`"),
        ({"convention": "he"}, ConfigError, "`convention`.*he_litterman"),
        ({"mean": [0.1]}, DataError, "`covariance` must have shape"),
        ({"covariance": np.ones((2, 2))}, DataError, "positive definite.*Lengthen the lookback"),
        (
            {"mean_covariance": np.eye(2), "convention": "idzorek"},
            DataError,
            "no `mean_covariance` to subtract",
        ),
    ],
)
def test_a_bad_argument_is_named(arguments, error, words):
    given_arguments = {
        "mean": [0.1, 0.1],
        "covariance": np.eye(2),
        "mean_covariance": np.zeros((2, 2)),
        "risk_aversion": 1.0,
        **arguments,
    }
    moments = [given_arguments.pop(name) for name in ("mean", "covariance", "mean_covariance")]
    with pytest.raises(error, match=words):
        unconstrained_weights(*moments, **given_arguments)
