"""What the data doctor finds in the chosen data, and the repair that it offers."""

from __future__ import annotations

import secrets
from typing import Any

import pandas as pd
import streamlit as st

from blportfolio.app import show
from blportfolio.app.glossary import term
from blportfolio.app.screens.data.naming import file_name
from blportfolio.app.session import session
from blportfolio.app.source import Source
from blportfolio.data import MarketData
from blportfolio.data.price_source import PriceSource, open_file, open_named
from blportfolio.data.quality import QualityReport, repair, write_repaired
from blportfolio.data.quality.words import SEVERITIES, count_findings, counts_in_words
from blportfolio.report.data_tables import csv_of, findings_table

ALL = "all"
READ_OPTIONS = {"returns", "sheet", "date_order", "decimal", "max_bytes"}
FEW = 5
"""Findings that are written out at once."""
MARKS = {"serious": "▲ serious", "warning": "◆ warning", "note": "○ note"}
"""Severities with a shape of their own, so that no colour is needed."""


def draw(source: Source, market: MarketData) -> None:  # noqa: ARG001, as the other parts
    """Draw the findings."""
    _findings(source, _examined(*_key(source)))


def draw_unusable(source: Source) -> None:
    """Draw the findings in data that cannot be used as they are."""
    st.header("What the data doctor finds", anchor="findings")
    _findings(source, _examined(*_key(source)))


def _findings(source: Source, report: QualityReport) -> None:
    size = f"{report.n_dates:,} dates × {report.n_assets:,} assets"
    if not report.findings:
        st.success(f"The data doctor found no fault in {size}.", icon=":material/check_circle:")
        return
    counts = count_findings(report.findings)
    st.markdown(
        f"The data doctor found {counts_in_words(counts)}, in {size}.", help=term("finding")
    )
    if report.is_serious:
        st.warning(
            "Correct what is serious before you use these prices.", icon=":material/warning:"
        )
    options = [ALL, *(severity for severity in SEVERITIES if counts[severity])]
    if st.session_state.get("severity") not in options:
        st.session_state.pop("severity", None)
    wanted = st.pills(
        "Severity",
        options,
        default=ALL,
        required=True,
        key="severity",
        help=term("severity"),
        format_func=lambda name: (
            f"{MARKS.get(name, name)} ({counts.get(name, len(report.findings))})"
        ),
    )
    table = findings_table(report)
    shown = table if wanted == ALL else table[table["severity"] == wanted]
    _table(shown)
    show.download("Findings (CSV)", csv_of(table), file_name(source, "findings.csv"), "text/csv")
    if bool(table["repairable"].any()) and not dict(source.reading).get("returns"):
        _repair(source, report, int(table["repairable"].sum()))


def _table(findings: pd.DataFrame) -> None:
    shown = findings.assign(severity=findings["severity"].map(MARKS))
    for name in ("date", "end"):
        shown[name] = shown[name].dt.strftime("%Y-%m-%d").fillna("")
    shown["repairable"] = shown["repairable"].map({True: "yes", False: "no"})
    show.table(
        shown.rename(columns=lambda name: name.capitalize()),
        columns={
            "Severity": st.column_config.TextColumn(pinned=True),
            "End": st.column_config.TextColumn("To"),
            "What": st.column_config.TextColumn(width="medium"),
            "Cause": st.column_config.TextColumn("Likely cause", width="medium"),
            "Do": st.column_config.TextColumn("What to do", width="medium"),
            "Repairable": st.column_config.TextColumn("Repair", help=term("repair")),
        },
        key="findings",
        alt="; ".join(findings["what"].head(5)),
    )
    with st.expander("The same as text", expanded=len(findings) <= FEW):
        st.markdown(
            "\n".join(
                f"- **{row['severity']}**, {show.plain(str(row['kind']))}, "
                f"{show.plain(str(row['asset']))}: {show.plain(str(row['what']))} "
                + (f"*Likely cause:* {show.plain(str(row['cause']))} " if row["cause"] else "")
                + f"*Do:* {show.plain(str(row['do']))}"
                for _, row in findings.head(20).iterrows()
            )
        )
        if len(findings) > 20:
            st.caption(f"The first 20 of {len(findings)}; the file has all.")


def _repair(source: Source, report: QualityReport, count: int) -> None:
    st.header("Repair", anchor="repair", help=term("repair"))
    st.markdown(
        f"{count} of these can be repaired with certainty. The repair goes to a new file with a "
        "log of every change; your own stays as it is."
    )
    if st.button("Repair what is certain", icon=":material/build:", key="repair"):
        st.session_state["data_repaired"] = (source, _repaired(source, report))
    done = st.session_state.get("data_repaired")
    if done is None or done[0] != source:
        return
    _, (prices, log, changes, left) = done
    if not changes:
        st.info("Nothing could be repaired with certainty.", icon=":material/info:")
        return
    st.success(
        f"Made {changes} {'change' if changes == 1 else 'changes'}. Left in the new file: {left}.",
        icon=":material/check_circle:",
    )
    show.download("Repaired prices (CSV)", prices, file_name(source, "repaired.csv"), "text/csv")
    show.download("Log of changes", log, file_name(source, "repaired.log"), "text/plain")


def _repaired(source: Source, report: QualityReport) -> tuple[str, str, int, str]:
    """Return repaired prices and their log as text, how many changes, and what is left."""
    opened = _opened(*_key(source))
    bars, log = repair(opened.bars, report)
    if not log:
        return "", "", 0, ""
    target = session().folder / f"repaired-{secrets.token_hex(4)}.csv"
    beside = write_repaired(bars, log, target)
    texts = target.read_text(encoding="utf-8"), beside.read_text(encoding="utf-8")
    target.unlink()
    beside.unlink()
    again = opened.examine_repaired(bars, opened.unrepaired)
    return *texts, len(log), counts_in_words(count_findings(again.findings))


def _key(source: Source) -> tuple[str, str, tuple[tuple[str, Any], ...], str, str]:
    return source.kind, source.reference, source.reading, source.origin, source.stamp


@st.cache_data(max_entries=8, show_spinner="The data doctor looks at the prices …")
def _examined(
    kind: str,
    reference: str,
    reading: tuple[tuple[str, Any], ...],
    origin: str,
    stamp: str,
) -> QualityReport:
    return _opened(kind, reference, reading, origin, stamp).examine()


def _opened(
    kind: str,
    reference: str,
    reading: tuple[tuple[str, Any], ...],
    origin: str,
    stamp: str,  # noqa: ARG001, part of the key
) -> PriceSource:
    if kind != "upload":
        return open_named(reference)
    options = {key: value for key, value in reading if key in READ_OPTIONS and value is not None}
    return open_file(reference, name=origin or None, **options)
