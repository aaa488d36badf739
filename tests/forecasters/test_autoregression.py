"""Autoregressions beside statsmodels' own, which knows one series without gaps."""

import numpy as np
import pytest
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import AutoregressiveForecaster, Windows, hankel_windows


def make_series(seed, n=400, lags=(0.6, -0.3), level=3.0):
    rng = np.random.default_rng(seed)
    values = np.zeros(n + 50)
    for t in range(len(lags), len(values)):
        past = values[t - len(lags) : t][::-1]
        values[t] = past @ np.array(lags) + rng.normal()
    return level + values[50:]


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_coefficients_are_those_of_statsmodels(order):
    values = make_series(order)
    context = max(order, 1)
    skipped = context - order
    theirs = AutoReg(values[skipped:], order).fit()
    fitted = AutoregressiveForecaster(order=order).fit(hankel_windows(values, context, 1))
    np.testing.assert_allclose(fitted.coefficients[0], theirs.params, rtol=1e-8, atol=1e-10)


def test_forecasts_over_several_steps_are_those_of_statsmodels():
    values = make_series(7)
    theirs = AutoReg(values[:-11], 3).fit()
    windows = hankel_windows(values, 3, 12)
    fitted = AutoregressiveForecaster(order=3).fit(windows)
    # Only windows of twelve known targets count, so that eleven values say nothing.
    expected = theirs.params[0] + 0 * np.empty(12)
    path = values[-3:].tolist()
    for step in range(12):
        expected[step] = theirs.params[0] + theirs.params[1:] @ np.array(path[::-1][:3])
        path.append(expected[step])
    np.testing.assert_allclose(fitted.predict(values[-3:])[0], expected, rtol=1e-8)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_the_one_that_statsmodels_selects(criterion, seed):
    values = make_series(seed, n=150, lags=(0.4, 0.0, 0.3))
    theirs = ar_select_order(values, 8, ic=criterion).ar_lags
    fitted = AutoregressiveForecaster(order=criterion, max_order=8).fit(
        hankel_windows(values, 8, 1)
    )
    assert len(fitted.coefficients[0]) - 1 == (max(theirs) if theirs else 0)


def test_a_total_is_forecast_by_the_sum_of_the_steps():
    values = make_series(3)
    steps = AutoregressiveForecaster(order=2).fit(hankel_windows(values[:-4], 3, 1))
    total = AutoregressiveForecaster(order=2).fit(hankel_windows(values, 4, 5, total=True))
    assert total.horizon == 1
    np.testing.assert_allclose(
        total.coefficients[0],
        AutoReg(values[1:-5], 2).fit().params,
        rtol=1e-8,
    )
    constant, first, second = total.coefficients[0]
    x = [1.0, 2.0]
    for _ in range(5):
        x.append(constant + first * x[-1] + second * x[-2])
    assert total.predict([[9, 9, 1, 2]])[0, 0] == pytest.approx(sum(x[2:]))
    assert steps.horizon == 1


def test_a_gap_joins_no_values_that_did_not_follow_each_other():
    values = make_series(4)
    values[100:130] = np.nan
    values[130:] += 50  # a jump across the gap that a joined series would learn from
    fitted = AutoregressiveForecaster(order=1).fit(hankel_windows(values, 1, 1))
    pairs = np.column_stack([values[:-1], values[1:]])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    slope, constant = np.polyfit(pairs[:, 0], pairs[:, 1], 1)
    np.testing.assert_allclose(fitted.coefficients[0], [constant, slope], rtol=1e-7)


def test_windows_that_do_not_follow_one_another_are_regressed_one_by_one():
    """As in simulations, where each window is a draw of its own."""
    rng = np.random.default_rng(5)
    context = rng.normal(size=(500, 4))
    target = (0.6 * context[:, -1] + 0.1 * rng.normal(size=500))[:, None]
    fitted = AutoregressiveForecaster().fit(Windows(context, target))
    assert fitted.coefficients[0][1] == pytest.approx(0.6, abs=0.02)


def test_each_channel_may_have_its_own_coefficients():
    values = np.column_stack([make_series(1), make_series(2, lags=(-0.5, 0.0))])
    windows = hankel_windows(values, 2, 2)
    fitted = AutoregressiveForecaster(order=1, shared=False).fit(windows)
    for channel in (0, 1):
        own = windows.take(windows.channels == channel)
        alone = AutoregressiveForecaster(order=1).fit(own)
        assert fitted.coefficients[channel] == alone.coefficients[0]
        np.testing.assert_array_equal(
            fitted.predict(own.context, channel=own.channels), alone.predict(own.context)
        )
    with pytest.raises(DataError, match="`channel` holds 5"):
        fitted.predict([[1.0, 2.0]], channel=[5])


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_does_not_matter(unit):
    values = make_series(6)
    plain = AutoregressiveForecaster(order="bic").fit(hankel_windows(values, 6, 3))
    scaled = AutoregressiveForecaster(order="bic").fit(hankel_windows(unit * values, 6, 3))
    np.testing.assert_allclose(
        scaled.predict(unit * values[:6]), unit * plain.predict(values[:6]), rtol=1e-9
    )


def test_a_series_that_repeats_itself_without_error_has_an_order():
    values = np.tile([1.0, -1.0], 30)
    fitted = AutoregressiveForecaster(order="aic").fit(hankel_windows(values, 4, 2))
    np.testing.assert_allclose(fitted.predict(values[:4]), [[1.0, -1.0]], atol=1e-9)


def test_a_constant_has_no_lag():
    fitted = AutoregressiveForecaster(order="bic").fit(hankel_windows(np.full(40, 0.1), 4, 2))
    assert fitted.coefficients == ((0.1,),)


def test_too_few_windows_lower_the_order():
    two = AutoregressiveForecaster(order=1).fit(hankel_windows([1.0, 2.0], 1, 1))
    np.testing.assert_array_equal(two.predict([[7.0]]), [[2.0]])
    five = AutoregressiveForecaster(order=3).fit(hankel_windows(np.arange(6.0) ** 2, 3, 1))
    assert len(five.coefficients[0]) - 1 == 1


@pytest.mark.parametrize(("total", "need"), [(False, 5), (True, 6)])
def test_a_context_shorter_than_the_order_is_refused(total, need):
    windows = hankel_windows(make_series(0), 4, 2, total=total)
    with pytest.raises(DataError, match=f"a context of {need} or more for order 5, got 4"):
        AutoregressiveForecaster(order=5).fit(windows)


@pytest.mark.parametrize(
    "settings", [{"order": -1}, {"order": 1.5}, {"order": True}, {"max_order": "aic"}]
)
def test_an_order_that_is_none_is_refused(settings):
    with pytest.raises(ConfigError, match="must be a whole number of 0 or more"):
        AutoregressiveForecaster(**settings)


def test_an_unknown_criterion_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'bic'"):
        AutoregressiveForecaster(order="bics")


def test_targets_that_are_neither_steps_nor_a_total_are_refused():
    windows = Windows(np.ones((3, 4)), np.ones((3, 2)), span=5)
    with pytest.raises(DataError, match="must forecast the next values, or one"):
        AutoregressiveForecaster().fit(windows)
