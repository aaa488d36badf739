"""The paper's study: its printed tables, its literal pipeline, and what its numbers are made of."""

from blportfolio.research.paper.accounting import (
    PaperFigures,
    constant_weight_returns,
    figures_of,
    paper_cagr,
    paper_figures,
    paper_turnover,
)
from blportfolio.research.paper.decomposition import StepResult, decompose
from blportfolio.research.paper.indicators import INDICATORS, price_indicators
from blportfolio.research.paper.levels import PriceLevels, RegressionTable, raw_closes
from blportfolio.research.paper.pipeline import LiteralPrior, literal_mix
from blportfolio.research.paper.published import (
    PUBLISHED_DATES,
    PublishedRow,
    published_table,
    read_published_weights,
)
from blportfolio.research.paper.weights import WeightComparison, compare_weights

__all__ = [
    "INDICATORS",
    "PUBLISHED_DATES",
    "LiteralPrior",
    "PaperFigures",
    "PriceLevels",
    "PublishedRow",
    "RegressionTable",
    "StepResult",
    "WeightComparison",
    "compare_weights",
    "constant_weight_returns",
    "decompose",
    "figures_of",
    "literal_mix",
    "paper_cagr",
    "paper_figures",
    "paper_turnover",
    "price_indicators",
    "published_table",
    "raw_closes",
    "read_published_weights",
]
