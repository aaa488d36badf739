from dataclasses import replace

import numpy as np
import pytest

from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric import (
    VARIANTS,
    AsymmetricSettings,
    Budget,
    Target,
    full_settings,
    run_asymmetric,
)
from blportfolio.forecasters.asymmetric.experiment import kernel_spectrum, plan_trials
from blportfolio.forecasters.asymmetric.parts import run_trial
from blportfolio.forecasters.asymmetric.trial import ALIGNMENT, CONTEST, HEADS, Trial, draw_data

SMALL = Budget(40, 4, 3, 2)
TINY = AsymmetricSettings(
    targets=(Target("sym", 4, 0.3),),
    contest=SMALL,
    gammas=(-0.3,),
    gamma=SMALL,
    widths=(2, 4),
    alignment=SMALL,
    variants=tuple(VARIANTS),
    variant_targets=(Target("affine", 4, 0.3),),
    variant=SMALL,
    heads=(),
    n_test=50,
)


@pytest.fixture(scope="module")
def result():
    return run_asymmetric(TINY)


def test_every_model_and_control_is_in_every_contest(result):
    models = {"zero", "AR(1)", "Linear", "NLinear", "attention GD", "attention NTK", "oracle"}
    for regime in ("all", "con"):
        for seed in range(2):
            rows = [
                row
                for row in result.records
                if row["part"] == CONTEST and row["regime"] == regime and row["seed"] == seed
            ]
            assert {row["model"] for row in rows} == models
            assert len(rows) == len(models)
            assert all(np.isfinite(row["ood_mse"]) for row in rows)


def test_linear_and_linear_residual_are_least_squares_the_latter_with_weights_of_sum_one():
    trial = Trial(CONTEST, Target("affine", 5, 0.4), "con", 60, 4, 2, (0, 0), n_test=80)
    data = draw_data(trial)
    found = {row["model"]: row for row in run_trial(trial).records}
    x, y = data.train.context, data.train.target
    free = np.linalg.lstsq(x, y, rcond=None)[0]
    gaps = (x - x[:, -1:])[:, :-1]
    others = np.linalg.lstsq(gaps, y - x[:, -1], rcond=None)[0]
    bound = np.append(others, 1 - others.sum())
    for model, weights in (("Linear", free), ("NLinear", bound)):
        error = np.mean((data.outside.context @ weights - data.outside.target) ** 2)
        assert found[model]["ood_mse"] == pytest.approx(error, rel=1e-9)
    assert found["Linear"]["ood_mse"] != pytest.approx(found["NLinear"]["ood_mse"], rel=1e-6)


def test_no_window_is_trained_on_and_tested_and_the_second_test_has_the_flips():
    data = draw_data(Trial(CONTEST, Target(), "con", 60, 4, 2, (0, 0), n_test=60, noise=0.0))
    for steps, sign in ((data.train, 1), (data.inside, 1), (data.outside, -1)):
        assert (np.sign(steps.context[:, -1] * steps.truth) == sign).all()
    for one, other in ((data.train, data.inside), (data.train, data.outside)):
        assert not np.isin(other.context, one.context).any()


def test_every_variant_width_and_scaling_is_tried(result):
    assert {row["model"] for row in result.records if row["part"] == "variants"} == set(VARIANTS)
    watched = {(row["width"], row["scaling"]) for row in result.records if row["part"] == ALIGNMENT}
    assert watched == {(2, "ntk"), (4, "ntk"), (2, "mean_field"), (4, "mean_field")}


def test_the_network_starts_as_the_forecast_zero(result):
    start = [row for row in result.curve if row["step"] == 0]
    assert start
    assert all(row["id_rel0"] == row["ood_rel0"] == 1 for row in start)
    assert all(row["upd_cos"] == 0 for row in start)


def test_the_curve_ends_at_the_last_step_of_training(result):
    assert {row["step"] for row in result.curve} == {0, 1, 2, 3}


def test_points_are_of_the_first_seed(result):
    assert {row["seed"] for row in result.points} == {0}
    assert {row["model"] for row in result.points} == {"attention GD", "NLinear"}


def test_same_settings_same_figures(result):
    again = run_asymmetric(TINY)
    assert again.records == result.records
    assert again.curve == result.curve


@pytest.mark.slow
def test_two_processes_find_what_one_does():
    short = replace(TINY, gammas=(), widths=(), variants=())
    one, two = run_asymmetric(short).records, run_asymmetric(short, jobs=2).records
    for row, other in zip(one, two, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            is_number = isinstance(value, float)
            assert other[name] == (pytest.approx(value, rel=1e-9) if is_number else value)


def test_another_seed_is_other_data():
    short = replace(TINY, gammas=(), widths=(), variants=())
    one, two = (run_asymmetric(replace(short, seed=seed)).records[2] for seed in (0, 1))
    assert one["id_mse"] != two["id_mse"]


def test_regimes_and_budgets_share_the_process_of_a_seed():
    first = Trial(CONTEST, Target("affine", 8, 0.6), "all", 40, 4, 3, (0, 1), n_test=20)
    second = replace(first, regime="con", n=60)
    one, two = draw_data(first), draw_data(second)
    np.testing.assert_array_equal(one.process.coefficients, two.process.coefficients)
    np.testing.assert_array_equal(one.outside.context, two.outside.context)


def test_progress_counts_the_trials_of_each_part():
    seen = []
    short = replace(TINY, gammas=(), widths=(), variants=())
    run_asymmetric(short, lambda *words: seen.append(words))
    assert seen == [(CONTEST, done, 4) for done in (1, 2, 3, 4)]


def test_the_spectrum_falls_by_orders_of_magnitude():
    """Recorded: 5e-7 at n = 5, 1e-11 at 10, 1e-19 at 20 [maths 4.3]."""
    logs = [np.log10(row["ratio"]) for row in kernel_spectrum(0)]
    np.testing.assert_allclose(logs, [-6.3, -11, -19], atol=2)


def test_quick_settings_are_those_of_acceptance_and_full_those_of_the_maths():
    assert AsymmetricSettings().contest == Budget(600, 128, 300, 3)
    full = full_settings(3)
    assert full.seed == 3
    assert len(plan_trials(replace(full, heads=()))) == 40 + 60 + 80 + 140


def test_several_heads_with_positions_learn_the_task():
    pytest.importorskip("torch")
    chosen = Trial(HEADS, Target(), "con", 600, 4, 600, (0, 0), n_test=2000)
    assert run_trial(chosen).records[0]["ood_rel0"] < 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"regimes": ("inc",)}, "inc is the test"),
        ({"regimes": ("al",)}, "`regimes` has no choice 'al'"),
        ({"regimes": ()}, "must name one or more"),
        ({"targets": (Target("symm"),)}, "`kind` has no choice 'symm'"),
        ({"scalings": ("nkt",)}, "`scalings` has no choice 'nkt'"),
        ({"variants": ("skipp",)}, "`variants` has no choice 'skipp'"),
        ({"widths": (2, 3)}, "`width` must be an even number"),
        ({"gammas": (0.3, 1.5)}, "`gamma` must lie between -1 and 1"),
        ({"gammas": (0.9999,)}, "leaves 1.8e-05 of all steps"),
        ({"seed": -1}, "`seed` must be a whole number of 0 or more"),
        ({"n_test": 0}, "`n_test` must be a whole number of 1 or more"),
        ({"heads": (0,)}, "`heads` must be a whole number of 1 or more"),
        ({"heads": (1, 3)}, "must be a multiple of the 3 heads"),
        ({"noise": -1.0}, "`noise` must be a standard deviation"),
    ],
)
def test_a_wrong_setting_is_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        replace(TINY, **changes)


@pytest.mark.parametrize("name", ["n", "width", "steps", "seeds"])
@pytest.mark.parametrize("value", [0, 1.5, True])
def test_a_budget_holds_whole_numbers(name, value):
    with pytest.raises(ConfigError, match=f"`{name}` must be a whole number of 1 or more"):
        replace(SMALL, **{name: value})


def test_a_part_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="`part` must be one of"):
        run_trial(Trial("contests", Target(), "all", 40, 4, 3, (0, 0)))
