"""Evidence over a hyper-parameter, against densities of scipy and least squares by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.report.views import GRIDS, Decision, ViewSettings, evidence_curve
from blportfolio.report.views.evidence import SUPPORT, has_part

SEEDS = st.integers(0, 2**32 - 1)
OPTIONS = ViewSettings(horizon=5)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_it_is_the_gaussian_density_of_what_the_features_say(window_of, seed):
    decision = Decision(window_of(seed))
    prior = OPTIONS.prior("slp")
    curve = evidence_curve(decision, prior, "tau", (0.01, 0.1, 1.0))
    parts = decision.parts(prior)
    sigma, view = parts.sigma, parts.view
    weights = bl.MinVariance().solve_arrays(np.ones(4), sigma).weights
    for _, row in curve.table.iterrows():
        tau = row["value"]
        mean = 2.5 * (1 + tau) * sigma @ weights
        expected = multivariate_normal(mean, tau * sigma + view.noise).logpdf(view.mean)
        assert row["log_evidence"] == pytest.approx(expected, rel=1e-8)


@given(seed=SEEDS)
@settings(max_examples=10)
def test_the_best_risk_aversion_is_that_of_generalised_least_squares(window_of, seed):
    decision = Decision(window_of(seed))
    settings_ = ViewSettings(horizon=5, view_scale=1e-3, tau=1e-3)
    prior = settings_.prior("slp")
    parts = decision.parts(prior)
    weights = bl.MinVariance().solve_arrays(np.ones(4), parts.sigma).weights
    promise = (1 + 1e-3) * parts.sigma @ weights
    total = 1e-3 * (parts.sigma + parts.view.noise)
    pull = np.linalg.solve(total, promise)
    best, deviation = pull @ parts.view.mean / (pull @ promise), (pull @ promise) ** -0.5
    shift = 0.0 if best > 10 * deviation else 10 * deviation - best
    grid = best + shift + np.linspace(-8, 8, 161) * deviation
    moved = dataclasses.replace(
        parts, view=dataclasses.replace(parts.view, mean=parts.view.mean + shift * promise)
    )
    decision._parts = dict.fromkeys(decision._parts, moved)
    curve = evidence_curve(decision, prior, "risk_aversion", grid)
    assert curve.best == pytest.approx(best + shift, abs=0.11 * deviation)
    assert curve.identified
    # A Gaussian likelihood falls by two units two deviations from its top.
    assert curve.low == pytest.approx(best + shift - 2 * deviation, abs=0.11 * deviation)
    assert curve.high == pytest.approx(best + shift + 2 * deviation, abs=0.11 * deviation)


@pytest.mark.parametrize(
    ("model", "parameter"),
    [(m, p) for m in ("slp", "fiv", "mbl") for p in GRIDS if p != "strength" or m == "fiv"],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_support_is_what_lies_two_units_below_the_best(window_of, model, parameter, seed):
    curve = evidence_curve(Decision(window_of(seed)), OPTIONS.prior(model), parameter)
    table = curve.table
    top = table["log_evidence"].max()
    assert curve.best == table["value"][table["log_evidence"].idxmax()]
    np.testing.assert_array_equal(table["supported"], table["log_evidence"] >= top - SUPPORT)
    first, last = table.index[table["supported"]][[0, -1]]
    assert (curve.low is None) == (first == 0)
    assert (curve.high is None) == (last == len(table) - 1)
    if curve.low is not None:
        assert table["value"][first - 1] <= curve.low <= table["value"][first]
    if curve.high is not None:
        assert table["value"][last] <= curve.high <= table["value"][last + 1]
    assert curve.identified == (curve.low is not None and curve.high is not None)


def test_a_narrow_grid_tells_nothing_apart_and_says_so(window_of):
    decision, prior = Decision(window_of(0)), OPTIONS.prior("slp")
    curve = evidence_curve(decision, prior, "tau", (0.05, 0.0501))
    assert not curve.identified
    assert "Any τ from 0.05 to 0.0501 fits this window about as well" in curve.verdict


def test_a_bound_on_one_side_is_called_one(window_of):
    decision, prior = Decision(window_of(0)), OPTIONS.prior("slp")
    above = evidence_curve(decision, prior, "tau", (1e-4, 1e-3, 1e3))
    assert "upper bound only" in above.verdict
    assert (above.low, above.identified) == (None, False)
    # A view of 5 % a day, held for sure, needs a prior that is not sure of itself.
    views = (bl.View({"A0": 1.0}, 0.05, variance=0.0),)
    prior = ViewSettings(views=views).prior("classic")
    below = evidence_curve(decision, prior, "tau", (1e-3, 20.0, 25.0), blind=True)
    assert "lower bound only" in below.verdict


@pytest.mark.parametrize("seed", range(3))
def test_the_strength_of_fiv_comes_with_its_degrees_of_freedom(window_of, seed):
    curve = evidence_curve(Decision(window_of(seed)), OPTIONS.prior("fiv"), "strength")
    np.testing.assert_array_equal(curve.table["dof"], 5 + curve.table["value"])
    assert curve.current == 10.0


def test_a_parameter_that_has_no_part_has_no_curve(window_of):
    decision = Decision(window_of(0))
    assert evidence_curve(decision, OPTIONS.prior("slp"), "strength") is None
    assert evidence_curve(decision, OPTIONS.prior("mbl"), "view_scale", blind=True) is None
    historical = bl.SharedLatentPrior(horizon=5, prior_mean="historical")
    assert not has_part(historical, "risk_aversion")
    assert has_part(historical, "tau")


def test_where_nothing_has_a_view_there_is_no_evidence(window_of):
    decision = Decision(window_of(0, features=False))
    assert evidence_curve(decision, OPTIONS.prior("slp"), "tau") is None


def test_stated_views_alone_have_evidence(window_of):
    views = (bl.View({"A0": 1.0}, 0.1, variance=0.01, unit="year"),)
    prior = ViewSettings(views=views).prior("classic")
    curve = evidence_curve(Decision(window_of(0)), prior, "tau", (0.01, 0.1), blind=True)
    assert curve.table["log_evidence"].notna().all()


def test_a_wrong_grid_or_name_is_refused(window_of):
    decision, prior = Decision(window_of(0)), OPTIONS.prior("slp")
    with pytest.raises(ConfigError, match="`parameter`"):
        evidence_curve(decision, prior, "nu")
    for grid in ((0.1,), (0.2, 0.1), (-1.0, 1.0)):
        with pytest.raises(ConfigError, match="`grid`"):
            evidence_curve(decision, prior, "tau", grid)
