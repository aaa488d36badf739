import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.forecasters.asymmetric.measures import (
    compare_regimes,
    last_step_control,
    measure,
    oracle_control,
    zero_control,
)
from blportfolio.forecasters.asymmetric.process import Steps, make_process

STEPS = Steps(
    np.array([[0.0, 1.0], [0.0, -1.0], [0.0, 2.0], [0.0, -2.0]]),
    np.array([1.0, 1.0, 2.0, -2.0]),
    np.array([1.0, 1.0, 2.0, -2.0]),
)


def test_measures_by_hand():
    found = measure(np.array([1.0, -1.0, 2.0, 0.0]), STEPS)
    assert found["mse"] == (0 + 4 + 0 + 4) / 4
    assert found["rel0"] == 2.0 / (10 / 4)
    assert found["sign"] == 2 / 3  # the forecast of zero has no sign
    assert found["follow"] == 1.0


def test_zero_is_the_unit_and_has_no_sign():
    found = measure(zero_control(STEPS.context), STEPS)
    assert found["rel0"] == 1
    assert found["sign"] is None
    assert found["follow"] is None


def test_the_ratio_is_of_the_two_errors():
    found = compare_regimes(zero_control, STEPS, Steps(*(2 * part for part in STEPS)))
    assert found["ratio"] == 4
    assert found["ood_mse"] == 4 * found["id_mse"]


@given(st.integers(0, 2**32 - 1))
def test_the_last_step_control_is_least_squares(seed):
    process = make_process("affine", 5, 0.3, np.random.default_rng(seed))
    steps = process.draw(50, "all", 0.1, np.random.default_rng(seed))
    slope = np.linalg.lstsq(steps.context[:, -1:], steps.target, rcond=None)[0][0]
    predict = last_step_control(steps)
    np.testing.assert_allclose(predict(steps.context), slope * steps.context[:, -1], rtol=1e-9)


@pytest.mark.parametrize("regime", ["all", "con", "inc"])
def test_the_oracle_leaves_the_noise_only(regime):
    process = make_process("affine", 8, 0.6, np.random.default_rng(0))
    exact = process.draw(100, regime, 0.0, np.random.default_rng(1))
    oracle = oracle_control(process)
    np.testing.assert_allclose(oracle(exact.context), exact.truth, atol=1e-14)
    noisy = process.draw(20_000, regime, 0.05, np.random.default_rng(1))
    # Noise of the next value, and of the observed ones by coefficients of norm one.
    assert measure(oracle(noisy.context), noisy)["mse"] == pytest.approx(2 * 0.05**2, rel=0.05)
