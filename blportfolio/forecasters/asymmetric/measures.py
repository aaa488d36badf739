"""What the experiment reports of forecasts: error, error against zero, and whose sign they have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from blportfolio.forecasters.asymmetric.process import ResidualProcess, Steps
from blportfolio.types import FloatArray

Predict = Callable[[FloatArray], FloatArray]


def measure(forecast: FloatArray, steps: Steps) -> dict[str, float | None]:
    """Return the measures of (n,) forecasts.

    Returns:
        `mse`; `rel0`, that divided by the mean square of the target, which the forecast zero has;
        `sign`, the share with the sign of the noiseless next value; `follow`, the share with the
        sign of the last observed value. The last two leave out forecasts of exactly zero and are
        None where there is no other.
    """
    error = float(np.mean((forecast - steps.target) ** 2))
    chosen = forecast != 0
    shares: dict[str, float | None] = {"sign": None, "follow": None}
    if chosen.any():
        side = np.sign(forecast[chosen])
        shares["sign"] = float(np.mean(side == np.sign(steps.truth[chosen])))
        shares["follow"] = float(np.mean(side == np.sign(steps.context[chosen, -1])))
    return {"mse": error, "rel0": error / float(np.mean(steps.target**2)), **shares}


def compare_regimes(predict: Predict, inside: Steps, outside: Steps) -> dict[str, float | None]:
    """Return the measures in and out of distribution, and the ratio of the two errors.

    Args:
        predict: Returns (n,) forecasts of (n, d) windows.
        inside: Steps as in training (`id_` in the keys).
        outside: Sign-inconsistent steps (`ood_`).
    """
    found: dict[str, float | None] = {}
    errors = []
    for prefix, steps in (("id", inside), ("ood", outside)):
        forecast = predict(steps.context)
        found |= {f"{prefix}_{name}": value for name, value in measure(forecast, steps).items()}
        errors.append(float(np.mean((forecast - steps.target) ** 2)))
    return {**found, "ratio": errors[1] / errors[0]}


def zero_control(context: FloatArray) -> FloatArray:
    """Forecast zero."""
    return np.zeros(len(context))


def last_step_control(train: Steps) -> Predict:
    """Return the AR(1) control: one coefficient on the last value, by least squares."""
    last = train.context[:, -1]
    slope = float(last @ train.target) / float(last @ last)
    return lambda context: slope * context[:, -1]


def oracle_control(process: ResidualProcess) -> Predict:
    """Return the forecast by the coefficients that made the data, applied to what is observed."""
    return lambda context: (context * process.coefficients).sum(axis=1)
