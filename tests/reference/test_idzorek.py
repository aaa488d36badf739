"""Idzorek (2004), A Step-by-Step Guide to the Black-Litterman Model, tables 1 to 8."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.bayes.confidence import idzorek_view_variances, implied_confidence
from blportfolio.bayes.gaussian import equilibrium_returns
from blportfolio.optimise import unconstrained_weights

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
    return unconstrained_weights(
        mean, SIGMA, np.zeros_like(SIGMA), risk_aversion=DELTA, convention="idzorek"
    )


def test_equilibrium_returns_match_table_1():
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    np.testing.assert_allclose(
        100 * pi, PUBLISHED["table1_pi_pct"], atol=TOLERANCE["pi_pct"], rtol=0
    )
    np.testing.assert_allclose(pi, EXACT["pi"], atol=1e-12, rtol=0)


def test_holding_the_market_is_optimal_at_equilibrium_as_in_table_2():
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    np.testing.assert_allclose(weights_of(pi), MARKET, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("given_means", "column"),
    [("mu_historical_pct", "table2_w_historical_pct"), ("mu_capm_gsmi_pct", "table2_w_gsmi_pct")],
)
def test_means_taken_as_known_give_the_extreme_weights_of_table_2(given_means, column):
    weights = weights_of(np.array(GIVEN[given_means]) / 100)
    np.testing.assert_allclose(100 * weights, PUBLISHED[column], atol=TOLERANCE[column], rtol=0)


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
    """The departure from the market over the one of certain views, and our measure of it."""
    departure = combined(TAU * VIEW_VARIANCES)[1] - MARKET
    certain = combined(np.zeros(3))[1] - MARKET
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    implied = implied_confidence(pi, TAU * SIGMA, PICK, GIVEN["Q"], np.diag(TAU * VIEW_VARIANCES))
    published = list(PUBLISHED["table7_implied_confidence_pct"].values())
    np.testing.assert_allclose(
        100 * implied, published, atol=TOLERANCE["implied_confidence_pct"], rtol=0
    )
    np.testing.assert_allclose(implied, EXACT["implied_confidence"], atol=1e-12, rtol=0)
    for view, assets in enumerate(([6], [0, 1], [2, 3, 4, 5])):
        np.testing.assert_allclose(
            departure[assets] / certain[assets], implied[view], atol=1e-10, rtol=0
        )


def least_squares_variance(view, confidence):
    """Steps 1 to 6 for one view: the ω whose weights come closest to the tilt asked for."""
    pi = equilibrium_returns(SIGMA, MARKET, risk_aversion=DELTA)
    pick, target = PICK[[view]], [GIVEN["Q"][view]]

    def weights(omega):
        return weights_of(bl_posterior(pi, TAU * SIGMA, pick, target, [[omega]]).mean)

    wanted = MARKET + confidence * (weights(0.0) - MARKET)
    found = minimize_scalar(
        lambda log_omega: 1e6 * ((wanted - weights(np.exp(log_omega))) ** 2).sum(),
        bounds=(np.log(1e-7), np.log(1e-1)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return np.exp(found.x)


@pytest.mark.parametrize("view", [0, 1, 2])
@pytest.mark.parametrize("confidence", [0.05, 0.25, 0.5, 0.65, 0.95])
def test_the_closed_form_is_where_the_minimisation_17_and_18_ends(view, confidence):
    """To 1e-6, as a minimum is found to the root of the precision of what is minimised."""
    (closed,) = idzorek_view_variances(SIGMA, PICK[[view]], [confidence], tau=TAU)
    assert closed == pytest.approx(least_squares_variance(view, confidence), rel=1e-6)


def test_user_confidences_match_the_step_by_step_minimisation():
    expected = PAPER["user_confidence_result_not_published"]
    omega = idzorek_view_variances(SIGMA, PICK, GIVEN["view_confidence"], tau=TAU)
    np.testing.assert_allclose(omega, expected["omega_diag_by_minimisation"], rtol=1e-6)
    np.testing.assert_allclose(omega, expected["omega_diag"], rtol=1e-14)
    mean, weights = combined(omega)
    np.testing.assert_allclose(mean, expected["new_combined_return"], atol=1e-12, rtol=0)
    np.testing.assert_allclose(weights, expected["new_weight"], atol=1e-12, rtol=0)


@dataclasses.dataclass(frozen=True)
class Published:
    """A covariance model that knows the printed matrix."""

    def fit_arrays(self, returns):  # noqa: ARG002, the protocol's
        return SIGMA.copy()


VIEWS = (
    '"Int\'l Dev. Equity" = 5.25% per year',
    "\"Int'l Bonds\" beats 'US Bonds' by 25 bp per year",
    "0.9*'US Large Growth' + 0.1*'US Small Growth' - 0.9*'US Large Value' - 0.1*'US Small Value' "
    "= 2% per year",
)


def fit_published(views, **options):
    """Fit the prior to the printed Σ, in yearly units."""
    assets = GIVEN["assets"]
    window = bl.TrainingWindow(
        pd.DataFrame(
            np.arange(24.0).reshape(3, 8) ** 2 / 1e3,
            pd.date_range("1990", periods=3, freq="YE"),
            assets,
        ),
        market_weights=pd.Series(MARKET, assets),
        periods_per_year=1,
    )
    prior = bl.BlackLittermanPrior(
        views,
        reference="market_cap",
        risk_aversion=DELTA,
        tau=TAU,
        covariance=Published(),
        equilibrium="he_litterman",
        **options,
    )
    return prior.fit(window)


def weights_by_prior_covariance(fitted):
    return unconstrained_weights(
        fitted.mean,
        fitted.covariance,
        fitted.mean_covariance,
        risk_aversion=DELTA,
        convention="idzorek",
    )


def test_the_prior_and_its_weights_are_table_6():
    fitted = fit_published(VIEWS)
    weights = weights_by_prior_covariance(fitted)
    np.testing.assert_array_equal(fitted.views.pick, PICK)
    for got, wanted, atol in (
        (100 * fitted.views.prior_mean, PUBLISHED["table1_pi_pct"], TOLERANCE["pi_pct"]),
        (
            100 * fitted.mean,
            PUBLISHED["table6_new_combined_return_pct"],
            TOLERANCE["table6_return_pct"],
        ),
        (100 * weights, PUBLISHED["table6_new_weight_pct"], TOLERANCE["table6_weight_pct"]),
        (fitted.mean, EXACT["new_combined_return"], 1e-12),
        (weights, EXACT["new_weight"], 1e-12),
    ):
        np.testing.assert_allclose(got, wanted, atol=atol, rtol=0)
    assert 100 * weights.sum() == pytest.approx(103.63, abs=TOLERANCE["table6_weight_pct"])


def test_the_portfolio_statistics_are_table_8():
    """To what Σ and weights printed to four digits leave of them: half a per cent, and 3e-5."""
    fitted = fit_published(VIEWS)
    weights = weights_by_prior_covariance(fitted)
    variance, own = MARKET @ SIGMA @ MARKET, weights @ SIGMA @ weights
    market_mean, mean = MARKET @ fitted.views.prior_mean, weights @ fitted.mean
    beta = weights @ SIGMA @ MARKET / variance
    active = weights - MARKET
    residual_risk = np.sqrt(own - beta**2 * variance)
    found = {
        "market": {
            "excess_return_pct": 100 * market_mean,
            "variance": variance,
            "std_pct": 100 * np.sqrt(variance),
            "sharpe": market_mean / np.sqrt(variance),
        },
        "bl": {
            "excess_return_pct": 100 * mean,
            "variance": own,
            "std_pct": 100 * np.sqrt(own),
            "beta": beta,
            "residual_return_pct": 100 * (mean - beta * market_mean),
            "residual_risk_pct": 100 * residual_risk,
            "active_return_pct": 100 * (mean - market_mean),
            "active_risk_pct": 100 * np.sqrt(active @ SIGMA @ active),
            "sharpe": mean / np.sqrt(own),
            "information_ratio": (mean - beta * market_mean) / residual_risk,
        },
    }
    for portfolio, row in PUBLISHED["table8"].items():
        for name, printed in row.items():
            small = name in ("residual_return_pct", "active_return_pct", "information_ratio")
            tolerance = {"abs": 0.005} if small else {"rel": 0.005}
            assert found[portfolio][name] == pytest.approx(printed, **tolerance), name


def test_the_prior_with_certain_views_is_table_7():
    fitted = fit_published([f"{view} (confidence 100%)" for view in VIEWS])
    weights = weights_by_prior_covariance(fitted)
    np.testing.assert_allclose(
        100 * weights,
        PUBLISHED["table7_w_100_confidence_pct"],
        atol=TOLERANCE["table7_w100_pct"],
        rtol=0,
    )
    np.testing.assert_allclose(weights, EXACT["w_100_confidence"], atol=1e-11, rtol=0)


def test_the_prior_takes_the_confidences_of_the_draft():
    expected = PAPER["user_confidence_result_not_published"]
    shares = GIVEN["view_confidence"]
    fitted = fit_published(
        [f"{view} (confidence {100 * c:g}%)" for view, c in zip(VIEWS, shares, strict=True)]
    )
    np.testing.assert_allclose(fitted.mean, expected["new_combined_return"], atol=1e-12, rtol=0)
    np.testing.assert_allclose(
        weights_by_prior_covariance(fitted), expected["new_weight"], atol=1e-12, rtol=0
    )
    np.testing.assert_allclose(np.diagonal(fitted.views.omega), expected["omega_diag"], rtol=1e-13)


def test_groups_by_capitalisation_are_the_0_9_and_0_1_of_view_3():
    """12.09 of 13.43 is 0.9002, printed as 0.9."""
    fitted = fit_published(
        (*VIEWS[:2], "[Growth] outperforms [Value] by 2% per year"),
        groups={
            "Growth": ["US Large Growth", "US Small Growth"],
            "Value": ["US Large Value", "US Small Value"],
        },
        group_weights="reference",
    )
    np.testing.assert_allclose(fitted.views.pick, PICK, atol=3e-4, rtol=0)
    np.testing.assert_allclose(
        100 * weights_by_prior_covariance(fitted),
        PUBLISHED["table6_new_weight_pct"],
        atol=TOLERANCE["table6_weight_pct"],
        rtol=0,
    )


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
