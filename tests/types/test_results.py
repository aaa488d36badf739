"""Distributions of returns: read-only, labelled and sampled as they say."""

import numpy as np
import pytest

import blportfolio as bl
from blportfolio.errors import DataError

MEAN = np.array([0.01, -0.02])
COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.09]])


def make(**changes):
    given = {
        "mean": MEAN,
        "covariance": COVARIANCE,
        "mean_covariance": np.zeros((2, 2)),
        "assets": ("X", "Y"),
    }
    return bl.ReturnDistribution(**{**given, **changes})


def test_arrays_are_read_only_copies():
    mean = MEAN.copy()
    distribution = make(mean=mean, scenarios=np.zeros((3, 2)))
    mean[0] = 7.0
    assert distribution.mean[0] == 0.01
    for name in ("mean", "covariance", "mean_covariance", "scenarios"):
        assert not getattr(distribution, name).flags.writeable


def test_moments_are_labelled_by_asset():
    distribution = make()
    assert distribution.mean_series["Y"] == -0.02
    assert distribution.covariance_frame.loc["X", "Y"] == 0.01
    assert list(distribution.covariance_frame.index) == ["X", "Y"]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("mean", [0.1]),
        ("mean", [0.1, np.nan]),
        ("covariance", np.eye(3)),
        ("covariance", [[1.0, 0.5], [0.0, 1.0]]),
        ("mean_covariance", -np.eye(2)),
        ("scenarios", np.zeros((4, 3))),
        ("scenarios", np.full((4, 2), np.inf)),
        ("assets", ("X", "X")),
        ("assets", ("X", "")),
    ],
)
def test_a_bad_field_is_named(argument, value):
    with pytest.raises(DataError, match=f"`{argument}`"):
        make(**{argument: value})


def test_draws_have_the_moments_of_the_distribution():
    n = 200_000
    draws = make().sample(n, rng=np.random.default_rng(0))
    assert draws.shape == (n, 2)
    error = np.sqrt(np.diagonal(COVARIANCE) / n)
    np.testing.assert_array_less(np.abs(draws.mean(axis=0) - MEAN), 5 * error)
    np.testing.assert_allclose(np.cov(draws, rowvar=False), COVARIANCE, rtol=0.05, atol=0)


def test_draws_of_a_singular_covariance_stay_in_its_range():
    draws = make(covariance=np.ones((2, 2))).sample(50, rng=np.random.default_rng(0))
    np.testing.assert_allclose(draws[:, 0] - MEAN[0], draws[:, 1] - MEAN[1], atol=1e-7)


def test_the_same_seed_draws_the_same_returns():
    first, second = (make().sample(5, rng=np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
