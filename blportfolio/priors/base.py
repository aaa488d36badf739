"""What priors share: labels around the array core, and the reference portfolio."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

import numpy as np

from blportfolio.bayes.linalg import factorise
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError
from blportfolio.optimise import MinVariance
from blportfolio.types import (
    ArrayViews,
    FloatArray,
    LatentViews,
    Moments,
    ReturnDistribution,
    TrainingWindow,
    WindowArrays,
)
from blportfolio.validation import check_choice, check_vector

REFERENCES = ("equal", "inverse_variance", "inverse_volatility", "market_cap", "min_variance")


class ArrayPrior(ABC):
    """A prior defined by `fit_arrays`."""

    __slots__ = ()

    @abstractmethod
    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return the moments for unchecked arrays."""

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Fit to everything in `window`.

        Args:
            window: Returns (n_obs, n_assets) and whatever else the model needs.

        Returns:
            Predictive mean and covariance per period, with the learned views where there are any,
            and the window's returns, moved to that mean, as scenarios.

        Raises:
            DataError: If the window is none, has one row, or lacks what the model needs.
            ConfigError: If `covariance` is no covariance model.
        """
        return self.labelled(window, self.fit_arrays)

    def labelled(
        self, window: TrainingWindow, fit_arrays: Callable[[WindowArrays], Moments]
    ) -> ReturnDistribution:
        """Check `window`, put labels on what `fit_arrays` makes of it, and warn of its doubts."""
        if not isinstance(window, TrainingWindow):
            raise DataError(
                f"`window` must be a TrainingWindow, got {type(window).__name__}. Make one with "
                "make_window(market, …) or TrainingWindow(returns)."
            )
        model = getattr(self, "covariance", None)
        if model is not None and (isinstance(model, type) or not hasattr(model, "fit_arrays")):
            raise ConfigError(
                f"`covariance` must be a model such as SampleCovariance(), got {model!r}."
            )
        if len(window.returns) < 2:
            raise DataError("`window` must hold two returns at least to estimate a covariance.")
        arrays = window.arrays()
        moments = fit_arrays(arrays)
        for doubt in moments.doubts:
            warnings.warn(doubt, BLPortfolioWarning, stacklevel=3)
        return as_distribution(moments, arrays)


def as_distribution(moments: Moments, window: WindowArrays) -> ReturnDistribution:
    """Put labels on moments, explain their views, and add the window's returns as scenarios."""
    mean = check_vector(moments.mean, len(window.assets), name="mean")
    return ReturnDistribution(
        mean=mean,
        covariance=moments.covariance,
        mean_covariance=moments.mean_covariance,
        assets=window.assets,
        views=None if moments.views is None else explain_views(moments.views),
        log_evidence=moments.log_evidence,
        scenarios=window.scenarios(mean),
        periods_per_year=window.periods_per_year,
    )


def explain_views(views: ArrayViews) -> LatentViews:
    """Return how surprising each view was and what it did to each expected return.

    With the effective view covariance V the posterior mean is that of classic Black-Litterman,
    θ0 + Σ0Pᵀ(PΣ0Pᵀ + V)⁻¹d, which is a sum over views.
    """
    pick = views.pick
    cross = views.prior_covariance @ pick.T
    spread = pick @ cross
    innovation = views.datum - pick @ views.prior_mean
    total = spread + views.effective
    total = (total + total.T) / 2
    gain: FloatArray
    try:
        gain = factorise(total).solve(np.ascontiguousarray(cross.T)).T
    except DataError:  # an average of posteriors that pull in opposite directions
        gain = np.asarray(np.linalg.lstsq(total, cross.T, rcond=None)[0].T, dtype=float)
    deviation = np.sqrt(np.diagonal(spread + views.expected))
    return LatentViews(
        pick=pick,
        mean=views.mean,
        covariance=views.covariance,
        omega=views.omega,
        effective_view_covariance=views.effective,
        surprise=np.divide(
            innovation, deviation, out=np.zeros_like(innovation), where=deviation > 0
        ),
        prior_mean=views.prior_mean,
        prior_covariance=views.prior_covariance,
        attribution=gain * innovation,
        labels=views.labels,
        datum=views.datum,
    )


def check_reference(reference: str) -> None:
    """Check the name of a reference portfolio.

    Raises:
        ConfigError: If it is unknown.
    """
    check_choice(reference, REFERENCES, name="reference")


def reference_weights(reference: str, covariance: FloatArray, window: WindowArrays) -> FloatArray:
    """Return the (n_assets,) weights of a reference portfolio, summing to 1.

    Raises:
        DataError: If `market_cap` is wanted and the window has no market weights.
    """
    size = len(covariance)
    if reference == "equal":
        return np.full(size, 1 / size)
    if reference == "market_cap":
        if window.market_weights is None:
            raise DataError(
                "The reference portfolio `market_cap` needs market weights, which these data "
                "lack. Give `market_weights`, or choose another reference: equal, "
                "inverse_variance, inverse_volatility or min_variance."
            )
        return window.market_weights
    if reference == "min_variance":
        return MinVariance().solve_arrays(np.ones(size), covariance).weights
    variance = np.diagonal(covariance)
    raw = 1 / variance if reference == "inverse_variance" else 1 / np.sqrt(variance)
    weights: FloatArray = raw / raw.sum()
    return weights


class Equilibrium(Protocol):
    """What an equilibrium mean depends on."""

    @property
    def reference(self) -> str:
        """Name of the reference portfolio."""
        ...

    @property
    def risk_aversion(self) -> float:
        """δ > 0."""
        ...

    @property
    def tau(self) -> float:
        """τ > 0."""
        ...


def equilibrium_mean(
    prior: Equilibrium, covariance: FloatArray, window: WindowArrays
) -> FloatArray:
    """Return (n_assets,) θ0 = δ(Σ + τΣ)w, at which the reference w is optimal before any view.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma C.1.
    """
    weights = reference_weights(prior.reference, covariance, window)
    mean: FloatArray = prior.risk_aversion * (1 + prior.tau) * (covariance @ weights)
    return mean
