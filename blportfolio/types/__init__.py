"""What the layers hand one another."""

from blportfolio.types.decision import ArraySolution, DecisionContext
from blportfolio.types.distribution import ReturnDistribution
from blportfolio.types.protocols import (
    CovarianceModel,
    Feature,
    FittedForecaster,
    Forecaster,
    Objective,
    Prior,
    StatefulPrior,
)
from blportfolio.types.results import (
    ArrayViews,
    FeatureInfluencedPosterior,
    LatentViews,
    Moments,
    Posterior,
)
from blportfolio.types.state import FrozenState
from blportfolio.types.window import FeaturePanel, TrainingWindow, WindowArrays
from blportfolio.validation import BoolArray, FloatArray, IntArray

__all__ = [
    "ArraySolution",
    "ArrayViews",
    "BoolArray",
    "CovarianceModel",
    "DecisionContext",
    "Feature",
    "FeatureInfluencedPosterior",
    "FeaturePanel",
    "FittedForecaster",
    "FloatArray",
    "Forecaster",
    "FrozenState",
    "IntArray",
    "LatentViews",
    "Moments",
    "Objective",
    "Posterior",
    "Prior",
    "ReturnDistribution",
    "StatefulPrior",
    "TrainingWindow",
    "WindowArrays",
]
