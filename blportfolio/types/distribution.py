"""The predictive distribution that priors return and objectives solve."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from blportfolio.errors import BLPortfolioWarning, DataError
from blportfolio.types.results import LatentViews
from blportfolio.validation import (
    FloatArray,
    aligned,
    check_covariance,
    check_labels,
    check_matrix,
    check_positive,
    check_vector,
    labels_of,
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReturnDistribution:
    """Predictive distribution of next-period returns, per period.

    A Series or DataFrame is put into the order of `assets` by its labels, or refused where they
    are others; an array, or a frame that pandas has only numbered, is taken by position.
    `from_moments` makes one of a mean and a covariance alone.

    Attributes:
        mean: (n_assets,) E[r].
        covariance: (n_assets, n_assets) predictive Cov[r] = Σ + Cov[θ].
        mean_covariance: (n_assets, n_assets) Cov[θ], the uncertainty of the mean.
        assets: (n_assets,) labels.
        views: Learned views, where the model has any.
        log_evidence: Log evidence of the model on this window, where it has one.
        scenarios: (n_scenarios, n_assets) equally likely joint returns, which objectives of the
            tail (CVaR) are computed from. A prior's `fit` gives the returns of its window, each
            asset's moved by a constant so that their mean is `mean`; their covariance is the
            sample's, whatever model of it the prior has.
        periods_per_year: Periods of the data in a year, where that is known.

    Raises:
        DataError: If there is no asset, shapes or labels disagree, or a covariance is not
            symmetric.
        ConfigError: If the periods in a year are no number above 0.
    """

    mean: FloatArray
    covariance: FloatArray
    mean_covariance: FloatArray
    assets: tuple[str, ...]
    views: LatentViews | None = None
    log_evidence: float | None = None
    scenarios: FloatArray | None = None
    periods_per_year: float | None = None

    def __post_init__(self) -> None:
        """Check once, and keep read-only copies, so that no later layer has to."""
        assets = check_labels(self.assets, name="assets")
        n_assets = len(assets)
        if not n_assets:
            raise DataError("`assets` is empty; a distribution needs at least one asset.")
        if self.periods_per_year is not None:
            check_positive(self.periods_per_year, name="periods_per_year")
        object.__setattr__(self, "assets", assets)
        mean = aligned(self.mean, assets, name="mean")
        object.__setattr__(self, "mean", check_vector(mean, n_assets, name="mean"))
        for name in ("covariance", "mean_covariance"):
            given = aligned(getattr(self, name), assets, name=name, axes=(0, 1))
            object.__setattr__(self, name, check_covariance(given, n_assets, name=name))
        if self.scenarios is not None:
            given = aligned(self.scenarios, assets, name="scenarios", axes=(1,))
            shape = np.shape(given)
            if len(shape) != 2 or not shape[0]:
                raise DataError(
                    f"`scenarios` must have shape (n_scenarios, {n_assets}), got {shape}; give a "
                    "row for each."
                )
            checked = check_matrix(given, (shape[0], n_assets), name="scenarios")
            object.__setattr__(self, "scenarios", checked)

    @classmethod
    def from_moments(
        cls,
        mean: ArrayLike,
        covariance: ArrayLike,
        *,
        mean_covariance: ArrayLike | None = None,
        assets: Iterable[object] | None = None,
        scenarios: ArrayLike | None = None,
        periods_per_year: float | None = None,
    ) -> ReturnDistribution:
        """Make a distribution of any mean and covariance, from wherever they come.

        Args:
            mean: (n_assets,) E[r], decimal per period.
            covariance: (n_assets, n_assets) Cov[r], decimal² per period.
            mean_covariance: (n_assets, n_assets) Cov[θ], part of `covariance`; None takes the mean
                as known, as Markowitz does.
            assets: (n_assets,) labels; by default those of the first of `mean`, `covariance` and
                the columns of `scenarios` that has any, else "0", "1" and so on.
            scenarios: (n_scenarios, n_assets) equally likely returns, for objectives of the tail.
            periods_per_year: Periods of the data in a year, for targets per year.

        Raises:
            DataError: If shapes or labels disagree, or a covariance is not symmetric.
            ConfigError: If the periods in a year are no number above 0.

        Warns:
            BLPortfolioWarning: If most means are beyond three times their volatility, as when a
                mean in percent, or per year, meets a covariance in decimals, or per day.
        """
        parts: dict[str, Any] = {"mean": mean, "covariance": covariance, "scenarios": scenarios}
        if assets is None:
            columns = scenarios.T if isinstance(scenarios, pd.DataFrame) else None
            labelled = {**parts, "scenarios": columns}
            found = (labels_of(values, name=name) for name, values in labelled.items())
            count = len(check_vector(mean, name="mean"))
            assets = next((labels for labels in found if labels), map(str, range(count)))
        names = check_labels(assets, name="assets")
        known = np.zeros((len(names),) * 2) if mean_covariance is None else mean_covariance
        parts["mean_covariance"] = known
        distribution = cls(**parts, assets=names, periods_per_year=periods_per_year)
        beyond = np.abs(distribution.mean) > 3 * np.sqrt(np.diagonal(distribution.covariance))
        if beyond.mean() > 0.5:
            warnings.warn(
                "Most of `mean` is beyond three times the volatility of its asset in `covariance`. "
                "Both must be decimals (0.01 for 1 %) of the same period.",
                BLPortfolioWarning,
                stacklevel=2,
            )
        return distribution

    def __repr__(self) -> str:
        """Say what it is of; `mean_series` and `covariance_frame` show the numbers."""
        few = ", ".join(self.assets[:5]) + (", …" if len(self.assets) > 5 else "")
        count = "no" if self.scenarios is None else len(self.scenarios)
        return f"ReturnDistribution({len(self.assets)} assets: {few}; {count} scenarios)"

    @property
    def mean_series(self) -> pd.Series:
        """(n_assets,) expected returns by asset."""
        return pd.Series(self.mean, index=pd.Index(self.assets, name="asset"), name="mean")

    @property
    def covariance_frame(self) -> pd.DataFrame:
        """(n_assets, n_assets) predictive covariance by asset."""
        labels = pd.Index(self.assets, name="asset")
        return pd.DataFrame(self.covariance, index=labels, columns=labels)

    def sample(self, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Draw (n, n_assets) next-period returns from the Gaussian predictive law."""
        return rng.multivariate_normal(self.mean, self.covariance, size=n, method="eigh")
