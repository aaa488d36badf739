"""Which solvers are tried on a programme, in which order and at which tolerances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from blportfolio.optimise.general.conic import Programme

CURVED = 100
"""Assets from which a programme with second-order cones is first solved roughly."""
LARGE = 70
"""Assets from which a quadratic programme goes to the dense interior-point method first."""
PARALLEL = 300
"""Assets from which Clarabel's parallel factorisation is faster; with cones it never is."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One attempt.

    Attributes:
        name: What remarks and solutions call it.
        solver: cvxpy's name of the solver, or `INTERIOR` for the package's own.
        options: What the solver is asked for.
    """

    name: str
    solver: str
    options: dict[str, Any] = field(default_factory=dict)


def _clarabel(tolerance: float, method: str) -> dict[str, Any]:
    names = ("tol_feas", "tol_gap_abs", "tol_gap_rel")
    return {**dict.fromkeys(names, tolerance), "max_iter": 200, "direct_solve_method": method}


CLARABEL = Stage("CLARABEL", "CLARABEL", _clarabel(1e-10, "qdldl"))
CLARABEL_EARLY = Stage("CLARABEL to 1e-5", "CLARABEL", _clarabel(1e-5, "qdldl"))
CLARABEL_PARALLEL = Stage("CLARABEL", "CLARABEL", _clarabel(1e-10, "faer"))
INTERIOR = Stage("INTERIOR", "INTERIOR")
# Through scipy: highspy prints its banner at first use.
HIGHS = Stage("HIGHS", "SCIPY", {"scipy_options": {"method": "highs"}})
OSQP = Stage("OSQP", "OSQP", {"eps_abs": 1e-8, "eps_rel": 1e-8, "max_iter": 20_000})
SCS = Stage("SCS", "SCS", {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 50_000})


def solver_stages(programme: Programme) -> tuple[Stage, ...]:
    """Return the attempts, first to last.

    Clarabel first; then HiGHS on a linear and OSQP on a quadratic programme; SCS last. A large
    quadratic programme first goes to the package's own dense interior-point method, where it
    applies; one with second-order cones is first solved roughly, by Clarabel to 1e-5, since the
    polish makes a rough answer exact at a fraction of the time.
    """
    size = len(programme.quadratic)
    if programme.cones:
        return (CLARABEL, SCS) if size < CURVED else (CLARABEL_EARLY, CLARABEL, SCS)
    clarabel = CLARABEL if size < PARALLEL else CLARABEL_PARALLEL
    if not programme.quadratic.any():
        return clarabel, HIGHS, SCS
    stages = (clarabel, OSQP, SCS)
    return stages if size < LARGE else (INTERIOR, *stages)
