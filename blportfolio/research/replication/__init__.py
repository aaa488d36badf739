"""The paper's study run again: its tables beside ours, their origin, and what survives costs."""

from blportfolio.research.replication.evidence import Evidence, weigh_evidence
from blportfolio.research.replication.plan import (
    LOOKBACKS,
    PAPERS,
    STRATEGIES,
    Paper,
    ReplicationSettings,
)
from blportfolio.research.replication.published_weights import compare_with_authors
from blportfolio.research.replication.runs import Replication, replicate
from blportfolio.research.replication.study import replication_study

__all__ = [
    "LOOKBACKS",
    "PAPERS",
    "STRATEGIES",
    "Evidence",
    "Paper",
    "Replication",
    "ReplicationSettings",
    "compare_with_authors",
    "replicate",
    "replication_study",
    "weigh_evidence",
]
