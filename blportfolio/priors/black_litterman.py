"""Classic Black-Litterman with explicit views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blportfolio.bayes.gaussian import gaussian_update
from blportfolio.covariance import SampleCovariance
from blportfolio.errors import ConfigError, DataError
from blportfolio.priors.base import ArrayPrior, check_reference, equilibrium_mean
from blportfolio.types import ArrayViews, CovarianceModel, FloatArray, Moments, WindowArrays
from blportfolio.validation import check_positive, nearest_name


@dataclass(frozen=True, slots=True)
class View:
    """One view: the portfolio `pick` is expected to return `value` a period.

    Attributes:
        pick: Weights by asset, for example {"AAPL": 1, "MSFT": -1} for a relative view.
        value: Expected return, decimal per period of the data.
        variance: ω ≥ 0 of the view, decimal² per period; by default τ pΣpᵀ (He and Litterman).
    """

    pick: Mapping[str, float]
    value: float
    variance: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not isinstance(self.pick, Mapping) or not any(self.pick.values()):
            raise ConfigError(
                'A view\'s `pick` must give some asset a weight other than 0, like {"AAPL": 1}.'
            )
        numbers = [*self.pick.values(), self.value]
        if not all(
            isinstance(number, int | float | np.number) and np.isfinite(number)
            for number in numbers
        ):
            raise ConfigError("A view's `pick` and `value` must be finite numbers.")
        if self.variance is not None and not (
            isinstance(self.variance, int | float | np.number) and 0 <= self.variance < np.inf
        ):
            raise ConfigError(f"A view's `variance` must be 0 or more, got {self.variance}.")

    @property
    def label(self) -> str:
        """The view in words, for tables."""
        terms = " ".join(f"{weight:+g} {asset}" for asset, weight in self.pick.items())
        return f"{terms} = {self.value:g}"


@dataclass(frozen=True, slots=True)
class BlackLittermanPrior(ArrayPrior):
    """Equilibrium prior updated by views Pθ = q + ε, ε ~ N(0, Ω), Ω diagonal.

    Attributes:
        views: One `View` at least.
        reference: Reference portfolio of the equilibrium, as in `EquilibriumPrior`.
        risk_aversion: δ > 0.
        tau: τ > 0.
        covariance: Model of Σ.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma 2.1; He and Litterman (1999).
    """

    views: tuple[View, ...]
    reference: str = "inverse_variance"
    risk_aversion: float = 2.5
    tau: float = 0.05
    covariance: CovarianceModel = field(default_factory=SampleCovariance)

    def __post_init__(self) -> None:
        """Check the parameters."""
        given: Any = self.views
        views = tuple(given) if isinstance(given, Sequence) else ()
        if not views or not all(isinstance(view, View) for view in views):
            raise ConfigError(
                "`views` must be a tuple of one `View` at least; without any, use equilibrium."
            )
        object.__setattr__(self, "views", views)
        check_reference(self.reference)
        check_positive(self.risk_aversion, name="risk_aversion")
        check_positive(self.tau, name="tau")

    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return the posterior mean and Σ + Cov[θ].

        In a backtest a view on an asset that is not eligible is left out at that decision.

        Raises:
            DataError: If a view names an asset that the data do not hold, or views held with
                certainty contradict each other.
        """
        sigma = self.covariance.fit_arrays(window.returns)
        sigma0 = self.tau * sigma
        theta0 = equilibrium_mean(self, sigma, window)
        rows = [_pick_row(view, window) for view in self.views]
        held = [view for view, row in zip(self.views, rows, strict=True) if row is not None]
        remarks = tuple(
            f"The view `{view.label}` was left out: not all its assets are eligible."
            for view, row in zip(self.views, rows, strict=True)
            if row is None
        )
        if not held:
            return Moments(theta0, sigma + sigma0, sigma0, remarks=remarks)
        pick = np.vstack([row for row in rows if row is not None])
        values = np.array([view.value for view in held])
        default = self.tau * np.einsum("km,mn,kn->k", pick, sigma, pick)
        given = [view.variance for view in held]
        omega = np.diag([d if v is None else v for v, d in zip(given, default, strict=True)])
        posterior = gaussian_update(theta0, sigma0, pick, values, omega)
        if posterior.log_evidence == -np.inf:
            raise DataError(
                "`views` held with certainty contradict each other; give them a `variance` or "
                "drop one."
            )
        labels = tuple(view.label for view in held)
        return Moments(
            posterior.mean,
            sigma + posterior.covariance,
            posterior.covariance,
            ArrayViews(pick, values, omega, theta0, sigma0, labels),
            posterior.log_evidence,
            remarks,
        )


def _pick_row(view: View, window: WindowArrays) -> FloatArray | None:
    """Return the view's row of P, or None when it is on an asset that is not eligible now."""
    known = window.universe or window.assets
    for asset in view.pick:
        if asset not in known:
            raise DataError(
                f"The view `{view.label}` names {asset!r}, which is not in the data. "
                f"{nearest_name(asset, known)}"
            )
    if any(asset not in window.assets for asset in view.pick):
        return None
    row = np.zeros(len(window.assets))
    for asset, weight in view.pick.items():
        row[window.assets.index(asset)] = weight
    return row
