"""He and Litterman (1999), The Intuition Behind Black-Litterman Model Portfolios, tables 2 to 8."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.bayes.gaussian import equilibrium_returns
from blportfolio.optimise import unconstrained_weights

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
    weights = unconstrained_weights(
        posterior.mean, inputs.sigma, certain, risk_aversion=inputs.delta, convention="idzorek"
    )
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


@dataclasses.dataclass(frozen=True)
class Published:
    """A covariance model that knows the printed matrix."""

    def fit_arrays(self, returns):  # noqa: ARG002, the protocol's
        volatility = np.array(PAPER["inputs"]["volatility"])
        return np.outer(volatility, volatility) * np.array(PAPER["inputs"]["correlation"])


TEXTS = {
    "table4": ("Germany - [Rest of Europe] = 5% per year",),
    "table5": ("Germany - [Rest of Europe] = 5% per year", "Canada beats USA by 3% per year"),
    "table6": ("Germany - [Rest of Europe] = 5% per year", "Canada beats USA by 4% per year"),
}
# In tables 7 and 8 ω of the first view is doubled, 2τpΣpᵀ, which is a confidence of one third.
GERMANY = bl.View(
    {"Germany": 1, "[Rest of Europe]": -1}, 0.05, unit="year", confidence=1 / 3, name="Germany"
)
TEXTS["table7"] = (GERMANY, TEXTS["table6"][1])
TEXTS["table8"] = (*TEXTS["table7"], "Canada - Japan = 4.12% per year")


def fit_published(table, inputs, tau=0.05):
    """Fit the prior to the printed Σ, Europe averaged by capitalisation, in yearly units."""
    dates = pd.date_range("1990", periods=3, freq="YE")
    window = bl.TrainingWindow(
        pd.DataFrame(np.arange(21.0).reshape(3, 7) ** 2 / 1e3, dates, inputs.assets),
        market_weights=pd.Series(inputs.market, inputs.assets),
        periods_per_year=1,
    )
    prior = bl.BlackLittermanPrior(
        TEXTS[table],
        reference="market_cap",
        risk_aversion=inputs.delta,
        tau=tau,
        covariance=Published(),
        groups={"Rest of Europe": ["France", "UK"]},
        group_weights="reference",
        equilibrium="he_litterman",
    )
    return prior.fit(window)


def published_weights(fitted, inputs, **options):
    return unconstrained_weights(
        fitted.mean,
        fitted.covariance,
        fitted.mean_covariance,
        risk_aversion=inputs.delta,
        **options,
    )


@pytest.mark.parametrize("table", CASES)
def test_the_prior_and_its_weights_are_the_printed_table(table, inputs):
    published = PAPER["cases"][table]["published"]
    fitted = fit_published(table, inputs)
    weights = published_weights(fitted, inputs)
    tilt = weights - inputs.market / (1 + inputs.tau)
    atol = TOLERANCE["w_pct"]
    printed_mean = TOLERANCE["table8_mu_pct" if table == "table8" else "mu_pct"]
    views = fitted.views
    for got, wanted, digit in (
        (100 * views.prior_mean, PAPER["published_table2_pi_pct"], TOLERANCE["pi_pct"]),
        (100 * fitted.mean, published["mu_pct"], printed_mean),
        (100 * weights, published["w_star_pct"], atol),
        (100 * tilt, published["w_star_minus_weq_over_1ptau_pct"], atol),
        (
            np.diagonal(views.omega) / inputs.tau,
            published["omega_over_tau"],
            TOLERANCE["omega_over_tau"],
        ),
    ):
        np.testing.assert_allclose(got, wanted, atol=digit, rtol=0)
    view_weights = np.linalg.lstsq(views.pick.T, (1 + inputs.tau) * tilt, rcond=None)[0]
    for key, scale in (("lambda", 1), ("lambda_over_1ptau", 1 + inputs.tau)):
        if key in published:
            np.testing.assert_allclose(
                view_weights / scale, published[key], atol=TOLERANCE[key], rtol=0
            )


@pytest.mark.parametrize("table", CASES)
def test_the_prior_gives_the_full_precision_answer(table, inputs):
    case = PAPER["cases"][table]
    exact = case["full_precision_from_these_inputs"]
    fitted = fit_published(table, inputs)
    for got, wanted in (
        (fitted.views.pick, case["P"]),
        (fitted.mean, exact["mu"]),
        (published_weights(fitted, inputs), exact["w_star"]),
        (np.diagonal(fitted.covariance), exact["posterior_cov_diag"]),
        (np.diagonal(fitted.views.omega), exact["omega_diag"]),
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-12, rtol=0)


def test_table_8_prints_the_means_of_table_7_which_the_added_view_moves(inputs):
    """A copy, says the arithmetic: the weights stay, Σ̄ shrinks, so that μ̄ = δΣ̄w must move."""
    published = PAPER["cases"]
    assert published["table8"]["published"]["mu_pct"] == published["table7"]["published"]["mu_pct"]
    seven, eight = (fit_published(table, inputs) for table in ("table7", "table8"))
    np.testing.assert_allclose(
        published_weights(eight, inputs), published_weights(seven, inputs), atol=1e-4, rtol=0
    )
    assert 100 * seven.mean[1] == pytest.approx(8.87, abs=0.005)
    assert 100 * eight.mean[1] == pytest.approx(8.84, abs=0.005)
    assert eight.views.weight.shape == (3,)


def test_the_text_of_page_11_calls_lambda_what_is_lambda_over_one_plus_tau(inputs):
    fitted = fit_published("table4", inputs)
    tilt = published_weights(fitted, inputs) - inputs.market / (1 + inputs.tau)
    along = np.linalg.lstsq(fitted.views.pick.T, tilt, rcond=None)[0]
    assert along == pytest.approx([0.302], abs=TOLERANCE["lambda_over_1ptau"])
    assert (1 + inputs.tau) * along == pytest.approx([0.317], abs=TOLERANCE["lambda"])


@pytest.mark.parametrize("table", CASES)
@pytest.mark.parametrize("tau", [0.001, 1.0, 15.0])
def test_tau_leaves_the_fitted_mean_alone_when_omega_is_proportional_to_it(table, tau, inputs):
    np.testing.assert_allclose(
        fit_published(table, inputs, tau).mean,
        fit_published(table, inputs).mean,
        atol=1e-12,
        rtol=0,
    )


def test_the_tables_need_the_predictive_covariance_and_weights_that_are_not_normalised(inputs):
    published = PAPER["cases"]["table4"]["published"]["w_star_pct"]
    fitted = fit_published("table4", inputs)
    for other in ({"convention": "idzorek"}, {"normalise": True}):
        weights = 100 * published_weights(fitted, inputs, **other)
        assert np.abs(weights - published).max() > 10 * TOLERANCE["w_pct"]


def test_without_views_the_market_is_held_but_for_the_uncertainty_of_the_mean(inputs):
    pi = equilibrium_returns(inputs.sigma, inputs.market, risk_aversion=inputs.delta)
    moments = ((1 + inputs.tau) * inputs.sigma, inputs.tau * inputs.sigma)
    for convention, scale in (("he_litterman", 1 + inputs.tau), ("idzorek", 1.0)):
        weights = unconstrained_weights(
            pi, *moments, risk_aversion=inputs.delta, convention=convention
        )
        np.testing.assert_allclose(weights, inputs.market / scale, atol=1e-13, rtol=0)


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
