"""What views did, against closed forms written out anew, published tables and limits."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import DataError
from blportfolio.report.views import (
    MODELS,
    Decision,
    ViewSettings,
    correlations,
    explain_views,
)
from blportfolio.report.views.document import table_csv

SEEDS = st.integers(0, 2**32 - 1)
PAPER = json.loads(
    (Path(__file__).parents[2] / "reference" / "idzorek_he_litterman.json").read_text("utf-8")
)["he_litterman_1999"]
STATED = (
    bl.View({"A0": 1.0, "A1": -1.0}, 0.02, variance=0.01, unit="year"),
    bl.View({"A2": 1.0}, 0.10, confidence=0.6, unit="year"),
)


def explained(window, model="slp", *, annual=True, **options):
    fitted = Decision(window).model(model, ViewSettings(horizon=5, **options))
    return fitted.distribution, explain_views(
        fitted.distribution, annual=annual, learned=fitted.learned
    )


@pytest.mark.parametrize("model", MODELS)
@given(seed=SEEDS, tau=st.floats(1e-4, 2), annual=st.booleans())
@settings(max_examples=8)
def test_rows_of_the_attribution_sum_to_posterior_less_prior(window_of, model, seed, tau, annual):
    _, found = explained(window_of(seed), model, tau=tau, annual=annual, views=STATED)
    step = found.assets["posterior"] - found.assets["prior"]
    scale = found.assets[["prior", "posterior", "view"]].abs().max(axis=None)
    np.testing.assert_allclose(found.attribution.sum(axis=1), step, rtol=0, atol=1e-9 * scale)
    np.testing.assert_array_equal(found.assets["change"], step)


@given(seed=SEEDS, tau=st.floats(1e-3, 2), scale=st.floats(1e-3, 1e3))
@settings(max_examples=25)
def test_one_asset_follows_its_view_by_the_textbook_share(window_of, seed, tau, scale):
    window = window_of(seed, n_assets=1)
    distribution, found = explained(window, tau=tau, view_scale=scale, reference="equal")
    prior = tau * float(window.returns["A0"].var(ddof=0))  # Ledoit-Wolf of one asset
    omega = float(distribution.views.omega[0, 0])
    share = prior / (prior + omega)
    row, asset = found.views.iloc[0], found.assets.iloc[0]
    assert row["trust"] == pytest.approx(share, rel=1e-9)
    assert found.heeded == row["trust"]
    between = asset["prior"] + share * (asset["view"] - asset["prior"])
    assert asset["posterior"] == pytest.approx(between, rel=1e-9, abs=1e-12)
    assert asset["posterior_sd"] == pytest.approx(np.sqrt(252 * prior * (1 - share)), rel=1e-7)
    assert row["removed"] == pytest.approx(share, rel=1e-7)
    assert row["omega_sd"] == pytest.approx(np.sqrt(252 * omega), rel=1e-12)
    gap = (asset["view"] - asset["prior"]) / 252
    assert row["surprise"] == pytest.approx(gap / np.sqrt(prior + omega), rel=1e-9, abs=1e-12)


@given(seed=SEEDS, tau=st.floats(1e-3, 1))
@settings(max_examples=15)
def test_slp_is_the_precision_form_of_the_paper(window_of, seed, tau):
    window = window_of(seed)
    distribution, found = explained(window, tau=tau, annual=False)
    views = distribution.views
    prior, noise = np.linalg.inv(views.prior_covariance), np.linalg.inv(views.omega)
    covariance = np.linalg.inv(prior + noise)
    mean = covariance @ (prior @ views.prior_mean + noise @ views.mean)
    np.testing.assert_allclose(found.assets["posterior"], mean, rtol=1e-7, atol=1e-12)
    deviation = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose(found.assets["posterior_sd"], deviation, rtol=1e-7)
    gain = covariance @ noise  # Σ0(Σ0 + Ω)⁻¹
    np.testing.assert_allclose(found.views["trust"], np.diagonal(gain), rtol=1e-6, atol=1e-9)
    removed = 1 - np.diagonal(covariance) / np.diagonal(views.prior_covariance)
    np.testing.assert_allclose(found.views["removed"], removed, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("model", ["slp", "fiv"])
@pytest.mark.parametrize("seed", range(3))
def test_certain_views_are_believed_outright_and_worthless_ones_ignored(window_of, model, seed):
    window = window_of(seed)
    if model == "slp":
        _, certain = explained(window, view_scale=1e-12)
        np.testing.assert_allclose(certain.views["trust"], 1, atol=1e-8)
        np.testing.assert_allclose(certain.assets["posterior"], certain.assets["view"], rtol=1e-6)
    _, worthless = explained(window, model, view_scale=1e12)
    np.testing.assert_allclose(worthless.views["trust"], 0, atol=1e-8)
    np.testing.assert_allclose(worthless.assets["posterior"], worthless.assets["prior"], rtol=1e-6)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_trust_falls_as_omega_grows(window_of, seed):
    window = window_of(seed)
    heeded = [explained(window, view_scale=scale)[1].heeded for scale in (0.01, 0.1, 1, 10, 100)]
    assert (np.diff(heeded) < 0).all()


def test_views_that_say_the_same_share_their_trust(window_of):
    window = window_of(3)
    view = bl.View({"A1": 1.0}, 0.1, variance=0.01, unit="year")
    _, once = explained(window, "classic", views=(view,))
    _, twice = explained(window, "classic", views=(view, view))
    assert list(twice.views.index) == [view.label, f"{view.label} (2)"]
    assert np.ptp(twice.views["trust"]) < 1e-12
    # Two errors of variance ω together are one of ω/2, and each has half of its gain.
    prior = once.views["prior_sd"].iloc[0] ** 2
    assert twice.heeded == pytest.approx(prior / (prior + 0.005), rel=1e-9)
    assert once.heeded == pytest.approx(prior / (prior + 0.01), rel=1e-9)


@pytest.mark.parametrize("table", list(PAPER["cases"]))
def test_he_and_litterman_are_explained_as_printed(table, given_covariance):
    inputs, case = PAPER["inputs"], PAPER["cases"][table]
    volatility = np.array(inputs["volatility"])
    sigma = np.outer(volatility, volatility) * np.array(inputs["correlation"])
    tau, market = inputs["tau"], np.array(inputs["w_eq"])
    pick = np.array(case["P"])
    spread = np.diagonal(pick @ sigma @ pick.T)
    variances = tau * np.array(case["omega_over_tau_multiplier_on_pSp"]) * spread
    views = tuple(
        bl.View(dict(zip(inputs["assets"], map(float, row), strict=True)), value, variance=float(v))
        for row, value, v in zip(pick, case["Q"], variances, strict=True)
    )
    rng = np.random.default_rng(0)
    returns = pd.DataFrame(
        rng.normal(size=(30, 7)) * 0.01,
        index=pd.date_range("1970-01-31", periods=30, freq="ME"),
        columns=inputs["assets"],
    )
    window = bl.TrainingWindow(
        returns,
        market_weights=pd.Series(market / market.sum(), index=inputs["assets"]),
        periods_per_year=1,
    )
    options = ViewSettings(
        tau=tau,
        risk_aversion=inputs["delta"] * market.sum() / (1 + tau),
        reference="market_cap",
        covariance=given_covariance(sigma),
        views=views,
    )
    fitted = Decision(window).model("classic", options)
    found = explain_views(fitted.distribution)
    exact, printed = case["full_precision_from_these_inputs"], case["published"]
    np.testing.assert_allclose(found.assets["prior"], PAPER["full_precision_pi"], atol=1e-12)
    np.testing.assert_allclose(found.assets["posterior"], exact["mu"], atol=1e-12)
    tolerance = PAPER["tolerance"]["table8_mu_pct" if table == "table8" else "mu_pct"]
    np.testing.assert_allclose(
        100 * found.assets["posterior"], printed["mu_pct"], atol=tolerance, rtol=0
    )
    np.testing.assert_allclose(found.views["omega_sd"] ** 2, exact["omega_diag"], atol=1e-15)
    if len(views) == 1:
        multiple = case["omega_over_tau_multiplier_on_pSp"][0]
        assert found.views["trust"].iloc[0] == pytest.approx(1 / (1 + multiple), rel=1e-12)


@given(
    seed=SEEDS, model=st.sampled_from(list(MODELS)), periods=st.sampled_from([12.0, 52.0, 260.0])
)
@settings(max_examples=15)
def test_a_year_multiplies_means_and_variances_by_its_periods(window_of, seed, model, periods):
    window = window_of(seed, periods_per_year=periods)
    _, year = explained(window, model)
    _, one = explained(window, model, annual=False)
    assert (year.unit, one.unit) == ("per year", "per period")
    for column in ("prior", "view", "posterior"):
        np.testing.assert_allclose(year.assets[column], periods * one.assets[column], rtol=1e-12)
        variance = periods * one.assets[f"{column}_sd"] ** 2
        np.testing.assert_allclose(year.assets[f"{column}_sd"] ** 2, variance, rtol=1e-12)
    np.testing.assert_allclose(year.attribution, periods * one.attribution, rtol=1e-12)
    for column in ("trust", "surprise", "removed"):
        np.testing.assert_array_equal(year.views[column], one.views[column])


def test_a_typed_error_is_shown_as_it_was_typed(window_of):
    view = bl.View.from_text("A1 = 10% per year ± 5%")
    _, found = explained(window_of(1), "classic", views=(view,))
    assert found.assets.loc["A1", "view"] == pytest.approx(0.10)
    assert found.assets.loc["A1", "view_sd"] == pytest.approx(0.05)
    assert found.assets["view"].notna().sum() == 1


def test_a_doubled_pick_says_the_same_of_its_asset(window_of):
    view = bl.View({"A1": 2.0}, 0.2, variance=0.01, unit="year")
    _, found = explained(window_of(1), "classic", views=(view,))
    assert found.assets.loc["A1", "view"] == pytest.approx(0.10)
    assert found.assets.loc["A1", "view_sd"] == pytest.approx(0.05)


def test_an_asset_without_features_has_no_view_but_is_moved_by_others(window_of):
    _, found = explained(window_of(5, blind=(2,)))
    assert np.isnan(found.assets.loc["A2", "view"])
    assert list(found.views.index) == ["A0", "A1", "A3"]
    assert found.assets.loc["A2", "change"] != 0
    assert found.attribution.shape == (4, 3)


def test_stated_views_come_after_learned_ones(window_of):
    _, found = explained(window_of(5), "mbl", views=STATED)
    assert list(found.views["kind"]) == ["learned"] * 4 + ["stated"] * 2
    assert found.views.index[-1] == STATED[1].label


def test_without_views_there_is_nothing_to_explain(window_of):
    fitted = Decision(window_of(5, features=False)).model("slp", ViewSettings())
    with pytest.raises(DataError, match=r"no views to explain.*features"):
        explain_views(fitted.distribution)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_correlations_are_those_of_the_covariances(window_of, seed):
    window = window_of(seed)
    distribution, found = explained(window, covariance=bl.covariance.SampleCovariance())
    np.testing.assert_allclose(found.before, np.corrcoef(window.returns.T), atol=1e-12)
    root = np.sqrt(np.diagonal(distribution.mean_covariance))
    expected = distribution.mean_covariance / np.outer(root, root)
    np.testing.assert_allclose(found.after, expected, atol=1e-12)
    assert (np.diagonal(found.after) == 1).all()


def test_what_is_certain_correlates_with_nothing():
    found = correlations(np.array([[1e-4, 0.0], [0.0, 0.0]]), ("A", "B"))
    np.testing.assert_array_equal(found, np.eye(2))


def test_the_largest_effect_is_the_largest_entry(window_of):
    _, found = explained(window_of(2))
    asset, view, added = found.largest_effect()
    assert abs(added) == found.attribution.abs().max(axis=None)
    assert found.attribution.loc[asset, view] == added


def test_a_table_taken_away_runs_nothing_in_a_spreadsheet():
    table = pd.DataFrame({"@x": [0.25, np.nan]}, index=pd.Index(["=1+1", "A"], name="asset"))
    assert table_csv(table).splitlines() == ["asset,'@x", "'=1+1,0.25", "A,"]
