"""Says which constraints contradict each other, and widens those that may give."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from blportfolio.errors import Conflict, InfeasibleError, SolverError
from blportfolio.optimise.conflicts.search import ConflictSearch
from blportfolio.optimise.conflicts.single_limits import Limit
from blportfolio.optimise.feasible import FeasibleSet
from blportfolio.optimise.goal import Goal
from blportfolio.types import FloatArray

MARGIN = 1e-9
"""Share by which a limit is widened beyond the least."""
THIN = 1e-6
"""The same where a tracking error is limited, whose set would be too thin for a solver."""
FEW = 3
"""Bounds of up to so many assets are named one by one."""
WORDS = {"least": "at least", "most": "at most", "exact": "exactly"}


def explain(goal: Goal, allowed: FeasibleSet) -> InfeasibleError | SolverError:
    """Return the error that names a smallest set of constraints that contradict each other.

    Each is told by how much it alone would have to give for all others to be met; where several
    separate conflicts exist, for the others of its set.

    Args:
        goal: With a positive definite covariance; its limits on return and volatility count.
        allowed: Limits on the number and size of positions are left aside.

    Returns:
        An InfeasibleError with its `conflicts`; or, where the constraints can be met to within
        1e-9 after all or nothing could be found out, a SolverError that says so.
    """
    try:
        return _explained(ConflictSearch(goal, allowed), allowed)
    except SolverError as error:
        return error


def _explained(search: ConflictSearch, allowed: FeasibleSet) -> InfeasibleError | SolverError:
    core = search.smallest()
    if core is None:
        return SolverError(
            "No solver found the best portfolio, although there are portfolios that meet all "
            "constraints. Rescale the expected returns or use a better-conditioned covariance "
            "(ledoit_wolf)."
        )
    members = _members(core, search.limits, allowed)
    gives = [search.must_give(member, search.everything) for member in members]
    others = ""
    if len(members) > 1 and all(give is None for give in gives):
        gives = [search.must_give(member, core) for member in members]
        others = " Other constraints contradict each other too."
    if not allowed.relax and any(search.limits[n].kind in ("turnover", "trade") for n in core):
        others += " With `relax` limits on trades give as little as it takes."
    if not search.is_pruned:
        others += " Not each of them may be needed for the conflict: the search was cut short."
    conflicts = tuple(
        Conflict(_words([search.limits[number] for number in member], allowed), give)
        for member, give in zip(members, gives, strict=True)
    )
    told = "; ".join(
        _told(conflict, is_shared=len(member) > 1)
        for conflict, member in zip(conflicts, members, strict=True)
    )
    if len(conflicts) == 1:
        return InfeasibleError(f"No portfolio meets this constraint: {told}. Widen it.", conflicts)
    return InfeasibleError(
        f"No portfolio meets these constraints together: {told}. Widen one of them.{others}",
        conflicts,
    )


def loosen(covariance: FloatArray, allowed: FeasibleSet) -> tuple[FeasibleSet, tuple[str, ...]]:
    """Return constraints whose turnover and trade limits no longer contradict the rest.

    First the largest excess of a trade over its bound is made as small as possible, then the next
    largest and so on, then the turnover; a limit that contradicts nothing stays.

    Args:
        covariance: (n_assets, n_assets) positive definite, for a limit on the tracking error.
        allowed: Constraints.

    Returns:
        The constraints, the given ones where nothing had to give, and a remark on each change.
    """
    if allowed.previous is None:
        return allowed, ()
    search = ConflictSearch(Goal(covariance), allowed)
    kinds = [limit.kind for limit in search.limits]
    trades = [number for number, kind in enumerate(kinds) if kind == "trade"]
    turnover = [number for number, kind in enumerate(kinds) if kind == "turnover"]
    if not (trades or turnover) or search.conflict_within(search.everything) is None:
        return allowed, ()
    margin = THIN if "tracking" in kinds else MARGIN
    wider, remarks = allowed, []
    if trades:
        gives = search.fair_gives(trades, [n for n in search.everything if n not in turnover])
        if gives is None:
            return allowed, ()
        if gives:
            trade = allowed.trade.copy()
            for number, give in gives.items():
                trade[search.limits[number].index] += give * (1 + margin) + margin
            wider = replace(allowed, trade=trade)
            named = ", ".join(
                f"{allowed.assets[search.limits[number].index]} by {give:.4g}"
                for number, give in itertools.islice(gives.items(), FEW)
            )
            more = f" and {len(gives) - FEW} more" if len(gives) > FEW else ""
            remarks.append(
                f"Trade bounds contradict the other constraints and were widened: {named}{more}."
            )
    if turnover:
        search = ConflictSearch(Goal(covariance), wider)
        found = search.must_give(turnover, search.everything)
        if found is None:
            return allowed, ()
        if found > MARGIN:
            least = allowed.turnover + found
            remarks.append(
                f"A turnover of at most {allowed.turnover:.4g} contradicts the other constraints; "
                f"it was widened to {least:.4g}."
            )
            wider = replace(wider, turnover=least * (1 + margin) + margin)
    return wider, tuple(remarks)


def _members(
    core: Sequence[int], limits: Sequence[Limit], allowed: FeasibleSet
) -> list[tuple[int, ...]]:
    """Return limits by member: bounds that come from one setting, or many of one kind, are one."""
    members: list[tuple[int, ...]] = []
    ordered = sorted(core, key=lambda number: _order(limits[number]))
    for (kind, side), group in itertools.groupby(ordered, key=lambda n: _order(limits[n])):
        part = tuple(group)
        if kind not in ("bound", "trade"):
            members += [(number,) for number in part]
            continue
        every = allowed.trade if kind == "trade" else allowed.lower
        every = allowed.upper if kind == "bound" and side == "most" else every
        by_value: dict[float, list[int]] = {}
        for number in part:
            by_value.setdefault(limits[number].value, []).append(number)
        few = 1 if (every == every[0]).all() else FEW
        alike = {value for value, same in by_value.items() if len(same) > (few if value else 1)}
        single = [number for number in part if limits[number].value not in alike]
        members += [tuple(by_value[value]) for value in sorted(alike)]
        members += [(n,) for n in single] if len(single) <= FEW else [tuple(single)]
    return members


def _order(limit: Limit) -> tuple[str, str]:
    return limit.kind, limit.side


def _words(limits: Sequence[Limit], allowed: FeasibleSet) -> str:
    limit = limits[0]
    value = f"{WORDS[limit.side]} {limit.value:.6g}"
    if len(limits) > 1:
        return _many(limits, allowed)
    if limit.kind == "bound":
        return f"bounds: {allowed.assets[limit.index]} {value}"
    if limit.kind == "trade":
        asset = allowed.assets[limit.index]
        held = 0.0 if allowed.previous is None else allowed.previous[limit.index]
        return f"trade of {asset} {value} (held {held:.6g})"
    if limit.kind == "budget":
        if limit.side == "exact":
            return f"budget: weights sum to {limit.value:.6g}"
        opposite = WORDS["most" if limit.side == "least" else "least"]
        return f"cash {opposite} {1 - limit.value:.6g}"
    if limit.kind == "row":
        return f"{allowed.row_names[limit.index]} {value}"
    names = {
        "turnover": "turnover",
        "gross": "gross exposure",
        "tracking": "tracking error",
        "volatility": "volatility",
        "return": "return",
    }
    return f"{names[limit.kind]} {value}"


def _many(limits: Sequence[Limit], allowed: FeasibleSet) -> str:
    values = [limit.value for limit in limits]
    side = WORDS[limits[0].side]
    low, high = min(values), max(values)
    who = f"{len(limits)} assets"
    if len(limits) <= FEW:
        who = ", ".join(allowed.assets[limit.index] for limit in limits)
    if side == "at least" and low == high == 0:
        return f"no short positions in {who}"
    size = f"{side} {low:.6g} each" if low == high else f"{side} {low:.6g} to {high:.6g}"
    if limits[0].kind == "trade":
        return f"trades of {who} ({size})"
    name = {"least": "lower bounds", "most": "upper bounds", "exact": "fixed weights"}
    return f"{name[limits[0].side]} of {who} ({size}, {sum(values):.6g} together)"


def _told(conflict: Conflict, *, is_shared: bool) -> str:
    if conflict.must_give is None:
        return f"{conflict.name} (giving way alone would not help)"
    each = " each" if is_shared else ""
    return f"{conflict.name} (would have to give {conflict.must_give:.4g}{each})"
