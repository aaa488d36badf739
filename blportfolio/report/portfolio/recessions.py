"""Recessions of the United States, to shade a chart with."""

from __future__ import annotations

import pandas as pd

SOURCE = "National Bureau of Economic Research, US business cycle dates, months of peak and trough"

MONTHS = (
    ("1926-10", "1927-11"), ("1929-08", "1933-03"), ("1937-05", "1938-06"),
    ("1945-02", "1945-10"), ("1948-11", "1949-10"), ("1953-07", "1954-05"),
    ("1957-08", "1958-04"), ("1960-04", "1961-02"), ("1969-12", "1970-11"),
    ("1973-11", "1975-03"), ("1980-01", "1980-07"), ("1981-07", "1982-11"),
    ("1990-07", "1991-03"), ("2001-03", "2001-11"), ("2007-12", "2009-06"),
    ("2020-02", "2020-04"),
)  # fmt: skip


def recessions(first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the recessions between two dates, cut to them: columns start and end.

    A recession begins at the end of the month of the peak and ends with the month of the trough.

    Args:
        first: First date shown.
        last: Last date shown.
    """
    table = pd.DataFrame(
        {
            "start": [pd.Period(peak, "M").end_time.normalize() for peak, _ in MONTHS],
            "end": [pd.Period(trough, "M").end_time.normalize() for _, trough in MONTHS],
        }
    )
    inside = table[(table["end"] > first) & (table["start"] < last)]
    return inside.clip(lower=first, upper=last).reset_index(drop=True)
