"""Evidence of past decisions, against the sum of densities written out and what truth implies."""

import dataclasses

import numpy as np
import pytest
from helpers import make_market

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.report.views import ViewSettings, past_evidence

OPTIONS = ViewSettings(horizon=5)
FEATURES = ("momentum", "volatility")


@pytest.fixture(scope="module")
def market():
    return make_market(4, n_dates=700)


@pytest.fixture(scope="module")
def ask(market):
    last = market.dates[-1]

    def ask_(model="slp", parameter="tau", grid=None, *, on=market, options=OPTIONS, **more):
        given = {"as_of": last, "years": 1, "lookback": 300, "features": FEATURES} | more
        return past_evidence(options.prior(model), on, parameter, grid, **given)

    return ask_


def test_the_score_is_the_one_that_a_backtest_keeps(ask, market):
    curve = ask(grid=(0.01, 0.5))
    prior = dataclasses.replace(OPTIONS.prior("slp"), tau=(0.01, 0.05, 0.5))
    state = bl.replay_state(
        prior,
        market,
        as_of=market.dates[-1],
        start=market.dates[-1] - np.timedelta64(365, "D"),
        lookback=300,
        features=FEATURES,
    )
    assert curve.table["log_evidence"].tolist() == list(state["scores"].values())
    assert curve.source == f"{state['decisions'] - 1} past decisions"
    assert curve.current == 0.05
    assert curve.table["relative"].max() == 0


def test_where_nothing_is_predictable_a_wide_prior_is_ruled_out(ask):
    curve = ask(grid=(0.0005, 0.005, 2.0))
    assert curve.best < 0.05
    assert not curve.table["supported"].iloc[-1]
    assert "past decisions clearly worse" in curve.verdict


def test_nothing_after_the_decision_counts(ask, market):
    middle = market.dates[550]
    cut = bl.MarketData(market.prices.iloc[:551])
    whole, part = ask(as_of=middle), ask(as_of=middle, on=cut)
    np.testing.assert_array_equal(whole.table["log_evidence"], part.table["log_evidence"])


def test_stated_views_are_left_out_as_nobody_stated_them_then(ask):
    views = (bl.View({"A0": 1.0}, 5.0, variance=0.0, unit="year"),)
    stated = dataclasses.replace(OPTIONS, views=views)
    with_views, without = ask("mbl", options=stated), ask("slp")
    np.testing.assert_allclose(
        with_views.table["log_evidence"], without.table["log_evidence"], rtol=1e-12
    )


def test_a_parameter_without_part_or_a_first_decision_has_no_curve(ask, market):
    assert ask("slp", "strength") is None
    assert ask(as_of=market.dates[299], lookback=299, years=0.01) is None
    assert ask("fiv", "strength").table["value"].is_monotonic_increasing
    with pytest.raises(ConfigError, match="`parameter`"):
        ask("slp", "nu")
