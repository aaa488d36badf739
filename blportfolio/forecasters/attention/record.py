"""A trained attention forecaster as numbers that JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from blportfolio.forecasters.attention.forecaster import AttentionForecaster, FittedAttention
from blportfolio.forecasters.attention.parameters import Parameters
from blportfolio.forecasters.attention.training import Training


def record_fit(fitted: FittedAttention) -> dict[str, Any]:
    """Return what a fitted forecaster knows; how it was trained is left out but for the best step.

    Args:
        fitted: The forecaster.
    """
    return {
        "settings": asdict(fitted.forecaster),
        "unit": fitted.unit,
        "context_length": fitted.context_length,
        "networks": [_network(training) for training in fitted.trainings],
    }


def restore_fit(record: Mapping[str, Any]) -> FittedAttention:
    """Return the fitted forecaster of a record: it forecasts the same, to the bit.

    Args:
        record: What `record_fit` returned, also by way of JSON.

    Raises:
        ConfigError: If its settings are out of range.
    """
    return FittedAttention(
        AttentionForecaster(**record["settings"]),
        tuple(_training(network) for network in record["networks"]),
        float(record["unit"]),
        int(record["context_length"]),
    )


def _network(training: Training) -> dict[str, Any]:
    known = training.parameters
    return {
        "weights": known.weights.tolist(),
        "output": known.output.tolist(),
        "bias": None if known.bias is None else known.bias.tolist(),
        "skip": known.skip,
        "best_step": training.best_step,
        "learning_rate": training.learning_rate,
    }


def _training(network: Mapping[str, Any]) -> Training:
    bias = network["bias"]
    known = Parameters(
        np.array(network["weights"], dtype=float),
        np.array(network["output"], dtype=float),
        None if bias is None else np.array(bias, dtype=float),
        float(network["skip"]),
    )
    nothing = np.empty(0)
    rate = float(network["learning_rate"])
    return Training(known, known, nothing, nothing, int(network["best_step"]), rate)
