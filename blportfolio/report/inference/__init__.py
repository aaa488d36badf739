"""Error bars of performance figures, and tests of the difference between strategies."""

from blportfolio.report.inference.bootstrap import BootstrapInterval, bootstrap_sharpe_interval
from blportfolio.report.inference.difference import (
    BootstrapDifference,
    bootstrap_sharpe_difference,
)
from blportfolio.report.inference.hac import (
    SharpeDifference,
    SharpeInterval,
    newey_west_variance,
    sharpe_difference,
    sharpe_interval,
)
from blportfolio.report.inference.paths import (
    DrawdownInterval,
    TurnoverInterval,
    drawdown_interval,
    turnover_interval,
)
from blportfolio.report.inference.pooled import PooledDifference, pooled_sharpe_difference
from blportfolio.report.inference.selection import (
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record_length,
    probabilistic_sharpe,
)
from blportfolio.report.inference.sets import (
    SuperiorAbility,
    sharpe_confidence_set,
    superior_predictive_ability,
)

__all__ = [
    "BootstrapDifference",
    "BootstrapInterval",
    "DrawdownInterval",
    "PooledDifference",
    "SharpeDifference",
    "SharpeInterval",
    "SuperiorAbility",
    "TurnoverInterval",
    "bootstrap_sharpe_difference",
    "bootstrap_sharpe_interval",
    "deflated_sharpe",
    "drawdown_interval",
    "expected_maximum_sharpe",
    "minimum_track_record_length",
    "newey_west_variance",
    "pooled_sharpe_difference",
    "probabilistic_sharpe",
    "sharpe_confidence_set",
    "sharpe_difference",
    "sharpe_interval",
    "superior_predictive_ability",
    "turnover_interval",
]
