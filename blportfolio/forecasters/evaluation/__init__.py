"""Judges forecasts: errors, directions and what the differences are worth."""

from blportfolio.forecasters.evaluation.confidence_set import (
    ConfidenceSet,
    model_confidence_set,
)
from blportfolio.forecasters.evaluation.scores import (
    Scores,
    cross_sectional_ic,
    loss_by_date,
    score,
    score_by_consistency,
    sign_consistency,
)
from blportfolio.forecasters.evaluation.significance import (
    PredictiveTest,
    adjusted_p_values,
    clark_west,
    diebold_mariano,
    long_run_variance,
)

__all__ = [
    "ConfidenceSet",
    "PredictiveTest",
    "Scores",
    "adjusted_p_values",
    "clark_west",
    "cross_sectional_ic",
    "diebold_mariano",
    "long_run_variance",
    "loss_by_date",
    "model_confidence_set",
    "score",
    "score_by_consistency",
    "sign_consistency",
]
