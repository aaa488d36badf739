"""The steps from Markowitz to the paper's numbers and on to an honest model, one change each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from blportfolio.backtest import Strategy
from blportfolio.data import MarketData
from blportfolio.features import FeatureChoice, choose_features
from blportfolio.features.true_range import ADX, ATR
from blportfolio.optimise import MaxSharpe
from blportfolio.priors import HistoricalPrior, SharedLatentPrior
from blportfolio.research.paper.levels import PriceLevels, RegressionTable
from blportfolio.research.paper.pipeline import LiteralPrior
from blportfolio.types import Prior, ReturnDistribution, TrainingWindow

MARKOWITZ = "Markowitz"
LITERAL = "Literal pipeline"
NO_FEATURES = "No features"
RAW_PRICES = "Raw prices"
RELATIVE_PRICES = "Relative prices"
UNITS_REPAIRED = "Units repaired"
COVARIANCE_REPAIRED = "Covariance repaired"
SAME_DAY_FEATURES = "SLP-BL, same-day features"
LAGGED_FEATURES = "SLP-BL, lagged features"
OBV_TO_DATE = "Literal pipeline, OBV scaled to date"
LITERAL_CORRECTED = "Literal pipeline, covariance corrected"
INVERSE_VARIANCE = "Inverse variance"
PRICE_TILT = "Inverse variance / adjusted price"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the decomposition before it is run.

    Attributes:
        name: Its name.
        what_changed: What is other than in the row it is compared with, in a sentence.
        compared_with: Name of that row; None for the first.
        in_chain: Whether it is a link of the chain whose differences add up, or stands beside it.
        strategy: What is run.
    """

    name: str
    what_changed: str
    compared_with: str | None
    in_chain: bool
    strategy: Strategy


@dataclass(frozen=True, slots=True, eq=False)
class VariancePortfolio:
    """Max Sharpe of it holds assets in proportion to 1 / variance, or 1 / (variance × price).

    Attributes:
        levels: Adjusted prices to divide by, which looks ahead; None for none.
    """

    levels: PriceLevels | None = field(default=None, repr=False)

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Return a diagonal covariance, and means that make those weights optimal."""
        variance = window.returns.to_numpy(dtype=float).var(axis=0, ddof=1)
        mean = np.full(len(variance), float(variance.mean()))
        if self.levels is not None:
            row = self.levels.row(window.returns.index[-1])
            price = self.levels.prices[row, self.levels.columns(window.assets)]
            mean = mean * float(price.mean()) / price
        return ReturnDistribution(
            mean=mean,
            covariance=np.diag(variance),
            mean_covariance=np.zeros((len(mean), len(mean))),
            assets=window.assets,
        )


@dataclass(frozen=True, slots=True)
class SameDayFeatures:
    """Lets a prior that learns from one period ahead pair each return with features of its own day.

    That is how the study regresses. What it learns explains a day and forecasts none.

    Attributes:
        prior: The prior, at a horizon of one period.
    """

    prior: Prior

    def fit(self, window: TrainingWindow) -> ReturnDistribution:
        """Hand on features that are moved back by a period; those of the decision stay."""
        panel = window.features
        if panel is not None:
            moved = np.concatenate([panel.values[1:], panel.values[-1:]])
            window = replace(window, features=replace(panel, values=moved))
        return self.prior.fit(window)


def scale_free_indicators(market: MarketData) -> tuple[FeatureChoice, ...]:
    """Return the nine indicators free of scale, as the project has them.

    Highs and lows that the data lack are replaced by closes; without volumes there is no OBV.
    """
    bars = market.high is not None and market.low is not None
    ranges = (ATR(close_only=not bars), ADX(close_only=not bars))
    names = ["ema_distance", "macd", "sma_distance", "rsi", "bollinger_bands"]
    return choose_features([*ranges, *names, *(["obv"] if market.volume is not None else [])])


def slp_prior() -> SharedLatentPrior:
    """Return SLP-BL with the study's hyper-parameters in return units: θ0 = r̄, τ = 1, Silverman.

    Its regression is the package's ridge: nine indicators of one price are all but collinear.
    """
    return SharedLatentPrior(
        tau=1.0, prior_mean="historical", horizon=1, feature_uncertainty="silverman"
    )


def make_steps(
    market: MarketData,
    lookback: int,
    *,
    full_sample: PriceLevels,
    table: RegressionTable | None = None,
    to_date: PriceLevels | None = None,
    to_date_table: RegressionTable | None = None,
    cost_bps: float = 10.0,
) -> tuple[Step, ...]:
    """Return the chain, then what stands beside it.

    The chain begins at sample Markowitz, adds the literal pipeline whole, and takes it apart one
    change at a time. Without raw prices that link is left out, and the next one holds both.

    Args:
        market: The data.
        lookback: Returns in a window.
        full_sample: Price levels whose OBV is scaled as published.
        table: Regressions of them, made in advance.
        to_date: The same levels with OBV scaled by what is known; None leaves that row out.
        to_date_table: Regressions of these.
        cost_bps: Cost in basis points of each unit bought and sold, for the net figures.
    """

    def step(
        name: str, what: str, base: str | None, prior: Prior, *, chain: bool = True,
        features: tuple[FeatureChoice, ...] = (),
    ) -> Step:  # fmt: skip
        strategy = Strategy(
            name=name,
            prior=prior,
            objective=MaxSharpe(fallback="previous"),
            features=features,
            lookback=lookback,
            rebalance="month_end",
            cost_bps=cost_bps,
        )
        return Step(name, what, base, chain, strategy)

    def plain(quantity: str, covariance: str = "published") -> LiteralPrior:
        return LiteralPrior(
            full_sample, regression="none", quantity=quantity, covariance=covariance
        )

    indicators = scale_free_indicators(market)
    chain = [
        step(MARKOWITZ, "Sample mean and covariance of the window.", None, HistoricalPrior()),
        step(
            LITERAL,
            "Adds what the study computes: linear SVR of adjusted price levels on nine same-day "
            "indicators, the predicted price taken for a view on returns, Σ + M for M.",
            MARKOWITZ,
            LiteralPrior(full_sample, table=table),
        ),
        step(
            NO_FEATURES,
            "No indicator and no regression: the mean price of the window, Λ = h diag(Var p).",
            LITERAL,
            plain("adjusted_price"),
        ),
    ]
    before = NO_FEATURES
    if full_sample.raw_factor is not None:
        chain.append(
            step(
                RAW_PRICES,
                "Closes as the source quotes them: dividends still to come are not in them, nor "
                "splits, unless the source adjusts its closes for those.",
                NO_FEATURES,
                plain("raw_price"),
            )
        )
        before = RAW_PRICES
    chain += [
        step(
            RELATIVE_PRICES,
            "Prices over the last one: the level drops out, an inverse-variance tilt is left.",
            before,
            plain("relative_price"),
        ),
        step(
            UNITS_REPAIRED,
            "Returns in place of prices: mean and variance of returns, nothing added to another "
            "unit.",
            RELATIVE_PRICES,
            plain("return"),
        ),
        step(
            COVARIANCE_REPAIRED,
            "The covariance of the mean multiplies, not the predictive one.",
            UNITS_REPAIRED,
            plain("return", "corrected"),
        ),
        step(
            SAME_DAY_FEATURES,
            "The nine indicators again, free of scale; each return is regressed on those of its "
            "own day (by ridge, an SVR takes daily returns for noise), as the study does with "
            "prices.",
            COVARIANCE_REPAIRED,
            SameDayFeatures(slp_prior()),
            features=indicators,
        ),
        step(
            LAGGED_FEATURES,
            "Each indicator is paired with the return that came after it: the model of the paper "
            "as it is meant.",
            SAME_DAY_FEATURES,
            slp_prior(),
            features=indicators,
        ),
    ]
    beside = [
        step(
            LITERAL_CORRECTED,
            "The literal pipeline with the covariance of the mean where it belongs.",
            LITERAL,
            LiteralPrior(full_sample, covariance="corrected", table=table),
            chain=False,
        ),
        step(
            INVERSE_VARIANCE,
            "Weights in proportion to 1 / variance: no mean, no view, no feature.",
            MARKOWITZ,
            VariancePortfolio(),
            chain=False,
        ),
        step(
            PRICE_TILT,
            "The same divided by the adjusted price, which knows later dividends and splits.",
            INVERSE_VARIANCE,
            VariancePortfolio(full_sample),
            chain=False,
        ),
    ]
    if to_date is not None:
        beside.append(
            step(
                OBV_TO_DATE,
                "On-balance volume is scaled by its range up to the day, not over the full sample.",
                LITERAL,
                LiteralPrior(to_date, table=to_date_table),
                chain=False,
            )
        )
    return (*chain, *beside)
