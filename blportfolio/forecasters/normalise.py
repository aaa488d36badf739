"""Normalisation of each window by itself, undone in its forecast."""

from __future__ import annotations

import numpy as np

from blportfolio.types import FloatArray
from blportfolio.validation import check_choice

NORMALISE = ("none", "last", "mean", "standard")
CONSTANT = 1e-13
"""A standard deviation below this share of the largest value is rounding: the window is flat."""


def check_normalise(normalise: str) -> None:
    """Check the name of a normalisation.

    Raises:
        ConfigError: If it is unknown.
    """
    check_choice(normalise, NORMALISE, name="normalise")


def centre_of(context: FloatArray, normalise: str) -> FloatArray:
    """Return (n_windows,) the level that is taken out of each window."""
    if normalise == "none":
        return np.zeros(len(context))
    last: FloatArray = context[:, -1]
    if normalise == "last":
        return last.copy()
    # About the last value, so that a constant window has exactly its own mean.
    mean: FloatArray = last + (context - last[:, None]).mean(axis=1)
    return mean


def spread_of(context: FloatArray, normalise: str) -> FloatArray:
    """Return (n_windows,) what each window is divided by; zero where "standard" finds it flat."""
    if normalise != "standard":
        return np.ones(len(context))
    gap = context - centre_of(context, normalise)[:, None]
    largest = np.abs(gap).max(axis=1)
    safe = np.where(largest > 0, largest, 1.0)
    spread = largest * np.sqrt(((gap / safe[:, None]) ** 2).mean(axis=1))
    return np.where(spread > CONSTANT * np.abs(context).max(axis=1), spread, 0.0)


def about_level(context: FloatArray, normalise: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return windows about their level in their spread, and (n_windows,) both of these."""
    ordered = np.ascontiguousarray(context)  # the order of a sum must not depend on other rows
    level, spread = centre_of(ordered, normalise), spread_of(ordered, normalise)
    gap = (ordered - level[:, None]) / np.where(spread > 0, spread, np.inf)[:, None]
    return gap, level, spread


def columns_of(context: FloatArray, normalise: str) -> FloatArray:
    """Return the normalised windows, without the last column where it is zero by definition."""
    if normalise == "standard":
        return about_level(context, normalise)[0]
    gap = context - centre_of(context, normalise)[:, None]
    return gap[:, :-1] if normalise == "last" else gap
