import numpy as np
import pytest
from arch.bootstrap import MCS

from blportfolio.errors import DataError
from blportfolio.forecasters.evaluation import model_confidence_set

NAMES = ("a", "b", "c", "d")


def draw(seed, n=250, means=(1.0, 1.0, 1.05, 2.0)):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1)) ** 2
    return shared + rng.normal(size=(n, len(means))) ** 2 * np.array(means)


def test_p_values_are_those_of_arch_on_the_same_blocks():
    losses = draw(0)
    found = model_confidence_set(losses, NAMES, seed=5, n_resamples=400)
    direct = MCS(
        losses / np.abs(losses).max(),
        0.1,
        reps=400,
        block_size=found.block_length,
        bootstrap="stationary",
        seed=np.random.default_rng(5),
    )
    direct.compute()
    expected = direct.pvalues["Pvalue"]
    assert found.p_values == {name: expected[i] for i, name in enumerate(NAMES)}
    assert found.included == tuple(NAMES[i] for i in direct.included)


def test_the_clearly_worse_fall_out_and_the_equal_stay():
    found = model_confidence_set(draw(1, n=1_000), NAMES)
    assert found.included == ("a", "b", "c")
    assert found.p_values["d"] < 0.01


def test_the_best_is_left_out_no_more_often_than_the_size_says():
    reps, lost = 60, 0
    for seed in range(reps):
        losses = draw(seed, n=120, means=(1.0, 1.0, 1.0))
        found = model_confidence_set(losses, NAMES[:3], n_resamples=150)
        lost += "a" not in found.included
    assert lost / reps <= 0.2


def test_twins_share_their_place_and_a_constant_surcharge_falls_out():
    losses = draw(2)
    table = np.column_stack([losses[:, 0], losses[:, 0], losses[:, 0] + 0.1, losses[:, 1]])
    found = model_confidence_set(table, NAMES, n_resamples=200)
    assert found.p_values["a"] == found.p_values["b"] > 0.1
    assert found.p_values["c"] == 0.0
    alone = model_confidence_set(table[:, [0, 3]], ("a", "d"), n_resamples=200)
    assert found.p_values["a"] == alone.p_values["a"]
    assert model_confidence_set(table[:, :2], ("a", "b")).included == ("a", "b")
    assert model_confidence_set(table[:, :1], ("a",)).p_values == {"a": 1.0}


def test_the_same_seed_gives_the_same_set_in_any_unit():
    losses = draw(3)
    first = model_confidence_set(losses, NAMES, seed=1, n_resamples=200)
    assert first == model_confidence_set(losses * 2.0**-80, NAMES, seed=1, n_resamples=200)
    assert first != model_confidence_set(losses, NAMES, seed=2, n_resamples=200)


def test_blocks_span_at_least_the_horizon_and_at_most_a_tenth_of_the_dates():
    losses = draw(4)
    assert model_confidence_set(losses, NAMES, horizon=12, n_resamples=100).block_length >= 12
    assert model_confidence_set(losses, NAMES, horizon=90, n_resamples=100).block_length == 25


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (np.ones((5, 4)), "ten dates or more"),
        (np.ones((20, 3)), "must have shape"),
        (np.full((20, 4), np.nan), "must be finite"),
    ],
)
def test_wrong_losses_are_named(losses, message):
    with pytest.raises(DataError, match=message):
        model_confidence_set(losses, NAMES)
