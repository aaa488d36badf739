"""One explicit view: a portfolio, its expected return, and how sure the investor is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from blportfolio.errors import ConfigError
from blportfolio.priors.view_text import UNITS, is_plain_name, parse_view
from blportfolio.validation import check_choice

PERIODS_PER_YEAR = {"day": 252.0, "week": 52.0, "month": 12.0, "quarter": 4.0, "year": 1.0}


@dataclass(frozen=True, slots=True)
class View:
    """One view: the portfolio `pick` is expected to return `value` a period, or a `unit` of time.

    Units are converted linearly: a yearly value over the periods of a year, and a yearly variance
    likewise, as Σ, and with it τΣ, grows with time. So the posterior is the same in days and in
    years, and a standard deviation compares to that of the prior in the same unit, √(τ pΣpᵀ): 4.5%
    per year for an asset with a volatility of 20% at τ = 0.05.

    Attributes:
        pick: Weights by asset, for example {"AAPL": 1, "MSFT": -1} for a relative view. A key in
            brackets, "[Energy]", is the average of a group.
        value: Expected return, decimal per `unit`.
        variance: ω ≥ 0 of the view, decimal² per `unit`; 0 holds it with certainty. By default
            τ pΣpᵀ (He and Litterman).
        unit: period (of the data), day (of trading), week, month, quarter or year.
        confidence: Instead of a variance, in (0, 1]: the share of the way to certainty that the
            view goes (Idzorek); 0.5 is the default variance, 1 certainty.
        name: Name for tables; by default the view in words.

    Raises:
        ConfigError: If a part is wrong, or both a variance and a confidence are given.
    """

    pick: Mapping[str, float]
    value: float
    variance: float | None = None
    unit: str = "period"
    confidence: float | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.pick, Mapping) or not any(self.pick.values()):
            raise ConfigError(
                'A view\'s `pick` must give some asset a weight other than 0, like {"AAPL": 1}.'
            )
        if not all(_is_finite(number) for number in (*self.pick.values(), self.value)):
            raise ConfigError("A view's `pick` and `value` must be finite numbers.")
        if not all(isinstance(key, str) and key and key.isprintable() for key in self.pick):
            raise ConfigError("A view's `pick` must name its assets by printable text.")
        if self.variance is not None and not (_is_finite(self.variance) and self.variance >= 0):
            raise ConfigError(f"A view's `variance` must be 0 or more, got {self.variance}.")
        if self.confidence is not None and not (
            _is_finite(self.confidence) and 0 < self.confidence <= 1
        ):
            raise ConfigError(
                f"A view's `confidence` must lie above 0 and up to 1, got {self.confidence}. "
                "Drop a view that deserves none."
            )
        if self.variance is not None and self.confidence is not None:
            raise ConfigError(
                "A view takes a `variance` (or ±) or a `confidence`, not both; drop one."
            )
        check_choice(self.unit, UNITS, name="unit")
        if self.name is not None and not (isinstance(self.name, str) and self.name.isprintable()):
            raise ConfigError(f"A view's `name` must be printable text, got {self.name!r}.")
        object.__setattr__(self, "pick", {key: float(value) for key, value in self.pick.items()})
        for field in ("value", "variance", "confidence"):
            number = getattr(self, field)
            object.__setattr__(self, field, None if number is None else float(number))

    @classmethod
    def from_text(cls, text: str) -> View:
        """Read a view such as "AAPL - MSFT = 2% per year"; see `parse_view` for the notation.

        Raises:
            ConfigError: Naming the view, the position and what was expected.
        """
        parts = parse_view(text)
        try:
            return cls(
                parts.pick, parts.value, parts.variance, parts.unit, parts.confidence, parts.label
            )
        except ConfigError as error:
            raise ConfigError(f"The view {text!r} is wrong. {error}") from error

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, Any]:
        """Let pydantic pass tables of a file through to `as_views`, whose errors name the view."""
        return {"type": "is-instance", "cls": cls}

    @property
    def text(self) -> str:
        """The view in the notation of `from_text`, to the last digit."""
        return _written(self, None)

    @property
    def label(self) -> str:
        """The name, or else the view in words, for tables."""
        return self.name or _written(self, 6)

    def scale(self, periods_per_year: float) -> float:
        """Return the factor from the view's unit to one period of the data."""
        # A calendar with more or fewer days than 252 still has one trading day a period.
        if self.unit == "period" or (self.unit == "day" and 200 <= periods_per_year <= 366):
            return 1.0
        return PERIODS_PER_YEAR[self.unit] / periods_per_year


def _is_finite(number: object) -> bool:
    return (
        isinstance(number, int | float | np.number)
        and not isinstance(number, bool)
        and bool(np.isfinite(number))
    )


def _written(view: View, digits: int | None) -> str:
    """Write a view so that `parse_view` reads it; with `digits`, rounded, as for a label."""
    terms: list[str] = []
    for name, weight in view.pick.items():
        if weight:
            figure = "" if abs(weight) == 1 else f"{_plain(_decimal(abs(weight), digits))}*"
            lead = ("-" if weight < 0 else "+") if not terms else ("- " if weight < 0 else "+ ")
            terms.append(f"{'' if lead == '+' else lead}{figure}{_name(name)}")
    text = f"{' '.join(terms)} = {_percent(view.value, digits)}"
    if view.unit != "period":
        text += f" per {view.unit}"
    if view.variance is not None:
        text += f" +/- {_percent(math.sqrt(view.variance), digits)}"
    if view.confidence is not None:
        text += f" (confidence {_percent(view.confidence, digits)})"
    return text


def _name(name: str) -> str:
    if re.fullmatch(r"\[[^\[\]]*\]", name) or is_plain_name(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _decimal(number: float, digits: int | None) -> Decimal:
    return Decimal(repr(number) if digits is None else f"{number:.{digits}g}")


def _percent(number: float, digits: int | None) -> str:
    return _plain(_decimal(number, digits).scaleb(2)) + "%"


def _plain(number: Decimal) -> str:
    short = number.normalize()
    return format(short, "f") if -7 <= short.adjusted() <= 14 else str(short)
