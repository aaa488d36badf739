"""The asymmetric-learning experiment: residual state-space data, models, measures."""

from blportfolio.forecasters.asymmetric.process import (
    KINDS,
    REGIMES,
    ResidualProcess,
    Steps,
    make_process,
    ssm_matrices,
)

__all__ = ["KINDS", "REGIMES", "ResidualProcess", "Steps", "make_process", "ssm_matrices"]
