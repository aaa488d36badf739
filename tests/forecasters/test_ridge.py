"""Ridge moments and the machinery of forecasters that are linear in a fixed map."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import LinearForecaster, Windows, hankel_windows, hold_out
from blportfolio.forecasters.base import product_by_row
from blportfolio.forecasters.ridge import PENALTIES, RidgeForecaster
from blportfolio.forecasters.ridge_moments import (
    MomentHistory,
    RidgeMoments,
    choose_penalty,
    solve_ridge,
    squared_errors,
)

SEEDS = st.integers(0, 2**32 - 1)


def make_problem(seed, n=80, columns=5, horizon=3, level=0.0):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, columns)) @ rng.normal(size=(columns, columns))
    target = mixed @ rng.normal(size=(columns, horizon)) + rng.normal(size=(n, horizon))
    return mixed + level, target + 3 * level


def parts_of(moments):
    names = ("count", "design_mean", "target_mean", "gram", "cross", "square")
    return [np.asarray(getattr(moments, name)) for name in names]


@given(SEEDS, st.integers(0, 80), st.integers(0, 80), st.sampled_from([0.0, 1.0, 1e6]))
def test_moments_of_parts_add_up_to_those_of_the_whole(seed, first, second, level):
    design, target = make_problem(seed, level=level)
    cuts = sorted((first, second))
    parts = [
        RidgeMoments.of(some, other)
        for some, other in zip(np.split(design, cuts), np.split(target, cuts), strict=True)
    ]
    whole = RidgeMoments.of(design, target)
    for got, expected in zip(
        parts_of(parts[0] + parts[1] + parts[2]), parts_of(whole), strict=True
    ):
        size = np.abs(expected).max()
        np.testing.assert_allclose(got, expected, atol=1e-9 * max(size, 1.0))


def test_a_level_of_a_million_costs_no_digit_of_the_weights():
    """Whole numbers, so that the level itself rounds nothing."""
    rng = np.random.default_rng(0)
    design = rng.integers(-50, 50, size=(400, 4)).astype(float)
    target = rng.integers(-50, 50, size=(400, 2)) + design[:, :2]
    halves = slice(0, 170), slice(170, None)
    solved = [
        solve_ridge(
            RidgeMoments.of(design[halves[0]] + level, target[halves[0]] + level)
            + RidgeMoments.of(design[halves[1]] + level, target[halves[1]] + level),
            (1e-3,),
        )
        for level in (0.0, 1e6)
    ]
    np.testing.assert_allclose(solved[1][0], solved[0][0], rtol=1e-9, atol=1e-12)
    shift = 1e6 * (1 - solved[0][0].sum(axis=1))
    np.testing.assert_allclose(solved[1][1], solved[0][1] + shift, rtol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("penalty", [1e-6, 0.03, 5.0])
def test_weights_are_those_of_scikit_learn(intercept, penalty):
    design, target = make_problem(1, level=2.0)
    about = design - design.mean(axis=0) if intercept else design
    absolute = penalty * (about**2).sum() / design.shape[1]
    theirs = Ridge(absolute, fit_intercept=intercept, solver="svd").fit(design, target)
    moments = RidgeMoments.of(design, target)
    weights, constant = solve_ridge(moments if intercept else moments.about_zero(), (penalty,))
    np.testing.assert_allclose(weights[0], theirs.coef_.T, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(constant[0], theirs.intercept_, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("penalty", [1e-6, 0.03, 5.0])
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_windows_of_unlike_scale_are_weighed_as_scikit_learn_does(parts, penalty):
    """Of y = s (x W + b) + e with errors that count alike: y / s on x, weighted by s²."""
    x, y = make_problem(6, level=2.0)
    scale = np.exp(2 * np.random.default_rng(6).normal(size=len(x)))
    weight = scale**2
    about = x - weight @ x / weight.sum()
    absolute = penalty * (weight[:, None] * about**2).sum() / x.shape[1]
    theirs = Ridge(absolute, solver="svd").fit(x, y / scale[:, None], sample_weight=weight)
    cuts = [np.array_split(part, parts) for part in (scale[:, None] * x, y, scale)]
    moments = reduce(add, (RidgeMoments.of(*part) for part in zip(*cuts, strict=True)))
    weights, constant = solve_ridge(moments, (penalty,))
    np.testing.assert_allclose(weights[0], theirs.coef_.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(constant[0], theirs.intercept_, rtol=1e-6, atol=1e-8)
    error = squared_errors(moments, weights, constant)[0]
    by_hand = ((y - scale[:, None] * (x @ weights[0] + constant[0])) ** 2).sum()
    assert error == pytest.approx(by_hand, rel=1e-9)


def test_a_window_in_which_nothing_happened_does_not_decide():
    """A stretch that trades once in a while: its jumps are many of its own standard deviations."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=(600, 2))
    values[:, 1] *= np.where(rng.random(600) < 1 / 30, 1.0, 1e-9)
    windows = hankel_windows(values, 10, 1)
    for normalise in ("mean", "standard"):
        fitted = LinearForecaster(normalise=normalise).fit(windows)
        assert np.abs(fitted.predict(windows.context)).max() < np.abs(values).max()


def test_rows_that_are_dates_are_fitted_like_any_other():
    windows = hankel_windows(np.random.default_rng(10).normal(size=200), 5, 1)
    seconds = replace(windows, time=1_700_000_000 + 86_400 * windows.origins)
    got = LinearForecaster(penalties=0.1).fit(seconds)
    expected = LinearForecaster(penalties=0.1).fit(windows)
    np.testing.assert_allclose(got.weights, expected.weights, rtol=1e-9)
    assert LinearForecaster().fit(replace(windows, time=10**12 * windows.origins)).penalty


def test_no_penalty_is_least_squares_of_least_norm():
    design, target = make_problem(2)
    twice = np.hstack([design, design])
    weights, constant = solve_ridge(RidgeMoments.of(twice, target), (0.0,))
    centred = twice - twice.mean(axis=0)
    expected = np.linalg.lstsq(centred, target - target.mean(axis=0), rcond=None)[0]
    np.testing.assert_allclose(weights[0], expected, atol=1e-9)
    np.testing.assert_allclose(
        constant[0], target.mean(axis=0) - twice.mean(axis=0) @ expected, atol=1e-9
    )


@given(SEEDS, st.booleans())
def test_the_error_from_moments_is_the_error_of_the_forecasts(seed, intercept):
    design, target = make_problem(seed, level=1.0)
    moments = RidgeMoments.of(design[:50], target[:50])
    weights, constants = solve_ridge(moments if intercept else moments.about_zero(), (0.1, 3.0))
    got = squared_errors(RidgeMoments.of(design[50:], target[50:]), weights, constants)
    for error, slope, constant in zip(got, weights, constants, strict=True):
        expected = ((target[50:] - design[50:] @ slope - constant) ** 2).sum()
        assert error == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_penalty_is_the_best_of_a_brute_force_hold_out(seed, intercept):
    rng = np.random.default_rng(seed)
    windows = hankel_windows(rng.normal(size=(260, 2)), 8, 3)
    early, late = hold_out(windows, 0.3)
    errors = []
    for penalty in PENALTIES:
        about = early.context - (early.context.mean(axis=0) if intercept else 0)
        absolute = penalty * (about**2).sum() / 8
        theirs = Ridge(absolute, fit_intercept=intercept).fit(early.context, early.target)
        errors.append(((late.target - theirs.predict(late.context)) ** 2).sum())
    fitted = LinearForecaster(holdout_share=0.3, intercept=intercept).fit(windows)
    assert fitted.penalty == (PENALTIES[int(np.argmin(errors))],)


def test_targets_that_reach_into_the_hold_out_do_not_choose_the_penalty():
    values = np.sin(np.arange(300.0)) + 0.1 * np.random.default_rng(0).normal(size=300)
    windows = hankel_windows(values, 6, 12)
    early, late = hold_out(windows, 0.2)
    begin, end = early.origins[-1], late.origins[0]
    between = (windows.origins > begin) & (windows.origins < end)
    assert between.sum() == 11
    target = np.where(between[:, None], 1e6, windows.target)
    spoilt = Windows(windows.context, target, windows.origins, windows.channels, windows.span)
    penalty = LinearForecaster().fit(windows).penalty
    assert penalty < (1.0,)
    assert LinearForecaster().fit(spoilt).penalty == penalty


def test_the_choice_is_made_before_all_windows_are_fitted_again():
    windows = hankel_windows(np.random.default_rng(5).normal(size=300), 6, 2)
    chosen = LinearForecaster().fit(windows)
    again = LinearForecaster(penalties=chosen.penalty[0]).fit(windows)
    np.testing.assert_array_equal(again.weights, chosen.weights)


def test_of_penalties_that_do_equally_well_the_largest_is_chosen():
    design, target = make_problem(3)
    flat = RidgeMoments.of(np.zeros_like(design), target)
    assert choose_penalty(flat, flat, (1e-4, 1.0, 7.0), intercept=True) == 7.0
    none = RidgeMoments.of(design[:0], target[:0])
    assert choose_penalty(none, flat, (1e-4, 7.0, 1.0), intercept=True) == 7.0


@given(SEEDS, st.integers(1, 250), st.integers(0, 120))
def test_moments_of_past_rows_are_the_same_bits_whatever_follows(seed, length, begin):
    rng = np.random.default_rng(seed)
    origins = np.sort(rng.integers(0, 300, size=400))
    design, target = make_problem(seed, n=400)
    last = begin + length
    past = origins <= last
    scrambled = design.copy()
    scrambled[~past] = rng.normal(size=(int((~past).sum()), 5)) * 1e9
    scale = rng.choice([1e-6, 0.5, 1.0, 3.0], size=400)
    whole = MomentHistory(scrambled, target, np.where(past, scale, 1e9), origins)
    whole.between(0, 299)
    cut = MomentHistory(design[past], target[past], scale[past], origins[past])
    for got, expected in zip(
        parts_of(whole.between(begin, last)), parts_of(cut.between(begin, last)), strict=True
    ):
        np.testing.assert_array_equal(got, expected)
    inside = past & (origins >= begin)
    plain = RidgeMoments.of(design[inside], target[inside], scale[inside])
    for got, expected in zip(parts_of(cut.between(begin, last)), parts_of(plain), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-8)


@given(SEEDS, st.integers(0, 60), st.integers(0, 40), st.integers(1, 12))
def test_a_product_by_row_has_the_same_bits_alone_and_together(seed, count, columns, horizon):
    rng = np.random.default_rng(seed)
    rows, weights = rng.normal(size=(count, columns)), rng.normal(size=(columns, horizon))
    product = product_by_row(rows, weights)
    np.testing.assert_allclose(product, rows @ weights, atol=1e-12)
    for row in range(count):
        np.testing.assert_array_equal(product[row], product_by_row(rows[row : row + 1], weights)[0])
    np.testing.assert_array_equal(product, product_by_row(np.asfortranarray(rows), weights))


@pytest.mark.parametrize("unit", [1e-200, 1e-12, 1e12, 1e150, 1e200])
def test_numbers_whose_squares_cannot_be_written_forecast_all_the_same(unit):
    values = np.random.default_rng(7).normal(size=200).cumsum()
    plain = LinearForecaster().fit(hankel_windows(values, 5, 2))
    scaled = LinearForecaster().fit(hankel_windows(unit * values, 5, 2))
    expected = unit * plain.predict(np.arange(5.0))
    np.testing.assert_allclose(scaled.predict(unit * np.arange(5.0)), expected, rtol=1e-9)


def test_each_channel_with_weights_of_its_own_is_as_if_fitted_alone():
    values = np.random.default_rng(8).normal(size=(150, 3)).cumsum(axis=0)
    windows = hankel_windows(values, 4, 2)
    fitted = LinearForecaster(shared=False).fit(windows)
    together = fitted.predict(windows.context, channel=windows.channels)
    for channel in range(3):
        own = windows.take(windows.channels == channel)
        np.testing.assert_array_equal(
            together[windows.channels == channel],
            LinearForecaster().fit(own).predict(own.context),
        )
    with pytest.raises(DataError, match="`channel` must have shape"):
        fitted.predict(windows.context)
    with pytest.raises(DataError, match="`channel` holds 7, which no training window was of"):
        fitted.predict(windows.context[:1], channel=[7])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"penalties": -1.0}, "penalties"),
        ({"penalties": ()}, "penalties"),
        ({"penalties": (1.0, np.nan)}, "penalties"),
        ({"penalties": "much"}, "penalties"),
        ({"holdout_share": 0.0}, "holdout_share"),
        ({"holdout_share": 1}, "holdout_share"),
        ({"intercept": "no"}, "intercept"),
        ({"shared": 2}, "shared"),
    ],
)
def test_a_setting_out_of_range_is_named(settings, message):
    with pytest.raises(ConfigError, match=f"`{message}`"):
        LinearForecaster(**settings)


def test_penalties_may_be_a_list_as_files_have_it():
    assert LinearForecaster(penalties=[0.1, 1]).penalties == (0.1, 1.0)
    assert LinearForecaster(penalties=1).penalties == (1.0,)


@dataclass(frozen=True, slots=True)
class HalfBlind(RidgeForecaster):
    """Sees the last value where it is above zero, and learns from no other window."""

    def design(self, context):
        return context[:, -1:]

    def scale(self, context):
        return (context[:, -1] > 0).astype(float)


def test_a_window_of_scale_zero_is_not_learned_from_and_forecasts_its_offset():
    context = np.array([[1.0], [2.0], [-1.0], [3.0]])
    target = np.array([[2.0], [4.0], [99.0], [6.0]])
    fitted = HalfBlind(penalties=0.0).fit(Windows(context, target))
    np.testing.assert_allclose(fitted.predict([[5.0], [-5.0]]), [[10.0], [0.0]], atol=1e-12)
    blind = HalfBlind().fit(Windows(-np.abs(context), target))
    np.testing.assert_array_equal(blind.predict([[5.0], [-5.0]]), [[0.0], [0.0]])
