"""Simulated daily returns with a known forecast, and what forecasters make of them.

r_{t+1} = Σ_k c_k r_{t+1-k} + e_{t+1}, k = 1, …, 8, with GARCH(1,1) noise of Student's t with six
degrees of freedom. The best forecast explains two per cent of the variance, which is much for
daily returns; what the scenarios differ in is how much of it is in the last day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric.measures import Predict, last_step_control, zero_control
from blportfolio.forecasters.asymmetric.process import Steps
from blportfolio.forecasters.attention import (
    AttentionSettings,
    forward,
    initial_parameters,
    train,
)
from blportfolio.forecasters.attention_kernel import AttentionKernelForecaster
from blportfolio.forecasters.checks import check_whole
from blportfolio.forecasters.levels import on_returns
from blportfolio.forecasters.linear import LinearForecaster
from blportfolio.forecasters.linear_residual import LinearResidualForecaster
from blportfolio.forecasters.windows import Windows, hankel_windows
from blportfolio.types import BoolArray, FloatArray, Forecaster
from blportfolio.validation import check_choice

LAGS = 8
R2 = 0.02
SCENARIOS: dict[str, float | None] = {
    "momentum": 0.06,
    "reversal": -0.06,
    "no lag-1 signal": 0.0,
    "white noise": None,
}
"""c_1 by scenario; None where all coefficients are zero."""
_ALPHA, _BETA, _FREEDOM, _VOLATILITY = 0.06, 0.92, 6, 0.01
_BURN_IN = 500


@dataclass(frozen=True, slots=True)
class ReturnsSettings:
    """What to simulate; the defaults take about a minute.

    Attributes:
        scenarios: Names of `SCENARIOS`.
        regimes: What to train on: "all" days, or sign-consistent days only ("con").
        selection_trap: Says that "con" is meant to show its error.
        n: Training days.
        n_test: Days after them.
        width: Neurons of the network.
        steps: Steps of gradient descent at which it is judged.
        seeds: Repetitions.
        seed: Seed of everything.

    Raises:
        ConfigError: If a choice is unknown, or "con" is asked for without `selection_trap`.
    """

    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    regimes: tuple[str, ...] = ("all",)
    selection_trap: bool = False
    n: int = 2520
    n_test: int = 10_000
    width: int = 64
    steps: tuple[int, ...] = (30,)
    seeds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the choices."""
        for scenario in self.scenarios:
            check_choice(scenario, SCENARIOS, name="scenarios")
        for regime in self.regimes:
            check_choice(regime, ("all", "con"), name="regimes")
        if "con" in self.regimes and not self.selection_trap:
            raise ConfigError(
                "`regimes` must not be con for returns: to train on sign-consistent days only is "
                "to select on the outcome, and every model learns a momentum that is not there. "
                "To see that error, set selection_trap."
            )
        # Ten windows to learn from, of which a hold-out chooses the penalty.
        for name, least in (("n", LAGS + 10), ("n_test", 2), ("seeds", 1), ("seed", 0)):
            check_whole(getattr(self, name), least, name=name)
        for step in self.steps:
            check_whole(step, 0, name="steps")
        AttentionSettings(width=self.width)
        if not (self.scenarios and self.regimes):
            raise ConfigError("`scenarios` and `regimes` must name one or more each.")


def lag_coefficients(scenario: str, rng: np.random.Generator) -> FloatArray:
    """Return (8,) coefficients c_1, …, c_8, with Σ c_k² = 0.02.

    Beyond c_1 they point in a random direction, so that no shape of them favours a model.
    """
    check_choice(scenario, SCENARIOS, name="scenario")
    first = SCENARIOS[scenario]
    if first is None:
        return np.zeros(LAGS)
    rest = rng.standard_normal(LAGS - 1)
    rest *= math.sqrt(R2 - first**2) / np.linalg.norm(rest)
    return np.append(first, rest)


def simulate_returns(coefficients: FloatArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Return (n,) daily returns after a burn-in, decimal; the noise has 1 % a day on average.

    GARCH(1,1): σ²_{t+1} = ω + α e²_t + β σ²_t, α = 0.06, β = 0.92.
    """
    from scipy.signal import lfilter

    total = n + _BURN_IN
    shock = rng.standard_t(_FREEDOM, size=total) * math.sqrt((_FREEDOM - 2) / _FREEDOM)
    omega = _VOLATILITY**2 * (1 - _ALPHA - _BETA)
    growth = (_ALPHA * shock**2 + _BETA).tolist()
    variance = np.empty(total)
    now = _VOLATILITY**2
    for day, factor in enumerate(growth):
        variance[day] = now
        now = omega + factor * now
    noise = np.sqrt(variance) * shock
    returns: FloatArray = lfilter([1.0], np.append(1.0, -coefficients), noise)[_BURN_IN:]
    return returns


def measure_returns(forecast: FloatArray, windows: Windows) -> dict[str, float | None]:
    """Return what return forecasts are judged by.

    Returns:
        `r2`, against zero; `ic`, the correlation with the return; `hit`, the share of days with
        the right sign, and `hit_flip`, `hit_same` of it on days with and without a change of sign;
        `collapse`, the larger of the shares of forecasts with the sign of the last day and with
        the opposite sign. All but the first are None for a constant zero.
    """
    target, last = windows.target[:, 0], windows.last
    found: dict[str, float | None] = {
        "r2": 1 - float(np.sum((forecast - target) ** 2) / np.sum(target**2))
    }
    found |= dict.fromkeys(("ic", "hit", "hit_flip", "hit_same", "collapse"))
    if np.ptp(forecast) > 0:
        right = np.sign(forecast) == np.sign(target)
        flips = target * last < 0
        follow = float(np.mean(forecast * last > 0))
        found |= {
            "ic": float(np.corrcoef(forecast, target)[0, 1]),
            "hit": float(right.mean()),
            "hit_flip": float(right[flips].mean()),
            "hit_same": float(right[~flips].mean()),
            "collapse": max(follow, float(np.mean(forecast * last < 0))),
        }
    return found


def run_returns(
    settings: ReturnsSettings | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Simulate, train on the first days, measure on those after.

    Args:
        settings: What to simulate.
        progress: Called with the scenario, the seeds done in it and their number.

    Returns:
        One record for each scenario, regime, seed and model.
    """
    chosen = ReturnsSettings() if settings is None else settings
    records: list[dict[str, Any]] = []
    for scenario in chosen.scenarios:
        place = list(SCENARIOS).index(scenario)
        for number in range(chosen.seeds):
            streams = np.random.default_rng([chosen.seed, number, place]).spawn(3)
            coefficients = lag_coefficients(scenario, streams[0])
            days = simulate_returns(coefficients, chosen.n + chosen.n_test, streams[1])
            windows = hankel_windows(days, LAGS, 1)
            early = windows.known_at(chosen.n - 1)
            late = windows.take(windows.origins >= chosen.n - 1)
            for regime in chosen.regimes:
                train = early if regime == "all" else early.take(_is_consistent(early))
                rng = np.random.default_rng([chosen.seed, number, place, 1])
                for model, predict in _models(train, coefficients, chosen, rng).items():
                    records.append(
                        {
                            "scenario": scenario,
                            "regime": regime,
                            "seed": number,
                            "model": model,
                            **measure_returns(predict(late.context), late),
                        }
                    )
            if progress is not None:
                progress(scenario, number + 1, chosen.seeds)
    return records


def _is_consistent(windows: Windows) -> BoolArray:
    return np.asarray(windows.target[:, 0] * windows.last > 0)


def _models(
    windows: Windows,
    coefficients: FloatArray,
    settings: ReturnsSettings,
    rng: np.random.Generator,
) -> dict[str, Predict]:
    """Return the forecast of each model by its name; attention works in units of the spread."""
    target = windows.target[:, 0]
    ols = LinearForecaster(penalties=0.0)
    naive = LinearResidualForecaster(penalties=0.0)
    models: dict[str, Predict] = {
        "zero": zero_control,
        "AR(1)": last_step_control(Steps(windows.context, target, target)),
        "Linear (OLS)": _fitted(ols, windows),
        "NLinear on returns": _fitted(naive, windows),
        "NLinear on log prices": _fitted(on_returns(naive), windows),
        "attention NTK": _fitted(AttentionKernelForecaster(normalise="train"), windows),
    }
    network = AttentionSettings(width=settings.width)
    unit = float(windows.context.std())
    training = train(
        windows.context / unit,
        target / unit,
        initial_parameters(LAGS, network, rng),
        network,
        steps=max(settings.steps, default=0),
        keep=settings.steps,
    )
    for step, parameters in sorted(training.kept.items()):
        predict = partial(forward, parameters=parameters, settings=network)
        models[f"attention GD, {step} steps"] = partial(_in_unit, predict, unit)
    models["oracle"] = lambda context: (context * coefficients[::-1]).sum(axis=1)
    return models


def _in_unit(predict: Predict, unit: float, context: FloatArray) -> FloatArray:
    return unit * predict(context / unit)


def _fitted(forecaster: Forecaster, windows: Windows) -> Predict:
    fitted = forecaster.fit(windows)
    return lambda context: fitted.predict(context)[:, 0]
