"""Modern Hopfield retrieval, and the forecaster on it."""

from blportfolio.forecasters.hopfield.forecaster import FittedHopfield, HopfieldForecaster
from blportfolio.forecasters.hopfield.retrieval import energy, retrieve

__all__ = ["FittedHopfield", "HopfieldForecaster", "energy", "retrieve"]
