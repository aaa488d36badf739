"""What the views of one decision did: prior, view and posterior, trust, surprise, attribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.errors import DataError
from blportfolio.types import FloatArray, LatentViews, ReturnDistribution


@dataclass(frozen=True, slots=True, eq=False)
class ViewExplanation:
    """Tables of what the views of one decision did.

    Means are multiplied by the periods of a year, and so are variances, as in the notation of
    stated views: Black-Litterman with Σ of a year. A standard deviation per year is thus that per
    period times the square root of the periods.

    Attributes:
        assets: By asset `prior`, `view` and `posterior` mean with `…_sd`, and `change`, posterior
            less prior. `view` is the learned view, or else a stated one, on that asset alone, and
            NaN where it has none; `view_sd` is from the effective view covariance, with which the
            posterior mean is that of classic Black-Litterman.
        views: By view `prior` (pθ0), `view` (what features or investor said), `posterior` (pE[θ])
            with `…_sd`; `expected`, E[q]; `omega_sd`, root of Ω's diagonal; `surprise`, in
            standard deviations of one period; `trust`; and `removed`.
        attribution: (n_assets, n_views) what each view added to each expected return.
        before: (n_assets, n_assets) correlations of the expected returns beforehand, of Σ0.
        after: The same afterwards, of Cov[θ].
        unit: "per year" or "per period".
        heeded: Σ trust, how many whole views the posterior followed.
        periods_per_year: By which figures per year were multiplied; 1 for figures per period.
    """

    assets: pd.DataFrame
    views: pd.DataFrame
    attribution: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    unit: str
    heeded: float
    periods_per_year: float

    def largest_effect(self) -> tuple[str, str, float]:
        """Return asset and view of the largest entry of `attribution`, and that entry."""
        values = self.attribution.to_numpy()
        row, column = divmod(int(np.abs(values).argmax()), values.shape[1])
        return (
            str(self.attribution.index[row]),
            str(self.attribution.columns[column]),
            float(values[row, column]),
        )


def explain_views(
    distribution: ReturnDistribution, *, annual: bool = True, learned: int | None = None
) -> ViewExplanation:
    """Explain a posterior by its views.

    Trust in view i is [A(A + V)⁻¹]_ii, A = PΣ0Pᵀ and V the effective view covariance: by how much
    pE[θ] follows its own view when that moves by 1, the others held. It is 0 where Ω → ∞, 1 where
    Ω → 0, τσ²/(τσ² + ω) for one asset; views that say the same share it. Beside it stands
    `removed`, 1 − pᵀCov[θ]p / pᵀΣ0p, the share of the prior's variance that all views together
    took away.

    Args:
        distribution: What a prior with views returned.
        annual: Whether figures are per year, where the periods in it are known.
        learned: How many of the views, the first, were learned; None for all.

    Returns:
        Tables by asset and by view.

    Raises:
        DataError: If there are no views to explain.

    References:
        He and Litterman (1999); Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Lemma 2.1.
    """
    views = distribution.views
    if views is None or not len(views.labels):
        raise DataError(
            "`distribution` holds no views to explain: no asset has all it needs for one. Choose "
            "features that these assets have, a longer window, or state a view."
        )
    periods = distribution.periods_per_year if annual else None
    scale = 1.0 if periods is None else float(periods)
    labels = pd.Index(distribution.assets, name="asset")
    by_view, trust = _by_view(distribution, views, scale)
    count = len(views.labels) if learned is None else learned
    by_view.insert(0, "kind", ["learned"] * count + ["stated"] * (len(by_view) - count))
    own, own_sd = _own_views(views, scale)
    prior, posterior = scale * views.prior_mean, scale * distribution.mean
    assets = pd.DataFrame(
        {
            "prior": prior,
            "prior_sd": _deviations(views.prior_covariance, scale),
            "view": own,
            "view_sd": own_sd,
            "posterior": posterior,
            "posterior_sd": _deviations(distribution.mean_covariance, scale),
            "change": posterior - prior,
        },
        index=labels,
    )
    return ViewExplanation(
        assets=assets,
        views=by_view,
        attribution=pd.DataFrame(
            scale * views.attribution, index=labels, columns=by_view.index.rename("view")
        ),
        before=correlations(views.prior_covariance, distribution.assets),
        after=correlations(distribution.mean_covariance, distribution.assets),
        unit="per period" if periods is None else "per year",
        heeded=float(trust.sum()),
        periods_per_year=scale,
    )


def correlations(covariance: FloatArray, assets: Sequence[str]) -> pd.DataFrame:
    """Return (n_assets, n_assets) correlations; 0 beside an entry without variance."""
    deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    product = np.outer(deviation, deviation)
    values = np.divide(covariance, product, out=np.zeros_like(product), where=product > 0)
    np.fill_diagonal(values, 1.0)
    labels = pd.Index(assets, name="asset")
    return pd.DataFrame(np.clip(values, -1.0, 1.0), index=labels, columns=labels)


def _by_view(
    distribution: ReturnDistribution, views: LatentViews, scale: float
) -> tuple[pd.DataFrame, FloatArray]:
    pick = views.pick
    said = views.mean if views.datum is None else views.datum
    prior, posterior = pick @ views.prior_mean, pick @ distribution.mean
    before = _variances(pick @ views.prior_covariance @ pick.T)
    after = _variances(pick @ distribution.mean_covariance @ pick.T)
    trust = views.weight
    frame = pd.DataFrame(
        {
            "prior": scale * prior,
            "prior_sd": np.sqrt(scale * before),
            "view": scale * said,
            "view_sd": _deviations(views.effective_view_covariance, scale),
            "posterior": scale * posterior,
            "posterior_sd": np.sqrt(scale * after),
            "expected": scale * views.mean,
            "expected_sd": _deviations(views.covariance, scale),
            "omega_sd": _deviations(views.omega, scale),
            "surprise": views.surprise,
            "trust": trust,
            "removed": 1 - np.divide(after, before, out=np.ones_like(after), where=before > 0),
        },
        index=pd.Index(_unique(views.labels), name="view"),
    )
    return frame, trust


def _own_views(views: LatentViews, scale: float) -> tuple[FloatArray, FloatArray]:
    """Return for each asset the first view on it alone and its deviation; NaN where none is."""
    n_assets = views.pick.shape[1]
    mean, deviation = np.full(n_assets, np.nan), np.full(n_assets, np.nan)
    said = views.mean if views.datum is None else views.datum
    spread = _deviations(views.effective_view_covariance, scale)
    for row in reversed(range(len(said))):
        held = np.flatnonzero(views.pick[row])
        if len(held) == 1:
            weight = views.pick[row, held[0]]
            mean[held[0]] = scale * said[row] / weight
            deviation[held[0]] = spread[row] / abs(weight)
    return mean, deviation


def _unique(labels: Sequence[str]) -> list[str]:
    """Return labels, with a number behind those that stand there already."""
    found: list[str] = []
    for label in labels:
        name, count = label, 1
        while name in found:
            count += 1
            name = f"{label} ({count})"
        found.append(name)
    return found


def _variances(matrix: FloatArray) -> FloatArray:
    # Rounding can leave a variance of 0 just below it; NaN, for Ω without a mean, stays.
    found: FloatArray = np.maximum(np.diagonal(matrix), 0.0)
    return found


def _deviations(covariance: FloatArray, scale: float) -> FloatArray:
    found: FloatArray = np.sqrt(scale * _variances(covariance))
    return found
