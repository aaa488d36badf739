"""The paper's study: its printed tables, its literal pipeline, and what its numbers are made of."""

from blportfolio.research.paper.accounting import (
    PaperFigures,
    constant_weight_returns,
    figures_of,
    paper_cagr,
    paper_figures,
    paper_turnover,
)
from blportfolio.research.paper.published import (
    PUBLISHED_DATES,
    PublishedRow,
    published_table,
    read_published_weights,
)

__all__ = [
    "PUBLISHED_DATES",
    "PaperFigures",
    "PublishedRow",
    "constant_weight_returns",
    "figures_of",
    "paper_cagr",
    "paper_figures",
    "paper_turnover",
    "published_table",
    "read_published_weights",
]
