"""Settings of a contest of forecasters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.forecasters.checks import check_whole
from blportfolio.validation import shown


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """How the contest is held; the same for every forecaster.

    Attributes:
        context_length: Values that a forecaster may look at.
        horizons: Rows ahead. Of returns the total over the horizon is forecast, of levels each
            step.
        test_share: Latest share of the rows, on which forecasters are judged.
        n_refits: How often each is fitted, at the start of the test and then at equal distances,
            each time to all that is known.
        n_seeds: Runs, each with a seed of its own, of those that draw random numbers.
        seed: First of these seeds, and that of the bootstrap.
        max_windows: Most windows of 20 values that one which is trained step by step learns from
            at a fit, drawn from all of time and all series; of longer ones fewer, a thousand at
            least. Closed forms learn from all.
        confidence_size: Probability that the best is not in the model confidence set.
        n_resamples: Bootstrap samples for it.

    Raises:
        ConfigError: If a setting is out of range.
    """

    context_length: int = 20
    horizons: tuple[int, ...] = (1, 5)
    test_share: float = 0.4
    n_refits: int = 5
    n_seeds: int = 3
    seed: int = 0
    max_windows: int = 10_000
    confidence_size: float = 0.1
    n_resamples: int = 1_000

    def __post_init__(self) -> None:
        """Check the settings."""
        least = {"seed": 0, "max_windows": 60, "n_resamples": 100}
        for name in ("context_length", "n_refits", "n_seeds", *least):
            check_whole(getattr(self, name), least.get(name, 1), name=name)
        try:
            horizons = tuple(sorted(set(self.horizons)))
        except TypeError as error:
            raise ConfigError(
                f"`horizons` must be whole numbers such as (1, 5), got {shown(self.horizons)}."
            ) from error
        if not horizons:
            raise ConfigError("`horizons` must name one or more; for example (1, 5).")
        for horizon in horizons:
            check_whole(horizon, 1, name="horizons")
        object.__setattr__(self, "horizons", horizons)
        for name, most in (("test_share", 0.9), ("confidence_size", 0.5)):
            value = getattr(self, name)
            is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not is_number or not 0 < value <= most:
                raise ConfigError(
                    f"`{name}` must be a number above 0 and at most {most}, got {shown(value)}."
                )

    @property
    def training_windows(self) -> int:
        """Most windows of this context that one which is trained step by step learns from."""
        as_many_values = self.max_windows * 20 // self.context_length
        return min(self.max_windows, max(1_000, as_many_values))

    def quick(self) -> ComparisonSettings:
        """Return settings for a first look: two fits, one seed, few training windows."""
        return replace(
            self,
            n_refits=min(self.n_refits, 2),
            n_seeds=1,
            max_windows=min(self.max_windows, 4_000),
            n_resamples=min(self.n_resamples, 500),
        )

    def resolved(self) -> dict[str, Any]:
        """Return the settings ready for JSON."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in self.__dataclass_fields__
        }
