"""Every model on one window: the models of the library, and weights of the same objective."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import blportfolio as bl
from blportfolio.covariance import LedoitWolfCovariance
from blportfolio.errors import ConfigError, DataError
from blportfolio.report.views import (
    Decision,
    ViewSettings,
    before_and_after,
    compare_models,
    stand_in_views,
)

SEEDS = st.integers(0, 2**32 - 1)
VIEWS = (
    bl.View({"A0": 1.0, "A1": -1.0}, 0.02, variance=0.01, unit="year"),
    bl.View({"A2": 1.0}, 0.10, confidence=0.6, unit="year"),
)
SIGMA = LedoitWolfCovariance()


@given(seed=SEEDS, tau=st.floats(1e-3, 1), delta=st.floats(0.5, 8))
@settings(max_examples=8)
def test_means_are_those_that_each_prior_fits_by_itself(window_of, seed, tau, delta):
    window = window_of(seed)
    found = compare_models(
        window, ViewSettings(tau=tau, risk_aversion=delta, horizon=5, views=VIEWS)
    )
    common = {
        "tau": tau,
        "risk_aversion": delta,
        "reference": "min_variance",
        "covariance": SIGMA,
    }
    priors = {
        "SLP-BL": bl.SharedLatentPrior(horizon=5, **common),
        "FIV-BL": bl.FeatureInfluencedPrior(horizon=5, **common),
        "M-BL": bl.MixedEffectsPrior(horizon=5, views=VIEWS, **common),
        "Classic BL": bl.BlackLittermanPrior(VIEWS, **common),
        "Equilibrium": bl.EquilibriumPrior(**common),
        "Historical": bl.HistoricalPrior(covariance=SIGMA),
    }
    assert list(found.means) == list(priors)
    for name, prior in priors.items():
        fitted = prior.fit(window)
        np.testing.assert_allclose(found.means[name], 252 * fitted.mean, rtol=1e-9, atol=1e-12)
        weights = bl.MaxSharpe().solve(fitted)
        np.testing.assert_allclose(found.weights[name], weights, atol=1e-7)
        row = found.summary.loc[name]
        expected = 252 * float(fitted.mean @ found.weights[name])
        assert row["return"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        held = found.weights[name].to_numpy()
        assert row["volatility"] == pytest.approx(np.sqrt(252 * held @ fitted.covariance @ held))
        assert row["effective"] == pytest.approx(1 / (held**2).sum())


@given(seed=SEEDS)
@settings(max_examples=8)
def test_evidence_of_stated_views_is_their_density_given_all_else(window_of, seed):
    window = window_of(seed)
    found = compare_models(window, ViewSettings(horizon=5, views=VIEWS)).summary
    shared = bl.SharedLatentPrior(horizon=5, covariance=SIGMA).fit(window)
    sigma = SIGMA.fit_arrays(window.returns.to_numpy())
    pick = np.array([[1.0, -1.0, 0, 0], [0, 0, 1.0, 0]])
    omega = np.diag([0.01 / 252, 0.05 * sigma[2, 2] * (0.4 / 0.6)])
    expected = multivariate_normal(
        pick @ shared.mean, pick @ shared.mean_covariance @ pick.T + omega
    ).logpdf([0.02 / 252, 0.10 / 252])
    assert found.loc["M-BL", "evidence_views"] == pytest.approx(expected, rel=1e-6)
    assert found.loc["M-BL", "evidence_features"] == pytest.approx(shared.log_evidence, rel=1e-12)
    assert found.loc["SLP-BL", "evidence_features"] == pytest.approx(shared.log_evidence)
    prior = bl.EquilibriumPrior(reference="min_variance", covariance=SIGMA).fit(window)
    alone = multivariate_normal(
        pick @ prior.mean, pick @ prior.mean_covariance @ pick.T + omega
    ).logpdf([0.02 / 252, 0.10 / 252])
    assert found.loc["Classic BL", "evidence_views"] == pytest.approx(alone, rel=1e-6)
    assert np.isnan(found.loc[["Equilibrium", "Historical"], "evidence_features"]).all()
    assert np.isnan(found.loc["SLP-BL", "evidence_views"])


def test_without_stated_views_it_says_which_views_stand_in(window_of):
    window = window_of(1)
    found = compare_models(window, ViewSettings(horizon=5))
    assert "hears each asset's own mean return" in found.summary.loc["Classic BL", "note"]
    assert "it is SLP-BL" in found.summary.loc["M-BL", "note"]
    np.testing.assert_array_equal(found.means["M-BL"], found.means["SLP-BL"])
    stand_ins = stand_in_views(window.arrays())
    assert [view.value for view in stand_ins] == pytest.approx(window.returns.mean().tolist())
    # Views of all means with Ω = τ diag(Σ): between the equilibrium and the sample mean in sum.
    assert np.isnan(found.summary["evidence_views"]).all()


def test_without_features_learned_models_are_the_equilibrium_and_say_so(window_of):
    found = compare_models(window_of(1, features=False), ViewSettings(horizon=5))
    for model in ("SLP-BL", "FIV-BL"):
        np.testing.assert_allclose(found.means[model], found.means["Equilibrium"], rtol=1e-12)
        assert "it is the equilibrium" in found.summary.loc[model, "note"]


@pytest.mark.parametrize("reference", ["min_variance", "equal", "inverse_variance"])
@given(seed=SEEDS)
@settings(max_examples=6)
def test_before_views_the_reference_portfolio_is_held(window_of, reference, seed):
    window = window_of(seed)
    settings_ = ViewSettings(horizon=5, reference=reference)
    fitted = Decision(window).model("slp", settings_)
    table, remarks = before_and_after(fitted.distribution)
    sigma = SIGMA.fit_arrays(window.returns.to_numpy())
    inverse = 1 / np.diagonal(sigma)
    expected = {
        "equal": np.full(4, 0.25),
        "inverse_variance": inverse / inverse.sum(),
        "min_variance": bl.MinVariance().solve_arrays(np.ones(4), sigma).weights,
    }[reference]
    np.testing.assert_allclose(table["before"], expected, atol=1e-6)
    np.testing.assert_allclose(table["after"].sum(), 1)
    np.testing.assert_allclose(table["change"].sum(), 0, atol=1e-9)
    assert (table["equal"] == 0.25).all()
    assert remarks == ()


def test_market_weights_stand_beside_where_they_are_known(window_of):
    fitted = Decision(window_of(1)).model("slp", ViewSettings(horizon=5))
    caps = np.array([0.4, 0.3, 0.2, 0.1])
    table, _ = before_and_after(fitted.distribution, market=caps)
    np.testing.assert_array_equal(table["market"], caps)
    assert "equal" not in table


def test_a_fallback_is_told(window_of):
    views = tuple(bl.View({f"A{i}": 1.0}, -0.5, variance=0.0, unit="year") for i in range(4))
    fitted = Decision(window_of(1)).model("classic", ViewSettings(views=views))
    _, remarks = before_and_after(fitted.distribution)
    assert "held min_variance instead" in " ".join(remarks)


@given(seed=SEEDS, tau=st.floats(1e-3, 1), scale=st.floats(0.1, 10), kappa=st.floats(0.5, 50))
@settings(max_examples=10)
def test_a_decision_moved_by_sliders_is_one_made_anew(window_of, seed, tau, scale, kappa):
    window = window_of(seed)
    decision = Decision(window)
    for model in ("slp", "fiv", "mbl"):
        decision.model(model, ViewSettings(horizon=5, views=VIEWS))
        moved = ViewSettings(tau=tau, view_scale=scale, strength=kappa, horizon=5, views=VIEWS)
        found = decision.model(model, moved).distribution
        fresh = moved.prior(model).fit(window)
        np.testing.assert_array_equal(found.mean, fresh.mean)
        np.testing.assert_array_equal(found.covariance, fresh.covariance)
        np.testing.assert_array_equal(found.scenarios, fresh.scenarios)
        assert found.log_evidence == fresh.log_evidence


def test_what_sliders_do_not_change_is_learned_once(window_of):
    decision = Decision(window_of(1))
    first = decision.parts(ViewSettings(horizon=5).prior("slp"))
    again = decision.parts(ViewSettings(horizon=5, tau=1.0, risk_aversion=9.0).prior("mbl"))
    other = decision.parts(ViewSettings(horizon=6).prior("slp"))
    assert again.view is first.view
    assert other.view is not first.view


def test_what_is_no_window_is_refused(window_of):
    with pytest.raises(DataError, match="`window` must be a TrainingWindow"):
        Decision("window")
    window = window_of(1)
    short = bl.TrainingWindow(window.returns.iloc[:1])
    with pytest.raises(DataError, match="two returns"):
        Decision(short)
    with pytest.raises(DataError, match="Lengthen the lookback"):
        Decision(window).model("slp", ViewSettings(horizon=78))
    with pytest.raises(ConfigError, match="`covariance`"):
        ViewSettings(covariance="shrunk").prior("slp")
    with pytest.raises(ConfigError, match="`model`"):
        ViewSettings().prior("markowitz")
