import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.errors import ConfigError
from blportfolio.forecasters import Windows, hankel_windows
from blportfolio.forecasters.asymmetric import ReturnsSettings, run_returns
from blportfolio.forecasters.asymmetric import returns as returns_module
from blportfolio.forecasters.asymmetric.returns import (
    SCENARIOS,
    lag_coefficients,
    measure_returns,
    simulate_returns,
)

TINY = ReturnsSettings(
    ("momentum", "white noise"), ("all", "con"), True, n=300, n_test=400, width=4, steps=(2,)
)


def rows(records, **wanted):
    return [row for row in records if all(row[key] == value for key, value in wanted.items())]


@given(st.sampled_from(sorted(SCENARIOS)), st.integers(0, 2**32 - 1))
def test_the_forecastable_share_is_two_per_cent(scenario, seed):
    c = lag_coefficients(scenario, np.random.default_rng(seed))
    assert len(c) == 8
    assert c @ c == pytest.approx(0.0 if scenario == "white noise" else 0.02)
    assert c[0] == (SCENARIOS[scenario] or 0.0)


def test_returns_follow_the_recursion_and_have_one_per_cent_of_noise():
    c = lag_coefficients("momentum", np.random.default_rng(0))
    r = simulate_returns(c, 60_000, np.random.default_rng(1))
    quiet = simulate_returns(np.zeros(8), 60_000, np.random.default_rng(1))
    lags = np.lib.stride_tricks.sliding_window_view(r[:-1], 8)[:, ::-1]
    np.testing.assert_allclose(r[8:] - lags @ c, quiet[8:], atol=1e-15)
    assert quiet.std() == pytest.approx(0.01, rel=0.1)
    squares = quiet**2 - np.mean(quiet**2)
    assert np.corrcoef(squares[1:], squares[:-1])[0, 1] > 0.05  # volatility clusters
    assert np.mean(quiet**4) / np.mean(quiet**2) ** 2 > 4  # and tails are fat


def test_measures_by_hand():
    windows = Windows(
        np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[1.0], [-1.0], [-2.0], [2.0]])
    )
    found = measure_returns(np.array([1.0, 1.0, -1.0, 1.0]), windows)
    assert found["r2"] == 1 - (0 + 4 + 1 + 1) / 10
    assert found["hit"] == 3 / 4
    assert found["hit_flip"] == 1 / 2
    assert found["hit_same"] == 1
    assert found["collapse"] == 3 / 4
    nothing = measure_returns(np.zeros(4), windows)
    assert nothing.pop("r2") == 0
    assert set(nothing.values()) == {None}


def test_the_residual_model_on_log_prices_is_regression_on_returns():
    found = run_returns(TINY)
    for regime in ("all", "con"):
        ols = rows(found, model="Linear (OLS)", regime=regime)
        levels = rows(found, model="NLinear on log prices", regime=regime)
        for one, other in zip(ols, levels, strict=True):
            assert one["r2"] == pytest.approx(other["r2"], abs=1e-9)
            assert one["ic"] == pytest.approx(other["ic"], abs=1e-9)


def test_selection_on_consistent_days_invents_a_momentum():
    """Measured: R² of OLS -27 % (momentum), -35 % (white noise) [maths 4.6]."""
    settings = ReturnsSettings(
        ("white noise", "reversal"), ("con",), True, n_test=3000, width=2, steps=(1,), seeds=2
    )
    for row in rows(run_returns(settings), model="Linear (OLS)"):
        assert -0.6 < row["r2"] < -0.2
        assert row["collapse"] > 0.85
        assert row["hit_same"] > 0.8


def test_same_seed_same_figures_and_progress_counts_seeds():
    seen = []
    assert run_returns(TINY, lambda *words: seen.append(words)) == run_returns(TINY)
    assert seen == [(name, done, 3) for name in TINY.scenarios for done in (1, 2, 3)]


def test_controls_and_oracle_are_always_there():
    found = run_returns(TINY)
    for scenario in TINY.scenarios:
        models = {row["model"] for row in rows(found, scenario=scenario)}
        assert {"zero", "AR(1)", "oracle"} <= models


def test_the_test_begins_where_training_ends(monkeypatch):
    """Of n days the last may be a target; the first forecast is made at its close."""
    seen = {}

    def watch(train, coefficients, settings, rng):  # noqa: ARG001
        seen["train"] = train.origins

        def predict(context):
            seen["late"] = len(context)
            return np.zeros(len(context))

        return {"zero": predict}

    monkeypatch.setattr(returns_module, "_models", watch)
    run_returns(ReturnsSettings(("momentum",), n=100, n_test=50, seeds=1))
    assert seen["train"].tolist() == list(range(7, 99))
    assert seen["late"] == 50


def test_the_oracle_forecasts_what_made_the_returns():
    c = lag_coefficients("momentum", np.random.default_rng(0))
    days = simulate_returns(c, 60, np.random.default_rng(1))
    models = returns_module._models(hankel_windows(days, 8, 1), c, TINY, np.random.default_rng(2))
    known = [sum(c[k] * days[t - k] for k in range(8)) for t in range(7, 60)]
    context = hankel_windows(days, 8, 1, unknown_targets=True).context
    np.testing.assert_allclose(models["oracle"](context), known, rtol=1e-12)


def test_selecting_on_the_outcome_is_refused_with_the_reason():
    with pytest.raises(ConfigError, match="select on the outcome"):
        ReturnsSettings(regimes=("con",))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scenarios": ("moment",)}, "`scenarios` has no choice 'moment'"),
        ({"regimes": ("inc",)}, "`regimes` has no choice 'inc'"),
        ({"seeds": 0}, "`seeds` must be a whole number of 1 or more"),
        ({"seed": -1}, "`seed` must be a whole number of 0 or more"),
        ({"n": 12}, "`n` must be a whole number of 18 or more"),
        ({"steps": (30, 1.5)}, "`steps` must be a whole number of 0 or more"),
        ({"width": 3}, "`width` must be an even number"),
        ({"scenarios": ()}, "must name one or more"),
    ],
)
def test_a_wrong_setting_is_named(options, words):
    with pytest.raises(ConfigError, match=words):
        ReturnsSettings(**options)
