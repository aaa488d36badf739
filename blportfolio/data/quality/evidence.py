"""What every check looks at: arrays of prices, each asset's own track, and the market's moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars
from blportfolio.data.calendars import align_calendars
from blportfolio.data.checks import Interval
from blportfolio.validation import BoolArray, FloatArray, IntArray

LARGEST_MARKET_MOVE = 0.3
"""Log moves of the median asset above this are faults of the data, not of the market."""
FEWEST_FOR_MARKET = 5
WINDOW = 60
"""Returns on each side of a date from which its usual size of a move is taken."""
FEWEST_MOVES = 5
TRIMMED = 0.1
_TRIM_FACTOR = 0.79
"""Root mean square of a normal variable without its outer tenth."""


@dataclass(frozen=True, eq=False)
class Track:
    """One asset on the dates on which it has a usable price.

    Attributes:
        asset: Its name.
        column: Its column.
        rows: (n,) rows of the data.
        prices: (n,) usable prices.
        returns: (n,) log returns since the previous usable price, the first 0.
        excess: (n,) `returns` less those of the median asset.
        tick: Smallest step of the price, 0 if it has none to speak of.
    """

    asset: str
    column: int
    rows: IntArray
    prices: FloatArray
    returns: FloatArray
    excess: FloatArray
    tick: float

    @cached_property
    def moves(self) -> FloatArray:
        """(n,) what moved the asset and not its market: the smaller of return and excess.

        Where all others move, an asset that stands still has a large excess but made no move.
        """
        smaller = np.minimum(np.abs(self.returns), np.abs(self.excess))
        return np.where(self.returns * self.excess > 0, np.sign(self.excess) * smaller, 0.0)

    def scale(self, first: int, last: int | None = None) -> float:
        """Return the usual size of a move around positions first … last, robustly.

        It is the root mean square of the excess returns of `WINDOW` positions on each side, without
        days on which the price stood still and without the largest tenth; and at least the smallest
        tenth of the moves, and one tick: prices may move by coarse ticks.
        """
        end = first if last is None else last
        around = [slice(max(1, first - WINDOW), first), slice(end + 1, end + 1 + WINDOW)]
        returns = np.concatenate([self.returns[part] for part in around])
        excess = np.concatenate([self.excess[part] for part in around])
        moved = np.abs(returns) > 1e-9
        if moved.sum() < FEWEST_MOVES:
            return max(trimmed_scale(excess), self._tick_at(first), 1e-6)
        steps = np.sort(np.abs(returns[moved]))
        smallest = float(steps[len(steps) // 10])
        return max(trimmed_scale(excess[moved]), smallest, self._tick_at(first), 1e-6)

    def _tick_at(self, position: int) -> float:
        return self.tick / float(self.prices[max(0, position - 1) : position + 1].max())


def trimmed_scale(moves: FloatArray) -> float:
    """Return the root mean square of moves without the largest tenth; 0 for none."""
    if not len(moves):
        return 0.0
    kept = np.sort(np.abs(moves))[: max(1, int(np.ceil(len(moves) * (1 - TRIMMED))))]
    return float(np.sqrt(np.mean(kept**2)) / _TRIM_FACTOR)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Bars, and what is computed from them once.

    Attributes:
        bars: The bars examined.
        periods_per_year: Periods of the data in a year.
        now: The time at which they are examined.
        membership: By asset, its intervals of membership, where they are known.
        excluded: Assets whose values are no prices; checks of prices leave them out.
    """

    bars: Bars
    periods_per_year: float
    now: dt.datetime
    membership: Mapping[str, Sequence[Interval]] | None = None
    excluded: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        """(n_dates,) dates."""
        return pd.DatetimeIndex(self.bars.prices.index)

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """(n_assets,) names."""
        return tuple(str(asset) for asset in self.bars.prices.columns)

    @cached_property
    def values(self) -> FloatArray:
        """(n_dates, n_assets) prices as they came."""
        return self._frames["prices"]

    @cached_property
    def prices(self) -> FloatArray:
        """(n_dates, n_assets) prices; NaN where one is not usable or not a price."""
        usable = np.isfinite(self.values) & (self.values > 0)
        if self.excluded:
            usable &= ~np.isin(self.assets, sorted(self.excluded))
        return np.where(usable, self.values, np.nan)

    @cached_property
    def log_returns(self) -> FloatArray:
        """(n_dates, n_assets) log returns between prices of neighbouring rows, else NaN."""
        logs = np.log(self.prices)
        returns = np.full_like(logs, np.nan)
        returns[1:] = logs[1:] - logs[:-1]
        return returns

    @cached_property
    def market(self) -> FloatArray:
        """(n_dates,) log return of the median asset; 0 where there are too few to tell."""
        ordered = np.sort(self.log_returns, axis=1)
        count = np.isfinite(ordered).sum(axis=1)
        rows = np.arange(len(ordered))
        low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, ordered.shape[1] - 1)
        median = (ordered[rows, low] + ordered[rows, high]) / 2
        known = (count >= FEWEST_FOR_MARKET) & (np.abs(median) < LARGEST_MARKET_MOVE)
        return np.where(known, median, 0.0)

    @cached_property
    def _frames(self) -> dict[str, FloatArray]:
        frames = self.bars.frames().items()
        return {name: frame.to_numpy(dtype=float, na_value=np.nan) for name, frame in frames}

    def frame(self, name: str) -> FloatArray | None:
        """Return the (n_dates, n_assets) values of a frame of the bars, None without it."""
        return self._frames.get(name)

    @cached_property
    def after_holidays(self) -> BoolArray:
        """(n_dates, n_assets) whether there is a price once closures of an exchange are filled."""
        known = self.bars.prices.notna().to_numpy()
        if known.all():
            return known
        aligned, _ = align_calendars(Bars(self.bars.prices))
        return np.asarray(aligned.prices.notna().to_numpy())

    @cached_property
    def quoted(self) -> FloatArray:
        """(n_dates, n_assets) prices on the basis of open, high and low."""
        close = self.frame("close")
        return self.values if close is None else close

    @cached_property
    def all_tracks(self) -> tuple[Track, ...]:
        """The track of every asset that has two usable prices."""
        moved = np.cumsum(self.market)
        tracks = []
        for column, asset in enumerate(self.assets):
            rows = np.flatnonzero(np.isfinite(self.prices[:, column]))
            if len(rows) < 2:
                continue
            prices = self.prices[rows, column]
            returns = np.diff(np.log(prices), prepend=np.log(prices[0]))
            excess = returns - np.diff(moved[rows], prepend=moved[rows[0]])
            steps = np.abs(np.diff(prices))
            # Below a relative 1e-9 a step is rounding of the machine, not of the vendor.
            steps = steps[steps > 1e-9 * prices[1:]]
            tick = float(steps.min()) if len(steps) else 0.0
            tracks.append(Track(asset, column, rows, prices, returns, excess, tick))
        return tuple(tracks)

    def tracks(self, fewest: int = 2) -> Iterator[Track]:
        """Yield the tracks with at least `fewest` prices."""
        return (track for track in self.all_tracks if len(track.rows) >= fewest)

    def date(self, track: Track, position: int) -> pd.Timestamp:
        """Return the date of a position on a track."""
        return self.dates[int(track.rows[position])]

    @property
    def is_daily(self) -> bool:
        """Whether there is a row a day, or a trading day."""
        return self.periods_per_year > 200


def day(date: pd.Timestamp) -> str:
    """Return a date as ISO text."""
    return str(date.date())
