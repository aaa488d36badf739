"""Chooses which assets to hold where the number or the least size of positions is limited."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from blportfolio.errors import InfeasibleError, SolverError
from blportfolio.optimise.dispatch import optimise_convex
from blportfolio.optimise.exact.engine import exact_solution
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.general.solver import solve_programme
from blportfolio.optimise.goal import Goal
from blportfolio.optimise.selection.bounds import LeastScores
from blportfolio.optimise.selection.held_subset import DUST, Signs, changed, held_problem, signs_of
from blportfolio.optimise.selection.slopes import WIDTH, promising
from blportfolio.types import ArraySolution, FloatArray, IntArray

BY_SWAPS = "selection by swaps"
MOST_SOLVES = 150
"""Most selections that are solved in the search for a better one, from each of two starts."""
RETRIES = 20
"""Most selections that the linear limits allow and that are tried when none was found."""


class Trial(NamedTuple):
    """A selection and its best portfolio.

    Attributes:
        signs: (n_assets,) which assets may be held.
        score: What is minimised; inf where no portfolio was found.
        solution: The portfolio, or None.
    """

    signs: Signs
    score: float
    solution: ArraySolution | None


def solve_selective(goal: Goal, allowed: FeasibleSet) -> ArraySolution:
    """Return the best portfolio found with few enough and large enough positions.

    The problem without these limits is solved; where its answer obeys them it is the optimum.
    Otherwise the smallest positions are dropped in rounds, each followed by a new solution on the
    assets that are left (backward elimination); the largest positions are another start. From
    both, held assets are exchanged for others, singly or in pairs, while that improves the
    objective, with at most `MOST_SOLVES` solutions; what a bound shows to be no better is passed
    over. A better portfolio may exist, so that the
    status is "heuristic"; `selection="mip"` proves the optimum.

    Args:
        goal: With a positive definite covariance.
        allowed: With a limit on the number or the least size of positions.

    Raises:
        ConfigError: If a mixed-integer programme is asked for and no solver for it is installed.
        InfeasibleError: If no portfolio is allowed.
        SolverError: If every solver fails, or no selection was found although one may exist.

    References:
        Chang, Meade, Beasley and Sharaiha (2000), Heuristics for cardinality constrained portfolio
        optimisation, pose the problem and compare heuristics by local search.
    """
    if allowed.selection == "mip":
        from blportfolio.optimise.general.mixed_integer import solve_mixed_integer

        return solve_mixed_integer(goal, allowed)
    return SelectionSearch(goal, allowed).run()


class SelectionSearch:
    """Solves selections, each once, and looks for better ones."""

    def __init__(self, goal: Goal, allowed: FeasibleSet) -> None:
        self.goal, self.allowed = goal, allowed
        self.size = len(allowed.assets)
        low, high = allowed.box()
        self.forced = (low > 0) | (high < 0)
        self.may_be_long, self.may_be_short = high > 0, low < 0
        self._seen: dict[tuple[bytes, float], Trial] = {}
        self._passed: dict[bytes, Trial] = {}

    def run(self) -> ArraySolution:
        """Return the heuristic's answer.

        Raises:
            InfeasibleError: If no portfolio is allowed.
            SolverError: If every solver fails, or no selection was found.
        """
        found = self.found().solution
        if found is None:
            raise SolverError(
                f"No portfolio of at most {self.allowed.max_assets} assets was found, although one "
                'may exist. Raise `max_assets`, lower `min_weight` or choose selection = "mip".'
            )
        return found

    def found(self) -> Trial:
        """Return the best selection the heuristic finds, without a solution where it finds none."""
        relaxed, found = self.relaxed()
        if found is not None:
            return found
        starts = [self._eliminated(relaxed), self._largest(relaxed)]
        if all(start.solution is None for start in starts):
            starts = [self._rescued(relaxed)]
        best = min(
            (self._improved(start, relaxed) for start in starts), key=lambda trial: trial.score
        )
        if best.solution is None:
            return best
        solver = f"{BY_SWAPS}, {best.solution.solver}"
        return best._replace(solution=replace(best.solution, status="heuristic", solver=solver))

    def relaxed(self) -> tuple[FloatArray, Trial | None]:
        """Return the best weights without limits on positions, and the optimum if these obey them.

        Raises:
            InfeasibleError: If no portfolio is allowed even so.
            SolverError: If every solver fails.
        """
        free = replace(self.allowed, max_assets=self.size, min_weight=0.0, relax=False)
        solution = optimise_convex(self.goal, free)
        weights = solution.weights
        signs = signs_of(weights)
        if not self._obeys(weights, signs):
            return weights, None
        score = self._score(weights)
        if np.count_nonzero(weights) == np.count_nonzero(signs):
            return weights, Trial(signs, score, solution)
        trial = self.solve(signs)
        is_best = trial.solution is not None and trial.score <= score + 1e-7 * abs(score)
        return weights, trial if is_best else None

    def solve(self, signs: Signs, *, is_loose: bool = False) -> Trial:
        """Return the best portfolio of the assets with a sign.

        Args:
            signs: (n_assets,) 1, −1 or 0.
            is_loose: Whether to leave the least size of positions aside.
        """
        least = 0.0 if is_loose else self.allowed.min_weight
        key = (signs.astype(np.int8).tobytes(), least)
        if key not in self._seen:
            self._seen[key] = self._solved(signs, least)
        return self._seen[key]

    def _solved(self, signs: Signs, least: float) -> Trial:
        nothing = Trial(signs, math.inf, None)
        problem = held_problem(self.goal, self.allowed, signs, least)
        if problem is None:
            return nothing
        goal, allowed, about = problem
        try:
            solution = exact_solution(goal, allowed)
            if solution is None:
                solution = solve_programme(goal, allowed, explains=False)
        except (InfeasibleError, SolverError):
            return nothing
        weights = np.zeros(self.size)
        weights[about] = solution.weights
        weights[signs == 0] = 0.0
        score = self._score(weights)
        if math.isnan(score):
            return nothing
        return Trial(signs, score, replace(solution, weights=weights))

    def _score(self, weights: FloatArray) -> float:
        value = self.goal.value(weights)
        return -value if self.goal.is_ratio else value

    def _obeys(self, weights: FloatArray, signs: Signs) -> bool:
        sizes = np.abs(weights[signs != 0])
        return len(sizes) <= self.allowed.max_assets and bool(
            (sizes >= self.allowed.min_weight - DUST / 100).all()
        )

    def _eliminated(self, weights: FloatArray) -> Trial:
        """Drop the smallest positions in rounds, half of those too many at once."""
        most, least = self.allowed.max_assets, self.allowed.min_weight
        signs = signs_of(weights)
        absent = self.forced & (signs == 0)
        signs[absent] = np.where(self.may_be_long, 1.0, -1.0)[absent]
        while True:
            can_go = np.flatnonzero((signs != 0) & ~self.forced)
            can_go = can_go[np.argsort(np.abs(weights[can_go]), kind="stable")]
            excess = int(np.count_nonzero(signs)) - most
            small = int(np.count_nonzero(np.abs(weights[can_go]) < least / 2))
            wanted = excess if excess > 0 else small
            if wanted <= 0 or not len(can_go):
                break
            trial = self._without(signs, can_go, max(1, wanted // 2))
            if trial.solution is None:
                break
            weights = trial.solution.weights
            signs = np.where(self.forced, trial.signs, signs_of(weights))
        return self._checked(signs)

    def _without(self, signs: Signs, can_go: IntArray, count: int) -> Trial:
        """Drop several of the smallest positions, or any one of them where that is impossible."""
        groups = [can_go[:count], *(can_go[i : i + 1] for i in range(min(len(can_go), WIDTH)))]
        trial = Trial(signs, math.inf, None)
        for group in groups:
            fewer = signs.copy()
            fewer[group] = 0.0
            trial = self.solve(fewer, is_loose=True)
            if trial.solution is not None:
                break
        return trial

    def _largest(self, weights: FloatArray) -> Trial:
        """Hold the largest positions of the problem without limits, and what must be held."""
        order = np.lexsort((-np.abs(weights), ~self.forced))
        signs = np.zeros(self.size)
        kept = order[: self.allowed.max_assets]
        is_short = (weights < 0) | ~self.may_be_long
        signs[kept] = np.where(is_short, -1.0, 1.0)[kept]
        return self._checked(signs)

    def _checked(self, signs: Signs) -> Trial:
        if np.count_nonzero(signs) > self.allowed.max_assets:
            return Trial(signs, math.inf, None)
        return self.solve(signs)

    def _rescued(self, weights: FloatArray) -> Trial:
        """Ask a mixed-integer linear programme for selections that the linear limits allow."""
        from blportfolio.optimise.general.mixed_integer import allowed_selections

        trial = Trial(signs_of(weights), math.inf, None)
        for signs in itertools.islice(
            allowed_selections(self.goal, self.allowed, np.abs(weights)), RETRIES
        ):
            trial = self.solve(signs)
            if trial.solution is not None:
                break
        return trial

    def _improved(self, best: Trial, relaxed: FloatArray) -> Trial:
        """Take the first better neighbour until there is none, or the rest of the way is known."""
        spent, is_better, passed = 0, True, []
        while is_better and best.solution is not None:
            key = best.signs.tobytes()
            if key in self._passed:
                return self._passed[key]
            passed.append(key)
            is_better, least_gain = False, 1e-9 * abs(best.score)
            bounds = LeastScores(self.goal, self.allowed, best.signs, best.solution.weights)
            for signs in self._neighbours(best, relaxed):
                if bounds.least(signs) >= best.score - least_gain:
                    continue
                if spent >= MOST_SOLVES:
                    return best
                spent += 1
                trial = self.solve(signs)
                if trial.score < best.score - least_gain:
                    best, is_better = trial, True
                    break
        self._passed |= dict.fromkeys(passed, best)
        return best

    def _neighbours(self, best: Trial, relaxed: FloatArray) -> Iterator[Signs]:
        """Yield selections with one asset added, dropped, turned round or exchanged, or two."""
        if best.solution is None:
            return
        weights = best.solution.weights
        held = np.flatnonzero(best.signs)
        held = held[np.argsort(np.abs(weights[held]), kind="stable")]
        can_go = held[~self.forced[held]][:WIDTH]
        newcomers = list(promising(self.goal, self.allowed, best.signs, weights, relaxed))
        is_idle = np.abs(weights[held]) <= DUST
        if len(held) < self.allowed.max_assets:
            for asset, sign in newcomers:
                yield changed(best.signs, {asset: sign})
        if self.allowed.min_weight:
            for asset in can_go:
                yield changed(best.signs, {asset: 0.0})
            for asset in held[self.may_be_long[held] & self.may_be_short[held]]:
                yield changed(best.signs, {asset: -best.signs[asset]})
        outgoing = held[is_idle & ~self.forced[held]][:1] if is_idle.any() else can_go
        for (asset, sign), gone in itertools.product(newcomers, outgoing):
            yield changed(best.signs, {asset: sign, gone: 0.0})
        pairs = itertools.combinations(newcomers[: WIDTH // 2], 2)
        for into, out in itertools.product(pairs, itertools.combinations(can_go[:4], 2)):
            yield changed(best.signs, dict.fromkeys(out, 0.0) | dict(into))
