"""Finds a smallest set of limits that contradict each other, and how far each must give."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from blportfolio.errors import SolverError
from blportfolio.optimise.conflicts.elastic import TOLERANCE, Elastic
from blportfolio.optimise.conflicts.single_limits import CURVED, Limit, restricted
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray

ROUNDS = 60
"""Most tangent planes of one question; few are used, as each is taken at an optimum."""
WIDENED = 1e-7
"""By how much limits are widened, in weight, where no solver gets through otherwise."""
MOST_TESTS = 200
"""Most subsets that are tried in each stage of the search."""


class ConflictSearch:
    """Answers which limits of a problem can be met together.

    Rows are judged by linear programming. A curved limit is judged by the portfolio that comes
    nearest to it within the rest; its tangent plane there then joins the rows.
    """

    def __init__(self, goal: Goal, allowed: FeasibleSet) -> None:
        self.goal, self.allowed = goal, allowed
        self.elastic = Elastic(goal, allowed)
        self.limits = self.elastic.limits
        self.everything = tuple(range(len(self.limits)))
        self.unit = math.sqrt(float(np.diagonal(goal.covariance).max()))

    def conflict_within(
        self, numbers: Sequence[int], gives: Mapping[int, float] | None = None
    ) -> tuple[int, ...] | None:
        """Return limits out of `numbers` that contradict each other, or None where all are met.

        Args:
            numbers: Positions in `limits`.
            gives: By how much limits are widened first, in weight.
        """
        gives = gives or {}
        for _ in range(ROUNDS):
            found = self.elastic.least_slack(numbers, gives=gives)
            if found is None or found.value > TOLERANCE:
                return tuple(numbers) if found is None else found.support or tuple(numbers)
            richest = self._richest(numbers, gives)
            if richest is not None and self._add_tangents(numbers, richest, gives):
                continue
            if not self._add_cuts(numbers, gives):
                return None
            found = self.elastic.least_slack(numbers, gives=gives)
            if found is not None and found.value <= TOLERANCE:
                return tuple(numbers)
        return None

    def smallest(self) -> tuple[int, ...] | None:
        """Return a smallest conflicting set that was found, or None where there is no conflict.

        Sets of one to three kinds of limits are tried first, while they are few. What is left is
        the support of a basic solution of the linear programme (Gleeson and Ryan, 1990), from
        which every limit is dropped whose absence leaves a conflict (Chinneck and Dravnieks, 1991).
        """
        core = self.conflict_within(self.everything)
        if core is None:
            return None
        kinds: dict[tuple[str, int, str], list[int]] = {}
        for number, limit in enumerate(self.limits):
            kinds.setdefault(_kind(limit), []).append(number)
        is_quick = len(self.everything) <= 500 and not any(
            limit.kind in (*CURVED, "return") for limit in self.limits
        )
        few = MOST_TESTS if is_quick else MOST_TESTS // 10
        for chosen in itertools.islice(_combinations(list(kinds.values())), few):
            smaller = self.conflict_within(sorted(itertools.chain(*chosen)))
            if smaller is not None:
                core = smaller
                break
        return self._pruned(core)

    def must_give(self, member: Sequence[int], others: Iterable[int]) -> float | None:
        """Return by how much limits must give alike for the others to be met, in their unit.

        Args:
            member: Positions in `limits`, of one kind.
            others: Positions of what must be met.

        Returns:
            The least such figure, or None where none is enough.
        """
        hard = [number for number in others if number not in set(member)]
        limit = self.limits[member[0]]
        if limit.kind in CURVED:
            if self.conflict_within(hard) is not None:
                return None
            nearest = self._nearest(hard, {}, member)
            return max(self.elastic.spread(member[0], nearest) - limit.value, 0.0)
        together = sorted({*member, *hard})
        give = 0.0
        for _ in range(ROUNDS):
            found = self.elastic.least_slack(member, hard)
            if found is None:
                return None
            give = found.value
            gives = dict.fromkeys(member, give)
            if self._add_tangents(together, found.weights, gives):
                continue
            try:
                if not self._add_cuts(together, gives):
                    break
            except SolverError:  # what is left is too thin for a solver, so that give is enough
                break
        return give * limit.scale

    def fair_gives(self, soft: Sequence[int], numbers: Sequence[int]) -> dict[int, float] | None:
        """Return by how much each limit in `soft` must give for all `numbers` to be met.

        The largest is made as small as possible, then the next largest and so on; where a curved
        limit is in the way, all give alike.

        Returns:
            What each limit that must give gives, in weight, or None where none is enough.
        """
        rest = [number for number in numbers if number not in set(soft)]
        gives = self.elastic.fair_slack(soft, rest)
        if gives is None or self.conflict_within(numbers, gives) is None:
            return gives
        alike = self.must_give(soft, numbers)
        return None if alike is None else dict.fromkeys(soft, alike)

    def _pruned(self, core: tuple[int, ...]) -> tuple[int, ...]:
        pending = [list(part) for _, part in _by_kind(core, self.limits)]
        tests = 0
        while pending and tests < MOST_TESTS:
            part = [number for number in pending.pop() if number in core]
            if not part or len(core) == len(part) == 1:
                continue
            tests += 1
            smaller = self.conflict_within([n for n in core if n not in set(part)])
            if smaller is not None:
                core = smaller
            elif len(part) > 1:
                half = len(part) // 2
                pending += [part[:half], part[half:]]
        return core

    def _richest(self, numbers: Sequence[int], gives: Mapping[int, float]) -> FloatArray | None:
        """Return the weights whose return exceeds its limit most, for all that the rows know."""
        if "impact" not in self.elastic.start:
            return None
        asked = [number for number in numbers if self.limits[number].kind == "return"]
        others = [number for number in numbers if number not in asked]
        found = self.elastic.least_slack(asked, others, gives, floor=-1.0) if asked else None
        return None if found is None else found.weights

    def _add_tangents(
        self, numbers: Sequence[int], weights: FloatArray, gives: Mapping[int, float]
    ) -> bool:
        """Add tangents of market impact where the return after costs falls short of its limit."""
        if "impact" not in self.elastic.start:
            return False
        for number in numbers:
            limit = self.limits[number]
            if limit.kind == "return":
                short = (limit.value - self.goal.net_return(weights)) / limit.scale
                if short > gives.get(number, 0.0) + TOLERANCE:
                    self.elastic.add_tangents(weights)
                    return True
        return False

    def _add_cuts(self, numbers: Sequence[int], gives: Mapping[int, float]) -> bool:
        """Add tangent planes of the curved limits that cannot all be met with the rest."""
        curved = [number for number in numbers if self.limits[number].kind in CURVED]
        if not curved:
            return False
        rest = [number for number in numbers if number not in curved]
        nearest = self._nearest(rest, gives, curved)
        excess = [self._excess(number, nearest) for number in curved]
        if max(excess) <= 0:
            return False
        for number in curved:
            if self.elastic.spread(number, nearest) > 0:
                self.elastic.add_cut(number, nearest)
        if "impact" in self.elastic.start:
            self.elastic.add_tangents(nearest)
        return True

    def _excess(self, number: int, weights: FloatArray) -> float:
        limit = self.limits[number].value
        return self.elastic.spread(number, weights) - limit - TOLERANCE * max(limit, self.unit)

    def _nearest(
        self, rest: Sequence[int], gives: Mapping[int, float], curved: Sequence[int]
    ) -> FloatArray:
        """Return the weights within `rest` that come nearest to the curved limits.

        Two such limits are weighed against each other by bisection, until both are broken equally
        or a weighing is found at which both are met.
        """
        if len(curved) == 1:
            return self._least_spread(rest, gives, self.elastic.centre(curved[0]))
        centres = [self.elastic.centre(number) for number in curved]
        sizes = [max(self.limits[number].value, TOLERANCE * self.unit) for number in curved]
        low, high = 0.0, 1.0
        for _ in range(40):
            share = (low + high) / 2
            pull = (share / sizes[0] ** 2, (1 - share) / sizes[1] ** 2)
            centre = (pull[0] * centres[0] + pull[1] * centres[1]) / sum(pull)
            weights = self._least_spread(rest, gives, centre)
            broken = [
                self.elastic.spread(number, weights) / size
                for number, size in zip(curved, sizes, strict=True)
            ]
            if max(broken) <= 1 or abs(broken[0] - broken[1]) <= TOLERANCE * max(broken):
                break
            low, high = (share, high) if broken[0] > broken[1] else (low, share)
        return weights

    def _least_spread(
        self, rest: Sequence[int], gives: Mapping[int, float], centre: FloatArray
    ) -> FloatArray:
        if not rest:
            return centre
        try:
            return self._solved(rest, gives, centre)
        except SolverError:  # as where the rest leaves a single point
            return self._solved(rest, {n: gives.get(n, 0.0) + WIDENED for n in rest}, centre)

    def _solved(
        self, rest: Sequence[int], gives: Mapping[int, float], centre: FloatArray
    ) -> FloatArray:
        from blportfolio.optimise.dispatch import optimise_convex

        widened = itertools.chain.from_iterable(
            self.limits[number].widened(gives.get(number, 0.0)) for number in rest
        )
        goal, allowed = restricted(self.goal, self.allowed, widened)
        is_limited = goal.min_return is not None
        aim = Goal(
            goal.covariance,
            mean=goal.mean if is_limited else None,
            risk_aversion=1.0,
            centre=centre if centre.any() else None,
            min_return=goal.min_return,
            max_volatility=goal.max_volatility,
            costs=goal.costs if is_limited else None,
        )
        return optimise_convex(aim, allowed).weights


def _kind(limit: Limit) -> tuple[str, int, str]:
    if limit.kind in ("bound", "trade"):
        return limit.kind, 0, limit.side
    return limit.kind, limit.index, limit.side


def _by_kind(
    numbers: Iterable[int], limits: Sequence[Limit]
) -> Iterator[tuple[tuple[str, int, str], tuple[int, ...]]]:
    """Yield limits kind by kind, those that are easiest to do without last."""
    ordered = sorted(numbers, key=lambda number: _kind(limits[number]))
    for kind, part in itertools.groupby(ordered, key=lambda number: _kind(limits[number])):
        yield kind, tuple(part)


def _combinations(kinds: list[list[int]]) -> Iterator[tuple[list[int], ...]]:
    for size in (1, 2, 3):
        yield from itertools.combinations(kinds, size)
