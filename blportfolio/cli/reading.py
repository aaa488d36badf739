"""Options that say how to read a user's file, shared by the commands that read one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class DateOrder(StrEnum):
    """Order of day and month in dates such as 03/04/2020."""

    DMY = "dmy"
    MDY = "mdy"


class Decimal(StrEnum):
    """What separates decimals."""

    POINT = "."
    COMMA = ","


class CalendarChoice(StrEnum):
    """How assets of exchanges with different holidays are joined."""

    UNION = "union"
    COMMON = "common"


Sheet = Annotated[
    str | None, typer.Option("--sheet", help="Sheet of an Excel file; needed if it has several.")
]
DateOrderOption = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="Whether 03/04/2020 is 3 April (dmy) or 4 March (mdy)."),
]
DecimalOption = Annotated[
    Decimal | None, typer.Option("--decimal", help="Decimal mark of the numbers of the file.")
]
MaxBytes = Annotated[
    int | None,
    typer.Option("--max-bytes", min=1, help="Largest file that is read, unpacked; 1 GiB."),
]
CalendarOption = Annotated[
    CalendarChoice | None,
    typer.Option(
        "--calendar",
        help="Keep every date and carry prices over an exchange's holidays (union, the default), "
        "or only dates on which all listed assets trade (common).",
    ),
]


def given_options(**options: object) -> dict[str, object]:
    """Return the options that were given, as `load_prices` and `read_bars` take them."""
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in options.items()
        if value not in (None, False, 0)
    }
