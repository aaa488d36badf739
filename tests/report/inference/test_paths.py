"""Turnover against statsmodels, drawdowns against plain paths from the same blocks."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from blportfolio.errors import ConfigError, DataError
from blportfolio.report import drawdown_interval, metrics, turnover_interval
from blportfolio.report.inference.blocks import drawn_starts

SEEDS = st.integers(0, 2**31)


def sample(seed, n_obs=120):
    return pd.Series(0.01 * np.random.default_rng(seed).standard_t(4, size=n_obs) + 0.0005)


@given(SEEDS, st.integers(3, 80), st.integers(0, 6))
@settings(max_examples=20)
def test_mean_turnover_has_the_error_of_statsmodels_without_the_purchase(seed, n_obs, lags):
    turnover = pd.Series(np.random.default_rng(seed).uniform(0, 1, size=n_obs))
    turnover.iloc[0] = 50.0
    found = turnover_interval(turnover, lags=lags)
    used = min(lags, n_obs - 2)
    fitted = sm.OLS(turnover.to_numpy()[1:], np.ones(n_obs - 1)).fit(
        cov_type="HAC", cov_kwds={"maxlags": used, "use_correction": False}
    )
    assert found.value == pytest.approx(metrics.mean_turnover(turnover), rel=1e-12)
    assert found.standard_error == pytest.approx(float(fitted.bse[0]), rel=1e-9, abs=1e-12)
    assert found.lags == used
    assert 0 <= found.low <= found.value <= found.high


def test_few_decisions_have_no_bounds_and_turnover_is_never_negative():
    assert math.isnan(turnover_interval(pd.Series([1.0])).value)
    two = turnover_interval(pd.Series([1.0, 0.2]))
    assert two.value == 0.2
    assert math.isnan(two.high)
    assert turnover_interval(pd.Series([1.0, 0.0, 0.0, 0.9, 0.0])).low == 0
    still = turnover_interval(pd.Series([1.0, 0.0, 0.0, 0.0]))
    assert (still.low, still.high) == (0, 0)
    with pytest.raises(DataError, match="`turnover`"):
        turnover_interval(pd.Series([1.0, -0.1]))
    with pytest.raises(ConfigError, match="`level`"):
        turnover_interval(pd.Series([1.0, 0.1]), level=95)


@given(SEEDS, st.sampled_from([1, 7, 30]))
@settings(max_examples=8)
def test_drawdowns_are_those_of_paths_drawn_in_blocks(seed, block):
    returns = sample(seed)
    n_obs = len(returns)
    falls = []
    for starts in np.concatenate(list(drawn_starts(n_obs + block - 1, block, 99, seed))):
        order = np.concatenate([np.arange(s, s + block) % n_obs for s in starts])[:n_obs]
        wealth = np.append(1.0, np.cumprod(1 + returns.to_numpy()[order]))
        falls.append(metrics.max_drawdown(wealth))
    found = drawdown_interval(returns, block=block, n_draws=99, seed=seed)
    expected = np.quantile(falls, [0.025, 0.5, 0.975])
    np.testing.assert_allclose([found.low, found.median, found.high], expected, rtol=1e-9)
    assert found.value == metrics.max_drawdown(np.append(1.0, (1 + returns).cumprod()))
    assert found.deeper == pytest.approx(np.mean(np.array(falls) < found.value), abs=0.011)
    assert -1 <= found.low <= found.median <= found.high <= 0


@pytest.mark.parametrize("n_obs", [12, 101])
def test_paths_are_as_long_as_the_history_and_draw_every_period_alike(n_obs):
    """A path of single periods holds the only loss twice or more with this probability."""
    returns = pd.Series([0.0] * (n_obs - 1) + [-0.5])
    found = drawdown_interval(returns, block=1, n_draws=8000)
    once = (1 - 1 / n_obs) ** (n_obs - 1)
    twice = 1 - (1 - 1 / n_obs) ** n_obs - once
    assert found.value == -0.5
    assert found.deeper == pytest.approx(twice, abs=0.02)


def test_the_loss_of_everything_is_a_drawdown_of_everything():
    returns = sample(3)
    returns.iloc[60] = -1.0
    found = drawdown_interval(returns, n_draws=499)
    assert found.value == found.low == -1.0
    assert found.high > -1.0


def test_returns_that_never_fall_have_no_drawdown():
    found = drawdown_interval(sample(4).abs(), n_draws=99)
    assert (found.value, found.low, found.high, found.deeper) == (0, 0, 0, 0)


def test_the_same_seed_gives_the_same_bytes():
    assert repr(drawdown_interval(sample(5))) == repr(drawdown_interval(sample(5)))


def test_what_cannot_be_is_refused_and_nine_returns_have_no_others():
    short = drawdown_interval(sample(6, 9))
    assert short.value <= 0
    assert math.isnan(short.low)
    for bad in ([], [-1.5], [math.nan]):
        with pytest.raises(DataError, match="`returns`"):
            drawdown_interval(pd.Series(bad, dtype=float))
    with pytest.raises(ConfigError, match="`n_draws`"):
        drawdown_interval(sample(7), n_draws=0)
