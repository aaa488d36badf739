"""Many strategies at once, against arch, the normal limit and what must not matter."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import SPA
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import (
    sharpe_confidence_set,
    sharpe_difference,
    superior_predictive_ability,
)

SEEDS = st.integers(0, 2**31)


def strategies(seed, n_obs=250, edges=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, size=n_obs)
    columns = {
        f"s{i}": 0.01 * (common + rng.standard_t(5, size=n_obs)) + edge
        for i, edge in enumerate(edges)
    }
    return pd.DataFrame(columns, index=pd.date_range("2000-01-03", periods=n_obs, freq="B"))


def test_the_test_of_means_is_arch_s_on_negative_returns():
    returns = strategies(1)
    contest = SPA(
        -returns["s0"].to_numpy(),
        -returns[["s1", "s2"]].to_numpy(),
        block_size=5,
        reps=499,
        seed=np.random.default_rng(3),
    )
    contest.compute()
    found = superior_predictive_ability(
        returns[["s1", "s2"]], returns["s0"], measure="mean", block=5, n_draws=499, seed=3
    )
    for name, there in (("p_value", "consistent"), ("lower", "lower"), ("upper", "upper")):
        expected = (contest.pvalues[there] * 499 + 1) / 500  # the data are one draw more
        assert getattr(found, name) == pytest.approx(expected, abs=1e-12)
    assert found.best == returns[["s1", "s2"]].mean().idxmax()


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
