"""The unit in which an attention model sees its windows: softmax is no linear function of it."""

from __future__ import annotations

import numpy as np

from blportfolio.errors import DataError
from blportfolio.types import FloatArray

NORMALISE = ("train", "window", "none")
LARGEST = 1e60
"""Beyond it powers of values that are divided by nothing could not be written."""


def units_of(context: FloatArray, normalise: str, unit: float) -> FloatArray:
    """Return (n_windows,) what each window is divided by, and its forecast multiplied by.

    Args:
        context: (n_windows, context_length) values.
        normalise: "window" for the root mean square of each window, zero where all its values
            are; "train" for `unit`; "none" for 1.
        unit: Root mean square of the training contexts.

    Raises:
        DataError: If nothing is divided by and values are beyond any unit.
    """
    if normalise == "none" and np.abs(context).max(initial=0.0) > LARGEST:
        raise DataError(
            '`windows` must hold values of about one where `normalise` is "none", got one of '
            f'{np.abs(context).max():.3g}. Standardise the series, or normalise by "window".'
        )
    if normalise != "window":
        return np.full(len(context), unit if normalise == "train" else 1.0)
    values = np.ascontiguousarray(context)  # the order of a sum must not depend on other rows
    largest = np.abs(values).max(axis=1)
    safe = np.where(largest > 0, largest, 1.0)
    units: FloatArray = largest * np.sqrt(np.mean((values / safe[:, None]) ** 2, axis=1))
    return units


def in_units(context: FloatArray, units: FloatArray) -> FloatArray:
    """Return the windows divided by their units; those whose unit is zero are zero."""
    divided: FloatArray = np.ascontiguousarray(context) / np.where(units > 0, units, 1.0)[:, None]
    return divided
