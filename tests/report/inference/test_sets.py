"""Many strategies at once, against arch, the normal limit and what must not matter."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import MCS, SPA
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import (
    sharpe_confidence_set,
    sharpe_difference,
    superior_predictive_ability,
)
from blportfolio.report.inference.blocks import drawn_starts
from blportfolio.report.inference.hac import prewhitened_variance
from blportfolio.report.inference.sets import set_p_values, spa_p_values

SEEDS = st.integers(0, 2**31)


def strategies(seed, n_obs=250, edges=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, size=n_obs)
    columns = {
        f"s{i}": 0.01 * (common + rng.standard_t(5, size=n_obs)) + edge
        for i, edge in enumerate(edges)
    }
    return pd.DataFrame(columns, index=pd.date_range("2000-01-03", periods=n_obs, freq="B"))


def resampled_by(contest, values):
    """Means of the values over the dates that arch draws for a contest, less those of all."""
    drawn = [data[0][0] for data in contest.bootstrap.bootstrap(contest.reps)]
    means = [(values[one] if one.ndim == 1 else one).mean(axis=0) for one in drawn]
    return np.array(means) - values.mean(axis=0)


@pytest.mark.parametrize("edge", [-0.004, 0.0, 0.001])
def test_with_equal_errors_the_p_values_are_arch_s_on_the_same_resamples(edge):
    gaps = strategies(1, edges=(edge, -0.001, -0.002)).to_numpy()
    gaps = gaps / gaps.std(axis=0)  # arch leaves the errors out of its statistic
    contest = SPA(np.zeros(len(gaps)), -gaps, block_size=1, reps=499, seed=3)
    contest.compute()
    moves = resampled_by(SPA(np.zeros(len(gaps)), -gaps, block_size=1, reps=499, seed=3), gaps)
    errors = np.full(3, 1 / math.sqrt(250))
    found = spa_p_values(gaps.mean(axis=0), errors, moves / errors, 250)
    if gaps.mean(axis=0).max() > 0:
        there = [contest.pvalues[name] for name in ("lower", "consistent", "upper")]
        # The data are one draw more.
        np.testing.assert_allclose(found, (np.array(there) * 499 + 1) / 500, atol=1e-12)
    else:  # the statistic of the source is 0 at least
        assert found == (1, 1, 1)


def test_resampled_errors_are_those_of_the_sums_over_blocks():
    """One strategy's p-value by a plain loop over the same draws."""
    returns = strategies(11, 50, (0.0, 0.003))
    gaps = (returns["s1"] - returns["s0"]).to_numpy()
    mean, error = gaps.mean(), math.sqrt(prewhitened_variance(gaps) / 50)
    further = 0
    for starts in next(iter(drawn_starts(50, 4, 199, seed=6))):
        blocks = np.array([[gaps[(start + i) % 50] for i in range(4)] for start in starts])
        own = math.sqrt((blocks.sum(axis=1) / 4).var() * 4 / 48)
        further += max(0, (blocks.mean() - mean) / own) >= mean / error
    found = superior_predictive_ability(
        returns[["s1"]], returns["s0"], measure="mean", block=4, n_draws=199, seed=6
    )
    assert mean > 0
    assert found.p_value == (further + 1) / 200


def test_among_strategies_without_an_edge_one_is_rarely_found():
    """200 short histories with fat tails: 5 % of them, and no more than three errors above."""
    found = 0
    for seed in range(200):
        returns = strategies(seed, 40, (0.002,) * 3)
        test = superior_predictive_ability(returns[["s1", "s2"]], returns["s0"], n_draws=199)
        found += test.p_value <= 0.05
    assert found <= 19


def test_a_small_edge_that_is_known_well_is_not_lost_beside_a_wild_strategy():
    rng = np.random.default_rng(9)
    own = pd.Series(0.01 * rng.standard_normal(1000))
    near = own + 0.0003 + 0.002 * rng.standard_normal(1000)
    alone = superior_predictive_ability(pd.DataFrame({"near": near}), own, measure="mean")
    wild = 0.05 * rng.standard_normal(1000)
    both = pd.DataFrame({"near": near, "wild": own + wild - wild.mean() + 0.0004})
    found = superior_predictive_ability(both, own, measure="mean")
    assert found.best == "near"
    assert alone.p_value < 0.001
    assert found.p_value < 0.002


@pytest.mark.parametrize("edges", [(0.0, 0.0, 0.0, 0.0), (0.0, 0.001, 0.002, 0.004)])
def test_the_confidence_set_has_arch_s_p_values_on_the_same_resamples(edges):
    performance = strategies(3, edges=edges).to_numpy()
    contest = MCS(-performance, 0.1, reps=499, block_size=4, method="R", seed=2)
    contest.compute()
    moves = resampled_by(MCS(-performance, 0.1, reps=499, block_size=4, seed=2), performance)
    there = contest.pvalues["Pvalue"].sort_index().to_numpy()
    expected = np.where(there == 1, 1, (there * 499 + 1) / 500)
    means, apart = performance.mean(axis=0), moves[:, :, None] - moves[:, None, :]
    errors = np.sqrt((apart**2).mean(axis=0))
    drawn = np.abs(apart) / np.where(errors > 0, errors, 1)
    found = set_p_values(means - means[:, None], errors, drawn)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_equally_good_strategies_stay_in_the_set_as_often_as_it_says():
    """Of 100 short histories 10 % may lose one; with the errors of arch it is a third."""
    lost = 0
    for seed in range(100):
        found = sharpe_confidence_set(strategies(seed, 60, (0.002,) * 5), n_draws=199)
        lost += len(found.included) < 5
    assert lost <= 19


def test_copies_at_other_leverage_share_their_place_in_the_confidence_set():
    returns = strategies(3, edges=(0.0, 0.001, 0.004))
    twice = returns.assign(copy=2 * returns["s0"], best=0.5 * returns["s2"])
    alone, found = (sharpe_confidence_set(table).p_values for table in (returns, twice))
    assert found["copy"] == found["s0"]
    assert found["best"] == found["s2"] == 1
    assert found["s0"] == pytest.approx(alone["s0"], abs=0.02)


@pytest.mark.parametrize("edge", [0.0, 0.0004, 0.0008])
def test_one_strategy_has_the_one_sided_p_value_of_the_difference(edge):
    returns = strategies(2, 2500, (0.0005, 0.0005 + edge))
    found = superior_predictive_ability(returns[["s1"]], returns["s0"], n_draws=1999)
    closed = sharpe_difference(returns["s1"], returns["s0"])
    expected = norm.sf(closed.value / closed.standard_error)
    assert found.p_value == pytest.approx(expected, abs=0.04)


@given(SEEDS, st.floats(0.2, 5))
@settings(max_examples=6)
def test_leverage_does_not_make_a_strategy_better_and_bounds_hold_the_p_value(seed, factor):
    returns = strategies(seed, 120)
    others, own = returns[["s1", "s2"]], returns["s0"]
    found = superior_predictive_ability(others, own, n_draws=199)
    levered = superior_predictive_ability(others * [factor, 1.0], own, n_draws=199)
    assert levered.p_value == pytest.approx(found.p_value, abs=0.011)
    assert 0 < found.lower <= found.p_value <= found.upper <= 1
    assert levered.best == found.best


def test_skill_is_found_among_many_without_and_luck_is_not():
    lucky = strategies(4, 1000, (0.0,) * 20)
    skilled = lucky.assign(good=lucky["s1"] + 0.004)
    assert superior_predictive_ability(lucky.drop(columns="s0"), lucky["s0"]).p_value > 0.05
    found = superior_predictive_ability(skilled.drop(columns="s0"), lucky["s0"])
    assert found.p_value < 0.01
    assert found.best == "good"
    assert "good" in sharpe_confidence_set(skilled).included
    assert len(sharpe_confidence_set(skilled).included) < 21


def test_the_same_seed_gives_the_same_bytes():
    returns = strategies(5)
    for run in (
        lambda: superior_predictive_ability(returns[["s1", "s2"]], returns["s0"], seed=4),
        lambda: sharpe_confidence_set(returns, seed=4),
    ):
        assert repr(run()) == repr(run())


def test_a_copy_of_the_baseline_is_no_better_at_any_leverage():
    own = strategies(6)["s0"]
    found = superior_predictive_ability(pd.DataFrame({"same": own, "twice": 2 * own}), own)
    assert (found.p_value, found.lower, found.upper) == (1, 1, 1)


def test_a_constant_ahead_of_the_baseline_is_better_without_a_test():
    own = strategies(6)["s0"]
    found = superior_predictive_ability(
        pd.DataFrame({"ahead": own + 1e-4}), own, measure="mean", n_draws=99
    )
    assert (found.p_value, found.best) == (0.01, "ahead")


def test_strategies_without_a_ratio_are_in_no_set():
    returns = strategies(7).assign(cash=0.0)
    assert "cash" not in sharpe_confidence_set(returns).p_values
    found = superior_predictive_ability(returns[["s1", "cash"]], returns["s0"], n_draws=99)
    assert found.best == "s1"
    with pytest.raises(DataError, match="vary"):
        sharpe_confidence_set(returns[["cash"]])
    with pytest.raises(DataError, match="`baseline`"):
        superior_predictive_ability(returns[["s1"]], returns["cash"])


def test_what_cannot_be_is_refused():
    returns = strategies(8)
    with pytest.raises(DataError, match="same dates"):
        superior_predictive_ability(returns[["s1"]], returns["s0"].iloc[1:])
    with pytest.raises(ConfigError, match="`measure`"):
        superior_predictive_ability(returns[["s1"]], returns["s0"], measure="sortino")
    with pytest.raises(DataError, match="`results`"):
        sharpe_confidence_set(returns.set_axis(["a", "a", "b"], axis=1))
    with pytest.raises(DataError, match="10 periods"):
        sharpe_confidence_set(returns.iloc[:9])
    with pytest.raises(DataError, match="one strategy"):
        superior_predictive_ability(returns[[]], returns["s0"])
