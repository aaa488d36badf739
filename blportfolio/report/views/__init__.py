"""The page that explains the model, as tables and charts: what views did, and why."""

from blportfolio.report.views.charts import plot_trust, plot_views, plot_weights_before_after
from blportfolio.report.views.compare import (
    ModelComparison,
    before_and_after,
    compare_models,
    portfolio,
)
from blportfolio.report.views.curve_charts import plot_comparison, plot_evidence
from blportfolio.report.views.decision import Decision, Fitted
from blportfolio.report.views.evidence import GRIDS, PARAMETERS, EvidenceCurve, evidence_curve
from blportfolio.report.views.explain import ViewExplanation, correlations, explain_views
from blportfolio.report.views.looks import MOST, largest
from blportfolio.report.views.matrix_charts import (
    plot_attribution,
    plot_correlation_change,
    plot_correlations,
)
from blportfolio.report.views.past import past_evidence
from blportfolio.report.views.settings import (
    BASELINES,
    COVARIANCE_NAMES,
    MODELS,
    ViewSettings,
    stand_in_views,
)
from blportfolio.report.views.stated import read_views

__all__ = [
    "BASELINES",
    "COVARIANCE_NAMES",
    "GRIDS",
    "MODELS",
    "MOST",
    "PARAMETERS",
    "Decision",
    "EvidenceCurve",
    "Fitted",
    "ModelComparison",
    "ViewExplanation",
    "ViewSettings",
    "before_and_after",
    "compare_models",
    "correlations",
    "evidence_curve",
    "explain_views",
    "largest",
    "past_evidence",
    "plot_attribution",
    "plot_comparison",
    "plot_correlation_change",
    "plot_correlations",
    "plot_evidence",
    "plot_trust",
    "plot_views",
    "plot_weights_before_after",
    "portfolio",
    "read_views",
    "stand_in_views",
]
