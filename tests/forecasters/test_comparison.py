import itertools
import json
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import (
    AttentionForecaster,
    LinearForecaster,
    ZeroForecaster,
    hankel_windows,
    make_forecaster,
)
from blportfolio.forecasters.comparison import ComparisonSettings, Panel, compare, entrants
from blportfolio.forecasters.evaluation import clark_west, diebold_mariano

SMALL = ComparisonSettings(
    context_length=8, horizons=(1,), n_refits=3, n_seeds=2, max_windows=200, n_resamples=100
)
CLOSED = ("last_value", "linear", "linear_residual", "attention_kernel")


def draw(seed, n_obs=400, n_series=3, slope=0.0):
    """Returns that follow their predecessor by `slope`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(scale=0.01, size=(n_obs, n_series))
    for row in range(1, n_obs):
        values[row] += slope * values[row - 1]
    return values


def by_name(comparison, horizon=1):
    return {row.name: row for row in comparison.at(horizon)}


@dataclass(frozen=True, slots=True)
class Noise:
    """Forecasts noise around zero, of the size of its first training context."""

    seed: int = 0

    needs_levels: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = True

    def fit(self, windows):
        return FittedNoise(self.seed, windows.context_length, windows.horizon, len(windows))


@dataclass(frozen=True, slots=True)
class FittedNoise:
    seed: int
    context_length: int
    horizon: int
    n_windows: int

    def predict(self, context, *, channel=None):  # noqa: ARG002
        rng = np.random.default_rng(self.seed)
        return rng.normal(scale=0.002, size=(len(context), self.horizon))


@pytest.mark.parametrize(
    ("kind", "controls"),
    [
        ("returns", ["zero", "mean", "autoregression"]),
        ("levels", ["last_value", "mean", "autoregression"]),
    ],
)
def test_the_controls_always_take_part(kind, controls):
    found = compare(draw(0), forecasters=["linear"], settings=SMALL, kind=kind)
    assert [row.name for row in found.standings] == [*controls, "linear"]
    assert [row.is_control for row in found.standings] == [True, True, True, False]
    assert by_name(found)[controls[0]].scores.relative_mse == 1.0


@pytest.mark.parametrize("kind", ["returns", "levels"])
def test_everyone_the_reference_included_is_scored_against_the_mean_known_then(kind):
    found = by_name(compare(draw(20) + 0.01, forecasters=["linear"], settings=SMALL, kind=kind))
    for row in found.values():
        expected = 1 - row.scores.mse / found["mean"].scores.mse
        assert row.scores.r2_mean == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found["last_value" if kind == "levels" else "zero"].scores.r2_mean < -0.1


def test_p_values_are_adjusted_for_every_test_of_the_contest():
    settings = replace(SMALL, horizons=(1, 3))
    found = compare(draw(21, slope=0.2), forecasters=CLOSED, settings=settings)
    for is_control in (True, False):
        rows = [r for r in found.standings if r.is_control is is_control and r.against_reference]
        assert len(rows) == (4 if is_control else 8)
        expected = multipletests([r.against_reference.p_value for r in rows], method="holm")[1]
        np.testing.assert_allclose([r.adjusted_p_value for r in rows], expected, rtol=1e-12)


def test_content_of_returns_is_what_is_known_beyond_zero_and_the_mean():
    values = draw(23, 600, 1) + 0.005
    rows = by_name(compare(values, forecasters=["linear"], settings=SMALL))
    truth = values[360:]
    made = {"zero": np.zeros((len(truth), 1))}
    for name in ("mean", "linear"):
        runner = make_forecaster(name)
        windows = hankel_windows(values, 8, 1)
        fits = (359, 439, 519, 600)
        made[name] = np.vstack(
            [
                runner.fit(windows.known_at(row)).predict(windows.context[due])
                for row, stop in itertools.pairwise(fits)
                for due in [(windows.origins >= row) & (windows.origins < stop)]
            ]
        )
    over = {
        small: clark_west(truth, made[small], made["linear"]).p_value for small in ("zero", "mean")
    }
    assert over["zero"] < 0.001 < over["mean"]
    assert rows["linear"].content.p_value == pytest.approx(over["mean"], rel=1e-6)
    assert rows["mean"].content.p_value < 0.01
    assert not rows["linear"].has_content


def test_an_interval_leaves_out_zero_where_the_test_alone_says_so():
    for seed in range(8):
        settings = replace(SMALL, horizons=(1, 7))
        found = compare(draw(seed, 130, slope=0.2), forecasters=CLOSED, settings=settings)
        for row in found.standings:
            if row.against_reference is not None:
                low, high = row.gain_interval
                assert (low > 0 or high < 0) == (row.against_reference.p_value < 0.05)


def test_no_forecaster_takes_the_name_of_a_control():
    with pytest.raises(ConfigError, match="'mean' with settings of its own, and that is the name"):
        compare(draw(0), forecasters={"mean": LinearForecaster()}, settings=SMALL)
    found = compare(draw(0), forecasters={"zero": ZeroForecaster()}, settings=SMALL)
    assert [row.name for row in found.standings] == ["zero", "mean", "autoregression"]


def test_scores_are_those_of_a_refit_by_hand():
    values = draw(1, slope=0.3)
    found = compare(values, forecasters={"ridge": LinearForecaster()}, settings=SMALL)
    windows = hankel_windows(values, 8, 1)
    begin, fits = 240, (239, 292, 345, 400)  # 40 % of 400 rows, refits at equal distances
    errors, truth = [], []
    for row, stop in itertools.pairwise(fits):
        fitted = LinearForecaster().fit(windows.take(windows.origins + 1 <= row))
        due = windows.take((windows.origins >= row) & (windows.origins < stop))
        errors.append(fitted.predict(due.context) - due.target)
        truth.append(due.target)
    errors, truth = np.vstack(errors), np.vstack(truth)
    row = by_name(found)["ridge"]
    assert row.scores.n_steps == (400 - begin) * 3
    assert row.scores.mse == pytest.approx(np.mean(errors**2), rel=1e-9)
    assert row.scores.relative_mse == pytest.approx(
        np.mean(errors**2) / np.mean(truth**2), rel=1e-9
    )
    by_date = (
        np.mean((errors**2).reshape(-1, 3), axis=1),
        np.mean((truth**2).reshape(-1, 3), axis=1),
    )
    assert row.against_reference.p_value == pytest.approx(
        diebold_mariano(*by_date).p_value, rel=1e-6
    )


def test_forecasts_know_nothing_of_later_rows():
    values = draw(2)
    changed = values.copy()
    changed[330:] = draw(3)[330:] * 7
    first, second = (
        compare(v, forecasters=[*CLOSED, "hopfield"], settings=SMALL) for v in (values, changed)
    )
    known = int(np.searchsorted(first.dates[1], 329))  # targets of earlier dates are unchanged
    assert known > 80
    for name, row in by_name(first).items():
        np.testing.assert_array_equal(row.losses[:known], by_name(second)[name].losses[:known])
        assert not np.array_equal(row.losses, by_name(second)[name].losses)


def test_the_training_of_levels_decides_their_unit():
    values = np.cumsum(draw(4), axis=0)
    changed = values.copy()
    changed[330:] *= -5
    first, second = (
        compare(v, forecasters=["linear"], settings=SMALL, kind="levels") for v in (values, changed)
    )
    np.testing.assert_array_equal(
        by_name(first)["linear"].losses[:80], by_name(second)["linear"].losses[:80]
    )


@pytest.mark.parametrize("kind", ["returns", "levels"])
@pytest.mark.parametrize("power", [-40, 40])
def test_the_unit_of_the_data_does_not_matter(kind, power):
    values = draw(5)
    first, second = (
        compare(v, forecasters=CLOSED, settings=SMALL, kind=kind)
        for v in (values, values * 2.0**power)
    )
    for name, row in by_name(first).items():
        other = by_name(second)[name]
        assert other.scores.relative_mse == pytest.approx(row.scores.relative_mse, rel=1e-9)
        assert other.gain_interval == pytest.approx(row.gain_interval, rel=1e-6, nan_ok=True)


def test_a_real_signal_is_found_and_noise_is_not():
    found = by_name(compare(draw(6, 900, slope=0.4), forecasters=CLOSED, settings=SMALL))
    assert found["linear"].beats_reference
    assert found["linear"].in_confidence_set
    assert found["linear"].content.p_value < 0.001
    assert not found["zero"].in_confidence_set
    assert found["last_value"].loses_to_reference
    noise = by_name(compare(draw(7, 900), forecasters=CLOSED, settings=SMALL))
    assert not any(row.beats_reference for row in noise.values())
    assert noise["zero"].in_confidence_set


def test_of_returns_the_total_over_the_horizon_is_forecast_and_of_levels_each_step():
    values = draw(8)
    settings = replace(SMALL, horizons=(5,))
    total = compare(values, forecasters=["zero"], settings=settings)
    ahead = np.lib.stride_tricks.sliding_window_view(values[240:], 5, axis=0).sum(axis=2)
    assert by_name(total, 5)["zero"].scores.mse == pytest.approx(np.mean(ahead**2), rel=1e-9)
    steps = compare(values, forecasters=["linear"], settings=settings, kind="levels")
    assert by_name(steps, 5)["linear"].step_mse.shape == (5,)
    assert by_name(steps, 5)["linear"].example.shape == (5,)


def test_a_late_listing_has_fewer_windows_and_a_gap_leaves_out_what_holds_it():
    values = draw(9)
    values[:300, 2] = np.nan
    values[350, 0] = np.nan
    found = by_name(compare(values, forecasters=["linear"], settings=SMALL))
    full = 160
    gap = SMALL.context_length + 1  # windows whose context or target holds the missing value
    late = 400 - 300 - SMALL.context_length
    assert found["linear"].scores.n_steps == full + (full - gap) + late


def test_a_series_without_variance_is_left_out_and_said():
    values = draw(10)
    values[:, 1] = 0.01
    found = compare(values, forecasters=["zero"], settings=SMALL, labels=("A", "B", "C"))
    assert found.data["series"] == ["A", "C"]
    assert any("B" in note and "constant" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["returns", "levels"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(300), "constant"),
        (np.full(300, 1e300), "constant"),
        (np.full(300, np.nan), "fewer than two values"),
        ([0.1, 0.2], "2 rows, too few"),
        (np.arange(12.0) ** 2, "need more than|training windows"),
        (np.sin(np.arange(60.0)), "training windows.* Shorten the context"),
        (np.zeros((5, 0)), "must have shape"),
        ([0.1, math.inf, 0.3], "must be finite or NaN"),
        (["a", "b"], "must hold numbers"),
    ],
)
def test_series_that_nobody_could_learn_are_refused(kind, values, message):
    with pytest.raises(DataError, match=message) as caught:
        compare(values, settings=replace(SMALL, context_length=20), kind=kind)
    assert "\n" not in str(caught.value)


def test_a_horizon_longer_than_the_series_says_what_to_shorten():
    with pytest.raises(DataError, match=r"horizon of 500 need more than 508.*Shorten"):
        compare(draw(11), settings=replace(SMALL, horizons=(500,)))
    with pytest.raises(DataError, match="dates to test a horizon of 155"):
        compare(draw(11), settings=replace(SMALL, horizons=(155,)))


def test_too_few_blocks_have_scores_but_no_tests():
    found = by_name(
        compare(draw(12), forecasters=["linear"], settings=replace(SMALL, horizons=(40,))), 40
    )
    assert math.isfinite(found["linear"].scores.mse)
    assert found["linear"].against_reference is None
    assert math.isnan(found["linear"].adjusted_p_value)
    assert not found["linear"].beats_reference


@pytest.mark.parametrize("kind", ["returns", "levels"])
def test_learning_from_consistent_steps_only_is_refused_with_the_reason(kind):
    with pytest.raises(ConfigError, match=r"selects on the outcome.*forecast demo"):
        compare(draw(13), regime="consistent", kind=kind)


def test_linear_residual_goes_through_log_prices_and_the_naive_use_is_measured():
    """On white noise its weights, which sum to one, cost at least a 1/d of the variance."""
    values = draw(14, 2_000, 1)
    found = compare(values, forecasters=["linear", "linear_residual"], settings=SMALL)
    rows = by_name(found)
    assert rows["linear_residual"].scores.relative_mse == pytest.approx(
        rows["linear"].scores.relative_mse, abs=0.02
    )
    assert found.naive_r2 < -0.08
    assert any("log prices" in note for note in found.notes)
    levels = compare(np.cumsum(values), forecasters=["linear_residual"], settings=SMALL,
                     kind="levels")  # fmt: skip
    assert levels.naive_r2 is None


def test_seeds_give_a_spread_and_are_tested_by_their_mean_loss():
    values = draw(15)
    found = compare(values, forecasters={"noise": Noise()}, settings=SMALL)
    row = by_name(found)["noise"]
    assert row.n_seeds == 2
    assert row.seed_spread > 0
    alone = [
        by_name(
            compare(
                values, forecasters={"noise": Noise()}, settings=replace(SMALL, n_seeds=1, seed=k)
            )
        )["noise"]
        for k in range(2)
    ]
    relative = [one.scores.relative_mse for one in alone]
    assert row.scores.relative_mse == pytest.approx(np.mean(relative))
    assert row.seed_spread == pytest.approx(np.std(relative, ddof=1))
    np.testing.assert_allclose(row.losses, np.mean([one.losses for one in alone], axis=0))
    assert math.isnan(alone[0].seed_spread)
    assert math.isnan(by_name(found)["zero"].seed_spread)


def test_trained_forecasters_learn_from_a_sample_of_all_windows():
    seen = []
    windows = hankel_windows(draw(16), 8, 1)
    runner = entrants.Entrant("noise", Noise()).runner(
        kind="returns", seed=3, max_windows=100, keep=seen.append
    )
    runner.fit(windows)
    assert (seen[0].n_windows, seen[0].seed) == (100, 3)
    watched = []

    class Spy:
        is_seeded = True

        def fit(self, windows):
            watched.append(windows)
            return FittedNoise(0, 8, 1, len(windows))

    entrants.Watched(Spy(), 100, seed=1).fit(windows)
    (sample,) = watched
    assert np.all(np.diff(sample.origins) >= 0)
    assert set(sample.channels) == {0, 1, 2}
    assert sample.origins.min() < 60
    assert sample.origins.max() > 340


def test_retrieval_of_levels_sees_changes_and_the_reader_is_told():
    names = ["hopfield", "attention_kernel"]
    of_levels, notes = entrants.choose_entrants(names, "levels")
    of_returns, none = entrants.choose_entrants(names, "returns")
    assert of_levels[-2].forecaster == replace(of_returns[-2].forecaster, normalise="last")
    assert of_levels[-1] == of_returns[-1]
    assert none == []
    assert notes[0].startswith("hopfield: each window less its last value")
    assert "cannot carry a level" in notes[1]


def test_long_contexts_are_trained_on_in_smaller_batches_and_fewer_windows():
    usual, _ = entrants.choose_entrants(["attention", "linear"], "returns", context_length=20)
    long, notes = entrants.choose_entrants(["attention", "linear"], "returns", context_length=300)
    assert (usual[-2].forecaster.batch_size, long[-2].forecaster.batch_size) == (1024, 68)
    assert usual[-1] == long[-1]
    assert notes == [
        "attention (68 windows): trained in smaller batches, as a context has 300 values."
    ]
    own = {"mine": AttentionForecaster()}
    assert entrants.choose_entrants(own, "returns", context_length=300)[0][-1].forecaster == (
        AttentionForecaster()
    )
    for context, most in ((5, 10_000), (20, 10_000), (40, 5_000), (5_000, 1_000)):
        assert ComparisonSettings(context_length=context).training_windows == most
    assert ComparisonSettings(context_length=900, max_windows=200).training_windows == 200


def test_records_are_json_without_nan_and_the_same_each_time():
    settings = replace(SMALL, horizons=(1, 3))
    first, second = (
        compare(draw(17), forecasters=[*CLOSED, "hopfield"], settings=settings) for _ in range(2)
    )
    text = json.dumps(first.records(), allow_nan=False)
    assert text == json.dumps(second.records(), allow_nan=False)
    assert [row["horizon"] for row in first.records()] == [1] * 8 + [3] * 8


def test_progress_counts_every_fit_and_a_clock_times_them():
    told = []
    ticks = iter(range(1_000))
    found = compare(
        draw(18),
        forecasters={"noise": Noise()},
        settings=replace(SMALL, horizons=(1, 2)),
        progress=lambda *what: told.append(what),
        clock=lambda: float(next(ticks)),
    )
    assert [what[1:] for what in told if what[0] == "noise"] == [(i + 1, 12) for i in range(12)]
    assert [what[1:] for what in told if what[0] == "zero"] == [(i + 1, 6) for i in range(6)]
    assert {row.seconds for row in found.standings} == {1.0}


def test_unknown_and_absent_forecasters_are_named(monkeypatch):
    with pytest.raises(ConfigError, match="Did you mean 'linear'"):
        compare(draw(19), forecasters=["linaer"])
    with pytest.raises(ConfigError, match="is a type"):
        compare(draw(19), forecasters={"zero": ZeroForecaster})
    monkeypatch.setattr(entrants, "_is_there", lambda name: False)  # noqa: ARG005
    with pytest.raises(ConfigError, match=r"blportfolio\[torch\]"):
        compare(draw(19), forecasters=["multi_head_attention"])
    everyone, notes = entrants.choose_entrants(None, "returns")
    assert "multi_head_attention" not in {one.name for one in everyone}
    assert any("torch" in note for note in notes)


def test_networks_for_each_of_many_steps_are_trained_only_when_asked_for():
    everyone, notes = entrants.choose_entrants(None, "levels", n_steps=96)
    assert "attention" not in {one.name for one in everyone}
    assert any("attention" in note for note in notes)
    named, _ = entrants.choose_entrants(["attention"], "levels", n_steps=96)
    assert "attention" in {one.name for one in named}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"context_length": 0}, "`context_length` must be a whole number of 1"),
        ({"horizons": ()}, "`horizons` must name"),
        ({"horizons": (0,)}, "`horizons` must be a whole number"),
        ({"horizons": 5}, "`horizons` must be whole numbers"),
        ({"test_share": 0.95}, "`test_share` must be a number above 0 and at most 0.9"),
        ({"n_seeds": 1.5}, "`n_seeds`"),
        ({"max_windows": 3}, "`max_windows`"),
        ({"confidence_size": True}, "`confidence_size`"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        ComparisonSettings(**settings)


def test_quick_settings_are_no_larger_and_resolve_to_json():
    full = ComparisonSettings(horizons=(5, 1, 5))
    assert full.horizons == (1, 5)
    quick = full.quick()
    assert (quick.n_refits, quick.n_seeds) == (2, 1)
    assert quick.max_windows < full.max_windows
    assert json.loads(json.dumps(quick.resolved()))["horizons"] == [1, 5]


def test_a_panel_is_checked_once_and_cannot_be_changed():
    panel = Panel(np.arange(6.0).reshape(3, 2), labels=("A", "B"))
    with pytest.raises(ValueError, match="read-only"):
        panel.values[0, 0] = 1
    assert panel.row_label(0) == "row 1"
    dated = replace(panel, dates=np.array(["2020-01-01", "2020-01-02T15:00", "2020-01-03"],
                                          dtype="datetime64[s]"))  # fmt: skip
    assert [dated.row_label(row) for row in (0, 1)] == ["2020-01-01", "2020-01-02 15:00"]
    for wrong in ({"labels": ("A",)}, {"labels": ("A", "A")}, {"dates": np.arange(2)}):
        with pytest.raises(DataError):
            replace(panel, **wrong)
    with pytest.raises(ConfigError, match="`kind` has no choice"):
        replace(panel, kind="prices")
