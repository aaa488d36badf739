"""Walk-forward backtests."""

from blportfolio.backtest.decision import Decision, decide
from blportfolio.backtest.engine import first_decision, run_backtest
from blportfolio.backtest.experiment import run_experiment
from blportfolio.backtest.result import BacktestResult
from blportfolio.backtest.state import replay_state
from blportfolio.backtest.strategy import Strategy

__all__ = [
    "BacktestResult",
    "Decision",
    "Strategy",
    "decide",
    "first_decision",
    "replay_state",
    "run_backtest",
    "run_experiment",
]
