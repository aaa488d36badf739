"""Finds a smallest set of limits that contradict each other, and how far each must give."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from blportfolio.errors import InfeasibleError, SolverError
from blportfolio.optimise.conflicts.elastic import TOLERANCE, Elastic
from blportfolio.optimise.conflicts.single_limits import CURVED, Limit, restricted
from blportfolio.optimise.exact.engine import exact_solution
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray

ROUNDS = 60
"""Most tangent planes of one question; few are used, as each is taken at an optimum."""
WIDENED = 1e-7
"""By how much limits are widened, in weight, where no solver gets through otherwise."""
ROUGH = 1e-6
"""Largest residual at which a solver's first answer, unpolished, is tried as it is."""
FAR = 1e3
"""A return that grows up to weights of this size counts as unlimited."""
MOST_TESTS = 200
"""Most subsets that are tried in each stage of the search."""


class ConflictSearch:
    """Answers which limits of a problem can be met together.

    Rows are judged by linear programming, which alone decides where it finds a contradiction. A
    curved limit (on risk, or on a return after market impact) is judged by the portfolio that comes
    nearest to it within the rest; its tangent plane there then joins the rows.

    References:
        Chinneck (2008), Feasibility and Infeasibility in Optimization, chapters 2 (elastic
        programmes), 6 (deletion filter).
    """

    def __init__(self, goal: Goal, allowed: FeasibleSet) -> None:
        self.goal, self.allowed = goal, allowed
        self.elastic = Elastic(goal, allowed)
        self.limits = self.elastic.limits
        self.everything = tuple(range(len(self.limits)))
        self.is_pruned = False

    def conflict_within(
        self, numbers: Sequence[int], gives: Mapping[int, float] | None = None
    ) -> tuple[int, ...] | None:
        """Return limits out of `numbers` that contradict each other, or None where all are met.

        Args:
            numbers: Positions in `limits`.
            gives: By how much limits are widened first, in weight.
        """
        gives = gives or {}
        for is_exact in (False, True):
            core = self._linear_conflict(numbers, gives)
            if core is not None or not self._add_cuts(numbers, gives, is_exact=is_exact):
                return core
        return self._linear_conflict(numbers, gives) or tuple(numbers)

    def smallest(self) -> tuple[int, ...] | None:
        """Return a smallest conflicting set that was found, or None where there is no conflict.

        1. All limits are judged together; the multipliers of the linear programme name a first
           conflicting set (Gleeson and Ryan, 1990).
        2. Sets of one to three kinds of limits, the easiest to understand, take its place where one
           of them conflicts too.
        3. Every limit whose absence leaves a conflict is dropped, halves of a kind first (the
           deletion filter of Chinneck and Dravnieks, 1991). After `MOST_TESTS` questions what is
           left is returned as it is: a conflicting set in which not all may be needed.
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
        first = member[0]
        is_direct = self.limits[first].kind in CURVED or (
            self.limits[first].kind == "return"
            and any(self.elastic.is_curved(number) for number in (first, *hard))
        )
        if is_direct:
            if self.conflict_within(hard) is not None:
                return None
            return max(float(self.elastic.excess(first, self._nearest(hard, {}, first))), 0.0)
        together = sorted({*member, *hard})
        give = 0.0
        for _ in range(ROUNDS):
            found = self.elastic.least_slack(member, hard)
            if found is None:
                return None
            if found.value <= give + TOLERANCE / 10 and give > 0:
                break
            give = found.value
            try:
                if not self._add_cuts(together, dict.fromkeys(member, give)):
                    break
            except SolverError:  # what is left is too thin for a solver, so that give is enough
                break
        return give * max(self.limits[number].scale for number in member)

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
        self.is_pruned = not pending
        return core

    def _linear_conflict(
        self, numbers: Sequence[int], gives: Mapping[int, float]
    ) -> tuple[int, ...] | None:
        """Return limits out of `numbers` whose rows contradict each other, or None."""
        found = self.elastic.least_slack(numbers, gives=gives)
        if found is None:
            return tuple(numbers)
        return (found.support or tuple(numbers)) if found.value > TOLERANCE else None

    def _add_cuts(
        self, numbers: Sequence[int], gives: Mapping[int, float], *, is_exact: bool = False
    ) -> bool:
        """Add tangent planes of the curved limits where they cannot all be met with the rest.

        They are judged one after the other, each within those before it. At the weights that come
        nearest to the first that cannot be met, the planes of all together show it.
        """
        curved = [number for number in numbers if self.elastic.is_curved(number)]
        known = [number for number in numbers if number not in curved]
        for number in curved:
            nearest = self._nearest(known, gives, number, is_exact=is_exact)
            if self._is_broken(number, nearest, gives):
                for other in curved:
                    self.elastic.add_cut(other, nearest)
                return True
            known.append(number)
        return False

    def _is_broken(self, number: int, weights: FloatArray, gives: Mapping[int, float]) -> bool:
        limit = self.limits[number]
        room = TOLERANCE * max(abs(limit.value), limit.scale)
        if limit.kind == "return":
            if np.abs(weights).max() > FAR / 2:
                return False
            room += gives.get(number, 0.0) * limit.scale
        return self.elastic.excess(number, weights) > room

    def _nearest(
        self,
        rest: Sequence[int],
        gives: Mapping[int, float],
        number: int,
        *,
        is_exact: bool = False,
    ) -> FloatArray:
        """Return the weights within `rest` that come nearest to a limit on return or risk."""
        is_return = self.limits[number].kind == "return"
        centre = None if is_return else self.elastic.centre(number)
        if not rest and centre is not None:
            return centre
        try:
            return self._solved(rest, gives, centre, is_exact=is_exact)
        except SolverError:  # as where the rest leaves a single point
            wider = {n: gives.get(n, 0.0) + WIDENED for n in rest}
            return self._solved(rest, wider, centre, is_exact=is_exact)

    def _solved(
        self,
        rest: Sequence[int],
        gives: Mapping[int, float],
        centre: FloatArray | None,
        *,
        is_exact: bool,
    ) -> FloatArray:
        from blportfolio.optimise.general.programme import write_programme
        from blportfolio.optimise.general.solver import solve_programme
        from blportfolio.optimise.general.solvers import attempt
        from blportfolio.optimise.general.stages import CLARABEL

        widened = itertools.chain.from_iterable(
            self.limits[number].widened(gives.get(number, 0.0)) for number in rest
        )
        goal, allowed = restricted(self.goal, self.allowed, widened)
        needs_return = centre is None or goal.min_return is not None
        aim = Goal(
            goal.covariance,
            mean=goal.mean if needs_return else None,
            risk_aversion=0.0 if centre is None else 1.0,
            centre=centre if centre is not None and centre.any() else None,
            min_return=goal.min_return,
            max_volatility=goal.max_volatility,
            costs=goal.costs if needs_return else None,
        )
        if centre is None:  # a return that nothing limits has to stay finite
            allowed = replace(
                allowed,
                lower=np.maximum(allowed.lower, np.minimum(-FAR, allowed.upper)),
                upper=np.minimum(allowed.upper, np.maximum(FAR, allowed.lower)),
            )
        try:
            exact = exact_solution(aim, allowed)
            if exact is not None:
                return exact.weights
            if not is_exact:
                programme = write_programme(aim, allowed)
                _, point = attempt(programme, CLARABEL)
                if point is not None and point.worst <= ROUGH:
                    return programme.weights(point.x)
            return solve_programme(aim, allowed, explains=False).weights
        except InfeasibleError as error:  # by a solver's word alone: the rows can be met
            raise SolverError(str(error)) from error


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
