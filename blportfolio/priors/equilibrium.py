"""The equilibrium prior: expected returns at which a reference portfolio is optimal."""

from __future__ import annotations

from dataclasses import dataclass, field

from blportfolio.covariance import SampleCovariance
from blportfolio.priors.base import ArrayPrior, check_reference, equilibrium_mean
from blportfolio.types import CovarianceModel, Moments, WindowArrays
from blportfolio.validation import check_positive


@dataclass(frozen=True, slots=True)
class EquilibriumPrior(ArrayPrior):
    """θ ~ N(δ(Σ + τΣ)w, τΣ), so that the reference w is optimal before any view.

    Attributes:
        reference: Portfolio w: equal, inverse_variance, inverse_volatility, market_cap (needs
            market weights) or min_variance (long-only).
        risk_aversion: δ > 0.
        tau: τ > 0, the uncertainty of the mean as a share of Σ.
        covariance: Model of Σ.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma C.1; He and Litterman (1999) have
        δΣw.
    """

    reference: str = "inverse_variance"
    risk_aversion: float = 2.5
    tau: float = 0.05
    covariance: CovarianceModel = field(default_factory=SampleCovariance)

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_reference(self.reference)
        check_positive(self.risk_aversion, name="risk_aversion")
        check_positive(self.tau, name="tau")

    def fit_arrays(self, window: WindowArrays) -> Moments:
        """Return the equilibrium mean and Σ + τΣ."""
        sigma = self.covariance.fit_arrays(window.returns)
        mean = equilibrium_mean(self, sigma, window)
        return Moments(mean, (1 + self.tau) * sigma, self.tau * sigma)
