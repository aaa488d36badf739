"""He and Litterman (1999), The Intuition Behind Black-Litterman Model Portfolios, tables 2 to 8."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.bayes.gaussian import equilibrium_returns

PAPER = json.loads(Path(__file__).with_name("idzorek_he_litterman.json").read_text("utf-8"))[
    "he_litterman_1999"
]
CASES = list(PAPER["cases"])
TOLERANCE = PAPER["tolerance"]


@pytest.fixture(scope="module")
def inputs():
    given = PAPER["inputs"]
    volatility = np.array(given["volatility"])
    return SimpleNamespace(
        assets=given["assets"],
        sigma=np.outer(volatility, volatility) * np.array(given["correlation"]),
        market=np.array(given["w_eq"]),
        delta=given["delta"],
        tau=given["tau"],
    )


def solve(case, inputs, tau=None):
    """Return the case's pick matrix, Ω, posterior, Σ̄, w* and λ."""
    tau = inputs.tau if tau is None else tau
    pick = np.array(case["P"])
    pi = equilibrium_returns(inputs.sigma, inputs.market, risk_aversion=inputs.delta)
    variances = np.diagonal(pick @ inputs.sigma @ pick.T)
    omega = np.diag(tau * np.array(case["omega_over_tau_multiplier_on_pSp"]) * variances)
    posterior = bl_posterior(pi, tau * inputs.sigma, pick, case["Q"], omega)
    predictive = inputs.sigma + posterior.covariance
    weights = np.linalg.solve(inputs.delta * predictive, posterior.mean)
    tilt = weights - inputs.market / (1 + tau)
    view_weights = np.linalg.lstsq(pick.T, (1 + tau) * tilt, rcond=None)[0]
    return SimpleNamespace(
        pick=pick,
        omega=omega,
        posterior=posterior,
        predictive=predictive,
        weights=weights,
        tilt=tilt,
        view_weights=view_weights,
    )


def test_equilibrium_returns_match_table_2(inputs):
    pi = equilibrium_returns(inputs.sigma, inputs.market, risk_aversion=inputs.delta)
    np.testing.assert_allclose(100 * pi, PAPER["published_table2_pi_pct"], atol=TOLERANCE["pi_pct"])
    np.testing.assert_allclose(pi, PAPER["full_precision_pi"], atol=1e-12, rtol=0)


def test_views_imposed_without_black_litterman_give_the_extreme_weights_of_table_3(inputs):
    naive = PAPER["published_table3_naive"]
    exact = naive["full_precision_from_these_inputs"]
    pi = equilibrium_returns(inputs.sigma, inputs.market, risk_aversion=inputs.delta)
    europe = inputs.market[[2, 3, 5]]
    share = inputs.market[[2, 5]] / inputs.market[[2, 5]].sum()
    rest = share @ pi[[2, 5]]
    germany = (europe @ pi[[2, 3, 5]] + 0.05 * europe[[0, 2]].sum()) / europe.sum()
    mean = pi.copy()
    mean[3] = germany
    mean[[2, 5]] += germany - 0.05 - rest
    certain = np.zeros((7, 7))
    posterior = bl_posterior(pi, inputs.tau * inputs.sigma, np.eye(7), mean, certain)
    weights = np.linalg.solve(inputs.delta * inputs.sigma, posterior.mean)
    np.testing.assert_allclose(posterior.mean, exact["mu"], atol=1e-12, rtol=0)
    np.testing.assert_allclose(weights, exact["w"], atol=1e-11, rtol=0)
    np.testing.assert_allclose(100 * posterior.mean, naive["mu_pct"], atol=TOLERANCE["mu_pct"])
    np.testing.assert_allclose(100 * weights, naive["w_opt_pct"], atol=TOLERANCE["w_pct"])


@pytest.mark.parametrize("table", CASES)
def test_posterior_means_match_the_printed_table(table, inputs):
    case = PAPER["cases"][table]
    atol = TOLERANCE["table8_mu_pct" if table == "table8" else "mu_pct"]
    mean = solve(case, inputs).posterior.mean
    np.testing.assert_allclose(100 * mean, case["published"]["mu_pct"], atol=atol, rtol=0)


@pytest.mark.parametrize("table", CASES)
def test_every_quantity_matches_the_full_precision_answer(table, inputs):
    case = PAPER["cases"][table]
    exact = case["full_precision_from_these_inputs"]
    found = solve(case, inputs)
    for got, wanted in (
        (found.posterior.mean, exact["mu"]),
        (found.weights, exact["w_star"]),
        (found.view_weights, exact["lambda"]),
        (np.diagonal(found.omega), exact["omega_diag"]),
        (np.diagonal(found.predictive), exact["posterior_cov_diag"]),
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-12, rtol=0)


@pytest.mark.parametrize("table", CASES)
def test_unconstrained_weights_match_the_printed_table(table, inputs):
    published = PAPER["cases"][table]["published"]
    found = solve(PAPER["cases"][table], inputs)
    atol = TOLERANCE["w_pct"]
    np.testing.assert_allclose(100 * found.weights, published["w_star_pct"], atol=atol, rtol=0)
    np.testing.assert_allclose(
        100 * found.tilt, published["w_star_minus_weq_over_1ptau_pct"], atol=atol, rtol=0
    )


@pytest.mark.parametrize("table", CASES)
def test_the_weights_on_the_views_match_the_printed_table(table, inputs):
    published = PAPER["cases"][table]["published"]
    found = solve(PAPER["cases"][table], inputs)
    if "lambda" in published:
        np.testing.assert_allclose(
            found.view_weights, published["lambda"], atol=TOLERANCE["lambda"], rtol=0
        )
    if "lambda_over_1ptau" in published:
        np.testing.assert_allclose(
            found.view_weights / (1 + inputs.tau),
            published["lambda_over_1ptau"],
            atol=TOLERANCE["lambda_over_1ptau"],
            rtol=0,
        )
    np.testing.assert_allclose(
        np.diagonal(found.omega) / inputs.tau,
        published["omega_over_tau"],
        atol=TOLERANCE["omega_over_tau"],
        rtol=0,
    )


@pytest.mark.parametrize("table", CASES)
def test_the_portfolio_deviates_from_the_market_only_along_the_views(table, inputs):
    found = solve(PAPER["cases"][table], inputs)
    along = found.pick.T @ found.view_weights / (1 + inputs.tau)
    np.testing.assert_allclose(along, found.tilt, atol=1e-12, rtol=0)


def test_a_view_that_the_others_imply_already_changes_no_weight_in_table_8(inputs):
    before = solve(PAPER["cases"]["table7"], inputs)
    after = solve(PAPER["cases"]["table8"], inputs)
    np.testing.assert_allclose(after.weights, before.weights, atol=1e-4, rtol=0)
    assert np.abs(after.posterior.mean - before.posterior.mean).max() > 3e-4


@pytest.mark.parametrize("table", CASES)
@pytest.mark.parametrize("tau", [0.001, 0.025, 1.0, 15.0])
def test_tau_has_no_effect_on_the_mean_when_omega_is_proportional_to_it(table, tau, inputs):
    case = PAPER["cases"][table]
    np.testing.assert_allclose(
        solve(case, inputs, tau).posterior.mean,
        solve(case, inputs).posterior.mean,
        atol=1e-12,
        rtol=0,
    )


def window_with_covariance(sigma, assets, market, n_obs=60):
    """Return a window whose sample covariance is exactly `sigma`."""
    draws = np.random.default_rng(0).normal(size=(n_obs, len(sigma)))
    draws -= draws.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(draws.T @ draws / (n_obs - 1)), draws.T).T
    returns = white @ np.linalg.cholesky(sigma).T
    dates = pd.date_range("2000-01-31", periods=n_obs, freq="ME")
    return bl.TrainingWindow(
        pd.DataFrame(returns, index=dates, columns=assets),
        market_weights=pd.Series(market, index=assets),
        periods_per_year=12,
    )


@pytest.mark.parametrize("table", CASES)
def test_the_prior_class_reproduces_the_table_from_returns(table, inputs):
    """In variances a tenth of the yearly ones, so that no return is below −100 %.

    The class centres θ on δ(Σ + τΣ)w, He and Litterman on δΣw, so that its δ is δ / (1 + τ).
    """
    case = PAPER["cases"][table]
    window = window_with_covariance(inputs.sigma / 10, inputs.assets, inputs.market)
    multipliers = case["omega_over_tau_multiplier_on_pSp"]
    views = []
    for row, value, multiplier in zip(case["P"], case["Q"], multipliers, strict=True):
        pick = np.array(row)
        variance = multiplier * inputs.tau * pick @ inputs.sigma @ pick / 10
        views.append(
            bl.View(
                {asset: p for asset, p in zip(inputs.assets, row, strict=True) if p},
                value / 10,
                variance=None if multiplier == 1 else variance,
            )
        )
    prior = bl.BlackLittermanPrior(
        tuple(views),
        reference="market_cap",
        risk_aversion=inputs.delta / (1 + inputs.tau),
        tau=inputs.tau,
    )
    fitted = prior.fit(window)
    expected = solve(case, inputs)
    np.testing.assert_allclose(10 * fitted.mean, expected.posterior.mean, atol=1e-12, rtol=0)
    np.testing.assert_allclose(10 * fitted.covariance, expected.predictive, atol=1e-12, rtol=0)
    np.testing.assert_allclose(
        10 * fitted.mean_covariance, expected.posterior.covariance, atol=1e-12, rtol=0
    )
    assert fitted.views is not None
    np.testing.assert_allclose(10 * fitted.views.omega, expected.omega, atol=1e-12, rtol=0)
