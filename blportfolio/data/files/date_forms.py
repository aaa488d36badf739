"""Spellings of single dates: which one a text has, and the numbers in it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import numpy as np

LONGEST_DATE = 80
LAST_WEEKDAY = 7
"""The day of an ISO week that stands for it: the Sunday, by which all of it is known."""
_TIME = (
    r"(?:[T ,]\s*(?P<time>(?:(?:오전|오후|上午|下午) ?)?"
    r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s?[AaPp]\.?[Mm]\.?)?))?"
)
_ZONE = r"\s*(?:Z|(?:GMT|UTC)?[+-]\d{2}:?\d{2}(?::\d{2})?|[A-Z]{3,4})?(?: \([^()]{3,40}\))?"
_WEEKDAY = r"(?:[^\W\d]{2,10}\.?,?\s+)?"
_YEAR = r"(?P<y>\d{4}|\d\d)"
_MONTH = r"(?P<word>[^\W\d_]{3,12})\.?"
FORMS = {
    "iso": rf"{_WEEKDAY}(?P<y>\d{{4}})(?P<s>[-/.])\s?(?P<m>\d{{1,2}})(?P=s)\s?(?P<d>\d{{1,2}})\.?"
    rf"{_TIME}{_ZONE}",
    "compact": r"(?P<y>(?:1[789]|2[01])\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
    rf"(?:{_TIME}|[T ](?P<bare>\d{{4}}(?:\d\d)?)){_ZONE}",
    "numeric": rf"{_WEEKDAY}(?P<a>\d{{1,2}})(?P<s>[-/.])\s?(?P<b>\d{{1,2}})(?P=s)\s?{_YEAR}"
    rf"{_TIME}{_ZONE}",
    "east_asian": rf"(?P<y>\d{{4}})[年년]\s?(?P<m>\d{{1,2}})[月월]\s?(?P<d>\d{{1,2}})[日일]{_TIME}",
    "week": r"(?P<y>\d{4})-?W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?",
    "day_word": rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?[-/ .]?\s?(?:de )?{_MONTH}"
    rf"[-/ ,.]*(?:de )?{_YEAR}{_TIME}{_ZONE}",
    "word_day": rf"{_WEEKDAY}{_MONTH}[- ]+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[- ]+{_YEAR}"
    rf"{_TIME}{_ZONE}",
    "ctime": rf"{_WEEKDAY}{_MONTH} (?P<d>\d{{1,2}}) (?P<time>\d{{1,2}}:\d\d:\d\d){_ZONE} "
    r"(?P<y>\d{4})",
    "year_word": rf"(?P<y>\d{{4}})[- /]{_MONTH}[- /](?P<d>\d{{1,2}}){_TIME}{_ZONE}",
    "month": r"(?P<y>\d{4})(?:[-/.]|M)(?P<m>\d{1,2})|(?P<m2>0[1-9]|1[0-2])[-/.](?P<y2>\d{4})",
    "compact_month": r"(?P<y>(?:1[789]|2[01])\d\d)(?P<m>0[1-9]|1[0-2])",
    "month_word": rf"{_MONTH}[-/ ,.]*(?P<y>\d{{4}})|(?P<word2>[^\W\d_]{{3,12}})[-'](?P<y2>\d\d)",
    "quarter": r"(?P<y>\d{4})[- ]?Q(?P<q>[1-4])|Q(?P<q2>[1-4])[- /]?(?P<y2>\d{4})",
}
"""Spellings of dates, the first that matches counts."""
_PATTERNS = {name: re.compile(rf"(?:{form})\Z", re.IGNORECASE) for name, form in FORMS.items()}
MONTH_LABELS = {"month", "compact_month", "month_word", "quarter"}
MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            ("jan", "ene", "gen", "янв"),
            ("feb", "fev", "фев"),
            ("mar", "maer", "mrz", "mrt", "мар"),
            ("apr", "avr", "abr", "апр"),
            ("may", "mai", "mag", "mei", "maj", "маи", "мая"),
            ("jun", "juin", "giu", "июн"),
            ("jul", "juil", "lug", "июл"),
            ("aug", "aou", "ago", "авг"),
            ("sep", "set", "сен"),
            ("oct", "okt", "ott", "out", "окт"),
            ("nov", "ноя"),
            ("dec", "dez", "dic", "des", "дек"),
        ),
        start=1,
    )
    for prefix in prefixes
}
"""Month by the first letters of its name, without accents, in the usual European languages."""
_NO_DATE = re.compile(r"\D*\Z|[+-]?\d{0,7}(?:[.,]\d{0,5})?\Z|[+-]?\d*[.,]\d*\Z")
_EPOCH = re.compile(r"(?:[1-4]?\d{9}(?:000|000000|000000000)?)\Z")


def looks_like_date(text: str) -> bool:
    """Whether a cell can only be a date; digits alone are one of a day or a minute since 1970."""
    text = text.strip().removeprefix("'")
    if _NO_DATE.match(text):
        return False
    if _EPOCH.match(text):
        return int(text[:10]) % 60 == 0
    found = form_of(text)
    return found is not None and found[0] != "compact_month" and _month_of(found[1]) != -1


def form_of(text: str) -> tuple[str, re.Match[str]] | None:
    """Return the form of a text, a key of `FORMS`, and its match; None where it is no date."""
    text = text.removeprefix("'")  # as spreadsheets mark texts
    if len(text) > LONGEST_DATE:
        return None
    for name, pattern in _PATTERNS.items():
        match = pattern.match(text)
        if match is not None and _month_of(match) != -1 and _is_possible(name, match):
            return name, match
    return None


def _is_possible(form: str, match: re.Match[str]) -> bool:
    """Whether one of the first two numbers can be a month and the other a day."""
    if form != "numeric":
        return True
    first, second = int(match["a"]), int(match["b"])
    return 0 < min(first, second) <= 12 and max(first, second) <= 31


def _month_of(match: re.Match[str]) -> int:
    """Return the month that a word names, 0 where there is no word and -1 for another word."""
    group = match.groupdict()
    word = group.get("word") or group.get("word2")
    if word is None:
        return 0
    bare = "".join(
        ch for ch in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(ch)
    )
    return MONTHS.get(bare[:4], MONTHS.get(bare[:3], -1))


def is_short(match: re.Match[str]) -> bool:
    """Whether a date has a year of two digits."""
    group = match.groupdict()
    return len(group.get("y") or group.get("y2") or "") == 2


def parts_of(
    form: str, match: re.Match[str], order: str | None
) -> tuple[float, float, float, str | None]:
    """Return year, month, day and time of one date."""
    group = match.groupdict()
    year = int(group.get("y") or group.get("y2") or 0)
    if is_short(match):
        year += 1900 if year >= 69 else 2000
    if form == "week":
        try:
            day_of = dt.date.fromisocalendar(
                year, int(group["week"]), int(group["weekday"] or LAST_WEEKDAY)
            )
        except ValueError:
            return np.nan, np.nan, np.nan, None
        return day_of.year, day_of.month, day_of.day, None
    if form == "numeric":
        first, second = int(group["a"]), int(group["b"])
        day, month = (first, second) if order == "dmy" else (second, first)
    elif form == "quarter":
        day, month = 1, 3 * int(group["q"] or group["q2"])
    else:
        day = int(group.get("d") or 1)
        month = _month_of(match) or int(group.get("m") or group.get("m2") or 0)
    return year, month, day, group.get("time") or group.get("bare")


def seconds_of(text: str) -> float:
    """Return seconds since midnight."""
    if text.isdigit():
        text = ":".join(text[n : n + 2] for n in range(0, len(text), 2))
    digits = [float(part) for part in re.findall(r"\d+(?:[.]\d+)?", text.replace(",", "."))]
    hours, minutes, seconds = [*digits, 0.0][:3]
    if re.search(r"[Pp]\.?[Mm]|오후|下午", text):
        hours = hours % 12 + 12
    elif re.search(r"[Aa]\.?[Mm]|오전|上午", text):
        hours = hours % 12
    return 3600 * hours + 60 * minutes + seconds
