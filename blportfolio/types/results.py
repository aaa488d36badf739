"""What models and optimisers return: posteriors, views, distributions and solutions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.validation import (
    FloatArray,
    aligned,
    check_covariance,
    check_labels,
    check_matrix,
    check_vector,
    read_only,
)


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
class ReturnDistribution:
    """Predictive distribution of next-period returns, per period.

    A Series or DataFrame is put into the order of `assets` by its labels, or refused where they
    are others; an array, or a frame that pandas has only numbered, is taken by position.

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
        DataError: If shapes disagree or a covariance is not symmetric.
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
        object.__setattr__(self, "assets", assets)
        mean = aligned(self.mean, assets, name="mean")
        object.__setattr__(self, "mean", check_vector(mean, n_assets, name="mean"))
        for name in ("covariance", "mean_covariance"):
            given = aligned(getattr(self, name), assets, name=name, axes=(0, 1))
            object.__setattr__(self, name, check_covariance(given, n_assets, name=name))
        if self.scenarios is not None:
            given = aligned(self.scenarios, assets, name="scenarios", axes=(1,))
            rows = len(np.atleast_1d(np.asarray(given)))
            checked = check_matrix(given, (rows, n_assets), name="scenarios")
            object.__setattr__(self, "scenarios", checked)

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
