"""The error tree, told apart by what the caller can do next.

BLPortfolioError            exit 1
├── DataError               exit 3   the data or an array must change
│   └── OutputError         exit 3   a file or folder could not be written
├── ConfigError             exit 4   a setting, name or file of settings must change
├── InfeasibleError         exit 5   the problem has no solution as posed
│   └── NoPositiveReturnError  exit 5  it asks for a ratio, and no expected return is above 0
└── SolverError             exit 1   every solver failed on a problem that may have a solution
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class BLPortfolioError(Exception):
    """Any expected failure; the message names the culprit and the remedy."""

    exit_code: ClassVar[int] = 1


class DataError(BLPortfolioError):
    """Data, an array or a label is wrong; fixed by correcting the input."""

    exit_code: ClassVar[int] = 3


class OutputError(DataError):
    """A result could not be written; fixed by choosing another place."""


class ConfigError(BLPortfolioError):
    """A setting is unknown, missing or out of range; fixed by editing it."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class Conflict:
    """One of a smallest set of constraints that cannot be met together.

    Attributes:
        name: The constraint in words, such as "group Tech is at least 0.6".
        must_give: By how much it alone would have to give for the others to be met, in its own
            unit (weight, or return or volatility per period); None where that would not help.
    """

    name: str
    must_give: float | None = None


class InfeasibleError(BLPortfolioError):
    """No portfolio satisfies the problem; the same input will not help.

    Attributes:
        conflicts: The smallest conflicting set of constraints that was found; empty where the
            problem fails for another reason.
    """

    exit_code: ClassVar[int] = 5

    def __init__(self, message: str, conflicts: tuple[Conflict, ...] = ()) -> None:
        super().__init__(message)
        self.conflicts = conflicts


class NoPositiveReturnError(InfeasibleError):
    """Portfolios are allowed, but none has the positive expected return that a ratio needs."""


class SolverError(BLPortfolioError):
    """Every solver failed numerically; rescaled or better-conditioned input may help."""


class BLPortfolioWarning(UserWarning):
    """The answer stands, but an input looks like a mistake or part of the answer is undefined."""


class SingularCovarianceWarning(BLPortfolioWarning):
    """A covariance was singular, so that a small ridge was added to solve with it."""


def flags_of(options: Iterable[str]) -> str:
    """Return the flags of options, as a message names them."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in options)
