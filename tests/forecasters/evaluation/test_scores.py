import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from blportfolio.errors import DataError
from blportfolio.forecasters.evaluation import (
    cross_sectional_ic,
    loss_by_date,
    score,
    score_by_consistency,
    sign_consistency,
)


def draw(seed, n=200, horizon=1):
    """Outcomes, forecasts that know a little of them, and last values."""
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(n, horizon))
    forecast = 0.3 * target + rng.normal(scale=0.5, size=target.shape)
    return forecast, target, rng.normal(size=n)


@pytest.mark.parametrize("horizon", [1, 3])
def test_errors_agree_with_scikit_learn_and_scipy(horizon):
    forecast, target, last = draw(0, horizon=horizon)
    found = score(forecast, target, last, mean=np.full(target.shape, target.mean()))
    assert found.n_steps == target.size
    assert found.mse == pytest.approx(mean_squared_error(target, forecast), rel=1e-12)
    assert found.mae == pytest.approx(mean_absolute_error(target, forecast), rel=1e-12)
    assert found.bias == pytest.approx((forecast - target).mean(), rel=1e-9)
    assert found.ic == pytest.approx(pearsonr(forecast.ravel(), target.ravel())[0], rel=1e-10)
    assert found.r2_mean == pytest.approx(r2_score(target.ravel(), forecast.ravel()), rel=1e-10)
    assert found.r2_zero == pytest.approx(1 - found.mse / np.mean(target**2), rel=1e-12)
    assert found.hit_rate == np.mean((forecast > 0) == (target > 0))


def test_a_forecast_of_the_last_sign_and_one_of_its_opposite_have_collapsed():
    _, target, last = draw(1)
    follow = score(0.1 * last, target, last)
    reverse = score(-0.1 * last, target, last)
    assert follow.collapse == reverse.collapse == 1.0
    forecast, target, last = draw(1, n=20_000)
    assert score(forecast, target, last).collapse == pytest.approx(0.5, abs=0.02)


def test_what_has_no_sign_has_no_directional_score():
    _, target, last = draw(2)
    found = score(np.zeros(target.shape), target, last)
    assert all(math.isnan(v) for v in (found.hit_rate, found.ic, found.collapse, found.r2_mean))
    assert found.relative_mse == 1.0
    assert found.r2_zero == 0.0
    assert math.isnan(score(np.full(target.shape, 0.1), target, last).ic)


def test_steps_without_a_sign_are_neither_consistent_nor_inconsistent():
    target = np.array([[1.0], [-1.0], [0.0], [2.0]])
    last = np.array([1.0, 1.0, 1.0, 0.0])
    assert sign_consistency(target, last).ravel().tolist() == [1, -1, 0, 0]
    parts = score_by_consistency(target, target, last)
    assert (parts["consistent"].n_steps, parts["inconsistent"].n_steps) == (1, 1)


@given(seed=st.integers(0, 10_000), horizon=st.integers(1, 4))
def test_the_two_kinds_of_steps_add_up_to_all(seed, horizon):
    forecast, target, last = draw(seed, 60, horizon)
    found = score(forecast, target, last)
    parts = score_by_consistency(forecast, target, last).values()
    assert sum(part.n_steps for part in parts) == found.n_steps
    total = sum(part.n_steps * part.mse for part in parts if part.n_steps)
    assert total == pytest.approx(found.n_steps * found.mse, rel=1e-10)


@given(seed=st.integers(0, 10_000))
def test_following_the_last_sign_never_beats_zero_where_the_sign_turns(seed):
    """(f - y)² = f² + y² + 2|f||y| ≥ y² where f has the sign of the last value and y has not."""
    rng = np.random.default_rng(seed)
    _, target, last = draw(seed, 50)
    forecast = np.abs(rng.normal(size=target.shape)) * np.sign(last)[:, None]
    assert score_by_consistency(forecast, target, last)["inconsistent"].relative_mse >= 1


@pytest.mark.parametrize("power", [-540, -40, 40, 500])
def test_scores_without_a_unit_do_not_depend_on_the_unit_by_a_bit(power):
    forecast, target, last = draw(3)
    unit = 2.0**power
    found = score(forecast, target, last, reference=0.1 * target)
    scaled = score(forecast * unit, target * unit, last * unit, reference=0.1 * target * unit)
    for name in ("relative_mse", "r2_zero", "hit_rate", "collapse"):
        assert getattr(found, name) == getattr(scaled, name)
    assert scaled.ic == pytest.approx(found.ic, rel=1e-12)
    assert scaled.mae == found.mae * unit


def test_the_relative_error_is_that_of_the_reference_on_the_same_steps():
    forecast, target, last = draw(4)
    reference = np.repeat(last[:, None], target.shape[1], axis=1)
    parts = score_by_consistency(forecast, target, last, reference=reference)
    for kind, sign in (("consistent", 1), ("inconsistent", -1)):
        rows = sign_consistency(target, last) == sign
        expected = np.mean((forecast - target)[rows] ** 2) / np.mean(
            (reference - target)[rows] ** 2
        )
        assert parts[kind].relative_mse == pytest.approx(expected, rel=1e-12)


def test_no_windows_give_no_scores():
    found = score(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))
    assert found.n_steps == 0
    assert math.isnan(found.mse)
    kept = np.ones((5, 1))
    assert score_by_consistency(kept, kept, np.ones(5))["inconsistent"].n_steps == 0


def test_the_rank_correlation_across_series_is_spearmans_mean_over_dates():
    rng = np.random.default_rng(5)
    n_dates, n_series = 40, 7
    forecast, target = rng.normal(size=(2, n_dates * n_series, 1))
    origins = np.repeat(np.arange(n_dates), n_series)
    channels = np.tile(np.arange(n_series), n_dates)
    keep = rng.random(len(origins)) > 0.15  # some series are missing on some dates
    forecast, target, origins, channels = (a[keep] for a in (forecast, target, origins, channels))
    expected = [
        spearmanr(forecast[origins == date, 0], target[origins == date, 0])[0]
        for date in range(n_dates)
        if (origins == date).sum() >= 5
    ]
    found = cross_sectional_ic(forecast, target, origins, channels)
    assert found == pytest.approx(np.mean(expected), rel=1e-10)


def test_across_series_the_steps_of_a_target_are_summed():
    origins, channels = np.repeat(np.arange(10), 6), np.tile(np.arange(6), 10)
    forecast, target = np.random.default_rng(6).normal(size=(2, 60, 3))
    found = cross_sectional_ic(forecast, target, origins, channels)
    totals = forecast.sum(axis=1), target.sum(axis=1)
    assert found == cross_sectional_ic(*totals, origins, channels)


def test_forecasts_that_do_not_differ_across_series_have_no_rank_correlation():
    origins = np.repeat(np.arange(10), 6)
    channels = np.tile(np.arange(6), 10)
    target = np.random.default_rng(6).normal(size=(60, 1))
    forecast = np.repeat(np.arange(10.0), 6)[:, None]
    assert math.isnan(cross_sectional_ic(forecast, target, origins, channels))
    assert math.isnan(cross_sectional_ic(target, target, origins, channels % 3))


def test_losses_by_date_are_means_over_series_and_steps():
    loss = np.array([[1.0, 3.0], [5.0, 7.0], [2.0, 2.0]])
    assert loss_by_date(loss, np.array([9, 9, 4])).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, y, s: (f[:-1], y, s), "`forecast` must have the shape"),
        (lambda f, y, s: (f * np.nan, y, s), "`forecast` must be finite"),
        (lambda f, y, s: (f, y + np.inf, s), "`target` must be finite"),
        (lambda f, y, s: (f, y, s[:-1]), "`last` must have shape"),
        (lambda f, y, s: (f, y[None], s), "`target` must have shape"),
    ],
)
def test_wrong_arrays_are_named(change, message):
    with pytest.raises(DataError, match=message):
        score(*change(*draw(7)))
