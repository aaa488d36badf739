"""Distributions of returns: read-only, labelled and sampled as they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError

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
        ("assets", 2),
        ("assets", None),
        ("covariance", COVARIANCE + 0j),
        ("scenarios", np.zeros((0, 2))),
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


LABELS = ["X", "Y"]
LABELLED = {
    "mean": pd.Series(MEAN, LABELS),
    "covariance": pd.DataFrame(COVARIANCE, LABELS, LABELS),
    "mean_covariance": pd.DataFrame(COVARIANCE / 10, LABELS, LABELS),
    "scenarios": pd.DataFrame([[0.1, 0.2], [0.3, 0.4], [0.5, 0.7]], columns=LABELS),
}
AXES = {"mean": (0,), "covariance": (0, 1), "mean_covariance": (0, 1), "scenarios": (1,)}


def renamed(name, labels):
    """A labelled part with other labels on each of its labelled axes."""
    part = LABELLED[name].copy()
    for axis in AXES[name]:
        part = part.set_axis(labels, axis=axis)
    return part


@given(st.sets(st.sampled_from(sorted(LABELLED))))
def test_labelled_parts_are_put_into_the_order_of_the_assets(turned):
    def part(name):
        value = LABELLED[name]
        for axis in AXES[name] if name in turned else ():
            value = value.reindex(LABELS[::-1], axis=axis)
        return value

    expected = make(**LABELLED)
    found = make(**{name: part(name) for name in LABELLED})
    for name, value in LABELLED.items():
        np.testing.assert_array_equal(getattr(found, name), value.to_numpy())
        np.testing.assert_array_equal(getattr(expected, name), value.to_numpy())


def test_rows_and_columns_of_a_covariance_may_stand_in_different_orders():
    found = make(covariance=LABELLED["covariance"][["Y", "X"]])
    np.testing.assert_array_equal(found.covariance, COVARIANCE)


@pytest.mark.parametrize("name", list(LABELLED))
def test_other_labels_are_refused_and_named(name):
    with pytest.raises(DataError, match=f"`{name}`.*lacks 'Y'.*unknown 'Z'"):
        make(**{name: renamed(name, ["X", "Z"])})


@pytest.mark.parametrize("name", list(LABELLED))
def test_a_label_that_stands_twice_is_refused(name):
    with pytest.raises(DataError, match=f"`{name}` names 'X' more than once"):
        make(**{name: renamed(name, ["X", "X"])})


@pytest.mark.parametrize("name", list(LABELLED))
@pytest.mark.parametrize("labels", [pd.RangeIndex(2), pd.Index([0, 1]), pd.RangeIndex(5, 7)])
def test_a_frame_that_pandas_numbered_is_taken_by_position(name, labels):
    found = make(**{name: renamed(name, labels)})
    np.testing.assert_array_equal(getattr(found, name), LABELLED[name].to_numpy())


def test_numbers_that_are_the_names_of_the_assets_are_labels():
    turned = pd.Series(MEAN, [0, 1])
    np.testing.assert_array_equal(make(mean=turned, assets=(1, 0)).mean, MEAN[::-1])
    np.testing.assert_array_equal(
        make(mean=pd.Series(MEAN, [7, 3]), assets=(3, 7)).mean, MEAN[::-1]
    )


def test_a_covariance_with_labels_on_one_side_is_refused_where_they_stand_in_another_order():
    numbered = LABELLED["covariance"].reset_index(drop=True)
    np.testing.assert_array_equal(make(covariance=numbered).covariance, COVARIANCE)
    with pytest.raises(DataError, match=r"`covariance` must have the labels .* rows and columns"):
        make(covariance=numbered[["Y", "X"]])


@pytest.mark.parametrize("scenarios", [pd.Series([0.1, 0.2]), pd.Series([0.1, 0.2], LABELS), 3.0])
def test_scenarios_of_one_dimension_are_refused(scenarios):
    with pytest.raises(DataError, match="`scenarios` must have shape"):
        make(scenarios=scenarios)


def test_a_distribution_needs_an_asset():
    with pytest.raises(DataError, match="`assets` is empty"):
        bl.ReturnDistribution([], np.zeros((0, 0)), np.zeros((0, 0)), ())


@pytest.mark.parametrize("periods", ["252", 0, -12, np.nan, True])
def test_periods_in_a_year_are_a_number_above_0(periods):
    with pytest.raises(ConfigError, match="`periods_per_year` must be a number above 0"):
        make(periods_per_year=periods)


@pytest.mark.parametrize("labelled", [("mean",), ("covariance",), ("scenarios",), tuple(LABELLED)])
def test_moments_take_their_labels_from_whatever_has_any(labelled):
    parts = {
        name: value if name in labelled else value.to_numpy() for name, value in LABELLED.items()
    }
    found = bl.ReturnDistribution.from_moments(
        parts.pop("mean"), parts.pop("covariance"), periods_per_year=12, **parts
    )
    expected = make(**LABELLED, periods_per_year=12)
    assert found.assets == ("X", "Y")
    assert found.periods_per_year == 12
    for name in LABELLED:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_moments_stand_in_the_order_of_the_mean_or_of_the_assets_that_are_named():
    parts = LABELLED["mean"][::-1], LABELLED["covariance"]
    turned = bl.ReturnDistribution.from_moments(*parts)
    assert turned.assets == ("Y", "X")
    np.testing.assert_array_equal(turned.covariance, COVARIANCE[::-1, ::-1])
    named = bl.ReturnDistribution.from_moments(*parts, assets=["X", "Y"])
    np.testing.assert_array_equal(named.mean, MEAN)


def test_moments_without_labels_are_numbered_and_their_mean_is_known():
    found = bl.ReturnDistribution.from_moments(MEAN.tolist(), COVARIANCE.tolist())
    assert found.assets == ("0", "1")
    assert not found.mean_covariance.any()


@pytest.mark.parametrize(
    ("mean", "covariance", "words"),
    [
        (LABELLED["mean"], renamed("covariance", ["X", "Z"]), "`covariance`.*lacks 'Y'.*'Z'"),
        (LABELLED["covariance"], LABELLED["mean"], r"`mean` must have shape \(n,\), got \(2, 2\)"),
        (0.1, 0.04, r"`mean` must have shape \(n,\), got \(\)"),
        ([[0.1], [0.2]], COVARIANCE, r"`mean` must have shape \(n,\)"),
        ([0.1, [0.2]], COVARIANCE, "`mean` must hold real numbers"),
        ([], [[]], "`assets` is empty"),
    ],
)
def test_moments_that_do_not_fit_are_refused_by_name(mean, covariance, words):
    with pytest.raises(DataError, match=words):
        bl.ReturnDistribution.from_moments(mean, covariance)


def test_a_mean_in_percent_beside_a_covariance_in_decimals_is_warned_of():
    rng = np.random.default_rng(3)
    returns = rng.normal(0.005, 0.04, size=(60, 5))
    mean, covariance = returns.mean(axis=0), np.cov(returns, rowvar=False)
    with pytest.warns(BLPortfolioWarning, match="decimals .* of the same period"):
        bl.ReturnDistribution.from_moments(100 * mean, covariance)
    one = np.add(mean, [1e6, 0, 0, 0, 0])  # a single enormous mean is no slip of units
    assert bl.ReturnDistribution.from_moments(one, covariance).mean[0] > 1e5
