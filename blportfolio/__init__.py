"""Black-Litterman portfolios whose views are learned from market data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blportfolio.backtest import BacktestResult as BacktestResult
    from blportfolio.backtest import Decision as Decision
    from blportfolio.backtest import Strategy as Strategy
    from blportfolio.backtest import decide as decide
    from blportfolio.backtest import replay_state as replay_state
    from blportfolio.backtest import run_backtest as run_backtest
    from blportfolio.config import StrategyConfig as StrategyConfig
    from blportfolio.config import load_strategy as load_strategy
    from blportfolio.covariance import EWMACovariance as EWMACovariance
    from blportfolio.covariance import LedoitWolfCovariance as LedoitWolfCovariance
    from blportfolio.covariance import SampleCovariance as SampleCovariance
    from blportfolio.data import MacroSeries as MacroSeries
    from blportfolio.data import MarketData as MarketData
    from blportfolio.data import download as download
    from blportfolio.data import list_datasets as list_datasets
    from blportfolio.data import load_dataset as load_dataset
    from blportfolio.data import load_macro as load_macro
    from blportfolio.data import load_prices as load_prices
    from blportfolio.data import read_macro as read_macro
    from blportfolio.errors import BLPortfolioError as BLPortfolioError
    from blportfolio.errors import BLPortfolioWarning as BLPortfolioWarning
    from blportfolio.errors import ConfigError as ConfigError
    from blportfolio.errors import DataError as DataError
    from blportfolio.errors import InfeasibleError as InfeasibleError
    from blportfolio.errors import SingularCovarianceWarning as SingularCovarianceWarning
    from blportfolio.errors import SolverError as SolverError
    from blportfolio.features import make_window as make_window
    from blportfolio.optimise import Constraints as Constraints
    from blportfolio.optimise import Costs as Costs
    from blportfolio.optimise import EfficientFrontier as EfficientFrontier
    from blportfolio.optimise import EqualWeight as EqualWeight
    from blportfolio.optimise import InverseVariance as InverseVariance
    from blportfolio.optimise import InverseVolatility as InverseVolatility
    from blportfolio.optimise import LinearConstraint as LinearConstraint
    from blportfolio.optimise import MaxDiversification as MaxDiversification
    from blportfolio.optimise import MaxSharpe as MaxSharpe
    from blportfolio.optimise import MeanVariance as MeanVariance
    from blportfolio.optimise import MinCVaR as MinCVaR
    from blportfolio.optimise import MinTrackingError as MinTrackingError
    from blportfolio.optimise import MinVariance as MinVariance
    from blportfolio.optimise import Resampled as Resampled
    from blportfolio.optimise import RiskParity as RiskParity
    from blportfolio.optimise import RobustMeanVariance as RobustMeanVariance
    from blportfolio.optimise import TargetReturn as TargetReturn
    from blportfolio.optimise import TargetVolatility as TargetVolatility
    from blportfolio.optimise import efficient_frontier as efficient_frontier
    from blportfolio.optimise import weight_spread as weight_spread
    from blportfolio.priors import BlackLittermanPrior as BlackLittermanPrior
    from blportfolio.priors import EquilibriumPrior as EquilibriumPrior
    from blportfolio.priors import FeatureInfluencedPrior as FeatureInfluencedPrior
    from blportfolio.priors import HistoricalPrior as HistoricalPrior
    from blportfolio.priors import MixedEffectsPrior as MixedEffectsPrior
    from blportfolio.priors import SharedLatentPrior as SharedLatentPrior
    from blportfolio.priors import View as View
    from blportfolio.report import plot_drawdown as plot_drawdown
    from blportfolio.report import plot_frontier as plot_frontier
    from blportfolio.report import plot_growth as plot_growth
    from blportfolio.report import plot_weights as plot_weights
    from blportfolio.report import summarise as summarise
    from blportfolio.types import FeaturePanel as FeaturePanel
    from blportfolio.types import LatentViews as LatentViews
    from blportfolio.types import ReturnDistribution as ReturnDistribution
    from blportfolio.types import TrainingWindow as TrainingWindow

__version__ = "0.1.0"

_HOME = {
    "BLPortfolioError": "errors",
    "BLPortfolioWarning": "errors",
    "BacktestResult": "backtest",
    "BlackLittermanPrior": "priors",
    "ConfigError": "errors",
    "Constraints": "optimise",
    "Costs": "optimise",
    "DataError": "errors",
    "Decision": "backtest",
    "EWMACovariance": "covariance",
    "EfficientFrontier": "optimise",
    "EqualWeight": "optimise",
    "EquilibriumPrior": "priors",
    "FeatureInfluencedPrior": "priors",
    "FeaturePanel": "types",
    "HistoricalPrior": "priors",
    "InfeasibleError": "errors",
    "InverseVariance": "optimise",
    "InverseVolatility": "optimise",
    "LatentViews": "types",
    "LedoitWolfCovariance": "covariance",
    "LinearConstraint": "optimise",
    "MacroSeries": "data",
    "MarketData": "data",
    "MaxDiversification": "optimise",
    "MaxSharpe": "optimise",
    "MeanVariance": "optimise",
    "MinCVaR": "optimise",
    "MinTrackingError": "optimise",
    "MinVariance": "optimise",
    "MixedEffectsPrior": "priors",
    "Resampled": "optimise",
    "ReturnDistribution": "types",
    "RiskParity": "optimise",
    "RobustMeanVariance": "optimise",
    "SampleCovariance": "covariance",
    "SharedLatentPrior": "priors",
    "SingularCovarianceWarning": "errors",
    "SolverError": "errors",
    "Strategy": "backtest",
    "StrategyConfig": "config",
    "TargetReturn": "optimise",
    "TargetVolatility": "optimise",
    "TrainingWindow": "types",
    "View": "priors",
    "decide": "backtest",
    "download": "data",
    "efficient_frontier": "optimise",
    "list_datasets": "data",
    "load_dataset": "data",
    "load_macro": "data",
    "load_prices": "data",
    "load_strategy": "config",
    "make_window": "features",
    "plot_drawdown": "report",
    "plot_frontier": "report",
    "plot_growth": "report",
    "plot_weights": "report",
    "read_macro": "data",
    "replay_state": "backtest",
    "run_backtest": "backtest",
    "summarise": "report",
    "weight_spread": "optimise",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401, the public names have many types
    """Import a public name when it is first used (PEP 562), so that `--help` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'blportfolio' has no attribute {name!r}")
    return getattr(import_module(f"blportfolio.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
