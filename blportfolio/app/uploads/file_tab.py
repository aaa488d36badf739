"""An upload: how it is read, what the data doctor says of it, and its use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from blportfolio.app import show
from blportfolio.app.uploads import store, words
from blportfolio.data.files.sources import printable
from blportfolio.data.intake import Intake, take_in
from blportfolio.errors import BLPortfolioError
from blportfolio.report.data_tables import findings_table

UPLOAD, LOOKED, REPAIRED = "upload:file", "_upload_looked", "_upload_repaired"
PRICES, RETURNS = "prices", "returns"
ORDERS = {"as in the file": None, "day first": "dmy", "month first": "mdy"}
MARKS = {"as in the file": None, "point": ".", "comma": ","}
SHOWN = 50
"""Findings in the table at most."""
COLUMNS = {
    "severity": st.column_config.TextColumn("How bad"),
    "asset": st.column_config.TextColumn("Asset"),
    "date": st.column_config.DateColumn("Date", format="YYYY-MM-DD"),
    "what": st.column_config.TextColumn("What was seen", width="large"),
    "do": st.column_config.TextColumn("What to do", width="large"),
    "repairable": st.column_config.CheckboxColumn("Can be repaired"),
}


def draw() -> None:
    """Draw the upload, its options and what came of it."""
    with show.guarded("The upload"):
        sent = st.file_uploader(
            f"A file of prices: {', '.join(store.TYPES)}; at most {store.limit_mb()} MB",
            type=list(store.TYPES),
            max_upload_size=store.limit_mb(),
            key=UPLOAD,
            help="A column of dates and one of prices for each asset, or rows of date, ticker and "
            "price. Adjusted closes are best.",
        )
        st.caption(
            "The file stays in a private folder of this server until your visit ends, nobody else "
            "sees it, and nothing in it is executed."
        )
        reading = _options()
        if sent is None:
            return
        try:
            path = _kept(sent.file_id, sent.getvalue(), sent.name)
        except BLPortfolioError as error:
            show.failure(str(error))
            return
        name = printable(sent.name)
        repaired = st.session_state.get(REPAIRED, {}).get(str(path))
        if repaired is not None:
            path, log = repaired
            reading = {}
            st.success(
                f"Repaired in a copy: {len(log)} change{'s' if len(log) != 1 else ''}.",
                icon=":material/build:",
            )
            with st.expander("Each change"):
                st.text("\n".join(log[:200]))
        _outcome(_looked(path, name, reading), path, sent.name, reading)


def _options() -> dict[str, Any]:
    """Draw how to read the file, and return the options of `load_prices` that differ."""
    with st.expander("How to read it", icon=":material/tune:"):
        left, right = st.columns(2)
        with left:
            kind = st.segmented_control(
                words.NUMBERS, [PRICES, RETURNS], default=PRICES, key="upload:kind", required=True,
                help="Returns are simple decimals per period: 0.01 for 1 %.",
            )  # fmt: skip
            order = st.selectbox(
                words.ORDER, list(ORDERS), key="upload:order",
                help="Whether 03/04/2020 is 3 April or 4 March, where the dates do not tell.",
            )  # fmt: skip
            mark = st.selectbox(
                words.MARK, list(MARKS), key="upload:mark",
                help="What separates decimals, where the numbers do not tell.",
            )  # fmt: skip
        with right:
            gap = st.number_input(
                f"{words.GAPS} … periods", 0, 60, 0, key="upload:gap",
                help="A price that is missing inside an asset's life is taken from the last one "
                "before, over so many periods at most.",
            )  # fmt: skip
            sheet = st.text_input(
                words.SHEET, key="upload:sheet", help="Of a workbook with several sheets."
            )
            adjust = st.checkbox(
                words.ADJUST, key="upload:adjust",
                help="Make adjusted closes from raw closes and the dividends and splits listed.",
            )  # fmt: skip
    chosen = {
        "returns": kind == RETURNS,
        "date_order": ORDERS[order],
        "decimal": MARKS[mark],
        "max_gap": int(gap),
        "sheet": sheet.strip() or None,
        "adjust": adjust,
    }
    return {name: value for name, value in chosen.items() if value}


def _kept(file_id: str, content: bytes, file_name: str) -> Path:
    """Write an upload to the private folder, once."""
    known = st.session_state.get("_upload_kept")
    if known is None or known[0] != file_id or not known[1].is_file():
        st.session_state["_upload_kept"] = known = (file_id, store.keep(content, file_name))
    path: Path = known[1]
    return path


def _looked(path: Path, name: str, reading: dict[str, Any]) -> Intake:
    """Read and examine a file, once for each way of reading it."""
    key = (str(path), tuple(sorted(reading.items())))
    known = st.session_state.get(LOOKED)
    if known is None or known[0] != key:
        with st.spinner("Reading the file and looking for faults …"):
            found = take_in(
                path, name=name, max_bytes=store.limit_mb() * store.UNPACKED * 2**20, **reading
            )
        st.session_state[LOOKED] = known = (key, found)
    intake: Intake = known[1]
    return intake


def _outcome(intake: Intake, path: Path, file_name: str, reading: dict[str, Any]) -> None:
    """Show what came of a file, and what can be done with it."""
    market = intake.market
    if market is None:
        show.failure(words.in_our_words(intake.problem))
        st.caption("The data chosen before stay as they are.")
    else:
        st.success(
            f"{len(market.dates)} dates from {market.dates[0].date()} to "
            f"{market.dates[-1].date()}, {len(market.assets)} assets.",
            icon=":material/check:",
        )
    _findings(intake)
    if intake.inferred:
        with st.expander("How it was understood"):
            st.text("\n".join(intake.inferred))
    if intake.can_be_repaired:
        st.button(
            "Repair what is certain, in a copy",
            key="upload:repair",
            icon=":material/build:",
            on_click=_repair,
            args=(intake, path),
        )
    if market is None:
        return
    if intake.report is not None and intake.report.is_serious:
        show.warn_stale("Correct what is serious before you put money into weights from it.")
    label = f"Your file {printable(file_name)}: {len(market.assets)} assets"
    if st.button(
        "Use these prices",
        key="upload:use",
        type="primary",
        on_click=_use,
        args=(file_name, path, reading, label, market.notes),
    ):
        st.rerun()


def _findings(intake: Intake) -> None:
    """Show what the data doctor found."""
    report = intake.report
    if report is None:
        return
    if not report.findings:
        st.caption("The data doctor found no fault.")
        return
    counts = {
        word: sum(f.severity == severity for f in report.findings)
        for severity, word in (("serious", "serious"), ("warning", "doubtful"), ("note", "notes"))
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    st.markdown(f"**The data doctor found {len(report.findings)}:** {told}.")
    table = findings_table(report).head(SHOWN)
    table["do"] = table["do"].map(words.in_our_words)
    show.table(
        table[list(COLUMNS)],
        columns=COLUMNS,
        key="upload:findings",
        alt=f"Findings of the data doctor: {told}.",
    )
    if len(report.findings) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(report.findings)}.")


def _repair(intake: Intake, path: Path) -> None:
    """Write a repaired copy, and look at that from now on."""
    target = store.new_folder() / "prices.csv"
    log = intake.repair(target)
    if log:
        st.session_state.setdefault(REPAIRED, {})[str(path)] = (target, log)


def _use(
    file_name: str, path: Path, reading: dict[str, Any], label: str, notes: tuple[str, ...]
) -> None:
    store.add(file_name, path, reading, label=label, said=notes)
    st.session_state.pop(LOOKED, None)
    st.session_state.pop("_upload_open", None)
