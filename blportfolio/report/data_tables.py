"""Tables about data as people read them and as files: findings, and CSV that runs nothing."""

from __future__ import annotations

import pandas as pd
from pandas.api.types import is_numeric_dtype

from blportfolio.data.quality import Finding, QualityReport
from blportfolio.data.quality.words import printable, size_in_words
from blportfolio.report.run_tables import neutralise


def findings_table(report: QualityReport) -> pd.DataFrame:
    """Return the findings of the data doctor as people read them, in their order.

    Returns:
        `severity`, `asset` ("all" where it is about the whole), `date`, `end`, `kind` in words,
        `what` was seen, with its size, the likely `cause`, what to `do`, and whether a repair is
        offered (`repairable`).
    """
    columns = ["severity", "asset", "date", "end", "kind", "what", "cause", "do", "repairable"]
    return pd.DataFrame([_row(finding) for finding in report.findings], columns=columns).astype(
        {"date": "datetime64[us]", "end": "datetime64[us]", "repairable": bool}
    )


def csv_of(frame: pd.DataFrame) -> str:
    """Return a table as CSV that no spreadsheet runs as formulae: dates ISO, numbers in full.

    Args:
        frame: Columns; an index of dates becomes the column `date`.
    """
    dated = isinstance(frame.index, pd.DatetimeIndex)
    safe = pd.DataFrame(
        {
            neutralise(name): values if is_numeric_dtype(values) else values.map(neutralise)
            for name, values in frame.items()
        },
        index=frame.index,
    )
    label = "date" if dated else None
    return safe.to_csv(index=dated, index_label=label, date_format="%Y-%m-%d")


def _row(finding: Finding) -> tuple[object, ...]:
    size = size_in_words(finding)
    return (
        finding.severity,
        "all" if finding.ticker is None else printable(finding.ticker),
        finding.date,
        finding.end,
        finding.kind.replace("_", " "),
        printable(finding.message) + (f" [{size}]" if size else ""),
        printable(finding.cause),
        printable(finding.remedy),
        finding.fixable,
    )
