"""Objectives and the solvers behind them."""

from blportfolio.optimise.active_set import long_only_max_sharpe
from blportfolio.optimise.equal_weight import EqualWeight
from blportfolio.optimise.max_sharpe import MaxSharpe
from blportfolio.optimise.min_variance import MinVariance
from blportfolio.optimise.unconstrained import unconstrained_weights
from blportfolio.types import Objective

OBJECTIVES: dict[str, type[Objective]] = {
    "equal_weight": EqualWeight,
    "max_sharpe": MaxSharpe,
    "min_variance": MinVariance,
}

__all__ = [
    "OBJECTIVES",
    "EqualWeight",
    "MaxSharpe",
    "MinVariance",
    "long_only_max_sharpe",
    "unconstrained_weights",
]
