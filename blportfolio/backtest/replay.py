"""Rebuilds the state of a prior that learns across decisions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from blportfolio.backtest.schedule import decision_rows
from blportfolio.config import check_schedule
from blportfolio.data import MarketData
from blportfolio.errors import ConfigError
from blportfolio.features import FeatureChoice, WindowMaker, build_panel, default_lookback
from blportfolio.types import StatefulPrior


def replay_state(
    prior: StatefulPrior,
    market: MarketData,
    *,
    as_of: str | pd.Timestamp | None = None,
    schedule: int | str = "month_end",
    lookback: int | None = None,
    features: tuple[FeatureChoice, ...] = (),
) -> Any:  # noqa: ANN401, each prior has a state of its own
    """Rebuild the state with which a prior fits the decision at `as_of`.

    The prior is shown every scheduled decision before `as_of`, then the window at `as_of` itself:
    what `run_backtest` does when it decides there.

    Args:
        prior: A prior with `initial_state` and `update`.
        market: The data; nothing after `as_of` is used.
        as_of: Last date that may be used; by default the last of the data.
        schedule: When decisions were made, as a strategy's `rebalance`.
        lookback: Returns in each window; by default a year of periods, at least 60.
        features: Features in each window.

    Raises:
        ConfigError: If the prior keeps no state or the schedule is unknown.
        DataError: If `as_of` lies before the data.
    """
    if not isinstance(prior, StatefulPrior):
        raise ConfigError(
            f"`prior` {type(prior).__name__} keeps no state: it lacks initial_state or update."
        )
    check_schedule(schedule)
    panel = build_panel(market, features)[0] if features else None
    length = lookback or default_lookback(market)
    maker = WindowMaker(market, lookback=length, panel=panel)
    last = len(market.dates) - 1 if as_of is None else maker.position(as_of)
    state = prior.initial_state(market.assets)
    earlier = decision_rows(market.dates, schedule, first=length, last=last)
    for row in (*earlier, last):
        if maker.eligible[row].any():
            state = prior.update(state, maker.window(int(row)))
    return state
