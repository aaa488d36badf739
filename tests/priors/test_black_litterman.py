"""Explicit views by asset name."""

import numpy as np
import pytest
from helpers import make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.errors import ConfigError, DataError


@pytest.fixture
def window():
    return bl.TrainingWindow(make_prices(1, n_dates=101).pct_change().iloc[1:])


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
@settings(max_examples=25)
def test_it_is_the_kernel_around_the_equilibrium(seed, tau):
    window = bl.TrainingWindow(make_prices(seed, n_dates=101).pct_change().iloc[1:])
    views = (bl.View({"A2": 1.0}, 2e-3, variance=1e-6), bl.View({"A0": 0.5, "A3": -2.0}, -1e-3))
    fitted = bl.BlackLittermanPrior(views, reference="equal", tau=tau).fit(window)
    sigma = window.returns.cov().to_numpy()
    pick = np.array([[0, 0, 1.0, 0], [0.5, 0, 0, -2.0]])
    omega = np.diag([1e-6, tau * pick[1] @ sigma @ pick[1]])
    prior_mean = 2.5 * (1 + tau) * sigma.mean(axis=1)
    expected = bl_posterior(prior_mean, tau * sigma, pick, [2e-3, -1e-3], omega)
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fitted.mean_covariance, expected.covariance, rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(fitted.covariance, sigma + expected.covariance, rtol=1e-10)
    assert fitted.log_evidence == pytest.approx(expected.log_evidence, abs=1e-8)
    np.testing.assert_allclose(fitted.views.omega, omega, rtol=1e-10)
    np.testing.assert_array_equal(fitted.views.pick, pick)


def test_attribution_explains_the_whole_step_from_prior_to_posterior(window):
    views = (bl.View({"A0": 1}, 5e-3), bl.View({"A1": 1, "A2": -1}, 1e-3))
    fitted = bl.BlackLittermanPrior(views).fit(window)
    step = fitted.mean - fitted.views.prior_mean
    np.testing.assert_allclose(fitted.views.attribution.sum(axis=1), step, atol=1e-16)
    assert fitted.views.attribution[0, 0] > 0
    assert fitted.views.labels == ("+1 A0 = 0.005", "+1 A1 -1 A2 = 0.001")


def test_a_certain_view_is_fulfilled_and_a_vague_one_has_no_effect(window):
    certain = bl.BlackLittermanPrior((bl.View({"A0": 1, "A1": -1}, 0.01, variance=0.0),)).fit(
        window
    )
    assert certain.mean[0] - certain.mean[1] == pytest.approx(0.01, abs=1e-15)
    vague = bl.BlackLittermanPrior((bl.View({"A0": 1}, 0.01, variance=1e9),)).fit(window)
    np.testing.assert_allclose(vague.mean, bl.EquilibriumPrior().fit(window).mean, atol=1e-14)


def test_an_unknown_asset_is_named_with_the_nearest():
    returns = make_prices(2, n_dates=50, n_assets=2).pct_change().iloc[1:]
    returns.columns = ["AAPL", "MSFT"]
    prior = bl.BlackLittermanPrior((bl.View({"APPL": 1.0}, 0.01),))
    with pytest.raises(DataError, match=r"names 'APPL'.*'AAPL'"):
        prior.fit(bl.TrainingWindow(returns))


def test_contradictory_certain_views_are_refused(window):
    views = (bl.View({"A0": 1}, 0.01, variance=0), bl.View({"A0": 2}, 0.03, variance=0))
    with pytest.raises(DataError, match=r"`views`.*contradict.*`variance`"):
        bl.BlackLittermanPrior(views).fit(window)


def test_the_same_certain_view_twice_counts_once(window):
    view = bl.View({"A0": 1}, 0.01, variance=0)
    once = bl.BlackLittermanPrior((view,)).fit(window)
    twice = bl.BlackLittermanPrior((view, bl.View({"A0": 2}, 0.02, variance=0))).fit(window)
    np.testing.assert_allclose(twice.mean, once.mean, atol=1e-14)
    np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-16)


def test_views_in_a_list_are_kept_as_a_tuple():
    view = bl.View({"A0": 1}, 0.01)
    assert bl.BlackLittermanPrior([view]) == bl.BlackLittermanPrior((view,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, 0.01), "`pick`"),
        (({"A0": 0.0}, 0.01), "`pick`"),
        (({"A0": np.nan}, 0.01), "finite"),
        (({"A0": 1.0}, np.inf), "finite"),
        (({"A0": 1.0}, "1%"), "finite numbers"),
        (({"A0": "x"}, 0.01), "finite numbers"),
        (("A0", 0.01), "`pick`"),
        (({"A0": 1.0}, 0.01, "low"), "`variance`"),
        (({"A0": 1.0}, 0.01, -1e-9), "`variance`"),
        (({"A0": 1.0}, 0.01, np.nan), "`variance`"),
        (({"A0": 1.0}, 0.01, np.inf), "`variance`"),
    ],
)
def test_a_bad_view_is_refused_when_it_is_made(arguments, message):
    with pytest.raises(ConfigError, match=message):
        bl.View(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"views": ()}, "`views`"),
        ({"views": bl.View({"A0": 1.0}, 0.01)}, "`views` must be a tuple"),
        ({"views": ({"A0": 1.0},)}, "`views` must be a tuple"),
        ({"tau": 0.0}, "`tau`"),
        ({"risk_aversion": -1.0}, "`risk_aversion`"),
        ({"reference": "cap"}, "`reference`"),
    ],
)
def test_a_bad_parameter_is_named(arguments, message):
    given = {"views": (bl.View({"A0": 1.0}, 0.01),)}
    with pytest.raises(ConfigError, match=message):
        bl.BlackLittermanPrior(**{**given, **arguments})
