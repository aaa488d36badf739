"""The state of a prior that learns across decisions: kept during a run, rebuilt for a date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from blportfolio.backtest.plan import scheduled_rows
from blportfolio.config import check_schedule
from blportfolio.data import MarketData, check_market
from blportfolio.errors import ConfigError
from blportfolio.features import (
    FeatureChoice,
    WindowMaker,
    build_panel,
    choose_features,
    default_lookback,
)
from blportfolio.priors.learned import LearnedPrior
from blportfolio.types import Feature, FloatArray, IntArray, StatefulPrior, TrainingWindow


class StateKeeper:
    """Shows a prior each decision's window, with all that was realised since the one before.

    Attributes:
        state: What the prior has learned so far.
        parts: What its last decision is made of, where it says so.
    """

    def __init__(self, prior: StatefulPrior, maker: WindowMaker) -> None:
        self.state: Any = prior.initial_state(maker.assets)
        self.parts: Any = None
        self._advance = None
        if isinstance(prior, LearnedPrior):
            cls = type(prior)  # a subclass may have its own of either
            if (cls.update, cls.fit_arrays) == (LearnedPrior.update, LearnedPrior.fit_arrays):
                self._advance = prior.advance
        self._prior = prior
        self._maker = maker
        self._last: tuple[int, IntArray | None] | None = None

    def advance(self, row: int, previous: FloatArray | None = None) -> TrainingWindow | None:
        """Update the state for the decision at `row`; return the window where one was shown.

        `previous` is (n_eligible,) weights just before the decision.
        """
        maker = self._maker
        columns = maker.columns(row)
        earned = self._earned(row)
        window = None
        if self._advance is None:
            window = maker.window(row, previous, realised=self._realised(row, earned))
            self.state = self._prior.update(self.state, window)
        else:
            arrays = maker.arrays(row, columns, previous)
            as_of = str(maker.market.dates[row])
            self.state, self.parts = self._advance(self.state, arrays, as_of, self.parts, earned)
        self._last = (row, columns)
        return window

    def _earned(self, row: int) -> FloatArray | None:
        """Return what the assets of the last decision have earned since; a vanished one, 0."""
        if self._last is None or self._last[0] == row:
            return None
        since, columns = self._last
        maker = self._maker
        earned = maker.returns[since + 1 : row + 1]
        earned = np.nan_to_num(earned if columns is None else earned[:, columns])
        if maker.is_excess:
            earned = earned - maker.risk_free[since + 1 : row + 1, None]
        return earned

    def _realised(self, row: int, earned: FloatArray | None) -> pd.DataFrame | None:
        """Return what was earned with its labels."""
        if earned is None or self._last is None:
            return None
        since, columns = self._last
        assets = self._maker.market.prices.columns
        return pd.DataFrame(
            earned,
            index=self._maker.market.dates[since + 1 : row + 1],
            columns=assets if columns is None else assets[columns],
        )


def replay_state(
    prior: StatefulPrior,
    market: MarketData,
    *,
    as_of: str | pd.Timestamp | None = None,
    schedule: int | str = "month_end",
    start: str | pd.Timestamp | None = None,
    lookback: int | None = None,
    features: str | Iterable[str | Feature | FeatureChoice] = (),
) -> Any:  # noqa: ANN401, each prior has a state of its own
    """Rebuild the state with which a prior fits the decision at `as_of`.

    The prior is shown every scheduled decision before `as_of`, then the window at `as_of` itself:
    what `run_backtest` with the same `start` does when it decides there.

    Args:
        prior: A prior with `initial_state` and `update`.
        market: The data; nothing after `as_of` is used.
        as_of: Last date that may be used; by default the last of the data.
        schedule: When decisions were made, as a strategy's `rebalance`.
        start: First date at which a decision may have been made, as of `run_backtest`.
        lookback: Returns in each window; by default a year of periods, at least 60.
        features: Features in each window, by name or as features.

    Raises:
        ConfigError: If the prior keeps no state or the schedule is unknown.
        DataError: If a date is wrong, or `as_of` lies before the data.
    """
    if not isinstance(prior, StatefulPrior):
        raise ConfigError(
            f"`prior` {type(prior).__name__} keeps no state: it lacks initial_state or update."
        )
    check_schedule(schedule)
    check_market(market)
    choices = choose_features(features)
    panel = build_panel(market, choices)[0] if choices else None
    length = default_lookback(market) if lookback is None else lookback
    maker = WindowMaker(market, lookback=length, panel=panel)
    last = len(market.dates) - 1 if as_of is None else maker.position(as_of)
    keeper = StateKeeper(prior, maker)
    for row in (*scheduled_rows(maker, schedule, start=start, last=last), last):
        if maker.eligible[row].any():
            keeper.advance(int(row))
    return keeper.state
