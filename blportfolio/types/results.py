"""What models return besides a distribution: posteriors, views and moments as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blportfolio.validation import FloatArray, read_only


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Gaussian posterior of the expected returns θ.

    Attributes:
        mean: (n_assets,) E[θ], decimal per period.
        covariance: (n_assets, n_assets) Cov[θ], decimal² per period.
        log_evidence: Log density of the views (or features) under the model.
    """

    mean: FloatArray
    covariance: FloatArray
    log_evidence: float


@dataclass(frozen=True, slots=True, eq=False)
class FeatureInfluencedPosterior:
    """Posterior of θ, of the latent views q and of their covariance Ω under FIV-BL.

    Attributes:
        mean: (n_assets,) E[θ], decimal per period.
        covariance: (n_assets, n_assets) Cov[θ], decimal² per period.
        view_mean: (n_views,) E[q].
        view_covariance: (n_views, n_views) Cov[q].
        omega_mean: (n_views, n_views) E[Ω]; NaN where ν is too small for one.
        effective_view_covariance: (n_views, n_views) view covariance with which classic
            Black-Litterman has exactly this E[θ].
        log_evidence: Log density of what the features say about the views.
    """

    mean: FloatArray
    covariance: FloatArray
    view_mean: FloatArray
    view_covariance: FloatArray
    omega_mean: FloatArray
    effective_view_covariance: FloatArray
    log_evidence: float


@dataclass(frozen=True, slots=True, eq=False)
class LatentViews:
    """Learned views, their uncertainty, and what each did to the expected returns.

    Attributes:
        pick: (n_views, n_assets) P.
        mean: (n_views,) E[q], decimal per period.
        covariance: (n_views, n_views) Cov[q].
        omega: (n_views, n_views) Ω, or its expectation; NaN where that does not exist.
        effective_view_covariance: (n_views, n_views) V, the view covariance with which classic
            Black-Litterman, told `datum`, has the same posterior mean.
        surprise: (n_views,) z, how far what was learned or stated lies from Pθ0, in standard
            deviations that model and prior allow for.
        prior_mean: (n_assets,) θ0.
        prior_covariance: (n_assets, n_assets) Σ0.
        attribution: (n_assets, n_views) what each view added to each expected return; rows sum
            to posterior minus prior mean.
        labels: (n_views,) names.
        datum: (n_views,) what the features or the investor said of Pθ; `mean` where that is q.
    """

    pick: FloatArray
    mean: FloatArray
    covariance: FloatArray
    omega: FloatArray
    effective_view_covariance: FloatArray
    surprise: FloatArray
    prior_mean: FloatArray
    prior_covariance: FloatArray
    attribution: FloatArray
    labels: tuple[str, ...]
    datum: FloatArray | None = None

    def __post_init__(self) -> None:
        """Keep read-only copies."""
        if self.datum is None:
            object.__setattr__(self, "datum", self.mean)
        for name in self.__slots__:
            if name != "labels":
                object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def weight(self) -> FloatArray:
        """(n_views,) weight each view received: how far pE[θ] follows its own q.

        The diagonal of A(A + V)⁻¹ with A = PΣ0Pᵀ and V the effective view covariance: 0 for a view
        that is ignored, 1 for one that is believed outright. Views that say the same share their
        weight; correlated view errors can carry a single figure outside [0, 1].
        """
        spread = self.pick @ self.prior_covariance @ self.pick.T
        # A Moore-Penrose solve: views held with certainty may repeat each other.
        total = spread + self.effective_view_covariance
        shares = np.linalg.lstsq((total + total.T) / 2, spread, rcond=None)[0]
        return read_only(np.diagonal(shares))


@dataclass(frozen=True, slots=True, eq=False)
class ArrayViews:
    """The views of one decision, unchecked.

    Attributes:
        pick: (n_views, n_assets) P.
        mean: (n_views,) E[q].
        omega: (n_views, n_views) Ω, or its expectation.
        prior_mean: (n_assets,) θ0.
        prior_covariance: (n_assets, n_assets) Σ0.
        labels: (n_views,) names.
        covariance: (n_views, n_views) Cov[q].
        effective: (n_views, n_views) effective view covariance.
        datum: (n_views,) what the prior was confronted with.
        expected: (n_views, n_views) view covariance expected before the datum was seen, by which
            surprise is measured.
    """

    pick: FloatArray
    mean: FloatArray
    omega: FloatArray
    prior_mean: FloatArray
    prior_covariance: FloatArray
    labels: tuple[str, ...]
    covariance: FloatArray
    effective: FloatArray
    datum: FloatArray
    expected: FloatArray

    @classmethod
    def known(
        cls,
        pick: FloatArray,
        views: FloatArray,
        omega: FloatArray,
        prior_mean: FloatArray,
        prior_covariance: FloatArray,
        labels: tuple[str, ...],
    ) -> ArrayViews:
        """Return views q that are known, and whose covariance Ω is: all else follows."""
        return cls(
            pick,
            views,
            omega,
            prior_mean,
            prior_covariance,
            labels,
            covariance=omega,
            effective=omega,
            datum=views,
            expected=omega,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """A `ReturnDistribution` as unchecked arrays: what `fit_arrays` returns.

    `remarks` say which view or feature was left out, and why. `doubts` say what may be a slip of
    the user: `fit` warns of them. A backtest notes both.
    """

    mean: FloatArray
    covariance: FloatArray
    mean_covariance: FloatArray
    views: ArrayViews | None = None
    log_evidence: float | None = None
    remarks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
