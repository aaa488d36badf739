"""Units of time that targets and limits may be written in."""

from __future__ import annotations

import math

from blportfolio.errors import ConfigError
from blportfolio.types import DecisionContext
from blportfolio.validation import check_choice

UNITS = ("period", "year")


def per_period(
    value: float,
    unit: str,
    context: DecisionContext,
    *,
    is_volatility: bool = False,
    key: str = "unit",
) -> float:
    """Return a return or a volatility per period of the data.

    Args:
        value: Decimal per `unit`.
        unit: `period` or `year`.
        context: Knows the periods in a year.
        is_volatility: Volatilities grow with the square root of time, returns with time.
        key: The setting that holds the unit, for messages.

    Raises:
        ConfigError: If the unit is a year and the periods in it are not known.
    """
    if unit == "period" or math.isinf(value):
        return value
    if context.periods_per_year is None:
        raise ConfigError(
            "A figure per year needs the periods in a year, which are not known here. Give it per "
            f'period of the data, {key} = "period", or give the distribution `periods_per_year`.'
        )
    years = 1 / context.periods_per_year
    return value * (math.sqrt(years) if is_volatility else years)


def check_unit(unit: str, *, name: str = "unit") -> None:
    """Check the unit of a target or a limit.

    Raises:
        ConfigError: If it is unknown.
    """
    check_choice(unit, UNITS, name=name)
