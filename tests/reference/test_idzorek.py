"""Idzorek (2004), A Step-by-Step Guide to the Black-Litterman Model, tables 1 to 7."""

import json
from pathlib import Path

import numpy as np
import pytest

from blportfolio.bayes import bl_posterior
from blportfolio.bayes.gaussian import equilibrium_returns

PAPER = json.loads(Path(__file__).with_name("idzorek_he_litterman.json").read_text("utf-8"))[
    "idzorek_2004"
]
GIVEN = PAPER["inputs"]
PUBLISHED = PAPER["published"]
EXACT = PAPER["full_precision_from_these_inputs"]
TOLERANCE = PAPER["tolerance"]
SIGMA = np.array(GIVEN["covariance"])
MARKET = np.array(GIVEN["w_mkt"])
DELTA = GIVEN["risk_aversion"]
TAU = GIVEN["tau"]
PICK = np.array(GIVEN["P"])
VIEW_VARIANCES = np.diagonal(PICK @ SIGMA @ PICK.T)


def combined(omega_diagonal, tau=TAU):
    """Return the new combined return vector and its weights by the prior covariance."""
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    mean = bl_posterior(pi, tau * SIGMA, PICK, GIVEN["Q"], np.diag(omega_diagonal)).mean
    return mean, weights_of(mean)


def weights_of(mean):
    return np.linalg.solve(DELTA * SIGMA, mean)


def test_equilibrium_returns_match_table_1():
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    np.testing.assert_allclose(
        100 * pi, PUBLISHED["table1_pi_pct"], atol=TOLERANCE["pi_pct"], rtol=0
    )
    np.testing.assert_allclose(pi, EXACT["pi"], atol=1e-12, rtol=0)


def test_holding_the_market_is_optimal_at_equilibrium_as_in_table_2():
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    np.testing.assert_allclose(weights_of(pi), MARKET, atol=1e-12, rtol=0)


def test_view_variances_match_table_4_and_formula_8():
    """Half a printed digit, and what Σ printed to 1e-6 can do to pΣpᵀ with Σ|p| = 2."""
    printed = 0.0005 + 100 * 0.5e-6 * 4
    np.testing.assert_allclose(
        100 * VIEW_VARIANCES,
        PUBLISHED["table4_view_portfolio_variance_pct"],
        atol=printed,
        rtol=0,
    )
    np.testing.assert_allclose(
        TAU * VIEW_VARIANCES,
        PUBLISHED["formula8_omega_diag"],
        atol=TOLERANCE["formula8_omega"],
        rtol=0,
    )


def test_combined_returns_and_weights_match_table_6():
    mean, weights = combined(TAU * VIEW_VARIANCES)
    np.testing.assert_allclose(
        100 * mean,
        PUBLISHED["table6_new_combined_return_pct"],
        atol=TOLERANCE["table6_return_pct"],
        rtol=0,
    )
    np.testing.assert_allclose(
        100 * weights,
        PUBLISHED["table6_new_weight_pct"],
        atol=TOLERANCE["table6_weight_pct"],
        rtol=0,
    )
    np.testing.assert_allclose(mean, EXACT["new_combined_return"], atol=1e-12, rtol=0)
    np.testing.assert_allclose(weights, EXACT["new_weight"], atol=1e-12, rtol=0)
    assert 100 * weights.sum() == pytest.approx(
        PUBLISHED["table6_weight_sum_pct"], abs=TOLERANCE["table6_weight_pct"]
    )


def test_views_held_with_certainty_match_table_7():
    mean, weights = combined(np.zeros(3))
    np.testing.assert_allclose(PICK @ mean, GIVEN["Q"], atol=1e-14, rtol=0)
    np.testing.assert_allclose(
        100 * weights,
        PUBLISHED["table7_w_100_confidence_pct"],
        atol=TOLERANCE["table7_w100_pct"],
        rtol=0,
    )
    np.testing.assert_allclose(weights, EXACT["w_100_confidence"], atol=1e-11, rtol=0)


def test_implied_confidence_matches_table_7():
    """Idzorek's measure: the departure from the market over the one of certain views."""
    departure = combined(TAU * VIEW_VARIANCES)[1] - MARKET
    certain = combined(np.zeros(3))[1] - MARKET
    named = [6, 0, 2]
    implied = departure[named] / certain[named]
    published = list(PUBLISHED["table7_implied_confidence_pct"].values())
    np.testing.assert_allclose(
        100 * implied, published, atol=TOLERANCE["implied_confidence_pct"], rtol=0
    )


def test_user_confidences_match_the_step_by_step_minimisation():
    expected = PAPER["user_confidence_result_not_published"]
    confidence = np.array(GIVEN["view_confidence"])
    omega = (1 / confidence - 1) * TAU * VIEW_VARIANCES
    np.testing.assert_allclose(omega, expected["omega_diag_by_minimisation"], rtol=1e-6)
    mean, weights = combined(omega)
    np.testing.assert_allclose(mean, expected["new_combined_return"], atol=1e-12, rtol=0)
    np.testing.assert_allclose(weights, expected["new_weight"], atol=1e-12, rtol=0)


@pytest.mark.parametrize("view", [0, 1, 2])
def test_omega_of_tau_times_the_view_variance_is_a_confidence_of_one_half(view):
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    pick, target = PICK[[view]], [GIVEN["Q"][view]]
    half = bl_posterior(pi, TAU * SIGMA, pick, target, [[TAU * VIEW_VARIANCES[view]]])
    certain = bl_posterior(pi, TAU * SIGMA, pick, target, [[0.0]])
    np.testing.assert_allclose(half.mean - pi, 0.5 * (certain.mean - pi), atol=1e-15, rtol=1e-10)


@pytest.mark.parametrize("tau", [0.001, 0.3, 15.0])
def test_tau_has_no_effect_when_omega_is_proportional_to_it(tau):
    np.testing.assert_allclose(
        combined(tau * VIEW_VARIANCES, tau)[0],
        combined(TAU * VIEW_VARIANCES)[0],
        atol=1e-12,
        rtol=0,
    )
