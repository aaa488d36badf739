from dataclasses import replace

import numpy as np
import pytest
from helpers import random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVR

import blportfolio as bl
from blportfolio.bayes.hyperparameters import silverman_factor
from blportfolio.errors import ConfigError, DataError
from blportfolio.features import WindowMaker
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.priors import PRIORS
from blportfolio.research.paper import LiteralPrior, PriceLevels, RegressionTable, literal_mix
from blportfolio.research.paper.levels import level_views
from blportfolio.research.paper.steps import (
    SameDayFeatures,
    VariancePortfolio,
    scale_free_indicators,
    slp_prior,
)
from blportfolio.types import FeaturePanel

LOOKBACK = 60


@pytest.fixture(scope="module")
def levels(unpredictable):
    return PriceLevels.of(unpredictable, raw_prices=unpredictable.prices)


@pytest.fixture(scope="module")
def window(unpredictable):
    return bl.make_window(unpredictable, as_of=unpredictable.dates[400], lookback=LOOKBACK)


def weights(distribution):
    return long_only_max_sharpe(distribution.mean, distribution.covariance)


def problem(seed, n_assets=5):
    rng = np.random.default_rng(seed)
    sigma = random_covariance(rng, n_assets)
    return (
        rng.normal(3e-4, 1e-3, size=n_assets),
        sigma,
        rng.uniform(5, 100, size=n_assets),
        rng.uniform(0.5, 20, size=n_assets),
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 1.0, 3.0]))
@settings(max_examples=40)
def test_the_mix_is_what_the_scripts_compute_by_inverses(seed, tau):
    mean, sigma, price, variance = problem(seed)
    precision, inverse = np.diag(1 / variance), np.linalg.inv(sigma)
    posterior = np.linalg.inv(inverse / tau + precision)
    pulled = inverse @ mean / tau + precision @ price
    for name, multiplier in (("published", sigma + posterior), ("corrected", posterior)):
        own, own_covariance = literal_mix(mean, sigma, price, variance, tau=tau, covariance=name)
        np.testing.assert_allclose(own, multiplier @ pulled, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(own_covariance, posterior, rtol=1e-6, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_covariance_slip_matters_only_where_the_view_is_as_sure_as_the_sample(seed):
    """With Λ → ∞ it doubles r̄, which no weight sees; with Λ near Σ it bends the mean."""
    mean, sigma, _, _ = problem(seed)
    vague, near = np.full(5, 1e6), np.diagonal(sigma).copy()

    def directions(variance):
        both = [
            literal_mix(mean, sigma, mean, variance, covariance=name)[0]
            for name in ("published", "corrected")
        ]
        return [one / np.linalg.norm(one) for one in both]

    np.testing.assert_allclose(*directions(vague), atol=1e-6)
    np.testing.assert_allclose(
        literal_mix(mean, sigma, mean, vague)[0], 2 * mean, rtol=1e-5, atol=1e-9
    )
    assert np.abs(np.subtract(*directions(near))).max() > 1e-4


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_in_return_units_without_features_the_corrected_mean_is_the_sample_mean(seed):
    """There is nothing to learn: the view says what the prior says."""
    mean, sigma, _, _ = problem(seed)
    own, _ = literal_mix(mean, sigma, mean, np.diagonal(sigma).copy(), covariance="corrected")
    np.testing.assert_allclose(own, mean, rtol=1e-9, atol=1e-15)


def test_an_asset_without_a_view_is_one_whose_view_is_worth_nothing():
    mean, sigma, price, variance = problem(3)
    variance[2] = 1e15
    partial = literal_mix(
        mean, sigma, np.delete(price, 2), np.delete(variance, 2), seen=np.array([0, 1, 3, 4])
    )
    for own, expected in zip(partial, literal_mix(mean, sigma, price, variance), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-6, atol=1e-12)


def test_the_regression_is_scikit_learns_linear_svr_with_its_defaults(levels):
    prices, indicators = levels.window(400, np.arange(2), LOOKBACK, "adjusted_price")
    model = SVR(kernel="linear").fit(indicators[:, 1], prices[:, 1])
    view = level_views(prices, indicators, regression="svr")[1]
    assert view.mean == pytest.approx(model.predict(indicators[:, 1]).mean(), rel=1e-9)
    explained = np.ravel(model.coef_) ** 2 * indicators[:, 1].var(axis=0, ddof=1)
    assert view.variance == pytest.approx(explained.sum(), rel=1e-12)


def test_the_view_has_the_silverman_factor_of_all_features_of_all_assets(levels, window):
    own = LiteralPrior(levels, regression="none").fit(window)
    returns = window.returns.to_numpy()
    prices = levels.prices[400 - LOOKBACK + 1 : 401]
    factor = silverman_factor(9 * 6, LOOKBACK)
    mean, covariance = literal_mix(
        returns.mean(axis=0), np.cov(returns, rowvar=False), prices.mean(axis=0),
        factor * prices.var(axis=0, ddof=1),
    )  # fmt: skip
    np.testing.assert_allclose(own.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(own.mean_covariance, covariance, rtol=1e-12)


def rebased(market, factor):
    """The market after a later split or dividend of A2, as a vendor would rewrite its history."""
    scale = np.ones(len(market.assets))
    scale[2] = factor
    bars = {name: getattr(market, name) * scale for name in ("prices", "high", "low")}
    return replace(market, **bars)


def test_a_dividend_still_to_come_changes_the_papers_weights_and_none_of_ours(
    unpredictable, window
):
    """This is the look-ahead: the returns known at the decision are the same to the bit."""
    later = rebased(unpredictable, 0.5)
    then = bl.make_window(later, as_of=window.as_of, lookback=LOOKBACK)
    assert then.returns.equals(window.returns)
    before = PriceLevels.of(unpredictable, raw_prices=unpredictable.prices)
    after = PriceLevels.of(later, raw_prices=unpredictable.prices)

    def change(**switches):
        one = weights(LiteralPrior(before, **switches).fit(window))
        other = weights(LiteralPrior(after, **switches).fit(then))
        return other[2] - one[2]

    assert change(regression="svr") > 0.02
    assert change(regression="none") > 0.02
    for quantity in ("raw_price", "relative_price", "return"):
        assert change(regression="none", quantity=quantity) == 0
    features = scale_free_indicators(unpredictable)
    ours = [
        slp_prior().fit(
            bl.make_window(market, as_of=window.as_of, lookback=LOOKBACK, features=features)
        )
        for market in (unpredictable, later)
    ]
    np.testing.assert_allclose(weights(ours[0]), weights(ours[1]), atol=1e-9)


def test_without_features_the_literal_weights_lean_to_low_prices(unpredictable, window):
    """Halving every price of an asset, again and again, ends in holding nothing else."""
    held = []
    for factor in (1.0, 2.0**-3, 2.0**-6):
        levels = PriceLevels.of(rebased(unpredictable, factor))
        held.append(weights(LiteralPrior(levels, regression="none").fit(window))[2])
    assert held[0] < held[1] < held[2]
    assert held[2] > 0.6


def test_the_price_tilt_vanishes_where_prices_are_equal(unpredictable, window):
    """Adjusted prices that all end at 1 are relative prices."""
    levels = PriceLevels.of(unpredictable)
    equal = replace(levels, prices=levels.prices / levels.prices[400])
    tilted = LiteralPrior(equal, regression="none").fit(window)
    relative = LiteralPrior(levels, regression="none", quantity="relative_price").fit(window)
    np.testing.assert_allclose(tilted.mean, relative.mean, rtol=1e-14)
    np.testing.assert_allclose(tilted.covariance, relative.covariance, rtol=1e-12)


def test_inverse_variance_and_its_price_tilt_by_hand(levels, window):
    variance = window.returns.var().to_numpy()
    for given_levels, raw in (
        (None, 1 / variance),
        (levels, 1 / variance / levels.prices[400]),
    ):
        own = weights(VariancePortfolio(given_levels).fit(window))
        np.testing.assert_allclose(own, raw / raw.sum(), rtol=1e-9)


def test_same_day_features_explain_the_day_of_the_decision(window):
    """Where the feature is the return itself, the view is the last return: K = Σ / (Σ + hΣ)."""
    returns = window.returns[["A0"]]
    panel = FeaturePanel(returns.to_numpy()[:, :, None], returns.index, ("A0",), ("own",))
    alone = bl.TrainingWindow(returns, features=panel)
    prior = replace(slp_prior(), ridge=0.0)
    own = SameDayFeatures(prior).fit(alone)
    series = returns["A0"].to_numpy()
    gain = 1 / (1 + silverman_factor(1, len(series) - 1))
    expected = series.mean() + gain * (series[-1] - series.mean())
    spread = abs(series[-1] - series.mean())
    assert own.mean[0] == pytest.approx(expected, abs=0.05 * spread)
    assert abs(prior.fit(alone).mean[0] - series.mean()) < 0.3 * spread


def test_regressions_made_in_advance_are_those_made_on_the_spot(unpredictable, levels, window):
    maker = WindowMaker(unpredictable, lookback=LOOKBACK)
    table = RegressionTable.make(levels, maker, [400], n_jobs=1)
    ready = LiteralPrior(levels, table=table).fit(window)
    fresh = LiteralPrior(levels).fit(window)
    np.testing.assert_array_equal(ready.mean, fresh.mean)


def test_an_asset_whose_indicators_are_not_known_yet_has_no_view(levels):
    prices, indicators = levels.window(60, np.arange(6), 50, "adjusted_price")
    assert all(level_views(prices, indicators, regression="svr"))
    unknown = indicators.copy()
    unknown[:-10, 1] = np.nan
    views = level_views(prices, unknown, regression="svr")
    assert [view is None for view in views] == [False, True, False, False, False, False]


def test_one_asset_is_held_whole(unpredictable):
    alone = bl.MarketData(unpredictable.prices[["A0"]])
    window = bl.make_window(alone, as_of=alone.dates[400], lookback=LOOKBACK)
    assert weights(LiteralPrior(PriceLevels.of(alone)).fit(window)).tolist() == [1.0]


def test_no_strategy_file_can_name_the_research_prior():
    assert not any(issubclass(prior, LiteralPrior) for prior in PRIORS.values())


def test_switches_that_make_no_sense_are_refused(levels):
    with pytest.raises(ConfigError, match="regression"):
        LiteralPrior(levels, regression="ols")
    with pytest.raises(ConfigError, match="needs `regression`"):
        LiteralPrior(levels, quantity="return")
    with pytest.raises(ConfigError, match="covariance"):
        LiteralPrior(levels, covariance="right")
    with pytest.raises(ConfigError, match="table"):
        LiteralPrior(levels, regression="none", table=RegressionTable(LOOKBACK, {}))


def test_levels_of_another_market_are_refused(unpredictable, levels, window):
    early = PriceLevels.of(unpredictable.between(end=unpredictable.dates[300]))
    with pytest.raises(DataError, match="no row"):
        LiteralPrior(early).fit(window)
    few = PriceLevels.of(bl.MarketData(unpredictable.prices[["A0", "A1"]]))
    with pytest.raises(DataError, match="lack 'A2'"):
        LiteralPrior(few).fit(window)
    bare = replace(levels, raw_factor=None)
    with pytest.raises(DataError, match="raw_prices"):
        LiteralPrior(bare, regression="none", quantity="raw_price").fit(window)
    with pytest.raises(DataError, match="raw_prices"):
        PriceLevels.of(unpredictable, raw_prices=unpredictable.prices[["A0"]])
