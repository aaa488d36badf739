"""The asymmetric-learning experiment: residual state-space data, models, measures.

`make_process` and `ResidualProcess.draw` make the data, `run_asymmetric(settings)` runs the
experiment over seeds, `run_returns(settings)` the same question on simulated daily returns.
"""

from blportfolio.forecasters.asymmetric.experiment import (
    AsymmetricResult,
    AsymmetricSettings,
    Budget,
    full_settings,
    run_asymmetric,
)
from blportfolio.forecasters.asymmetric.process import (
    KINDS,
    REGIMES,
    ResidualProcess,
    Steps,
    make_process,
    ssm_matrices,
)
from blportfolio.forecasters.asymmetric.returns import ReturnsSettings, run_returns
from blportfolio.forecasters.asymmetric.trial import VARIANTS, Target

__all__ = [
    "KINDS",
    "REGIMES",
    "VARIANTS",
    "AsymmetricResult",
    "AsymmetricSettings",
    "Budget",
    "ResidualProcess",
    "ReturnsSettings",
    "Steps",
    "Target",
    "full_settings",
    "make_process",
    "run_asymmetric",
    "run_returns",
    "ssm_matrices",
]
