"""Explicit views by asset name."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_market, make_prices
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes import bl_posterior
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError


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
    views = (bl.View({"A0": 1}, 1e-3), "A1 - A2 = 5% per year")
    fitted = bl.BlackLittermanPrior(views).fit(window)
    step = fitted.mean - fitted.views.prior_mean
    np.testing.assert_allclose(fitted.views.attribution.sum(axis=1), step, atol=1e-16)
    assert fitted.views.attribution[0, 0] > 0
    assert fitted.views.labels == ("A0 = 0.1%", "A1 - A2 = 5% per year")


def test_a_certain_view_is_fulfilled_and_a_vague_one_has_no_effect(window):
    certain = bl.BlackLittermanPrior((bl.View({"A0": 1, "A1": -1}, 1e-3, variance=0.0),)).fit(
        window
    )
    assert certain.mean[0] - certain.mean[1] == pytest.approx(1e-3, abs=1e-15)
    vague = bl.BlackLittermanPrior((bl.View({"A0": 1}, 1e-3, variance=1e9),)).fit(window)
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


def test_the_same_certain_view_twice_counts_once_and_is_mentioned(window):
    view = bl.View({"A0": 1}, 1e-3, variance=0)
    once = bl.BlackLittermanPrior((view,)).fit(window)
    prior = bl.BlackLittermanPrior((view, bl.View({"A0": 2}, 2e-3, variance=0)))
    with pytest.warns(BLPortfolioWarning, match="says again what `A0 = 0.1%") as caught:
        twice = prior.fit(window)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_allclose(twice.mean, once.mean, atol=1e-14)
    np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-16)


def test_a_view_that_looks_annual_is_a_warning_of_fit_and_a_doubt_of_its_core(window):
    prior = bl.BlackLittermanPrior(["A0 = 8%"])
    with pytest.warns(BLPortfolioWarning, match=r"`A0 = 8%`.*2016% a year.*unit = \"year\""):
        fitted = prior.fit(window)
    moments = prior.fit_arrays(window.arrays())
    assert len(moments.doubts) == 1
    assert moments.remarks == ()
    np.testing.assert_array_equal(moments.mean, fitted.mean)


def test_fit_warns_of_every_doubt_at_the_line_that_called_it(window):
    prior = bl.BlackLittermanPrior(
        ["A0 = 50% per year", "A0 = -50% per year", "A1 = 9%", "A2 = 1% per year",
         "2*A2 = 2% per year", "A3 - [G] = 1%"],
        groups={"G": ["A3"]},
    )  # fmt: skip
    doubts = prior.fit_arrays(window.arrays()).doubts
    with pytest.warns(BLPortfolioWarning) as caught:
        prior.fit(window)
    assert [str(one.message) for one in caught] == list(doubts)
    assert {one.filename for one in caught} == {__file__}
    for words in ("contradicts", "which is 2268% a year", "says again", "cancel one another"):
        assert sum(words in doubt for doubt in doubts) == 1, words


def test_contradictory_views_that_are_uncertain_meet_in_between(window):
    prior = bl.BlackLittermanPrior(["A0 = 50% per year", "A0 = -50% per year"])
    with pytest.warns(BLPortfolioWarning, match="`A0 = -50% per year` contradicts `A0 = 50% per"):
        mean = prior.fit(window).mean
    assert abs(mean[0]) < 0.5 / 252


def test_a_lone_view_that_cancels_is_a_doubt_too(window):
    prior = bl.BlackLittermanPrior("A3 - [G] = 1% per year", groups={"G": ["A3"]})
    with pytest.warns(BLPortfolioWarning, match="cancel one another"):
        prior.fit(window)


def test_where_no_view_is_eligible_there_is_a_remark_and_no_doubt(window):
    inside = window.arrays()
    known = type(inside)(inside.returns, inside.assets, universe=(*inside.assets, "late"))
    moments = bl.BlackLittermanPrior("late = 1% per year").fit_arrays(known)
    assert moments.views is None
    (remark,) = moments.remarks
    assert "not all its assets are eligible" in remark
    assert set(moments.doubts) <= {remark}


def identical(seed):
    """Returns of three assets that are the same one, and of another."""
    returns = make_prices(seed, n_dates=101, n_assets=2).pct_change().iloc[1:]
    columns = {"AAPL": "A0", "DUP": "A0", "TRI": "A0", "X": "A1"}
    return bl.TrainingWindow(pd.DataFrame({name: returns[of] for name, of in columns.items()}))


@pytest.mark.parametrize("prior", [bl.BlackLittermanPrior, bl.MixedEffectsPrior])
@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("AAPL - DUP = 1% per year", True),
        ("AAPL - DUP = 1% per year (confidence 100%)", True),
        ("AAPL - DUP = 0%", False),
        ("AAPL - DUP = 1% per year +/- 1%", False),
    ],
)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_a_view_on_the_difference_of_identical_assets_is_about_the_views(
    prior, text, refused, seed
):
    window = identical(seed)
    model = prior(views=text, reference="equal")
    if refused:
        with pytest.raises(DataError, match=r"^`views` held with certainty contradict"):
            model.fit(window)
    else:
        expected = bl.EquilibriumPrior("equal").fit(window).mean
        np.testing.assert_allclose(model.fit(window).mean, expected, rtol=1e-8)


def test_legs_that_cancel_to_rounding_are_a_certain_contradiction_and_no_huge_mean():
    """pΣpᵀ of identical assets is 0, above or below it by rounding; τ times it is no variance."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = rng.uniform(size=3)
        pick = np.append(weights / weights.sum(), -1.0)
        prior = np.full((4, 4), rng.uniform(1e-5, 1e-4))
        omega = max(float(pick @ prior @ pick), 0.0)
        with pytest.raises(DataError, match="`views` are held with certainty and contradict"):
            bl_posterior(np.full(4, 3e-4), prior, [pick], [4e-5], [[omega]])


def test_a_backtest_notes_an_absurd_view_and_warns_of_nothing():
    strategy = bl.Strategy("v", prior=bl.BlackLittermanPrior(["A0 = 8%"]), lookback=60)
    result = bl.run_backtest(strategy, make_market(1, 200, 3))
    notes = result.notes.loc[result.notes["kind"] == "doubt", "message"]
    assert notes.str.contains("2016% a year").all()
    assert not notes.duplicated().any()
    assert not set(result.notes["kind"]) & {"views", "no views"}
    assert len(notes)


def test_a_year_on_daily_data_is_the_same_as_its_share_of_a_day(window):
    yearly = bl.BlackLittermanPrior(["A0 - A1 = 6.3% per year +/- 2%"]).fit(window)
    view = bl.View({"A0": 1, "A1": -1}, 0.063 / 252, variance=4e-4 / 252)
    daily = bl.BlackLittermanPrior((view,)).fit(window)
    np.testing.assert_allclose(yearly.mean, daily.mean, rtol=1e-13)
    np.testing.assert_allclose(yearly.covariance, daily.covariance, rtol=1e-13)


@given(st.sampled_from([("day", 252), ("week", 52), ("month", 12), ("quarter", 4), ("year", 1)]))
def test_the_same_forecast_in_any_unit_gives_the_same_posterior(unit):
    returns = make_prices(1, n_dates=101).pct_change().iloc[1:]
    name, per_year = unit
    view = bl.View({"A2": 1}, 0.1 / per_year, 1e-3 / per_year, unit=name)
    expected = bl.BlackLittermanPrior(["A2 = 10% per year +/- 3.16227766016838%"])
    found = bl.BlackLittermanPrior((view,)).fit(bl.TrainingWindow(returns))
    wanted = expected.fit(bl.TrainingWindow(returns))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, wanted.covariance, rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
@settings(max_examples=25)
def test_a_confidence_goes_its_share_of_the_way_to_certainty(seed, confidence):
    window = bl.TrainingWindow(make_prices(seed, n_dates=101).pct_change().iloc[1:])
    pick = {"A0": 1.0, "A3": -0.4}
    none = bl.EquilibriumPrior(tau=0.1).fit(window).mean
    found, certain = (
        bl.BlackLittermanPrior((bl.View(pick, 3e-4, confidence=c),), tau=0.1).fit(window).mean
        for c in (confidence, 1.0)
    )
    np.testing.assert_allclose(found - none, confidence * (certain - none), rtol=1e-7, atol=1e-12)


def test_a_full_view_covariance_is_used_as_it_stands(window):
    omega = ((2e-6, 1e-6), (1e-6, 3e-6))
    views = ("A0 = 0.1%", "A1 - A2 = 0.05%")
    prior = bl.BlackLittermanPrior(views, reference="equal", view_covariance=omega)
    sigma = window.returns.cov().to_numpy()
    pick = np.array([[1, 0, 0, 0], [0, 1, -1, 0]])
    expected = bl_posterior(
        2.5 * 1.05 * sigma.mean(axis=1), 0.05 * sigma, pick, [1e-3, 5e-4], omega
    )
    fitted = prior.fit(window)
    np.testing.assert_allclose(fitted.mean, expected.mean, rtol=1e-10)
    np.testing.assert_array_equal(fitted.views.omega, omega)
    assert prior == bl.BlackLittermanPrior(
        views, reference="equal", view_covariance=np.array(omega)
    )


def test_certain_views_that_a_singular_prior_rules_out_are_refused():
    returns = make_prices(3, n_dates=4, n_assets=6).pct_change().iloc[1:]
    views = tuple(bl.View({f"A{i}": 1.0}, 1e-3 * i, variance=0) for i in range(6))
    with pytest.raises(DataError, match=r"contradict the prior.*singular"):
        bl.BlackLittermanPrior(views).fit(bl.TrainingWindow(returns))


def test_the_equilibrium_of_he_and_litterman_leaves_out_the_uncertainty_of_the_mean(window):
    view = bl.View({"A0": 1.0}, 1e-3)
    means = {
        name: bl.BlackLittermanPrior((view,), equilibrium=name, tau=0.2).fit(window).views
        for name in ("paper", "he_litterman")
    }
    np.testing.assert_allclose(
        means["paper"].prior_mean, 1.2 * means["he_litterman"].prior_mean, rtol=1e-14
    )


def test_a_group_by_reference_weights_is_the_view_with_those_weights(window):
    caps = pd.Series([0.1, 0.2, 0.3, 0.4], index=window.assets)
    window = bl.TrainingWindow(window.returns, market_weights=caps)
    options = {"reference": "market_cap", "groups": {"G": ["A1", "A3"]}}
    grouped, equal = (
        bl.BlackLittermanPrior(["[G] - A0 = 2% per year"], group_weights=weights, **options)
        for weights in ("reference", "equal")
    )
    by_hand = bl.BlackLittermanPrior(
        (bl.View({"A1": 1 / 3, "A3": 2 / 3, "A0": -1}, 0.02, unit="year"),), reference="market_cap"
    )
    np.testing.assert_allclose(
        grouped.fit(window).mean, by_hand.fit(window).mean, rtol=1e-12, atol=0
    )
    np.testing.assert_allclose(equal.fit(window).views.pick, [[-1, 0.5, 0, 0.5]], rtol=1e-14)


def test_a_group_with_a_late_member_makes_do_with_the_others_in_a_backtest():
    prices = make_prices(6, 400, 3)
    prices.iloc[:200, 2] = np.nan
    prior = bl.BlackLittermanPrior(["[G] - A0 = 2% per year"], groups={"G": ["A1", "A2"]})
    result = bl.run_backtest(bl.Strategy("v", prior=prior, lookback=60), bl.MarketData(prices))
    assert set(result.views["view_on"]) == {"[G] - A0 = 2% per year"}
    assert len(result.views) == len(result.weights)
    assert "views" not in set(result.notes["kind"])


@given(st.permutations(range(4)))
@settings(max_examples=10)
def test_the_order_of_assets_does_not_matter(order):
    returns = make_prices(9, n_dates=101).pct_change().iloc[1:]
    prior = bl.BlackLittermanPrior(
        ["A0 - [G] = 2% per year", "A1 = 5% per year +/- 2%", "A3 = 4% per year (confidence 30%)"],
        groups={"G": ["A1", "A2"]},
    )
    here = prior.fit(bl.TrainingWindow(returns))
    there = prior.fit(bl.TrainingWindow(returns.iloc[:, list(order)]))
    np.testing.assert_allclose(
        there.mean_series[list(here.assets)], here.mean, rtol=1e-9, atol=1e-14
    )
    np.testing.assert_allclose(there.log_evidence, here.log_evidence, rtol=1e-9)


TOML = """
name = "views"
[prior]
model = "black_litterman"
reference = "equal"
group_weights = "reference"
equilibrium = "he_litterman"
views = [
    "AAPL - MSFT = 2% per year",
    "[Oil] = 8% per year (confidence 60%)",
    { pick = { KO = 1, PEP = -1 }, value = 0.01, unit = "year", variance = 4e-4, name = "colas" },
]
[prior.groups]
Oil = ["XOM", "CVX"]
[optimise]
model = "max_sharpe"
"""


def test_views_in_a_file_are_the_views_in_python(tmp_path):
    file = tmp_path / "views.toml"
    file.write_text(TOML)
    config = bl.load_strategy(file)
    assert config.prior_model() == bl.BlackLittermanPrior(
        (
            "AAPL - MSFT = 2% per year",
            "[Oil] = 8% per year (confidence 60%)",
            bl.View({"KO": 1, "PEP": -1}, 0.01, 4e-4, unit="year", name="colas"),
        ),
        reference="equal",
        groups={"Oil": ("XOM", "CVX")},
        group_weights="reference",
        equilibrium="he_litterman",
    )
    resolved = config.resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolved["prior"]["views"][1] == {
        "pick": {"[Oil]": 1.0}, "value": 0.08, "variance": None, "unit": "year",
        "confidence": 0.6, "name": "[Oil] = 8% per year (confidence 60%)",
    }  # fmt: skip
    again = bl.StrategyConfig(name="again", prior=resolved["prior"])
    assert again.prior_model() == config.prior_model()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('views = "A = "', r"`views` is 'A = '|The view 'A = '"),
        ("views = [3]", "`views"),
        ('views = ["A = 1%", "B = x"]', "The view 'B = x' cannot be read at character 5"),
        ("views = [{ pick = { A = 1 }, value = 1, unit = 'yr' }]", "view 1 is wrong.*`unit`"),
        ("views = [{ pick = { A = 1 }, valeu = 1 }]", "view 1.*'valeu'. Did you mean 'value'"),
        ('views = ["[G] = 1%"]', "unknown group"),
        ('views = ["A = 1%"]\nview_covariance = [[1.0, 0.0]]', "`view_covariance`"),
    ],
)
def test_a_bad_view_in_a_file_is_named(tmp_path, line, words):
    file = tmp_path / "views.toml"
    file.write_text(f'name = "v"\n[prior]\nmodel = "black_litterman"\n{line}\n')
    with pytest.raises(ConfigError, match=words):
        bl.load_strategy(file)


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
        ({"views": 3}, "`views` must be a list"),
        ({"views": "A0 is good"}, "The view 'A0 is good' cannot be read"),
        ({"views": ({"A0": 1.0},)}, "view 1 has the unknown key 'A0'"),
        ({"groups": {"G": "A0"}}, "`groups`"),
        ({"group_weights": "cap"}, "`group_weights`"),
        ({"equilibrium": "he"}, "`equilibrium`.*he_litterman"),
        ({"view_covariance": [[1.0, 0.0], [0.0, 1.0]]}, "`view_covariance` must have shape"),
        ({"view_covariance": [[-1.0]]}, "`view_covariance` must have variances"),
        (
            {"views": ("A = 0%", "B = 0%"), "view_covariance": [[1.0, 2.0], [2.0, 1.0]]},
            "positive semi-definite; its smallest eigenvalue is -1",
        ),
        ({"views": ("A = 0% +/- 1%",), "view_covariance": [[1.0]]}, "its own uncertainty"),
        ({"tau": 0.0}, "`tau`"),
        ({"risk_aversion": -1.0}, "`risk_aversion`"),
        ({"reference": "cap"}, "`reference`"),
    ],
)
def test_a_bad_parameter_is_named(arguments, message):
    given = {"views": (bl.View({"A0": 1.0}, 0.01),)}
    with pytest.raises(ConfigError, match=message):
        bl.BlackLittermanPrior(**{**given, **arguments})


@pytest.mark.parametrize("model", ["black_litterman", "mixed_effects"])
def test_one_text_alone_will_do_in_a_file_as_in_python(model):
    config = bl.StrategyConfig(name="v", prior={"model": model, "views": "A = 1% per year"})
    assert config.prior_model().views == (bl.View.from_text("A = 1% per year"),)


def test_bare_names_of_groups_average_their_members(window):
    groups = {"Tech": ["A0", "A1"], "Banks": ["A2", "A3"]}
    bare, brackets = (
        bl.BlackLittermanPrior(text, groups=groups).fit(window)
        for text in ("Tech - Banks = 2% per year", "[Tech] - [Banks] = 2% per year")
    )
    np.testing.assert_array_equal(bare.views.pick, [[0.5, 0.5, -0.5, -0.5]])
    np.testing.assert_array_equal(bare.mean, brackets.mean)
