import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.evaluation import (
    adjusted_p_values,
    clark_west,
    diebold_mariano,
    loss_by_date,
)


def draw_losses(seed, n=150):
    """Two loss series that share shocks; the first has the lower mean."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n + 4)
    own = rng.normal(size=(2, n))
    smooth = np.convolve(shared, np.ones(5) / 5, "valid")
    return (smooth + own[0]) ** 2, 1.2 * (smooth + own[1]) ** 2


@pytest.mark.parametrize("lags", [0, 1, 6, 20])
def test_bartletts_standard_error_is_that_of_statsmodels(lags):
    first, second = draw_losses(0)
    fit = sm.OLS(first - second, np.ones(len(first))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
    )
    found = diebold_mariano(first, second, kernel="bartlett", lags=lags)
    assert found.difference == pytest.approx(fit.params[0], rel=1e-12)
    assert found.standard_error == pytest.approx(fit.bse[0], rel=1e-10)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_the_statistic_is_that_of_harvey_leybourne_and_newbold_by_hand(horizon):
    first, second = draw_losses(1, n=60)
    d, n = first - second, 60
    variance = 0.0
    for i in range(n):
        for j in range(n):
            if abs(i - j) < horizon:
                variance += (d[i] - d.mean()) * (d[j] - d.mean()) / n
    raw = d.mean() / math.sqrt(variance / n)
    factor = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    found = diebold_mariano(first, second, horizon=horizon, kernel="rectangular")
    assert found.statistic == pytest.approx(factor * raw, rel=1e-10)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(factor * raw), n - 1), rel=1e-8)


def test_the_default_takes_the_larger_of_the_two_variances():
    first, second = draw_losses(2)
    errors = {
        kernel: diebold_mariano(first, second, horizon=5, kernel=kernel).standard_error
        for kernel in ("larger", "rectangular", "bartlett")
    }
    assert errors["larger"] == max(errors["rectangular"], errors["bartlett"])


def test_a_negative_rectangular_variance_gives_way_to_bartletts():
    # The first autocovariance of an alternating series is -n / (n + 1) of its variance.
    first = np.tile([1.0, 2.0], 20) + np.linspace(0, 1e-3, 40)
    zero = np.zeros(40)
    found = diebold_mariano(first, zero, horizon=2, kernel="rectangular")
    assert (
        found.standard_error
        == diebold_mariano(first, zero, horizon=2, kernel="bartlett", lags=4).standard_error
    )


@pytest.mark.parametrize(("n", "horizon"), [(100, 1), (150, 5), (400, 20)])
def test_equally_good_forecasts_are_told_apart_about_as_often_as_the_level_says(n, horizon):
    """Totals over the horizon overlap, so that their errors are autocorrelated."""
    rng = np.random.default_rng(3)
    rejected, reps = 0, 400
    for _ in range(reps):
        target = np.convolve(rng.standard_normal(n + horizon - 1), np.ones(horizon), "valid")
        forecasts = rng.standard_normal((2, n)) * 0.5 * math.sqrt(horizon)
        losses = (target - forecasts) ** 2
        rejected += diebold_mariano(*losses, horizon=horizon).p_value < 0.05
    assert 0.015 <= rejected / reps <= 0.095  # 5 % ± 4 standard errors


def test_a_clearly_better_forecast_is_found():
    first, second = draw_losses(4, n=400)
    found = diebold_mariano(first, 3 * second)
    assert found.difference < 0
    assert found.statistic < -4
    assert found.p_value < 1e-4


def test_losses_that_do_not_differ_have_defined_results():
    loss = draw_losses(5)[0]
    same = diebold_mariano(loss, loss)
    assert (same.statistic, same.p_value, same.standard_error) == (0.0, 1.0, 0.0)
    better = diebold_mariano(np.ones(20), 2 * np.ones(20))
    assert (better.statistic, better.p_value) == (-math.inf, 0.0)
    worse = diebold_mariano(2 * np.ones(20), np.ones(20))
    assert (worse.statistic, worse.p_value) == (math.inf, 0.0)
    assert diebold_mariano(np.zeros(9), np.zeros(9)).p_value == 1.0


@pytest.mark.parametrize(("n", "horizon"), [(0, 1), (1, 1), (5, 5), (5, 9)])
def test_too_few_dates_have_no_test(n, horizon):
    rng = np.random.default_rng(6)
    found = diebold_mariano(rng.random(n), rng.random(n), horizon=horizon)
    assert math.isnan(found.p_value)
    assert found.n_dates == n


@given(seed=st.integers(0, 10_000), horizon=st.integers(1, 8), power=st.integers(-300, 300))
def test_the_test_knows_neither_the_order_nor_the_unit(seed, horizon, power):
    first, second = draw_losses(seed, n=60)
    found = diebold_mariano(first, second, horizon=horizon)
    turned = diebold_mariano(second, first, horizon=horizon)
    assert turned.statistic == -found.statistic
    unit = 2.0**power
    scaled = diebold_mariano(first * unit, second * unit, horizon=horizon)
    assert scaled.statistic == pytest.approx(found.statistic, rel=1e-9)
    assert scaled.p_value == pytest.approx(found.p_value, rel=1e-7)


def test_copies_of_a_series_add_no_significance():
    first, second = draw_losses(7)
    alone = diebold_mariano(first, second)
    origins = np.repeat(np.arange(len(first)), 30)
    panel = [loss_by_date(np.repeat(loss, 30)[:, None], origins) for loss in (first, second)]
    together = diebold_mariano(*panel)
    assert together.n_dates == alone.n_dates
    assert together.p_value == pytest.approx(alone.p_value, rel=1e-9)


def nested(seed, n, slope, *, noise=0.4):
    """An outcome, the forecast zero, and a forecast with a true slope and estimation noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    target = slope * x + rng.standard_normal(n)
    return target, np.zeros(n), slope * x + noise * rng.standard_normal(n)


def test_clark_wests_statistic_is_a_regression_on_a_constant():
    target, small, large = nested(8, 120, 0.3)
    gain = (target - small) ** 2 - ((target - large) ** 2 - (small - large) ** 2)
    fit = sm.OLS(gain, np.ones(120)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False}
    )
    found = clark_west(target, small, large, kernel="bartlett", lags=5)
    factor = math.sqrt((120 - 1) / 120)
    assert found.difference == pytest.approx(-gain.mean(), rel=1e-12)
    assert found.statistic == pytest.approx(-fit.tvalues[0] * factor, rel=1e-10)
    assert found.p_value == pytest.approx(stats.t.sf(fit.tvalues[0] * factor, 119), rel=1e-8)


def test_under_the_null_clark_west_keeps_its_level_where_diebold_mariano_favours_zero():
    reps = 300
    content, worse = 0, 0
    for seed in range(reps):
        target, small, large = nested(seed, 150, 0.0)
        content += clark_west(target, small, large).p_value < 0.05
        plain = diebold_mariano((target - large) ** 2, (target - small) ** 2)
        worse += plain.p_value < 0.05 and plain.difference > 0
    assert 0.01 <= content / reps <= 0.1
    assert worse / reps > 0.5


def test_clark_west_finds_content_that_noise_hides_from_the_squared_error():
    target, small, large = nested(9, 2_000, 0.25)
    assert clark_west(target, small, large).p_value < 0.001
    assert np.mean((target - large) ** 2) > np.mean((target - small) ** 2)


def test_clark_west_averages_over_the_series_of_a_date():
    target, small, large = nested(10, 100, 0.3)
    alone = clark_west(target, small, large)
    origins = np.repeat(np.arange(100), 8)
    copies = [np.repeat(values, 8)[:, None] for values in (target, small, large)]
    together = clark_west(*copies, origins=origins)
    assert together.n_dates == 100
    assert together.p_value == pytest.approx(alone.p_value, rel=1e-9)


def test_a_model_that_is_the_smaller_one_has_no_content():
    target, small, _ = nested(11, 50, 0.0)
    assert clark_west(target, small, small).p_value == 1.0


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_holms_p_values_are_those_of_statsmodels(n):
    p_values = np.random.default_rng(n).beta(0.3, 2.0, size=n)
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(adjusted_p_values(p_values), expected, rtol=1e-12)


def test_tests_that_were_not_made_do_not_count():
    adjusted = adjusted_p_values([0.01, math.nan, 0.04])
    np.testing.assert_allclose(adjusted, [0.02, math.nan, 0.04])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"horizon": 0}, ConfigError, "`horizon` must be a whole number of 1 or more"),
        ({"lags": -1}, ConfigError, "`lags` must be"),
        ({"kernel": "flat"}, ConfigError, "`kernel` has no choice"),
        ({"rival": np.ones(3)}, DataError, "`rival` must have shape"),
        ({"rival": np.full(20, np.nan)}, DataError, "`rival` must be finite"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    given_arguments = {"loss": np.arange(20.0), "rival": np.ones(20), **arguments}
    with pytest.raises(error, match=message):
        diebold_mariano(**given_arguments)
    with pytest.raises(DataError, match="one shape"):
        clark_west(np.ones(4), np.ones(4), np.ones(5))
