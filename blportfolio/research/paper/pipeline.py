"""The paper's literal pipeline as a research prior; it looks ahead, and is no strategy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blportfolio.bayes.gaussian import gaussian_update
from blportfolio.bayes.hyperparameters import silverman_factor
from blportfolio.errors import ConfigError
from blportfolio.research.paper.indicators import INDICATORS
from blportfolio.research.paper.levels import (
    QUANTITIES,
    REGRESSIONS,
    LevelView,
    PriceLevels,
    RegressionTable,
    level_views,
)
from blportfolio.types import FloatArray, IntArray, ReturnDistribution, TrainingWindow
from blportfolio.validation import check_choice, check_positive

COVARIANCES = ("published", "corrected")


@dataclass(frozen=True, slots=True, eq=False)
class LiteralPrior:
    """What the authors' study computes, switch by switch, for research only.

    Each asset's adjusted price *level* is regressed on nine indicators in price units of the same
    day; B are the coefficients, Λ = B diag(h Var f) Bᵀ, and the predicted mean price p̂ enters as
    a view on the mean *return*: E[r] = (Σ + M)(Σ⁻¹ r̄/τ + Λ⁻¹ p̂) with M = ((τΣ)⁻¹ + Λ⁻¹)⁻¹, and
    Cov[r] = Σ + M.

    It looks ahead: adjusted prices are smaller the more dividends and splits are still to come, so
    a tilt to low ones is a tilt to later winners; OBV is scaled by the range of the full sample.
    Prices are looked up by date in `levels`, as no window of the engine holds them. It is in no
    registry, so that no strategy file can name it.

    Attributes:
        levels: Price levels and indicators of the market that the backtest runs on.
        regression: `svr` or `none`, as in `level_views`; with `none` no feature is
            used, p̂ is the mean price of the window and Λ = h diag(Var p).
        quantity: What takes the part of the price: `adjusted_price` as published; `raw_price`, in
            units of the price quoted on the day of the decision; `relative_price`, over the last
            price; or `return`, which mends the units and needs `regression` "none".
        covariance: `published`, or `corrected` for the posterior mean M(Σ⁻¹ r̄/τ + Λ⁻¹ p̂), in
            which M multiplies and not Σ + M.
        tau: τ > 0; 1 in the study.
        table: SVRs of adjusted prices made in advance; a window it lacks is regressed on the spot.

    References:
        Lin, Hu, Chiou and Lin (2025), arXiv 2505.02185, Appendix A and Section 4; the details are
        facts about the scripts that the authors released.
    """

    levels: PriceLevels = field(repr=False)
    regression: str = "svr"
    quantity: str = "adjusted_price"
    covariance: str = "published"
    tau: float = 1.0
    table: RegressionTable | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the switches.

        Raises:
            ConfigError: If one is unknown, or two do not go together.
        """
        check_choice(self.regression, REGRESSIONS, name="regression")
        check_choice(self.quantity, QUANTITIES, name="quantity")
        check_choice(self.covariance, COVARIANCES, name="covariance")
        check_positive(self.tau, name="tau")
        if self.quantity == "return" and self.regression != "none":
            raise ConfigError(
                '`quantity` "return" needs `regression` "none": an SVR with ε = 0.1 takes every '
                "daily return for noise. SharedLatentPrior regresses returns."
            )
        chosen = (self.regression, self.quantity)
        if self.table is not None and chosen != ("svr", "adjusted_price"):
            raise ConfigError(
                '`table` holds regressions "svr" of "adjusted_price", not '
                f"{self.regression!r} of {self.quantity!r}; leave it out."
            )

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Return the distribution that the study's weights maximise the Sharpe ratio of.

        Args:
            window: (n_obs, n_assets) returns; the price levels are looked up by its date.

        Raises:
            DataError: If the price levels lack a date or an asset of the window.
        """
        returns = window.returns.to_numpy(dtype=float)
        sigma = np.atleast_2d(np.cov(returns, rowvar=False))
        views = self._views(window)
        seen = np.array([i for i, view in enumerate(views) if view is not None], dtype=int)
        said = [view for view in views if view is not None]
        factor = silverman_factor(len(INDICATORS) * len(views), len(returns))
        mean, mean_covariance = literal_mix(
            returns.mean(axis=0),
            sigma,
            np.array([view.mean for view in said]),
            factor * np.array([view.variance for view in said]),
            seen=seen,
            tau=self.tau,
            covariance=self.covariance,
        )
        return ReturnDistribution(
            mean=mean,
            covariance=sigma + mean_covariance,
            mean_covariance=mean_covariance,
            assets=window.assets,
            periods_per_year=window.periods_per_year,
        )

    def _views(self, window: TrainingWindow) -> tuple[LevelView | None, ...]:
        returns = window.returns
        if self.quantity == "return":
            moments = zip(returns.mean(), returns.var(ddof=1), strict=True)
            return tuple(LevelView(float(mean), float(variance)) for mean, variance in moments)
        date = returns.index[-1]
        row, columns = self.levels.row(date), self.levels.columns(window.assets)
        if self.table is not None and self.table.n_obs == len(returns):
            known = self.table.views.get(date, {})
            if set(window.assets) <= set(known):
                return tuple(known[asset] for asset in window.assets)
        prices, indicators = self.levels.window(row, columns, len(returns), self.quantity)
        return level_views(prices, indicators, regression=self.regression)


def literal_mix(
    sample_mean: FloatArray,
    sigma: FloatArray,
    levels: FloatArray,
    level_variances: FloatArray,
    *,
    seen: IntArray | None = None,
    tau: float = 1.0,
    covariance: str = "published",
) -> tuple[FloatArray, FloatArray]:
    """Mix sample means with price levels as the study does.

    With M = ((τΣ)⁻¹ + Λ⁻¹)⁻¹ and s = Σ⁻¹r̄/τ + Λ⁻¹p̂ the posterior mean is Ms (`corrected`). The
    study has (Σ + M)s = Ms + r̄/τ + ΣΛ⁻¹p̂ (`published`).

    Args:
        sample_mean: (n_assets,) r̄, decimal per period.
        sigma: (n_assets, n_assets) Σ, decimal² per period.
        levels: (n_seen,) p̂, in units of price.
        level_variances: (n_seen,) diagonal of Λ, price².
        seen: (n_seen,) positions of the assets with a view; by default all.
        tau: τ > 0.
        covariance: `published` or `corrected`.

    Returns:
        The (n_assets,) expected return and (n_assets, n_assets) M.
    """
    positions = np.arange(len(sample_mean)) if seen is None else np.asarray(seen, dtype=int)
    if not len(positions):
        mean = sample_mean * (1 + 1 / tau) if covariance == "published" else sample_mean
        return mean, tau * sigma
    pick = None if len(positions) == len(sample_mean) else np.eye(len(sample_mean))[positions]
    posterior = gaussian_update(sample_mean, tau * sigma, pick, levels, np.diag(level_variances))
    if covariance == "corrected":
        return posterior.mean, posterior.covariance
    slip = sample_mean / tau + sigma[:, positions] @ (levels / level_variances)
    return posterior.mean + slip, posterior.covariance
