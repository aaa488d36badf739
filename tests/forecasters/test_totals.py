"""Targets that are not the next values: totals, and values further ahead, of levels and returns."""

from dataclasses import replace

import numpy as np
import pytest

from blportfolio.errors import DataError
from blportfolio.forecasters import (
    AutoregressiveForecaster,
    DecompositionLinearForecaster,
    HopfieldForecaster,
    LastValueForecaster,
    LinearForecaster,
    LinearResidualForecaster,
    StateSpaceForecaster,
    Windows,
    hankel_windows,
    walk_forward,
)
from blportfolio.forecasters.levels import ThroughLevels, level_windows

LEVELLED = [
    LinearResidualForecaster(),
    LastValueForecaster(),
    *(
        make(normalise=normalise)
        for make in (
            LinearForecaster,
            DecompositionLinearForecaster,
            StateSpaceForecaster,
            HopfieldForecaster,
        )
        for normalise in ("last", "mean", "standard")
    ),
]
"""Forecasters that carry whatever level a window has."""


def walk(seed, n=400):
    return 100 + np.random.default_rng(seed).normal(size=n).cumsum()


@pytest.mark.parametrize("forecaster", LEVELLED, ids=repr)
def test_the_total_of_levels_moves_with_the_level_as_often_as_it_is_summed(forecaster):
    windows = hankel_windows(walk(0), 8, 5, total=True)
    fitted = forecaster.fit(windows)
    raised = fitted.predict(windows.context + 64)
    np.testing.assert_allclose(raised, fitted.predict(windows.context) + 5 * 64, rtol=1e-9)


@pytest.mark.parametrize("forecaster", LEVELLED, ids=repr)
def test_the_total_is_forecast_about_as_well_as_the_sum_of_the_steps(forecaster):
    """A level far from that of the training windows costs nothing."""
    values = walk(1, 600)
    values[300:] += 500
    errors = []
    for total in (True, False):
        windows = hankel_windows(values, 8, 5, total=total)
        fitted = forecaster.fit(windows.take(windows.origins < 290))
        late = windows.take(windows.origins > 310)
        error = fitted.predict(late.context).sum(axis=1) - late.target.sum(axis=1)
        errors.append(float(np.sqrt((error**2).mean())))
    assert errors[0] < 1.05 * errors[1]


@pytest.mark.parametrize("total", [True, False])
def test_through_levels_the_last_level_stays_and_increments_are_zero(total):
    windows = hankel_windows(np.diff(walk(2)), 8, 5, total=total)
    forecast = ThroughLevels(LastValueForecaster()).fit(windows).predict(windows.context)
    np.testing.assert_array_equal(forecast, np.zeros_like(windows.target))


def test_an_autoregression_reaches_a_value_further_ahead_by_the_steps_between():
    values = walk(3)
    steps = hankel_windows(values, 6, 5)
    ahead = replace(steps, target=steps.target[:, -1:], span=5, summed=1)
    fitted = AutoregressiveForecaster(order=2).fit(ahead)
    assert (fitted.horizon, fitted.rows_ahead, fitted.summed) == (1, 5, 1)
    constant, first, second = fitted.coefficients[0]
    path = steps.context
    for _ in range(5):
        following = constant + first * path[:, -1:] + second * path[:, -2:-1]
        path = np.hstack([path, following])
    np.testing.assert_allclose(fitted.predict(steps.context), path[:, -1:], rtol=1e-12)


def test_through_levels_an_autoregression_forecasts_the_total_as_the_sum_of_its_steps():
    returns = np.diff(walk(4, 5_000))
    steps, total = (hankel_windows(returns, 8, 5, total=total) for total in (False, True))
    model = ThroughLevels(AutoregressiveForecaster(order=2))
    context = steps.context[-20:]
    by_steps = model.fit(steps).predict(context).sum(axis=1)
    # Fitted to other rows of the same series: the coefficients differ a little.
    np.testing.assert_allclose(model.fit(total).predict(context)[:, 0], by_steps, atol=0.05)


def test_windows_of_levels_are_no_totals_and_walks_know_it():
    windows = hankel_windows(np.diff(walk(5)), 8, 5, total=True, unknown_targets=True)
    levels = level_windows(windows)
    assert (windows.summands, levels.summands, levels.rows_ahead) == (5, 1, 5)
    assert windows.known_at(100).summands == 5
    model = ThroughLevels(LastValueForecaster())
    walked = walk_forward(model, windows, [100, 200])[windows.origins >= 100]
    np.testing.assert_array_equal(walked, np.zeros_like(walked))


@pytest.mark.parametrize(
    ("shape", "span", "summed"), [((3, 1), 5, 2), ((3, 2), 2, 2), ((3, 1), 5, True), ((3, 1), 5, 6)]
)
def test_a_sum_of_some_of_the_values_is_refused(shape, span, summed):
    with pytest.raises(DataError, match="`summed` must be 1, or the span"):
        Windows(np.ones((3, 4)), np.ones(shape), span=span, summed=summed)
