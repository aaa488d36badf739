"""Reads the notation in which views are written: text to the parts of a view."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from blportfolio.errors import ConfigError
from blportfolio.validation import nearest_name

UNITS = ("period", "day", "week", "month", "quarter", "year")
EXAMPLE = "AAPL - MSFT = 2% per year"
NAME = "the name of an asset"
NUMBER = "a number such as 2% or 0.02 (names stand to the left of it)"
EQUALS = '"=" (a name with blanks stands in quotes)'
_VERBS = {
    "outperform": 1,
    "outperforms": 1,
    "beat": 1,
    "beats": 1,
    "underperform": -1,
    "underperforms": -1,
}
_KEYWORDS = {*_VERBS, "by"}

# A sign or an equals sign inside a name belongs to it: BRK-B, GC=F. A typographic minus never does.
_WORD = r"""[^\s*=()\[\]"',+\-−–±%]
            (?:[^\s*=()\[\]",+\-−–±]|[+\-](?!/-)(?=[^\s*=()\[\]",±−–])|=(?=[A-Za-z]))*"""
_TOKEN = re.compile(
    rf"""(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')
        |(?P<group>\[[^\[\]]*\])
        |(?P<give>±|\+/-)
        |(?P<sign>[+\-−–])
        |(?P<mark>[*=(),%])
        |(?P<word>{_WORD})""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?P<figure>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(?P<unit>%|bps?)?"
)
_POWER = {"%": -2, "percent": -2, "bp": -4, "bps": -4}


@dataclass(frozen=True, slots=True)
class ViewParts:
    """What a text says: the fields of a `View`, and the text as a label, or None for another."""

    pick: dict[str, float]
    value: float
    variance: float | None
    unit: str
    confidence: float | None
    label: str | None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def parse_view(text: str) -> ViewParts:
    """Read one view.

    A view is a portfolio, `=` and its expected return, as in "0.5*KO + 0.5*PEP - XOM = 1% per
    month". Then, in any order: `per` day, week, month, quarter, year or period (the default), a
    standard deviation `± 2%` (or `+/- 2%`) in the same unit, and `confidence 60%`. Instead of
    `=`: "AAPL beats MSFT by 2% per year" (or `outperforms`, `underperforms`). `[Energy]` is a
    group. A sign between blanks is an operator, so that BRK-B is one name; a name with blanks
    stands in quotes.

    Raises:
        ConfigError: Naming the view, the position of what cannot be read and what was expected.
    """
    return _Reader(text).view()


class _Reader:
    """Reads the tokens of one view from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tokens: list[_Token] = []
        position = 0
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            found = _TOKEN.match(text, position)
            if found is None:
                closing = "its closing mark after " if text[position] in "\"'[" else ""
                self.fail(f"{closing}a name, a number or a sign", position)
            self.tokens.append(_Token(str(found.lastgroup), found.group(), position))
            position = found.end()

    def view(self) -> ViewParts:
        pick = self.side()
        token, sign = self.next(EQUALS), 1
        if token.kind == "word" and token.text in _VERBS:
            sign = _VERBS[token.text]
            for name, weight in self.side().items():
                pick[name] = pick.get(name, 0.0) - weight
            if (word := self.next('"by"')).text != "by":
                self.fail('"by"', word.start)
        elif token.text != "=":
            self.fail(EQUALS, token.start)
        value = sign * self.amount(signed=True)
        unit, deviation, confidence = self.clauses()
        typographic = "−" in self.text or "–" in self.text
        label = None if typographic else " ".join(self.text.split()).replace("±", "+/-")
        variance = None if deviation is None else deviation**2
        return ViewParts(pick, value, variance, unit or "period", confidence, label)

    def side(self) -> dict[str, float]:
        """Read a sum of names, each with a sign and a coefficient or none."""
        pick: dict[str, float] = {}
        sign = self.sign()
        while True:
            weight = self.coefficient()
            token = self.next(NAME)
            if not _is_name(token):
                self.fail(NAME, token.start)
            name = _unquoted(token.text) if token.kind == "quoted" else token.text
            pick[name] = pick.get(name, 0.0) + (sign or 1) * weight
            sign = self.sign()
            if not sign:
                return pick

    def sign(self) -> int:
        token = self.peek()
        if token is None or token.kind != "sign":
            return 0
        self.at += 1
        return 1 if token.text == "+" else -1

    def coefficient(self) -> float:
        """Read `0.5*` or `0.5` before a name; a number alone is a name, like 7203."""
        token, after = self.peek(), self.peek(1)
        number = None if token is None else _number(token)
        if number is None or after is None:
            return 1.0
        if after.text == "*":
            self.at += 2
        elif _is_name(after):
            self.at += 1
        else:
            return 1.0
        return number.value

    def amount(self, *, signed: bool) -> float:
        """Read a return: 2%, 25 bp or 0.02."""
        sign = (self.sign() or 1) if signed else 1
        token = self.next(NUMBER)
        number = _number(token)
        if number is None or not math.isfinite(number.value):
            self.fail(NUMBER, token.start)
        after = self.peek()
        if not number.has_unit and after is not None and after.text in _POWER:
            self.at += 1
            return sign * _scaled(token.text, _POWER[after.text])
        if not number.has_unit and number.value >= 1:
            figure = token.text
            raise ConfigError(
                f"The view {self.text!r} has {figure} at character {token.start + 1}, which is "
                f"{100 * number.value:g}%. Write {figure}% for {figure} percent, or "
                f"{100 * number.value:g}% if that is meant."
            )
        return sign * number.value

    def clauses(self) -> tuple[str | None, float | None, float | None]:
        """Read the unit, the standard deviation and the confidence, in any order."""
        unit: str | None = None
        deviation = confidence = None
        expected = '"per year" or another unit, "± 2%", "confidence 60%" or the end'
        opened = False
        while (token := self.peek()) is not None:
            self.at += 1
            if token.kind == "word" and token.text in ("per", "a", "p.a.") and unit is None:
                unit = "year" if token.text == "p.a." else self.unit()
            elif token.kind == "give" and deviation is None:
                deviation = self.amount(signed=False)
            elif token.text == "confidence" and confidence is None:
                confidence = self.confidence()
            elif token.text in ("(", ")") and opened == (token.text == ")"):
                opened = not opened
            elif token.text != ",":
                self.fail(expected, token.start)
        if opened:
            self.fail('")"')
        return unit, deviation, confidence

    def unit(self) -> str:
        token = self.next(f"one of {', '.join(UNITS)}")
        if token.text == "annum":
            return "year"
        if token.text not in UNITS:
            self.fail(f"a unit of time ({nearest_name(token.text, UNITS)})", token.start)
        return token.text

    def confidence(self) -> float:
        expected = "a confidence above 0% and up to 100%, such as 60%"
        token = self.next(expected)
        number = _number(token)
        if number is None:
            self.fail(expected, token.start)
        after, value = self.peek(), number.value
        if not number.has_unit and after is not None and after.text in ("%", "percent"):
            self.at += 1
            value = _scaled(token.text, -2)
        if not 0 < value <= 1:
            self.fail(expected, token.start)
        return value

    def peek(self, ahead: int = 0) -> _Token | None:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def next(self, expected: str) -> _Token:
        token = self.peek()
        if token is None:
            self.fail(expected)
        self.at += 1
        return token

    def fail(self, expected: str, start: int | None = None) -> NoReturn:
        found = "the end"
        if start is not None:
            token = next((t.text for t in self.tokens if t.start == start), self.text[start])
            found = repr(token[:40])
        place = len(self.text) if start is None else start
        raise ConfigError(
            f"The view {self.text!r} cannot be read at character {place + 1}: expected "
            f"{expected}, found {found}. Example: {EXAMPLE!r}; put blanks around + and -, "
            "and a point into decimals."
        )


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    has_unit: bool


def _is_name(token: _Token) -> bool:
    """Whether a token names an asset; a keyword in quotes does."""
    return token.kind in ("quoted", "group") or (
        token.kind == "word" and token.text not in _KEYWORDS
    )


def _number(token: _Token) -> _Number | None:
    found = _NUMBER.fullmatch(token.text) if token.kind == "word" else None
    if found is None:
        return None
    unit = found["unit"]
    return _Number(_scaled(found["figure"], _POWER.get(unit or "", 0)), unit is not None)


def _scaled(figure: str, power: int) -> float:
    """Return figure × 10^power, rounded once, so that 7% is 0.07 exactly."""
    return float(Decimal(figure).scaleb(power))


def _unquoted(text: str) -> str:
    mark = text[0]
    return text[1:-1].replace(2 * mark, mark)


def is_plain_name(name: str) -> bool:
    """Whether the notation reads a name without quotes."""
    reads = re.fullmatch(_WORD, name, re.VERBOSE) is not None
    return reads and name not in _KEYWORDS and _NUMBER.fullmatch(name) is None
