"""One decision: from the window at a date to target weights for every asset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from blportfolio.backtest.ledger import Recorder, gist
from blportfolio.backtest.schedule import periods_between
from blportfolio.backtest.state import StateKeeper
from blportfolio.backtest.strategy import Strategy
from blportfolio.errors import BLPortfolioError, InfeasibleError
from blportfolio.features import WindowMaker, missing_since
from blportfolio.optimise.objectives.base import solve_at
from blportfolio.types import (
    ArraySolution,
    ArrayViews,
    DecisionContext,
    FloatArray,
    IntArray,
    Moments,
    ReturnDistribution,
    StatefulPrior,
    TrainingWindow,
)
from blportfolio.validation import check_same_labels

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What the optimiser was asked at a decision.

    Attributes:
        moments: Of the eligible assets; zeros for an objective that needs none.
        previous: (n_eligible,) weights just before, None at a first purchase.
        context: What the objective may use besides.
    """

    moments: Moments
    previous: FloatArray | None
    context: DecisionContext


class DecisionMaker:
    """Asks a strategy's models for target weights, and notes what was unusual.

    A prior with `fit_arrays` is called with arrays; any other through its public `fit`. The state
    of a stateful prior lives here, never in the prior.

    Attributes:
        question: What the optimiser was asked last; None before that.
    """

    def __init__(
        self, strategy: Strategy, maker: WindowMaker, recorder: Recorder, *, cost_bps: float
    ) -> None:
        self.strategy = strategy
        self.cost_bps = cost_bps
        self.maker = maker
        self.recorder = recorder
        self.question: Question | None = None
        prior = strategy.prior
        self.needs_distribution = getattr(strategy.objective, "needs_distribution", True)
        self._keeper = None
        self._fit_arrays: Callable[..., Moments] | None = getattr(prior, "fit_arrays", None)
        if isinstance(prior, StatefulPrior) and getattr(prior, "keeps_state", True):
            self._keeper = StateKeeper(prior, maker)
            if not hasattr(prior, "keeps_state"):  # its array core takes no state
                self._fit_arrays = None
        self._horizon = periods_between(strategy.rebalance, maker.periods_per_year)
        self._columns: IntArray | None = None
        self._first = True
        self._missing: set[str] = set()
        self._doubts: set[str] = set()

    def replay(self, rows: IntArray, progress: Progress | None = None) -> None:
        """Show the prior the decisions made at `rows`, so that it knows what it knew after them.

        Nothing is decided and nothing noted. A prior that keeps no state has nothing to learn.
        """
        if self._keeper is None or not self.needs_distribution:
            return
        for number, row in enumerate(rows.tolist()):
            if self.maker.eligible[row].any():
                self._keeper.advance(row)
            if progress is not None:
                progress(number + 1, len(rows))

    def __call__(self, row: int, held: FloatArray | None) -> FloatArray:
        """Return (n_assets,) target weights for the decision at `row`.

        Args:
            row: Position of the date.
            held: Weights just before the decision, or None at the first.
        """
        columns = self.maker.columns(row)
        self._note_delisted(row, held)
        self._note_universe(row, columns)
        self._note_features(row)
        size = len(self.maker.assets)
        target = np.zeros(size)
        if columns is not None and not len(columns):
            return target
        try:
            solution = self._decide(row, columns, held)
        except BLPortfolioError as error:
            # A table of strategies runs for years: which of them failed, and when, is half the
            # message.
            date = self.maker.market.dates[row].date()
            error.args = (f"{self.strategy.name} has no weights on {date}. {error}",)
            raise
        self._note_solution(row, solution)
        if columns is None:
            return solution.weights
        target[columns] = solution.weights
        return target

    def _decide(self, row: int, columns: IntArray | None, held: FloatArray | None) -> ArraySolution:
        """Return the weights of the eligible assets."""
        previous = held if held is None or columns is None else held[columns]
        if self.needs_distribution:
            moments = self._fit(row, columns, previous)
            self.recorder.add_views(row, moments)
        else:
            n_eligible = len(self.maker.assets) if columns is None else len(columns)
            empty = np.empty((0, 0))
            moments = Moments(np.zeros(n_eligible), empty, empty)
        try:
            return self._solve(row, moments, columns, held)
        except InfeasibleError:
            if previous is None or previous.any():
                raise
            # Nothing is held, as after a fallback to cash: this is a first purchase again.
            return self._solve(row, moments, columns, None)

    def _solve(
        self, row: int, moments: Moments, columns: IntArray | None, held: FloatArray | None
    ) -> ArraySolution:
        previous = held if held is None or columns is None else held[columns]
        context = self._context(row, moments, columns, held)
        self.question = Question(moments, previous, context)
        return solve_at(
            self.strategy.objective, moments.mean, moments.covariance, previous, context
        )

    def _note_solution(self, row: int, solution: ArraySolution) -> None:
        """Note what the optimiser remarked; the last remark of a fallback is its reason."""
        remarks = solution.remarks
        if solution.fallback is not None:
            reason = remarks[-1] if remarks else f"Held {solution.fallback} instead."
            self.recorder.notes.append((row, "fallback", reason))
            remarks = remarks[:-1]
        self.recorder.notes.extend((row, "optimiser", remark) for remark in remarks)
        if solution.ridge:
            message = f"Singular covariance; added {solution.ridge:.3g} to its diagonal."
            self.recorder.notes.append((row, "ridge", message))

    def _fit(self, row: int, columns: IntArray | None, previous: FloatArray | None) -> Moments:
        known: dict[str, Any] = {}
        window = None
        if self._keeper is not None:
            window = self._keeper.advance(row, previous)
            known = {"state": self._keeper.state}
            if self._fit_arrays is not None and self._keeper.parts is not None:
                known["parts"] = self._keeper.parts
        if self._fit_arrays is None:
            window = self.maker.window(row, previous) if window is None else window
            return _as_moments(self.strategy.prior.fit(window, **known), window)
        moments = self._fit_arrays(self.maker.arrays(row, columns, previous), **known)
        kind = "no views" if moments.views is None else "views"
        self.recorder.notes.extend((row, kind, remark) for remark in moments.remarks)
        for doubt in moments.doubts:
            # The same doubt quotes other figures at each decision; once is enough.
            if gist(doubt) not in self._doubts:
                self.recorder.notes.append((row, "doubt", doubt))
                self._doubts.add(gist(doubt))
        return moments

    def _context(
        self, row: int, moments: Moments, columns: IntArray | None, held: FloatArray | None
    ) -> DecisionContext:
        """Return what an objective may use besides the moments."""
        maker = self.maker
        assets = maker.assets
        forced = 0.0
        if columns is not None:
            assets = tuple(assets[i] for i in columns)
            if held is not None:
                forced = float(np.abs(held).sum() - np.abs(held[columns]).sum())
        scenarios = None
        objective = self.strategy.objective
        if getattr(objective, "needs_scenarios", not hasattr(objective, "solve_arrays")):
            scenarios = maker.arrays(row, columns).scenarios(moments.mean)
        return DecisionContext(
            assets,
            universe=maker.assets,
            mean_covariance=moments.mean_covariance,
            scenarios=scenarios,
            market_weights=maker.market_weights(row, columns),
            periods_per_year=maker.periods_per_year,
            horizon=self._horizon,
            lookback=maker.lookback,
            cost_bps=self.cost_bps,
            forced_sales=forced,
        )

    def _note_delisted(self, row: int, held: FloatArray | None) -> None:
        """Note which assets are held and have no price any longer."""
        if held is None:
            return
        prices = self.maker.market.prices.to_numpy()
        for column in np.flatnonzero((held != 0) & np.isnan(prices[row])).tolist():
            last = int(np.flatnonzero(np.isfinite(prices[:row, column]))[-1])
            date = self.maker.market.dates[last].date()
            message = f"{self.maker.assets[column]} has had no price since {date}; sold at that."
            self.recorder.notes.append((row, "delisted", message))

    def _note_universe(self, row: int, columns: IntArray | None) -> None:
        """Note which assets entered or left since the last decision."""
        if not self._first and columns is None and self._columns is None:
            return
        everything = np.arange(len(self.maker.assets))
        now = everything if columns is None else columns
        before = everything if self._columns is None else self._columns
        if self._first:
            missing = np.setdiff1d(everything, now)
            if len(missing):
                self._note(row, "Not eligible yet", missing)
        else:
            entered, left = np.setdiff1d(now, before), np.setdiff1d(before, now)
            if len(entered):
                self._note(row, "Entered", entered)
            if len(left):
                self._note(row, "Left", left)
        self._columns, self._first = columns, False

    def _note_features(self, row: int) -> None:
        """Note, once a spell, which features no asset has any longer or yet."""
        panel = self.maker.panel
        if panel is None or not self.needs_distribution:
            return
        missing = missing_since(panel, row)
        for name in sorted(set(missing) - self._missing):
            date = missing[name]
            when = "is not known yet" if date is None else f"has been missing since {date.date()}"
            self.recorder.notes.append((row, "features", f"Feature {name!r} {when}."))
        self._missing = set(missing)

    def _note(self, row: int, what: str, positions: IntArray) -> None:
        names = ", ".join(self.maker.assets[i] for i in positions)
        self.recorder.notes.append((row, "universe", f"{what}: {names}."))


def _as_moments(fitted: ReturnDistribution, window: TrainingWindow) -> Moments:
    """Return a distribution as arrays in the order of the window's assets.

    Raises:
        DataError: If it is for other assets.
    """
    views = fitted.views
    order: slice | list[int] = slice(None)
    if fitted.assets != window.assets:
        check_same_labels(fitted.assets, window.assets, name="assets of the prior's distribution")
        order = [fitted.assets.index(asset) for asset in window.assets]
    return Moments(
        fitted.mean[order],
        fitted.covariance[order][:, order],
        fitted.mean_covariance[order][:, order],
        None
        if views is None
        else ArrayViews(
            views.pick[:, order],
            views.mean,
            views.omega,
            views.prior_mean[order],
            views.prior_covariance[order][:, order],
            views.labels,
            covariance=views.covariance,
            effective=views.effective_view_covariance,
            datum=np.asarray(views.datum, dtype=float),
            expected=views.effective_view_covariance,
        ),
        fitted.log_evidence,
    )
