"""Objectives, constraints and the solvers behind them."""

from blportfolio.optimise.constraints import Constraints
from blportfolio.optimise.costs import Costs
from blportfolio.optimise.exact.active_set import long_only_max_sharpe
from blportfolio.optimise.frontier import EfficientFrontier, efficient_frontier
from blportfolio.optimise.limits import LinearConstraint
from blportfolio.optimise.objectives.equal_weight import EqualWeight
from blportfolio.optimise.objectives.inverse_risk import InverseVariance, InverseVolatility
from blportfolio.optimise.objectives.max_diversification import MaxDiversification
from blportfolio.optimise.objectives.max_sharpe import MaxSharpe
from blportfolio.optimise.objectives.mean_variance import MeanVariance
from blportfolio.optimise.objectives.min_cvar import MinCVaR
from blportfolio.optimise.objectives.min_tracking_error import MinTrackingError
from blportfolio.optimise.objectives.min_variance import MinVariance
from blportfolio.optimise.objectives.resampled import Resampled
from blportfolio.optimise.objectives.risk_parity import RiskParity
from blportfolio.optimise.objectives.robust_mean_variance import RobustMeanVariance
from blportfolio.optimise.objectives.target_return import TargetReturn
from blportfolio.optimise.objectives.target_volatility import TargetVolatility
from blportfolio.optimise.spread import weight_spread
from blportfolio.optimise.unconstrained import unconstrained_weights
from blportfolio.types import Objective

OBJECTIVES: dict[str, type[Objective]] = {
    "equal_weight": EqualWeight,
    "inverse_variance": InverseVariance,
    "inverse_volatility": InverseVolatility,
    "max_diversification": MaxDiversification,
    "max_sharpe": MaxSharpe,
    "mean_variance": MeanVariance,
    "min_cvar": MinCVaR,
    "min_tracking_error": MinTrackingError,
    "min_variance": MinVariance,
    "resampled": Resampled,
    "risk_parity": RiskParity,
    "robust_mean_variance": RobustMeanVariance,
    "target_return": TargetReturn,
    "target_volatility": TargetVolatility,
}

__all__ = [
    "OBJECTIVES",
    "Constraints",
    "Costs",
    "EfficientFrontier",
    "EqualWeight",
    "InverseVariance",
    "InverseVolatility",
    "LinearConstraint",
    "MaxDiversification",
    "MaxSharpe",
    "MeanVariance",
    "MinCVaR",
    "MinTrackingError",
    "MinVariance",
    "Resampled",
    "RiskParity",
    "RobustMeanVariance",
    "TargetReturn",
    "TargetVolatility",
    "efficient_frontier",
    "long_only_max_sharpe",
    "unconstrained_weights",
    "weight_spread",
]
