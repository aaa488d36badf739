from dataclasses import replace

import numpy as np
import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import (
    AttentionForecaster,
    Windows,
    hankel_windows,
    hold_out,
    walk_forward,
)
from blportfolio.forecasters.asymmetric import make_process

SMALL = AttentionForecaster(width=8, steps=30)


def series(seed=0, n=150):
    """A second-order autoregression."""
    rng = np.random.default_rng(seed)
    values = np.zeros(n)
    for t in range(2, n):
        values[t] = 0.5 * values[t - 1] - 0.4 * values[t - 2] + rng.normal()
    return values


@pytest.mark.parametrize("regime", ["all", "con"])
def test_the_default_does_not_follow_the_last_sign_and_the_published_model_does(regime):
    rng = np.random.default_rng(1)
    process = make_process("affine", 8, 0.6, rng)
    steps, test = process.draw(400, regime, 0.05, rng), process.draw(4_000, "inc", 0.05, rng)
    windows = Windows(steps.context, steps.target[:, None])

    def judge(forecaster):
        forecast = forecaster.fit(windows).predict(test.context)[:, 0]
        error = np.mean((forecast - test.target) ** 2) / np.mean(test.target**2)
        return error, np.mean(np.sign(forecast) == np.sign(test.truth))

    error, agreement = judge(AttentionForecaster(width=32, learning_rate=0.03, batch_size=None))
    assert error < 0.05
    assert agreement > 0.95
    error, agreement = judge(AttentionForecaster.as_published(width=64, steps=50))
    assert error > 1.5
    assert agreement < 0.1


@pytest.mark.parametrize("normalise", ["train", "window"])
@pytest.mark.parametrize("optimiser", ["adam", "gd"])
def test_the_forecast_has_the_unit_of_the_series(normalise, optimiser):
    forecaster = replace(SMALL, normalise=normalise, optimiser=optimiser)
    values = series()
    context = values[-10:-4]
    expected = forecaster.fit(hankel_windows(values, 6, 2)).predict(context)
    for factor in (2.0**-40, 2.0**40):
        windows = hankel_windows(factor * values, 6, 2)
        forecast = forecaster.fit(windows).predict(factor * context)
        np.testing.assert_array_equal(forecast, factor * expected)
    for factor in (1e-12, 1e12):
        windows = hankel_windows(factor * values, 6, 2)
        forecast = forecaster.fit(windows).predict(factor * context)
        np.testing.assert_allclose(forecast, factor * expected, rtol=1e-9)


@pytest.mark.parametrize("normalise", ["train", "window", "none"])
@pytest.mark.parametrize("level", [0.0, 1.0, -7.3, 1e-12, 1e12])
def test_a_constant_series_is_forecast_as_itself_or_as_zero_without_a_skip(level, normalise):
    windows = hankel_windows(np.full(40, level), 5, 3)
    forecaster = replace(SMALL, normalise=normalise)
    forecast = forecaster.fit(windows).predict(np.full(5, level))
    np.testing.assert_allclose(forecast, np.full((1, 3), level), rtol=1e-12)
    without = replace(forecaster, skip="none", positions=False)
    np.testing.assert_array_equal(without.fit(windows).predict(np.full(5, level)), 0.0)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_shortest_series_there_is_can_be_learned_from(n):
    fitted = SMALL.fit(hankel_windows(np.arange(1.0, n + 1), 1, 1))
    assert np.isfinite(fitted.predict([[float(n)]])).all()


def test_other_rows_do_not_change_a_forecast_by_one_bit():
    fitted = SMALL.fit(hankel_windows(series(), 6, 2))
    context = np.random.default_rng(0).normal(size=(300, 6))
    together = fitted.predict(context)
    for n in (1, 7, 299):
        np.testing.assert_array_equal(fitted.predict(context[:n]), together[:n])
        np.testing.assert_array_equal(fitted.predict(np.asfortranarray(context[:n])), together[:n])


@pytest.mark.parametrize("normalise", ["train", "window"])
def test_contexts_unlike_those_of_training_give_finite_forecasts(normalise):
    fitted = replace(SMALL, normalise=normalise).fit(hankel_windows(series(), 6, 1))
    rows = np.array([np.zeros(6), np.full(6, 1e12), [1e-300] * 6, [0, 0, 0, 0, 0, 1e100]])
    assert np.isfinite(fitted.predict(rows)).all()


def test_where_no_step_helps_the_forecast_is_the_skip_connection_and_that_is_visible():
    rng = np.random.default_rng(3)
    noise = rng.standard_t(3, size=400)
    fitted = AttentionForecaster(width=16, learning_rate=1.0).fit(hankel_windows(noise, 8, 1))
    training = fitted.trainings[0]
    assert training.best_step == 0
    assert training.parameters is training.initial
    assert len(training.held_out_losses) > 1
    early, _ = hold_out(hankel_windows(noise, 8, 1), 0.2)
    slope = (early.last @ early.target[:, 0]) / (early.last @ early.last)
    np.testing.assert_allclose(fitted.predict(noise[:8]), [[slope * noise[7]]], rtol=1e-12)


def test_the_held_out_windows_only_decide_when_to_stop():
    values = series(n=200)
    windows = hankel_windows(values, 6, 1)
    early, late = hold_out(windows, 0.2)
    other = Windows(
        windows.context,
        np.vstack([windows.target[: -len(late)], -5 * windows.target[-len(late) :]]),
    )
    patient = replace(SMALL, patience=1_000)
    one, two = (patient.fit(given).trainings[0] for given in (windows, other))
    np.testing.assert_array_equal(one.losses, two.losses)
    assert len(early) + len(late) + windows.horizon - 1 == len(windows)


def test_each_step_of_the_horizon_is_a_network_of_its_own():
    values = series()
    both = SMALL.fit(hankel_windows(values, 6, 2))
    windows = hankel_windows(values, 6, 2)
    second = SMALL.fit(
        Windows(windows.context, windows.target[:, 1:], windows.origins, windows.channels, 2)
    )
    context = values[-6:]
    assert both.horizon == 2
    np.testing.assert_array_equal(both.predict(context)[:, 1:], second.predict(context))


def test_the_published_model_trains_on_all_windows_for_all_steps():
    values = series()
    forecaster = AttentionForecaster.as_published(width=8, steps=7, seed=3)
    training = forecaster.fit(hankel_windows(values, 6, 1)).trainings[0]
    assert (training.best_step, len(training.losses)) == (7, 8)
    assert training.held_out_losses.size == 0
    assert training.parameters.bias is None
    np.testing.assert_array_equal(np.abs(training.parameters.output), 1.0)


def test_progress_counts_the_steps_of_all_networks():
    told = []
    SMALL.fit(hankel_windows(series(), 6, 2), progress=lambda *step: told.append(step))
    assert {total for _, total, _ in told} == {60}
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_forecasts_of_the_past_do_not_change_with_the_future():
    values = series(n=120)
    changed = values.copy()
    changed[100:] *= -3
    rows = [60, 80, 100]
    one, two = (
        walk_forward(SMALL, hankel_windows(v, 6, 1, unknown_targets=True), rows, min_windows=20)
        for v in (values, changed)
    )
    np.testing.assert_array_equal(one[: 100 - 5], two[: 100 - 5])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": -1}, "`steps` must be a whole number of 0 or more, got -1"),
        ({"seed": 0.5}, "`seed` must be a whole number of 0 or more, got 0.5"),
        ({"patience": 0}, "`patience` must be a whole number of 1 or more"),
        ({"batch_size": 0}, "`batch_size` must be a whole number of 1 or more"),
        ({"holdout_share": 1.0}, "`holdout_share` must be a number of 0 or more and below 1"),
        ({"holdout_share": True}, "`holdout_share` must be"),
        ({"learning_rate": 0}, "`learning_rate` must be a number above 0"),
        ({"normalise": "windows"}, "Did you mean 'window'"),
        ({"optimiser": "adm"}, "Did you mean 'adam'"),
        ({"width": 7}, "`width` must be an even number"),
    ],
)
def test_a_wrong_setting_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        AttentionForecaster(**options)


def test_what_is_no_window_is_refused():
    with pytest.raises(DataError, match="`windows` must be Windows"):
        SMALL.fit(np.zeros((5, 5)))
    fitted = SMALL.fit(hankel_windows(series(), 6, 1))
    with pytest.raises(DataError, match="`context` must have shape"):
        fitted.predict(np.zeros((2, 5)))
