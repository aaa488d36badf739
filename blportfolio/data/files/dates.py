"""Reads dates as vendors write them; day and month are told apart by evidence, or refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.files.date_forms import (
    MONTH_LABELS,
    form_of,
    is_short,
    parts_of,
    seconds_of,
)
from blportfolio.data.files.sources import printable
from blportfolio.data.files.words import YEAR_NAMES, plain
from blportfolio.errors import DataError

DateOrder = Literal["dmy", "mdy"]
YEARS = (1700, 2200)
EPOCHS = ((1e8, 5e9, 1.0), (1e11, 5e12, 1e-3), (1e14, 5e15, 1e-6), (1e17, 5e18, 1e-9))
"""Least and most of counts since 1970, and their unit in seconds."""
DAY = 86_400.0
EXCEL_DAY_ZERO = 25_569.0
LATEST_EPOCH_DAY = 22_000
"""Days since 1970 of the year 2030: above it they are those of Excel, from 1960 on."""
_UTC = re.compile(r":\d\d(?:\.\d+)? ?(?:Z|UTC|\+00:?00)\Z")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")


@dataclass(frozen=True, slots=True)
class ReadDates:
    """Dates of a column: NaT where there is none, rows whose text is no date, and if in UTC."""

    dates: pd.DatetimeIndex
    unreadable: np.ndarray
    inferred: tuple[str, ...]
    is_utc: bool = False


def read_dates(column: pa.ChunkedArray, *, label: str, order: str | None, file: str) -> ReadDates:
    """Read a column of dates; a time zone only labels a bar: its local day is what counts.

    Args:
        column: Texts, numbers or timestamps.
        label: The column's name, for messages.
        order: `dmy` or `mdy` where the reader of the file decides it.
        file: The file's name, for messages.

    Raises:
        DataError: If day and month cannot be told apart, or the column holds no dates.
    """
    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        read = _timestamps(pc.local_timestamp(column) if zone else column)
        return replace(read, is_utc=zone in {"UTC", "Etc/UTC", "+00:00"})
    if pa.types.is_floating(column.type):
        return _numbers(column.to_numpy(), label, file)
    coded = column.combine_chunks().dictionary_encode()
    texts = [" ".join(text.split()) for text in coded.dictionary.to_pylist()]
    codes = coded.indices.to_numpy(zero_copy_only=False)
    if texts and all(_NUMBER.match(text) or not text for text in texts):
        # A six-digit label such as 192607 is a month, 20200131 a day; all else counts something.
        dated = [form_of(text) is not None for text in texts if text]
        if dated and not all(dated):
            values = np.array([float(text) if text else np.nan for text in texts])
            read = _numbers(values, label, file)
            return ReadDates(read.dates[codes], read.unreadable[codes], read.inferred)
    dates, unreadable, inferred = _texts(texts, label, order, file)
    is_utc = bool(texts) and all(_UTC.search(text) or not text for text in texts)
    return ReadDates(_index(dates)[codes], unreadable[codes], inferred, is_utc)


def _timestamps(column: pa.ChunkedArray) -> ReadDates:
    """Take dates that are typed as such; those of no calendar are unreadable."""
    unit = column.type.unit
    low, high = (np.datetime64(f"{year}-01-01", unit).astype(int) for year in YEARS)
    counts = column.cast(pa.int64())
    inside = pc.and_(pc.greater_equal(counts, int(low)), pc.less(counts, int(high)))
    dates = pc.if_else(inside, column, pa.scalar(None, column.type)).to_pandas()
    unreadable = pc.invert(pc.fill_null(inside, True)).to_numpy()
    return ReadDates(_index(dates), unreadable, ())


def _texts(
    texts: list[str], label: str, order: str | None, file: str
) -> tuple[pd.Series, np.ndarray, tuple[str, ...]]:
    """Read different texts at once."""
    iso = pd.Series(texts, dtype=object)
    plain_iso = pd.to_datetime(iso.where(iso != ""), format="%Y-%m-%d", errors="coerce")
    empty = (iso == "").to_numpy()
    if (plain_iso.notna().to_numpy() | empty).all():
        inside = plain_iso.dt.year.between(*YEARS).to_numpy()
        return plain_iso.where(inside), ~inside & ~empty, ()
    found = [form_of(text) for text in texts]
    forms = {form for form, _ in (f for f in found if f is not None)}
    if sum(f is not None for f in found) < 0.5 * (~empty).sum():
        bad = next(text for text, f in zip(texts, found, strict=True) if f is None and text)
        raise DataError(
            f"The file {file!r} has an unknown layout or date: {printable(bad)[:60]!r} in column "
            f"{label!r}. Put dates in the first column as YYYY-MM-DD."
        )
    notes = []
    if {"iso", "numeric"} <= forms:
        first, second = (
            next(m.group(0) for m in (f[1] for f in found if f and f[0] == form))
            for form in ("iso", "numeric")
        )
        raise DataError(
            f"The file {file!r} mixes dates such as {first!r} and {second!r} in column {label!r}, "
            "as a spreadsheet leaves them that has swapped day and month in some; write them all "
            "as YYYY-MM-DD."
        )
    months = forms & MONTH_LABELS
    if months and forms - MONTH_LABELS:
        months = set()  # a lone 2020-01 among whole dates is no date
    if months:
        notes.append("Its dates are months; each stands for the month's last day.")
    if any(f is not None and f[0] == "week" and f[1]["weekday"] is None for f in found):
        notes.append("Its dates are weeks; each stands for the week's last day.")
    short = [f[1] for f in found if f is not None and is_short(f[1])]
    if short and order is None:
        raise DataError(
            f"The file {file!r} has dates such as {short[0].group(0)!r} in column {label!r}, whose "
            "year has two digits; write years in full, or say the order by date_order='dmy' or "
            "'mdy' (--date-order)."
        )
    if short:
        notes.append("Years of two digits lie in 1969 to 2068.")
    numeric = [f[1] for f in found if f is not None and f[0] == "numeric"]
    if numeric:
        order, why = _decide_order(numeric, label, order, file)
        notes.append(why)
    parts = [
        (np.nan, np.nan, np.nan, None)
        if f is None or (f[0] in MONTH_LABELS and not months)
        else parts_of(f[0], f[1], order)
        for f in found
    ]
    frame = pd.DataFrame([p[:3] for p in parts], columns=["year", "month", "day"], dtype=float)
    dates = pd.to_datetime(frame, errors="coerce")
    dates = dates.where(frame["year"].between(*YEARS))
    if months:
        dates = dates + pd.offsets.MonthEnd(0)
    times = [p[3] for p in parts]
    if any(times):
        clock = pd.to_timedelta([seconds_of(t) if t else 0.0 for t in times], unit="s")
        dates = dates + clock
    return dates, dates.isna().to_numpy() & ~empty, tuple(notes)


def _decide_order(
    matches: list[re.Match[str]], label: str, told: str | None, file: str
) -> tuple[str, str]:
    """Tell day-first from month-first by a number above 12."""
    pairs = [(m.group(0), int(m["a"]), int(m["b"])) for m in matches]
    day_first = next((text for text, first, _ in pairs if first > 12), None)
    month_first = next((text for text, _, second in pairs if second > 12), None)
    if day_first and month_first:
        raise DataError(
            f"The file {file!r} mixes day-first and month-first dates in column {label!r}: "
            f"{day_first!r} and {month_first!r}. Write them all as YYYY-MM-DD."
        )
    evidence = day_first or month_first
    if told is not None:
        if evidence and (told == "dmy") != (day_first is not None):
            raise DataError(
                f"`date_order` is {told!r}, but the file {file!r} has the date {evidence!r} in "
                f"column {label!r}; give the other order or leave it out."
            )
        return told, f"Its dates are {_words(told)}, as told."
    if evidence is None:
        raise DataError(
            f"The file {file!r} has dates such as {matches[0].group(0)!r} in column {label!r} that "
            "may be day-first or month-first; say which by date_order='dmy' or 'mdy' "
            "(--date-order)."
        )
    order = "dmy" if day_first else "mdy"
    return order, f"Its dates are {_words(order)}, as {evidence} shows."


def _words(order: str) -> str:
    return "day-first" if order == "dmy" else "month-first"


def _numbers(values: np.ndarray, label: str, file: str) -> ReadDates:
    """Read dates that are numbers: days of Excel, seconds since 1970, or their thousandths."""
    known = values[~np.isnan(values)]
    if not len(known):
        return ReadDates(
            pd.DatetimeIndex(np.full(len(values), np.datetime64("NaT", "s"))),
            np.zeros(len(values), dtype=bool),
            (),
        )
    middle = float(np.median(known))
    units = ("seconds", "milliseconds", "microseconds", "nanoseconds")
    for low, high, factor, what in (
        (3_650.0, 1e5, DAY, ""),
        *((*epoch, f"{unit} since 1970") for epoch, unit in zip(EPOCHS, units, strict=True)),
    ):
        whole = float(np.mean(known == np.floor(known)))
        is_day = (1.7e7 < middle < 2.2e7) or (170_000 < middle < 220_013)
        inside = (values >= low) & (values < high)
        if low <= middle < high and not is_day and inside.any() and (factor == DAY or whole == 1):
            offset = 0.0
            if factor == DAY:
                offset, what = _day_zero(values[inside], label, file)
            seconds = np.where(inside, (values - offset) * factor, np.nan)
            dates = pd.to_datetime(pd.Series(np.round(seconds, 3)), unit="s", errors="coerce")
            return ReadDates(
                _index(dates), ~inside & ~np.isnan(values), (f"Its dates are {what}.",)
            )
    texts = ["" if np.isnan(v) else f"{v:.0f}" if v == np.floor(v) else f"{v}" for v in values]
    if plain(label) in YEAR_NAMES and all(re.fullmatch(r"\d{4}|", text) for text in texts):
        ends = pd.Series([f"{text}-12-31" if text else None for text in texts], dtype=object)
        dates = pd.to_datetime(ends, format="%Y-%m-%d", errors="coerce")
        dates = dates.where(dates.dt.year.between(*YEARS))
        bad = dates.isna().to_numpy() & ~np.isnan(values)
        return ReadDates(
            _index(dates), bad, ("Its dates are years; each stands for the year's last day.",)
        )
    if all(form_of(text) is None for text in texts if text):
        raise DataError(
            f"The file {file!r} has an unknown layout or date: {texts[0]!r} in column {label!r}, "
            "row 1. Put dates in the first column as YYYY-MM-DD."
        )
    dates, unreadable, notes = _texts(texts, label, None, file)
    return ReadDates(_index(dates), unreadable, notes)


def _day_zero(days: np.ndarray, label: str, file: str) -> tuple[float, str]:
    """Tell days since 1970 from those of Excel, of which the early ones have the same size."""
    excel, epoch = "days as Excel counts them", "days since 1970"
    if days.max() >= LATEST_EPOCH_DAY:
        return EXCEL_DAY_ZERO, excel
    weekend = [np.isin((np.floor(days) - zero) % 7, (2, 3)).mean() for zero in (EXCEL_DAY_ZERO, 0)]
    if len(days) > 9 and max(weekend) > 0.2 and min(weekend) < 0.02:
        return (EXCEL_DAY_ZERO, excel) if weekend[0] < weekend[1] else (0.0, epoch)
    raise DataError(
        f"The file {file!r} has dates such as {days[0]:.0f} in column {label!r}, which may be days "
        "of Excel or days since 1970; write them as YYYY-MM-DD."
    )


def are_epochs(column: pa.ChunkedArray) -> bool:
    """Whether all numbers of a column are minutes that count from 1970 in a usual unit."""
    if not pa.types.is_floating(column.type) or len(column) < 2 or column.null_count:
        return False
    values = column.to_numpy()
    for low, high, unit in EPOCHS:
        if low <= values.min() and values.max() < high:
            return bool((values % (60 / unit) == 0).all() and len(np.unique(values)) > 1)
    return False


def _index(dates: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(dates).as_unit("us")
