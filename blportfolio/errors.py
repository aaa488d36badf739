"""The error tree, told apart by what the caller can do next.

BLPortfolioError            exit 1
├── DataError               exit 3   the data or an array must change
│   └── OutputError         exit 3   a file or folder could not be written
├── ConfigError             exit 4   a setting, name or file of settings must change
└── InfeasibleError         exit 5   the problem has no solution as posed
"""

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


class InfeasibleError(BLPortfolioError):
    """No portfolio satisfies the problem; the same input will not help."""

    exit_code: ClassVar[int] = 5


class BLPortfolioWarning(UserWarning):
    """The answer stands, but an input looks like a mistake or part of the answer is undefined."""


class SingularCovarianceWarning(BLPortfolioWarning):
    """A covariance was singular, so that a small ridge was added to solve with it."""
