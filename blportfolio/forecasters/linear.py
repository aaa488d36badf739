"""The linear forecaster: every value of the context times a weight."""

from __future__ import annotations

from dataclasses import dataclass

from blportfolio.forecasters.normalise import centre_of, check_normalise, columns_of, spread_of
from blportfolio.forecasters.ridge import RidgeForecaster
from blportfolio.types import FloatArray


@dataclass(frozen=True, slots=True)
class LinearForecaster(RidgeForecaster):
    """ŷ = W x + b, in closed form; "Linear" of Zeng et al. (2023) with a ridge penalty.

    Attributes:
        normalise: What is taken out of each window and added to its forecast again: "none", its
            "last" value, its "mean", or its mean and standard deviation ("standard").

    Raises:
        ConfigError: If a setting is out of range.
    """

    normalise: str = "none"

    def __post_init__(self) -> None:
        """Check the settings."""
        RidgeForecaster.__post_init__(self)
        check_normalise(self.normalise)

    def design(self, context: FloatArray) -> FloatArray:
        """Return the normalised values; the last column is left out where it would be zero."""
        return columns_of(context, self.normalise)

    def offset(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) levels taken out."""
        return centre_of(context, self.normalise)

    def scale(self, context: FloatArray) -> FloatArray:
        """Return (n_windows,) spreads divided by; zero for a constant window."""
        return spread_of(context, self.normalise)
